package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/simulatortest"
)

// The README deploys this hook with the gate's template, whose role is made of these tables: what it calls must stand in them.
func TestItCallsNothingThatTheGatesRoleDoesntAllow(t *testing.T) {
	tests := []struct {
		at, feature string
		ecs         *simulatortest.ECS
		calls       int
	}{
		{"AfterAllowTestTraffic", doctor.FeatureCodeDeploy, nil, 7},
		{"POST_TEST_TRAFFIC_SHIFT", doctor.FeatureECS, &simulatortest.ECS{}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.feature, func(t *testing.T) {
			var seen *recorder
			sim := simulatortest.Start(t, simulatortest.Config{
				Live: "v1", Service: shop, ECS: tt.ecs,
				Hooks: func(u simulatortest.URLs) map[string]simulatortest.Function {
					seen = record(t, u.AWS)
					return map[string]simulatortest.Function{
						tt.at: {Main: "hook", Env: map[string]string{"AWS_ENDPOINT_URL": seen.URL}, Timeout: time.Minute},
					}
				},
			})
			if d := sim.Deploy("v2"); d.Event(tt.at).Status != simulatortest.Succeeded {
				t.Fatalf("the deployment is\n%s", d)
			}
			called := seen.actions()
			if len(called) != tt.calls {
				t.Errorf("it called %v, want %d actions", called, tt.calls)
			}
			allowed := allowedBy(tt.feature)
			for _, action := range called {
				if !slices.Contains(allowed, action) {
					t.Errorf("%s isn't in the feature %s: %v", action, tt.feature, allowed)
				}
			}
		})
	}
}

func allowedBy(feature string) []string {
	var names []string
	for _, f := range doctor.Features() {
		if f.Name != feature {
			continue
		}
		for _, a := range f.Actions {
			names = append(names, a.Name)
		}
	}
	return names
}

// A recorder stands between the function and the simulated AWS, and notes the actions that are called.
type recorder struct {
	*httptest.Server

	mu   sync.Mutex
	seen []string
}

func record(t *testing.T, endpoint string) *recorder {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.note(q)
		forward.ServeHTTP(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) note(q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	q.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	action := "elasticloadbalancing:" + form.Get("Action")
	if prefix, operation, is := strings.Cut(q.Header.Get("X-Amz-Target"), "."); is {
		action = map[string]string{"CodeDeploy_20141006": "codedeploy", "AmazonEC2ContainerServiceV20141113": "ecs"}[prefix] + ":" + operation
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// A connection that is opened ahead asks for nothing.
	if !strings.HasSuffix(action, ":") && !slices.Contains(r.seen, action) {
		r.seen = append(r.seen, action)
	}
}

func (r *recorder) actions() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}
