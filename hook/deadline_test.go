package hook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The function timeouts that the rules are tried with: the least, Lambda's default, one where
// the default reserve is too much, one where it is just half, and Lambda's most.
var timeouts = []struct{ timeout, reserve time.Duration }{
	{1 * time.Second, 500 * time.Millisecond},
	{3 * time.Second, 1500 * time.Millisecond},
	{10 * time.Second, 5 * time.Second},
	{20 * time.Second, 10 * time.Second},
	{900 * time.Second, 10 * time.Second},
}

// jitters are the best, the worst and the real draw of a wait.
var jitters = map[string]func(time.Duration) time.Duration{
	"no wait": noWait, "longest wait": func(bound time.Duration) time.Duration { return bound }, "jitter": fullJitter,
}

// invocation is one Invoke in a bubble, with what became of it.
type invocation struct {
	answer   []byte
	err      error
	returned time.Time
	deadline time.Time
	fake     *fakeCodeDeploy
	log      *logBook
}

func invokeInBubble(t *testing.T, timeout time.Duration, d Decider, fault func(int) fault, jitter func(time.Duration) time.Duration) invocation {
	t.Helper()
	in := invocation{fake: &fakeCodeDeploy{fault: fault}, log: &logBook{}}
	h := New(d, WithReporter(inBubble(t, in.fake)), WithLogger(in.log.logger()))
	h.jitter = jitter
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	in.deadline, _ = ctx.Deadline()
	in.answer, in.err = h.Invoke(ctx, []byte(testEvent))
	in.returned = time.Now()
	return in
}

// mustHaveReported checks for one final status, given before the deadline.
func (in invocation) mustHaveReported(t *testing.T, want Status) {
	t.Helper()
	_, accepted := in.fake.seen()
	if len(accepted) != 1 || accepted[0].Status != want || !accepted[0].at.Before(in.deadline) {
		t.Errorf("CodeDeploy took %+v, want one status %s before %v", accepted, want, in.deadline)
	}
	if in.err != nil {
		t.Errorf("the invocation ended in the error %v", in.err)
	}
	if !in.returned.Before(in.deadline) {
		t.Errorf("the invocation ended at %v, after its deadline %v", in.returned, in.deadline)
	}
}

func TestContextEndsWhereTheReserveBegins(t *testing.T) {
	for _, tt := range timeouts {
		t.Run(tt.timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ended time.Time
				in := invokeInBubble(t, tt.timeout, Func(func(ctx context.Context, _ Execution) error {
					<-ctx.Done()
					ended = time.Now()
					return fmt.Errorf("wait for green: %w", ctx.Err())
				}), nil, noWait)
				in.mustHaveReported(t, Failed)
				if left := in.deadline.Sub(ended); left != tt.reserve {
					t.Errorf("%v were left for the report, want %v", left, tt.reserve)
				}
				want := fmt.Sprintf("wait for green: context deadline exceeded: the %v that the function's timeout leaves for checks are over (%v of %v are reserved for the report)",
					tt.timeout-tt.reserve, tt.reserve, tt.timeout)
				if _, reason := answer(t, in.answer); reason != want {
					t.Errorf("got reason %q, want %q", reason, want)
				}
			})
		})
	}
}

func TestReserveOption(t *testing.T) {
	tests := []struct {
		why                      string
		timeout, set, wantsAtEnd time.Duration
	}{
		{"what is set is kept", 20 * time.Second, 2 * time.Second, 2 * time.Second},
		{"half of the timeout is the most", 20 * time.Second, 15 * time.Second, 10 * time.Second},
		{"zero is the default", 60 * time.Second, 0, DefaultReserve},
		{"less than nothing is the default", 60 * time.Second, -time.Second, DefaultReserve},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				var left time.Duration
				h := New(Func(func(dctx context.Context, _ Execution) error {
					inner, _ := dctx.Deadline()
					outer, _ := ctx.Deadline()
					left = outer.Sub(inner)
					return nil
				}), WithReserve(tt.set), WithLogger(quiet()), WithReporter(ReporterFunc(func(context.Context, Execution, Status) error { return nil })))
				if _, err := h.Invoke(ctx, []byte(testEvent)); err != nil {
					t.Fatal(err)
				}
				if left != tt.wantsAtEnd {
					t.Errorf("got a reserve of %v, want %v", left, tt.wantsAtEnd)
				}
			})
		})
	}
}

