package hook

import (
	"context"
	"errors"
)

// A Decider gives the verdict of an execution.
//
// Its context ends when the time reserved for the report begins; context.Cause then
// says how long that was. A decider should return soon after: it is given a tenth of
// the reserve to do so with a reason of its own, then Failed is reported without it.
// A panic is a verdict of Failed. [Logger] gives the execution's logger.
//
// Where the execution can continue, a decider that won't finish before its context ends gives
// [InProgress] while there is time to.
//
// A Decider must be safe for concurrent use where Lambda runs several invocations in
// one sandbox, as Lambda Managed Instances do.
type Decider interface {
	Decide(ctx context.Context, e Execution) Verdict
}

// A Func is the simplest [Decider]: nil is Succeeded, an error is Failed with its text as
// the reason.
type Func func(ctx context.Context, e Execution) error

// Decide calls f.
func (f Func) Decide(ctx context.Context, e Execution) Verdict {
	err := f(ctx, e)
	if err == nil {
		return Verdict{Status: Succeeded, Reason: "the hook's function returned no error"}
	}
	// "context deadline exceeded" alone would leave a reader wondering which deadline.
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) && !errors.Is(err, cause) {
		return failed("%v: %v", err, cause)
	}
	return failed("%v", err)
}
