package gate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func warns(c *plan.Check) *plan.Check {
	return with(c, func(c *plan.Check) { c.Warn = true })
}

func passesUnclear(c *plan.Check) *plan.Check {
	return with(c, func(c *plan.Check) { c.PassInconclusive = true })
}

func TestTheVerdictIsTheWorstOfWhatCounts(t *testing.T) {
	good := func(name string) *plan.Check { return planned(name, passes(ms)) }
	bad := func(name string) *plan.Check { return planned(name, fails(ms, "status 500")) }
	mute := func(name string) *plan.Check { return planned(name, unclear(ms, "no such host")) }
	for _, tt := range []struct {
		why       string
		keepGoing bool
		checks    []*plan.Check
		outcome   check.Outcome
		succeeded bool
		rule      string
		reason    string
	}{
		{"one check passes", false, []*plan.Check{good("a")}, check.Passed, true, "", "a passed"},
		{"all checks pass", false, []*plan.Check{good("a"), good("b")}, check.Passed, true, "", "2 of 2 checks passed"},
		{"one fails", false, []*plan.Check{good("a"), with(bad("b"), slow)}, check.Failed, false, "", "b: status 500"},
		{"several fail, all told", true, []*plan.Check{bad("a"), bad("b"), good("c")}, check.Failed, false, "", "a: status 500; 1 more check failed"},
		{"many fail", true, []*plan.Check{good("a"), bad("b"), bad("c"), bad("d")}, check.Failed, false, "", "b: status 500; 2 more checks failed"},
		{"no answer fails the deployment", true, []*plan.Check{good("a"), mute("b")}, check.Inconclusive, false, "", "inconclusive: b: no such host"},
		{"several without an answer", true, []*plan.Check{mute("a"), mute("b"), mute("c")}, check.Inconclusive, false, "", "inconclusive: a: no such host; 2 more checks inconclusive"},
		{"a wrong answer is worse than none", true, []*plan.Check{mute("a"), bad("b")}, check.Failed, false, "", "b: status 500"},
		{"no answer may pass", false, []*plan.Check{good("a"), passesUnclear(mute("b"))}, check.Inconclusive, true, gate.RuleInconclusivePass, "inconclusive: b: no such host; let through by on_inconclusive: pass"},
		{"several without an answer may pass", false, []*plan.Check{passesUnclear(mute("a")), passesUnclear(mute("b"))}, check.Inconclusive, true, gate.RuleInconclusivePass, "inconclusive: a: no such host; 1 more check inconclusive; let through by on_inconclusive: pass"},
		{"the reason names the check that decided, not one that was let through", false, []*plan.Check{passesUnclear(mute("a")), mute("b")}, check.Inconclusive, false, "", "inconclusive: b: no such host"},
		{"what was let through isn't among the more that decided", false, []*plan.Check{mute("a"), passesUnclear(mute("b"))}, check.Inconclusive, false, "", "inconclusive: a: no such host"},
		{"the rule is for no answer, not for a wrong one", false, []*plan.Check{passesUnclear(bad("a"))}, check.Failed, false, "", "a: status 500"},
		{"a wrong answer decides, whatever was let through", true, []*plan.Check{passesUnclear(mute("a")), bad("b")}, check.Failed, false, "", "b: status 500"},
		{"a warning doesn't count", false, []*plan.Check{good("a"), warns(bad("b"))}, check.Passed, true, "", "1 of 2 checks passed; warning: b: status 500"},
		{"nor does one without an answer", false, []*plan.Check{good("a"), warns(mute("b"))}, check.Passed, true, "", "1 of 2 checks passed; warning: b: no such host"},
		{"nor do many, which have to fit a line", false, []*plan.Check{warns(bad("a")), warns(mute("b")), warns(bad("c"))}, check.Passed, true, "", "0 of 3 checks passed; warning: a: status 500; 2 more warnings"},
		{"a warning that passes is a check that passes", false, []*plan.Check{warns(good("a"))}, check.Passed, true, "", "a passed"},
		{"a failure isn't made better by a warning", true, []*plan.Check{warns(bad("a")), bad("b")}, check.Failed, false, "", "b: status 500"},
		{"a check without a name is told once", false, []*plan.Check{planned("GET /health", fails(ms, "GET http://green/health: status 500"))}, check.Failed, false, "", "GET http://green/health: status 500"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, _ := run(t.Context(), &plan.Stage{Checks: tt.checks, KeepGoing: tt.keepGoing})
				is(t, v, tt.outcome, tt.reason)
				if v.Succeeded != tt.succeeded || v.Rule != tt.rule {
					t.Errorf("succeeded %t by %q, want %t by %q", v.Succeeded, v.Rule, tt.succeeded, tt.rule)
				}
			})
		})
	}
}

// slow lets the other checks of a row come to their end before this one.
func slow(c *plan.Check) { c.Check.(*script).steps[0].takes = second }

func TestAStageThatThePlanDoesNotNamePassesAndSaysSo(t *testing.T) {
	for _, tt := range []struct {
		stage  lifecycle.Stage
		reason string
	}{
		{lifecycle.AfterAllowTraffic, "nothing was asked: the plan has no checks for AfterAllowTraffic"},
		{lifecycle.BeforeInstall, "nothing was asked: the plan has no checks for BeforeInstall, where green takes no requests yet"},
		{"", "nothing was asked: the plan has no checks for a stage that isn't known"},
	} {
		v := gate.Run(t.Context(), gate.Execution{DeploymentID: "d-ABC", Stage: tt.stage})
		is(t, v, check.Passed, tt.reason)
		if !v.Succeeded || v.Stage != tt.stage || v.Deployment != "d-ABC" || v.Checks == nil {
			t.Errorf("the verdict is %+v", v)
		}
	}
}

func TestForRandomChecksSucceededAndOutcomeAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		var stage plan.Stage
		stage.KeepGoing = true
		want, let := check.Passed, false
		for j := range 1 + random.IntN(8) {
			outcome := check.Outcome(random.IntN(3))
			c := planned(fmt.Sprint(j), step{result: check.Result{Outcome: outcome, Reason: "why"}})
			c.Warn, c.PassInconclusive = random.IntN(4) == 0, random.IntN(2) == 0
			stage.Checks = append(stage.Checks, c)
			switch {
			case c.Warn:
			case outcome == check.Inconclusive && c.PassInconclusive:
				let = true
			default:
				want = max(want, outcome)
			}
		}
		stage.Serial = random.IntN(2) == 0
		synctest.Test(t, func(t *testing.T) {
			v, _ := run(t.Context(), &stage)
			if succeeded := want == check.Passed; v.Succeeded != succeeded {
				t.Errorf("case %d: succeeded %t, want %t: %v", i, v.Succeeded, succeeded, lines(v.Checks))
			}
			if want == check.Passed && let {
				want = check.Inconclusive
			}
			if v.Outcome != want {
				t.Errorf("case %d: %s, want %s: %v", i, v.Outcome, want, lines(v.Checks))
			}
			if byRule := v.Succeeded && v.Outcome != check.Passed; byRule != (v.Rule != "") {
				t.Errorf("case %d: succeeded %t, %s, by the rule %q", i, v.Succeeded, v.Outcome, v.Rule)
			}
			if v.Reason == "" {
				t.Errorf("case %d has no reason", i)
			}
		})
	}
}