func TestDeciderThatIgnoresItsContextIsNotWaitedFor(t *testing.T) {
	for _, tt := range timeouts {
		t.Run(tt.timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				in := invokeInBubble(t, tt.timeout, Func(func(context.Context, Execution) error {
					<-release
					return nil
				}), nil, noWait)
				in.mustHaveReported(t, Failed)
				_, accepted := in.fake.seen()
				if waited, want := accepted[0].at.Sub(in.deadline), -tt.reserve+tt.reserve/10; waited != want {
					t.Errorf("reported %v from the deadline, want %v: when the grace is over", waited, want)
				}
				if _, reason := answer(t, in.answer); !strings.HasPrefix(reason, "the hook did not finish in time: ") {
					t.Errorf("got reason %q", reason)
				}
			})
		})
	}
}

func TestDeciderMayFinishWithinTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := invokeInBubble(t, 20*time.Second, Func(func(ctx context.Context, _ Execution) error {
			<-ctx.Done()
			<-time.After(900 * time.Millisecond) // cleaning up
			return errors.New("12 of 40 checks were still to come")
		}), nil, noWait)
		in.mustHaveReported(t, Failed)
		if _, reason := answer(t, in.answer); reason != "12 of 40 checks were still to come" {
			t.Errorf("got reason %q, want the decider's own", reason)
		}
	})
}

// Faults of CodeDeploy that last 5 s, the time of a failover, from when the report is first tried.
func TestReportOutlastsAnOutage(t *testing.T) {
	useAll := Func(func(ctx context.Context, _ Execution) error { <-ctx.Done(); return errors.New("late") })
	outages := map[string]fault{
		"throttles":        answers(400, "ThrottlingException"),
		"is away":          resets,
		"answers 500":      answers(500, "InternalFailure"),
		"answers 503":      answersText(503, "<html>"),
		"answers garbage":  answersText(200, "<html>"),
		"hangs":            hangs,
		"loses its answer": losesAnswer,
	}
	for jitterName, jitter := range jitters {
		if jitterName == "no wait" {
			continue // fake time would never pass
		}
		for name, wrong := range outages {
			for _, tt := range []struct {
				why     string
				timeout time.Duration
				decider Decider
				want    Status
			}{
				{"quick decider, 10 s", 10 * time.Second, Func(pass), Succeeded},
				{"quick decider, 900 s", 900 * time.Second, Func(pass), Succeeded},
				{"decider that takes all its time, 20 s", 20 * time.Second, useAll, Failed},
				{"decider that takes all its time, 900 s", 900 * time.Second, useAll, Failed},
			} {
				t.Run(name+"/"+jitterName+"/"+tt.why, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						in := invokeInBubble(t, tt.timeout, tt.decider, outage(5*time.Second, wrong), jitter)
						in.mustHaveReported(t, tt.want)
						last := in.log.last(t)
						if last["msg"] != "verdict" || last["delivered"] != true || last["attempts"].(float64) < 2 {
							t.Errorf("the last line is %v", last)
						}
					})
				})
			}
		}
	}
}

