package httpcheck_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// speaks serves the given versions of HTTP, over TLS where a certificate is given.
func speaks(t *testing.T, certificate *tls.Certificate, versions ...string) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Spoken", r.Proto) }))
	s.Config.ErrorLog = quiet()
	s.Config.Protocols = new(http.Protocols)
	for _, v := range versions {
		switch v {
		case "1.1":
			s.Config.Protocols.SetHTTP1(true)
		case "2":
			s.Config.Protocols.SetHTTP2(true)
		case "h2c":
			s.Config.Protocols.SetUnencryptedHTTP2(true)
		}
	}
	if certificate == nil {
		s.Start()
	} else {
		s.EnableHTTP2 = s.Config.Protocols.HTTP2()
		s.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		s.StartTLS()
	}
	t.Cleanup(s.Close)
	return s.URL
}

func TestAVersionOfHTTPIsInsistedOn(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	cert := ca.sign(t, template("green"))
	n := httpcheck.Network{Roots: ca.pool()}
	both, only1, only2 := speaks(t, &cert, "1.1", "2"), speaks(t, &cert, "1.1"), speaks(t, &cert, "2")
	silentTLS := "https://" + strings.TrimPrefix(serveConns(t, func(conn net.Conn) {
		secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
		if _, err := http.ReadRequest(bufio.NewReader(secure)); err == nil {
			_, _ = io.WriteString(secure, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	}), "http://")
	plain, clear := speaks(t, nil, "1.1"), speaks(t, nil, "h2c")
	for _, tt := range []struct{ why, green, src, want string }{
		{"over TLS the server chooses", both, `{http: GET /, expect: {protocol: HTTP/2.0}}`, "passed"},
		{"plain http is 1.1", plain, `{http: GET /, expect: {protocol: HTTP/1.1}}`, "passed"},
		{"what was spoken is compared", only1, `{http: GET /, expect: {protocol: HTTP/2.0}}`, `failed: GET GREEN/: protocol is "HTTP/1.1", expected "HTTP/2.0"`},
		{"1.1, of a server that can do more", both, `{http: {path: /, version: 1.1}, expect: {protocol: HTTP/1.1}}`, "passed"},
		{"2 over TLS", both, `{http: {path: /, version: 2}, expect: {headers: {x-spoken: HTTP/2.0}}}`, "passed"},
		{"a server that only speaks 2", only2, `{http: {path: /, version: 2}}`, "passed"},
		{"h2c", clear, `{http: {path: /, version: h2c}, expect: {protocol: HTTP/2.0, headers: {x-spoken: HTTP/2.0}}}`, "passed"},
		{"2 of a server that can't", only1, `{http: {path: /, version: 2}}`, "failed: GET GREEN/: the server speaks no HTTP/2 (version: 2)"},
		{"2 of a server that negotiates nothing", silentTLS, `{http: {path: /, version: 2}}`, "failed: GET GREEN/: the server speaks no HTTP/2 (version: 2)"},
		{"1.1 of a server that can't", only2, `{http: {path: /, version: 1.1}}`, "inconclusive, to be retried: GET GREEN/: the connection was closed before an answer"},
		{"h2c of a server that can't", plain, `{http: {path: /, version: h2c}}`, "failed: GET GREEN/: the server speaks no HTTP/2 (version: h2c)"},
		{"2 without TLS is h2c", plain, `{http: {path: /, version: 2}}`, "inconclusive: GET /: version: 2 is HTTP/2 over TLS, and the URL is one of http: h2c is HTTP/2 without TLS"},
		{"h2c with TLS is 2", both, `{http: {path: /, version: h2c}}`, "inconclusive: GET /: version: h2c is HTTP/2 without TLS, and the URL is one of https: write 2"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := strings.ReplaceAll(outcome(ask(t, tt.src, n, check.Scope{Green: check.Side{URL: tt.green}})), tt.green, "GREEN")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}
