// Package tlscheck is the tls kind of check: a handshake, and what is expected of the certificate, of its chain and of
// what the server offers. A chain that isn't trusted, or is for another name, is a wrong answer.
package tlscheck

import (
	"context"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout, all of its handshakes together.
const DefaultTimeout = 5 * time.Second

// Kind is the kind of check that this package holds.
func Kind(n network.Network) check.Kind {
	n = n.Whole()
	return check.Kind{Key: "tls", Timeout: DefaultTimeout, New: func() check.Check {
		return &Check{Probe: Probe{Address: network.Address{Port: "443"}}, network: n}
	}}
}

// Check is one handshake and what is expected of it, and one more for each version that must be refused.
type Check struct {
	// Probe is where the handshake is made, and how.
	Probe Probe `yaml:"tls,required"`
	// Expect is what must be true of the handshake and of the certificate, beside that it is trusted.
	Expect Expect `yaml:"expect"`

	network network.Network
}

// Probe is what a plan says of a handshake: an address in one line, or all of it.
type Probe struct {
	// Address is host:port, a host alone for its port 443, or a port of green's host; without it green's own.
	Address network.Address `yaml:"address"`
	// ALPN are the protocols that are offered; by default h2 and http/1.1 where one of them is expected, and else none.
	ALPN strictyaml.OneOrMany[string] `yaml:"alpn"`

	network.TLS `yaml:",inline"`
}

// DecodeNode reads an address, or a mapping.
func (p *Probe) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsMapping() {
		type fields Probe
		d.Fields(n, (*fields)(p))
		if at, ok := n.Get("alpn"); ok {
			for _, name := range p.ALPN {
				if name == "" || len(name) > 255 {
					d.Problem(at, "alpn: a protocol's name has 1 to 255 bytes, as in h2")
				}
			}
		}
		return
	}
	d.Decode(n, &p.Address)
}

// JSONSchema describes an address, or a mapping.
func (*Probe) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Probe{})
	s.SetProperty("address", network.WithDefaultPort())
	return strictyaml.AnyOf(network.WithDefaultPort(), s)
}

// Expect is what must be true, beside that the chain is trusted and for the name that was asked for. Its keys are those
// of expect.Certificate as well: expires, which holds for the authorities between the server and the root too, names and
// issuer.
type Expect struct {
	// Version is that which server and client agree on, of 1.0 to 1.3, the best that both have: ">= 1.2" by default.
	Version *version `yaml:"version"`
	// Refuses are versions with which no handshake may succeed.
	Refuses strictyaml.OneOrMany[refused] `yaml:"refuses"`
	// ALPN is the protocol that the server chose.
	ALPN *expect.Text `yaml:"alpn"`
	// Duration is the time from connecting to the end of the first handshake.
	Duration *expect.Duration `yaml:"duration"`

	certificate expect.Certificate
}

// DecodeNode reads the mapping.
func (e *Expect) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	type fields Expect
	d.Fields(n, (*fields)(e), &e.certificate)
}

// JSONSchema describes the mapping.
func (*Expect) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return d.Fields(&Expect{}, &expect.Certificate{})
}

// Validate refuses settings that leave nothing to prove.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	e, _ := n.Get("expect")
	if at, ok := e.Get("refuses"); ok {
		seen := map[refused]bool{}
		for _, v := range c.Expect.Refuses {
			if seen[v] && v != 0 {
				d.Problem(at, "refuses: %s stands there twice", v)
			}
			seen[v] = true
		}
	}
}

// Title is the kind and the address as the plan has it: "tls shop.example:443".
func (c *Check) Title() string { return "tls " + c.Probe.Address.String() }

// Run makes the handshakes.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	lookup := network.Lookup(scope)
	e, err := c.Probe.Address.Resolve(scope, lookup)
	if err != nil {
		p := network.Unasked(err)
		p.Reason = c.Title() + ": " + p.Reason
		return p.Result()
	}
	h := &handshake{check: c, asking: network.NewAsking(ctx, scope, c.network), endpoint: e, lookup: lookup}
	result := h.run(ctx)
	return h.asking.Finish(ctx, scope, "tls "+e.Address, check.Request{Method: "CONNECT", URL: "tls://" + e.Address}, result)
}
