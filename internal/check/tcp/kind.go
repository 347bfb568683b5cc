// Package tcpcheck is the tcp kind of check: a connection, and what is said on it in turns. What comes is read as lines,
// as the protocols that are spoken so have them, or held against bytes; bytes without an end of line are else looked at by
// regular expressions alone.
package tcpcheck

import (
	"context"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout: that of an http check.
const DefaultTimeout = 2 * time.Second

// MaxAnswer is how much is read on one connection, in bytes: 64 KiB, some hundred times what a greeting takes.
const MaxAnswer = 64 << 10

// Kind is the kind of check that this package holds.
func Kind(n network.Network) check.Kind {
	n = n.Whole()
	return check.Kind{Key: "tcp", Timeout: DefaultTimeout, New: func() check.Check { return &Check{network: n} }}
}

// Check is one connection and what is expected on it. Where nothing is expected, that it can be made is enough.
type Check struct {
	// Probe is where the connection is made to, and what is said on it.
	Probe Probe `yaml:"tcp,required"`
	// Expect is what must be true of what comes; without it the connection alone must succeed.
	Expect Expect `yaml:"expect"`

	network network.Network
}

// Probe is what a plan says of a connection: an address in one line, or all of it.
type Probe struct {
	// Address is host:port, or a port of green's host; without it green's own.
	Address network.Address `yaml:"address"`
	// Send is written once the banner has come, where one is expected, and else at once.
	Send network.Payload `yaml:"send"`
	// Exchange are the turns of a longer conversation, in place of Send.
	Exchange []Step `yaml:"exchange"`
	// TLS secures the connection: from the step on that says starttls, or from the start.
	TLS *network.TLS `yaml:"tls"`
}

// Step is one turn: what is sent, and then what must come.
type Step struct {
	// Send is written first. Lines end with what the protocol asks for, often \r\n.
	Send network.Payload `yaml:"send"`
	// Expect is compared with the next line; under ~ lines are read until one matches. {hex: …} or {base64: …} are the next bytes.
	Expect *Answer `yaml:"expect"`
	// StartTLS makes the connection one of TLS after this step.
	StartTLS bool `yaml:"starttls"`
}

// Expect is what must be true.
type Expect struct {
	// Banner is what the server says first, before anything is sent.
	Banner *Answer `yaml:"banner"`
	// Answer is what comes after send.
	Answer *Answer `yaml:"answer"`
	// Duration is the time from connecting to the last of what was expected.
	Duration *expect.Duration `yaml:"duration"`
	// Certificate is what the server shows where the connection is one of TLS.
	Certificate *expect.Certificate `yaml:"certificate"`
}

// DecodeNode reads an address, or a mapping.
func (p *Probe) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsMapping() {
		type fields Probe
		d.Fields(n, (*fields)(p))
		p.validate(d, n)
		return
	}
	d.Decode(n, &p.Address)
}

// JSONSchema describes an address, or a mapping.
func (*Probe) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Probe{})
	s.Property("exchange").MinItems = 1
	s.Not = strictyaml.Needs("send", "exchange")
	return strictyaml.AnyOf(strictyaml.Of[network.Address](d), s)
}

// JSONSchema describes a turn, in which something is done.
func (*Step) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Step{})
	s.MinProperties = 1
	return s
}

// validate refuses turns that no conversation can have.
func (p *Probe) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	exchange, has := n.Get("exchange")
	if send, both := n.Get("send"); both && has {
		d.Problem(send, "send: the check has an exchange: write what is sent into its steps")
	}
	if has && exchange.IsSequence() && len(p.Exchange) == 0 {
		d.Problem(exchange, "exchange: the list is empty")
	}
	started := 0
	for i, step := range p.Exchange {
		at := exchange.Items()[i]
		if step.StartTLS {
			started++
		}
		switch {
		case !at.IsMapping() || len(at.Pairs()) == 0:
			if at.IsMapping() {
				d.Problem(at, "the step says nothing: write send, expect or starttls")
			}
		case step.StartTLS && started > 1:
			d.Problem(at, "starttls: the connection is one of TLS already")
		}
	}
}

// Validate refuses expectations of what nobody asks for.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	e, _ := n.Get("expect")
	if at, ok := e.Get("answer"); ok && c.Probe.Send.IsZero() {
		d.Problem(at, "answer: nothing is sent that it could answer: write send; what a server says unasked is its banner")
	}
	if at, ok := e.Get("banner"); ok && len(c.Probe.Exchange) > 0 {
		d.Problem(at, "banner: the check has an exchange: write it as the expect of its first step")
	}
	if at, ok := e.Get("certificate"); ok && !c.secured() {
		d.Problem(at, "certificate: the connection isn't one of TLS: write tls: {}, or starttls in a step")
	}
}

// secured says that the connection becomes one of TLS at some time.
func (c *Check) secured() bool { return c.Probe.TLS != nil || c.startsLater() }

func (c *Check) startsLater() bool {
	for _, s := range c.Probe.Exchange {
		if s.StartTLS {
			return true
		}
	}
	return false
}

// turn is a step with the words that name it when it goes wrong.
type turn struct {
	Step
	subject string
}

// turns are those of the conversation, however the plan writes them.
func (c *Check) turns() []turn {
	if len(c.Probe.Exchange) > 0 {
		all := make([]turn, len(c.Probe.Exchange))
		for i, s := range c.Probe.Exchange {
			all[i] = turn{s, "the answer of step " + number(i+1)}
		}
		return all
	}
	var all []turn
	if c.Expect.Banner != nil {
		all = append(all, turn{Step{Expect: c.Expect.Banner}, "the banner"})
	}
	if !c.Probe.Send.IsZero() {
		all = append(all, turn{Step{Send: c.Probe.Send, Expect: c.Expect.Answer}, "the answer"})
	}
	return all
}

// Title is the kind and the address as the plan has it: "tcp :5432".
func (c *Check) Title() string { return "tcp " + c.Probe.Address.String() }

// Run connects once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	lookup := network.Lookup(scope)
	e, err := c.Probe.Address.Resolve(scope, lookup)
	if err != nil {
		p := network.Unasked(err)
		p.Reason = c.Title() + ": " + p.Reason
		return p.Result()
	}
	talk := &conversation{check: c, asking: network.NewAsking(ctx, scope, c.network), endpoint: e, lookup: lookup, left: MaxAnswer}
	result := talk.run(ctx)
	seen := check.Request{Method: "CONNECT", URL: "tcp://" + e.Address, Size: int64(MaxAnswer - talk.left)}
	return talk.asking.Finish(ctx, scope, "tcp "+e.Address, seen, result)
}