func TestUndeliverableReportEndsInAnErrorBeforeTheDeadline(t *testing.T) {
	faults := map[string]fault{
		"hangs for ever": hangs, "throttles for ever": answers(400, "ThrottlingException"), "is away for ever": resets,
	}
	for name, wrong := range faults {
		for _, tt := range timeouts {
			t.Run(name+"/"+tt.timeout.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					in := invokeInBubble(t, tt.timeout, Func(pass), always(wrong), fullJitter)
					lost, ok := errors.AsType[*ReportError](in.err)
					if !ok {
						t.Fatalf("got %s, %v, want a *ReportError", in.answer, in.err)
					}
					calls, accepted := in.fake.seen()
					if len(accepted) != 0 || lost.Attempts < 2 || len(calls) > lost.Attempts {
						t.Errorf("%d attempts, %d calls, accepted: %v", lost.Attempts, len(calls), accepted)
					}
					if left := in.deadline.Sub(in.returned); left < 90*time.Millisecond {
						t.Errorf("%v were left to say so", left)
					}
					if last := in.log.last(t); last["msg"] != "verdict" || last["delivered"] != false || last["level"] != "ERROR" || last["status"] != "Succeeded" {
						t.Errorf("the last line is %v", last)
					}
				})
			})
		}
	}
}

func TestErrorNamesTheCauseAndNotTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := invokeInBubble(t, 20*time.Second, Func(pass), always(answers(400, "ThrottlingException")), fullJitter)
		if in.err == nil || !strings.Contains(in.err.Error(), "ThrottlingException") {
			t.Errorf("got %v", in.err)
		}
	})
}

func TestAttemptThatHangsLeavesTimeForAnother(t *testing.T) {
	for _, timeout := range []time.Duration{3 * time.Second, 20 * time.Second} {
		t.Run(timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				in := invokeInBubble(t, timeout, Func(func(context.Context, Execution) error { <-release; return nil }), firstCalls(1, hangs), fullJitter)
				in.mustHaveReported(t, Failed)
			})
		})
	}
}

func TestNoTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := 0
		fake := &fakeCodeDeploy{}
		h := New(Func(func(context.Context, Execution) error { ran++; return nil }), WithReporter(inBubble(t, fake)), WithLogger(quiet()))
		past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		if _, err := h.Invoke(past, []byte(testEvent)); err == nil || ran != 0 {
			t.Errorf("got error %v after %d runs, want one before the decider runs", err, ran)
		}
		if _, err := h.Invoke(t.Context(), []byte(testEvent)); err != nil || ran != 1 {
			t.Errorf("got error %v after %d runs: the next invocation must decide", err, ran)
		}
		if _, accepted := fake.seen(); len(accepted) != 1 || accepted[0].Status != Succeeded {
			t.Errorf("CodeDeploy took %v", accepted)
		}
	})
}

func TestWithoutADeadline(t *testing.T) {
	t.Run("the decider has no limit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake := &fakeCodeDeploy{}
			h := New(Func(func(ctx context.Context, _ Execution) error {
				<-time.After(24 * time.Hour)
				return ctx.Err()
			}), WithReporter(inBubble(t, fake)), WithLogger(quiet()))
			raw, err := h.Invoke(t.Context(), []byte(testEvent))
			if err != nil {
				t.Fatal(err)
			}
			if s, reason := answer(t, raw); s != Succeeded {
				t.Errorf("got %s: %s", s, reason)
			}
		})
	})
	t.Run("the report has the reserve", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := New(Func(pass), WithReporter(inBubble(t, &fakeCodeDeploy{fault: always(hangs)})), WithLogger(quiet()))
			began := time.Now()
			_, err := h.Invoke(t.Context(), []byte(testEvent))
			if took := time.Since(began); err == nil || took > DefaultReserve {
				t.Errorf("got error %v after %v", err, took)
			}
		})
	})
	t.Run("a canceled context stops the decider", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			release := make(chan struct{})
			defer close(release)
			book := &logBook{}
			h := New(Func(func(context.Context, Execution) error {
				cancel(errors.New("interrupted"))
				<-release
				return nil
			}), WithReporter(inBubble(t, &fakeCodeDeploy{})), WithLogger(book.logger()))
			if _, err := h.Invoke(ctx, []byte(testEvent)); err == nil {
				t.Error("got no error, though nothing can be reported any more")
			}
			if last := book.last(t); last["reason"] != "the hook was stopped before it finished: interrupted" {
				t.Errorf("the last line is %v", last)
			}
		})
	})
}
