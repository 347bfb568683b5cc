// Package cloudwatchcheck is the cloudwatch kind of check: a metric of Amazon CloudWatch, a math expression over several, or a
// query of Metrics Insights, over the newest time for which there is data, held against a bound, against what blue had in the
// same minutes, or against the minutes before the checks began.
//
// Metrics come late: a minute's data is there a minute or more after it, and grows until then. So the newest period that is
// looked at ended at least Delay ago.
package cloudwatchcheck

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/series"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout: a query answers in a fraction of a second, and one that is
// throttled is asked again.
const DefaultTimeout = 10 * time.Second

// DefaultDelay is how old the newest data is that is looked at, where the plan doesn't say. Elastic Load Balancing measures by the
// minute and sends what it measured in the next.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
const DefaultDelay = time.Minute

// Kind is the kind of check that this package holds. Its checks call AWS with the configuration that is given when they first
// need it; now is the time that windows end at.
func Kind(config func() (aws.Config, error), now func() time.Time) check.Kind {
	return check.Kind{
		Key: "cloudwatch", Timeout: DefaultTimeout,
		New: func() check.Check {
			return &Check{
				Query: Query{Period: strictyaml.Duration(time.Minute)}, Options: series.Options{Delay: strictyaml.Duration(DefaultDelay)},
				config: config, now: now,
			}
		},
		Actions: []check.Action{{Name: actionGet, Resource: "*", Why: "the values of metrics"}},
	}
}

// Check is a query of metrics, and what is expected of its answer.
type Check struct {
	// Query is a metric, or an expression.
	Query Query `yaml:"cloudwatch,required"`

	series.Options `yaml:",inline"`

	config func() (aws.Config, error)
	now    func() time.Time
}

// Validate refuses what contradicts itself, and settles how the numbers of the window become one.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if _, hasOver := n.Get("over"); c.Agg == "" && hasOver {
		c.Agg = c.Query.aggregate()
	}
	c.Options.Validate(d, n, time.Duration(c.Query.Period))
	against, ok := n.Get("against")
	if ok && c.Against == series.Blue && !series.NamesGreen(c.Query.texts()...) {
		d.Problem(against, "against: the query names nothing of green's, so that blue's would be the same: write {{ green.… }} in it, as in {{ green.target_group_arn }}")
	}
}

// Title is the metric or the expression, as the plan has it.
func (c *Check) Title() string {
	if !c.Query.Expression.IsZero() {
		return "cloudwatch " + shorten(c.Query.Expression.String())
	}
	return strings.TrimSpace("cloudwatch " + c.Query.Name.String() + " " + c.Query.Stat.String())
}

// Run asks once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	own, before, early := c.Window(c.now(), time.Duration(c.Query.Period), scope)
	if early != nil {
		return *early
	}
	return c.Options.Run(ctx, c.ask, own, before, scope)
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
