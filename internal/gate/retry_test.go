package gate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func TestRetry(t *testing.T) {
	refused := noAnswer(0, "connection refused")
	timeout := func(d time.Duration) func(*plan.Check) { return func(c *plan.Check) { c.Timeout = d } }
	retry := func(attempts int, delay time.Duration) func(*plan.Check) {
		return func(c *plan.Check) { c.Retry = plan.Retry{Attempts: attempts, Delay: delay} }
	}
	for _, tt := range []struct {
		why   string
		check *plan.Check
		want  string
		asked []string // when, since the start
	}{
		{
			"no answer is asked again, later each time", planned("a", refused, refused, refused, passes(ms)),
			"a: passed in 701ms, 1 runs, 4 attempts: passed at attempt 4; before: connection refused",
			[]string{"0s", "100ms", "300ms", "700ms"},
		},
		{
			"the wait stops growing at a second", with(planned("a", refused), timeout(5500*ms)),
			"a: inconclusive in 4.5s, 1 runs, 8 attempts: connection refused (8 attempts in 4.5s)",
			[]string{"0s", "100ms", "300ms", "700ms", "1.5s", "2.5s", "3.5s", "4.5s"},
		},
		{
			"a wait that the plan sets longer than that stays as it is", with(with(planned("a", refused), timeout(10*second)), retry(0, 3*second)),
			"a: inconclusive in 9s, 1 runs, 4 attempts: connection refused (4 attempts in 9s)",
			[]string{"0s", "3s", "6s", "9s"},
		},
		{
			"a check that could only wait until its time is up is given up before", planned("a", refused),
			"a: inconclusive in 1.5s, 1 runs, 5 attempts: connection refused (5 attempts in 1.5s)",
			[]string{"0s", "100ms", "300ms", "700ms", "1.5s"},
		},
		{
			"attempts are counted", with(planned("a", refused), retry(2, 100*ms)),
			"a: inconclusive in 100ms, 1 runs, 2 attempts: connection refused (2 attempts in 100ms)",
			[]string{"0s", "100ms"},
		},
		{
			"one attempt is none again", with(planned("a", refused, passes(0)), retry(1, 100*ms)),
			"a: inconclusive in 0s, 1 runs, 1 attempts: connection refused",
			[]string{"0s"},
		},
		{
			"no delay is still a little one", with(planned("a", refused, refused, passes(0)), retry(0, 0)),
			"a: passed in 30ms, 1 runs, 3 attempts: passed at attempt 3; before: connection refused",
			[]string{"0s", "10ms", "30ms"},
		},
		{
			"a wrong answer is never retried away", planned("a", fails(ms, "status 500"), passes(ms)),
			"a: failed in 1ms, 1 runs, 1 attempts: status 500",
			[]string{"0s"},
		},
		{
			"nor is it behind no answer", planned("a", refused, fails(ms, "status 500"), passes(ms)),
			"a: failed in 101ms, 1 runs, 2 attempts: status 500 (2 attempts in 101ms)",
			[]string{"0s", "100ms"},
		},
		{
			"nor is what can't be judged", planned("a", unclear(ms, "the body is over 10 MB"), passes(ms)),
			"a: inconclusive in 1ms, 1 runs, 1 attempts: the body is over 10 MB",
			[]string{"0s"},
		},
		{
			"what the end of the time cuts off says less than the attempt before", planned("a", refused, noAnswer(time.Hour, "never")),
			"a: inconclusive in 2s, 1 runs, 2 attempts: connection refused (2 attempts in 2s)",
			[]string{"0s", "100ms"},
		},
		{
			"where nothing came before, it says what it can", planned("a", noAnswer(time.Hour, "never")),
			"a: inconclusive in 2s, 1 runs, 1 attempts: nothing answered in time",
			[]string{"0s"},
		},
		{
			"the balancer's own 503 is asked again", planned("a", spreading(ms), spreading(ms), passes(ms)),
			"a: passed in 303ms, 1 runs, 3 attempts: passed at attempt 3; before: status 503",
			[]string{"0s", "101ms", "302ms"},
		},
		{
			"for ten seconds, not for all of the time", with(planned("a", spreading(0)), timeout(60*second)),
			"a: failed in 10.5s, 1 runs, 14 attempts: status 503 (14 attempts in 10.5s)",
			nil,
		},
		{
			"the ten seconds begin with the first 503", with(planned("a", noAnswer(5*second, "reset"), spreading(0)), timeout(60*second)),
			"a: failed in 15.5s, 1 runs, 14 attempts: status 503 (14 attempts in 15.5s)",
			nil,
		},
		{
			"and end with the timeout, where it is shorter", planned("a", spreading(0)),
			"a: failed in 1.5s, 1 runs, 5 attempts: status 503 (5 attempts in 1.5s)",
			nil,
		},
		{
			"the cut-off attempt behind a 503 leaves the 503", planned("a", spreading(0), noAnswer(time.Hour, "never")),
			"a: failed in 2s, 1 runs, 2 attempts: status 503 (2 attempts in 2s)",
			nil,
		},
		{
			"a reason of many lines is told on one", planned("a", fails(0, "expected\n\ta\nfound\n\tb")),
			"a: failed in 0s, 1 runs, 1 attempts: expected a found b",
			[]string{"0s"},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, _ := run(t.Context(), asks(tt.check))
				same(t, "reports", []string{tt.want}, lines(v.Checks))
				if tt.asked != nil {
					same(t, "asked at", tt.asked, tt.check.Check.(*script).at)
				}
			})
		})
	}
}

