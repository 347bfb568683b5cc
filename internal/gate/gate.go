// Package gate runs the checks of a stage and makes the verdict: side by side or in order, each with its retries,
// inside the deadline that the execution has, as early as the evidence allows.
package gate

import (
	"context"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// MaxSideBySide is how many checks of a stage run at once. Each may hold an answer of a few megabytes and a handful of
// descriptors; a function of 512 MB and its limit of 1024 descriptors have room for this many.
const MaxSideBySide = 50

// Execution is what the gate is asked to judge.
type Execution struct {
	// DeploymentID is empty on the command line.
	DeploymentID string
	Stage        lifecycle.Stage
	// Asked is what the plan asks at the stage; nil when nothing.
	Asked *plan.Stage
	Scope check.Scope
	// Observe, where set, hears of what happens as it happens, one call at a time.
	Observe func(Event)
}

// Event is one thing that happened to a check.
type Event struct {
	Check *plan.Check
	// Retrying is set when the check will be asked again: why.
	Retrying string
	// Report is set when the check is over.
	Report *check.Report
}

// Run judges an execution. It returns when the verdict is certain, and by the end of ctx; the deadline of ctx is what
// the plan's budget is held against.
func Run(ctx context.Context, e Execution) check.Verdict {
	started := time.Now()
	v := judge(ctx, e)
	v.Deployment, v.Stage, v.Started, v.Duration = e.DeploymentID, e.Stage, started, time.Since(started)
	return v
}

func judge(ctx context.Context, e Execution) check.Verdict {
	if e.Asked == nil {
		return nothingAsked(e.Stage)
	}
	if shortfall := shortfall(ctx, e); shortfall != "" {
		return check.Refused(shortfall)
	}
	if e.Asked.Budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, e.Asked.Budget, errBudget{e.Asked.Budget})
		defer cancel()
	}
	s := &stage{Execution: e}
	return decide(s.run(ctx))
}

// stage is one run of a stage's checks.
type stage struct {
	Execution
	mu sync.Mutex // one observation at a time
}

func (s *stage) run(ctx context.Context) []check.Report {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := MaxSideBySide
	if s.Asked.Serial {
		limit = 1
	}
	var running sync.WaitGroup
	reports := make([]check.Report, len(s.Asked.Checks))
	places := make(chan struct{}, limit)
	for i, c := range s.Asked.Checks {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			reports[i] = s.check(ctx, c)
			if s.ends(reports[i]) {
				cancel(errOver)
			}
		})
	}
	running.Wait()
	return reports
}

// ends says whether a check's report makes the verdict certain.
func (s *stage) ends(r check.Report) bool {
	return !s.Asked.KeepGoing && counts(r) && r.Outcome == check.Failed
}

func (s *stage) check(ctx context.Context, c *plan.Check) check.Report {
	if ctx.Err() != nil {
		r := notRun(ctx, c)
		s.observe(Event{Check: c, Report: &r})
		return r
	}
	s.observe(Event{Check: c})
	r := newRun(s, c).report(ctx)
	s.observe(Event{Check: c, Report: &r})
	return r
}

// notRun reports a check whose turn came when the stage was over, or its time up.
func notRun(ctx context.Context, c *plan.Check) check.Report {
	return check.Report{
		Name: c.Name, Kind: c.Kind, Position: c.At, Warn: c.Warn, PassInconclusive: c.PassInconclusive,
		Outcome: check.Inconclusive, Cancelled: over(ctx), Started: time.Now(),
		Reason: "not run: " + context.Cause(ctx).Error(),
	}
}

func (s *stage) observe(e Event) {
	if s.Observe == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Observe(e)
}
