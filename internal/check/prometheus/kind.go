// Package prometheuscheck is the prometheus kind of check: a query of PromQL, at one moment or over a window, to a server that
// speaks Prometheus's HTTP API: Prometheus itself, Amazon Managed Service for Prometheus, Thanos, Mimir, VictoriaMetrics.
package prometheuscheck

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/check/series"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout.
const DefaultTimeout = 10 * time.Second

// DefaultStep is the time from one number of a window to the next, where the plan doesn't say: what most servers scrape within.
const DefaultStep = 30 * time.Second

// Kind is the kind of check that this package holds. Its checks sign with the AWS configuration that is given when they first
// need it; now is the time that windows end at.
func Kind(network httpcheck.Network, config func() (aws.Config, error), now func() time.Time) check.Kind {
	return check.Kind{
		Key: "prometheus", Timeout: DefaultTimeout,
		New: func() check.Check {
			return &Check{Query: Query{Step: strictyaml.Duration(DefaultStep)}, network: network, config: config, now: now}
		},
		Actions: []check.Action{{
			Name: actionQuery, Resource: "arn:PARTITION:aps:REGION:ACCOUNT:workspace/*",
			Why: "query Amazon Managed Service for Prometheus", Optional: true,
		}},
	}
}

// Check is a query, and what is expected of its answer.
type Check struct {
	// Query says what is asked, and whom.
	Query Query `yaml:"prometheus,required"`

	series.Options `yaml:",inline"`

	network httpcheck.Network
	config  func() (aws.Config, error)
	now     func() time.Time
}

// Validate refuses what contradicts itself.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	over, hasOver := n.Get("over")
	if c.Agg == "" && hasOver {
		c.Agg = series.Each
	}
	c.Options.Validate(d, n, time.Duration(c.Query.Step))
	query, _ := n.Get("prometheus")
	if step, hasStep := query.Get("step"); hasStep && !hasOver {
		d.Problem(step, "step: it is a window's: write over as well")
	}
	if hasOver && c.Over == 0 && over.IsScalar() {
		return // already noted
	}
	against, ok := n.Get("against")
	if ok && c.Against == series.Blue && !series.NamesGreen(c.Query.URL, c.Query.Query) {
		d.Problem(against, "against: the query names nothing of green's, so that blue's would be the same: write {{ green.… }} in it, as in {{ green.version }}")
	}
}

// Title is the query, as the plan has it.
func (c *Check) Title() string {
	return "prometheus " + shorten(c.Query.Query.String())
}

// Run asks once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	windows := c.Instant
	if c.Over > 0 {
		windows = func(now time.Time, scope check.Scope) (own, other series.Window, early *check.Result) {
			return c.Window(now, time.Duration(c.Query.Step), scope)
		}
	}
	own, before, early := windows(c.now(), scope)
	if early != nil {
		return *early
	}
	asking := &asking{Check: c, userAgent: scope.UserAgent, masked: scope.Masked, sender: c.transport()}
	defer asking.sender.CloseIdleConnections()
	return c.Options.Run(ctx, asking.ask, own, before, scope)
}

// shorten cuts a query to what a line has room for.
func shorten(s string) string {
	const most = 80
	text := []rune(strings.Join(strings.Fields(s), " "))
	if len(text) > most {
		return string(text[:most-1]) + "…"
	}
	return string(text)
}
