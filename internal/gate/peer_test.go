package gate_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// judge runs a plan of http checks against a real green.
func judge(t *testing.T, network httpcheck.Network, green, text string) check.Verdict {
	t.Helper()
	return judgeAs(t, network, check.Scope{Green: check.Side{URL: green}}, text)
}

// judgeAs lets a plan hold names.
func judgeAs(t *testing.T, network httpcheck.Network, scope check.Scope, text string, names ...string) check.Verdict {
	t.Helper()
	p, err := plan.Language{Kinds: []check.Kind{httpcheck.Kind(network)}, Names: names}.Parse(plan.Source{Name: "greenlight.yaml", Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return gate.Run(t.Context(), gate.Execution{Asked: p.Anywhere(), Scope: scope})
}

const health = `version: 1
checks:
  - http: GET /health
    timeout: 30s
`

func TestALookUpThatFailsFirstAndThenWorksPassesAndSaysThatItWasRetried(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	var lookUps atomic.Int32
	network := httpcheck.Network{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		if lookUps.Add(1) == 1 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "server misbehaving", Name: "green.internal", IsTemporary: true}}
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	v := judge(t, network, "http://green.internal", health)
	if !v.Succeeded || v.Checks[0].Attempts != 2 || !strings.Contains(v.Checks[0].Reason, "passed at attempt 2; before: ") {
		t.Errorf("got %+v, want a check that passed at attempt 2 and says so", v)
	}
}

func TestAConnectionThatIsResetFirstAndThenWorksPassesAndSaysThatItWasRetried(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) > 1 {
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.(*net.TCPConn).SetLinger(0) // close sends a reset
		_ = conn.Close()
	}))
	defer server.Close()
	v := judge(t, httpcheck.Network{}, server.URL, health)
	if !v.Succeeded || v.Checks[0].Attempts != 2 || !strings.Contains(v.Checks[0].Reason, "passed at attempt 2; before: ") {
		t.Errorf("got %+v, want a check that passed at attempt 2 and says so", v)
	}
}

func TestA500IsNotRetriedAwayUnlessThePlanSaysEventually(t *testing.T) {
	tests := []struct {
		name, plan string
		succeeded  bool
		requests   int32
	}{
		{"one wrong answer fails the check", health, false, 1},
		{"eventually asks again until it passes", health + "    eventually: {within: 1m, every: 1ms}\n", true, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if requests.Add(1) == 1 {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}))
			defer server.Close()
			if v := judge(t, httpcheck.Network{}, server.URL, tt.plan); v.Succeeded != tt.succeeded || requests.Load() != tt.requests {
				t.Errorf("got %q after %d requests, want succeeded to be %t after %d", v.Reason, requests.Load(), tt.succeeded, tt.requests)
			}
		})
	}
}
