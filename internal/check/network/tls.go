package network

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// TLS is what a plan says of how a connection is secured. Certificates and keys are PEM texts, or files with them; a relative
// path is one from the working directory, which in a Lambda function is the folder of its package.
type TLS struct {
	// CA are the authorities that are trusted, in place of the system's.
	CA strictyaml.Text `yaml:"ca"`
	// Insecure trusts any certificate. What is expected of it is still judged.
	Insecure bool `yaml:"insecure"`
	// ServerName is the name that is asked for, and that the certificate must have, in place of the host's.
	ServerName strictyaml.Text `yaml:"server_name"`
	// Cert is the client's own certificate, for servers that ask who calls.
	Cert strictyaml.Text `yaml:"cert"`
	// Key is the key of the client's certificate.
	Key strictyaml.Text `yaml:"key"`
}

// Validate refuses settings that contradict each other, and PEM texts in the plan that hold nothing of use.
func (t *TLS) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	ca, hasCA := n.Get("ca")
	cert, hasCert := n.Get("cert")
	key, hasKey := n.Get("key")
	if t.Insecure && hasCA {
		d.Problem(ca, "ca: insecure trusts any certificate, so that ca says nothing: drop one of them")
	}
	if hasCert && !hasKey {
		d.Problem(cert, "cert: the certificate needs its key: add key")
	}
	if hasKey && !hasCert {
		d.Problem(key, "key: the key needs its certificate: add cert")
	}
	if text, known := t.CA.Literal(); known && isPEM(text) {
		if _, err := pool([]byte(text)); err != nil {
			d.Problem(ca, "ca: %s", err)
		}
	}
	certText, certKnown := t.Cert.Literal()
	keyText, keyKnown := t.Key.Literal()
	if certKnown && keyKnown && isPEM(certText) && isPEM(keyText) {
		if _, err := tls.X509KeyPair([]byte(certText), []byte(keyText)); err != nil {
			d.Problem(cert, "cert: %s", keyPairProblem(err))
		}
	}
}

// JSONSchema describes the settings of an https request. What a PEM text may be is the Decoder's to say.
func (*TLS) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&TLS{})
	s.DependentRequired = map[string][]string{"cert": {"key"}, "key": {"cert"}}
	s.Not = &strictyaml.Schema{
		Required: []string{"ca", "insecure"}, Properties: strictyaml.Properties{{Name: "insecure", Schema: &strictyaml.Schema{Enum: []any{true}}}},
	}
	return s
}

func isPEM(s string) bool { return strings.Contains(s, "-----BEGIN") }

// Config makes what connections are secured with, and the memory whether the server asked for a certificate. It has no
// ServerName where the plan sets none. TLS 1.2 is the least that it speaks.
func (t *TLS) Config(n Network, lookup strictyaml.Lookup) (*tls.Config, *ClientCertificate, error) {
	config := &tls.Config{
		RootCAs: n.Roots, Time: n.Now, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: t.Insecure, //nolint:gosec // the plan's author asked for it by that name
	}
	name, err := t.ServerName.Expand(lookup)
	if err != nil {
		return nil, nil, err
	}
	config.ServerName = name
	if !t.CA.IsZero() {
		pem, err := read("tls.ca", t.CA, lookup)
		if err != nil {
			return nil, nil, err
		}
		if config.RootCAs, err = pool(pem); err != nil {
			return nil, nil, fmt.Errorf("tls.ca: %w", err)
		}
	}
	client := &ClientCertificate{}
	if !t.Cert.IsZero() {
		if client.pair, err = t.pair(lookup); err != nil {
			return nil, nil, err
		}
	}
	config.GetClientCertificate = client.get
	return config, client, nil
}

func (t *TLS) pair(lookup strictyaml.Lookup) (*tls.Certificate, error) {
	cert, err := read("tls.cert", t.Cert, lookup)
	if err != nil {
		return nil, err
	}
	key, err := read("tls.key", t.Key, lookup)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("tls.cert: %s", keyPairProblem(err))
	}
	return &pair, nil
}

// ClientCertificate is what a server gets that asks who its client is, and the memory that it has asked. In TLS 1.3 it
// refuses a client when the client has sent its request already: as an alert, which HTTP/2 doesn't pass on, or, where
// the request is lost on the way, as a reset. What they have in common is that the server had asked.
type ClientCertificate struct {
	pair  *tls.Certificate // nil: none
	asked atomic.Bool
}

func (c *ClientCertificate) get(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	c.asked.Store(true)
	if c.pair == nil {
		return &tls.Certificate{}, nil
	}
	return c.pair, nil
}

// Asked says that the server asked for a certificate.
func (c *ClientCertificate) Asked() bool { return c.asked.Load() }

// Broke says what a connection most likely broke by that gave no answer; nothing where the server hadn't asked.
func (c *ClientCertificate) Broke() string {
	switch {
	case !c.asked.Load():
		return ""
	case c.pair == nil:
		return "the server asked for a client's certificate, and closed the connection without one; tls: {cert: …, key: …} sends one"
	}
	return "the server asked for a client's certificate, and closed the connection after that of tls.cert"
}

// read gives a PEM text, or what the file of that name holds.
func read(key string, t strictyaml.Text, lookup strictyaml.Lookup) ([]byte, error) {
	text, err := t.Expand(lookup)
	if err != nil {
		return nil, err
	}
	if isPEM(text) {
		return []byte(text), nil
	}
	pem, err := os.ReadFile(text)
	var path *os.PathError
	if errors.As(err, &path) {
		return nil, fmt.Errorf("%s: reading the file %q: %w", key, text, path.Err)
	}
	return pem, err
}

func pool(pem []byte) (*x509.CertPool, error) {
	certs := x509.NewCertPool()
	if !certs.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate is in it; a PEM text has one between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----")
	}
	return certs, nil
}

func keyPairProblem(err error) string {
	return "certificate and key don't go together: " + strings.TrimPrefix(err.Error(), "tls: ")
}
