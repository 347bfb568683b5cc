package gate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// proves answers as it is told to, the last step again and again.
func proves(steps ...step) func(context.Context) check.Result {
	s := &script{steps: steps}
	return func(ctx context.Context) check.Result { return s.Run(ctx, check.Scope{}) }
}

const isProduction = "the test listener forwards to tg-1, which has 100% of production traffic"

func TestGreenIsShownToBeGreenBeforeTheChecksAndAfterThem(t *testing.T) {
	unready := noAnswer(100*ms, "0 of 2 targets are healthy")
	production := unclear(100*ms, isProduction)
	shown := passes(100 * ms)
	notRun := "a: inconclusive in 0s, 0 runs, 0 attempts, cancelled: not run: it was not shown that green is green"
	for _, tt := range []struct {
		why     string
		prove   []step
		check   *plan.Check
		outcome check.Outcome
		reason  string
		want    []string
	}{
		{
			"shown both times", []step{shown}, planned("a", passes(ms)), check.Passed, "a passed", []string{
				"green is green: passed in 100ms, 1 runs, 1 attempts",
				"a: passed in 1ms, 1 runs, 1 attempts",
				"green is green, again: passed in 100ms, 1 runs, 1 attempts",
			},
		},
		{
			"not shown, and no time would change it",
			[]step{production},
			passesUnclear(planned("a", passes(ms))), check.Inconclusive,
			"inconclusive: green is green: " + isProduction,
			[]string{
				"green is green: inconclusive in 100ms, 1 runs, 1 attempts: " + isProduction, notRun,
			},
		},
		{
			"targets become healthy", []step{unready, unready, shown}, planned("a", passes(ms)), check.Passed, "a passed", []string{
				"green is green: passed in 4.1s, 3 runs, 3 attempts: passed at run 3, after 4.1s",
				"a: passed in 1ms, 1 runs, 1 attempts",
				"green is green, again: passed in 100ms, 1 runs, 1 attempts",
			},
		},
		{
			"or don't",
			[]step{unready},
			planned("a", passes(ms)), check.Inconclusive,
			"inconclusive: green is green: 0 of 2 targets are healthy (still so at run 90, after 2m58.1s)",
			[]string{
				"green is green: inconclusive in 2m58.1s, 90 runs, 90 attempts: 0 of 2 targets are healthy (still so at run 90, after 2m58.1s)", notRun,
			},
		},
		{
			"traffic has moved meanwhile",
			[]step{shown, production},
			planned("a", passes(ms)), check.Inconclusive,
			"inconclusive: green is green, again: " + isProduction,
			[]string{
				"green is green: passed in 100ms, 1 runs, 1 attempts",
				"a: passed in 1ms, 1 runs, 1 attempts",
				"green is green, again: inconclusive in 100ms, 1 runs, 1 attempts: " + isProduction,
			},
		},
		{
			"what has failed needs no other proof", []step{shown, production}, planned("a", fails(ms, "status 500")), check.Failed, "a: status 500", []string{
				"green is green: passed in 100ms, 1 runs, 1 attempts",
				"a: failed in 1ms, 1 runs, 1 attempts: status 500",
			},
		},
		{
			"what a rule lets through does",
			[]step{shown, production},
			passesUnclear(planned("a", unclear(ms, "no such host"))), check.Inconclusive,
			"inconclusive: green is green, again: " + isProduction,
			[]string{
				"green is green: passed in 100ms, 1 runs, 1 attempts",
				"a: inconclusive in 1ms, 1 runs, 1 attempts: no such host",
				"green is green, again: inconclusive in 100ms, 1 runs, 1 attempts: " + isProduction,
			},
		},
		{
			"a proof that says wrong says that nothing is shown",
			[]step{fails(0, isProduction)},
			planned("a", passes(ms)), check.Inconclusive,
			"inconclusive: green is green: " + isProduction,
			[]string{
				"green is green: inconclusive in 0s, 1 runs, 1 attempts: " + isProduction, notRun,
			},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := gate.Run(t.Context(), gate.Execution{Asked: asks(tt.check), Prove: proves(tt.prove...)})
				is(t, v, tt.outcome, tt.reason)
				same(t, "reports", tt.want, lines(v.Checks))
				if v.Succeeded != (tt.outcome == check.Passed) || v.Rule != "" {
					t.Errorf("succeeded %t by %q", v.Succeeded, v.Rule)
				}
			})
		})
	}
}

