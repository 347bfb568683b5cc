// Package websocketcheck is the websocket kind of check: a handshake, and messages that are sent and expected on the
// connection (RFC 6455). Extensions aren't offered, so that a frame is what it says.
package websocketcheck

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout, handshake and messages together.
const DefaultTimeout = 5 * time.Second

// Kind is the kind of check that this package holds.
func Kind(n network.Network) check.Kind {
	n = n.Whole()
	return check.Kind{Key: "websocket", Timeout: DefaultTimeout, New: func() check.Check { return &Check{network: n} }}
}

// Check is one connection and what is expected on it. Where nothing is expected, that the handshake succeeds is enough.
type Check struct {
	// Connection is where the connection is made to, and the messages that are exchanged on it.
	Connection Connection `yaml:"websocket,required"`
	// Expect is what must be true of the handshake and of the connection as a whole.
	Expect Expect `yaml:"expect"`

	network network.Network
}

// Connection is what a plan says of a connection: a path or URL in one line, or all of it.
type Connection struct {
	// Path is joined to green's base URL.
	Path strictyaml.Text `yaml:"path"`
	// URL is a whole one, in place of a path: wss://…, or of http and https, which mean the same.
	URL strictyaml.Text `yaml:"url"`
	// Headers are sent with the handshake; origin is one that servers often ask for.
	Headers strictyaml.Map[strictyaml.Text] `yaml:"headers"`
	// Subprotocols are offered, the preferred one first.
	Subprotocols strictyaml.OneOrMany[string] `yaml:"subprotocols"`
	// Exchange are the messages, in order.
	Exchange []Step `yaml:"exchange"`
	// TLS is how a connection of wss is secured.
	TLS network.TLS `yaml:"tls"`
}

// Expect is what must be true of the handshake, and of all of it.
type Expect struct {
	// Status is that of the handshake's answer: 101 by default, or that with which it must be refused.
	Status *expect.Status `yaml:"status"`
	// Subprotocol is the one that the server chose.
	Subprotocol *expect.Text `yaml:"subprotocol"`
	// Headers are those of the handshake's answer, names in any case.
	Headers strictyaml.Map[expect.Text] `yaml:"headers"`
	// Duration is the time from connecting to the last message that was expected.
	Duration *expect.Duration `yaml:"duration"`
	// Certificate is what the server shows where the connection is one of wss.
	Certificate *expect.Certificate `yaml:"certificate"`
}

// schemes are those of URLs; http and https are for {{ green.url }}.
var schemes = []string{"ws", "wss", "http", "https"}

// DecodeNode reads a path or URL, or a mapping.
func (c *Connection) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsMapping() {
		type fields Connection
		d.Fields(n, (*fields)(c))
		c.validate(d, n)
		return
	}
	if !n.IsScalar() {
		d.Mismatch(n, "a path as in /events, a URL, or a mapping with path, exchange, …")
		return
	}
	var target strictyaml.Text
	d.Decode(n, &target)
	if literal, known := target.Literal(); known && strings.HasPrefix(literal, "/") || !known && strings.HasPrefix(target.String(), "/") {
		c.Path = target
	} else {
		c.URL = target
	}
	c.validateTarget(d, n, n)
}

// JSONSchema describes a path or URL, or a mapping.
func (*Connection) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	const path, whole = `/[^\s#]*`, `([wW][sS]|[hH][tT][tT][pP])[sS]?://[^\s#]+`
	token := &strictyaml.Schema{Pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"}
	s := d.Fields(&Connection{})
	s.SetProperty("path", strictyaml.Matching(path))
	s.SetProperty("url", strictyaml.Matching(whole))
	s.Property("headers").PropertyNames = token
	protocol := strictyaml.AnyOf(strictyaml.Filled(), &strictyaml.Schema{Type: strictyaml.Types{"string"}, Pattern: token.Pattern}, &strictyaml.Schema{Type: strictyaml.Types{"number", "boolean"}})
	s.SetProperty("subprotocols", strictyaml.AnyOf(protocol, strictyaml.ListOf(protocol, 1)))
	s.Property("exchange").MinItems = 1
	s.OneOf = []*strictyaml.Schema{strictyaml.Needs("path"), strictyaml.Needs("url")}
	return strictyaml.AnyOf(strictyaml.Matching(path, whole), s)
}

