package deployment

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// target is what CodeDeploy shows of what it deploys to.
type target struct {
	ecs, lambda, cloudFormation bool

	arn      string
	events   []event // those that can have a hook
	taskSets []types.ECSTaskSet
	function *types.LambdaFunctionInfo
	// err is why it couldn't be read.
	err *ReadError
}

type event struct {
	stage  lifecycle.Stage
	status types.LifecycleEventStatus
}

// over says that the event came to an end, or never began and never will.
func (e event) over() bool {
	return slices.Contains([]types.LifecycleEventStatus{
		types.LifecycleEventStatusSucceeded, types.LifecycleEventStatusFailed, types.LifecycleEventStatusSkipped,
	}, e.status)
}

// most is how many targets may be asked for at once. A deployment to ECS or Lambda has one; one to servers isn't described
// by its targets.
const most = 25

// readTarget asks for the targets, and remembers the answer.
func (d *byCodeDeploy) readTarget(ctx context.Context) *ReadError {
	if d.target.err != nil || len(d.targetIDs) == 0 {
		return d.target.err
	}
	d.deployment.StageReads++
	out, err := d.c.getTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{
		DeploymentId: &d.deployment.ID, TargetIds: d.targetIDs[:min(len(d.targetIDs), most)],
	})
	if err != nil {
		return &ReadError{Reading: "the targets of deployment " + d.deployment.ID, Action: actionTargets, Err: err}
	}
	d.target = targetOf(out.DeploymentTargets)
	return nil
}

func targetOf(all []types.DeploymentTarget) target {
	var t target
	for _, one := range all {
		switch {
		case one.EcsTarget != nil:
			t.ecs, t.taskSets = true, one.EcsTarget.TaskSetsInfo
			t.arn = deref(one.EcsTarget.TargetArn)
			t.add(one.EcsTarget.LifecycleEvents)
		case one.LambdaTarget != nil:
			t.lambda, t.function = true, one.LambdaTarget.LambdaFunctionInfo
			t.arn = deref(one.LambdaTarget.TargetArn)
			t.add(one.LambdaTarget.LifecycleEvents)
		case one.CloudFormationTarget != nil:
			t.cloudFormation = true
			t.add(one.CloudFormationTarget.LifecycleEvents)
		}
	}
	return t
}

func (t *target) add(events []types.LifecycleEvent) {
	for _, e := range events {
		if stage, ok := lifecycle.ParseStage(deref(e.LifecycleEventName)); ok {
			t.events = append(t.events, event{stage, e.Status})
		}
	}
}

// inProgress are the stages whose events run. There is one at most, but where CloudFormation has several targets.
func (t target) inProgress() []lifecycle.Stage {
	var stages []lifecycle.Stage
	for _, e := range t.events {
		if e.status == types.LifecycleEventStatusInProgress && !slices.Contains(stages, e.stage) {
			stages = append(stages, e.stage)
		}
	}
	return stages
}

// isOver says that the stage's event is over.
func (t target) isOver(stage lifecycle.Stage) bool {
	i := slices.IndexFunc(t.events, func(e event) bool { return e.stage == stage })
	return i >= 0 && t.events[i].over()
}

// allOver says that no event that could have called a hook is still to come.
func (t target) allOver() bool {
	return len(t.events) > 0 && !slices.ContainsFunc(t.events, func(e event) bool { return !e.over() })
}

// shown tells the events for an error.
func (t target) shown() string {
	if len(t.events) == 0 {
		return "CodeDeploy shows no events"
	}
	all := make([]string, 0, len(t.events))
	for _, e := range t.events {
		all = append(all, string(e.stage)+" "+string(e.status))
	}
	return "CodeDeploy shows no event in progress (" + strings.Join(all, ", ") + ")"
}
