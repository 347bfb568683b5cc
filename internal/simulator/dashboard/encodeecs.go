package dashboard

import (
	"fmt"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// newServiceDeployment describes a deployment by ECS. Its stages come one by one, as its hooks do.
func newServiceDeployment(d ecs.Deployment) deploymentData {
	data := deploymentData{
		ID: shortName(d.ARN), Status: string(d.Status), Class: classOf(d.Status), Config: string(d.Configuration.Strategy),
		From: "a new service", To: d.Target.TaskDefinition, Error: d.StatusReason, Created: millis(d.Created), Completed: millis(d.Finished),
	}
	if d.Source != nil {
		data.From = d.Source.TaskDefinition
	}
	return data
}

// classOf is the kind of a service deployment's status. One that was rolled back has failed, however well that went.
func classOf(status ecs.Status) string {
	switch status {
	case ecs.Successful:
		return string(codedeploy.Succeeded)
	case ecs.RollbackSuccessful, ecs.RollbackFailed:
		return string(codedeploy.Failed)
	case ecs.Stopped:
		return string(codedeploy.Stopped)
	case ecs.Pending:
		return string(codedeploy.Created)
	}
	return string(codedeploy.InProgress)
}

func newStage(s simulator.StageChanged) eventData {
	run := s.Stage
	name := string(run.Stage)
	if run.Stage == ecs.PreProductionTrafficShift || run.Stage == ecs.ProductionTrafficShift {
		name += fmt.Sprintf(" %g %%", run.Percent)
	}
	if run.Rollback {
		name += " (rollback)"
	}
	class := map[ecs.StageStatus]codedeploy.EventStatus{
		ecs.StageInProgress: codedeploy.EventInProgress, ecs.StageSucceeded: codedeploy.EventSucceeded, ecs.StageFailed: codedeploy.EventFailed,
	}[run.Status]
	return eventData{
		Deployment: shortName(s.DeploymentARN), Key: name, Name: name, Status: string(run.Status), Class: string(class), Message: run.Reason,
		Start: millis(run.Start), End: millis(run.End),
	}
}

// newHook describes a hook's run as it was at that time, which is its start or end.
func newHook(at time.Time, h simulator.HookChanged) eventData {
	data := eventData{
		Deployment: shortName(h.DeploymentARN), Key: h.Hook.ID, Name: "hook", Status: string(h.Hook.Status), Class: string(codedeploy.EventInProgress),
		Function: h.Hook.Function, Start: millis(at), Hook: true,
	}
	if h.Hook.Type == ecs.TargetPause {
		data.Name = "pause"
	}
	if h.Hook.Calls > 1 {
		data.Status += fmt.Sprintf(", %d calls", h.Hook.Calls)
	}
	switch h.Hook.Status {
	case ecs.HookSucceeded:
		data.Class, data.End = string(codedeploy.EventSucceeded), millis(at)
	case ecs.HookFailed, ecs.HookTimedOut:
		data.Class, data.End = string(codedeploy.EventFailed), millis(at)
	}
	return data
}

// newNotice shows a notice among the functions' logs, as those are what it may set going.
func newNotice(at time.Time, n simulator.HookNoticed) logData {
	return logData{
		Time: millis(at), Function: "EventBridge", Kind: "platform",
		Text: fmt.Sprintf("%s: %s at %s, hook %s", n.DetailType, n.Detail.EventName, n.Detail.Stage, n.Detail.HookID),
	}
}

// shortName is what stands behind the last slash of an ARN.
func shortName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
