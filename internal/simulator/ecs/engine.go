package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// stageLimit is how long a stage may last before the deployment fails:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html#blue-green-deployment-stages.
const stageLimit = 24 * time.Hour

// deployment is a deployment that runs or ran. Its state, source and target are guarded by
// the scheduler's lock.
type deployment struct {
	state Deployment
	// definition is the service's as it was when the deployment was asked for.
	definition Service
	service    *service
	source     *revision // nil where the service is new
	target     *revision
	previous   *deployment // must be over before this one begins
	ctx        context.Context
	cancel     context.CancelCauseFunc
	over       *clock.Signal

	telling sync.Mutex // keeps changes in order for who is told
}

// failure fails a deployment and rolls it back; its text is the reason.
type failure struct{ reason string }

func (f *failure) Error() string { return f.reason }

func fail(format string, args ...any) *failure {
	return &failure{"Service deployment rolled back because " + fmt.Sprintf(format, args...)}
}

// stop is the cause with which a deployment's context ends on request.
type stop struct {
	rollback bool
	reason   string
}

func (s *stop) Error() string { return s.reason }

// snapshot is the deployment as it stands; the caller holds the lock.
func (d *deployment) snapshot() Deployment {
	state := d.state
	state.Target = d.target.Revision
	if d.source != nil {
		state.Source = &d.source.Revision
	}
	return state.copy()
}

// change changes a deployment's state under the lock and tells of it.
func (s *Scheduler) change(d *deployment, f func(*Deployment) Change) {
	d.telling.Lock()
	defer d.telling.Unlock()
	s.mu.Lock()
	d.state.Updated = s.config.Clock.Now()
	c := f(&d.state)
	c.Deployment = d.snapshot()
	s.mu.Unlock()
	if s.config.Changed != nil {
		s.config.Changed(c)
	}
	if c.notify && s.config.Notify != nil {
		s.config.Notify(s.notice(c.Deployment, *c.Hook))
	}
}

// start runs a registered deployment.
func (s *Scheduler) start(d *deployment) {
	s.change(d, func(*Deployment) Change { return Change{} })
	done := clock.Work(s.config.Clock)
	go func() {
		defer s.running.Done()
		defer done()
		s.run(d)
	}()
}

// run takes a deployment through its stages to its end.
func (s *Scheduler) run(d *deployment) {
	defer d.cancel(nil)
	if d.previous != nil {
		over, resume := d.previous.over.Wait()
		<-over
		resume()
		d.previous = nil
	}
	s.change(d, func(state *Deployment) Change {
		if state.Status == Pending {
			state.Status = InProgress
		}
		state.Started = s.config.Clock.Now()
		// The deployment before may have changed what serves production.
		d.source = d.service.production
		if d.source != nil {
			d.target.TargetGroup = d.definition.otherThan(d.source.TargetGroup.Name)
		}
		return Change{}
	})
	if err := s.forward(d); err != nil {
		s.back(d, err)
		return
	}
	s.finish(d, Successful, "")
}

// finish gives a deployment its final status.
func (s *Scheduler) finish(d *deployment, status Status, reason string) {
	s.change(d, func(state *Deployment) Change {
		state.Status, state.StatusReason = status, reason
		state.Finished = s.config.Clock.Now()
		if status == Stopped {
			state.Stopped = state.Finished
		}
		if d.service.active == d {
			d.service.active = nil
		}
		s.forget(d.service)
		return Change{}
	})
	d.over.Fire()
}

// passage is one way through a stage: ECS's own work, then the hooks, then what is left of
// the stage.
type passage struct {
	stage            Stage
	percent          float64
	rollback         bool
	work, rest       func(context.Context) error
	test, production weights // what hooks are told
}

// pass takes a deployment through a stage.
func (s *Scheduler) pass(ctx context.Context, d *deployment, p passage) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	run := StageRun{Stage: p.stage, Percent: p.percent, Rollback: p.rollback, Status: StageInProgress, Start: s.config.Clock.Now()}
	var index int
	s.change(d, func(state *Deployment) Change {
		index = len(state.Stages)
		state.Stage, state.Stages = p.stage, append(state.Stages, run)
		return Change{Stage: &run}
	})
	err := s.through(ctx, d, p)
	ended := run
	ended.Status, ended.End = StageSucceeded, s.config.Clock.Now()
	if err != nil {
		ended.Status, ended.Reason = StageFailed, err.Error()
	}
	s.change(d, func(state *Deployment) Change {
		state.Stages[index] = ended
		return Change{Stage: &ended}
	})
	return err
}

