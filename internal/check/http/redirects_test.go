package httpcheck_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func TestRedirectsAreFollowedAsFarAsThePlanSays(t *testing.T) {
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "auth=%s cookie=%s key=%s accept=%s host=%s", r.Header.Get("Authorization"), r.Header.Get("Cookie"),
			r.Header.Get("X-Api-Key"), r.Header.Get("Accept"), r.Host)
	})
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		to := func(location string, status int) {
			w.Header().Set("Location", location)
			w.WriteHeader(status)
		}
		switch r.URL.Path {
		case "/1", "/2", "/3":
			to("/"+string(r.URL.Path[1]+1), http.StatusFound)
		case "/a", "/b", "/c":
			to(map[string]string{"/a": "/b", "/b": "/c", "/c": "/b"}[r.URL.Path], http.StatusFound)
		case "/self":
			to("", http.StatusFound)
		case "/relative/x":
			to("../2?q=1#fragment", http.StatusMovedPermanently)
		case "/away":
			to(other+"/there", http.StatusFound)
		case "/https":
			to("https://"+r.Host+"/", http.StatusMovedPermanently)
		case "/mail":
			to("mailto:ann@example.com", http.StatusFound)
		case "/bad":
			to("http://[::1", http.StatusFound)
		case "/see", "/moved", "/keep":
			to("/echo", map[string]int{"/see": http.StatusSeeOther, "/moved": http.StatusMovedPermanently, "/keep": http.StatusPermanentRedirect}[r.URL.Path])
		case "/echo":
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%s type=%s auth=%s body=%s", r.Method, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), body)
		case "/notmodified":
			to("/4", http.StatusNotModified)
		}
	})
	tests := []struct{ why, src, want string }{
		{"within the number", `http: {path: /1, redirects: 3}`, "passed"},
		{"above it", `http: {path: /1, redirects: 2}`, `failed: GET http://green/3: redirects more than 2 times, the last time to "http://green/4"`},
		{"written in full", `http: {path: /1, redirects: {max: 3}}`, "passed"},
		{"none by default", `http: GET /1`, `failed: GET http://green/1: status is 302 (location: "/2"), expected 2xx`},
		{"a loop", `http: {path: /a, redirects: 10}`, `failed: GET http://green/c: redirects in a loop: /b → /c → /b`},
		{"an empty place", `http: {path: /self, redirects: 10}`, `failed: GET http://green/self: status is 302, expected 2xx`},
		{"a relative place", `http: {path: /relative/x, redirects: 10}`, `passed`},
		{"another host", `http: {path: /away, redirects: 10}`, `failed: GET http://green/away: redirects to another host, http://other, where it isn't green that answers; redirects: {max: 10, other_hosts: true} follows it`},
		{"https is another host too", `http: {path: /https, redirects: 10}`, `failed: GET http://green/https: redirects to another host, https://green, where it isn't green that answers; redirects: {max: 10, other_hosts: true} follows it`},
		{"no place to ask", `http: {path: /mail, redirects: 1}`, `failed: GET http://green/mail: redirects to "mailto:ann@example.com", which is not an http or https URL`},
		{"no URL", `http: {path: /bad, redirects: 1}`, `failed: GET http://green/bad: redirects to "http://[::1", which is not an http or https URL`},
		{"a wrong status of the last", `{http: {path: /1, redirects: 3}, expect: {status: 201}}`, `failed: GET http://green/4: status is 200, expected 201`},
		{"a status that is no redirect", `{http: {path: /notmodified, redirects: 3}, expect: {status: 304}}`, `passed`},
		{"see other gets", `{http: {method: POST, path: /see, json: 1, headers: {authorization: x}, redirects: 1}, expect: {body: GET type= auth=x body=}}`, "passed"},
		{"moved gets after POST", `{http: {method: POST, path: /moved, json: 1, redirects: 1}, expect: {body: GET type= auth= body=}}`, "passed"},
		{"moved stays after PUT", `{http: {method: PUT, path: /moved, json: 1, redirects: 1}, expect: {body: PUT type=application/json auth= body=1}}`, "passed"},
		{"the permanent one keeps all", `{http: {method: POST, path: /keep, json: 1, redirects: 1}, expect: {body: POST type=application/json auth= body=1}}`, "passed"},
		{"secrets stay with green", `{http: {path: /away, redirects: {max: 1, other_hosts: true}, headers: {authorization: x, cookie: y, x-api-key: z, accept: text/x, host: green.example}}, expect: {body: "auth= cookie= key= accept=text/x host={{ '` + strings.TrimPrefix(other, "http://") + `' }}"}}`, "passed"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			got := withoutPort(outcome(ask(t, tt.src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
			got = strings.ReplaceAll(got, other, "http://other")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}
