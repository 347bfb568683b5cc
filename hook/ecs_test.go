package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// ecsHook makes a hook that must not report anything.
func ecsHook(t *testing.T, d Decider, opts ...Option) *Handler {
	t.Helper()
	return New(d, append([]Option{WithLogger(quiet()), WithReporter(ReporterFunc(func(_ context.Context, e Execution, s Status) error {
		t.Errorf("it reported %s of %s", s, e.ID)
		return nil
	}))}, opts...)...)
}

func ecsPayload(changes string) []byte {
	return []byte(`{"executionId":"e-1","lifecycleStage":"POST_TEST_TRAFFIC_SHIFT","resourceArn":"arn:d-1"` + changes + `}`)
}

func gives(v Verdict) Decider {
	return deciderFunc(func(context.Context, Execution) Verdict { return v })
}

func TestECSAlwaysHasAnAnswer(t *testing.T) {
	inProgress := Verdict{Status: InProgress, Reason: "r", After: time.Minute}
	withState := func(state string) Decider {
		v := inProgress
		v.State = json.RawMessage(state)
		return gives(v)
	}
	tests := []struct {
		why     string
		decider Decider
		payload []byte
		status  string
		reason  string // how it begins
	}{
		{why: "nil", decider: Func(pass), status: "SUCCEEDED", reason: "the hook's function returned no error"},
		{why: "an error", decider: Func(func(context.Context, Execution) error { return errors.New("duration is 900ms, expected < 500ms") }), status: "FAILED", reason: "duration is 900ms, expected < 500ms"},
		{why: "a panic", decider: Func(func(context.Context, Execution) error { panic("boom") }), status: "FAILED", reason: "panic: boom"},
		{why: "a goroutine that ends without a word", decider: Func(func(context.Context, Execution) error { runtime.Goexit(); return nil }), status: "FAILED", reason: "the hook ended its goroutine"},
		{why: "no status", decider: gives(Verdict{Reason: "r"}), status: "FAILED", reason: `the decider gave the status ""`},
		{why: "not yet", decider: gives(inProgress), status: "IN_PROGRESS", reason: "r"},
		{why: "a state that is just small enough", decider: withState(`"` + strings.Repeat("s", MaxState-2) + `"`), status: "IN_PROGRESS", reason: "r"},
		{why: "a state that is too large", decider: withState(`"` + strings.Repeat("s", MaxState-1) + `"`), status: "FAILED", reason: "the hook has to be asked again, but its state has 32769 bytes, and 32768 are the most: r"},
		{why: "a state that is no JSON", decider: withState(`{`), status: "FAILED", reason: "the hook has to be asked again, but its state is not JSON: r"},
		{
			why: "hookDetails of the user's that leave no room", decider: withState(`{}`), payload: ecsPayload(`,"hookDetails":{"a":"` + strings.Repeat("b", maxDetails) + `"}`),
			status: "FAILED", reason: "the hook has to be asked again, but its state and the hook's own hookDetails have 65541 bytes, and 65536 are the most: r",
		},
		{
			why: "a round that would come too late", decider: gives(Verdict{Status: InProgress, Reason: "r", After: DefaultECSLimit}),
			status: "FAILED", reason: "the hook has to be asked again, but the 23h0m0s that the execution may take for Amazon ECS are over by then: r",
		},

		{why: "no execution id", payload: []byte(`{"lifecycleStage":"PRE_SCALE_UP","resourceArn":"a"}`), status: "FAILED", reason: "read the lifecycle hook event: executionId is missing; Amazon ECS sends"},
		{why: "no stage", payload: []byte(`{"executionId":"e","resourceArn":"a"}`), status: "FAILED", reason: "read the lifecycle hook event: lifecycleStage is missing"},
		{why: "no deployment", payload: []byte(`{"executionId":"e","lifecycleStage":"PRE_SCALE_UP","resourcearn":"a"}`), status: "FAILED", reason: `read the lifecycle hook event: resourceArn is missing ("resourcearn" is spelled differently)`},
		{why: "weights that are none", payload: ecsPayload(`,"executionDetails":{"testTrafficWeights":{"a":"all"}}`), status: "FAILED", reason: `read the lifecycle hook event: testTrafficWeights is not an object of numbers: "{\"a\":\"all\"}"`},
		{why: "details that are none", payload: ecsPayload(`,"hookDetails":[1]`), status: "FAILED", reason: `read the lifecycle hook event: hookDetails is not an object: "[1]"`},
		{why: "a state that can't be read", payload: ecsPayload(`,"hookDetails":{"greenlight":"mine"}`), status: "FAILED", reason: "read the lifecycle hook event: greenlight, where the round before leaves how far it came, is unreadable"},
		{why: "a state without its beginning", payload: ecsPayload(`,"hookDetails":{"greenlight":{"round":3}}`), status: "FAILED", reason: "read the lifecycle hook event: greenlight, where"},
		{why: "a state of no round", payload: ecsPayload(`,"hookDetails":{"greenlight":{"began":"2026-03-05T15:54:41Z"}}`), status: "FAILED", reason: "read the lifecycle hook event: greenlight, where"},
		{
			why: "a round after the end", payload: ecsPayload(`,"hookDetails":{"greenlight":{"round":3,"began":"2020-03-05T15:54:41Z"}}`), decider: Func(pass),
			status: "FAILED", reason: "the hook is asked too late: the 23h0m0s that the execution may take for Amazon ECS are over",
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if tt.decider == nil {
				tt.decider = Func(func(context.Context, Execution) error { t.Error("the decider ran"); return nil })
			}
			if tt.payload == nil {
				tt.payload = documented(t, "ecs-post-test-traffic-shift")
			}
			for name, logger := range map[string]*slog.Logger{"quiet": quiet(), "a log that panics": slog.New(panickingLog{})} {
				raw, err := ecsHook(t, tt.decider, WithLogger(logger)).Invoke(t.Context(), tt.payload)
				if err != nil {
					t.Fatalf("%s: the invocation ended in the error %v", name, err)
				}
				if said := ecsSaid(t, raw); said.Status != tt.status || !strings.HasPrefix(said.Reason, tt.reason) || (said.Details != nil) != (tt.status == "IN_PROGRESS") {
					t.Errorf("%s: got %.300s, want %s %s", name, raw, tt.status, tt.reason)
				}
			}
		})
	}
}

