package cloudwatchcheck

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check/series"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Query is a metric; or an expression, over metrics of its own or without any.
type Query struct {
	Metric `yaml:",inline"`

	// Expression is a math expression over the metrics below, a SEARCH, or a query of Metrics Insights: SELECT ….
	Expression strictyaml.Text `yaml:"expression"`
	// Metrics are those that the expression names.
	Metrics strictyaml.Map[Metric] `yaml:"metrics"`
	// Period is the time that each number is of. It is 1, 5, 10, 20 or 30 seconds, or whole minutes.
	Period strictyaml.Duration `yaml:"period"`
	// Region is where the metric is kept; default: the configuration's.
	Region strictyaml.Text `yaml:"region"`
}

// Metric is a metric, and which of its statistics is meant.
type Metric struct {
	// Namespace is the metric's, such as AWS/ApplicationELB.
	Namespace strictyaml.Text `yaml:"namespace"`
	// Name is the metric's.
	Name strictyaml.Text `yaml:"metric"`
	// Stat is Sum, Average, Minimum, Maximum, SampleCount, a percentile such as p99, or another of CloudWatch's statistics.
	Stat strictyaml.Text `yaml:"stat"`
	// Dimensions are all that the metric has. The ARN of a target group or of a load balancer is cut to what CloudWatch knows
	// it by.
	Dimensions strictyaml.Map[strictyaml.Text] `yaml:"dimensions"`
	// Unit selects the data with this unit alone.
	Unit strictyaml.Text `yaml:"unit"`
	// Account is that whose metric it is, for an account that monitors others.
	Account strictyaml.Text `yaml:"account"`
}

// resultID is the id of the query whose answer is judged.
const resultID = "result"

// metricKeys are what names a metric and its statistic.
var metricKeys = []string{"namespace", "metric", "stat"}

const metricIDPattern = `^[a-z][a-zA-Z0-9_]*$`

var metricID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(metricIDPattern) })

// JSONSchema describes a metric, or an expression.
func (*Query) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(new(Query))
	s.Property("metrics").PropertyNames = &strictyaml.Schema{Pattern: metricIDPattern, Not: &strictyaml.Schema{Enum: []any{resultID}}}
	metric := strictyaml.Needs(metricKeys...)
	metric.Not = strictyaml.Needs("metrics")
	var parts []*strictyaml.Schema
	for _, p := range d.Fields(new(Metric)).Properties {
		parts = append(parts, strictyaml.Needs(p.Name))
	}
	expression := strictyaml.Needs("expression")
	expression.Not = strictyaml.AnyOf(parts...)
	s.OneOf = []*strictyaml.Schema{metric, expression}
	return s
}

// JSONSchema describes a metric of an expression, which is named in full.
func (*Metric) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(new(Metric))
	s.Required = metricKeys
	return s
}

// Validate refuses a query that is neither a metric nor an expression, or both.
func (q *Query) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	metrics, hasMetrics := n.Get("metrics")
	_, hasExpression := n.Get("expression")
	switch {
	case hasExpression:
		for _, key := range []string{"namespace", "metric", "stat", "dimensions", "unit", "account"} {
			if at, ok := n.Get(key); ok {
				d.Problem(at, "%s: an expression has its metrics in metrics: {m1: {namespace: …, metric: …, stat: …}}", key)
			}
		}
	case hasMetrics:
		d.Problem(metrics, "metrics: write the expression over them: expression: …")
	default:
		q.Metric.complete(d, n)
	}
	for _, pair := range metrics.Pairs() {
		i := slices.IndexFunc(q.Metrics, func(e strictyaml.Entry[Metric]) bool { return e.At == pair.Key.Position() })
		if i < 0 {
			continue // what is wrong with the key is already noted
		}
		if id := pair.Key.Text(); !metricID().MatchString(id) || id == resultID {
			d.Problem(pair.Key, "metrics: %q can't stand in an expression: write a small letter, then letters, digits and _; and not %s", id, resultID)
		}
		q.Metrics[i].Value.complete(d, pair.Value)
	}
	if at, ok := n.Get("period"); ok {
		p := time.Duration(q.Period)
		if !slices.Contains([]time.Duration{1, 5, 10, 20, 30}, p/time.Second) && (p < time.Minute || p%time.Minute != 0) || p%time.Second != 0 {
			d.Problem(at, "period: %s is none of CloudWatch's: write 1s, 5s, 10s, 20s, 30s, or whole minutes", q.Period)
		}
	}
}

func (m *Metric) complete(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsMapping() {
		return // already noted
	}
	for _, part := range []struct{ key, remedy string }{
		{"namespace", "as in AWS/ApplicationELB"}, {"metric", "its name"}, {"stat", "Sum, Average, Minimum, Maximum, SampleCount, or a percentile such as p99"},
	} {
		if _, ok := n.Get(part.key); !ok {
			d.Problem(n, "%q is missing: %s", part.key, part.remedy)
		}
	}
}

// aggregate is how the numbers of a window become one where the plan doesn't say: as the statistic makes a number of a period's
// data. Of a percentile or an expression there is no such way, and each number is judged.
func (q *Query) aggregate() series.Aggregate {
	stat, _ := q.Stat.Literal()
	switch strings.ToLower(stat) {
	case "sum", "samplecount":
		return series.Sum
	case "average":
		return series.Avg
	case "minimum":
		return series.Min
	case "maximum":
		return series.Max
	}
	return series.Each
}

// texts are all that may hold names.
func (q *Query) texts() []strictyaml.Text {
	texts := append([]strictyaml.Text{q.Expression, q.Region}, q.Metric.texts()...)
	for i := range q.Metrics {
		texts = append(texts, q.Metrics[i].Value.texts()...)
	}
	return texts
}

func (m *Metric) texts() []strictyaml.Text {
	texts := []strictyaml.Text{m.Namespace, m.Name, m.Stat, m.Unit, m.Account}
	for _, dimension := range m.Dimensions {
		texts = append(texts, dimension.Value)
	}
	return texts
}

// dimensionValue is what CloudWatch knows a target group or a load balancer by: the end of its ARN.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html#load-balancer-metric-dimensions-alb
func dimensionValue(value string) string {
	if !strings.HasPrefix(value, "arn:") || !strings.Contains(value, ":elasticloadbalancing:") {
		return value
	}
	if at := strings.Index(value, ":targetgroup/"); at >= 0 {
		return value[at+1:]
	}
	if _, rest, ok := strings.Cut(value, ":loadbalancer/"); ok {
		return rest
	}
	return value
}
