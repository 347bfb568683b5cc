// Package scenariocheck is the scenario kind of check: several requests to green, one after the other, as a customer makes
// them. What one answer holds, the next requests may carry; cookies are kept. Whatever the requests made, the cleanup takes away
// again: also after a failure, and when the run was cancelled or its time is up.
package scenariocheck

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a scenario has where its plan sets no timeout, its cleanup included: ten steps that use all of
// theirs, and a cleanup of five.
const DefaultTimeout = 30 * time.Second

// Kind is the kind of check that this package holds.
func Kind(n httpcheck.Network) check.Kind {
	asks := httpcheck.Kind(n)
	return check.Kind{
		Key:     "scenario",
		Timeout: DefaultTimeout,
		New: func() check.Check {
			return &Check{request: func() *httpcheck.Check { return asks.New().(*httpcheck.Check) }}
		},
	}
}

// Check is a list of requests, with what is expected of each answer and what is captured from it.
type Check struct {
	// Steps are the requests, in their order. The first that doesn't pass ends the scenario.
	Steps steps `yaml:"scenario,required"`
	// Cleanup are the requests that take away what the scenario made. They are made whatever came of it.
	Cleanup steps `yaml:"cleanup"`

	request func() *httpcheck.Check
	files   check.Files
}

// IncludeFrom says where the files are read whose steps stand among the check's own.
func (c *Check) IncludeFrom(files check.Files) { c.files = files }

// Validate decodes the steps: which names one may use depends on those before it.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if retry, ok := n.Get("retry"); ok {
		d.Problem(retry, "retry: a scenario isn't asked again as a whole when nothing answered: write retry in a step; eventually repeats the whole scenario")
	}
	r := reader{request: c.request, from: c.files, names: newNames(d.Names(), c.Steps.node, c.Cleanup.node)}
	r.list(d, keySteps, c.Steps.node)
	r.list(d, keyCleanup, c.Cleanup.node)
	c.Steps.list, c.Cleanup.list = r.steps, append(r.cleanup, r.later...)
	entitle(keySteps, c.Steps.list, n.Position().File)
	entitle(keyCleanup, c.Cleanup.list, n.Position().File)
}

// Title names the first request, and how many follow.
func (c *Check) Title() string {
	if len(c.Steps.list) == 0 {
		return "scenario"
	}
	title := c.Steps.list[0].asks.Title()
	switch more := len(c.Steps.list) - 1; more {
	case 0:
		return title
	case 1:
		return title + " and 1 more step"
	default:
		return fmt.Sprintf("%s and %d more steps", title, more)
	}
}

// CleanupTime is the sum of the cleanup steps' timeouts.
func (c *Check) CleanupTime() time.Duration {
	var sum time.Duration
	for _, s := range c.Cleanup.list {
		sum += time.Duration(s.Timeout)
	}
	return sum
}

// Run makes the requests, and then those of the cleanup.
func (c *Check) Run(ctx context.Context, scope check.Scope) (result check.Result) {
	r := newRun(c, scope)
	// A panic doesn't keep the cleanup from being made.
	defer func() { r.finish(ctx, &result) }()
	return r.steps(ctx)
}
