package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// caller calls an execution again and again, as CodeDeploy's hand-over and Amazon ECS do.
type caller struct {
	execution gate.Execution
	// lasts is how long the next call may take.
	lasts func() time.Duration
	// late is how much later than it was asked to it makes a call.
	late time.Duration
	// calls are the verdicts, the last one that of the execution.
	calls []check.Verdict
}

const mostCalls = 5000

func (c *caller) run(t *testing.T) check.Verdict {
	t.Helper()
	c.execution.CanSuspend = true
	for len(c.calls) < mostCalls {
		ctx, cancel := context.WithTimeout(t.Context(), c.lasts())
		deadline, _ := ctx.Deadline()
		v := gate.Run(ctx, c.execution)
		if !time.Now().Before(deadline) {
			t.Errorf("call %d went on until its deadline", len(c.calls))
		}
		cancel()
		c.calls = append(c.calls, v)
		if v.Suspended == nil {
			return v
		}
		if v.Succeeded || v.Reason != "in progress: "+v.Suspended.Reason || !json.Valid(v.Suspended.State) || len(v.Suspended.State) > gate.MaxState {
			t.Fatalf("call %d was suspended with %+v", len(c.calls), v)
		}
		if after := v.Suspended.After + c.late; after > 0 {
			<-time.After(after)
		}
		c.execution.Resume = v.Suspended.State
	}
	t.Fatalf("no verdict after %d calls: %s", mostCalls, c.calls[mostCalls-1].Reason)
	return check.Verdict{}
}

func always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

func lasting(c *plan.Check, lasting, every time.Duration) *plan.Check {
	return with(c, func(c *plan.Check) { c.For = &plan.For{Lasting: lasting, Every: every} })
}

func within(c *plan.Check, within, every time.Duration) *plan.Check {
	return with(c, func(c *plan.Check) { c.Eventually = &plan.Eventually{Within: within, Every: every} })
}

// shared is a stage whose waits of half a minute are worth another call.
func shared(checks ...*plan.Check) *plan.Stage {
	return &plan.Stage{Checks: checks, Callback: plan.DefaultCallback, Fingerprint: "f1"}
}

func TestABakeOfHoursHoldsNoFunctionOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := lasting(planned("alarms", passes(100*ms)), 2*time.Hour, time.Minute)
		c.Kind = "alarms"
		calls := caller{execution: gate.Execution{Asked: shared(c), CallsBack: true, Until: time.Now().Add(12 * time.Hour)}, lasts: always(time.Minute)}
		began := time.Now()
		v := calls.run(t)
		is(t, v, check.Passed, "alarms passed")
		same(t, "reports", []string{"alarms: passed in 2h0m0.1s, 121 runs, 121 attempts: passed for 2h of 2h"}, lines(v.Checks))
		if !v.Started.Equal(began) || v.Duration != 2*time.Hour+100*ms {
			t.Errorf("it began %s and took %s, want all calls together", v.Started.Sub(began), v.Duration)
		}
		var open time.Duration
		for i, v := range calls.calls {
			if v.Suspended != nil && i > 0 && v.Suspended.After > time.Minute {
				t.Errorf("call %d is followed by none for %s", i, v.Suspended.After)
			}
			if i > 0 {
				open += 100 * ms
			}
		}
		if len(calls.calls) != 121 || open > time.Minute {
			t.Errorf("%d calls held a function open for %s", len(calls.calls), open)
		}
		if got, want := calls.calls[30].Reason, "in progress: 0 of 1 checks are over; alarms has passed for 30m of 2h; asked again in 59.9s"; got != want {
			t.Errorf("the reason of a call on the way is %q, want %q", got, want)
		}
	})
}

