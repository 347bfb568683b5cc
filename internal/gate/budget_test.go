package gate_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func TestAPlanThatCanNotFinishInTimeFailsAtOnce(t *testing.T) {
	lasts := func(timeout time.Duration) *plan.Check {
		return with(planned("a", passes(0)), func(c *plan.Check) { c.Timeout = timeout })
	}
	many := func(n int, c *plan.Check) (list []*plan.Check) {
		for range n {
			each := *c
			each.Check = &script{steps: []step{passes(0)}}
			list = append(list, &each)
		}
		return list
	}
	eventually := with(lasts(2*second), func(c *plan.Check) { c.Eventually = &plan.Eventually{Within: 90 * second, Every: second} })
	const advice = "; give the function a longer timeout, or the stage "
	for _, tt := range []struct {
		why    string
		left   time.Duration
		stage  plan.Stage
		name   lifecycle.Stage
		reason string // empty: it has the time
	}{
		{
			"a budget longer than the time", 20 * second,
			plan.Stage{Budget: 60 * second, Checks: many(1, lasts(second))},
			"AfterAllowTraffic",
			"plan.yaml:2:9: the budget for AfterAllowTraffic is 1m, and 20s are left before the answer is due: 40s too few" + advice + "a smaller budget",
		},
		{
			"by a little, to the millisecond", 1500 * ms,
			plan.Stage{Budget: 1600 * ms, Checks: many(1, lasts(second))},
			"",
			"plan.yaml:2:9: the budget for this stage is 1.6s, and 1.5s are left before the answer is due: 100ms too few" + advice + "a smaller budget",
		},
		{"a budget as long as the time", 60 * second, plan.Stage{Budget: 60 * second, Checks: many(1, lasts(second))}, "", ""},
		{"a budget bounds checks that would take longer", 20 * second, plan.Stage{Budget: 10 * second, Checks: many(1, lasts(time.Hour))}, "", ""},
		{"side by side, the longest counts", 30 * second, plan.Stage{Checks: []*plan.Check{lasts(10 * second), lasts(30 * second)}}, "", ""},
		{
			"and is too long", 20 * second,
			plan.Stage{Checks: []*plan.Check{lasts(10 * second), lasts(30 * second)}},
			"AfterAllowTraffic",
			"the checks of AfterAllowTraffic may take 30s, and 20s are left before the answer is due: 10s too few" + advice + "a budget that bounds them",
		},
		{
			"one after the other, the sum counts", 30 * second,
			plan.Stage{Serial: true, Checks: []*plan.Check{lasts(10 * second), lasts(30 * second)}},
			"AfterAllowTraffic",
			"the checks of AfterAllowTraffic may take 40s, and 30s are left before the answer is due: 10s too few" + advice + "a budget that bounds them",
		},
		{
			"more than run side by side take turns", 3 * second,
			plan.Stage{Checks: many(2*gate.MaxSideBySide, lasts(2*second))},
			"",
			"the checks of this stage may take 4s, and 3s are left before the answer is due: 1s too few" + advice + "a budget that bounds them",
		},
		{"turns need no more than the sum", 61 * second, plan.Stage{Checks: append(many(1, lasts(30*second)), many(gate.MaxSideBySide, lasts(second/2))...)}, "", ""},
		{
			"eventually counts, not one run", 60 * second,
			plan.Stage{Checks: many(1, eventually)},
			"",
			"the checks of this stage may take 1m30s, and 1m are left before the answer is due: 30s too few" + advice + "a budget that bounds them",
		},
		{
			"the time is already over", 0,
			plan.Stage{Checks: many(1, lasts(second))},
			"",
			"the checks of this stage may take 1s, and 0s are left before the answer is due: 1s too few" + advice + "a budget that bounds them",
		},
		{
			"a sum past the end of int64 is not a short one", time.Hour,
			plan.Stage{Serial: true, Checks: many(3, lasts(math.MaxInt64/2))},
			"",
			"the checks of this stage may take 2562047h47m16.854775807s, and 1h are left before the answer is due: 2562046h47m16.9s too few" + advice + "a budget that bounds them",
		},
		{
			"nor are turns", time.Hour,
			plan.Stage{Checks: many(3*gate.MaxSideBySide, lasts(math.MaxInt64/2))},
			"",
			"the checks of this stage may take 2562047h47m16.854775807s, and 1h are left before the answer is due: 2562046h47m16.9s too few" + advice + "a budget that bounds them",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.left)
				defer cancel()
				tt.stage.BudgetAt = strictyaml.Position{File: "plan.yaml", Line: 2, Column: 9}
				v := gate.Run(ctx, gate.Execution{Stage: tt.name, Asked: &tt.stage})
				if tt.reason == "" {
					if !v.Succeeded {
						t.Errorf("refused: %s", v.Reason)
					}
					return
				}
				is(t, v, check.Failed, tt.reason)
				if v.Succeeded || len(v.Checks) != 0 {
					t.Errorf("checks ran: %v", lines(v.Checks))
				}
			})
		})
	}
}

func TestWithoutADeadlineAPlanMayTakeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := with(planned("a", passes(time.Hour)), func(c *plan.Check) { c.Timeout = 2 * time.Hour })
		v, _ := run(t.Context(), asks(c))
		is(t, v, check.Passed, "a passed")
	})
}

func TestABudgetThatRunsOutEndsTheStage(t *testing.T) {
	long := func(c *plan.Check) { c.Timeout = time.Minute }
	patient := func(c *plan.Check) { c.Eventually = &plan.Eventually{Within: time.Minute, Every: 3 * second} }
	for _, tt := range []struct {
		why     string
		serial  bool
		checks  []*plan.Check
		outcome check.Outcome
		want    []string
	}{
		{
			"a check is cut off", false,
			[]*plan.Check{planned("a", passes(ms)), with(planned("b", noAnswer(time.Hour, "never")), long)},
			check.Inconclusive,
			[]string{
				"a: passed in 1ms, 1 runs, 1 attempts",
				"b: inconclusive in 5s, 1 runs, 1 attempts: nothing answered in time (the stage's budget of 5s ran out)",
			},
		},
		{
			"what comes after isn't run", true,
			[]*plan.Check{with(planned("a", noAnswer(time.Hour, "never")), long), planned("b", passes(ms))},
			check.Inconclusive,
			[]string{
				"a: inconclusive in 5s, 1 runs, 1 attempts: nothing answered in time (the stage's budget of 5s ran out)",
				"b: inconclusive in 0s, 0 runs, 0 attempts: not run: the stage's budget of 5s ran out",
			},
		},
		{
			"another run doesn't fit", false,
			[]*plan.Check{with(planned("a", fails(0, "status 500")), patient)},
			check.Failed,
			[]string{"a: failed in 3s, 2 runs, 2 attempts: status 500 (still so at run 2, after 3s; the stage's budget of 5s ran out)"},
		},
		{
			"another attempt doesn't fit", false,
			[]*plan.Check{with(planned("a", noAnswer(4*second, "reset")), func(c *plan.Check) {
				c.Timeout, c.Retry.Delay = time.Minute, 2*second
			})},
			check.Inconclusive,
			[]string{"a: inconclusive in 4s, 1 runs, 1 attempts: reset (the stage's budget of 5s ran out)"},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, _ := run(t.Context(), &plan.Stage{Budget: 5 * second, Serial: tt.serial, Checks: tt.checks})
				same(t, "reports", tt.want, lines(v.Checks))
				if v.Outcome != tt.outcome || v.Succeeded {
					t.Errorf("the verdict is %s: %s", v.Outcome, v.Reason)
				}
			})
		})
	}
}
