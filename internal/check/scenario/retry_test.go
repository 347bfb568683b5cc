package scenariocheck_test

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// A step is made again when nothing answered, where that can't do anything twice.
func TestAStepIsMadeAgainOnlyWhereThatIsSafe(t *testing.T) {
	// refusing lets the first connection fail, before anything was sent.
	refusing := func() httpcheck.Network {
		var dials atomic.Int32
		return httpcheck.Network{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
	}
	reset := func(w http.ResponseWriter) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}
	balancer := func(status int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Server", "awselb/2.0")
			w.WriteHeader(status)
		}
	}
	wrong := func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }
	const again = `^passed: step 1 of 1, \w+ /: passed \(at attempt 2; before: .+\)$`
	for _, tt := range []struct {
		why, step string
		network   httpcheck.Network
		first     func(http.ResponseWriter) // answers the first request
		want      string
		requests  int
	}{
		{"GET changes nothing", `http: GET /`, httpcheck.Network{}, reset, again, 2},
		{"PUT does the same twice", `http: PUT /`, httpcheck.Network{}, reset, again, 2},
		{"so does DELETE", `http: DELETE /`, httpcheck.Network{}, reset, again, 2},
		{"POST may have been done", `http: POST /`, httpcheck.Network{}, reset, `^inconclusive: step 1 of 1, POST /: connection reset$`, 1},
		{"PATCH too", `http: PATCH /`, httpcheck.Network{}, reset, `^inconclusive: step 1 of 1, PATCH /: connection reset$`, 1},
		{"unless the plan knows better", `{http: POST /, retry: true}`, httpcheck.Network{}, reset, again, 2},
		{"the plan may forbid it", `{http: GET /, retry: false}`, httpcheck.Network{}, reset, `^inconclusive: step 1 of 1, GET /: connection reset$`, 1},
		{"what green never got it can't do twice", `http: POST /`, refusing(), nil, again, 1},
		{"a balancer without a target passed nothing on", `http: POST /`, httpcheck.Network{}, balancer(503), again, 2},
		{"one with a target may have", `http: POST /`, httpcheck.Network{}, balancer(502), `^failed: step 1 of 1, POST /: status is 502 \(from the load balancer itself\), expected 2xx$`, 1},
		{"which is no matter for GET", `http: GET /`, httpcheck.Network{}, balancer(504), again, 2},
		{"a wrong answer is never retried away", `{http: GET /, retry: true}`, httpcheck.Network{}, wrong, `^failed: step 1 of 1, GET /: status is 500, expected 2xx$`, 1},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var asked atomic.Int32
			g := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) == 1 && tt.first != nil {
					tt.first(w)
				}
			})
			got := outcome(run(t.Context(), t, `scenario: [`+tt.step+`]`, tt.network, g))
			if !regexp.MustCompile(tt.want).MatchString(got) || len(g.asked()) != tt.requests {
				t.Errorf("%s: got %q after %d requests, want %s after %d", tt.step, got, len(g.asked()), tt.want, tt.requests)
			}
		})
	}
}

func TestAStepIsNotMadeAgainUntilThereIsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, network := serveInMemory(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		got := outcome(run(t.Context(), t, `scenario: [{http: GET /, timeout: 90ms}]`, network, g))
		if want := "inconclusive: step 1 of 1, GET /: the connection was closed before an answer"; got != want || len(g.asked()) != 1 {
			t.Errorf("got %q after %d requests, want %q after one", got, len(g.asked()), want)
		}
	})
}
