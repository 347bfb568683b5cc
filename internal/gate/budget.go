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

// errOver ends the checks that still run when another has made the verdict certain; errUnproven keeps them from being
// asked.
var (
	errOver     = errors.New("another check failed first")
	errUnproven = errors.New("it was not shown that green is green")
)

// over says that ctx ended because the verdict is certain.
func over(ctx context.Context) bool {
	cause := context.Cause(ctx)
	return errors.Is(cause, errOver) || errors.Is(cause, errUnproven)
}

const timeOver = "the time for the checks ran out"

// ended says what ended ctx, in words for a reason.
func ended(ctx context.Context) string {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, context.DeadlineExceeded):
		return timeOver
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

// ranOut says that it was the stage's time that ended then, and not a check's own.
func (s *stage) ranOut(end time.Time) string {
	switch {
	case !s.budgetEnd.IsZero() && end.Equal(s.budgetEnd):
		return errBudget{s.Asked.Budget}.Error()
	case !s.end.IsZero() && end.Equal(s.end):
		return timeOver
	}
	return ""
}

// shortfall says by how much the time that the execution has is too short for the plan; nothing where it isn't, or
// where there is no deadline. A plan that can't finish in time fails now, and each time: not on the one day on which
// green is slow. Where it may take several calls it is held against all of their time, and each run against this one's.
func (s *stage) shortfall(now, deadline time.Time) string {
	remedy := "give the function a longer timeout"
	if s.CanSuspend {
		if !deadline.IsZero() {
			if tooLong := s.tooLong(deadline.Sub(now)); tooLong != "" {
				return tooLong
			}
		}
		deadline = s.Until
		remedy = "let the hook take longer"
	}
	if deadline.IsZero() || len(s.Resume) > 0 {
		return ""
	}
	left := max(deadline.Sub(now), 0)
	if budget := s.Asked.Budget; budget > 0 {
		if budget <= left {
			return ""
		}
		return fmt.Sprintf("%s: the budget for %s is %s, and %s are left before the answer is due: %s too few; %s, or the stage a smaller budget",
			s.Asked.BudgetAt, s.name(), shown(budget), shown(left), shown(budget-left), remedy)
	}
	if need := s.need(); need > left {
		return fmt.Sprintf("the checks of %s may take %s, and %s are left before the answer is due: %s too few; %s, or the stage a budget that bounds them",
			s.name(), shown(need), shown(left), shown(need-left), remedy)
	}
	return ""
}

// tooLong names the first check of which one run is longer than a whole call: no call would ever begin it.
func (s *stage) tooLong(call time.Duration) string {
	left := max(call-RoundReserve, 0)
	for _, r := range s.all() {
		if longest := r.longest(); r.report == nil && longest > left {
			return fmt.Sprintf("one run of %s may take %s, and %s are left of this call: %s too few; give the function a longer timeout, or the check a shorter one",
				r.check.Name, shown(longest), shown(left), shown(longest-left))
		}
	}
	return ""
}

// name is that of the stage, for a reason.
func (s *stage) name() string {
	if s.Stage == "" {
		return "this stage"
	}
	return string(s.Stage)
}

// shown rounds to what a person compares: milliseconds where it is about seconds, else tenths of a second.
func shown(d time.Duration) string {
	to := 100 * time.Millisecond
	if d < time.Second {
		to = time.Millisecond
	}
	return strictyaml.Duration(d.Round(to)).String()
}

// need is the longest that the checks of a stage can take together, each proof of green asked once: those wait only for as
// long as they leave the checks their time.
func (s *stage) need() time.Duration {
	sum := need(s.Asked)
	for _, r := range append(s.before, s.after...) {
		sum = plus(sum, r.check.Timeout)
	}
	return sum
}

// need is the longest that the checks of a stage can take together.
func need(s *plan.Stage) time.Duration {
	var sum, longest time.Duration
	for _, c := range s.Checks {
		each := c.Timeout
		if c.Eventually != nil {
			each = c.Eventually.Within
		}
		if c.For != nil {
			each = plus(each, plus(c.For.Lasting, c.Timeout))
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
