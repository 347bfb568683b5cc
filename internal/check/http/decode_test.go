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

		{"a part has a name", `http: {path: /, multipart: [{value: x}]}`, `1:29: multipart: "name" is missing`},
		{"and content", `http: {path: /, multipart: [{name: a}]}`, `1:29: multipart: the part has no content: write value or file`},
		{"of one sort", `http: {path: /, multipart: [{name: a, value: b, file: c}]}`, `1:29: multipart: the part has a value and a file: write one of them`},
		{"a file's name is a file's", `http: {path: /, multipart: [{name: a, value: b, filename: c}]}`, `1:59: multipart: filename: is for a part that has a file`},
		{"its type is one", `http: {path: /, multipart: [{name: a, value: b, content_type: image}]}`, `1:63: multipart: content_type: "image" is not a media type, such as image/png`},
		{"a form of parts is a body, too", `http: {path: /, body: x, multipart: [{name: a, value: b}]}`, `1:26: http: multipart: the request has a body already, from body: write one of body, json, form, multipart`},

		{"who asks is said once", `http: {path: /, aws: {service: lambda}, basic_auth: {username: a, password: b}}`, `1:41: http: basic_auth: the request says already who asks, by aws: write one of them`},
		{"also by a header", `http: {path: /, headers: {Authorization: x}, oauth2: {token_url: "https://h/", client_id: a, client_secret: b}}`, `1:46: http: oauth2: the request says already who asks, by headers: authorization: write one of them`},
		{"a user's name has no colon", `http: {path: /, basic_auth: {username: "a:b", password: c}}`, `1:40: basic_auth: username: it holds a colon, which would end it`},
		{"a signature is for a service", `http: {path: /, aws: {region: eu-west-1}}`, `1:22: aws: "service" is missing`},
		{"a token comes from a URL", `http: {path: /, oauth2: {token_url: /token, client_id: a, client_secret: b}}`, `1:37: oauth2: token_url: "/token" is neither a path nor a URL: write /token, or begin with http:// or https://`},
		{"the grant is known", `http: {path: /, oauth2: {token_url: "https://h/", client_id: a, client_secret: b, params: {grant_type: password}}}`, `1:92: oauth2: params: grant_type is set by the other keys of oauth2`},
		{"a client says who it is in one of two ways", `http: {path: /, oauth2: {token_url: "https://h/", client_id: a, client_secret: b, client_auth: post}}`, `1:96: client_auth: unknown way "post": valid here: body, header`},

		{"a version is known", `http: {path: /, version: 3}`, `1:26: version: expected a version of HTTP: 1.1, 2 (over TLS) or h2c (2 without TLS), found the number 3`},
		{"2 is for TLS", `http: {url: "http://h/", version: 2}`, `1:35: http: version: 2 is HTTP/2 over TLS, and the URL is one of http: h2c is HTTP/2 without TLS`},
		{"h2c is not", `http: {url: "https://h/", version: h2c}`, `1:36: http: version: h2c is HTTP/2 without TLS, and the URL is one of https: write 2`},
		{"a protocol is one that is told", "http: GET /\nexpect: {protocol: HTTP/2}", `2:20: protocol: unknown version "HTTP/2": did you mean "HTTP/2.0"?`},
		{"an address is for a host and a port", `http: {path: /, resolve: {shop.example: 10.0.0.1}}`, `1:27: resolve: "shop.example" is not host:port, as in shop.example.com:443`},
		{"an address is one", `http: {path: /, resolve: {"shop.example:443": "http://h/"}}`, `1:47: resolve: "http://h/" is neither an address nor a host, with a port or without`},
		{"events are counted", `http: {path: /, events: 0}`, `1:25: events: between 1 and 1000 events can be read`},

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
