// Package networktest holds what the tests of several kinds of check need: certificates that are made in a test, peers
// on loopback, and results in the words that tests compare.
package networktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Decode reads one check as a plan does; the names green.url, green.host and token are known when it runs.
func Decode(kind check.Kind, src string) (check.Check, error) {
	root, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(strictyaml.Names{
		Static: map[string]any{"vars": map[string]any{"port": int64(5432)}}, Later: []string{"green.url", "green.host", "token"},
	})
	c := kind.New()
	d.Fields(root, c)
	return c, d.Err()
}

// Problems are those of a plan, each as line:column: message.
func Problems(err error) string {
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return ""
	}
	var lines []string
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message))
	}
	return strings.Join(lines, "\n")
}

// Ask runs a check of a plan once, with the name token standing for "s3cret", and gives its result.
func Ask(t *testing.T, kind check.Kind, src string, scope check.Scope) check.Result {
	t.Helper()
	c, err := Decode(kind, src)
	if err != nil {
		t.Fatalf("decoding %s: %v", src, err)
	}
	if scope.Lookup == nil {
		scope.Lookup = Lookup
	}
	return c.Run(t.Context(), scope)
}

// Lookup knows the value of token alone.
func Lookup(name string) (any, error) {
	if name == "token" {
		return "s3cret", nil
	}
	return nil, errors.New("it has no value")
}

// Outcome is a result in the words that tests compare.
func Outcome(r check.Result) string {
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

// Serve handles each connection to a port of loopback until the test ends, and gives its host:port.
func Serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				handle(conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	return listener.Addr().String()
}

// Silent gives the address of a port of loopback on which nothing listens, and nobody else will while the test runs: it is the
// near end of a connection.
func Silent(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	near := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	return held(t, near, "tcp", listener.Addr())
}

// SilentUDP is Silent for datagrams: the socket on the port takes none but those of one address.
func SilentUDP(t *testing.T) string {
	t.Helper()
	near := &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	return held(t, near, "udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1})
}

// held connects, and gives the address of the near end.
func held(t *testing.T, near *net.Dialer, network string, far net.Addr) string {
	t.Helper()
	conn, err := near.DialContext(t.Context(), network, far.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// Authority signs certificates. The zero Authority has them sign themselves.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// chain are the certificates between this one and its root, in the order in which servers send them.
	chain [][]byte
}

// Template is a certificate for 127.0.0.1, valid for 30 days and an hour more.
func Template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name, Organization: []string{name + " Ltd"}},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30*24*time.Hour + time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

// NewAuthority makes a root.
func NewAuthority(t *testing.T, name string) Authority {
	t.Helper()
	return Authority{}.Authority(t, authority(name))
}

// authority is the template of one.
func authority(name string) *x509.Certificate {
	c := Template(name)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.IPAddresses, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil, nil
	return c
}

// Intermediate is an authority below this one, valid until then.
func (a Authority) Intermediate(t *testing.T, name string, until time.Time) Authority {
	t.Helper()
	c := authority(name)
	c.NotAfter = until
	return a.Authority(t, c)
}

// Authority signs one with the template.
func (a Authority) Authority(t *testing.T, template *x509.Certificate) Authority {
	t.Helper()
	signed := a.Sign(t, template)
	cert, err := x509.ParseCertificate(signed.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	below := Authority{cert: cert, key: signed.PrivateKey.(*ecdsa.PrivateKey)}
	if a.cert != nil {
		below.chain = append([][]byte{signed.Certificate[0]}, a.chain...)
	}
	return below
}

// Sign makes a certificate with the key to it, and the chain up to the root.
func (a Authority) Sign(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: append([][]byte{der}, a.chain...), PrivateKey: key}
}

// Pool trusts this authority alone.
func (a Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// PEM is the authority's certificate.
func (a Authority) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// Pair writes a certificate and its key to files.
func Pair(t *testing.T, c tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var chain []byte
	for _, one := range c.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one})...)
	}
	dir := t.TempDir()
	return write(t, dir, "cert.pem", chain), write(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
