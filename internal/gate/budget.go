package gate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// errOver ends the checks that still run when another has made the verdict certain.
var errOver = errors.New("another check failed first")

// over says that another check's failure is what ended ctx.
func over(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errOver) }

// ended says what ended ctx, in words for a reason.
func ended(ctx context.Context) string {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, context.DeadlineExceeded):
		return "the time for the checks ran out"
	case errors.Is(cause, context.Canceled):
		return "interrupted"
	default:
		return strictyaml.OneLine(cause.Error())
	}
}

// errBudget ends the checks of a stage whose budget is used up.
type errBudget struct{ budget time.Duration }

func (e errBudget) Error() string {
	return fmt.Sprintf("the stage's budget of %s ran out", strictyaml.Duration(e.budget))
}

// shortfall says by how much the time that the execution has is too short for the plan; nothing where it isn't, or
// where there is no deadline. A plan that can't finish in time fails now, and each time: not on the one day on which
// green is slow.
func shortfall(ctx context.Context, e Execution) string {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ""
	}
	left := max(time.Until(deadline), 0)
	at := "this stage"
	if e.Stage != "" {
		at = string(e.Stage)
	}
	if budget := e.Asked.Budget; budget > 0 {
		if budget <= left {
			return ""
		}
		return fmt.Sprintf("%s: the budget for %s is %s, and %s are left before the answer is due: %s too few; give the function a longer timeout, or the stage a smaller budget",
			e.Asked.BudgetAt, at, shown(budget), shown(left), shown(budget-left))
	}
	if need := need(e.Asked); need > left {
		return fmt.Sprintf("the checks of %s may take %s, and %s are left before the answer is due: %s too few; give the function a longer timeout, or the stage a budget that bounds them",
			at, shown(need), shown(left), shown(need-left))
	}
	return ""
}

// shown rounds to what a person compares: milliseconds where it is about seconds, else tenths of a second.
func shown(d time.Duration) string {
	to := 100 * time.Millisecond
	if d < time.Second {
		to = time.Millisecond
	}
	return strictyaml.Duration(d.Round(to)).String()
}

// need is the longest that the checks of a stage can take together.
func need(s *plan.Stage) time.Duration {
	var sum, longest time.Duration
	for _, c := range s.Checks {
		each := c.Timeout
		if c.Eventually != nil {
			each = c.Eventually.Within
		}
		sum, longest = plus(sum, each), max(longest, each)
	}
	if s.Serial {
		return sum
	}
	// So many side by side, so many times one after the other.
	var turns time.Duration
	for i := 0; i < len(s.Checks); i += MaxSideBySide {
		turns = plus(turns, longest)
	}
	return min(sum, turns)
}

// plus adds, and stops where int64 does: a sum that turns negative would fit into any deadline.
func plus(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
