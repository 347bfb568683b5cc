package httpcheck_test

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func TestConnectionsAreMadeWhereThePlanSays(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	named := template("shop.example")
	named.DNSNames, named.IPAddresses = []string{"shop.example"}, nil
	secure := strings.TrimPrefix(serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.sign(t, named)}}), "https://")
	plain := strings.TrimPrefix(serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Host", r.Host) }), "http://")
	_, port, _ := strings.Cut(plain, ":")
	dead := func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, nil }
	for _, tt := range []struct{ why, src, want string }{
		{"the host that is asked for stays", `{http: {url: "http://shop.example/", resolve: {"shop.example:80": "` + plain + `"}}, expect: {headers: {x-host: shop.example}}}`, "passed"},
		{"without a port it is the same", `{http: {url: "http://SHOP.example:` + port + `/", resolve: {"Shop.example:` + port + `": 127.0.0.1}}}`, "passed"},
		{"the name of the certificate stays", `http: {url: "https://shop.example/", resolve: {"shop.example:443": "` + secure + `"}}`, "passed"},
		{"another name than its own is still another", `http: {url: "https://other.example/", resolve: {"other.example:443": "` + secure + `"}}`, "failed: GET https://other.example/: the certificate is for shop.example, not for other.example; tls: {server_name: …} asks for another name"},
		{"an address that isn't the request's is told", `http: {url: "http://shop.example:8080/", resolve: {"shop.example:80": 127.0.0.1}}`, "inconclusive: GET http://shop.example:8080/: resolve has addresses for shop.example:80, and the request goes to shop.example:8080"},
		{"a value that isn't an address", `http: {url: "http://shop.example/", resolve: {"shop.example:80": "{{ cart }}"}}`, `inconclusive: GET http://shop.example/: plan.yaml:1:47: resolve: "a/../b?c#d e" is neither an address nor a host, with a port or without`},
		{"a name without a value", `http: {url: "http://shop.example/", resolve: {"shop.example:80": "{{ green.url }}"}}`, "inconclusive: GET http://shop.example/: plan.yaml:1:67: {{ green.url }}: it has no value"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			// There is no way through the proxy: who resolves goes around it.
			got := outcome(ask(t, tt.src, httpcheck.Network{Roots: ca.pool(), Proxy: dead}, check.Scope{}))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}
