package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

var update = flag.Bool("update", false, "write what the code says now into testdata")

// golden holds a text against testdata/<name>.golden. What a terminal obeys is written as a picture of it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.NewReplacer("\x1b", "␛", "\r", "␍").Replace(got)
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(line int) strictyaml.Position {
	return strictyaml.Position{File: "greenlight.yaml", Line: line, Column: 5}
}

// refused is a verdict that has a check of every sort.
func refused() check.Verdict {
	return check.Verdict{
		Outcome: check.Failed, Reason: "checkout: expected status 201, got 500", Stage: lifecycle.AfterAllowTestTraffic,
		Deployment: "d-ABC123", Started: noon, Duration: 2345678 * time.Microsecond,
		Checks: []check.Report{
			{
				Name: "GET /health", Kind: "http", Position: at(4), Outcome: check.Passed, Runs: 1, Attempts: 1,
				Started: noon, Duration: 12345 * time.Microsecond,
				Requests: []check.Request{{
					Method: "GET", URL: "http://green.example.com/health?a=<b>", Remote: "10.0.0.1:80", Status: 200, Size: 15,
					Timings: check.Timings{
						DNS: time.Millisecond, Connect: 2500 * time.Microsecond, FirstByte: 11 * time.Millisecond, Total: 12 * time.Millisecond,
					},
				}},
			},
			{
				Name: "catalogue", Kind: "http", Position: at(6), Outcome: check.Passed, Runs: 1, Attempts: 2, Started: noon,
				Duration: 350 * time.Microsecond, Reason: "passed at attempt 2; before: connecting to 10.0.0.1:80: connection refused",
			},
			{
				Name: "checkout", Kind: "http", Position: at(8), Outcome: check.Failed, Runs: 3, Attempts: 4, Started: noon,
				Duration: 2300 * time.Millisecond, Reason: "expected status 201, got 500 (still so at run 3, after 2.3s)",
				Requests: []check.Request{{Method: "POST", URL: "https://green.example.com/carts", Err: "connection reset"}},
			},
			{
				Name: "stock", Kind: "http", Position: at(12), Outcome: check.Inconclusive, Runs: 1, Attempts: 1, Started: noon,
				Duration: 75 * time.Second, Reason: "looking up stock.internal: no such host", PassInconclusive: true,
			},
			{
				Name: "prices", Kind: "http", Position: at(14), Outcome: check.Failed, Runs: 1, Attempts: 1, Started: noon,
				Duration: time.Second, Reason: "duration: expected < 500ms, got 980ms", Warn: true,
			},
			{
				Name: "search", Kind: "http", Position: at(16), Outcome: check.Inconclusive, Cancelled: true, Runs: 1, Attempts: 1,
				Started: noon, Duration: time.Second, Reason: "cancelled: another check failed first",
			},
		},
	}
}

func passed() check.Verdict {
	return check.Verdict{
		Outcome: check.Passed, Succeeded: true, Reason: "GET /health passed", Started: noon, Duration: time.Second,
		Checks: []check.Report{{Name: "GET /health", Kind: "http", Outcome: check.Passed, Runs: 1, Attempts: 1, Started: noon, Duration: time.Second}},
	}
}

func letThrough() check.Verdict {
	return check.Verdict{
		Outcome: check.Inconclusive, Succeeded: true, Rule: gate.RuleInconclusivePass, Started: noon, Duration: time.Second,
		Reason: "inconclusive: stock: looking up stock.internal: no such host; let through by on_inconclusive: pass",
		Checks: []check.Report{},
	}
}

// unproven is a verdict on a green that was found, and not shown to be green.
func unproven() check.Verdict {
	const production = "the test listener forwards to tg-1, which has 100 % of production traffic"
	return check.Verdict{
		Outcome: check.Inconclusive, Reason: "inconclusive: green is green: " + production, Stage: lifecycle.AfterAllowTestTraffic,
		Deployment: "d-ABC123", Found: "green is tg-1 at http://shop-alb.example.com:8443, blue is tg-2", Started: noon, Duration: time.Second,
		Checks: []check.Report{
			{Name: "green is green", Kind: check.KindProof, Outcome: check.Inconclusive, Reason: production, Runs: 1, Attempts: 1, Started: noon, Duration: time.Second},
			{Name: "GET /health", Kind: "http", Position: at(4), Outcome: check.Inconclusive, Cancelled: true, Reason: "not run: it was not shown that green is green", Started: noon},
		},
	}
}

