package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// errOver ends the checks that still run when another has made the verdict certain.
var errOver = errors.New("another check failed first")

func over(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errOver) }

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
	left := time.Until(deadline)
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
		sum, longest = sum+each, max(longest, each)
	}
	if s.Serial {
		return sum
	}
	// So many side by side, so many times one after the other.
	turns := (len(s.Checks) + MaxSideBySide - 1) / MaxSideBySide
	return min(sum, longest*time.Duration(turns))
}
