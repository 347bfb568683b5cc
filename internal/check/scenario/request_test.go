package scenariocheck_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// orders gives out a token to who knows the password, and to the token an order, in gzip.
func orders(w http.ResponseWriter, r *http.Request) {
	switch _, password, _ := r.BasicAuth(); {
	case r.URL.Path == "/token" && password == "hunter2":
		_, _ = io.WriteString(w, `{"access_token": "token-1", "token_type": "Bearer"}`)
	case r.Header.Get("Authorization") != "Bearer token-1":
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, "not %s", r.Header.Get("Authorization"))
	case r.URL.Path == "/broken":
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "%s can't", r.Header.Get("Authorization"))
	case r.URL.Path == "/live":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"id\": 7}\n\n")
	case r.URL.Path == "/unknown":
		w.Header().Set("Content-Encoding", "br")
		fmt.Fprint(w, `{"id": 7}`)
	default:
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, `{"id": 7}`)
		_ = z.Close()
	}
}

func TestAStepIsAskedAsAnyRequestOfHTTPIs(t *testing.T) {
	const signIn = `oauth2: {token_url: "TOKEN", client_id: gate, client_secret: hunter2}`
	for _, tt := range []struct {
		why, src, want string
		asked          []string
	}{
		{
			"a token, which serves all steps, and a value from a body that came compressed",
			`scenario: [{http: {path: /orders, ` + signIn + `}, capture: {id: $.id}}, {http: {path: "/orders/{{ id }}", ` + signIn + `}}]`,
			"passed",
			[]string{"POST /token", "GET /orders", "GET /orders/7"},
		},
		{
			"a value from an event",
			`scenario: [{http: {path: /live, events: 1, ` + signIn + `}, capture: {id: "$[0].data.id"}}, {http: {path: "/orders/{{ id }}", ` + signIn + `}}]`,
			"passed",
			[]string{"POST /token", "GET /live", "GET /orders/7"},
		},
		{
			"none from a coding that isn't known", `scenario: [{http: {path: /unknown, ` + signIn + `}, capture: {id: $.id}}]`,
			`failed: step 1 of 1, GET /unknown: nothing to capture for id: body is in the coding "br", expected gzip, deflate or none to capture from`,
			[]string{"POST /token", "GET /unknown"},
		},
		{
			"who asks was to be captured by a step that failed",
			`{scenario: [{http: {path: /orders}, capture: {key: $.id}}], cleanup: [{http: {path: /orders, basic_auth: {username: gate, password: "{{ key }}"}}}]}`,
			`failed: step 1 of 1, GET /orders: status is 401, expected 2xx; warning: cleanup step 1 of 1, GET /orders: skipped: key was not captured by step 1 of 1`,
			[]string{"GET /orders"},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			g := serve(t, orders)
			result := run(t.Context(), t, strings.ReplaceAll(tt.src, "TOKEN", g.URL+"/token"), httpcheck.Network{}, g)
			if diff := cmp.Diff(tt.want, outcome(result)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tt.asked, g.asked()); diff != "" {
				t.Errorf("asked -want +got:\n%s", diff)
			}
		})
	}
}

func TestATokenIsMaskedInWhatAStepSaid(t *testing.T) {
	g := serve(t, orders)
	result := run(t.Context(), t, `scenario: [{http: {path: /broken, oauth2: {token_url: "`+g.URL+`/token", client_id: gate, client_secret: hunter2}}}]`, httpcheck.Network{}, g)
	said := result.Requests[len(result.Requests)-1].Transcript
	if said == nil {
		t.Fatalf("nothing is told of what was said: %s", outcome(result))
	}
	if diff := cmp.Diff("Bearer *** can't", said.AnswerBody); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, h := range said.RequestHeaders {
		if h.Name == "Authorization" && h.Value == "***" {
			return
		}
	}
	t.Errorf("it isn't told that the request had an authorization: %v", said.RequestHeaders)
}
