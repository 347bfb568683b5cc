package ecs

import (
	"net/http"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// Target is what stands before the operation in X-Amz-Target:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/making-api-requests.html.
const Target = "AmazonEC2ContainerServiceV20141113"

// Endpoint returns the scheduler's HTTP API.
func (s *Scheduler) Endpoint() http.Handler {
	return &protocol.JSON{Service: "ECS", Target: Target, Failure: ServerError, Operations: map[string]protocol.Operation{
		"ContinueServiceDeployment":  protocol.Decoded(s.continueServiceDeployment),
		"CreateService":              protocol.Decoded(s.createService),
		"DescribeServiceDeployments": protocol.Decoded(s.describeServiceDeployments),
		"DescribeServiceRevisions":   protocol.Decoded(s.describeServiceRevisions),
		"DescribeServices":           protocol.Decoded(s.describeServices),
		"DescribeTaskDefinition":     protocol.Decoded(s.describeTaskDefinition),
		"ListServiceDeployments":     protocol.Decoded(s.listServiceDeployments),
		"RegisterTaskDefinition":     protocol.Decoded(s.registerDefinition),
		"StopServiceDeployment":      protocol.Decoded(s.stopServiceDeployment),
		"UpdateService":              protocol.Decoded(s.updateService),
	}}
}
