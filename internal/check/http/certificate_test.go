package httpcheck_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func TestACertificateThatCannotBeTrustedIsAWrongAnswer(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	named := template("green")
	named.IPAddresses, named.DNSNames = nil, []string{"green.example", "www.green.example"}
	old := template("green")
	old.NotBefore, old.NotAfter = time.Now().Add(-100*24*time.Hour), time.Now().Add(-10*24*time.Hour-time.Minute)
	early := template("green")
	early.NotBefore = time.Now().Add(time.Hour)
	client := template("green")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	good := ca.sign(t, template("green"))
	goodPEM, _ := pair(t, good)
	quotedCA := strconv.Quote(ca.pem())
	tests := []struct {
		why  string
		cert tls.Certificate
		src  string
		n    httpcheck.Network
		want string
	}{
		{why: "of an authority that isn't known", cert: good, src: `http: GET /`, want: `failed: GET https://green/: the certificate is signed by "Test CA", which is not trusted here; tls: {ca: …} trusts it`},
		{why: "of one that the network knows", cert: good, src: `http: GET /`, n: httpcheck.Network{Roots: ca.pool()}, want: "passed"},
		{why: "of one in the plan", cert: good, src: `http: {path: /, tls: {ca: ` + quotedCA + `}}`, want: "passed"},
		{why: "of one in a file", cert: good, src: `http: {path: /, tls: {ca: ` + write(t, "ca.pem", ca.pem()) + `}}`, want: "passed"},
		{why: "of another one in the plan", cert: good, src: `http: {path: /, tls: {ca: ` + strconv.Quote(newAuthority(t, "Other CA").pem()) + `}}`, want: `failed: GET https://green/: the certificate is signed by "Test CA", which is not trusted here; tls: {ca: …} trusts it`},
		{why: "of any, where nothing is verified", cert: good, src: `http: {path: /, tls: {insecure: true}}`, want: "passed"},
		{why: "signed by itself", cert: authority{}.sign(t, template("green")), src: `http: GET /`, want: `failed: GET https://green/: the certificate is self-signed (by "green"); tls: {ca: …} trusts it`},
		{why: "for other names", cert: ca.sign(t, named), src: `http: GET /`, n: httpcheck.Network{Roots: ca.pool()}, want: `failed: GET https://green/: the certificate is for green.example, www.green.example, not for 127.0.0.1; tls: {server_name: …} asks for another name`},
		{why: "for the name that the plan asks for", cert: ca.sign(t, named), src: `http: {path: /, tls: {server_name: www.green.example}}`, n: httpcheck.Network{Roots: ca.pool()}, want: "passed"},
		{why: "expired", cert: ca.sign(t, old), src: `http: GET /`, n: httpcheck.Network{Roots: ca.pool()}, want: `failed: GET https://green/: the certificate expired on ` + old.NotAfter.UTC().Format(time.DateOnly) + `, 10d ago`},
		{why: "not valid yet", cert: ca.sign(t, early), src: `http: GET /`, n: httpcheck.Network{Roots: ca.pool()}, want: `failed: GET https://green/: the certificate is not valid before ` + early.NotBefore.UTC().Format(time.RFC3339)},
		{why: "valid at another time", cert: ca.sign(t, early), src: `http: GET /`, n: httpcheck.Network{Roots: ca.pool(), Now: func() time.Time { return early.NotBefore.Add(time.Minute) }}, want: "passed"},
		{why: "not for servers", cert: ca.sign(t, client), src: `http: GET /`, n: httpcheck.Network{Roots: ca.pool()}, want: `failed: GET https://green/: the certificate is not valid: certificate specifies an incompatible key usage`},
		{why: "judged by what the plan expects", cert: good, src: `{http: GET /, expect: {certificate: {expires: "> 14d", names: 127.0.0.1, issuer: Test CA}}}`, n: httpcheck.Network{Roots: ca.pool()}, want: "passed"},
		{why: "judged also where it isn't verified", cert: good, src: `{http: {path: /, tls: {insecure: true}}, expect: {certificate: {expires: "> 60d", issuer: ~ ^Let}}}`, want: `failed: GET https://green/: certificate's time left is 30d (until ` + leafOf(t, good).NotAfter.UTC().Format(time.DateOnly) + `), expected > 60d; certificate's issuer is "Test CA, Test CA Ltd", expected ~ ^Let`},
		{why: "a file without a certificate", cert: good, src: `http: {path: /, tls: {ca: ` + write(t, "empty.pem", "x") + `}}`, want: `inconclusive: GET /: tls.ca: no certificate is in it; a PEM text has one between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----`},
		{why: "a certificate with another's key", cert: good, src: `http: {path: /, tls: {cert: ` + write(t, "cert.pem", goodPEM) + `, key: ` + write(t, "key.pem", goodPEM) + `}}`, want: `inconclusive: GET /: tls.cert: certificate and key don't go together: found a certificate rather than a key in the PEM for the private key`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			green := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{tt.cert}})
			got := outcome(ask(t, tt.src, tt.n, check.Scope{Green: check.Side{URL: green}}))
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(got, green, "https://green")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func leafOf(t *testing.T, c tls.Certificate) *x509.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestAClientShowsItsCertificateWhereThePlanHasOne(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	green := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{ca.sign(t, template("green"))},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: ca.pool(),
	})
	cert, key := pair(t, ca.sign(t, template("client")))
	n := httpcheck.Network{Roots: ca.pool()}
	for _, src := range []string{
		`http: {path: /, tls: {cert: ` + strconv.Quote(cert) + `, key: ` + strconv.Quote(key) + `}}`,
		`http: {path: /, tls: {cert: ` + write(t, "cert.pem", cert) + `, key: ` + write(t, "key.pem", key) + `}}`,
	} {
		if got := ask(t, src, n, check.Scope{Green: check.Side{URL: green}}); got.Outcome != check.Passed {
			t.Errorf("with a certificate the outcome is %s", outcome(got))
		}
	}
	got := outcome(ask(t, `http: GET /`, n, check.Scope{Green: check.Side{URL: green}}))
	if want := "failed, to be retried: GET " + green + "/: the server asked for a client's certificate, and closed the connection without one; tls: {cert: …, key: …} sends one"; got != want {
		t.Errorf("without a certificate the outcome is %s, want %s", got, want)
	}
	cert, key = pair(t, newAuthority(t, "Other CA").sign(t, template("client")))
	got = outcome(ask(t, `http: {path: /, tls: {cert: `+strconv.Quote(cert)+`, key: `+strconv.Quote(key)+`}}`, n, check.Scope{Green: check.Side{URL: green}}))
	if want := "failed, to be retried: GET " + green + "/: the server asked for a client's certificate, and closed the connection after that of tls.cert"; got != want {
		t.Errorf("with a certificate of another authority the outcome is %s, want %s", got, want)
	}
}

