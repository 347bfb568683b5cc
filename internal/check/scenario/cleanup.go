package scenariocheck

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// finish makes the cleanup and completes the result. The cleanup's ctx is its own: that of the steps may have ended.
func (r *run) finish(ctx context.Context, result *check.Result) {
	if len(r.check.Cleanup.list) > 0 && r.began {
		end := r.cleanupEnd(ctx)
		ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), end)
		defer cancel()
		result.Warning = r.cleanup(ctx)
	}
	result.Requests = r.requests
}

// cleanupEnd is when the cleanup must be over: with the check's time, and where the run was cancelled, as soon as it can be.
func (r *run) cleanupEnd(ctx context.Context) time.Time {
	kept := time.Now().Add(max(r.scope.Grace, 0))
	deadline, bounded := ctx.Deadline()
	switch whole := deadline.Add(r.scope.Grace); {
	case !bounded:
		return time.Now().Add(r.check.CleanupTime())
	case ctx.Err() == nil, whole.Before(kept):
		return whole
	}
	return kept
}

// cleanup makes all of its steps, whatever comes of each, and says what went wrong.
func (r *run) cleanup(ctx context.Context) string {
	var wrong []string
	for _, s := range r.check.Cleanup.list {
		if ctx.Err() != nil {
			wrong = append(wrong, s.called(s.asks.Title())+": not made: no time was left")
			continue
		}
		if outcome, reason := r.step(ctx, s); outcome != check.Passed {
			wrong = append(wrong, reason)
		}
	}
	return told(wrong)
}

// told gives the first of what went wrong, and how many more there are.
func told(wrong []string) string {
	const most = 2
	if more := len(wrong) - most; more > 0 {
		return strings.Join(wrong[:most], "; ") + fmt.Sprintf("; and %d more", more)
	}
	return strings.Join(wrong, "; ")
}
