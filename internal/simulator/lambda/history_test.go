//go:build unix

package lambda_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

func TestTheHistoryIsBounded(t *testing.T) {
	const bound, payload, runs = 64 << 10, 4 << 10, 40
	n := 0
	s, _ := start(t, lambda.Config{HistoryBytes: bound})
	create(t, s, webhook(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		_, _ = w.Write([]byte(`"` + strconv.Itoa(n) + strings.Repeat("x", payload) + `"`))
	}))
	var last lambda.Result
	for range runs {
		last = invoke(t, s, "", "")
	}
	kept, size := s.Invocations(), 0
	for _, i := range kept {
		size += len(i.Result.Payload)
	}
	if len(kept) == 0 || size > bound || size < bound/2 {
		t.Fatalf("%d invocations with %d bytes are kept of a bound of %d", len(kept), size, bound)
	}
	if newest := kept[len(kept)-1]; newest.Result.RequestID != last.RequestID {
		t.Error("the newest invocation isn't the last that is kept")
	}
	lines := s.Logs()
	if text := lines[len(lines)-1].Text; !strings.HasPrefix(text, "REPORT RequestId: "+last.RequestID) {
		t.Errorf("the last line that is kept is %q", text)
	}
}

func TestTheHistoryForgetsOldLines(t *testing.T) {
	s, _ := start(t, lambda.Config{HistoryBytes: 8 << 10})
	create(t, s, function(t, "run"))
	invoke(t, s, "log", strings.Repeat("a line\n", 1000))
	lines := s.Logs()
	if len(lines) == 0 || len(lines) > 32 { // each takes 256 bytes besides its text
		t.Fatalf("%d lines are kept", len(lines))
	}
	if first, last := lines[0].Text, lines[len(lines)-1].Text; first != "a line" || !strings.HasPrefix(last, "REPORT") {
		t.Errorf("from %q to %q", first, last)
	}
}

func TestAResultCarriesTheEndOfItsLog(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	invoke(t, s, "log", "of another\n")
	short := invoke(t, s, "log", "mine\n")
	if log := string(short.Log); !strings.HasPrefix(log, "START RequestId: "+short.RequestID) || !strings.Contains(log, "\nmine\n") || strings.Contains(log, "of another") {
		t.Errorf("the log is\n%s", log)
	}
	long := string(invoke(t, s, "log", strings.Repeat("x", 10<<10)+"\n").Log)
	if len(long) != 4096 || !strings.HasPrefix(long, "xx") || !strings.Contains(long, "\nREPORT RequestId: ") {
		t.Errorf("%d bytes: %.60q", len(long), long)
	}
}
