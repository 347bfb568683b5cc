package gate

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// StopGrace is how long a check is waited for once its time is up or it is cancelled: enough to put its reason
// together, too little to cost a report its time.
const StopGrace = 100 * time.Millisecond

// attempt asks once. A check that doesn't stop when it is told to is left behind: the answer must not wait for it.
func (r *run) attempt(ctx context.Context) check.Result {
	// The channel has room, so that a check that is left behind can still end.
	answered := make(chan check.Result, 1)
	go r.ask(ctx, answered)
	select {
	case result := <-answered:
		return r.told(result)
	case <-ctx.Done():
	}
	grace := time.NewTimer(StopGrace)
	defer grace.Stop()
	select {
	case result := <-answered:
		return r.told(result)
	case <-grace.C:
	}
	r.abandoned, r.cancelled = true, over(ctx)
	told := "it was cancelled"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		told = "its time was up"
	}
	return check.Result{Outcome: check.Inconclusive, Reason: "the check did not stop when " + told}
}

// ask runs the check. One that panics has failed, and says with what: it must not take the answer with it.
func (r *run) ask(ctx context.Context, answered chan<- check.Result) {
	result := check.Result{Outcome: check.Failed, Reason: "the check ended its goroutine without a result"}
	defer func() {
		if p := recover(); p != nil {
			result = check.Result{Outcome: check.Failed, Reason: fmt.Sprintf("the check panicked: %v", p)}
			r.stage.Scope.Logger.ErrorContext(ctx, "check panicked", "check", r.check.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		answered <- result
	}()
	result = r.check.Run(ctx, r.stage.Scope)
}