// through does what a passage is made of.
func (s *Scheduler) through(ctx context.Context, d *deployment, p passage) error {
	hooks := func(ctx context.Context) error { return s.runHooks(ctx, d, p) }
	parts := []func(context.Context) error{p.work, hooks, p.rest}
	if s.config.ShiftAfterHooks && !p.rollback && (p.stage == TestTrafficShift || p.stage == ProductionTrafficShift) {
		parts[0], parts[1] = parts[1], parts[0]
	}
	for _, part := range parts {
		if part == nil {
			continue
		}
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// forward takes a deployment from blue to green.
func (s *Scheduler) forward(d *deployment) error {
	for _, p := range s.route(d) {
		if err := s.pass(d.ctx, d, p); err != nil {
			return err
		}
	}
	return nil
}

// route lists the passages from blue to green.
func (s *Scheduler) route(d *deployment) []passage {
	var passages []passage
	if s.unreconciled(d) {
		passages = append(passages, passage{
			stage: ReconcileService, work: func(ctx context.Context) error { return s.reconcile(ctx, d) },
			// The documented example has the target at 100 already, before it is started.
			test: d.testWeights(1000), production: d.weights(1000),
		})
	}
	passages = append(
		passages,
		passage{stage: PreScaleUp},
		passage{stage: ScaleUp, work: func(ctx context.Context) error { return s.scaleUp(ctx, d) }},
		passage{stage: PostScaleUp},
		passage{stage: TestTrafficShift, work: func(context.Context) error { return s.shiftTest(d, 1000) }, test: d.testWeights(1000)},
		passage{stage: PostTestTrafficShift},
	)
	before := 0
	for _, step := range d.steps() {
		passages = append(
			passages,
			passage{stage: PreProductionTrafficShift, percent: float64(before) / 10, production: d.weights(before)},
			passage{
				stage: ProductionTrafficShift, percent: float64(step.tenths) / 10, production: d.weights(step.tenths),
				work: func(context.Context) error { return s.shiftProduction(d, step.tenths) },
				rest: func(ctx context.Context) error { return s.wait(ctx, step.wait) },
			},
		)
		before = step.tenths
	}
	return append(
		passages,
		passage{stage: PostProductionTrafficShift},
		passage{stage: BakeTime, work: func(ctx context.Context) error { return s.bake(ctx, d) }},
		passage{stage: CleanUp, work: func(context.Context) error { s.cleanUp(d); return nil }},
	)
}

// steps are those of the configuration. A new service has no traffic to shift by and by.
func (d *deployment) steps() []step {
	if d.source == nil {
		return DeploymentConfiguration{}.steps()
	}
	return d.definition.Deployment.steps()
}

func (s *Scheduler) wait(ctx context.Context, d time.Duration) error {
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

// bake leaves blue running beside green for a while; a new service has no blue.
func (s *Scheduler) bake(ctx context.Context, d *deployment) error {
	if d.source == nil {
		return nil
	}
	return s.wait(ctx, d.definition.Deployment.BakeTime)
}

// back ends a deployment that didn't get through: with a rollback, or where it stands.
func (s *Scheduler) back(d *deployment, err error) {
	if stopped := new(stop); errors.Is(err, errClosed) || errors.As(err, &stopped) && !stopped.rollback {
		s.abandon(d)
		s.finish(d, Stopped, err.Error())
		return
	}
	s.change(d, func(state *Deployment) Change {
		state.Status, state.StatusReason = RollbackInProgress, err.Error()
		state.Rollback = &Rollback{Reason: err.Error(), Started: s.config.Clock.Now()}
		if d.source != nil {
			state.Rollback.RevisionARN = d.source.ARN
		}
		return Change{}
	})
	if d.source == nil {
		s.stopTasks(d, d.target)
		s.finish(d, RollbackFailed, "No rollback candidate was found to run the rollback.")
		return
	}
	// What fails on the way back must not keep the rest from going back.
	var errs []error
	for _, p := range s.wayBack(d) {
		errs = append(errs, s.pass(s.ctx, d, p))
	}
	if d.target.ProductionWeight > 0 {
		s.abandon(d) // customers are still on green
	} else {
		s.stopTasks(d, d.target)
	}
	if failed := errors.Join(errs...); failed != nil {
		s.finish(d, RollbackFailed, failed.Error())
		return
	}
	s.finish(d, RollbackSuccessful, err.Error())
}

// wayBack lists the passages of a rollback: the shift stages again, with green still the
// target and the weights reversed.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html#lifecycle-hooks-during-rollback.
func (s *Scheduler) wayBack(d *deployment) []passage {
	passages := []passage{
		{
			stage: ProductionTrafficShift, rollback: true, production: d.weights(0),
			work: func(context.Context) error { return s.shiftProduction(d, 0) },
		},
		{
			stage: TestTrafficShift, rollback: true, test: d.testWeights(0),
			work: func(context.Context) error { return s.shiftTest(d, 0) },
		},
	}
	if s.config.RollbackEveryShift {
		return passages
	}
	s.mu.Lock()
	reached := slices.Clone(d.state.Stages)
	s.mu.Unlock()
	return slices.DeleteFunc(passages, func(p passage) bool {
		return !slices.ContainsFunc(reached, func(r StageRun) bool { return r.Stage == p.stage })
	})
}
