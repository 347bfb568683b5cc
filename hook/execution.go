package hook

import (
	"encoding/json"
	"time"
)

// A Contract is how a hook is asked, and so how it answers.
type Contract int

// The contracts.
const (
	// CodeDeploy invokes the function asynchronously, and is answered by its
	// PutLifecycleEventHookExecutionStatus.
	CodeDeploy Contract = iota

	// ECS invokes the function synchronously, and takes what it returns for the answer.
	ECS

	// ECSPause is a pause in a deployment by Amazon ECS. EventBridge invokes the function
	// asynchronously with ECS's notice of it, and ECS is answered by its
	// ContinueServiceDeployment.
	ECSPause
)

// String returns the name of who asks.
func (c Contract) String() string {
	switch c {
	case CodeDeploy:
		return "CodeDeploy"
	case ECS:
		return "Amazon ECS"
	case ECSPause:
		return "a pause of Amazon ECS"
	default:
		return "an unknown contract"
	}
}

// An Execution is one execution of a hook: one lifecycle event or stage of one deployment. It
// may take several invocations of the function, its rounds.
type Execution struct {
	// DeploymentID is CodeDeploy's id of the deployment, like "d-IHWDEND8F", or the ARN of
	// the service deployment of Amazon ECS.
	DeploymentID string

	// ID is unique to this execution, and opaque: the event's
	// LifecycleEventHookExecutionId, commonly longer than 250 characters, ECS's executionId,
	// or a pause's hookId.
	ID string

	Contract Contract

	// ECS is what Amazon ECS says of the stage; nil with CodeDeploy, which says nothing.
	ECS *ECSExecution

	// State is what the verdict of InProgress in the round before this one left; nil in
	// the first round, and where nothing was left.
	State json.RawMessage

	// Round counts the invocations of this execution, from 0.
	Round int

	// Began is when round 0 began.
	Began time.Time

	// Deadline is when the execution must have been decided, over all its rounds, so that there
	// is time to answer; the context of a round ends no later.
	Deadline time.Time

	continuable bool
}

// CanContinue reports whether a verdict of [InProgress] would be followed by another round. With
// Amazon ECS it is, until Deadline. With CodeDeploy and for pauses the function would have to
// invoke itself: it must know its own name, as it does in Lambda, and does so a bounded number
// of times.
func (e Execution) CanContinue() bool { return e.continuable }

// An ECSExecution is what Amazon ECS says of a stage of a deployment.
type ECSExecution struct {
	// Stage is the lifecycleStage as sent, like "POST_TEST_TRAFFIC_SHIFT".
	Stage string

	ServiceARN string

	// TargetServiceRevisionARN is of the revision that is being deployed. A pause's notice
	// doesn't have it.
	TargetServiceRevisionARN string

	// Weights are shares of the traffic in percent, 0 to 100, by the ARN of the service
	// revision. They may have a fraction, as the steps of a linear deployment may; they are
	// nil where they aren't sent, and empty at the stages that shift nothing.
	TestTrafficWeights, ProductionTrafficWeights map[string]float64

	// Details are the hookDetails of the service's definition, without what this package puts
	// there between rounds.
	Details map[string]json.RawMessage
}