// A panickingLog panics with each line.
type panickingLog struct{}

func (panickingLog) Enabled(context.Context, slog.Level) bool  { return true }
func (p panickingLog) WithAttrs([]slog.Attr) slog.Handler      { return p }
func (p panickingLog) WithGroup(string) slog.Handler           { return p }
func (panickingLog) Handle(context.Context, slog.Record) error { panic("the log is full") }

func TestECSIsAnsweredBeforeTheDeadline(t *testing.T) {
	for name, d := range map[string]Func{
		"a decider that keeps to its context":   func(ctx context.Context, _ Execution) error { <-ctx.Done(); return ctx.Err() },
		"a decider that ignores its context":    func(context.Context, Execution) error { <-time.After(time.Hour); return nil },
		"a decider that panics when it is late": func(ctx context.Context, _ Execution) error { <-ctx.Done(); panic("late") },
	} {
		for _, tt := range timeouts {
			t.Run(name+"/"+tt.timeout.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
					defer cancel()
					raw, err := ecsHook(t, d).Invoke(ctx, documented(t, "ecs-post-test-traffic-shift"))
					if said := ecsSaid(t, raw); err != nil || said.Status != "FAILED" {
						t.Errorf("got %s, %v", raw, err)
					}
					deadline, _ := ctx.Deadline()
					if left, want := time.Until(deadline), min(ecsReserve, tt.timeout/2)*9/10; left < want {
						t.Errorf("%v were left, want %v", left, want)
					}
					<-time.After(time.Hour) // until the decider that was left behind has ended
				})
			})
		}
	}
}

func TestECSIsAnsweredWhenNoTimeIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := ecsHook(t, Func(pass))
		past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		raw, err := h.Invoke(past, documented(t, "ecs-pre-scale-up"))
		if said := ecsSaid(t, raw); err != nil || said.Status != "FAILED" || !strings.Contains(said.Reason, "deadline had come") {
			t.Errorf("got %s, %v", raw, err)
		}
		raw, err = h.Invoke(t.Context(), documented(t, "ecs-pre-scale-up"))
		if said := ecsSaid(t, raw); err != nil || said.Status != "SUCCEEDED" {
			t.Errorf("got %s, %v: the next invocation must decide", raw, err)
		}
	})
}

