package httpcheck_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

var names = strictyaml.Names{
	Static: map[string]any{"vars": map[string]any{"sku": int64(42), "base": "http://127.0.0.1:1/base", "method": "POST"}},
	Later:  []string{"green.url", "blue.url", "green.image", "cart", "secret"},
}

// decodeCheck reads one check as a plan does.
func decodeCheck(src string, n httpcheck.Network) (check.Check, error) {
	root, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(names)
	c := httpcheck.Kind(n).New()
	d.Fields(root, c)
	return c, d.Err()
}

func TestWhatIsWrongWithACheckIsToldAtItsPlace(t *testing.T) {
	tests := []struct{ why, src, want string }{
		{"a method is one of HTTP's", `http: GTE /health`, `1:7: http: unknown method "GTE": did you mean "GET"?`},
		{"in capitals", `http: get /health`, `1:7: http: unknown method "get": did you mean "GET"?`},
		{"of which all are shown", `http: PURGE /health`, `1:7: http: unknown method "PURGE": valid here: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE`},
		{"a method needs a target", `http: GET`, `1:7: http: GET what? Write a path after it, as in GET /health`},
		{"a path begins with a slash", `http: GET health`, `1:7: http: "health" is neither a path nor a URL: write /health, or begin with http:// or https://`},
		{"also without a method", `http: health`, `1:7: http: "health" is neither a path nor a URL: write /health, or begin with http:// or https://`},
		{"a path has no spaces", `http: GET /a b`, `1:7: http: "/a b" holds a space: write %20`},
		{"a fragment is never sent", `http: GET /a#b`, `1:7: http: "/a#b" has a fragment (#…), which no server gets to see: drop it, or write %23`},
		{"a bad escape", `http: GET /a%zz`, `1:7: http: "/a%zz" is not a path: invalid URL escape "%zz"`},
		{"other schemes aren't asked", `http: GET ftp://host/a`, `1:7: http: the URL has the scheme "ftp"; http and https are known`},
		{"a URL has a host", `http: GET http:///a`, `1:7: http: "http:///a" names no host`},
		{"passwords don't belong into logs", `http: GET https://ann:pw@host/`, `1:7: http: the URL holds a user name or password, which would stand in logs: send an authorization header instead`},
		{"a list is no request", `http: [GET, /]`, `1:7: http: expected a request, as in GET /health, or a mapping with method, path, …, found a list`},
		{"a request is needed", `expect: {status: 200}`, `1:1: "http" is missing`},
		{"a name is known or wrong", `http: GET /carts/{{ crat }}`, `1:18: http: unknown name "crat": did you mean "cart"?`},
		{"also in the place of a method", `http: "{{ vars.method }} /x"`, `1:7: http: "POST /x" holds a space: write %20`},

		{"a mapping needs a target", `http: {method: POST}`, `1:7: http: the request has no target: write path (joined to green's URL) or url (whole)`},
		{"and just one", `http: {path: /, url: "http://h/"}`, `1:22: http: url: the request has a path already: write one of path (joined to green's URL) and url (whole)`},
		{"its path begins with a slash", `http: {path: health}`, `1:14: http: "health" is neither a path nor a URL: a path begins with /, as in /health`},
		{"also where a name stands in it", `http: {path: "carts/{{ cart }}"}`, `1:14: http: "carts/x" is neither a path nor a URL: a path begins with /, as in /carts/x`},
		{"its URL is one", `http: {url: host/}`, `1:13: http: "host/" is neither a path nor a URL: write /host/, or begin with http:// or https://`},
		{"its method is known", `http: {method: HAED, path: /}`, `1:16: http: method: unknown method "HAED": did you mean "HEAD"?`},
		{"it has one body", `http: {path: /, body: x, json: {a: 1}}`, `1:26: http: json: the request has a body already, from body: write one of body, json, form, multipart`},
		{"a key is known or wrong", `http: {path: /, header: {a: b}}`, `1:17: http: unknown key "header": did you mean "headers"?`},
		{"a header's name is a token", `http: {path: /, headers: {"a b": c}}`, `1:27: http: headers: "a b" is not the name of a header: letters, digits and any of !#$%&'*+-.^_` + "`|~"},
		{"its value is one line", `http: {path: /, headers: {a: "b\r\nc: d"}}`, `1:30: http: headers: the value of a holds a line break or another control character`},
		{"the length is the client's to say", `http: {path: /, headers: {Content-Length: 5}}`, `1:27: http: headers: Content-Length describes the message itself, and is set with it`},
		{"a header is given once", `http: {path: /, headers: {Accept: a, accept: b}}`, `1:38: http: headers: Accept and accept are one header`},
		{"a query is a mapping", `http: {path: /, query: a=b}`, `1:24: query: expected a mapping, found "a=b"`},
		{"a value of it is one", `http: {path: /, query: {a: }}`, `1:28: a: expected text, found nothing`},
		{"redirects are counted", `http: {path: /, redirects: yes}`, `1:28: redirects: expected a number, found "yes"`},
		{"within reason", `http: {path: /, redirects: 21}`, `1:28: redirects: between 0 and 20 redirects can be followed`},
		{"also in full", `http: {path: /, redirects: {max: -1}}`, `1:34: redirects: between 0 and 20 redirects can be followed`},
		{"in full there is a number", `http: {path: /, redirects: {other_hosts: true}}`, `1:28: redirects: "max" is missing`},

		{"what isn't verified needs no authority", `http: {path: /, tls: {insecure: true, ca: ca.pem}}`, `1:43: tls: ca: insecure trusts any certificate, so that ca says nothing: drop one of them`},
		{"a certificate needs its key", `http: {path: /, tls: {cert: cert.pem}}`, `1:29: tls: cert: the certificate needs its key: add key`},
		{"a key needs its certificate", `http: {path: /, tls: {key: key.pem}}`, `1:28: tls: key: the key needs its certificate: add cert`},
		{"a PEM text holds a certificate", `http: {path: /, tls: {ca: "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----"}}`, `1:27: tls: ca: no certificate is in it; a PEM text has one between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----`},
		{"certificate and key go together", `http: {path: /, tls: {cert: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----"}}`, `1:29: tls: cert: certificate and key don't go together: failed to find any PEM data in certificate input`},

		{"an expectation is known or wrong", "http: GET /\nexpect: {stauts: 200}", `2:10: expect: unknown key "stauts": did you mean "status"?`},
		{"its header's name is a token", "http: GET /\nexpect: {headers: {\"a b\": c}}", `2:20: expect: headers: "a b" is not the name of a header`},
		{"everything is told at once", "http: GTE /\nexpect: {status: 99, duration: < 300}", `1:7: http: unknown method "GTE": did you mean "GET"?` + "\n" + `2:18: status: 99 is outside of 100 to 599, the statuses of HTTP` + "\n" + `2:32: duration: 300 has no unit: write 300ms, 300s or 300m`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			_, err := decodeCheck(tt.src, httpcheck.Network{})
			got := ""
			var problems strictyaml.Problems
			if errors.As(err, &problems) {
				for i, p := range problems {
					if i > 0 {
						got += "\n"
					}
					got += fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: problems (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestACheckIsTitledAsThePlanHasIt(t *testing.T) {
	for src, want := range map[string]string{
		`http: GET /health`:                         "GET /health",
		`http: /health`:                             "GET /health",
		`http: HEAD http://127.0.0.1:8080/route`:    "HEAD http://127.0.0.1:8080/route",
		`http: DELETE /carts/{{ cart }}`:            "DELETE /carts/{{ cart }}",
		`http: {method: POST, path: /carts}`:        "POST /carts",
		`http: {url: "https://other.example/a?b"}`:  "GET https://other.example/a?b",
		`http: "{{ green.url }}/x"`:                 "GET {{ green.url }}/x",
		`http: {path: /, method: OPTIONS, body: x}`: "OPTIONS /",
	} {
		c, err := decodeCheck(src, httpcheck.Network{})
		if err != nil {
			t.Errorf("%s: %v", src, err)
		} else if got := c.Title(); got != want {
			t.Errorf("the title of %s is %q, want %q", src, got, want)
		}
	}
}

func TestTheKindHasTheKeyAndTimeoutThatPlansRelyOn(t *testing.T) {
	kind := httpcheck.Kind(httpcheck.System())
	if kind.Key != "http" || kind.Timeout != httpcheck.DefaultTimeout {
		t.Errorf("the kind is %q with a timeout of %s", kind.Key, kind.Timeout)
	}
	if kind.New() == kind.New() {
		t.Error("two checks of the kind are one")
	}
}

func FuzzRequest(f *testing.F) {
	for _, seed := range []string{"GET /health", "/x?a=b", "HEAD http://h:1/", "{{ green.url }}/x", "POST  {{ cart }}", "GET //[::1]/%2f", "GET", " "} {
		f.Add(seed, "http://green/base?k=1")
	}
	f.Fuzz(func(t *testing.T, line, green string) {
		n := httpcheck.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}}
		c, err := decodeCheck("http: "+strconv.Quote(line), n)
		if err != nil {
			return
		}
		got := c.Run(t.Context(), check.Scope{Green: check.Side{URL: green}, Lookup: lookup})
		if got.Outcome != check.Inconclusive || strings.ContainsAny(got.Reason, "\r\n") {
			t.Errorf("%q of %q is %s: %s", line, green, got.Outcome, got.Reason)
		}
	})
}