func TestWhereNobodyCallsBackACallLastsAsLongAsItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := lasting(planned("a", passes(100*ms)), 2*time.Hour, 20*time.Minute)
		calls := caller{execution: gate.Execution{Asked: shared(c)}, lasts: always(15 * time.Minute)}
		v := calls.run(t)
		is(t, v, check.Passed, "a passed")
		took(t, v, 2*time.Hour+100*ms)
		if len(calls.calls) > 10 {
			t.Errorf("%d calls for two hours, of a quarter of an hour each", len(calls.calls))
		}
		for i, v := range calls.calls {
			if v.Suspended != nil && v.Suspended.After != 0 {
				t.Errorf("call %d is to be followed by another after %s, for which nobody waits", i, v.Suspended.After)
			}
		}
	})
}

func TestACallBeginsNothingThatItMayHaveNoTimeFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := with(planned("long", passes(9*second)), func(c *plan.Check) { c.Timeout = 10 * second })
		stage := shared(planned("first", passes(second)), long, planned("last", passes(second)))
		stage.Serial = true
		calls := caller{execution: gate.Execution{Asked: stage}, lasts: always(10*second + gate.RoundReserve)}
		v := calls.run(t)
		is(t, v, check.Passed, "3 of 3 checks passed")
		same(t, "reports", []string{
			"first: passed in 1s, 1 runs, 1 attempts", "long: passed in 9s, 1 runs, 1 attempts", "last: passed in 1s, 1 runs, 1 attempts",
		}, lines(v.Checks))
		if times(long) != 1 || len(calls.calls) != 3 {
			t.Errorf("the long check was asked %d times in %d calls", times(long), len(calls.calls))
		}
	})
}

func TestWhatIsOverStaysOverAndIsNotToldTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		started := time.Now()
		stage := shared(
			planned("bad", fails(ms, "status 500")),
			within(planned("patient", fails(0, "not yet"), fails(0, "not yet"), passes(ms)), 10*time.Minute, time.Minute),
			passesUnclear(planned("mute", unclear(ms, "no such host"))),
		)
		stage.KeepGoing = true
		calls := caller{lasts: always(time.Minute), execution: gate.Execution{Asked: stage, CallsBack: true, Observe: func(e gate.Event) {
			what := "starts"
			switch {
			case e.Report != nil:
				what = e.Report.Outcome.String()
			case e.Resumed != "":
				what = "goes on " + e.Resumed
			case e.Retrying != "":
				what = "again: " + e.Retrying
			}
			seen = append(seen, fmt.Sprint(time.Since(started), " ", e.Check.Name, " ", what))
		}}}
		v := calls.run(t)
		is(t, v, check.Failed, "bad: status 500")
		same(t, "reports", []string{
			"bad: failed in 1ms, 1 runs, 1 attempts: status 500",
			"patient: passed in 2m0.001s, 3 runs, 3 attempts: passed at run 3, after 2m",
			"mute: inconclusive in 1ms, 1 runs, 1 attempts: no such host",
		}, lines(v.Checks))
		if len(calls.calls) != 3 || times(stage.Checks[0]) != 1 {
			t.Errorf("%d calls, in which the check that was over first was asked %d times", len(calls.calls), times(stage.Checks[0]))
		}
		want := []string{
			"1m0s patient goes on after 1 runs in 1m", "1m0s patient again: not yet",
			"2m0s patient goes on after 2 runs in 2m", "2m0.001s patient passed",
		}
		same(t, "what was observed after the first call", want, seen[len(seen)-len(want):])
	})
}

func TestACallThatComesLateStillAsksWhatWasDueInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := within(planned("a", fails(0, "not yet"), passes(ms)), 90*second, time.Minute)
		calls := caller{execution: gate.Execution{Asked: shared(c), CallsBack: true}, lasts: always(time.Minute), late: time.Hour}
		is(t, calls.run(t), check.Passed, "a passed")
	})
}

func TestACallIsNotLeftWhileThereIsPlaceForAnotherCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage := shared(planned("leaves its place", passes(second)))
		for i := range gate.MaxSideBySide {
			stage.Checks = append(stage.Checks, lasting(planned(fmt.Sprint(i), passes(0)), time.Hour, 20*time.Minute))
		}
		v := gate.Run(t.Context(), gate.Execution{Asked: stage, CanSuspend: true, CallsBack: true})
		for _, c := range stage.Checks {
			if v.Suspended == nil || v.Suspended.After != 20*time.Minute-second || times(c) != 1 {
				t.Fatalf("%s was asked %d times, and the call left with %+v", c.Name, times(c), v)
			}
		}
	})
}

