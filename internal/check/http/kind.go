// Package httpcheck is the http kind of check: one request to green, and what is expected of its answer. It makes a
// connection of its own for each run, follows redirects only where the plan says so, reads so much of a body and no
// more, and then tells three cases apart: an answer that is what was expected, an answer that isn't, and no answer to
// judge. What has arrived and contradicts the plan is a wrong answer, also if the rest of it never came.
package httpcheck

import (
	"context"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout, retries included. It is that of the recipe which
// AWS publishes for these hooks: long for an answer that users would accept, short beside the hour that CodeDeploy waits.
const DefaultTimeout = 2 * time.Second

// MaxBody is how much of a body is read, after decompression, in bytes: 1 MiB. 100 checks that run side by side then
// hold 100 MiB of bodies, which leaves room to parse some of them in a function of 512 MB.
const MaxBody = 1 << 20

// Network is how requests leave, and what certificates are judged with.
type Network = network.Network

// System is the network with the proxies of the environment.
func System() Network { return network.System() }

// Kind is the kind of check that this package holds.
func Kind(n Network) check.Kind {
	n = n.Whole()
	tokens := newTokens(n)
	return check.Kind{
		Key:     "http",
		Timeout: DefaultTimeout,
		New:     func() check.Check { return &Check{network: n, tokens: tokens} },
	}
}

// Check is one request and what is expected of its answer.
type Check struct {
	// Request is one request to green: METHOD and a path, as in GET /health, a whole URL, or a mapping.
	Request Request `yaml:"http,required"`
	// Expect is what must be true of its answer. All of it must be; without a status, that is 2xx.
	Expect Expect `yaml:"expect"`

	network Network
	tokens  *tokens
}

// Validate refuses what no answer to the request could fulfil.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	expected, _ := n.Get("expect")
	c.Expect.ValidateFor(d, expected, &c.Request)
}

// Title is the request's method and target, as the plan has them: "GET /health".
func (c *Check) Title() string { return c.Request.method() + " " + c.Request.target().String() }

// Run asks once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	r := newRun(c, scope)
	return r.do(ctx)
}