// suspended is an execution that goes on in another call.
func suspended() check.Verdict {
	const reason = "1 of 2 checks are over; alarms stay quiet has passed for 31m of 2h; asked again in 59.9s"
	return check.Verdict{
		Outcome: check.Inconclusive, Reason: "in progress: " + reason, Stage: lifecycle.AfterAllowTraffic, Deployment: "d-ABC123",
		Found: "green is tg-2 at https://shop.example.com, in production", Started: noon, Duration: 31 * time.Minute,
		Checks: []check.Report{
			{Name: "green is green", Kind: check.KindProof, Outcome: check.Passed, Runs: 1, Attempts: 1, Started: noon, Duration: 40 * time.Millisecond},
			{
				Name: "identity", Kind: check.KindIdentity, Position: at(3), Outcome: check.Passed, Runs: 4, Attempts: 4, Started: noon, Duration: 800 * time.Millisecond,
				Reason: "green answered 3 requests in a row at request 4, after 800ms; before: connecting to 10.0.0.1:80: connection refused",
			},
			{Name: "GET /health", Kind: "http", Position: at(4), Outcome: check.Passed, Runs: 1, Attempts: 1, Started: noon, Duration: 12 * time.Millisecond},
		},
		Suspended: &check.Suspension{State: []byte(`{"v":1}`), After: 59900 * time.Millisecond, Reason: reason},
	}
}

// unclean is a scenario that failed, and one that passed, neither of which could clean up.
func unclean() check.Verdict {
	request := func(step, method, path string, status int) check.Request {
		return check.Request{
			Step: step, Method: method, URL: "http://green.example.com" + path, Remote: "10.0.0.1:80", Status: status, Size: 28,
			Timings: check.Timings{Connect: time.Millisecond, FirstByte: 4 * time.Millisecond, Total: 5 * time.Millisecond},
		}
	}
	wrong := request("step 2 of 2", "GET", "/carts/7", 200)
	wrong.Transcript = &check.Transcript{
		RequestHeaders: []check.Header{{Name: "Authorization", Value: "***"}, {Name: "User-Agent", Value: "greenlight/1.0"}},
		AnswerHeaders:  []check.Header{{Name: "Content-Type", Value: "application/json"}}, AnswerBody: `{"id": 7, "total": 19.90}`,
	}
	unanswered := request("cleanup step 1 of 1", "DELETE", "/carts/7", 0)
	unanswered.Err, unanswered.Size = "connection reset", 0
	unanswered.Transcript = &check.Transcript{RequestHeaders: []check.Header{{Name: "User-Agent", Value: "greenlight/1.0"}}}
	const reason = "step 2 of 2, GET /carts/7: $.total is 19.9, expected 59.7"
	return check.Verdict{
		Outcome: check.Failed, Reason: "checkout: " + reason, Started: noon, Duration: time.Second,
		Checks: []check.Report{
			{
				Name: "checkout", Kind: "scenario", Position: at(4), Outcome: check.Failed, Reason: reason, Runs: 1, Attempts: 1, Started: noon, Duration: 40 * time.Millisecond,
				Warning:  "cleanup step 1 of 1, DELETE /carts/7: connection reset",
				Requests: []check.Request{request("step 1 of 2", "POST", "/carts", 201), wrong, unanswered},
			},
			{
				Name: "search", Kind: "scenario", Position: at(12), Outcome: check.Passed, Runs: 1, Attempts: 1, Started: noon, Duration: 30 * time.Millisecond,
				Warning: "cleanup step 1 of 1, DELETE /searches/3: status is 404, expected 2xx",
			},
			{
				Name: "sign up", Kind: "scenario", Position: at(20), Outcome: check.Inconclusive, Cancelled: true, Reason: "cancelled: another check failed first",
				Runs: 1, Attempts: 1, Started: noon, Duration: 30 * time.Millisecond, Warning: "cleanup step 1 of 1, DELETE /users/{{ user }}: skipped: user was not captured by step 1 of 1",
			},
		},
	}
}

func inconclusive() check.Verdict {
	return check.Verdict{
		Outcome: check.Inconclusive, Started: noon, Duration: time.Second,
		Reason: "inconclusive: stock: looking up stock.internal: no such host",
	}
}
