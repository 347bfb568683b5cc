package ecs

import (
	"context"
	"fmt"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// weights are the percentages of both revisions when green has that many tenths of a
// percent.
func (d *deployment) weights(tenths int) weights {
	w := weights{d.target.ARN: float64(tenths) / 10}
	if d.source != nil {
		w[d.source.ARN] = float64(1000-tenths) / 10
	}
	return w
}

// testWeights are those of test traffic, empty where there is none.
func (d *deployment) testWeights(tenths int) weights {
	if d.definition.Test == nil {
		return nil
	}
	return d.weights(tenths)
}

// set gives a target group that many tenths of a percent of a rule's traffic, and the
// other one of the pair the rest. The one that gets nothing stays attached, with weight 0.
func (d Service) set(rule Rule, group string, tenths int) error {
	whole := 1000
	if tenths%10 == 0 {
		tenths, whole = tenths/10, 100
	}
	if err := rule.SetWeights(map[string]int{group: tenths, d.otherThan(group).Name: whole - tenths}); err != nil {
		return fail("of invalid networking configuration. The rule %s could not be changed: %v", rule.ARN(), err)
	}
	return nil
}

func (s *Scheduler) shiftTest(d *deployment, tenths int) error {
	if d.definition.Test == nil {
		return nil
	}
	if err := d.definition.set(d.definition.Test, d.target.TargetGroup.Name, tenths); err != nil {
		return err
	}
	s.change(d, func(*Deployment) Change {
		d.target.TestWeight = float64(tenths) / 10
		if d.source != nil {
			d.source.TestWeight = float64(1000-tenths) / 10
		}
		return Change{}
	})
	return nil
}

func (s *Scheduler) shiftProduction(d *deployment, tenths int) error {
	if err := d.definition.set(d.definition.Production, d.target.TargetGroup.Name, tenths); err != nil {
		return err
	}
	s.change(d, func(*Deployment) Change {
		d.target.ProductionWeight = float64(tenths) / 10
		if d.source != nil {
			d.source.ProductionWeight = float64(1000-tenths) / 10
		}
		return Change{}
	})
	return nil
}

// scaleUp starts green's tasks.
func (s *Scheduler) scaleUp(ctx context.Context, d *deployment) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := fmt.Errorf("its tasks were not healthy within %v", stageLimit)
	expired, stop := clock.Timer(s.config.Clock, stageLimit)
	defer stop()
	go func() {
		select {
		case <-expired:
			cancel(late)
		case <-ctx.Done():
		}
	}()
	id, err := s.config.Tasks.Start(ctx, d.target.TaskDefinition, d.target.TargetGroup.Name, d.target.Requested)
	if err != nil {
		if cause := context.Cause(d.ctx); cause != nil {
			return cause
		}
		return fail("SCALE_UP failed: %v", err)
	}
	s.change(d, func(*Deployment) Change {
		d.target.tasks, d.target.Running = id, d.target.Requested
		return Change{}
	})
	return nil
}

// cleanUp makes green the revision that serves and ends blue's tasks. There is no way back
// from here, and no request stops it.
func (s *Scheduler) cleanUp(d *deployment) {
	s.change(d, func(*Deployment) Change {
		d.service.production = d.target
		return Change{}
	})
	if d.source != nil {
		s.stopTasks(d, d.source)
	}
}

// stopTasks ends a revision's tasks. Those that can't be ended are left to the next
// deployment's reconciliation.
func (s *Scheduler) stopTasks(d *deployment, r *revision) {
	if r.tasks == "" {
		return
	}
	err := s.config.Tasks.Stop(s.ctx, r.tasks)
	s.change(d, func(*Deployment) Change {
		if err != nil {
			d.service.leftover = append(d.service.leftover, r)
			return Change{}
		}
		r.tasks, r.Running = "", 0
		return Change{}
	})
}

// abandon leaves green where it is, to the next deployment's reconciliation.
func (s *Scheduler) abandon(d *deployment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.target.tasks != "" {
		d.service.leftover = append(d.service.leftover, d.target)
	}
}

// unreconciled reports whether more than one revision is active before the deployment.
func (s *Scheduler) unreconciled(d *deployment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(d.service.leftover) > 0
}

// reconcile gives all traffic back to the revision that serves production, and ends what
// an earlier deployment has left.
func (s *Scheduler) reconcile(_ context.Context, d *deployment) error {
	if d.source != nil {
		if err := s.shiftProduction(d, 0); err != nil {
			return err
		}
		if err := s.shiftTest(d, 0); err != nil {
			return err
		}
	}
	s.mu.Lock()
	left := slices.Clone(d.service.leftover)
	d.service.leftover = nil
	s.mu.Unlock()
	for _, r := range left {
		s.stopTasks(d, r)
	}
	return nil
}
