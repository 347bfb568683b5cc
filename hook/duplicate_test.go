package hook

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fickle passes the first time and fails afterwards: what a second opinion would look like.
func fickle(runs *atomic.Int32) Func {
	return func(context.Context, Execution) error {
		if runs.Add(1) > 1 {
			return errors.New("a second opinion")
		}
		return nil
	}
}

func TestSameExecutionLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		fake, book := &fakeCodeDeploy{}, &logBook{}
		h := New(fickle(&runs), WithReporter(inBubble(t, fake)), WithLogger(book.logger()))
		var answers [3]string
		for i := range answers {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			raw, err := h.Invoke(ctx, []byte(testEvent))
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			answers[i] = string(raw)
		}
		calls, accepted := fake.seen()
		if runs.Load() != 1 || len(accepted) != 1 || len(calls) != 3 {
			t.Errorf("%d runs, %d reports, %d accepted; want 1, 3, 1", runs.Load(), len(calls), len(accepted))
		}
		if slices.ContainsFunc(answers[:], func(a string) bool { return a != answers[0] }) {
			t.Errorf("got the answers %q", answers)
		}
		if last := book.last(t); last["repeated"] != true || last["already_completed"] != true || last["delivered"] != true {
			t.Errorf("the last line is %v", last)
		}
	})
}

func TestSameExecutionAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		release := make(chan struct{})
		fake := &fakeCodeDeploy{}
		h := New(Func(func(context.Context, Execution) error {
			runs.Add(1)
			<-release
			return errors.New("no route")
		}), WithReporter(inBubble(t, fake)), WithLogger(quiet()))
		var all sync.WaitGroup
		var answers [5]string
		for i := range answers {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				raw, err := h.Invoke(ctx, []byte(testEvent))
				if err != nil {
					t.Error(err)
				}
				answers[i] = string(raw)
			})
		}
		synctest.Wait() // one decides, the others wait for it
		close(release)
		all.Wait()
		_, accepted := fake.seen()
		if runs.Load() != 1 || len(accepted) != 1 || accepted[0].Status != Failed {
			t.Errorf("%d runs, accepted %v", runs.Load(), accepted)
		}
		for _, a := range answers {
			if a != `{"status":"Failed","reason":"no route"}` {
				t.Errorf("got the answer %s", a)
			}
		}
	})
}

func TestSecondInvocationReportsWhatTheFirstCouldNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		fake := &fakeCodeDeploy{fault: outage(30*time.Second, answers(503, "ServiceUnavailable"))}
		h := New(fickle(&runs), WithReporter(inBubble(t, fake)), WithLogger(quiet()))
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i, timeout := range []time.Duration{20 * time.Second, 60 * time.Second} {
			both.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				_, errs[i] = h.Invoke(ctx, []byte(testEvent))
			})
		}
		both.Wait()
		if _, ok := errors.AsType[*ReportError](errs[0]); !ok || errs[1] != nil {
			t.Errorf("got the errors %v", errs)
		}
		if _, accepted := fake.seen(); runs.Load() != 1 || len(accepted) != 1 || accepted[0].Status != Succeeded {
			t.Errorf("%d runs, accepted %v", runs.Load(), accepted)
		}
	})
}

func TestSecondInvocationWaitsNoLongerThanItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeCodeDeploy{}
		h := New(Func(func(context.Context, Execution) error {
			<-time.After(30 * time.Second)
			return nil
		}), WithReporter(inBubble(t, fake)), WithLogger(quiet()))
		var first sync.WaitGroup
		first.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			if _, err := h.Invoke(ctx, []byte(testEvent)); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := h.Invoke(ctx, []byte(testEvent)); err == nil || ctx.Err() != nil {
			t.Errorf("got %v, with the deadline reached: %v", err, ctx.Err() != nil)
		}
		if calls, _ := fake.seen(); len(calls) != 0 {
			t.Errorf("it reported %v though nothing was decided", calls)
		}
		first.Wait()
		if _, accepted := fake.seen(); len(accepted) != 1 || accepted[0].Status != Succeeded {
			t.Errorf("CodeDeploy took %v", accepted)
		}
	})
}

func TestRetryRepeatsAVerdictThatWasNotDelivered(t *testing.T) {
	tests := []struct {
		why   string
		first Func
		want  Status
	}{
		{"a verdict of the decider's own", pass, Succeeded},
		{"a verdict that only the deadline made", func(ctx context.Context, _ Execution) error { <-ctx.Done(); return ctx.Err() }, Failed},
		{"a panic", func(context.Context, Execution) error { panic("boom") }, Failed},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int32
				fake := &fakeCodeDeploy{fault: outage(15*time.Second, resets)}
				h := New(Func(func(ctx context.Context, e Execution) error {
					if runs.Add(1) > 1 {
						t.Error("the decider was asked again")
					}
					return tt.first(ctx, e)
				}), WithReporter(inBubble(t, fake)), WithLogger(quiet()))
				ctx, cancel := context.WithTimeout(t.Context(), 14*time.Second)
				defer cancel()
				if _, err := h.Invoke(ctx, []byte(testEvent)); err == nil {
					t.Fatal("the first report was delivered")
				}
				<-time.After(time.Minute) // Lambda's first retry
				ctx, cancel = context.WithTimeout(t.Context(), 14*time.Second)
				defer cancel()
				if _, err := h.Invoke(ctx, []byte(testEvent)); err != nil {
					t.Fatal(err)
				}
				if _, accepted := fake.seen(); len(accepted) != 1 || accepted[0].Status != tt.want {
					t.Errorf("CodeDeploy took %v, want %s", accepted, tt.want)
				}
			})
		})
	}
}
