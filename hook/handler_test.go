package hook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
)

func TestVerdictsReachCodeDeploy(t *testing.T) {
	tests := []struct {
		why    string
		f      Func
		status Status
		reason string
	}{
		{"nil is Succeeded", pass, Succeeded, "the hook's function returned no error"},
		{"an error is Failed", func(context.Context, Execution) error { return errors.New("GET /health: status 500") }, Failed, "GET /health: status 500"},
		{"an error of many lines is one line", func(context.Context, Execution) error { return errors.Join(errors.New("a"), errors.New("b")) }, Failed, "a; b"},
		{"a panic is Failed with its text", func(context.Context, Execution) error { panic("boom\nbang") }, Failed, "panic: boom; bang"},
		{"a panic with an error", func(context.Context, Execution) error { panic(errors.New("boom")) }, Failed, "panic: boom"},
		{"a panic with nil", func(context.Context, Execution) error { panic(nil) }, Failed, "panic: " + (&runtime.PanicNilError{}).Error()},
		{"a panic of the runtime", func(context.Context, Execution) error { var none []string; return errors.New(none[0]) }, Failed, "panic: runtime error: index out of range [0] with length 0"},
		{"a goroutine that ends without a word", func(context.Context, Execution) error { runtime.Goexit(); return nil }, Failed, "the hook ended its goroutine without a verdict (runtime.Goexit, as testing's FailNow calls it)"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			fake, book := &fakeCodeDeploy{}, &logBook{}
			h := New(tt.f, WithReporter(onLoopback(t, fake)), WithLogger(book.logger()))
			raw, err := h.Invoke(t.Context(), []byte(testEvent))
			if err != nil {
				t.Fatal(err)
			}
			if status, reason := answer(t, raw); status != tt.status || reason != tt.reason {
				t.Errorf("got %s %q, want %s %q", status, reason, tt.status, tt.reason)
			}
			if _, accepted := fake.seen(); len(accepted) != 1 || accepted[0].Status != tt.status {
				t.Errorf("CodeDeploy took %+v", accepted)
			}
			last := book.last(t)
			if last["msg"] != "verdict" || last["status"] != string(tt.status) || last["reason"] != tt.reason || last["delivered"] != true || last["attempts"] != 1.0 {
				t.Errorf("the last line is %v", last)
			}
		})
	}
}

func TestPanicIsLoggedWithItsStackAndReasonWithout(t *testing.T) {
	book := &logBook{}
	h := New(Func(func(context.Context, Execution) error { panic("boom") }), WithReporter(onLoopback(t, &fakeCodeDeploy{})), WithLogger(book.logger()))
	if _, err := h.Invoke(t.Context(), []byte(testEvent)); err != nil {
		t.Fatal(err)
	}
	lines := book.lines(t)
	if lines[0]["msg"] != "panic" || lines[0]["level"] != "ERROR" || !strings.Contains(lines[0]["stack"].(string), "handler_test.go") {
		t.Errorf("the first line is %v", lines[0])
	}
	if strings.Contains(fmt.Sprint(lines[len(lines)-1]), "handler_test.go") {
		t.Errorf("the last line holds a stack: %v", lines[len(lines)-1])
	}
}

// A brokenLog is a log handler that panics when it is given a panic.
type brokenLog struct{}

func (brokenLog) Enabled(context.Context, slog.Level) bool { return true }
func (b brokenLog) WithAttrs([]slog.Attr) slog.Handler     { return b }
func (b brokenLog) WithGroup(string) slog.Handler          { return b }

func (brokenLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "panic" {
		panic("the log is full")
	}
	return nil
}

func TestPanicOfTheLogDoesNotCostTheVerdict(t *testing.T) {
	fake := &fakeCodeDeploy{}
	h := New(Func(func(context.Context, Execution) error { panic("boom") }),
		WithReporter(onLoopback(t, fake)), WithLogger(slog.New(brokenLog{})))
	raw, err := h.Invoke(t.Context(), []byte(testEvent))
	if err != nil {
		t.Fatal(err)
	}
	if status, reason := answer(t, raw); status != Failed || reason != "panic: boom" {
		t.Errorf("got %s %q", status, reason)
	}
}

