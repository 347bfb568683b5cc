package httpcheck_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func TestRequestsCarryWhatLeadsToTheirSide(t *testing.T) {
	got := make(chan string, 2)
	answer := func(_ http.ResponseWriter, r *http.Request) {
		got <- fmt.Sprintf("host=%s version=%q", r.Host, r.Header.Values("X-Version"))
	}
	listener, other := serve(t, answer), serve(t, answer)
	host := strings.TrimPrefix(listener, "http://")
	names := map[string]any{"green.url": listener, "blue.url": listener}
	scope := check.Scope{
		Green:  check.Side{URL: listener, Host: "shop.example", Headers: http.Header{"x-version": {"green"}}},
		Blue:   check.Side{URL: listener},
		Lookup: func(name string) (any, error) { return names[name], nil },
	}
	const carried = `host=shop.example version=["green"]`
	for _, tt := range []struct{ why, src, want string }{
		{"a path is one of green's", `http: GET /`, carried},
		{"the plan's own header wins", `http: {path: /, headers: {X-VERSION: mine}}`, `host=shop.example version=["mine"]`},
		{"so does its host", `http: {path: /, headers: {host: own.example}}`, `host=own.example version=["green"]`},
		{"a whole URL may be green's too", `http: GET ` + listener + `/`, carried},
		{"as one that begins with its name", `http: "GET {{ green.url }}/"`, carried},
		{"blue, on the same listener, is asked without", `http: "GET {{ blue.url }}/"`, "host=" + host + ` version=[]`},
		{"what is another server's doesn't carry it", `http: GET ` + other + `/`, "host=" + strings.TrimPrefix(other, "http://") + ` version=[]`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if result := ask(t, tt.src, httpcheck.Network{}, scope); result.Outcome != check.Passed {
				t.Fatal(outcome(result))
			}
			if diff := cmp.Diff(tt.want, <-got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestARedirectToTheNameThatWasAskedForStaysAtItsAddress(t *testing.T) {
	var port string
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host != "shop.example" || r.Header.Get("X-Version") != "green":
			w.WriteHeader(http.StatusNotFound)
		case r.URL.Path == "/":
			http.Redirect(w, r, "http://SHOP.example:"+port+"/home", http.StatusFound)
		case r.URL.Path == "/production":
			http.Redirect(w, r, "http://shop.example/home", http.StatusFound)
		}
	})
	port = green[strings.LastIndex(green, ":")+1:]
	scope := check.Scope{Green: check.Side{URL: green, Host: "shop.example", Headers: http.Header{"X-Version": {"green"}}}}
	if got := ask(t, `http: {path: /, redirects: 1}`, httpcheck.Network{}, scope); got.Outcome != check.Passed || got.Requests[1].URL != green+"/home" {
		t.Errorf("got %s, want the name's page at green's address", outcome(got))
	}
	const away = "redirects to another host, http://shop.example:80, where it isn't green that answers"
	if got := outcome(ask(t, `http: {path: /production, redirects: 1}`, httpcheck.Network{}, scope)); !strings.Contains(got, away) {
		t.Errorf("got %s, want it to say that it %s", got, away)
	}
}

func TestTheCertificateIsAskedForByTheNameThatRequestsAskFor(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	named := template("shop.example")
	named.DNSNames, named.IPAddresses = []string{"shop.example"}, nil
	green := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.sign(t, named)}})
	n := httpcheck.Network{Roots: ca.pool()}
	for _, tt := range []struct {
		why  string
		side check.Side
		src  string
		want string
	}{
		{"the load balancer's own name isn't in it", check.Side{URL: green}, `http: GET /`, "failed: GET GREEN/: the certificate is for shop.example, not for 127.0.0.1; tls: {server_name: …} asks for another name"},
		{"the rule's name is", check.Side{URL: green, Host: "shop.example"}, `http: GET /`, "passed"},
		{"a port behind it is no part of it", check.Side{URL: green, Host: "shop.example:8443"}, `http: GET /`, "passed"},
		{"the plan's own wins", check.Side{URL: green, Host: "shop.example"}, `http: {path: /, tls: {server_name: own.example}}`, "failed: GET GREEN/: the certificate is for shop.example, not for own.example; tls: {server_name: …} asks for another name"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := ask(t, tt.src, n, check.Scope{Green: tt.side})
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(outcome(got), green, "GREEN")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTheDebugLogShowsWhatARequestCarries(t *testing.T) {
	green := serve(t, func(http.ResponseWriter, *http.Request) {})
	var log bytes.Buffer
	ask(t, `http: {path: /, headers: {authorization: Bearer of-the-plan}}`, httpcheck.Network{}, check.Scope{
		Green:  check.Side{URL: green, Host: "shop.example", Headers: http.Header{"X-Version": {"green"}}},
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if want := `"host":"shop.example","headers":{"X-Version":"green"}`; !strings.Contains(log.String(), want) {
		t.Errorf("the log doesn't hold %s:\n%s", want, log.String())
	}
	if strings.Contains(log.String(), "of-the-plan") {
		t.Errorf("the log shows a header of the plan, which may be a secret:\n%s", log.String())
	}
}
