package deployment

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// CodeDeploy invokes a hook and shows its event in progress; that it does so in this order isn't documented. The targets are
// asked again for this long, this often, before the AppSpec is asked in their place.
const (
	pollFor   = 3 * time.Second
	pollEvery = 300 * time.Millisecond
)

// envStage is the variable of Settings.Stage.
const envStage = "GREENLIGHT_STAGE"

// A StageError says that the stage couldn't be told, and why neither of the three who could does.
type StageError struct{ Deployment, Event, AppSpec, Setting string }

func (e *StageError) Error() string {
	return fmt.Sprintf("which lifecycle event of %s this is can't be told: %s; %s; %s", e.Deployment, e.Event, e.AppSpec, e.Setting)
}

// findStage tells which event this is: the one that CodeDeploy shows in progress; or the one for which the AppSpec names this
// function; or the one that is set.
func (d *byCodeDeploy) findStage(ctx context.Context, targetErr *ReadError) error {
	into := &d.deployment
	if targetErr == nil {
		targetErr = d.awaitEvent(ctx)
	}
	if targetErr != nil {
		d.stageNote = "could not " + targetErr.Error()
	}
	into.Stage, into.StageFrom = d.shownStage()
	if into.Stage == "" && d.target.allOver() {
		into.Closed = fmt.Sprintf("each lifecycle event of %s that can call a hook is over", into.ID)
		return nil
	}
	if into.Stage == "" {
		into.Stage, into.StageFrom = d.specStage()
	}
	if into.Stage == "" && d.s.Stage != "" {
		into.Stage, into.StageFrom = d.s.Stage, envStage
	}
	switch {
	case into.Stage == "" && d.s.AnyStage:
		return nil
	case into.Stage == "":
		return d.stageError(targetErr)
	case d.s.Known != "" && into.Stage != d.s.Known:
		into.Closed = fmt.Sprintf("%s of %s is over: %s is in progress", d.s.Known, into.ID, into.Stage)
	case d.target.isOver(into.Stage):
		into.Closed = fmt.Sprintf("%s of %s is over", into.Stage, into.ID)
	case d.s.Stage != "" && into.Stage != d.s.Stage:
		return fmt.Errorf("%s is %s, but %s says that this is %s of %s: unset %s, since one function serves every hook, or "+
			"name the function in the AppSpec for %s alone", envStage, d.s.Stage, into.StageFrom, into.Stage, into.ID, envStage, d.s.Stage)
	}
	return nil
}

// fromEvents says that CodeDeploy told the stage.
const fromEvents = "CodeDeploy"

// deploymentOver says which end the deployment came to; it is empty while it runs.
func (d *byCodeDeploy) deploymentOver() string {
	switch d.info.Status {
	case types.DeploymentStatusSucceeded, types.DeploymentStatusFailed, types.DeploymentStatusStopped:
		return fmt.Sprintf("deployment %s is over: %s", d.deployment.ID, d.info.Status)
	}
	return ""
}

// awaitEvent asks for the target until it shows an event in progress, or that none is to come.
func (d *byCodeDeploy) awaitEvent(ctx context.Context) *ReadError {
	if len(d.targetIDs) == 0 || d.deployment.Platform == Servers {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, pollFor)
	defer cancel()
	for len(d.target.inProgress()) == 0 && !d.target.allOver() && (d.s.Known == "" || !d.target.isOver(d.s.Known)) {
		timer := time.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		if err := d.readTarget(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
	return nil
}

// shownStage is the stage whose event is in progress. A stage that an earlier round found is taken where its event is over,
// so that it is said to be.
func (d *byCodeDeploy) shownStage() (lifecycle.Stage, string) {
	running := d.target.inProgress()
	switch {
	case slices.Contains(running, d.s.Known):
		return d.s.Known, fromEvents
	case len(running) == 1:
		return running[0], fromEvents
	case d.s.Known != "":
		return d.s.Known, "the round before"
	}
	return "", ""
}

// specStage is the stage of the AppSpec's hook, where this function is the hook of one alone.
func (d *byCodeDeploy) specStage() (lifecycle.Stage, string) {
	if stages := d.spec.Stages(d.s.Function); len(stages) == 1 {
		return stages[0], "the AppSpec"
	}
	return "", ""
}

func (d *byCodeDeploy) stageError(targetErr *ReadError) *StageError {
	e := &StageError{Deployment: d.deployment.ID, Event: d.target.shown(), Setting: envStage + " isn't set: set it where the function serves one hook"}
	if targetErr != nil {
		e.Event = "could not " + targetErr.Error()
	}
	stages := d.spec.Stages(d.s.Function)
	switch {
	case d.specWhy != "":
		e.AppSpec = d.specWhy
	case d.s.Function == "":
		e.AppSpec = "by which name the AppSpec would name this function isn't known"
	case len(stages) == 0:
		e.AppSpec = "the AppSpec names " + appspec.FunctionName(d.s.Function) + " for no event"
	default:
		e.AppSpec = fmt.Sprintf("the AppSpec names %s for %s", appspec.FunctionName(d.s.Function), joined(stages))
	}
	return e
}

func joined(stages []lifecycle.Stage) string {
	all := make([]string, 0, len(stages))
	for _, s := range stages {
		all = append(all, string(s))
	}
	return strings.Join(all, " and ")
}
