package gate_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// cleaner is a check that takes so long, or until it is told to stop, and then as long again to clean up.
type cleaner struct {
	takes, cleans time.Duration
	// needs is what it says that cleaning up takes.
	needs time.Duration
	// stopped is when it was told to stop, since it was asked; grace what it was given then.
	stopped, grace time.Duration
	// given is the time that it was told to have before that.
	given         time.Duration
	runs, cleaned int
	result        check.Result
}

func (c *cleaner) Title() string              { return "cleans" }
func (c *cleaner) CleanupTime() time.Duration { return c.needs }

func (c *cleaner) Run(ctx context.Context, scope check.Scope) check.Result {
	c.runs++
	c.grace, c.given = scope.Grace, scope.Timeout
	began, result := time.Now(), c.result
	select {
	case <-time.After(c.takes):
	case <-ctx.Done():
		result = check.Result{Outcome: check.Inconclusive, Reason: "stopped"}
	}
	c.stopped = time.Since(began)
	<-time.After(c.cleans)
	c.cleaned++
	result.Warning = "left behind\nby run " + string(rune('0'+c.runs))
	return result
}

func cleaning(c *cleaner, change func(*plan.Check)) *plan.Check {
	return with(&plan.Check{Name: "a", Kind: "scenario", Timeout: 10 * second, Retry: plan.DefaultRetry(), Check: c}, change)
}

func TestTimeIsKeptForACheckThatCleansUp(t *testing.T) {
	const never = time.Hour
	for _, tt := range []struct {
		why     string
		check   *cleaner
		budget  time.Duration
		stopped time.Duration // when it is told to stop
		took    time.Duration
		reason  string
	}{
		{"all that it needs", &cleaner{takes: never, cleans: 3 * second, needs: 3 * second}, 0, 7 * second, 10 * second, "inconclusive: a: stopped"},
		{"at most half of its time", &cleaner{takes: never, cleans: 5 * second, needs: 8 * second}, 0, 5 * second, 10 * second, "inconclusive: a: stopped"},
		{"none where it needs none", &cleaner{takes: never}, 0, 10 * second, 10 * second, "inconclusive: a: stopped"},
		{"within the stage's time", &cleaner{takes: never, cleans: 2 * second, needs: 3 * second}, 8 * second, 5 * second, 7 * second, "inconclusive: a: stopped"},
		{"no longer than it takes", &cleaner{takes: second, cleans: second, needs: 3 * second}, 0, second, 2 * second, "a passed; warning: a: left behind by run 1"},
		{
			"and not a moment longer", &cleaner{takes: never, cleans: never, needs: 3 * second}, 0, 7 * second, 10*second + gate.StopGrace,
			"inconclusive: a: the check did not stop when its time was up",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, _ := run(t.Context(), &plan.Stage{Budget: tt.budget, Checks: []*plan.Check{cleaning(tt.check, func(*plan.Check) {})}})
				is(t, v, v.Outcome, tt.reason)
				took(t, v, tt.took)
				<-time.After(2 * never) // what was left behind ends, too
				synctest.Wait()
				if tt.check.stopped != tt.stopped || tt.check.cleaned != 1 {
					t.Errorf("it was stopped after %s, and has cleaned up %d times", tt.check.stopped, tt.check.cleaned)
				}
				if tt.check.takes == never && tt.check.given != tt.stopped {
					t.Errorf("it was told to have %s", tt.check.given)
				}
			})
		})
	}
}

func TestACheckThatIsCancelledCleansUpFirst(t *testing.T) {
	for _, tt := range []struct {
		why    string
		after  time.Duration // when it is cancelled
		needs  time.Duration
		cleans time.Duration
		took   time.Duration
	}{
		{"as long as that takes", second, 3 * second, 2 * second, 3 * second},
		{"which isn't longer than it said", second, 3 * second, time.Hour, 4*second + gate.StopGrace},
		{"nor than its own time", 6900 * ms, 3 * second, time.Hour, 9900*ms + gate.StopGrace},
	} {
		t.Run(tt.why, func(t *testing.T) {
			for _, cancelled := range []string{"by another check", "by whoever calls"} {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					c := &cleaner{takes: time.Hour, cleans: tt.cleans, needs: tt.needs}
					stage := asks(cleaning(c, func(*plan.Check) {}))
					if cancelled == "by another check" {
						stage.Checks = append(stage.Checks, with(planned("b", fails(tt.after, "status 500")), func(c *plan.Check) { c.Timeout = time.Minute }))
					} else {
						time.AfterFunc(tt.after, cancel)
					}
					v, _ := run(ctx, stage)
					took(t, v, tt.took)
					<-time.After(2 * time.Hour) // what was left behind ends, too
					synctest.Wait()
					if hung := tt.cleans == time.Hour; c.stopped != tt.after || !hung && v.Checks[0].Warning != "left behind by run 1" {
						t.Errorf("cancelled %s it was stopped after %s, and warns %q", cancelled, c.stopped, v.Checks[0].Warning)
					}
				})
			}
		})
	}
}

func TestEachRunOfACheckCleansUpAndTheLastWarningIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cleaner{takes: second, cleans: second, needs: 3 * second, result: check.Result{Outcome: check.Failed, Reason: "wrong"}}
		v, _ := run(t.Context(), asks(cleaning(c, func(p *plan.Check) {
			p.Eventually = &plan.Eventually{Within: 9 * second, Every: 3 * second}
		})))
		is(t, v, check.Failed, "a: wrong (still so at run 3, after 8s)")
		if c.runs != 3 || c.cleaned != 3 || v.Checks[0].Warning != "left behind by run 3" {
			t.Errorf("%d runs, %d cleanups, warning %q", c.runs, c.cleaned, v.Checks[0].Warning)
		}
	})
}

func TestAWarningIsHandedOnToTheNextCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage := func() *plan.Stage {
			over := &cleaner{cleans: ms, takes: ms, needs: second}
			goesOn := &cleaner{cleans: ms, takes: ms, needs: second}
			return shared(cleaning(over, func(*plan.Check) {}), cleaning(goesOn, func(p *plan.Check) {
				p.Name, p.For = "b", &plan.For{Lasting: time.Hour, Every: time.Hour}
			}))
		}
		first := gate.Run(t.Context(), gate.Execution{Stage: lifecycle.AfterAllowTraffic, Asked: stage(), CanSuspend: true, CallsBack: true})
		if first.Suspended == nil {
			t.Fatalf("the verdict is %+v", first)
		}
		next := gate.Run(t.Context(), gate.Execution{Asked: stage(), CanSuspend: true, CallsBack: true, Resume: first.Suspended.State, Leapt: time.Hour})
		for _, r := range next.Checks {
			if !strings.HasPrefix(r.Warning, "left behind by run 1") {
				t.Errorf("%s warns %q", r.Name, r.Warning)
			}
		}
	})
}
