package codedeploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
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
	if err := s.awaitTurn(d); err != nil {
		s.finish(d, err)
		return
	}
	s.change(d, nil, func(state *Deployment) { state.Status, state.Started = InProgress, s.config.Clock.Now() })
	s.finish(d, s.runEvents(d))
}

func (s *Service) runEvents(d *deployment) error {
	if err := s.findAlias(d); err != nil {
		return err
	}
	for _, event := range d.settings.Platform.Events() {
		if event == BeforeAllowTraffic {
			if err := s.awaitReroute(d); err != nil {
				return err
			}
		}
		if err := s.runEvent(d, event); err != nil {
			return err
		}
	}
	return s.terminate(d)
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
		if d.settings.Test == nil {
			return nil
		}
		return func(context.Context) error { return s.routeListener(d, d.settings.Test, d.goal(), 100) }
	case AllowTraffic:
		return func(ctx context.Context) error { return s.shift(ctx, d) }
	default:
		function := d.state.AppSpec.Hooks[event]
		if function == "" || rollback && !d.settings.RollbackHooks {
			return nil
		}
		if event == AfterAllowTestTraffic && d.settings.Test == nil && d.settings.WithoutTestListener == SkipHook {
			return nil
		}
		return func(ctx context.Context) error { return s.callHook(ctx, d, event, function) }
	}
}

// install brings green up in the target group that production doesn't use.
func (s *Service) install(ctx context.Context, d *deployment) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timedOut := fmt.Errorf("not healthy within %v", d.settings.InstallTimeout)
	expired, stop := clock.Timer(s.config.Clock, d.settings.InstallTimeout)
	defer stop()
	go func() {
		select {
		case <-expired:
			cancel(timedOut)
		case <-ctx.Done():
		}
	}()
	if err := s.clearAway(ctx, d); err != nil {
		return err
	}
	if err := d.checkListeners(); err != nil {
		return err
	}
	green, err := s.config.ECS.CreateTaskSet(ctx, TaskSetRequest{
		Cluster: d.settings.Cluster, Service: d.settings.Service, DeploymentID: d.state.ID,
		TaskDefinition: d.state.AppSpec.TaskDefinition, TargetGroup: d.settings.otherThan(d.state.Original.TargetGroup),
	})
	if err != nil {
		if errors.Is(context.Cause(ctx), timedOut) {
			return notHealthy(d.settings.InstallTimeout, err)
		}
		return ecsError(d, err)
	}
	s.change(d, nil, func(state *Deployment) {
		state.Replacement = &green
		d.group.other = &green
	})
	return nil
}

// notHealthy fails Install when green's targets aren't healthy in time. From then on nobody looks at
// targets' health but the load balancer. The first words are those of
// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-ecs.html; AWS leaves out why.
func notHealthy(limit time.Duration, why error) error {
	return &eventError{
		ErrorInformation: ErrorInformation{"TIMEOUT", fmt.Sprintf("The deployment timed out while waiting for the replacement task set to become healthy. This time out period is %g minutes. (%v)", limit.Minutes(), why)},
		diagnostics:      "UnknownError",
	}
}