func TestAProofWaitsForAsLongAsItLeavesTheChecksTheirTime(t *testing.T) {
	for _, tt := range []struct {
		why    string
		budget time.Duration
		took   time.Duration
	}{
		// The deadline of 20 s, less the 2 s of the check: the last time to ask is 16 s.
		{"no budget", 0, 16 * second},
		{"a budget of 10 s bounds both", 10 * second, 8 * second},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*second)
				defer cancel()
				stage := asks(planned("a", passes(ms)))
				stage.Budget = tt.budget
				v := gate.Run(ctx, gate.Execution{Asked: stage, Prove: proves(noAnswer(0, "unhealthy"))})
				took(t, v, tt.took)
				if v.Outcome != check.Inconclusive || v.Succeeded {
					t.Errorf("got %s: %s", v.Outcome, v.Reason)
				}
			})
		})
	}
}

func TestTheTimeOfTheProofsIsAskedForToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 11*second)
		defer cancel()
		v := gate.Run(ctx, gate.Execution{Asked: asks(planned("a", passes(ms))), Prove: proves(passes(0))})
		is(t, v, check.Failed, "the checks of this stage may take 12s, and 11s are left before the answer is due: 1s too few; give the function a longer timeout, or the stage a budget that bounds them")
	})
}

func TestAProofGoesOnOverSeveralCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := caller{lasts: always(30 * second), execution: gate.Execution{
			Asked: shared(planned("a", passes(ms))),
			Prove: proves(repeat(40, noAnswer(100*ms, "unhealthy"), passes(0))...),
		}}
		is(t, calls.run(t), check.Passed, "a passed")
		first := calls.calls[0]
		if len(calls.calls) != 4 || !strings.HasPrefix(first.Reason, "in progress: 0 of 1 checks are over; green is green: unhealthy") {
			t.Errorf("%d calls, the first: %s", len(calls.calls), first.Reason)
		}
	})
}

func repeat(n int, s, last step) []step {
	var steps []step
	for range n {
		steps = append(steps, s)
	}
	return append(steps, last)
}

func TestProofsAreObservedInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		stage := asks(planned("a", passes(0)), planned("b", passes(second)))
		stage.Identity = identity(passes(0))
		e := gate.Execution{Asked: stage, Prove: proves(passes(0)), Observe: func(e gate.Event) {
			if e.Report != nil {
				seen = append(seen, e.Report.Name+" is over")
			} else if e.Holding == "" {
				seen = append(seen, e.Check.Name+" starts")
			}
		}}
		v := gate.Run(t.Context(), e)
		same(t, "observed", []string{
			"green is green starts", "green is green is over", "identity starts", "identity is over",
			"a starts", "b starts", "a is over", "b is over",
			"green is green, again starts", "green is green, again is over", "identity, again starts", "identity, again is over",
		}, seen)
		is(t, v, check.Passed, "2 of 2 checks passed")
		if e.Reports() != len(v.Checks) || v.Checks[0].Kind != check.KindProof || v.Checks[1].Kind != check.KindIdentity {
			t.Errorf("%d reports were announced, and there are %v", e.Reports(), lines(v.Checks))
		}
	})
}

// identity asks as the plan's default does.
func identity(steps ...step) *plan.Identity {
	c := planned("GET /version", steps...)
	c.Retry = plan.Retry{Attempts: 1}
	c.Eventually = &plan.Eventually{Within: plan.DefaultIdentityWithin, Every: plan.DefaultIdentityEvery}
	return &plan.Identity{Consecutive: plan.DefaultConsecutive, Check: c}
}

