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
  within: 400ms
checks:
  - http: GET /health
`

// listener is what a load balancer's does to requests: the next one is answered by the image that image says.
func listener(t *testing.T, image func(request int32) string) (url string, remotes *sync.Map) {
	t.Helper()
	var requests atomic.Int32
	remotes = new(sync.Map)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			remotes.Store(r.RemoteAddr, true)
			_, _ = fmt.Fprintf(w, `{"image": %q}`, image(requests.Add(1)))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, remotes
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
		outcome check.Outcome
		reason  string
		checks  []string
	}{
		{"green answers", func(int32) string { return "shop:2" }, check.Passed, "GET /health passed", []string{"passed", "passed", "passed"}},
		{"blue answers until the rule has spread", func(n int32) string { return fmt.Sprint("shop:", min(n, 2)) }, check.Passed, "GET /health passed", []string{"passed", "passed", "passed"}},
		{
			"blue answers", func(int32) string { return "shop:1" }, check.Inconclusive,
			`inconclusive: identity: GET GREEN/version: $.image is "shop:1", expected "shop:2": it isn't green that answers here (still so`,
			[]string{"inconclusive", "inconclusive"},
		},
		{
			"traffic moves back while the checks run", func(n int32) string { return map[bool]string{true: "shop:2", false: "shop:1"}[n <= 3] }, check.Inconclusive,
			`inconclusive: identity, again: GET GREEN/version: $.image is "shop:1", expected "shop:2": it isn't green that answers here (still so`,
			[]string{"passed", "passed", "inconclusive"},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			green, remotes := listener(t, tt.image)
			v := judgeAs(t, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}, Lookup: isShop2}, identified, "green.image")
			if reason := strings.ReplaceAll(v.Reason, green, "GREEN"); v.Outcome != tt.outcome || !strings.HasPrefix(reason, tt.reason) {
				t.Errorf("%s: %s\nwant %s: %s", v.Outcome, reason, tt.outcome, tt.reason)
			}
			var outcomes []string
			asked := 0
			for _, r := range v.Checks {
				outcomes = append(outcomes, r.Outcome.String())
				if strings.HasPrefix(r.Name, "identity") {
					asked += r.Attempts
				}
			}
			same(t, "outcomes", tt.checks, outcomes)
			connections := 0
			remotes.Range(func(any, any) bool { connections++; return true })
			if connections != asked {
				t.Errorf("%d requests came over %d connections", asked, connections)
			}
		})
	}
}

func TestAnIdentityThatNamesWhatIsNotKnownSaysSoAtOnce(t *testing.T) {
	green, _ := listener(t, func(int32) string { return "shop:2" })
	v := judgeAs(t, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}, Lookup: func(string) (any, error) {
		return nil, fmt.Errorf("not known here: only a hook is called by a deployment")
	}}, identified, "green.image")
	const want = "{{ green.image }}: not known here: only a hook is called by a deployment"
	if v.Outcome != check.Inconclusive || !strings.HasSuffix(v.Reason, want) || v.Checks[0].Attempts != 1 {
		t.Errorf("got %s: %s", v.Outcome, v.Reason)
	}
}
