package codedeploy

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// eventError fails an event and with it the deployment.
type eventError struct {
	ErrorInformation
	diagnostics string // the event's error code
	final       bool   // there is nothing left to roll back to
}

// run takes a deployment through its events to its end.
func (s *Service) run(d *deployment) {
	defer d.cancel(nil)
	s.change(d, nil, func(state *Deployment) { state.Status, state.Started = InProgress, s.config.Clock.Now() })
	var err error
	for _, event := range Events() {
		if err = s.runEvent(d, event); err != nil {
			break
		}
	}
	if err == nil {
		err = s.terminate(d)
	}
	s.finish(d, err)
}

// change changes a deployment's state under the lock and tells of it.
func (s *Service) change(d *deployment, event *LifecycleEvent, f func(*Deployment)) {
	s.mu.Lock()
	f(&d.state)
	s.mu.Unlock()
	s.tell(d, event)
}

// setEvent replaces one lifecycle event and tells of it.
func (s *Service) setEvent(d *deployment, e LifecycleEvent) {
	s.change(d, &e, func(state *Deployment) {
		for i := range state.Events {
			if state.Events[i].Name == e.Name {
				state.Events[i] = e
			}
		}
	})
}

// runEvent runs one event, from InProgress to its end, or skips it.
func (s *Service) runEvent(d *deployment, name Event) error {
	if err := context.Cause(d.ctx); err != nil {
		return err
	}
	work := s.work(d, name)
	e := LifecycleEvent{Name: name, Function: d.state.AppSpec.Hooks[name]}
	if work == nil {
		e.Status = EventSkipped
		s.setEvent(d, e)
		return nil
	}
	e.Status, e.Start = EventInProgress, s.config.Clock.Now()
	s.setEvent(d, e)
	err := work(d.ctx)
	e.End = s.config.Clock.Now()
	e.Status, e.ErrorCode = EventSucceeded, "Success"
	if err != nil {
		e.Status, e.ErrorCode, e.Message = EventFailed, "UnknownError", err.Error()
		if failure := new(eventError); errors.As(err, &failure) {
			e.ErrorCode, e.Message = failure.diagnostics, failure.Message
		}
	}
	s.setEvent(d, e)
	return err
}

// work is what an event does, nil where there is nothing to do.
func (s *Service) work(d *deployment, event Event) func(context.Context) error {
	rollback := d.state.Creator == CreatorRollback
	switch event {
	case Install:
		if rollback { // what it goes back to still runs
			return nil
		}
		return func(ctx context.Context) error { return s.install(ctx, d) }
	case AllowTestTraffic:
		if d.group.Test == nil {
			return nil
		}
		return func(context.Context) error { return s.route(d, d.group.Test, 100) }
	case AllowTraffic:
		return func(ctx context.Context) error { return s.shift(ctx, d) }
	default:
		function := d.state.AppSpec.Hooks[event]
		if function == "" || rollback && !d.group.RollbackHooks {
			return nil
		}
		return func(ctx context.Context) error { return s.callHook(ctx, d, event, function) }
	}
}

// install brings green up in the target group that production doesn't use.
func (s *Service) install(ctx context.Context, d *deployment) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timedOut := fmt.Errorf("the replacement task set was not healthy within %v", d.group.InstallTimeout)
	expired := s.config.Clock.After(d.group.InstallTimeout)
	go func() {
		select {
		case <-expired:
			cancel(timedOut)
		case <-ctx.Done():
		}
	}()
	if left := d.group.other; left != nil { // of a failed deployment that wasn't rolled back
		if err := s.config.ECS.DeleteTaskSet(ctx, left.ID); err != nil {
			return ecsError(d, err)
		}
		s.change(d, nil, func(*Deployment) { d.group.other = nil })
	}
	green, err := s.config.ECS.CreateTaskSet(ctx, d.state.AppSpec.TaskDefinition, d.group.otherThan(d.state.Original.TargetGroup))
	if err != nil {
		return ecsError(d, err)
	}
	s.change(d, nil, func(state *Deployment) {
		state.Replacement = &green
		d.group.other = &green
	})
	return nil
}

// ecsError is the failure of a call to ECS, unless the call ended with the deployment.
func ecsError(d *deployment, err error) error {
	if cause := context.Cause(d.ctx); cause != nil {
		return cause
	}
	return &eventError{
		ErrorInformation: ErrorInformation{"ECS_UPDATE_ERROR", "The Amazon ECS service could not be updated: " + err.Error()},
		diagnostics:      "UnknownError",
	}
}

// route gives the side that the deployment goes to a percentage of a listener's traffic.
func (s *Service) route(d *deployment, l Listener, percent int) error {
	to := d.goal().TargetGroup
	if err := l.SetWeights(map[string]int{to: percent, d.group.otherThan(to): 100 - percent}); err != nil {
		return &eventError{
			ErrorInformation: ErrorInformation{"ELASTIC_LOAD_BALANCING_INVALID", "The listener could not be changed: " + err.Error()},
			diagnostics:      "UnknownError",
		}
	}
	return nil
}

