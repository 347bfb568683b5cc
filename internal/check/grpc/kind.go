// Package grpccheck is the grpc kind of check: it asks grpc.health.v1.Health/Check, the health checking protocol of gRPC
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md), over HTTP/2 with TLS or without. The messages have
// a field each, so that net/http and a few bytes are all that it takes.
package grpccheck

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout: that of an http check.
const DefaultTimeout = 2 * time.Second

// Kind is the kind of check that this package holds.
func Kind(n network.Network) check.Kind {
	n = n.Whole()
	return check.Kind{Key: "grpc", Timeout: DefaultTimeout, New: func() check.Check { return &Check{network: n} }}
}

// Check is one call of the health service and what is expected of its answer.
type Check struct {
	// Call is which server is asked for the health of what.
	Call Call `yaml:"grpc,required"`
	// Expect is what must be true of the answer.
	Expect Expect `yaml:"expect"`

	network network.Network
}

// Call is what a plan says of a call: an address in one line, or all of it.
type Call struct {
	// Address is host:port, or a port of green's host; without it green's own.
	Address network.Address `yaml:"address"`
	// Service is asked for by its full name, as in shop.v1.Cart; without one the server as a whole is.
	Service strictyaml.Text `yaml:"service"`
	// Metadata is sent with the call: name → value, of names that end in -bin the value as base64.
	Metadata strictyaml.Map[strictyaml.Text] `yaml:"metadata"`
	// Authority is the name of the server that is called, in place of the address's.
	Authority strictyaml.Text `yaml:"authority"`
	// TLS is how the connection is secured: true, false, or settings. By default it is secured at green's address where green's URL is one of https, and on port 443.
	TLS security `yaml:"tls"`
}

// Expect is what must be true of the answer.
type Expect struct {
	// Status is the health that the server tells: SERVING by default.
	Status status `yaml:"status"`
	// Duration is the time from connecting to the end of the answer.
	Duration *expect.Duration `yaml:"duration"`
	// Certificate is what the server shows.
	Certificate *expect.Certificate `yaml:"certificate"`
}

// DecodeNode reads an address, or a mapping.
func (c *Call) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsMapping() {
		type fields Call
		d.Fields(n, (*fields)(c))
		metadata, _ := n.Get("metadata")
		c.validateMetadata(d, metadata)
		return
	}
	d.Decode(n, &c.Address)
}

// JSONSchema describes an address, or a mapping.
func (*Call) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Call{})
	s.Property("metadata").PropertyNames = &strictyaml.Schema{Pattern: `^[A-Za-z0-9_.-]+$`}
	return strictyaml.AnyOf(strictyaml.Of[network.Address](d), s)
}

// reserved are headers that the protocol itself writes.
var reserved = []string{"content-type", "te", "user-agent", "host", "content-length", "transfer-encoding", "connection"}

// validateMetadata refuses names and values that the protocol has no place for
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
func (c *Call) validateMetadata(d *strictyaml.Decoder, n strictyaml.Node) {
	seen := map[string]bool{}
	for _, pair := range n.Pairs() {
		name := strings.ToLower(pair.Key.Text())
		switch {
		case name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "":
			d.Problem(pair.Key, "metadata: %q is not the name of metadata: letters, digits and any of -_.", pair.Key.Text())
		case strings.HasPrefix(name, "grpc-") || slices.Contains(reserved, name):
			d.Problem(pair.Key, "metadata: %s is the protocol's own", name)
		case seen[name]:
			d.Problem(pair.Key, "metadata: %s stands there in another case", name)
		}
		seen[name] = true
	}
	for _, entry := range c.Metadata {
		if literal, known := entry.Value.Literal(); known && !network.IsHeaderValue(literal) {
			for _, pair := range n.Pairs() {
				if pair.Key.Position() == entry.At {
					d.Problem(pair.Value, "metadata: the value of %s holds a line break or another control character", entry.Key)
				}
			}
		}
	}
}

// Validate refuses to expect a certificate where there is none.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	e, _ := n.Get("expect")
	if at, ok := e.Get("certificate"); ok && c.Call.TLS.off() {
		d.Problem(at, "certificate: the connection isn't one of TLS: drop tls: false")
	}
}

// Title is the kind, the address and the service as the plan has them: "grpc :50051 shop.v1.Cart".
func (c *Check) Title() string {
	title := "grpc " + c.Call.Address.String()
	if !c.Call.Service.IsZero() {
		title += " " + c.Call.Service.String()
	}
	return title
}

// Run calls once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	lookup := network.Lookup(scope)
	k := &call{check: c, scope: scope, asking: network.NewAsking(ctx, scope, c.network), lookup: lookup}
	if err := k.prepare(); err != nil {
		p := network.Unasked(err)
		p.Reason = c.Title() + ": " + p.Reason
		return p.Result()
	}
	result := k.run(ctx)
	title := "grpc " + k.endpoint.Address
	if k.service != "" {
		title += " " + k.service
	}
	seen := check.Request{Method: "POST", URL: k.request.URL.String(), Status: k.httpStatus, Size: k.size}
	return k.asking.Finish(ctx, scope, title, seen, result, network.Carried(k.endpoint.Side, k.request.Host, k.request.Header)...)
}

// security is whether, and how, the connection is one of TLS.
type security struct {
	options network.TLS
	set     bool // the plan says it
	on      bool
}

// DecodeNode reads true, false, or settings.
func (s *security) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	s.set, s.on = true, true
	if n.IsMapping() {
		d.Decode(n, &s.options)
		return
	}
	d.Decode(n, &s.on)
}

// JSONSchema describes true, false, or settings.
func (*security) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(&strictyaml.Schema{Type: strictyaml.Types{"boolean"}}, strictyaml.Filled(), strictyaml.Of[network.TLS](d))
}

func (s *security) off() bool { return s.set && !s.on }

// secure decides for an endpoint.
func (s *security) secure(e network.Endpoint) bool {
	if s.set {
		return s.on
	}
	return e.Secure || strings.HasSuffix(e.Address, ":443")
}
