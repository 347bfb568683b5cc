package rehearsal

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
)

// guard stands between the function and the simulated AWS, which knows no permissions, and lets through what the role in the
// template allows.
type guard struct {
	*httptest.Server

	documents []iampolicy.Document
	at        doctor.Place
	forward   *httputil.ReverseProxy

	mu      sync.Mutex
	allowed []string
	denied  []string
}

func newGuard(t *testing.T, role *cfntest.Resource, at doctor.Place, endpoint string) *guard {
	t.Helper()
	documents, err := role.Documents()
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	g := &guard{documents: documents, at: at}
	g.forward = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := actionOf(r)
	if strings.HasSuffix(action, ":") { // a connection that is opened ahead
		g.forward.ServeHTTP(w, r)
		return
	}
	resource := g.resource(action, r)
	d := iampolicy.Decide(g.documents, nil, action, resource)
	g.mu.Lock()
	if d.Allowed {
		g.allowed = append(g.allowed, action)
	} else {
		g.denied = append(g.denied, action+" on "+resource)
	}
	g.mu.Unlock()
	if d.Allowed {
		g.forward.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"__type":"AccessDeniedException","message":"User is not authorized to perform: %s"}`, action)
}

// actionOf names a request by the IAM action that it takes.
func actionOf(r *http.Request) string {
	if prefix, operation, is := strings.Cut(r.Header.Get("X-Amz-Target"), "."); is {
		return map[string]string{"CodeDeploy_20141006": "codedeploy", "AmazonEC2ContainerServiceV20141113": "ecs"}[prefix] + ":" + operation
	}
	if strings.HasSuffix(r.URL.Path, "/invocations") {
		return "lambda:InvokeFunction"
	}
	if strings.Contains(r.URL.Path, "/aliases/") {
		return "lambda:GetAlias"
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	return "elasticloadbalancing:" + form.Get("Action")
}

// resource is what an action is called for: that of the request for functions, and that of the deployment for the others, whose
// requests name it by ids.
func (g *guard) resource(action string, r *http.Request) string {
	if strings.HasPrefix(action, "lambda:") {
		parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // 2015-03-31/functions/NAME/…
		name, err := url.PathUnescape(parts[2])
		if err != nil {
			return "*"
		}
		if !strings.HasPrefix(name, "arn:") {
			name = g.placed("arn:PARTITION:lambda:REGION:ACCOUNT:function:") + name
		}
		if q := r.URL.Query().Get("Qualifier"); q != "" && !strings.HasSuffix(name, ":"+q) {
			name += ":" + q
		}
		return name
	}
	for _, f := range doctor.Features() {
		for _, a := range f.Actions {
			if a.Name == action && f.Name != doctor.FeatureDoctor {
				return g.placed(a.Resource)
			}
		}
	}
	return "*"
}

// placed fills a pattern of a resource in. What is open in it is something that nobody knows: *, which stands for all, would be.
func (g *guard) placed(pattern string) string {
	if pattern == "*" {
		return pattern
	}
	return strings.NewReplacer(
		"PARTITION", "aws", "REGION", g.at.Region, "ACCOUNT", g.at.Account, "APPLICATION", g.at.Application, "GROUP", g.at.Group,
		"CLUSTER", g.at.Cluster, "SERVICE", g.at.Service, "*", "x1",
	).Replace(pattern)
}

// settle fails the test where the function asked for more than its role allows, or for nothing.
func (g *guard) settle(t *testing.T, wants ...string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.denied) > 0 {
		t.Errorf("the role in the template doesn't allow what the function called: %v", g.denied)
	}
	for _, action := range wants {
		if !slices.Contains(g.allowed, action) {
			t.Errorf("the function didn't call %s; it called %v", action, g.allowed)
		}
	}
}
