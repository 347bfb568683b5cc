package ecs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// errHookTimeout ends a hook whose time is up.
var errHookTimeout = errors.New("the hook timed out")

// runHooks runs the hooks of a stage side by side. The first that fails ends the others:
// nothing that they could say would save the deployment.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html#pause-hooks-multiple-at-same-stage.
func (s *Scheduler) runHooks(ctx context.Context, d *deployment, p passage) error {
	hooks := s.hooksAt(d, p.stage)
	if len(hooks) == 0 {
		return nil
	}
	s.change(d, func(state *Deployment) Change {
		state.Hooks = make([]HookRun, 0, len(hooks))
		return Change{}
	})
	// All are known before the first may fail.
	runs := make([]HookRun, len(hooks))
	pauses := make([]*pause, len(hooks))
	for i, hook := range hooks {
		runs[i] = s.newHookRun(hook, p.stage)
		pauses[i] = s.expect(d, runs[i])
		s.setHook(d, runs[i])
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(len(hooks)))
	ended := clock.NewSignal(s.config.Clock)
	for i, hook := range hooks {
		done := clock.Work(s.config.Clock)
		running.Go(func() {
			defer done()
			if err := s.runHook(ctx, d, p, hook, runs[i], pauses[i]); err != nil {
				cancel(err)
			}
			if left.Add(-1) == 0 {
				ended.Fire()
			}
		})
	}
	allEnded, resume := ended.Wait()
	<-allEnded
	resume()
	running.Wait()
	return context.Cause(ctx)
}

func (s *Scheduler) newHookRun(hook Hook, stage Stage) HookRun {
	run := HookRun{
		ID: newHookID(hook.Type), Type: hook.Type, Function: hook.Function, Stage: stage, Status: HookInProgress,
		Expires: s.config.Clock.Now().Add(hook.Timeout), OnTimeout: hook.OnTimeout,
	}
	if hook.Type == TargetPause {
		run.Status = HookAwaitingAction
	}
	return run
}

// hooksAt are the hooks of a stage of this deployment.
func (s *Scheduler) hooksAt(d *deployment, stage Stage) []Hook {
	if d.source == nil {
		switch s.config.CreationHooks {
		case CreationNone:
			return nil
		case CreationPreScaleUp:
			if stage != PreScaleUp {
				return nil
			}
		}
	}
	var hooks []Hook
	for _, hook := range d.definition.Deployment.Hooks {
		if hook.runsAt(stage) {
			hooks = append(hooks, hook)
		}
	}
	return hooks
}

// setHook replaces one of the deployment's hooks, or adds it, and tells of it.
func (s *Scheduler) setHook(d *deployment, run HookRun) {
	s.change(d, func(state *Deployment) Change {
		for i := range state.Hooks {
			if state.Hooks[i].ID == run.ID {
				notify := state.Hooks[i].Status != run.Status
				state.Hooks[i] = run
				return Change{Hook: &run, notify: notify}
			}
		}
		state.Hooks = append(state.Hooks, run)
		return Change{Hook: &run, notify: true}
	})
}

// runHook runs one hook to its end and gives it its status.
func (s *Scheduler) runHook(outer context.Context, d *deployment, p passage, hook Hook, run HookRun, paused *pause) error {
	ctx, cancel := context.WithCancelCause(outer)
	var watch sync.WaitGroup
	expired, stop := clock.Timer(s.config.Clock, hook.Timeout)
	defer stop()
	watch.Go(func() {
		select {
		case <-expired:
			cancel(errHookTimeout)
		case <-ctx.Done():
		}
	})
	defer watch.Wait()
	defer cancel(nil)

	var err error
	if hook.Type == TargetPause {
		err = s.awaitAction(ctx, run, paused)
	} else {
		err = s.callFunction(ctx, d, p, hook, &run)
	}
	run.Status = HookSucceeded
	switch {
	case err == nil:
	case errors.Is(err, errHookTimeout):
		run.Status = HookTimedOut
		err = timedOut(run)
	default:
		run.Status = HookFailed
	}
	s.setHook(d, run)
	return err
}

