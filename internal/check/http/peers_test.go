package httpcheck_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lookup knows the names that are known when a check runs.
func lookup(name string) (any, error) {
	if value, ok := map[string]any{"green.image": "shop:1", "cart": "a/../b?c#d e", "secret": "s\r\nx: y"}[name]; ok {
		return value, nil
	}
	return nil, errors.New("it has no value")
}

// ask runs a check of a plan once.
func ask(t *testing.T, src string, n httpcheck.Network, scope check.Scope) check.Result {
	t.Helper()
	return askWithin(t, t.Context(), src, n, scope)
}

func askWithin(t *testing.T, ctx context.Context, src string, n httpcheck.Network, scope check.Scope) check.Result {
	t.Helper()
	c, err := decodeCheck(src, n)
	if err != nil {
		t.Fatalf("decoding %s: %v", src, err)
	}
	if scope.Lookup == nil {
		scope.Lookup = lookup
	}
	return c.Run(ctx, scope)
}

// outcome is a result in the words that the tests compare.
func outcome(r check.Result) string {
	s := r.Outcome.String()
	switch r.Retry {
	case check.RetryNoAnswer:
		s += ", to be retried"
	case check.RetrySpreading:
		s += ", to be retried while rules spread"
	}
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	return s
}

// serve answers as a server that is written in Go would.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// serveRaw answers each connection with bytes, after the head of its request has come, and then closes it. It gives
// the server's URL.
func serveRaw(t *testing.T, answer string) string {
	t.Helper()
	return serveConns(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, answer)
		}
	})
}

func serveConns(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			handle(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return "http://" + listener.Addr().String()
}

// authority signs certificates that are made in a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// template is a certificate for 127.0.0.1, valid for 30 days and an hour more.
func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name, Organization: []string{name + " Ltd"}},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30*24*time.Hour + time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	cert := template(name)
	cert.IsCA, cert.BasicConstraintsValid, cert.KeyUsage, cert.IPAddresses = true, true, x509.KeyUsageCertSign, nil
	a := authority{cert: cert, key: newKey(t)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// sign makes a certificate; a zero authority lets it sign itself.
func (a authority) sign(t *testing.T, cert *x509.Certificate) tls.Certificate {
	t.Helper()
	key := newKey(t)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// pem is what a plan would hold.
func (a authority) pem() string { return pemOf("CERTIFICATE", a.cert.Raw) }

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// pair gives a certificate and its key as PEM texts.
func pair(t *testing.T, c tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("CERTIFICATE", c.Certificate[0]), pemOf("PRIVATE KEY", der)
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serveTLS answers 200 ok, over HTTP/2 where the client speaks it.
func serveTLS(t *testing.T, config *tls.Config) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	s.TLS, s.EnableHTTP2 = config, true
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// withoutPort makes reasons comparable: the port is another in each run.
func withoutPort(reason, base string) string {
	return strings.ReplaceAll(strings.ReplaceAll(reason, base, "http://green"), strings.TrimPrefix(base, "http://"), "green")
}