func (c *Connection) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	path, hasPath := n.Get("path")
	target, hasURL := n.Get("url")
	switch {
	case hasPath && hasURL:
		d.Problem(target, "url: the connection has a path already: write one of path (joined to green's URL) and url (whole)")
	case !hasPath && !hasURL:
		d.Problem(n, "the connection has no target: write path (joined to green's URL) or url (whole)")
	}
	c.validateTarget(d, path, target)
	if at, ok := n.Get("subprotocols"); ok {
		for _, name := range c.Subprotocols {
			if !network.IsToken(name) {
				d.Problem(at, "subprotocols: %q is not the name of one: letters, digits and any of !#$%%&'*+-.^_`|~", name)
			}
		}
	}
	if at, ok := n.Get("exchange"); ok && at.IsSequence() && len(at.Items()) == 0 {
		d.Problem(at, "exchange: the list is empty")
	}
	headers, _ := n.Get("headers")
	c.validateHeaders(d, headers)
	c.validateOrder(d, n)
}

func (c *Connection) validateTarget(d *strictyaml.Decoder, path, target strictyaml.Node) {
	if !c.Path.IsZero() {
		if _, err := network.ParsePath(network.Supposed(c.Path, "/x")); err != nil {
			d.Problem(path, "%s", err)
		}
	}
	if !c.URL.IsZero() {
		if _, err := network.ParseURL(network.Supposed(c.URL, "ws://x"), schemes...); err != nil {
			d.Problem(target, "%s", err)
		}
	}
}

// owned are the headers of the handshake itself.
var owned = []string{
	"connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol", "content-length", "transfer-encoding",
}

func (c *Connection) validateHeaders(d *strictyaml.Decoder, n strictyaml.Node) {
	for _, pair := range n.Pairs() {
		name := pair.Key.Text()
		switch {
		case !network.IsToken(name):
			d.Problem(pair.Key, "headers: %q is not the name of a header: letters, digits and any of !#$%%&'*+-.^_`|~", name)
		case slices.Contains(owned, strings.ToLower(name)):
			d.Problem(pair.Key, "headers: %s is the handshake's own; subprotocols: […] offers protocols", name)
		}
		for _, h := range c.Headers {
			literal, known := h.Value.Literal()
			if h.At == pair.Key.Position() && known && !network.IsHeaderValue(literal) {
				d.Problem(pair.Value, "headers: the value of %s holds a line break or another control character", name)
			}
		}
	}
}

// validateOrder refuses to send after the connection is closed.
func (c *Connection) validateOrder(d *strictyaml.Decoder, n strictyaml.Node) {
	exchange, _ := n.Get("exchange")
	over := false
	for i, step := range c.Exchange {
		if over {
			d.Problem(exchange.Items()[i], "the connection is closed in the step before: nothing comes after it")
			return
		}
		over = step.Close != 0 || step.Expect != nil && step.Expect.Close != 0
	}
}

// Validate refuses what can't be true together.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	e, _ := n.Get("expect")
	at, has := e.Get("status")
	if has && c.Expect.Status != nil && c.Expect.Status.Judge(http.StatusSwitchingProtocols) != nil {
		if len(c.Connection.Exchange) > 0 {
			d.Problem(at, "status: the check has an exchange, for which the handshake must succeed (101)")
		}
		if c.Expect.Subprotocol != nil {
			d.Problem(at, "status: a subprotocol is expected, for which the handshake must succeed (101)")
		}
	}
	headers, _ := e.Get("headers")
	for _, pair := range headers.Pairs() {
		if name := pair.Key.Text(); !network.IsToken(name) {
			d.Problem(pair.Key, "headers: %q is not the name of a header", name)
		}
	}
	if at, ok := e.Get("subprotocol"); ok && len(c.Connection.Subprotocols) == 0 {
		d.Problem(at, "subprotocol: none is offered: write subprotocols: […]")
	}
}

func (c *Connection) target() strictyaml.Text {
	if c.URL.IsZero() {
		return c.Path
	}
	return c.URL
}

// Title is the kind and the target as the plan has it: "websocket /events".
func (c *Check) Title() string { return "websocket " + c.Connection.target().String() }

// Run connects once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	lookup := network.Lookup(scope)
	x := &connection{check: c, asking: network.NewAsking(ctx, scope, c.network), scope: scope, lookup: lookup}
	if err := x.prepare(); err != nil {
		p := network.Unasked(err)
		p.Reason = c.Title() + ": " + p.Reason
		return p.Result()
	}
	result := x.run(ctx)
	seen := check.Request{Method: http.MethodGet, URL: x.shown, Status: x.status, Size: x.size}
	return x.asking.Finish(ctx, scope, "websocket "+x.shown, seen, result, network.Carried(x.side, x.request.Host, x.request.Header)...)
}
