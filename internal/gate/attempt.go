package gate

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// StopGrace is how long a check is waited for once its time is up or it is cancelled: enough to put its reason
// together, too little to cost a report its time.
const StopGrace = 100 * time.Millisecond

// attempt asks once, within the time that was given for it, 0 where that isn't known. A check that doesn't stop when
// it is told to is left behind: the answer must not wait for it.
func (r *run) attempt(ctx context.Context, given time.Duration) check.Result {
	scope, asking := r.stage.Scope, ctx
	scope.Began, scope.Held = r.stage.since, r.held
	scope.Timeout = given
	end, _ := ctx.Deadline()
	if scope.Grace = r.reserve(end); scope.Grace > 0 {
		var cancel context.CancelFunc
		asking, cancel = context.WithDeadline(ctx, end.Add(-scope.Grace))
		defer cancel()
		scope.Timeout = max(given-scope.Grace, 0)
	}
	// The channel has room, so that a check that is left behind can still end.
	answered := make(chan check.Result, 1)
	go r.ask(asking, scope, answered)
	select {
	case result := <-answered:
		return r.heard(result)
	case <-asking.Done():
	}
	grace := time.NewTimer(min(scope.Grace, max(time.Until(end), 0)) + StopGrace)
	defer grace.Stop()
	select {
	case result := <-answered:
		return r.heard(result)
	case <-grace.C:
	}
	r.abandoned, r.cancelled = true, over(ctx)
	told := "it was cancelled"
	if errors.Is(asking.Err(), context.DeadlineExceeded) {
		told = "its time was up"
	}
	return check.Result{Outcome: check.Inconclusive, Reason: "the check did not stop when " + told}
}

// reserve is how much of the time until end is kept for a check to put back what it changed: as much as that may take, but at
// most half.
func (r *run) reserve(end time.Time) time.Duration {
	cleaner, cleans := r.check.Check.(check.Cleaner)
	if !cleans {
		return 0
	}
	return min(cleaner.CleanupTime(), max(time.Until(end), 0)/2)
}

// heard is a result as it may be told: without secrets, and as kinds promise, its reason and its warning on one line each. Of
// several runs the last one that warns is told.
func (r *run) heard(result check.Result) check.Result {
	result.Reason, result.Warning = strictyaml.OneLine(result.Reason), strictyaml.OneLine(result.Warning)
	result = result.Masked(r.stage.Scope.Mask)
	if result.Warning != "" {
		r.warning = result.Warning
	}
	return result
}

// ask runs the check. One that panics has failed, and says with what: it must not take the answer with it.
func (r *run) ask(ctx context.Context, scope check.Scope, answered chan<- check.Result) {
	result := check.Result{Outcome: check.Failed, Reason: "the check ended its goroutine without a result"}
	defer func() {
		if p := recover(); p != nil {
			result = check.Result{Outcome: check.Failed, Reason: fmt.Sprintf("the check panicked: %v", p)}
			scope.Logger.ErrorContext(ctx, "check panicked", "check", r.check.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		answered <- result
	}()
	result = r.check.Run(ctx, scope)
}