func TestWhatACallHadNoTimeForIsAskedAtOnceByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := with(planned("long", passes(9*second)), func(c *plan.Check) { c.Timeout = 10 * second })
		stage := shared(within(planned("patient", fails(0, "not yet"), passes(0)), 5*time.Minute, time.Minute), long)
		calls := caller{lasts: always(11 * second), execution: gate.Execution{Asked: stage, CallsBack: true, Prove: proves(passes(3 * second))}}
		v := calls.run(t)
		is(t, v, check.Passed, "2 of 2 checks passed")
		if begun := v.Checks[2].Started.Sub(v.Started); begun != 3*second {
			t.Errorf("the long check began after %s, want it to be right after the proof: %v", begun, lines(v.Checks))
		}
	})
}

func TestARunThatIsStillOnTheWayWhenTheVerdictIsDueIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := within(planned("a", fails(0, "status 500"), passes(1900*ms)), time.Minute, 58*second)
		calls := caller{lasts: always(time.Minute), late: 3 * second, execution: gate.Execution{Asked: shared(c), CallsBack: true, Until: time.Now().Add(62500 * ms)}}
		v := calls.run(t)
		is(t, v, check.Failed, "a: status 500 (still so at run 2, after 1m2.5s; the time for the checks ran out)")
		took(t, v, 62500*ms)
	})
}

func TestWhyItWasAskedAgainIsKnownInLaterCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage := shared(planned("a", passes(0)))
		stage.Identity = identity(fails(0, "$.image is shop:1"), passes(0))
		stage.Identity.Check.Eventually = &plan.Eventually{Within: 10 * time.Minute, Every: time.Minute}
		calls := caller{lasts: always(time.Minute), execution: gate.Execution{Asked: stage, CallsBack: true}}
		v := calls.run(t)
		is(t, v, check.Passed, "a passed")
		if got, want := v.Checks[0].Reason, "green answered 3 requests in a row at request 4, after 3m; before: $.image is shop:1"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAFailureEndsWhatWaitsForAnotherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage := shared(
			lasting(planned("waits", passes(0)), time.Hour, 20*time.Minute),
			within(planned("fails", fails(5*ms, "status 500")), 30*second, 20*second),
		)
		calls := caller{execution: gate.Execution{Asked: stage, CallsBack: true}, lasts: always(time.Minute)}
		v := calls.run(t)
		is(t, v, check.Failed, "fails: status 500 (still so at run 2, after 20s)")
		if len(calls.calls) != 2 || !v.Checks[0].Cancelled {
			t.Errorf("%d calls, and then %v", len(calls.calls), lines(v.Checks))
		}
	})
}

func TestWhoeverCancelsACallGetsItsVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(second, cancel)
		stage := shared(lasting(planned("a", passes(0)), time.Hour, 20*second))
		v := gate.Run(ctx, gate.Execution{Asked: stage, CanSuspend: true})
		is(t, v, check.Inconclusive, "inconclusive: a: passed, but only for 1s of 1h (interrupted)")
		if v.Suspended != nil {
			t.Error("what was interrupted goes on in another call")
		}
	})
}

func TestTheBudgetAndTheBoundOfAnExecutionSpanItsCalls(t *testing.T) {
	for _, tt := range []struct {
		why    string
		budget time.Duration
		until  time.Duration
		want   string
	}{
		{"the budget", 5 * time.Minute, time.Hour, "inconclusive: a: passed, but only for 3m of 10m (the stage's budget of 5m ran out)"},
		{"the bound, where calls came late", 0, 11*time.Minute + 10*second, "inconclusive: a: passed, but only for 9m20s of 10m (the time for the checks ran out)"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := shared(within(lasting(planned("a", fails(0, "not yet"), passes(0)), 10*time.Minute, time.Minute), time.Minute+second, time.Minute))
				stage.Budget = tt.budget
				calls := caller{execution: gate.Execution{Asked: stage, CallsBack: true, Until: time.Now().Add(tt.until)}, lasts: always(time.Minute)}
				if tt.budget == 0 {
					calls.late = 20 * second
				}
				is(t, calls.run(t), check.Inconclusive, tt.want)
			})
		})
	}
}