func TestEventsWithoutIdsReportNothing(t *testing.T) {
	events := map[string]string{
		"missing":  `{"LifecycleEventHookExecutionId":"x"}`,
		"empty":    `{"DeploymentId":"","LifecycleEventHookExecutionId":"x"}`,
		"a number": `{"DeploymentId":17,"LifecycleEventHookExecutionId":"x"}`,
		"not JSON": `DeploymentId`,
		"null":     `null`,
		"6 MB":     `{"a":"` + strings.Repeat("b", 6<<20) + `"}`,
	}
	for why, event := range events {
		t.Run(why, func(t *testing.T) {
			fake, book := &fakeCodeDeploy{}, &logBook{}
			h := New(Func(func(context.Context, Execution) error { t.Error("the decider ran"); return nil }),
				WithReporter(onLoopback(t, fake)), WithLogger(book.logger()))
			_, err := h.Invoke(t.Context(), []byte(event))
			if _, ok := errors.AsType[*EventError](err); !ok {
				t.Errorf("got error %v, want an *EventError", err)
			}
			if calls, _ := fake.seen(); len(calls) != 0 {
				t.Errorf("it called CodeDeploy: %v", calls)
			}
			if last := book.last(t); last["msg"] != "no verdict" || last["error"] != err.Error() {
				t.Errorf("the last line is %v", last)
			}
		})
	}
}

// A witness decides with a reason, attributes and lines of its own.
type witness struct{}

func (witness) Decide(ctx context.Context, e Execution) Verdict {
	Logger(ctx).Info("check", "name", "health")
	return Verdict{
		Status: Succeeded, Reason: "3 checks passed of " + e.DeploymentID,
		Attrs: []slog.Attr{slog.String("stage", "AfterAllowTestTraffic"), slog.Int("checks", 3)},
	}
}

func TestLogLines(t *testing.T) {
	book := &logBook{}
	long := strings.Repeat("QUJD", 100)
	h := New(witness{}, WithReporter(onLoopback(t, &fakeCodeDeploy{})), WithLogger(NewLogger(book, "info")))
	if _, err := h.Invoke(t.Context(), []byte(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"`+long+`"}`)); err != nil {
		t.Fatal(err)
	}
	lines := book.lines(t)
	if len(lines) != 2 {
		t.Fatalf("got %d lines, want 2: %v", len(lines), lines)
	}
	for _, line := range lines {
		if line["deployment"] != "d-1" || line["execution"] != long {
			t.Errorf("a line without its ids: %v", line)
		}
		if line["time"] != nil || line["source"] != nil {
			t.Errorf("a line with a time or source of its own: %v", line)
		}
	}
	if lines[0]["name"] != "health" {
		t.Errorf("the decider's line is %v", lines[0])
	}
	last := lines[1]
	if last["reason"] != "3 checks passed of d-1" || last["stage"] != "AfterAllowTestTraffic" || last["checks"] != 3.0 || last["level"] != "INFO" {
		t.Errorf("the last line is %v", last)
	}
}

func TestLogLevel(t *testing.T) {
	tests := []struct {
		why, level string
		want       string // levels that are written
	}{
		{"info is the default", "", "INFO WARN ERROR"},
		{"debug", "debug", "DEBUG INFO WARN ERROR"},
		{"case doesn't matter", " Debug ", "DEBUG INFO WARN ERROR"},
		{"warn", "WARN", "WARN ERROR"},
		{"error", "error", "ERROR"},
		{"an unknown level is info, and says so", "loud", "WARN INFO WARN ERROR"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			book := &logBook{}
			l := NewLogger(book, tt.level)
			l.Debug("d")
			l.Info("i")
			l.Warn("w")
			l.Error("e")
			var got []string
			for _, line := range book.lines(t) {
				got = append(got, line["level"].(string))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func TestLoggerOutsideAnExecution(t *testing.T) {
	if Logger(t.Context()) != slog.Default() {
		t.Error("want slog's default")
	}
}
