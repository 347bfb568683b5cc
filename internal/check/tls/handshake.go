package tlscheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// handshake is one asking.
type handshake struct {
	check    *Check
	asking   *network.Asking
	endpoint network.Endpoint
	lookup   strictyaml.Lookup
	began    time.Time
	found    expect.Mismatches
}

func (h *handshake) run(ctx context.Context) check.Result {
	h.began = time.Now()
	if p := h.first(ctx); p != nil {
		return p.Result()
	}
	for _, version := range h.check.Expect.Refuses {
		offered, p := h.offers(ctx, uint16(version))
		if p != nil {
			// What is false already stays false.
			if len(h.found.All()) > 0 {
				break
			}
			p.Reason = "whether " + version.String() + " is refused: " + p.Reason
			return p.Result()
		}
		if offered {
			h.found.Add(nil, &expect.Mismatch{Subject: "version " + version.String(), Got: "offered", Expected: "refused"})
		}
	}
	return network.Judged(&h.found)
}

// first makes the handshake that is judged.
func (h *handshake) first(ctx context.Context) *network.Problem {
	conn, err := h.asking.Connect(ctx, h.endpoint.Address)
	if err != nil {
		return h.problem(ctx, err, "")
	}
	defer func() { _ = conn.Close() }()
	secured, err := h.asking.Secure(ctx, conn, &h.check.Probe.TLS, h.endpoint, h.lookup, func(c *tls.Config) {
		c.MinVersion = tls.VersionTLS10 // to tell which version it is, in place of that there is none
		c.NextProtos = h.protocols()
	})
	if err != nil {
		return h.problem(ctx, err, "")
	}
	h.asking.Trace.Finish()
	h.judge(secured.ConnectionState())
	if h.asking.Client.Asked() {
		if err := taken(secured); err != nil {
			return h.problem(ctx, err, "handshake made, waiting whether the server takes the client's certificate")
		}
	}
	return nil
}

func (h *handshake) problem(ctx context.Context, err error, stage string) *network.Problem {
	if network.ThisSide(err) {
		p := network.Unasked(err)
		return &p
	}
	p := h.asking.Problem(ctx, err, stage)
	return &p
}

// protocols are what is offered by ALPN.
func (h *handshake) protocols() []string {
	switch {
	case len(h.check.Probe.ALPN) > 0:
		return h.check.Probe.ALPN
	case h.check.Expect.ALPN != nil:
		return []string{"h2", "http/1.1"}
	}
	return nil
}

// taken waits for what the server makes of the client's certificate: in TLS 1.3 it says so after the client's handshake
// is over. A server that has nothing against it ends the connection when the client does.
func taken(conn *tls.Conn) error {
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (h *handshake) judge(state tls.ConnectionState) {
	e, now := &h.check.Expect, h.asking.Network.Now()
	h.version(name(state.Version))
	all, err := e.certificate.Judge(state.PeerCertificates[0], now, h.lookup)
	h.found.Add(err, all...)
	for _, authority := range issuing(state.VerifiedChains) {
		m, err := e.certificate.JudgeIssuer(authority, now, h.lookup)
		h.found.Add(err, m)
	}
	if e.ALPN != nil {
		m, err := e.ALPN.Judge("the protocol of ALPN", state.NegotiatedProtocol, h.lookup)
		if state.NegotiatedProtocol == "" {
			m, err = e.ALPN.Missing("the protocol of ALPN", h.lookup)
		}
		h.found.Add(err, m)
	}
	if e.Duration != nil {
		m, err := e.Duration.Judge(h.asking.Trace.Took(h.began), h.lookup)
		h.found.Add(err, m)
	}
}

func (h *handshake) version(agreed string) {
	if h.check.Expect.Version == nil {
		if agreed < "1.2" {
			h.found.Add(nil, &expect.Mismatch{Subject: "version", Got: agreed, Expected: ">= 1.2"})
		}
		return
	}
	m, err := h.check.Expect.Version.Judge("version", agreed, h.lookup)
	if m != nil {
		m.Got = agreed
	}
	h.found.Add(err, m)
}

// issuing gives the authorities between the server and a root, of the chain that is valid for longest: a server may send
// old certificates beside those that count.
func issuing(chains [][]*x509.Certificate) []*x509.Certificate {
	var best []*x509.Certificate
	var until time.Time
	for _, chain := range chains {
		ends := chain[0].NotAfter
		for _, c := range chain[:len(chain)-1] {
			if c.NotAfter.Before(ends) {
				ends = c.NotAfter
			}
		}
		if best == nil || ends.After(until) {
			best, until = chain, ends
		}
	}
	if len(best) < 3 {
		return nil
	}
	return best[1 : len(best)-1]
}

// offers tries a handshake with one version alone. An alert is a refusal; so is a connection that is closed in the
// handshake, as several load balancers do, if it happens twice: the handshake before has shown that the server is there.
func (h *handshake) offers(ctx context.Context, version uint16) (bool, *network.Problem) {
	for tries := 1; ; tries++ {
		asking := network.NewAsking(ctx, check.Scope{}, h.check.network)
		conn, err := asking.Network.Connect(ctx, h.endpoint.Address)
		if err != nil {
			return false, h.problem(ctx, err, "connecting")
		}
		_, err = asking.Secure(ctx, conn, &h.check.Probe.TLS, h.endpoint, h.lookup, func(c *tls.Config) {
			c.MinVersion, c.MaxVersion, c.CipherSuites = version, version, ciphers()
			c.InsecureSkipVerify = true //nolint:gosec // nothing is sent, and the certificate was judged before
			c.NextProtos = h.protocols()
		})
		_ = conn.Close()
		switch {
		case err == nil:
			return true, nil
		case says(err) || closed(err) && tries > 1:
			return false, nil
		case !closed(err):
			return false, h.problem(ctx, err, "in the TLS handshake")
		}
	}
}

// says that the server refused in words, or answered with another version.
func says(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" || strings.Contains(err.Error(), "unsupported protocol version")
}

func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// ciphers are all that Go has: a server that offers an old version may offer it with old ciphers alone.
func ciphers() []uint16 {
	var all []uint16
	for _, c := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		all = append(all, c.ID)
	}
	return all
}