func TestAPlanIsHeldAgainstAllCallsAndEachRunAgainstOne(t *testing.T) {
	for _, tt := range []struct {
		why          string
		check        *plan.Check
		left, budget time.Duration
		until        time.Duration
		reason       string // empty: it has the time
	}{
		{"two hours in calls of a minute", lasting(planned("a", passes(0)), 2*time.Hour, time.Minute), time.Minute, 0, 3 * time.Hour, ""},
		{
			"which are more than there are", lasting(planned("a", passes(0)), 2*time.Hour, time.Minute), time.Minute, 0, time.Hour,
			"the checks of this stage may take 2h0m4s, and 1h are left before the answer is due: 1h0m4s too few; let the hook take longer, or the stage a budget that bounds them",
		},
		{
			"a budget too", planned("a", passes(0)), time.Minute, 2 * time.Hour, time.Hour,
			"plan.yaml:2:9: the budget for this stage is 2h, and 1h are left before the answer is due: 1h too few; let the hook take longer, or the stage a smaller budget",
		},
		{
			"a run that no call would ever begin", with(planned("a", passes(0)), func(c *plan.Check) { c.Timeout = time.Minute }), 30*second + gate.RoundReserve, 0, time.Hour,
			"one run of a may take 1m, and 30s are left of this call: 30s too few; give the function a longer timeout, or the check a shorter one",
		},
		{"no bound", lasting(planned("a", passes(0)), 200*time.Hour, time.Hour), time.Minute, 0, 0, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.left)
				defer cancel()
				stage := shared(tt.check)
				stage.Budget, stage.BudgetAt = tt.budget, strictyaml.Position{File: "plan.yaml", Line: 2, Column: 9}
				e := gate.Execution{Asked: stage, CanSuspend: true, CallsBack: true}
				if tt.until > 0 {
					e.Until = time.Now().Add(tt.until)
				}
				v := gate.Run(ctx, e)
				if refused := v.Suspended == nil && len(v.Checks) == 0; refused != (tt.reason != "") || refused && v.Reason != tt.reason {
					t.Errorf("got  %s\nwant %s", v.Reason, tt.reason)
				}
			})
		})
	}
}

func TestWhatTheCallBeforeLeftMustBeOfTheSamePlan(t *testing.T) {
	const changed = "the plan asks something else of this stage than it did when the execution began: deploy again"
	unchanged := func(*plan.Stage) {}
	replace := func(old, by string) func(string) string {
		return func(left string) string { return strings.Replace(left, old, by, 1) }
	}
	asLeft := replace("", "")
	for _, tt := range []struct {
		why    string
		state  func(left string) string
		change func(*plan.Stage)
		want   string
	}{
		{"another plan", asLeft, func(s *plan.Stage) { s.Fingerprint = "f2" }, changed},
		{"another number of checks", asLeft, func(s *plan.Stage) { s.Checks = s.Checks[:1] }, changed},
		{"another greenlight's", replace(`"v":1`, `"v":7`), unchanged, "reading what the call before left: it has version 7, and this greenlight reads version 1: deploy again"},
		{"no JSON", func(string) string { return `{"v":` }, unchanged, "reading what the call before left: unexpected end of JSON input"},
		{"an outcome that is none", replace(`"o":0`, `"o":3`), unchanged, "reading what the call before left of b: there is no outcome 3"},
		{"time that wasn't asked for", asLeft, func(s *plan.Stage) { s.Checks[0].For = nil }, "reading what the call before left of a: it has passed for some time, and isn't asked to"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := func() *plan.Stage {
					return shared(lasting(planned("a", passes(ms)), time.Hour, time.Minute), planned("b", passes(ms)))
				}
				first := gate.Run(t.Context(), gate.Execution{Asked: stage(), CanSuspend: true, CallsBack: true})
				second := stage()
				tt.change(second)
				v := gate.Run(t.Context(), gate.Execution{
					Asked: second, CanSuspend: true, CallsBack: true, Resume: json.RawMessage(tt.state(string(first.Suspended.State))),
				})
				is(t, v, check.Failed, tt.want)
				if v.Succeeded || times(second.Checks[0]) != 0 {
					t.Error("it was asked all the same")
				}
			})
		})
	}
}

