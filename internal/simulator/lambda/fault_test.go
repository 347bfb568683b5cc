//go:build unix

package lambda_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

func inject(t *testing.T, s *lambda.Service, f lambda.Fault) *lambda.Injected {
	t.Helper()
	injected, err := s.Inject("hook", f)
	if err != nil {
		t.Fatal(err)
	}
	return injected
}

func TestAThrottledFunctionRefusesWhoWaits(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, webhook(t, echo))
	throttled := inject(t, s, lambda.Fault{Throttled: true})
	if _, err := s.Invoke(t.Context(), "hook", []byte("{}")); codeOf(err) != "TooManyRequestsException" {
		t.Errorf("got %v", err)
	}
	throttled.End()
	if _, err := s.Invoke(t.Context(), "hook", []byte("{}")); err != nil {
		t.Errorf("after the fault: %v", err)
	}
	if <-r.invocations; len(r.invocations) != 0 {
		t.Error("the throttled invocation ran")
	}
}

func TestAThrottledEventWaitsInTheQueue(t *testing.T) {
	clock := new(instant)
	s, r := start(t, lambda.Config{Clock: clock})
	create(t, s, webhook(t, echo))
	inject(t, s, lambda.Fault{Throttled: true, Times: 3})
	id, err := s.InvokeAsync("hook", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if run := <-r.invocations; run.Attempt != 1 || run.Result.RequestID != id {
		t.Errorf("it ran as attempt %d of %s", run.Attempt, run.Result.RequestID)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, clock.waits); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
}

func TestAThrottledEventIsGivenUpAfterSixHours(t *testing.T) {
	clock := new(instant)
	lost := make(chan lambda.Undelivered, 1)
	s, r := start(t, lambda.Config{Clock: clock, Undelivered: func(u lambda.Undelivered) { lost <- u }})
	create(t, s, webhook(t, echo))
	inject(t, s, lambda.Fault{Throttled: true})
	id, err := s.InvokeAsync("hook", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if u := <-lost; u.RequestID != id || !strings.Contains(u.Reason, "throttled for 6h") {
		t.Errorf("got %+v", u)
	}
	var waited, longest time.Duration
	for _, d := range clock.waits {
		waited, longest = waited+d, max(longest, d)
	}
	if waited < 6*time.Hour || waited > 6*time.Hour+5*time.Minute || longest != 5*time.Minute {
		t.Errorf("it waited %v, at most %v at once", waited, longest)
	}
	if len(r.invocations) != 0 {
		t.Error("it ran")
	}
}

func TestAnEventMayComeTwice(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, webhook(t, echo))
	inject(t, s, lambda.Fault{Duplicated: true, Times: 2}) // each delivery is an invocation
	id, err := s.InvokeAsync("hook", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if run := <-r.invocations; run.Result.RequestID != id || run.Attempt != 1 {
			t.Errorf("request %s, attempt %d; want the first attempt of %s twice", run.Result.RequestID, run.Attempt, id)
		}
	}
	s.Close()
	if len(r.invocations) != 0 {
		t.Error("it came a third time")
	}
}

func TestALostEventIsNeverRun(t *testing.T) {
	lost := make(chan lambda.Undelivered, 1)
	s, r := start(t, lambda.Config{Undelivered: func(u lambda.Undelivered) { lost <- u }})
	create(t, s, webhook(t, echo))
	inject(t, s, lambda.Fault{Lost: true})
	id, err := s.InvokeAsync("hook", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if u := <-lost; u.RequestID != id || u.Function != "hook" {
		t.Errorf("got %+v", u)
	}
	if _, err := s.Invoke(t.Context(), "hook", []byte("{}")); codeOf(err) != "ServiceException" {
		t.Errorf("who waits got %v", err)
	}
	s.Close()
	if len(r.invocations) != 0 {
		t.Error("it ran")
	}
}

func TestAFunctionOutOfMemoryIsKilled(t *testing.T) {
	for name, f := range map[string]func(*testing.T) lambda.Function{
		"in a process": func(t *testing.T) lambda.Function { return function(t, "run") },
		"in a webhook": func(t *testing.T) lambda.Function { return webhook(t, echo) },
	} {
		t.Run(name, func(t *testing.T) {
			s, r := start(t, lambda.Config{})
			create(t, s, f(t))
			inject(t, s, lambda.Fault{Killed: true, Times: 1})
			result := invoke(t, s, "echo", "hello")
			if err := result.Err(); err == nil || !strings.Contains(err.Error(), "Runtime.ExitError: RequestId: "+result.RequestID+" Error: Runtime exited with error: signal: killed") {
				t.Errorf("got %s, %v", result.Payload, err)
			}
			if report := r.texts()[len(r.texts())-1]; !strings.Contains(report, "Memory Size: 128 MB\tMax Memory Used: 128 MB") || !strings.Contains(report, "\tStatus: error\tError Type: Runtime.ExitError") {
				t.Errorf("the last line is %q", report)
			}
			if again := invoke(t, s, "echo", "hello"); again.Err() != nil {
				t.Errorf("the next one failed: %v", again.Err())
			}
			<-r.invocations
			if next := <-r.invocations; !next.Cold {
				t.Error("the killed sandbox was used again")
			}
		})
	}
}

func TestAFunctionMayBeKilledInTheMiddle(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	inject(t, s, lambda.Fault{Killed: true, KillAfter: time.Millisecond})
	if err := invoke(t, s, "hang", "").Err(); err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("got %v", err)
	}
}

func TestAKilledEventIsTriedAgain(t *testing.T) {
	s, r := start(t, lambda.Config{Clock: new(instant)})
	create(t, s, function(t, "run"))
	inject(t, s, lambda.Fault{Killed: true, Times: 1})
	if _, err := s.InvokeAsync("hook", []byte(`{"Do":"echo","Text":"hello"}`)); err != nil {
		t.Fatal(err)
	}
	if first, second := <-r.invocations, <-r.invocations; first.Result.Err() == nil || second.Result.Err() != nil || second.Attempt != 2 {
		t.Errorf("got %v, then attempt %d: %v", first.Result.Err(), second.Attempt, second.Result.Err())
	}
}

func TestASlowColdStartTakesSimulatedTime(t *testing.T) {
	clock := new(instant)
	s, r := start(t, lambda.Config{Clock: clock})
	create(t, s, function(t, "run"))
	inject(t, s, lambda.Fault{ColdStart: 8 * time.Second})
	invoke(t, s, "echo", "")
	invoke(t, s, "echo", "")
	if diff := cmp.Diff([]time.Duration{8 * time.Second}, clock.waits); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	if cold, warm := <-r.invocations, <-r.invocations; cold.Init < 8*time.Second || warm.Init != 0 {
		t.Errorf("inits of %v and %v", cold.Init, warm.Init)
	}
}

// What one fault has befallen is no other's business: neither begins anew when another begins or ends.
func TestFaultsOfAFunctionCountForThemselves(t *testing.T) {
	s, r := start(t, lambda.Config{Clock: new(instant)})
	create(t, s, function(t, "run"))
	kill := inject(t, s, lambda.Fault{Killed: true, Times: 2})
	invoke(t, s, "echo", "")
	cold := inject(t, s, lambda.Fault{ColdStart: 3 * time.Second, Times: 1})
	later := inject(t, s, lambda.Fault{ColdStart: 4 * time.Second})
	invoke(t, s, "echo", "")
	if !kill.Over() || !cold.Over() || later.Over() {
		t.Errorf("over are the kill: %v, the first cold start: %v, the second: %v", kill.Over(), cold.Over(), later.Over())
	}
	invoke(t, s, "echo", "")
	later.End()
	for i, want := range []struct {
		killed bool
		init   time.Duration
	}{{true, 0}, {true, 7 * time.Second}, {false, 4 * time.Second}} {
		if run := <-r.invocations; (run.Result.Err() != nil) != want.killed || run.Init.Truncate(time.Second) != want.init {
			t.Errorf("invocation %d: %v, init %v; want killed: %v, init %v", i+1, run.Result.Err(), run.Init, want.killed, want.init)
		}
	}
	if !later.Over() {
		t.Error("what was taken back isn't over")
	}
}

func TestWhatAFaultMayBe(t *testing.T) {
	tests := []struct {
		why      string
		function string
		fault    lambda.Fault
		want     string
	}{
		{"Lambda gives up an init after 10 seconds", "hook", lambda.Fault{ColdStart: 11 * time.Second}, "from 0 to 10s"},
		{"time doesn't run backwards", "hook", lambda.Fault{Killed: true, KillAfter: -1}, "0 or more"},
		{"nor do numbers", "hook", lambda.Fault{Times: -1}, "0 or more"},
		{"the function must be there", "other", lambda.Fault{}, "ResourceNotFoundException"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s, _ := start(t, lambda.Config{})
			create(t, s, webhook(t, echo))
			if _, err := s.Inject(test.function, test.fault); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
