package httpcheck_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// tokenServer gives out tokens as the answer says, and one that lasts an hour where it is nil.
func tokenServer(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	if answer == nil {
		answer = func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}`)
		}
	}
	return serve(t, answer) + "/oauth2/token"
}

func TestATokenIsAskedForAsTheStandardHasIt(t *testing.T) {
	got := make(chan string, 1)
	tokens := tokenServer(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		_ = r.ParseForm()
		got <- fmt.Sprintf("%s %s %s:%s agent=%s %s", r.Method, r.URL.Path, user, password, r.UserAgent(), r.PostForm.Encode())
		_, _ = io.WriteString(w, `{"access_token": "token-1"}`)
	})
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-1" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	for _, tt := range []struct{ why, more, want string }{
		{"by basic auth", ``, "POST /oauth2/token shop:hunter2%2F%3A agent=greenlight/1 grant_type=client_credentials"},
		{"for a scope", `, scopes: read`, "POST /oauth2/token shop:hunter2%2F%3A agent=greenlight/1 grant_type=client_credentials&scope=read"},
		{"for several, and an audience", `, scopes: [read, write], params: {audience: shop}`, "POST /oauth2/token shop:hunter2%2F%3A agent=greenlight/1 audience=shop&grant_type=client_credentials&scope=read+write"},
		{"in the body", `, client_auth: body`, "POST /oauth2/token : agent=greenlight/1 client_id=shop&client_secret=hunter2%2F%3A&grant_type=client_credentials"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			src := `http: {path: /, oauth2: {token_url: "` + tokens + `", client_id: shop, client_secret: "hunter2/:"` + tt.more + `}}`
			result := ask(t, src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}, UserAgent: "greenlight/1"})
			if result.Outcome != check.Passed {
				t.Fatal(outcome(result))
			}
			if diff := cmp.Diff(tt.want, <-got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// kindChecks decodes checks of one kind: they share its tokens.
func kindChecks(t *testing.T, n httpcheck.Network, count int, src string) []check.Check {
	t.Helper()
	kind := httpcheck.Kind(n)
	var all []check.Check
	for range count {
		root, err := strictyaml.Parse("plan.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		d := strictyaml.NewDecoder(strictyaml.Names{})
		c := kind.New()
		d.Fields(root, c)
		if err := d.Err(); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func TestOneTokenServesAllChecksUntilShortlyBeforeItExpires(t *testing.T) {
	var given atomic.Int32
	tokens := tokenServer(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"access_token": "token-%d", "token_type": "bearer", "expires_in": "100"}`, given.Add(1))
	})
	green := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("Authorization")) })
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	n := httpcheck.Network{Now: func() time.Time { return now }}
	checks := kindChecks(t, n, 20, `http: {path: /, oauth2: {token_url: "`+tokens+`", client_id: shop, client_secret: hunter2}}`)
	run := func() {
		var running sync.WaitGroup
		for _, c := range checks {
			running.Go(func() {
				if got := c.Run(t.Context(), check.Scope{Green: check.Side{URL: green}}); got.Outcome != check.Passed {
					t.Error(outcome(got))
				}
			})
		}
		running.Wait()
	}
	for _, step := range []struct {
		why    string
		passes time.Duration
		given  int32
	}{
		{"side by side they wait for one", 0, 1},
		{"it is kept", 89 * time.Second, 1},
		{"until a tenth of its time is left", 2 * time.Second, 2},
	} {
		now = now.Add(step.passes)
		if run(); given.Load() != step.given {
			t.Errorf("%s: %d tokens were given, want %d", step.why, given.Load(), step.given)
		}
	}
}

func TestWhoWaitsForATokenIsNotStoppedWithWhoFetchesIt(t *testing.T) {
	asked, answer := make(chan struct{}, 2), make(chan struct{})
	tokens := tokenServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-answer:
			_, _ = io.WriteString(w, `{"access_token": "token-1"}`)
		case <-r.Context().Done():
		}
	})
	green := serve(t, func(http.ResponseWriter, *http.Request) {})
	checks := kindChecks(t, httpcheck.Network{}, 2, `http: {path: /, oauth2: {token_url: "`+tokens+`", client_id: shop, client_secret: hunter2}}`)
	scope := check.Scope{Green: check.Side{URL: green}}
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan check.Result, 2)
	go func() { results <- checks[0].Run(ctx, scope) }()
	<-asked
	go func() { results <- checks[1].Run(t.Context(), scope) }()
	cancel()
	if got := <-results; got.Outcome != check.Inconclusive {
		t.Errorf("who was stopped got %s", outcome(got))
	}
	close(answer)
	if got := <-results; got.Outcome != check.Passed {
		t.Errorf("who waited got %s", outcome(got))
	}
}

func TestWhyThereIsNoTokenIsTold(t *testing.T) {
	green := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent without a token") })
	answers := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const no = `: GET http://green/: no token from "TOKENS": it answered `
	for _, tt := range []struct {
		why    string
		answer http.HandlerFunc
		want   string
	}{
		{"the client isn't known", answers(401, `{"error": "invalid_client", "error_description": "no client shop with hunter2"}`), "failed" + no + `401, "invalid_client", "no client shop with ***"`},
		{"refused without a word", answers(403, ``), "failed" + no + `403`},
		{"the server is ill", answers(503, `{"error": 7}`), "inconclusive, to be retried" + no + `503`},
		{"asked too often", answers(429, ``), "inconclusive, to be retried" + no + `429`},
		{"no JSON", answers(200, `<html>`), "failed" + no + `200, without an access_token`},
		{"no token in it", answers(200, `{}`), "failed" + no + `200, without an access_token`},
		{"null", answers(200, `{"access_token": null}`), "failed" + no + `200, without an access_token`},
		{"empty", answers(200, `{"access_token": ""}`), "failed" + no + `200, without an access_token`},
		{"a number", answers(200, `{"access_token": 7}`), "failed" + no + `200, without an access_token`},
		{"a list", answers(200, `["token"]`), "failed" + no + `200, without an access_token`},
		{"a token of another type", answers(200, `{"access_token": "x", "token_type": "mac"}`), "failed" + no + `200, with a token of the type "mac"; bearer is known`},
		{"a token that would begin another header", answers(200, `{"access_token": "x\r\ny: z"}`), "failed" + no + `200, with a token that holds a control character`},
		{"a connection that breaks", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, `inconclusive, to be retried: GET http://green/: no token from "TOKENS": EOF`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			tokens := tokenServer(t, tt.answer)
			src := `http: {path: /, oauth2: {token_url: "` + tokens + `", client_id: shop, client_secret: hunter2}}`
			got := withoutPort(outcome(ask(t, src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(got, tokens, "TOKENS")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	t.Run("nothing listens", func(t *testing.T) {
		got := outcome(ask(t, `http: {path: /, oauth2: {token_url: "http://127.0.0.1:1/", client_id: shop, client_secret: hunter2}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}}))
		if want := `: no token from "http://127.0.0.1:1/": connection refused`; !strings.HasPrefix(got, "inconclusive, to be retried: ") || !strings.HasSuffix(got, want) {
			t.Errorf("got %s", got)
		}
	})
}

func TestATokenIsMasked(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "you sent "+r.Header.Get("Authorization"))
	})
	src := `{http: {path: /, oauth2: {token_url: "` + tokenServer(t, nil) + `", client_id: shop, client_secret: hunter2}}, expect: {body: x}}`
	got := withoutPort(outcome(ask(t, src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
	if want := `failed: GET http://green/: status is 418, expected 2xx; body is "you sent Bearer ***", expected "x"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