func TestTheStateIsBoundedAndHoldsNoRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		many := func(n int, reason string) *plan.Stage {
			stage := shared()
			stage.KeepGoing = true
			for i := range n {
				bad := fails(0, reason)
				bad.result.Requests = []check.Request{{URL: "http://green/?token=hunter2"}}
				stage.Checks = append(stage.Checks, planned(fmt.Sprint(i), bad))
			}
			stage.Checks = append(stage.Checks, lasting(planned("waits", passes(0)), time.Hour, time.Minute))
			return stage
		}
		for _, tt := range []struct {
			checks int
			reason string
			want   string // of a reason, at the end
		}{
			{10, "status 500", "status 500"},
			{10, strings.Repeat("é", 400), strings.Repeat("é", 299) + "…"},
			{300, strings.Repeat("x", 400), strings.Repeat("x", 29) + "…"},
		} {
			calls := caller{execution: gate.Execution{Asked: many(tt.checks, tt.reason), CallsBack: true}, lasts: always(time.Minute)}
			v := calls.run(t)
			state := calls.calls[0].Suspended.State
			if strings.Contains(string(state), "hunter2") || v.Checks[0].Reason != tt.want {
				t.Errorf("%d checks: the reason is %q, want %q; the state is\n%.1000s", tt.checks, v.Checks[0].Reason, tt.want, state)
			}
		}
		v := gate.Run(t.Context(), gate.Execution{Asked: many(1000, "x"), CanSuspend: true, CallsBack: true})
		if v.Outcome != check.Failed || !strings.HasPrefix(v.Reason, "the state of 1001 checks takes ") || !strings.HasSuffix(v.Reason, " bytes, and at most 24576 can be handed to the next call: spread the checks over several stages") {
			t.Errorf("got %s: %s", v.Outcome, v.Reason)
		}
	})
}

// world is a random stage, and how green answers it by how often it was asked: so that neither a moment more nor less of
// time makes another verdict of it.
type world struct {
	stage *plan.Stage
	prove func(context.Context) check.Result
	twice atomic.Bool // a check ran while it ran
}

func newWorld(seed uint64) *world {
	random := rand.New(rand.NewPCG(seed, 7))
	between := func(from, to time.Duration) time.Duration { return from + time.Duration(random.Int64N(int64(to-from))) }
	w := &world{stage: shared()}
	w.stage.Serial, w.stage.KeepGoing = random.IntN(4) == 0, random.IntN(3) == 0
	for i := range 1 + random.IntN(6) {
		takes := between(ms, 1500*ms).Truncate(ms)
		every := between(4*second, 2*time.Minute).Truncate(second)
		c := &plan.Check{Name: fmt.Sprint("check ", i), Kind: "script", Timeout: 2 * second, Retry: plan.Retry{Attempts: 1}}
		c.Warn, c.PassInconclusive = random.IntN(6) == 0, random.IntN(4) == 0
		outcomes := func(int) check.Outcome { return check.Passed }
		good := 0 // how often it is asked before it passes
		if random.IntN(2) == 0 {
			good = random.IntN(6)
			c.Eventually = &plan.Eventually{Within: time.Duration(2*good+4) * (every + 4*second), Every: every}
			outcomes = func(n int) check.Outcome {
				if n <= good {
					return check.Failed
				}
				return check.Passed
			}
		}
		if random.IntN(2) == 0 {
			c.For = &plan.For{Lasting: every * time.Duration(3+random.IntN(5)), Every: every}
		}
		if wrong := check.Outcome(random.IntN(8)); wrong == check.Failed || wrong == check.Inconclusive {
			from, before := good+1, outcomes
			if c.For != nil {
				from += random.IntN(2)
			}
			outcomes = func(n int) check.Outcome {
				if n >= from {
					return wrong
				}
				return before(n)
			}
		}
		c.Check = w.answers(takes, outcomes)
		w.stage.Checks = append(w.stage.Checks, c)
	}
	if random.IntN(2) == 0 {
		unready := random.IntN(4)
		asks := w.answers(between(ms, second), func(n int) check.Outcome {
			if n <= unready {
				return check.Inconclusive
			}
			return check.Passed
		})
		w.prove = func(ctx context.Context) check.Result { return asks.Run(ctx, check.Scope{}) }
	}
	if random.IntN(2) == 0 {
		blue := random.IntN(4)
		w.stage.Identity = &plan.Identity{Consecutive: 3, Check: &plan.Check{
			Name: "GET /version", Kind: "http", Timeout: 2 * second, Retry: plan.Retry{Attempts: 1},
			Eventually: &plan.Eventually{Within: 5 * time.Minute, Every: 20 * second},
			Check: w.answers(50*ms, func(n int) check.Outcome {
				if n <= blue {
					return check.Failed
				}
				return check.Passed
			}),
		}}
	}
	return w
}