// goal is the task set that is to serve production in the end: green, or in a rollback
// what was there before.
func (d *deployment) goal() *TaskSet {
	if d.state.Creator == CreatorRollback {
		return d.state.Original
	}
	return d.state.Replacement
}

// shift moves production's traffic, step by step; a rollback goes all the way at once.
func (s *Service) shift(ctx context.Context, d *deployment) error {
	steps := d.config.Steps
	if d.state.Creator == CreatorRollback {
		steps = AllAtOnce().Steps
	}
	for _, step := range steps {
		if err := s.route(d, d.group.Production, step.Percent); err != nil {
			return err
		}
		if err := s.wait(ctx, step.Wait); err != nil {
			return err
		}
	}
	s.change(d, nil, func(state *Deployment) {
		d.group.primary = *d.goal()
		d.group.other = state.Original
		if state.Creator == CreatorRollback {
			d.group.other = state.Replacement
		}
	})
	return nil
}

func (s *Service) wait(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-s.config.Clock.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// terminate ends the side that production has left: blue after its wait, or green after a
// rollback.
func (s *Service) terminate(d *deployment) error {
	if d.state.Creator != CreatorRollback {
		if err := s.wait(d.ctx, d.group.TerminationWait); err != nil {
			return err
		}
	}
	left := d.group.other
	if left == nil {
		return nil
	}
	// Once it has begun, this can't be stopped, and there is no way back.
	if err := s.config.ECS.DeleteTaskSet(s.ctx, left.ID); err != nil {
		return &eventError{
			ErrorInformation: ErrorInformation{"ECS_UPDATE_ERROR", "The task set " + left.ID + " could not be deleted: " + err.Error()},
			final:            true,
		}
	}
	s.change(d, nil, func(state *Deployment) {
		d.group.other = nil
		if state.Creator == CreatorRollback {
			state.Replacement = nil
		}
	})
	return nil
}

// finish gives the deployment its final status and starts its rollback, if there is one.
func (s *Service) finish(d *deployment, err error) {
	s.skipRest(d)
	s.mu.Lock()
	d.state.Completed = s.config.Clock.Now()
	d.state.Status, d.state.Error = outcome(err)
	d.group.active = nil
	ended := d.state.copy()
	d.group.attempted = &ended
	if err == nil && d.state.Creator != CreatorRollback {
		d.group.successful = &ended
	}
	var back *deployment
	if s.rollsBack(d, err) {
		back = s.registerRollback(d)
	}
	s.mu.Unlock()
	s.tell(d, nil)
	if back != nil {
		s.start(back)
	}
	close(d.done)
}

// skipRest marks the events that won't run any more.
func (s *Service) skipRest(d *deployment) {
	for _, e := range d.state.Events {
		if e.Status == EventPending {
			e.Status = EventSkipped
			s.setEvent(d, e)
		}
	}
}

// outcome is what an error makes of a deployment.
func outcome(err error) (Status, *ErrorInformation) {
	failure, stopped := new(eventError), new(stop)
	switch {
	case err == nil:
		return Succeeded, nil
	case errors.As(err, &stopped), errors.Is(err, errClosed):
		return Stopped, &ErrorInformation{"MANUAL_STOP", err.Error()}
	case errors.As(err, &failure):
		return Failed, &failure.ErrorInformation
	}
	return Failed, &ErrorInformation{"INTERNAL_ERROR", err.Error()}
}

// rollsBack decides whether an ended deployment is rolled back; the caller holds the lock.
// Before Install has begun there is nothing to go back from, and a rollback isn't rolled
// back.
func (s *Service) rollsBack(d *deployment, err error) bool {
	if err == nil || s.closed || d.state.Creator == CreatorRollback || d.state.Event(Install).Start.IsZero() {
		return false
	}
	if stopped := new(stop); errors.As(err, &stopped) {
		return stopped.rollback
	}
	if failure := new(eventError); errors.As(err, &failure) && failure.final {
		return false
	}
	return d.state.AutoRollback.on(DeploymentFailure)
}

// registerRollback makes the deployment that goes back from d: a new one, with the last
// revision that worked. The caller holds the lock.
func (s *Service) registerRollback(d *deployment) *deployment {
	spec := AppSpec{TaskDefinition: d.state.Original.TaskDefinition, Hooks: d.state.AppSpec.Hooks}
	if last := d.group.successful; last != nil {
		spec = last.AppSpec
	}
	message := fmt.Sprintf("Deployment %s is rolled back: %s", d.state.ID, d.state.Error.Message)
	back := s.register(d.group, d.config, Deployment{
		Creator: CreatorRollback, AppSpec: spec, Original: d.state.Original, Replacement: d.state.Replacement,
		Description: message, Rollback: &RollbackInfo{TriggeringDeploymentID: d.state.ID, Message: message},
	})
	d.state.Rollback = &RollbackInfo{DeploymentID: back.state.ID, Message: message}
	return back
}
