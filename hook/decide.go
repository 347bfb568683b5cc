package hook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// decide runs the decider and returns its verdict, or one in its place if it panics, ends
// its goroutine or doesn't return in time. It always returns.
func decide(ctx context.Context, d Decider, b budget, e event) Verdict {
	if !time.Now().Before(e.Deadline) {
		return failed("the hook is asked too late: %v", e.outOfTime())
	}
	ctx, cancel := b.deciding(ctx, e.Execution)
	defer cancel()
	awaitRound(ctx, e.notBefore)

	// A goroutine of its own: what doesn't return can then be left behind, and a
	// runtime.Goexit (testing's FailNow, say) doesn't take the invocation with it. The
	// channel has room, so that one left behind can still end.
	decided := make(chan Verdict, 1)
	go run(ctx, d, e.Execution, decided)

	select {
	case v := <-decided:
		return v.settled(e.Execution)
	case <-ctx.Done():
	}
	grace := time.NewTimer(b.grace())
	defer grace.Stop()
	select {
	case v := <-decided:
		return v.settled(e.Execution)
	case <-grace.C:
	}
	switch {
	case !errors.Is(ctx.Err(), context.DeadlineExceeded):
	case time.Now().Before(e.Deadline):
		return failed("the hook did not finish in time: %v; raise the function's timeout or shorten the checks", context.Cause(ctx))
	default:
		return failed("the hook did not finish in time: %v; shorten the checks", context.Cause(ctx))
	}
	return failed("the hook was stopped before it finished: %v", context.Cause(ctx))
}

// awaitRound waits until a round that was handed over is to decide, but for no more than half of
// the time that it has to.
func awaitRound(ctx context.Context, notBefore time.Time) {
	wait := time.Until(notBefore)
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)/2)
	}
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func run(ctx context.Context, d Decider, e Execution, decided chan<- Verdict) {
	v := failed("the hook ended its goroutine without a verdict (runtime.Goexit, as testing's FailNow calls it)")
	defer func() {
		if p := recover(); p != nil {
			logPanic(ctx, p)
			v = failed("panic: %v", p)
		}
		decided <- v
	}()
	v = d.Decide(ctx, e)
}

// logPanic logs where a panic came from. The reason has its text alone: a stack is no line.
func logPanic(ctx context.Context, p any) {
	// A log handler that panics in its turn must not cost the verdict.
	defer func() { _ = recover() }()
	Logger(ctx).LogAttrs(ctx, slog.LevelError, "panic",
		slog.String("panic", oneLine(fmt.Sprint(p))), slog.String("stack", string(debug.Stack())))
}