func TestTheProtocolsOfGreenAreSpoken(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	cert := ca.sign(t, template("green"))
	n := httpcheck.Network{Roots: ca.pool()}
	t.Run("HTTP/2 where it has it", func(t *testing.T) {
		green := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}})
		got := ask(t, `{http: GET /, expect: {body: HTTP/2.0}}`, n, check.Scope{Green: check.Side{URL: green}})
		if got.Outcome != check.Passed || got.Requests[0].Timings.TLS <= 0 {
			t.Errorf("the outcome is %s, the timings are %+v", outcome(got), got.Requests)
		}
	})
	t.Run("a stream of HTTP/2 that is reset is no answer", func(t *testing.T) {
		green := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/body" {
				w.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(w).Flush()
			}
			panic(http.ErrAbortHandler)
		}))
		green.TLS, green.EnableHTTP2, green.Config.ErrorLog = &tls.Config{Certificates: []tls.Certificate{cert}}, true, quiet()
		green.StartTLS()
		t.Cleanup(green.Close)
		for path, want := range map[string]string{
			"/":     "the connection was closed before an answer",
			"/body": "the connection was closed in the body, after 0B",
		} {
			got := outcome(ask(t, "http: GET "+path, n, check.Scope{Green: check.Side{URL: green.URL}}))
			if want = "inconclusive, to be retried: GET " + green.URL + path + ": " + want; got != want {
				t.Errorf("the outcome is %s, want %s", got, want)
			}
		}
	})
	t.Run("HTTP/1.1 where it hasn't", func(t *testing.T) {
		green := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
		got := ask(t, `{http: GET /, expect: {body: ~ ^HTTP/}}`, n, check.Scope{Green: check.Side{URL: green}})
		if got.Outcome != check.Passed {
			t.Errorf("the outcome is %s", outcome(got))
		}
	})
	t.Run("not HTTP where https was meant", func(t *testing.T) {
		green := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}})
		got := ask(t, `http: GET /`, n, check.Scope{Green: check.Side{URL: "http" + strings.TrimPrefix(green, "https")}})
		if want := "status is 400, expected 2xx"; got.Outcome != check.Failed || !strings.HasSuffix(got.Reason, want) {
			t.Errorf("the outcome is %s, want %s", outcome(got), want)
		}
	})
	t.Run("not https where HTTP was meant", func(t *testing.T) {
		green := serve(t, func(http.ResponseWriter, *http.Request) {})
		got := ask(t, `http: GET /`, n, check.Scope{Green: check.Side{URL: "https" + strings.TrimPrefix(green, "http")}})
		if want := "the server doesn't speak TLS on this port: should the URL begin with http://?"; got.Outcome != check.Failed || !strings.HasSuffix(got.Reason, want) {
			t.Errorf("the outcome is %s, want %s", outcome(got), want)
		}
	})
	t.Run("no versions of TLS that are broken", func(t *testing.T) {
		green := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tls.VersionTLS11})
		got := ask(t, `http: GET /`, n, check.Scope{Green: check.Side{URL: green}})
		if want := "the server refused the TLS handshake: protocol version not supported"; got.Outcome != check.Failed || !strings.HasSuffix(got.Reason, want) {
			t.Errorf("the outcome is %s, want %s", outcome(got), want)
		}
	})
	t.Run("a handshake that breaks off is no answer", func(t *testing.T) {
		green := serveConns(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 5)) })
		got := ask(t, `http: GET /`, n, check.Scope{Green: check.Side{URL: "https" + strings.TrimPrefix(green, "http")}})
		if got.Outcome != check.Inconclusive || got.Retry != check.RetryNoAnswer {
			t.Errorf("the outcome is %s", outcome(got))
		}
	})
	t.Run("no noise in a handshake", func(t *testing.T) {
		green := serveConns(t, func(conn net.Conn) {
			_, _ = conn.Write(bytes.Repeat([]byte{0}, 64))
			gone(conn)
		})
		got := ask(t, `http: GET /`, n, check.Scope{Green: check.Side{URL: "https" + strings.TrimPrefix(green, "http")}})
		if got.Outcome != check.Failed {
			t.Errorf("the outcome is %s", outcome(got))
		}
	})
}
