// Package gate runs the checks of a stage and makes the verdict: side by side or in order, each with its retries,
// inside the deadline that the execution has, as early as the evidence allows.
package gate

import (
	"context"
	"log/slog"
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

// Event is one thing that happened to a check: it starts, where neither Retrying nor Report is set. Checks start in the
// order of the plan.
type Event struct {
	Check *plan.Check
	// Retrying is set when the check is to be asked again, after a wait: why.
	Retrying string
	// Report is set when the check is over.
	Report *check.Report
}

// Run judges an execution. It returns when the verdict is certain, and by the end of ctx, or StopGrace after it where a
// check doesn't stop; the deadline of ctx is what the plan's budget is held against.
func Run(ctx context.Context, e Execution) check.Verdict {
	started := time.Now()
	if e.Scope.Logger == nil {
		e.Scope.Logger = slog.New(slog.DiscardHandler)
	}
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
	s := &stage{Execution: e}
	if e.Asked.Budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, e.Asked.Budget, errBudget{e.Asked.Budget})
		defer cancel()
		s.budgetEnd, _ = ctx.Deadline()
	}
	return decide(s.run(ctx))
}

// stage is one run of a stage's checks.
type stage struct {
	Execution
	budgetEnd time.Time  // zero where there is no budget
	mu        sync.Mutex // one observation at a time
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
		if ctx.Err() != nil {
			reports[i] = notRun(ctx, c)
			s.observe(Event{Check: c, Report: &reports[i]})
			<-places
			continue
		}
		// Observed here, and not where it runs, so that checks are told in the order of the plan.
		s.observe(Event{Check: c})
		running.Go(func() {
			defer func() { <-places }()
			reports[i] = newRun(s, c).report(ctx)
			s.observe(Event{Check: c, Report: &reports[i]})
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

// notRun reports a check whose turn came when the stage was over, or its time up.
func notRun(ctx context.Context, c *plan.Check) check.Report {
	return check.Report{
		Name: c.Name, Kind: c.Kind, Position: c.At, Warn: c.Warn, PassInconclusive: c.PassInconclusive,
		Outcome: check.Inconclusive, Cancelled: over(ctx), Started: time.Now(),
		Reason: "not run: " + ended(ctx),
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
