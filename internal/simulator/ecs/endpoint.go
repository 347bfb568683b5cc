package ecs

import (
	"maps"
	"net/http"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// Target is what stands before the operation in X-Amz-Target:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/making-api-requests.html.
const Target = "AmazonEC2ContainerServiceV20141113"

// Endpoint returns the scheduler's HTTP API.
func (s *Scheduler) Endpoint() http.Handler {
	return &protocol.JSON{Service: "ECS", Target: Target, Failure: ServerError, Operations: s.operations()}
}

// SupportedOperations lists the operations of the API that are simulated, in alphabetical order.
func SupportedOperations() []string {
	return slices.Sorted(maps.Keys((*Scheduler)(nil).operations()))
}

func (s *Scheduler) operations() map[string]protocol.Operation {
	return map[string]protocol.Operation{
		"ContinueServiceDeployment":   protocol.Decoded(s.continueServiceDeployment),
		"CreateCluster":               protocol.Decoded(s.createCluster),
		"CreateService":               protocol.Decoded(s.createService),
		"DeleteCluster":               protocol.Decoded(s.deleteCluster),
		"DeleteService":               protocol.Decoded(s.deleteService),
		"DeregisterTaskDefinition":    protocol.Decoded(s.deregisterTaskDefinition),
		"DescribeClusters":            protocol.Decoded(s.describeClusters),
		"DescribeServiceDeployments":  protocol.Decoded(s.describeServiceDeployments),
		"DescribeServiceRevisions":    protocol.Decoded(s.describeServiceRevisions),
		"DescribeServices":            protocol.Decoded(s.describeServices),
		"DescribeTaskDefinition":      protocol.Decoded(s.describeTaskDefinition),
		"DescribeTaskSets":            protocol.Decoded(s.describeTaskSets),
		"DescribeTasks":               protocol.Decoded(s.describeTasks),
		"ListClusters":                protocol.Decoded(s.listClusters),
		"ListServiceDeployments":      protocol.Decoded(s.listServiceDeployments),
		"ListServices":                protocol.Decoded(s.listServices),
		"ListTagsForResource":         protocol.Decoded(s.listTagsForResource),
		"ListTaskDefinitionFamilies":  protocol.Decoded(s.listTaskDefinitionFamilies),
		"ListTaskDefinitions":         protocol.Decoded(s.listTaskDefinitions),
		"ListTasks":                   protocol.Decoded(s.listTasks),
		"PutClusterCapacityProviders": protocol.Decoded(s.putClusterCapacityProviders),
		"RegisterTaskDefinition":      protocol.Decoded(s.registerDefinition),
		"StopServiceDeployment":       protocol.Decoded(s.stopServiceDeployment),
		"TagResource":                 protocol.Decoded(s.tagResource),
		"UntagResource":               protocol.Decoded(s.untagResource),
		"UpdateService":               protocol.Decoded(s.updateService),
	}
}