func TestCallBackDelayIsInWholeSeconds(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		want  int64
	}{{0, 1}, {-time.Hour, 1}, {time.Millisecond, 1}, {time.Second, 1}, {1001 * time.Millisecond, 2}, {2 * time.Hour, 7200}} {
		raw, err := ecsHook(t, gives(Verdict{Status: InProgress, After: tt.after})).Invoke(t.Context(), ecsPayload(""))
		if said := ecsSaid(t, raw); err != nil || said.Delay != tt.want {
			t.Errorf("after %v: got %s, %v; want %d", tt.after, raw, err, tt.want)
		}
	}
}

// A fakeECS is Amazon ECS as far as it asks one hook again and again. Each call comes to a function that was just started.
type fakeECS struct {
	details  map[string]json.RawMessage
	replaces bool // the documentation says that it merges
	calls    int
}

func (s *fakeECS) run(t *testing.T, d Decider, opts ...Option) ecsAnswer {
	t.Helper()
	for {
		s.calls++
		payload := ecsPayload(`,"hookDetails":` + string(encode(s.details)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		raw, err := ecsHook(t, d, opts...).Invoke(ctx, payload)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		said := ecsSaid(t, raw)
		if said.Status != "IN_PROGRESS" {
			return said
		}
		if s.replaces {
			s.details = nil
		}
		if s.details == nil {
			s.details = map[string]json.RawMessage{}
		}
		maps.Copy(s.details, said.Details)
		<-time.After(time.Duration(said.Delay) * time.Second)
	}
}

func TestECSIsAskedToComeBackUntilItIsDone(t *testing.T) {
	for _, replaces := range []bool{false, true} {
		t.Run(fmt.Sprintf("hookDetails replaced: %v", replaces), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				service := &fakeECS{replaces: replaces, details: map[string]json.RawMessage{"plan": json.RawMessage(`"mine"`), "n": json.RawMessage("1.50")}}
				said := service.run(t, deciderFunc(func(_ context.Context, e Execution) Verdict {
					if !e.CanContinue() || !e.Began.Equal(began) || !e.Deadline.Equal(began.Add(DefaultECSLimit)) {
						t.Errorf("round %d: %+v", e.Round, e)
					}
					if len(e.ECS.Details) != 2 || string(e.ECS.Details["plan"]) != `"mine"` || string(e.ECS.Details["n"]) != "1.50" {
						t.Errorf("round %d: the user's details are %s", e.Round, e.ECS.Details)
					}
					want := ""
					if e.Round > 0 {
						want = fmt.Sprintf(`{"rounds":%d}`, e.Round)
					}
					if string(e.State) != want {
						t.Errorf("round %d: got the state %s, want %s", e.Round, e.State, want)
					}
					if time.Since(began) >= 2*time.Hour {
						return Verdict{Status: Succeeded, Reason: "quiet for 2h"}
					}
					return Verdict{Status: InProgress, After: 10 * time.Minute, State: encode(map[string]int{"rounds": e.Round + 1})}
				}))
				if said.Status != "SUCCEEDED" || said.Reason != "quiet for 2h" || service.calls != 13 || time.Since(began) != 2*time.Hour {
					t.Errorf("got %+v after %d calls and %v", said, service.calls, time.Since(began))
				}
			})
		})
	}
}

func TestECSIsNotAskedToComeBackForEver(t *testing.T) {
	for _, tt := range []struct {
		opts []Option
		want time.Duration
	}{{nil, DefaultECSLimit}, {[]Option{WithECSLimit(0)}, DefaultECSLimit}, {[]Option{WithECSLimit(10 * time.Minute)}, 10 * time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			service := &fakeECS{}
			said := service.run(t, gives(Verdict{Status: InProgress, Reason: "2 alarms of 3 are quiet", After: 90 * time.Second}), tt.opts...)
			if took := time.Since(began); said.Status != "FAILED" || !strings.HasSuffix(said.Reason, "are over by then: 2 alarms of 3 are quiet") || took >= tt.want || took < tt.want-90*time.Second {
				t.Errorf("got %+v after %v, want FAILED within %v", said, took, tt.want)
			}
		})
	}
}

func TestARoundEndsWithTheExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		began := time.Now()
		raw, err := ecsHook(t, Func(func(ctx context.Context, _ Execution) error { <-ctx.Done(); return ctx.Err() }), WithECSLimit(4*time.Minute)).Invoke(ctx, ecsPayload(""))
		if said := ecsSaid(t, raw); err != nil || said.Reason != "context deadline exceeded: the 4m0s that the execution may take for Amazon ECS are over" || time.Since(began) != 4*time.Minute {
			t.Errorf("got %s, %v after %v", raw, err, time.Since(began))
		}
	})
}

func TestTheSameEventOfECSHasTheSameAnswer(t *testing.T) {
	var runs atomic.Int32
	h := ecsHook(t, fickle(&runs))
	step := documented(t, "ecs-production-traffic-shift")
	back := []byte(strings.NewReplacer(`893900": 100`, `893900": 0`, `580504": 0`, `580504": 100`).Replace(string(step)))
	for _, tt := range []struct {
		why     string
		payload []byte
		want    string
	}{
		{"the first", step, "SUCCEEDED"},
		{"the same again", step, "SUCCEEDED"},
		{"another step under the same id, as a rollback might come", back, "FAILED"},
		{"and that again", back, "FAILED"},
		{"the first, later", step, "SUCCEEDED"},
	} {
		raw, err := h.Invoke(t.Context(), tt.payload)
		if said := ecsSaid(t, raw); err != nil || said.Status != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.why, raw, err, tt.want)
		}
	}
	if runs.Load() != 2 {
		t.Errorf("it was decided %d times, want 2", runs.Load())
	}
}

func TestAnAnswerThatIsNoVerdictIsNotRepeated(t *testing.T) {
	var runs atomic.Int32
	h := ecsHook(t, deciderFunc(func(context.Context, Execution) Verdict {
		if runs.Add(1) == 1 {
			return Verdict{Status: InProgress}
		}
		return Verdict{Status: Succeeded}
	}))
	for _, want := range []string{"IN_PROGRESS", "SUCCEEDED"} {
		raw, err := h.Invoke(t.Context(), ecsPayload(""))
		if said := ecsSaid(t, raw); err != nil || said.Status != want {
			t.Errorf("got %s, %v, want %s", raw, err, want)
		}
	}
	if len(h.memory.memos) != 1 || len(h.memory.arrived) != 1 {
		t.Errorf("it remembers %v", h.memory.arrived)
	}
}

func TestLogLinesOfECS(t *testing.T) {
	book := &logBook{}
	h := ecsHook(t, deciderFunc(func(_ context.Context, e Execution) Verdict {
		if e.Round == 0 {
			return Verdict{Status: InProgress, Reason: "2 of 3 are quiet", After: time.Minute}
		}
		return Verdict{Status: Succeeded, Reason: "3 of 3 are quiet", Attrs: []slog.Attr{slog.Int("checks", 3)}}
	}), WithLogger(book.logger()))
	raw, err := h.Invoke(t.Context(), ecsPayload(""))
	if err != nil {
		t.Fatal(err)
	}
	if last := book.last(t); last["msg"] != "in progress" || last["level"] != "INFO" || last["reason"] != "2 of 3 are quiet" || last["next_round"] != 1.0 || last["after"] != "1m0s" || last["execution"] != "e-1" {
		t.Errorf("the first line is %v", last)
	}
	if _, err := h.Invoke(t.Context(), ecsPayload(`,"hookDetails":`+string(encode(ecsSaid(t, raw).Details)))); err != nil {
		t.Fatal(err)
	}
	if last := book.last(t); last["msg"] != "verdict" || last["status"] != "Succeeded" || last["round"] != 1.0 || last["checks"] != 3.0 || last["delivered"] != nil {
		t.Errorf("the last line is %v", last)
	}
}
