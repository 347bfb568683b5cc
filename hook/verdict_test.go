package hook

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReasonIsOneLine(t *testing.T) {
	tests := []struct{ why, text, want string }{
		{"one line stays", "GET /health: status 500", "GET /health: status 500"},
		{"joined errors read as a list", errors.Join(errors.New("a failed"), errors.New("b failed")).Error(), "a failed; b failed"},
		{"punctuation that ends a line is enough", "expected:\n  200\r\n\r\ngot:\r\n\t500\n", "expected: 200; got: 500"},
		{"spaces within a line may be meant", `want "a  b"`, `want "a  b"`},
		{"control characters could forge log output", "a\x1b[2Jb\x00c\td", "a [2Jb c d"},
		{"a lone carriage return ends a line", "50%\r100%", "50%; 100%"},
		{"the line separator is no exception", "a\u2028b", "a b"},
		{"broken UTF-8 is shown as such", "a\xffb", "a\uFFFDb"},
		{"nothing stays nothing", " \n ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := oneLine(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("a long one is cut between characters", func(t *testing.T) {
		got := oneLine("x" + strings.Repeat("é", MaxReason))
		if len(got) > MaxReason || !utf8.ValidString(got) || !strings.HasSuffix(got, "é…") {
			t.Errorf("got %d bytes, ending in %q", len(got), got[len(got)-6:])
		}
	})
}

func TestVerdictOfADecider(t *testing.T) {
	tests := []struct {
		why  string
		in   Verdict
		want Verdict
	}{
		{"a success needs no reason", Verdict{Status: Succeeded}, Verdict{Status: Succeeded}},
		{"a failure without a reason says that there is none", Verdict{Status: Failed}, Verdict{Status: Failed, Reason: "no reason was given"}},
		{"a status that was never set fails", Verdict{Reason: "r"}, Verdict{Status: Failed, Reason: `the decider gave the status "", which is none of Succeeded, Failed and InProgress: r`}},
		{"a status that CodeDeploy refuses from hooks fails", Verdict{Status: "Skipped", Reason: "r"}, Verdict{Status: Failed, Reason: `the decider gave the status "Skipped", which is none of Succeeded, Failed and InProgress: r`}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			got := tt.in.settled(testExecution)
			if got.Status != tt.want.Status || got.Reason != tt.want.Reason {
				t.Errorf("got %s %q, want %s %q", got.Status, got.Reason, tt.want.Status, tt.want.Reason)
			}
		})
	}
}

func TestFunc(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the time for checks is over"))
	tests := []struct {
		why  string
		ctx  context.Context
		err  error
		want Verdict
	}{
		{"nil is Succeeded", t.Context(), nil, Verdict{Status: Succeeded, Reason: "the hook's function returned no error"}},
		{"an error is Failed with its text", t.Context(), errors.New("no route"), Verdict{Status: Failed, Reason: "no route"}},
		{"a context's error is explained", ended, context.Canceled, Verdict{Status: Failed, Reason: "context canceled: the time for checks is over"}},
		{"another error isn't, late as it is", ended, errors.New("no route"), Verdict{Status: Failed, Reason: "no route"}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			got := Func(func(context.Context, Execution) error { return tt.err }).Decide(tt.ctx, testExecution)
			if got.Status != tt.want.Status || got.Reason != tt.want.Reason {
				t.Errorf("got %s %q, want %s %q", got.Status, got.Reason, tt.want.Status, tt.want.Reason)
			}
		})
	}
}