func TestIdentity(t *testing.T) {
	const mismatch = `GET http://green/version: $.image is "shop:1", expected "shop:2"`
	blue := fails(0, mismatch)
	spread := spreading(0)
	final := unclear(0, "plan.yaml:3:21: {{ green.image }}: not known here: the task definition wasn't found")
	for _, tt := range []struct {
		why   string
		steps []step
		want  string
	}{
		{"it answers as green, three times", []step{passes(ms)}, "passed in 501ms, 3 runs, 3 attempts: green answered 3 requests in a row"},
		{
			"blue answers, until the rule has spread",
			[]step{passes(0), blue, passes(0), passes(0), passes(0)},
			"passed in 1s, 5 runs, 5 attempts: green answered 3 requests in a row at request 5, after 1s; before: " + mismatch,
		},
		{
			"nobody answers for a moment",
			[]step{noAnswer(0, "connection refused"), passes(0)},
			"passed in 750ms, 4 runs, 4 attempts: green answered 3 requests in a row at request 4, after 750ms; before: connection refused",
		},
		{
			"blue answers",
			[]step{blue},
			"inconclusive in 29.75s, 120 runs, 120 attempts: " + mismatch + ": it isn't green that answers here (still so at run 120, after 29.8s)",
		},
		{
			"green and blue answer in turns", alternating(blue, passes(0)),
			"inconclusive in 29.75s, 120 runs, 120 attempts: " + mismatch + ": it isn't green alone that answers here (still so at run 120, after 29.8s)",
		},
		{
			"the load balancer answers for green",
			[]step{spread},
			"inconclusive in 29.75s, 120 runs, 120 attempts: status 503 (still so at run 120, after 29.8s)",
		},
		{"what green is isn't known", []step{final}, "inconclusive in 0s, 1 runs, 1 attempts: " + final.result.Reason},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := asks(planned("a", passes(0)))
				stage.Identity = identity(tt.steps...)
				v := gate.Run(t.Context(), gate.Execution{Asked: stage})
				if got := strings.TrimPrefix(lines(v.Checks)[0], "identity: "); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				if shown := v.Checks[0].Outcome == check.Passed; v.Succeeded != shown || (times(stage.Checks[0]) > 0) != shown {
					t.Errorf("succeeded %t, and the check was asked %d times: %s", v.Succeeded, times(stage.Checks[0]), v.Reason)
				}
			})
		})
	}
}

// alternating gives more steps than are asked for.
func alternating(a, b step) (steps []step) {
	for range 100 {
		steps = append(steps, a, b)
	}
	return steps
}

func TestAnotherVersionThatAnswersWhenTheChecksAreOverIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage := asks(planned("a", passes(0)))
		stage.Identity = identity(passes(0), passes(0), passes(0), fails(0, "$.image is shop:1"))
		v := gate.Run(t.Context(), gate.Execution{Asked: stage})
		is(t, v, check.Inconclusive, "inconclusive: identity, again: $.image is shop:1: it isn't green that answers here (still so at run 120, after 29.8s)")
	})
}

func TestRollbacksAndFirstDeploymentsAreJudgedByThePlansRules(t *testing.T) {
	for _, tt := range []struct {
		why             string
		rollback, first bool
		change          func(*plan.Stage)
		reason, rule    string
		asked           bool
	}{
		{"a rollback is let through", true, false, nil, "nothing was asked: this deployment is a rollback; let through by on_rollback: pass", gate.RuleRollbackPass, false},
		{"unless the plan asks it too", true, false, func(s *plan.Stage) { s.RunOnRollback = true }, "a: status 500", "", true},
		{"a first deployment is asked", false, true, nil, "a: status 500", "", true},
		{"unless the plan lets it through", false, true, func(s *plan.Stage) { s.PassOnCreate = true }, "nothing was asked: this deployment is the service's first; let through by on_create: pass", gate.RuleCreatePass, false},
		{"which says nothing of the others", false, false, func(s *plan.Stage) { s.PassOnCreate = true }, "a: status 500", "", true},
		{"a rollback of the first is a rollback", true, true, func(s *plan.Stage) { s.PassOnCreate = true }, "nothing was asked: this deployment is a rollback; let through by on_rollback: pass", gate.RuleRollbackPass, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := asks(planned("a", fails(0, "status 500")))
				if tt.change != nil {
					tt.change(stage)
				}
				proofs := 0
				v := gate.Run(t.Context(), gate.Execution{
					Stage: lifecycle.AfterAllowTraffic, Asked: stage, Rollback: tt.rollback, First: tt.first, Found: "green is tg-2",
					Prove: func(context.Context) check.Result { proofs++; return check.Result{} },
				})
				if v.Reason != tt.reason || v.Rule != tt.rule || v.Succeeded == tt.asked || v.Found != "green is tg-2" {
					t.Errorf("got %+v", v)
				}
				if asked := fmt.Sprint(times(stage.Checks[0]) > 0, proofs > 0); asked != fmt.Sprint(tt.asked, tt.asked) {
					t.Errorf("asked and proven: %s", asked)
				}
			})
		})
	}
}