// clearAway ends the task set that a failed deployment left behind when it wasn't rolled back. A
// deployment that was stopped in mid-shift left it with a part of the traffic, which goes back to
// the original first; what CodeDeploy does about it isn't documented, and requests must not be lost.
func (s *Service) clearAway(ctx context.Context, d *deployment) error {
	left := d.group.other
	if left == nil {
		return nil
	}
	for _, l := range d.settings.listeners() {
		if d.settings.weights(l)[left.TargetGroup] == 0 {
			continue
		}
		if err := s.routeListener(d, l, d.state.Original, 100); err != nil {
			return err
		}
	}
	if err := s.config.ECS.DeleteTaskSet(ctx, left.ID); err != nil {
		return ecsError(d, err)
	}
	s.change(d, nil, func(*Deployment) { d.group.other = nil })
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

// route gives the side that the deployment goes to a percentage of production's traffic.
func (s *Service) route(d *deployment, percent int) error {
	if d.settings.Platform == PlatformLambda {
		return s.routeAlias(d, percent)
	}
	return s.routeListener(d, d.settings.Production, d.goal(), percent)
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
		steps = []Step{{Percent: 100}}
	}
	for _, step := range steps {
		if err := s.route(d, step.Percent); err != nil {
			return err
		}
		if err := s.wait(ctx, step.Wait); err != nil {
			return err
		}
	}
	if d.settings.Platform == PlatformLambda {
		return nil
	}
	if err := s.config.ECS.UpdateServicePrimaryTaskSet(d.goal().ID); err != nil {
		return ecsError(d, err)
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
	over, stop := clock.Timer(s.config.Clock, d)
	defer stop()
	defer clock.Rest(s.config.Clock)()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// terminate ends the side that production has left: blue after its wait, or green after a
// rollback.
func (s *Service) terminate(d *deployment) error {
	if d.settings.Platform == PlatformLambda { // versions stay
		return nil
	}
	if d.state.Creator != CreatorRollback && d.settings.TerminationWait > 0 {
		if _, err := s.linger(d, TerminationWait, d.settings.TerminationWait); err != nil {
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
	d.over = true
	s.skipRest(d)
	s.mu.Lock()
	d.state.Completed = s.config.Clock.Now()
	d.state.Status, d.state.Error = outcome(err)
	s.ended++
	ended := d.state.copy()
	d.group.attempted = &ended
	if err == nil && d.state.Creator != CreatorRollback {
		d.group.successful = &ended
	}
	back := d.group.leave(d, func() *deployment {
		if !s.rollsBack(d, err) {
			return nil
		}
		return s.registerRollback(d)
	})
	s.forget()
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
	failure, stopped, unanswered := new(eventError), new(stop), new(notRerouted)
	switch {
	case err == nil:
		return Succeeded, nil
	case errors.As(err, &unanswered):
		return Stopped, &ErrorInformation{"TIMEOUT", err.Error()}
	case errors.As(err, &stopped), errors.Is(err, errClosed):
		return Stopped, &ErrorInformation{"MANUAL_STOP", err.Error()}
	case errors.As(err, &failure):
		return Failed, &failure.ErrorInformation
	}
	return Failed, &ErrorInformation{"INTERNAL_ERROR", err.Error()}
}

// rollsBack decides whether an ended deployment is rolled back; the caller holds the lock.
// Before Install, or on Lambda the first event, has begun there is nothing to go back from, and
// a rollback isn't rolled back.
func (s *Service) rollsBack(d *deployment, err error) bool {
	if err == nil || s.closed || d.state.Creator == CreatorRollback || !d.changedAnything() {
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

// changedAnything reports whether the deployment came as far as its first change of the world; on
// Lambda, where there is no Install, that it ran at all is enough.
func (d *deployment) changedAnything() bool {
	if d.settings.Platform == PlatformLambda {
		return d.alias != nil
	}
	return !d.state.Event(Install).Start.IsZero()
}

// rollbackSpec is the revision that a rollback of d deploys.
func (d *deployment) rollbackSpec() AppSpec {
	if v := d.state.AppSpec.Lambda; v != nil {
		back := *v
		back.CurrentVersion, back.TargetVersion = v.TargetVersion, v.CurrentVersion
		return AppSpec{Lambda: &back, Hooks: d.state.AppSpec.Hooks}
	}
	if last := d.group.successful; last != nil {
		return last.AppSpec
	}
	return AppSpec{TaskDefinition: d.state.Original.TaskDefinition, Hooks: d.state.AppSpec.Hooks}
}

// registerRollback makes the deployment that goes back from d: a new one, with the last
// revision that worked. The caller holds the lock.
func (s *Service) registerRollback(d *deployment) *deployment {
	message := fmt.Sprintf("Deployment %s is rolled back: %s", d.state.ID, d.state.Error.Message)
	back := s.register(d.group, d.config, Deployment{
		Creator: CreatorRollback, AppSpec: d.rollbackSpec(), Original: d.state.Original, Replacement: d.state.Replacement,
		Description: message, Rollback: &RollbackInfo{TriggeringDeploymentID: d.state.ID, Message: message},
	})
	d.state.Rollback = &RollbackInfo{DeploymentID: back.state.ID, Message: message}
	return back
}
