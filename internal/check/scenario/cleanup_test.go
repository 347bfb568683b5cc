package scenariocheck_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func TestTheCleanupIsMadeWhateverCameOfTheSteps(t *testing.T) {
	for _, tt := range []struct {
		why, src, want string
		asked          []string
	}{
		{
			"they passed", `{scenario: [{http: GET /?say=c, capture: {c: {body: true}}}], cleanup: [http: "DELETE /{{ c }}"]}`,
			"passed",
			[]string{"GET /?say=c", "DELETE /c"},
		},
		{
			"one failed", `{scenario: [{http: GET /?say=c, capture: {c: {body: true}}}, http: GET /?status=500, http: GET /never], cleanup: [http: "DELETE /{{ c }}"]}`,
			"failed: step 2 of 3, GET /?status=500: status is 500, expected 2xx",
			[]string{"GET /?say=c", "GET /?status=500", "DELETE /c"},
		},
		{
			"what wasn't captured can't be taken away, and everything else is", `{scenario: [{http: GET /?status=500, capture: {c: {body: true}}}], cleanup: [http: "DELETE /{{ c }}", http: DELETE /all]}`,
			"failed: step 1 of 1, GET /?status=500: status is 500, expected 2xx; warning: cleanup step 1 of 2, DELETE /{{ c }}: skipped: c was not captured by step 1 of 1",
			[]string{"GET /?status=500", "DELETE /all"},
		},
		{
			"it may go wrong", `{scenario: [http: GET /], cleanup: [http: DELETE /a?status=404, http: DELETE /b]}`,
			"passed; warning: cleanup step 1 of 2, DELETE /a?status=404: status is 404, expected 2xx",
			[]string{"GET /", "DELETE /a?status=404", "DELETE /b"},
		},
		{
			"what it expects is its own", `{scenario: [http: GET /], cleanup: [{http: DELETE /a?status=404, expect: {status: [2xx, 404]}}]}`,
			"passed",
			[]string{"GET /", "DELETE /a?status=404"},
		},
		{
			"much may go wrong", `{scenario: [http: GET /?status=500], cleanup: [http: GET /a?status=404, http: GET /b?status=404, http: GET /c?status=404]}`,
			"failed: step 1 of 1, GET /?status=500: status is 500, expected 2xx; warning: cleanup step 1 of 3, GET /a?status=404: status is 404, expected 2xx; cleanup step 2 of 3, GET /b?status=404: status is 404, expected 2xx; and 1 more",
			[]string{"GET /?status=500", "GET /a?status=404", "GET /b?status=404", "GET /c?status=404"},
		},
		{
			"it may capture for itself, and has the scenario's cookies", `{scenario: [http: GET /?set=sid], cleanup: [{http: GET /?say=x, capture: {left: {body: true}}}, http: "DELETE /{{ left }}"]}`,
			"passed",
			[]string{"GET /?set=sid", "GET /?say=x", "DELETE /x"},
		},
		{
			"it stands before the steps", `{cleanup: [http: "DELETE /{{ c }}"], scenario: [{http: GET /?say=c, capture: {c: {body: true}}}]}`,
			"passed",
			[]string{"GET /?say=c", "DELETE /c"},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			g := serve(t, answers)
			result := run(t.Context(), t, tt.src, httpcheck.Network{}, g)
			if diff := cmp.Diff(tt.want, outcome(result)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
			if diff := cmp.Diff(tt.asked, g.asked()); diff != "" {
				t.Errorf("%s asked (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

// silentAfter answers, and leaves one request without an answer until its client goes.
func silentAfter(when string, told func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == when {
			told()
			<-r.Context().Done()
			return
		}
		answers(w, r)
	}
}

const withCleanup = `{scenario: [http: GET /a, {http: GET /silent, timeout: 1h}], cleanup: [http: DELETE /a]}`

func TestTheCleanupIsMadeWhenTheRunIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g := serve(t, silentAfter("/silent", cancel))
	result := run(ctx, t, withCleanup, httpcheck.Network{}, g)
	if got, want := outcome(result), "inconclusive: step 2 of 2, GET /silent: cancelled before there was an answer"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := strings.Join(g.asked(), ", "), "GET /a, GET /silent, DELETE /a"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestTheCleanupIsMadeWhenTheTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		g, network := serveInMemory(t, silentAfter("/silent", func() {}))
		result := run(ctx, t, withCleanup, network, g)
		const want = "inconclusive: step 2 of 2, GET /silent: no answer within 200ms (connected, request sent); the scenario's time was up, but for 2s that are kept for its cleanup"
		if diff := cmp.Diff(want, outcome(result)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got, want := strings.Join(g.asked(), ", "), "GET /a, GET /silent, DELETE /a"; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
	})
}

func TestACleanupThatHangsEndsWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		g, network := serveInMemory(t, silentAfter("/silent", func() {}))
		c := decode(t, `{scenario: [http: GET /a], cleanup: [{http: DELETE /silent, timeout: 1h}, http: DELETE /b]}`, network)
		result := c.Run(ctx, check.Scope{Green: check.Side{URL: g.URL}, Grace: 100 * time.Millisecond})
		const want = "passed; warning: cleanup step 1 of 2, DELETE /silent: no answer within 200ms (connected, request sent); cleanup step 2 of 2, DELETE /b: not made: no time was left"
		if diff := cmp.Diff(want, outcome(result)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestNothingIsCleanedUpWhereNothingWasAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g := serve(t, answers)
	result := run(ctx, t, withCleanup, httpcheck.Network{}, g)
	if got, want := outcome(result), "inconclusive: step 1 of 2, GET /a: not made: the scenario was cancelled"; got != want || len(g.asked()) > 0 {
		t.Errorf("got %s after %q, want %s", got, g.asked(), want)
	}
}

func TestTheTimeOfTheCleanupIsThatOfItsSteps(t *testing.T) {
	for src, want := range map[string]time.Duration{
		`scenario: [http: GET /]`: 0,
		`{scenario: [http: GET /], cleanup: [http: GET /, {http: GET /, timeout: 5s}]}`: 7 * time.Second,
	} {
		if got := decode(t, src, httpcheck.Network{}).CleanupTime(); got != want {
			t.Errorf("%s takes up to %s, want %s", src, got, want)
		}
	}
}

func TestAPanicDoesNotKeepTheCleanupFromBeingMade(t *testing.T) {
	g := serve(t, answers)
	c := decode(t, `{scenario: [http: "GET /{{ stage }}"], cleanup: [http: DELETE /a]}`, httpcheck.Network{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		c.Run(t.Context(), check.Scope{
			Green: check.Side{URL: g.URL}, Lookup: func(string) (any, error) { panic("a name that panics") },
		})
	}()
	if got := strings.Join(g.asked(), ", "); got != "DELETE /a" {
		t.Errorf("asked %q, want the cleanup", got)
	}
}
