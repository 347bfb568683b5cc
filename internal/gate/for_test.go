package gate_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func TestFor(t *testing.T) {
	refused := noAnswer(0, "connection refused")
	bad := fails(0, "status 500")
	for _, tt := range []struct {
		why   string
		check *plan.Check
		want  string
	}{
		{"it passes again and again", lasting(planned("a", passes(ms)), 5*time.Minute, time.Minute), "a: passed in 5m0.001s, 6 runs, 6 attempts: passed for 5m of 5m"},
		{"the last run is at the end of the time", lasting(planned("a", passes(ms)), 5*time.Minute, 2*time.Minute), "a: passed in 5m0.001s, 4 runs, 4 attempts: passed for 5m of 5m"},
		{"also where every is longer", lasting(planned("a", passes(ms)), 30*second, time.Minute), "a: passed in 30.001s, 2 runs, 2 attempts: passed for 30s of 30s"},
		{"one that fails at first has failed", lasting(planned("a", bad, passes(0)), time.Minute, 10*second), "a: failed in 0s, 1 runs, 1 attempts: status 500"},
		{
			"the first failure ends it", lasting(planned("a", passes(0), passes(0), passes(0), bad, passes(0)), time.Minute, 10*second),
			"a: failed in 30s, 4 runs, 4 attempts: status 500 (at run 4, after it had passed for 30s of 1m)",
		},
		{
			"no answer is asked again within a run", lasting(planned("a", passes(0), refused, passes(0)), 10*second, 10*second),
			"a: passed in 10.1s, 2 runs, 3 attempts: passed for 10s of 10s",
		},
		{
			"and is none when the run is over", lasting(planned("a", passes(0), refused), time.Minute, 10*second),
			"a: inconclusive in 11.5s, 2 runs, 6 attempts: connection refused (at run 2, after it had passed for 11.5s of 1m)",
		},
		{
			"with eventually it may take its time to pass first", within(lasting(planned("a", bad, refused, passes(0)), time.Minute, 20*second), 30*second, 5*second),
			"a: passed in 1m5s, 5 runs, 6 attempts: passed for 1m of 1m",
		},
		{
			"not for long", within(lasting(planned("a", bad), time.Minute, 20*second), 30*second, 10*second),
			"a: failed in 20s, 3 runs, 3 attempts: status 500 (still so at run 3, after 20s)",
		},
		{
			"and may not fail again", within(lasting(planned("a", bad, passes(0), bad, passes(0)), time.Minute, 20*second), 30*second, 5*second),
			"a: failed in 25s, 3 runs, 3 attempts: status 500 (at run 3, after it had passed for 20s of 1m)",
		},
		{
			"so many runs may be wanted in place of the time", counted(lasting(planned("a", passes(second)), 3*second, ms), 6),
			"a: passed in 6.05s, 6 runs, 6 attempts: passed for 3s of 3s",
		},
		{
			"of which each must pass", counted(lasting(planned("a", passes(0), passes(0), bad), 3*second, 5*second), 3),
			"a: failed in 10s, 3 runs, 3 attempts: status 500 (at run 3, after it had passed for 3s of 3s)",
		},
		{
			"runs that take longer than every don't follow without a pause", lasting(planned("a", passes(second)), 3*second, ms),
			"a: passed in 4.03s, 4 runs, 4 attempts: passed for 3s of 3s",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, _ := run(t.Context(), asks(tt.check))
				same(t, "reports", []string{tt.want}, lines(v.Checks))
			})
		})
	}
}

// counted has a check run so often, whatever time that takes.
func counted(c *plan.Check, runs int) *plan.Check {
	if c.For != nil {
		c.For.Runs = runs
	}
	if c.Eventually != nil {
		c.Eventually.Runs = runs
	}
	return c
}

func TestEventuallyMayEndWithANumberOfRuns(t *testing.T) {
	for _, tt := range []struct {
		why   string
		check *plan.Check
		want  string
	}{
		{"that don't pass", counted(within(planned("a", fails(second, "status 500")), time.Hour, ms), 3), "a: failed in 3.02s, 3 runs, 3 attempts: status 500 (still so at run 3, after 3s)"},
		{"of which the last one passes", counted(within(planned("a", fails(second, "status 500"), fails(0, "status 500"), passes(0)), time.Hour, ms), 3), "a: passed in 1.02s, 3 runs, 3 attempts: passed at run 3, after 1s"},
		{"or with the time", counted(within(planned("a", fails(second, "status 500")), 1500*ms, ms), 3), "a: failed in 1.5s, 2 runs, 2 attempts: status 500 (still so at run 2, after 1.5s)"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, _ := run(t.Context(), asks(tt.check))
				same(t, "reports", []string{tt.want}, lines(v.Checks))
			})
		})
	}
}

func TestACheckThatPassedForTooLittleTimeIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := within(lasting(planned("a", fails(0, "not yet"), passes(ms)), 50*second, 10*second), 20*second, 15*second)
		stage := asks(c)
		stage.Budget = 60 * second
		v, _ := run(t.Context(), stage)
		is(t, v, check.Inconclusive, "inconclusive: a: passed, but only for 40s of 50s (the stage's budget of 1m ran out)")
	})
}

func TestAPlanThatHasNoTimeForItsForFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		v, _ := run(ctx, asks(lasting(planned("a", passes(0)), 5*time.Minute, time.Minute)))
		is(t, v, check.Failed, "the checks of AfterAllowTestTraffic may take 5m4s, and 5m are left before the answer is due: 4s too few; give the function a longer timeout, or the stage a budget that bounds them")
	})
}