func TestEventually(t *testing.T) {
	for _, tt := range []struct {
		why           string
		within, every time.Duration
		check         *plan.Check
		want          string
	}{
		{
			"it passes at once", 10 * second, second, planned("a", passes(ms)),
			"a: passed in 1ms, 1 runs, 1 attempts",
		},
		{
			"a wrong answer is asked again", 10 * second, 3 * second, planned("a", fails(ms, "status 500"), fails(second, "status 500"), passes(ms)),
			"a: passed in 6.001s, 3 runs, 3 attempts: passed at run 3, after 6s",
		},
		{
			"every is from start to start", 10 * second, 3 * second, planned("a", fails(2*second-ms, "x"), passes(0)),
			"a: passed in 3s, 2 runs, 2 attempts: passed at run 2, after 3s",
		},
		{
			"runs that take longer than every don't follow without a pause", 10 * second, ms, planned("a", fails(second, "x"), passes(0)),
			"a: passed in 1.01s, 2 runs, 2 attempts: passed at run 2, after 1s",
		},
		{
			"retries belong to a run", 10 * second, second, planned("a", noAnswer(0, "refused"), fails(0, "status 500"), passes(0)),
			"a: passed in 1s, 2 runs, 3 attempts: passed at run 2, after 1s",
		},
		{
			"it is still so when no other run fits", 10 * second, 4 * second, planned("a", fails(0, "status 500")),
			"a: failed in 8s, 3 runs, 3 attempts: status 500 (still so at run 3, after 8s)",
		},
		{
			"the last whole run is told, not one that was cut off", 10 * second, 4 * second, planned("a", fails(0, "status 500"), fails(0, "status 404"), noAnswer(time.Hour, "never")),
			"a: failed in 10s, 3 runs, 3 attempts: status 404 (still so at run 3, after 10s)",
		},
		{
			"a first run that is cut off is all there is", second, 100 * ms, planned("a", noAnswer(time.Hour, "never")),
			"a: inconclusive in 1s, 1 runs, 1 attempts: nothing answered in time",
		},
		{
			"no answer in one run may be an answer in the next", 10 * second, second, planned("a", noAnswer(time.Hour, "never"), passes(ms)),
			"a: passed in 2.011s, 2 runs, 2 attempts: passed at run 2, after 2s",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.check.Eventually = &plan.Eventually{Within: tt.within, Every: tt.every}
				v, _ := run(t.Context(), asks(tt.check))
				same(t, "reports", []string{tt.want}, lines(v.Checks))
				if runs := times(tt.check); runs != v.Checks[0].Attempts {
					t.Errorf("asked %d times, told %d", runs, v.Checks[0].Attempts)
				}
			})
		})
	}
}

func TestTheReportHasTheRequestsOfTheRunThatDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := fails(0, "status 500"), passes(0)
		first.result.Requests = []check.Request{{URL: "first"}}
		second.result.Requests = []check.Request{{URL: "second"}}
		c := planned("a", first, second)
		c.Eventually = &plan.Eventually{Within: time.Minute, Every: time.Second}
		v, _ := run(t.Context(), asks(c))
		if got := v.Checks[0].Requests; len(got) != 1 || got[0].URL != "second" {
			t.Errorf("requests %v", got)
		}
	})
}
