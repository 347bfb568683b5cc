package gate_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

const identified = `version: 1
identity:
  http: GET /version
  expect: {json: {$.image: "{{ green.image }}"}}
  every: 10ms
  within: WITHIN
checks:
  - http: GET /health
`

// listener answers as a load balancer's does: each request to /version by the image that image says. It counts them, and
// the connections that they came over.
func listener(t *testing.T, image func(request int32) string) (url string, requests, connections *atomic.Int32) {
	t.Helper()
	requests, connections = new(atomic.Int32), new(atomic.Int32)
	var known sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/version" {
			return
		}
		if _, again := known.LoadOrStore(r.RemoteAddr, true); !again {
			connections.Add(1)
		}
		_, _ = fmt.Fprintf(w, `{"image": %q}`, image(requests.Add(1)))
	}))
	t.Cleanup(server.Close)
	return server.URL, requests, connections
}

func isShop2(name string) (any, error) {
	if name == "green.image" {
		return "shop:2", nil
	}
	return nil, fmt.Errorf("not known here: %s", name)
}

func TestAVersionThatIsNotGreensIsNeitherFailedNorPassed(t *testing.T) {
	for _, tt := range []struct {
		why     string
		image   func(request int32) string
		within  string
		outcome check.Outcome
		reason  string
		checks  []string
	}{
		{"green answers", func(int32) string { return "shop:2" }, "1m", check.Passed, "GET /health passed", []string{"passed", "passed", "passed"}},
		{"blue answers until the rule has spread", func(n int32) string { return fmt.Sprint("shop:", min(n, 2)) }, "1m", check.Passed, "GET /health passed", []string{"passed", "passed", "passed"}},
		{
			"blue answers", func(int32) string { return "shop:1" }, "200ms", check.Inconclusive,
			`inconclusive: identity: GET GREEN/version: $.image is "shop:1", expected "shop:2": it isn't green that answers here`,
			[]string{"inconclusive", "inconclusive"},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			green, asked, connections := listener(t, tt.image)
			v := judgeAs(t, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}, Lookup: isShop2}, strings.Replace(identified, "WITHIN", tt.within, 1), "green.image")
			if reason := strings.ReplaceAll(v.Reason, green, "GREEN"); v.Outcome != tt.outcome || !strings.HasPrefix(reason, tt.reason) {
				t.Errorf("%s: %s\nwant %s: %s", v.Outcome, reason, tt.outcome, tt.reason)
			}
			var outcomes []string
			for _, r := range v.Checks {
				outcomes = append(outcomes, r.Outcome.String())
			}
			same(t, "outcomes", tt.checks, outcomes)
			if asked.Load() != connections.Load() || asked.Load() == 0 {
				t.Errorf("%d requests came over %d connections", asked.Load(), connections.Load())
			}
		})
	}
}

func TestAnIdentityThatNamesWhatIsNotKnownSaysSoAtOnce(t *testing.T) {
	green, _, _ := listener(t, func(int32) string { return "shop:2" })
	v := judgeAs(t, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}, Lookup: func(string) (any, error) {
		return nil, fmt.Errorf("not known here: only a hook is called by a deployment")
	}}, strings.Replace(identified, "WITHIN", "1m", 1), "green.image")
	const want = "{{ green.image }}: not known here: only a hook is called by a deployment"
	if v.Outcome != check.Inconclusive || !strings.HasSuffix(v.Reason, want) || v.Checks[0].Attempts != 1 {
		t.Errorf("got %s: %s", v.Outcome, v.Reason)
	}
}
