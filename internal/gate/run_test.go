package gate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func instead(do func(ctx context.Context) check.Result) step { return step{instead: do} }

// stubbornness is how long a check goes on that doesn't heed its context.
const stubbornness = time.Hour

// letEnd lets such a check end: the clock of a test stands still when the test is over.
func letEnd() { <-time.After(stubbornness) }

// stubborn doesn't heed its context.
func stubborn(takes time.Duration) step {
	return instead(func(context.Context) check.Result {
		<-time.After(takes)
		return check.Result{}
	})
}

func TestTheFirstFailureEndsTheOthersAndComesBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, seen := run(t.Context(), asks(
			planned("slow", noAnswer(time.Hour, "never")),
			planned("bad", fails(500*ms, "status 500")),
			planned("good", passes(100*ms)),
			with(planned("patient", fails(0, "not yet")), func(c *plan.Check) {
				c.Eventually = &plan.Eventually{Within: time.Minute, Every: second}
			}),
			with(planned("retried", noAnswer(0, "refused")), func(c *plan.Check) { c.Retry.Delay = second }),
			with(planned("spreading", spreading(0)), func(c *plan.Check) { c.Retry.Delay = second }),
		))
		is(t, v, check.Failed, "bad: status 500")
		took(t, v, 500*ms)
		same(t, "reports", []string{
			"slow: inconclusive in 500ms, 1 runs, 1 attempts, cancelled: cancelled: another check failed first",
			"bad: failed in 500ms, 1 runs, 1 attempts: status 500",
			"good: passed in 100ms, 1 runs, 1 attempts",
			"patient: inconclusive in 500ms, 1 runs, 1 attempts, cancelled: cancelled: another check failed first",
			"retried: inconclusive in 500ms, 1 runs, 1 attempts, cancelled: cancelled: another check failed first",
			"spreading: inconclusive in 500ms, 1 runs, 1 attempts, cancelled: cancelled: another check failed first",
		}, lines(v.Checks))
		starts := slices.DeleteFunc(seen, func(s string) bool { return !strings.HasSuffix(s, " starts") })
		same(t, "checks start in the order of the plan", []string{
			"0s slow starts", "0s bad starts", "0s good starts", "0s patient starts", "0s retried starts", "0s spreading starts",
		}, starts)
	})
}

func TestWhatDoesNotDecideEndsNothing(t *testing.T) {
	for _, tt := range []struct {
		why   string
		first *plan.Check
	}{
		{"a warning", warns(planned("a", fails(ms, "status 500")))},
		{"no answer: another check may still fail, which is a clearer reason", planned("a", unclear(ms, "no such host"))},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, _ := run(t.Context(), asks(tt.first, planned("b", passes(second))))
				took(t, v, second)
				if v.Checks[1].Outcome != check.Passed {
					t.Errorf("the other check: %s", lines(v.Checks)[1])
				}
			})
		})
	}
}

func TestKeepGoingRunsAllToTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, _ := run(t.Context(), &plan.Stage{KeepGoing: true, Checks: []*plan.Check{
			planned("bad", fails(ms, "status 500")), planned("good", passes(second)),
		}})
		is(t, v, check.Failed, "bad: status 500")
		took(t, v, second)
	})
}

func TestSerialRunsInTheOrderOfThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, seen := run(t.Context(), &plan.Stage{Serial: true, Checks: []*plan.Check{
			planned("a", passes(second)), planned("b", passes(ms)), planned("c", passes(second)),
		}})
		same(t, "observed", []string{
			"0s a starts", "1s a passed", "1s b starts", "1.001s b passed", "1.001s c starts", "2.001s c passed",
		}, seen)
	})
}

func TestSerialDoesNotBeginWhatComesAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := planned("c", passes(ms))
		v, seen := run(t.Context(), &plan.Stage{Serial: true, Checks: []*plan.Check{
			planned("a", passes(ms)), planned("b", fails(ms, "status 500")), after,
		}})
		is(t, v, check.Failed, "b: status 500")
		if times(after) != 0 {
			t.Error("the check after the failure was asked")
		}
		same(t, "observed", []string{"0s a starts", "1ms a passed", "1ms b starts", "2ms b failed", "2ms c cancelled"}, seen)
		if got, want := v.Checks[2].Reason, "not run: another check failed first"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestNoMoreThanMaxSideBySideRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		var stage plan.Stage
		const checks = 2*gate.MaxSideBySide + 1
		for i := range checks {
			stage.Checks = append(stage.Checks, with(planned(fmt.Sprint(i), passes(second)), func(c *plan.Check) {
				c.Check.(*script).running, c.Check.(*script).most = &running, &most
			}))
		}
		v, _ := run(t.Context(), &stage)
		is(t, v, check.Passed, fmt.Sprintf("%d of %[1]d checks passed", checks))
		took(t, v, 3*second)
		if most.Load() != gate.MaxSideBySide {
			t.Errorf("%d ran at once, want %d", most.Load(), gate.MaxSideBySide)
		}
	})
}

func TestRetriesAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := planned("a", noAnswer(0, "connection\nrefused"), fails(0, "status 500"), passes(0))
		c.Eventually = &plan.Eventually{Within: time.Minute, Every: second}
		_, seen := run(t.Context(), asks(c))
		same(t, "observed", []string{
			"0s a starts", "0s a again: connection refused", "100ms a again: status 500", "1s a passed",
		}, seen)
	})
}

func TestObserveIsCalledByOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stage plan.Stage
		for i := range 20 {
			stage.Checks = append(stage.Checks, planned(fmt.Sprint(i), noAnswer(0, "refused"), passes(0)))
		}
		var inside atomic.Int32
		gate.Run(t.Context(), gate.Execution{Asked: &stage, Observe: func(gate.Event) {
			if inside.Add(1) != 1 {
				t.Error("two observations at once")
			}
			runtime.Gosched()
			inside.Add(-1)
		}})
	})
}

func TestACheckThatPanicsFailsAndTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		stage := asks(
			planned("broken", instead(func(context.Context) check.Result { panic("index out of\nrange") })),
			planned("good", passes(second)),
		)
		stage.KeepGoing = true
		v := gate.Run(t.Context(), gate.Execution{Asked: stage, Scope: check.Scope{Logger: slog.New(slog.NewJSONHandler(&log, nil))}})
		is(t, v, check.Failed, "broken: the check panicked: index out of range")
		if v.Checks[1].Outcome != check.Passed {
			t.Errorf("the other check: %s", lines(v.Checks)[1])
		}
		if !strings.Contains(log.String(), `"stack"`) || !strings.Contains(log.String(), `"check":"broken"`) {
			t.Errorf("the log doesn't say where the panic came from: %s", log.String())
		}
	})
}

func TestACheckThatEndsItsGoroutineFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, _ := run(t.Context(), asks(planned("a", instead(func(context.Context) check.Result {
			runtime.Goexit()
			return check.Result{}
		}))))
		is(t, v, check.Failed, "a: the check ended its goroutine without a result")
	})
}

func TestACheckThatDoesNotStopIsLeftBehind(t *testing.T) {
	const late = "the check did not stop when its time was up"
	for _, tt := range []struct {
		why     string
		check   *plan.Check
		took    time.Duration
		reason  string
		outcome check.Outcome
	}{
		{"a check that stops within the grace is heard", planned("a", stubborn(2*second+gate.StopGrace/2)), 2*second + gate.StopGrace/2, "a passed", check.Passed},
		{"its own timeout", planned("a", stubborn(stubbornness)), 2*second + gate.StopGrace, "inconclusive: a: " + late, check.Inconclusive},
		{
			"it isn't asked again while it may still run", with(planned("a", noAnswer(0, "refused"), stubborn(stubbornness)), func(c *plan.Check) {
				c.Eventually = &plan.Eventually{Within: time.Minute, Every: second}
			}),
			2*second + gate.StopGrace, "inconclusive: a: " + late + " (2 attempts in 2.1s)", check.Inconclusive,
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, _ := run(t.Context(), asks(tt.check))
				is(t, v, tt.outcome, tt.reason)
				took(t, v, tt.took)
				letEnd()
			})
		})
	}
}

func TestRunReturnsByTheEndOfItsContextWhateverTheChecksDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*second, errors.New("the function's time is over"))
		defer cancel()
		stage := &plan.Stage{Budget: 5 * second, Serial: true}
		for _, name := range []string{"a", "b", "c"} {
			stage.Checks = append(stage.Checks, with(planned(name, stubborn(stubbornness)), func(c *plan.Check) { c.Timeout = time.Hour }))
		}
		v, _ := run(ctx, stage)
		took(t, v, 5*second+gate.StopGrace)
		if v.Succeeded || len(v.Checks) != 3 || !strings.HasPrefix(v.Checks[2].Reason, "not run: ") {
			t.Errorf("the verdict is %+v", v)
		}
		letEnd()
	})
}

func TestTheEndOfTheExecutionIsToldApartFromACheckSOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 4*second)
		defer cancel()
		v, _ := run(ctx, &plan.Stage{Serial: true, Checks: []*plan.Check{
			passesUnclear(planned("takes more than its share", stubborn(stubbornness))), planned("pays for it", noAnswer(time.Hour, "never")),
		}})
		is(t, v, check.Inconclusive, "inconclusive: pays for it: nothing answered in time (the time for the checks ran out)")
		took(t, v, 4*second)
		letEnd()
	})
}

func TestWhoeverCallsMayCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(second, cancel)
		stage := &plan.Stage{Serial: true, Checks: []*plan.Check{
			planned("a", passes(ms)), planned("b", noAnswer(time.Hour, "never")), planned("c", passes(ms)),
		}}
		v, _ := run(ctx, stage)
		took(t, v, second)
		is(t, v, check.Inconclusive, "inconclusive: b: nothing answered in time (interrupted); 1 more check inconclusive")
		if got, want := v.Checks[2].Reason, "not run: interrupted"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestACheckThatDoesNotStopIsLeftBehindWhenItIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(second, cancel)
		v, _ := run(ctx, asks(planned("a", stubborn(stubbornness))))
		took(t, v, second+gate.StopGrace)
		is(t, v, check.Inconclusive, "inconclusive: a: the check did not stop when it was cancelled (interrupted)")
		letEnd()
	})
}

func TestTheVerdictSaysOfWhatAndWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		v, _ := run(t.Context(), asks(planned("a", passes(second)), warns(passesUnclear(planned("b", passes(2*second-ms))))))
		if v.Deployment != "d-ABC" || v.Stage != "AfterAllowTestTraffic" || !v.Started.Equal(started) || v.Duration != 2*second-ms {
			t.Errorf("the verdict is %+v", v)
		}
		r := v.Checks[1]
		if r.Name != "b" || r.Kind != "script" || r.Position.String() != "plan.yaml:3:5" || !r.Warn || !r.PassInconclusive || !r.Started.Equal(started) {
			t.Errorf("the report is %+v", r)
		}
	})
}
