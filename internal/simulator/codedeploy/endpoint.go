package codedeploy

import (
	"maps"
	"net/http"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// Target is what stands before the operation in X-Amz-Target:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/CommonParameters.html.
const Target = "CodeDeploy_20141006"

// Endpoint returns the service's HTTP API.
func (s *Service) Endpoint() http.Handler { return s.api() }

func (s *Service) api() *protocol.JSON {
	return &protocol.JSON{Service: "CodeDeploy", Target: Target, Operations: s.operations(), Failure: serviceFailure}
}

// serviceFailure is the code of what isn't the caller's fault.
const serviceFailure = "InternalFailure"

// operations are what the API can do here.
func (s *Service) operations() map[string]protocol.Operation {
	return map[string]protocol.Operation{
		"BatchGetApplicationRevisions":         protocol.Decoded(s.batchGetApplicationRevisions),
		"BatchGetApplications":                 protocol.Decoded(s.batchGetApplications),
		"BatchGetDeploymentGroups":             protocol.Decoded(s.batchGetDeploymentGroups),
		"BatchGetDeploymentTargets":            protocol.Decoded(s.batchGetDeploymentTargets),
		"BatchGetDeployments":                  protocol.Decoded(s.batchGetDeployments),
		"ContinueDeployment":                   protocol.Decoded(s.continueDeployment),
		"CreateApplication":                    protocol.Decoded(s.createApplication),
		"CreateDeployment":                     protocol.Decoded(s.createDeployment),
		"CreateDeploymentConfig":               protocol.Decoded(s.createDeploymentConfig),
		"CreateDeploymentGroup":                protocol.Decoded(s.createDeploymentGroup),
		"DeleteApplication":                    protocol.Decoded(s.deleteApplication),
		"DeleteDeploymentConfig":               protocol.Decoded(s.deleteDeploymentConfig),
		"DeleteDeploymentGroup":                protocol.Decoded(s.deleteDeploymentGroup),
		"GetApplication":                       protocol.Decoded(s.getApplication),
		"GetApplicationRevision":               protocol.Decoded(s.getApplicationRevision),
		"GetDeployment":                        protocol.Decoded(s.getDeployment),
		"GetDeploymentConfig":                  protocol.Decoded(s.getDeploymentConfig),
		"GetDeploymentGroup":                   protocol.Decoded(s.getDeploymentGroup),
		"GetDeploymentTarget":                  protocol.Decoded(s.getDeploymentTarget),
		"ListApplicationRevisions":             protocol.Decoded(s.listApplicationRevisions),
		"ListApplications":                     protocol.Decoded(s.listApplications),
		"ListDeploymentConfigs":                protocol.Decoded(s.listDeploymentConfigs),
		"ListDeploymentGroups":                 protocol.Decoded(s.listDeploymentGroups),
		"ListDeploymentTargets":                protocol.Decoded(s.listDeploymentTargets),
		"ListDeployments":                      protocol.Decoded(s.listDeployments),
		"ListTagsForResource":                  protocol.Decoded(s.listTagsForResource),
		"PutLifecycleEventHookExecutionStatus": protocol.Decoded(s.putStatus),
		"RegisterApplicationRevision":          protocol.Decoded(s.registerApplicationRevision),
		"SkipWaitTimeForInstanceTermination":   protocol.Decoded(s.skipTerminationWait),
		"StopDeployment":                       protocol.Decoded(s.stopDeployment),
		"TagResource":                          protocol.Decoded(s.tagResource),
		"UntagResource":                        protocol.Decoded(s.untagResource),
		"UpdateApplication":                    protocol.Decoded(s.updateApplication),
		"UpdateDeploymentGroup":                protocol.Decoded(s.updateDeploymentGroup),
	}
}

// SupportedOperations names the operations that the endpoint answers, in alphabetical order.
func SupportedOperations() []string {
	return slices.Sorted(maps.Keys((*Service)(nil).operations())) // none is called
}