// answers makes a check whose outcome depends on how often it was asked.
func (w *world) answers(takes time.Duration, outcome func(n int) check.Outcome) check.Check {
	var running atomic.Int32
	n := 0
	return &script{steps: []step{instead(func(ctx context.Context) check.Result {
		if running.Add(1) > 1 {
			w.twice.Store(true)
		}
		defer running.Add(-1)
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return check.Result{Outcome: check.Inconclusive, Reason: "cut off"}
		}
		n++
		result := check.Result{Outcome: outcome(n)}
		if result.Outcome != check.Passed {
			result.Reason = "as scripted"
		}
		if result.Outcome == check.Inconclusive {
			result.Retry = check.RetryNoAnswer
		}
		return result
	})}}
}

func (w *world) execution() gate.Execution { return gate.Execution{Asked: w.stage, Prove: w.prove} }

func TestManyCallsComeToTheVerdictOfOne(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				alone := newWorld(seed)
				one := gate.Run(t.Context(), alone.execution())

				parted := newWorld(seed)
				random := rand.New(rand.NewPCG(seed, 11))
				calls := caller{execution: parted.execution(), lasts: func() time.Duration {
					return 10*second + time.Duration(random.Int64N(int64(5*time.Minute)))
				}}
				calls.execution.CallsBack = random.IntN(2) == 0
				many := calls.run(t)

				if alone.twice.Load() || parted.twice.Load() {
					t.Error("a check ran while it ran")
				}
				if many.Outcome != one.Outcome || many.Succeeded != one.Succeeded || many.Rule != one.Rule {
					t.Errorf("%s in %d calls, %s in one:\n%s\n%s", many.Reason, len(calls.calls), one.Reason,
						strings.Join(lines(many.Checks), "\n"), strings.Join(lines(one.Checks), "\n"))
				}
				// What is parted from its run waits for no more than the longest run of another check.
				tolerance := time.Duration(len(calls.calls)) * 2 * second
				if d := (many.Duration - one.Duration).Abs(); d > tolerance {
					t.Errorf("took %s in %d calls, %s in one", many.Duration, len(calls.calls), one.Duration)
				}
				if one.Outcome != check.Failed {
					sameRuns(t, one.Checks, many.Checks)
				}
			})
		})
	}
}

// sameRuns holds the number of each check's runs against each other, one in ten aside.
func sameRuns(t *testing.T, one, many []check.Report) {
	t.Helper()
	if len(one) != len(many) {
		t.Fatalf("%d reports, want %d", len(many), len(one))
	}
	for i := range one {
		if d := max(one[i].Runs, many[i].Runs) - min(one[i].Runs, many[i].Runs); d > 1+one[i].Runs/10 {
			t.Errorf("%s ran %d times in many calls, %d times in one", one[i].Name, many[i].Runs, one[i].Runs)
		}
	}
}