// timedOut is what a hook's timeout makes of the deployment.
func timedOut(run HookRun) error {
	switch {
	case run.OnTimeout == ActionContinue:
		return nil
	case run.Type == TargetPause:
		return fail("%s pause hook timed out.", run.Stage)
	}
	return fail("%s lifecycle hook(s) failed. Lifecycle hook target %s timed out.", run.Stage, run.Function)
}

// callFunction calls a hook's function until it gives a verdict. Its failures are worded as
// ECS words them:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html.
func (s *Scheduler) callFunction(ctx context.Context, d *deployment, p passage, hook Hook, run *HookRun) error {
	details, err := hook.details()
	if err != nil {
		return err
	}
	executionID := protocol.RequestID()
	for {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		payload, err := json.Marshal(event{
			ExecutionID: executionID, Stage: p.stage, ResourceARN: d.state.ARN, HookDetails: details,
			Execution: executionDetails{
				ServiceARN: d.service.arn, TargetRevisionARN: d.target.ARN,
				TestWeights: orEmpty(p.test), ProductionWeights: orEmpty(p.production),
			},
		})
		if err != nil {
			return err
		}
		run.Calls++
		s.setHook(d, *run)
		returned, err := s.config.Invoke(ctx, hook.Function, payload)
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err != nil {
			return fail("%s lifecycle hook(s) failed. ECS was unable to invoke hook target %s due to %v", p.stage, hook.Function, err)
		}
		said, err := parseAnswer(returned)
		switch {
		case err != nil:
			return fail("%s lifecycle hook(s) failed. ECS was unable to parse the response from %s due to %v", p.stage, hook.Function, err)
		case said.status == answerSucceeded:
			return nil
		case said.status == answerFailed:
			return fail("%s lifecycle hook(s) failed. Lifecycle hook target %s returned FAILED status.", p.stage, hook.Function)
		}
		if s.config.ReplaceHookDetails && said.details != nil {
			clear(details)
		}
		maps.Copy(details, said.details)
		if err := s.wait(ctx, said.delay); err != nil {
			return err
		}
	}
}

// orEmpty makes weights that aren't stated an empty object, as events have it.
func orEmpty(w weights) weights {
	if w == nil {
		return weights{}
	}
	return w
}

// pause is a pause hook that waits for somebody.
type pause struct {
	deployment *deployment
	answered   *clock.Signal
	action     Action // guarded by the scheduler's lock; empty before it is answered
}

// expect makes a pause known to ContinueServiceDeployment; it does nothing for functions.
func (s *Scheduler) expect(d *deployment, run HookRun) *pause {
	if run.Type != TargetPause {
		return nil
	}
	p := &pause{deployment: d, answered: clock.NewSignal(s.config.Clock)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pauses[run.ID] = p
	return p
}

// awaitAction waits until a pause is ended.
func (s *Scheduler) awaitAction(ctx context.Context, run HookRun, p *pause) error {
	answered, resume := p.answered.Wait()
	select {
	case <-answered:
	case <-ctx.Done():
	}
	resume()
	s.mu.Lock()
	delete(s.pauses, run.ID)
	action := p.action // one that was accepted in the moment when ctx ended counts
	s.mu.Unlock()
	switch action {
	case "":
		return context.Cause(ctx)
	case ActionRollback:
		return fail("%s pause hook was answered with ROLLBACK.", run.Stage)
	}
	return nil
}

// ContinueServiceDeployment ends a pause: the deployment goes on or is rolled back. The
// default action is [ActionContinue]. Its errors are [*APIError]s.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html.
func (s *Scheduler) ContinueServiceDeployment(deploymentARN, hookID string, action Action) error {
	action = cmp.Or(action, ActionContinue)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(deploymentARN)
	if err != nil {
		return err
	}
	p := s.pauses[hookID]
	switch {
	case !validHookID(hookID):
		return refuse(InvalidParameter, "Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}")
	case action != ActionContinue && action != ActionRollback:
		return refuse(InvalidParameter, "Invalid action %q. Valid values are: CONTINUE, ROLLBACK", action)
	case d.state.Status.Ended():
		return refuse(InvalidParameter, "Continuing a service deployment is not allowed for service deployment in terminal states.")
	case p == nil || p.deployment != d:
		return refuse(InvalidParameter, "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN")
	}
	delete(s.pauses, hookID)
	p.action = action
	p.answered.Fire()
	return nil
}
