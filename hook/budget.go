package hook

import (
	"context"
	"fmt"
	"time"
)

// DefaultReserve is kept from the function's timeout for the report. Ten seconds
// outlast CodeDeploy's usual throttling and a failover of a few seconds with several
// attempts to spare, and cost a check of minutes next to nothing.
const DefaultReserve = 10 * time.Second

// minAttempt is the least that one attempt to report is given: a first TLS handshake
// takes about 300 ms with the CPU share of a function of 128 MB, and an attempt that is
// always cut before it is through never delivers.
const minAttempt = 500 * time.Millisecond

// maxMargin is the most that is left of the deadline when the report is given up, so that
// the invocation can end in an error that says why before Lambda kills it.
const maxMargin = 200 * time.Millisecond

// A budget divides the time of one invocation.
//
//	start ──────── decide ────────┬─ grace ─┬──── report ────┬ margin ┤ deadline
//	                              └──────────── reserve ──────────────┘
//
// A decider that is done early leaves its time to the report. A hand-over to the next invocation
// comes between the two, and ends where half of the reserve is left.
type budget struct {
	total    time.Duration // from the invocation's start to the deadline; 0 without one
	reserve  time.Duration
	deadline time.Time // zero without one
}

// newBudget divides the time that ctx leaves. The reserve is never more than half of it: of
// Lambda's default timeout of 3 s, ten seconds can't be kept.
func newBudget(ctx context.Context, reserve time.Duration) budget {
	deadline, ok := ctx.Deadline()
	if !ok {
		return budget{reserve: reserve}
	}
	total := max(time.Until(deadline), 0)
	return budget{total: total, reserve: min(reserve, total/2), deadline: deadline}
}

// deciding returns the context for the decider. It ends where the reserve begins, or with the
// execution's own deadline, which in rounds of minutes is that of the last.
func (b budget) deciding(ctx context.Context, e Execution) (context.Context, context.CancelFunc) {
	if b.deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	if end := b.deadline.Add(-b.reserve); e.Deadline.IsZero() || end.Before(e.Deadline) {
		return context.WithDeadlineCause(ctx, end, b.outOfTime())
	}
	return context.WithDeadlineCause(ctx, e.Deadline, e.outOfTime())
}

// outOfTime is the cause of the decider's context when its time is up.
func (b budget) outOfTime() error {
	return fmt.Errorf("the %v that the function's timeout leaves for checks are over (%v of %v are reserved for the report)",
		rounded(b.total-b.reserve), rounded(b.reserve), rounded(b.total))
}

// grace is how long a decider is waited for once its context has ended: long enough to
// wrap up and return a reason more precise than ours, short enough to leave the report
// nine tenths of its reserve.
func (b budget) grace() time.Duration { return b.reserve / 10 }

// working returns the context for whatever must leave the invocation time to end in an
// error: all that is left, less the margin.
func (b budget) working(ctx context.Context) (context.Context, context.CancelFunc) {
	if b.deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, b.deadline.Add(-min(maxMargin, b.reserve/5)))
}

// reporting returns the context for the report: the working one, or without a deadline the
// length of the reserve, since retries must end at some time.
func (b budget) reporting(ctx context.Context) (context.Context, context.CancelFunc) {
	if b.deadline.IsZero() {
		return context.WithTimeout(ctx, b.reserve)
	}
	return b.working(ctx)
}

// handingOver returns the context for handing over to the next invocation. Where that fails there is
// a verdict to report, and half of the reserve for it.
func (b budget) handingOver(ctx context.Context) (context.Context, context.CancelFunc) {
	if b.deadline.IsZero() {
		return context.WithTimeout(ctx, b.reserve/2)
	}
	return context.WithDeadline(ctx, b.deadline.Add(-b.reserve/2))
}

// isSpent reports whether the deadline came before the invocation began.
func (b budget) isSpent() bool { return !b.deadline.IsZero() && b.total == 0 }

// share is a quarter of the reserve. No attempt to report may take longer, and no wait
// between two, so that the worst reserve still holds several attempts.
func (b budget) share() time.Duration { return b.reserve / 4 }

// rounded makes durations readable: the time left is never quite the timeout.
func rounded(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
