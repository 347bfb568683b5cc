package hook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// A Reporter puts an execution's status, Succeeded or Failed: with CodeDeploy, or with ECS where
// e is of a pause. A hook of ECS's that isn't is never reported, since what the function returns
// is the answer. Report is one attempt: the handler repeats it, and decides by the error whether another attempt is worth making. Errors of the AWS SDK are
// understood; any other error is worth another attempt unless it has a method
// RetryableError() bool that returns false. Report must return when its context ends, and be
// safe for concurrent use.
type Reporter interface {
	Report(ctx context.Context, e Execution, s Status) error
}

// A ReporterFunc is a function as a [Reporter].
type ReporterFunc func(ctx context.Context, e Execution, s Status) error

// Report calls f.
func (f ReporterFunc) Report(ctx context.Context, e Execution, s Status) error { return f(ctx, e, s) }

// A ReportError says that a verdict was reached but could not be given to CodeDeploy, or to ECS.
type ReportError struct {
	Execution Execution
	Verdict   Verdict
	Attempts  int   // how often it was tried
	Err       error // the last attempt's
}

func (e *ReportError) Error() string {
	attempts := "1 attempt"
	if e.Attempts != 1 {
		attempts = fmt.Sprintf("%d attempts", e.Attempts)
	}
	return fmt.Sprintf("report %s for deployment %s: not delivered in %s: %s",
		e.Verdict.Status, cut(e.Execution.DeploymentID, 80), attempts, oneLine(e.Err.Error()))
}

// Unwrap returns the last attempt's error.
func (e *ReportError) Unwrap() error { return e.Err }

// firstWait bounds the wait after the first attempt; each later bound is double the one
// before. Throttling usually clears within a fraction of a second.
const firstWait = 100 * time.Millisecond

// leastAttempt is the time below which another attempt isn't started: no request is
// through in less.
const leastAttempt = 20 * time.Millisecond

// fullJitter draws a wait from the whole of [0, bound], which spreads the retries of many
// hooks better than any fixed part would.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
func fullJitter(bound time.Duration) time.Duration { return rand.N(bound + 1) } //nolint:gosec // spreads load, guards nothing

// A delivery is what became of a report, or of a hand-over.
type delivery struct {
	attempts  int
	completed bool // there was an answer already
	err       error
}

// A courier repeats a call until it is through, until its error is final, or until the context
// ends.
//
// The SDK's own retryer would not do. It takes an attempt that was cut for hanging as
// canceled by the caller, and so final; and where the context ends during a wait, it
// returns that, and the cause that a reader needs (throttled, refused, …) is lost.
type courier struct {
	limit   time.Duration // the most that one attempt may take
	maxWait time.Duration
	jitter  func(bound time.Duration) time.Duration
}

// deliver makes the call, which what names in the log. It needs a context with a deadline.
func (c courier) deliver(ctx context.Context, what string, call func(context.Context) error) delivery {
	bound := firstWait
	var last error
	for n := 1; ; n++ {
		err := c.attempt(ctx, call)
		switch fate := judge(err); {
		case fate == delivered:
			return delivery{attempts: n}
		case fate == completed:
			return delivery{attempts: n, completed: true}
		case fate == final:
			return delivery{attempts: n, err: explained(err)}
		case last == nil || ctx.Err() == nil:
			// The attempt that the deadline cuts off says less than the one before it.
			last = err
		}
		wait := c.wait(ctx, bound)
		Logger(ctx).LogAttrs(ctx, slog.LevelWarn, what+" not delivered yet",
			slog.Int("attempt", n), slog.String("error", oneLine(err.Error())), slog.String("retry_in", rounded(wait).String()))
		if !pause(ctx, wait) {
			return delivery{attempts: n, err: last}
		}
		bound = min(2*bound, c.maxWait)
	}
}

// attempt makes one attempt, and gives it up when it hangs, so that another can be tried.
func (c courier) attempt(ctx context.Context, call func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			logPanic(ctx, p)
			err = &panicError{value: p}
		}
	}()
	began := time.Now()
	err = call(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v: %w", rounded(time.Since(began)), err)
	}
	return err
}

// wait draws the time until the next attempt, out of at most half of what is left, so that
// the last attempts come before the deadline and not after it.
func (c courier) wait(ctx context.Context, bound time.Duration) time.Duration {
	bound = min(bound, c.maxWait)
	if deadline, ok := ctx.Deadline(); ok {
		bound = min(bound, time.Until(deadline)/2)
	}
	return c.jitter(max(bound, 0))
}

// pause waits, and reports whether there is time for another attempt.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) >= leastAttempt)
}

// A panicError is a panic of a Reporter, or of what hands over. It would panic again.
type panicError struct{ value any }

func (e *panicError) Error() string      { return fmt.Sprintf("panic: %v", e.value) }
func (*panicError) RetryableError() bool { return false }
