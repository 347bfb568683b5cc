package cloudwatchcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/series"
	"github.com/greenlight-deploy/greenlight/internal/check/unread"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

const actionGet = "cloudwatch:GetMetricData"

// The call, as far as it is needed.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
type (
	request struct {
		Queries []dataQuery  `json:"MetricDataQueries"`
		Start   awscall.Time `json:"StartTime"`
		End     awscall.Time `json:"EndTime"`
		ScanBy  string       `json:"ScanBy"`
		Next    string       `json:"NextToken,omitempty"`
	}
	dataQuery struct {
		ID         string      `json:"Id"`
		Expression string      `json:"Expression,omitempty"`
		Stat       *metricStat `json:"MetricStat,omitempty"`
		Period     int64       `json:"Period,omitempty"`
		AccountID  string      `json:"AccountId,omitempty"`
		Return     bool        `json:"ReturnData"`
	}
	metricStat struct {
		Metric metric `json:"Metric"`
		Period int64  `json:"Period"`
		Stat   string `json:"Stat"`
		Unit   string `json:"Unit,omitempty"`
	}
	metric struct {
		Namespace  string      `json:"Namespace"`
		Name       string      `json:"MetricName"`
		Dimensions []dimension `json:"Dimensions,omitempty"`
	}
	dimension struct {
		Name  string `json:"Name"`
		Value string `json:"Value"`
	}

	response struct {
		Results  []result  `json:"MetricDataResults"`
		Messages []message `json:"Messages"`
		Next     string    `json:"NextToken"`
	}
	result struct {
		ID         string         `json:"Id"`
		Label      string         `json:"Label"`
		Timestamps []awscall.Time `json:"Timestamps"`
		Values     []number       `json:"Values"`
		Status     string         `json:"StatusCode"`
		Messages   []message      `json:"Messages"`
	}
	message struct{ Code, Value string }
)

// number is a value, or NaN: JSON has no number for NaN and the infinities, and they come as texts.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#shape-serialization
type number float64

// UnmarshalJSON reads a number, the text of one that JSON doesn't have, or null for none.
func (n *number) UnmarshalJSON(text []byte) error {
	switch string(bytes.TrimSpace(text)) {
	case "null", `"NaN"`:
		*n = number(math.NaN())
	case `"Infinity"`:
		*n = number(math.Inf(1))
	case `"-Infinity"`:
		*n = number(math.Inf(-1))
	default:
		return json.Unmarshal(text, (*float64)(n))
	}
	return nil
}

// maxPages bounds an answer. Each page has up to 100,800 numbers.
const maxPages = 50

func (c *Check) ask(ctx context.Context, w series.Window, lookup strictyaml.Lookup) (series.Answer, *check.Result) {
	cfg, err := c.config()
	if err != nil {
		return series.Answer{}, unread.Settings(err)
	}
	q, region, err := c.Query.filled(w, lookup)
	if err != nil {
		return series.Answer{}, unread.Name(err)
	}
	if region != "" {
		cfg.Region = region
	}
	client := awscall.New(cfg, awscall.CloudWatch)
	var all gathered
	for range maxPages {
		var page response
		if err := client.Call(ctx, "GetMetricData", q, &page); err != nil {
			return series.Answer{}, unread.Result("metrics", actionGet, err)
		}
		all.add(page)
		if q.Next = page.Next; q.Next == "" {
			return all.answer(c.Query.name)
		}
	}
	return series.Answer{}, &check.Result{Outcome: check.Inconclusive, Reason: fmt.Sprintf("the answer has more than %d pages: ask for fewer series", maxPages)}
}

// filled is the call for a window, and the region that is asked.
func (q *Query) filled(w series.Window, lookup strictyaml.Lookup) (r request, region string, err error) {
	r = request{Start: awscall.Time{Time: w.Start}, End: awscall.Time{Time: w.End()}, ScanBy: "TimestampAscending"}
	if region, err = q.Region.Expand(lookup); err != nil {
		return r, "", err
	}
	period := int64(time.Duration(q.Period) / time.Second)
	if q.Expression.IsZero() {
		one, err := q.Metric.filled(resultID, period, lookup)
		one.Return = true
		r.Queries = []dataQuery{one}
		return r, region, err
	}
	expression, err := q.Expression.ExpandFunc(lookup, series.Fill)
	if err != nil {
		return r, "", err
	}
	r.Queries = []dataQuery{{ID: resultID, Expression: expression, Period: period, Return: true}}
	for i := range q.Metrics {
		one, err := q.Metrics[i].Value.filled(q.Metrics[i].Key, period, lookup)
		if err != nil {
			return r, "", err
		}
		r.Queries = append(r.Queries, one)
	}
	return r, region, nil
}

func (m *Metric) filled(id string, period int64, lookup strictyaml.Lookup) (dataQuery, error) {
	q := dataQuery{ID: id, Stat: &metricStat{Period: period}}
	for _, part := range []struct {
		text strictyaml.Text
		into *string
	}{
		{m.Namespace, &q.Stat.Metric.Namespace}, {m.Name, &q.Stat.Metric.Name}, {m.Stat, &q.Stat.Stat}, {m.Unit, &q.Stat.Unit}, {m.Account, &q.AccountID},
	} {
		var err error
		if *part.into, err = part.text.Expand(lookup); err != nil {
			return q, err
		}
	}
	for _, d := range m.Dimensions {
		value, err := d.Value.Expand(lookup)
		if err != nil {
			return q, err
		}
		q.Stat.Metric.Dimensions = append(q.Stat.Metric.Dimensions, dimension{d.Key, dimensionValue(value)})
	}
	return q, nil
}

// name is how the series with this label is told.
func (q *Query) name(label string, alone bool) string {
	switch {
	case q.Expression.IsZero():
		return q.Name.String() + " " + q.Stat.String()
	case alone && (label == "" || label == resultID):
		return shorten(q.Expression.String())
	}
	return shorten(label)
}

// gathered are the pages of an answer, put together.
type gathered struct {
	series   []result
	messages []message
}

// add takes a page. A series that goes on has the same label, and is the same of those with that label.
func (g *gathered) add(page response) {
	g.messages = append(g.messages, page.Messages...)
	seen := map[string]int{}
	for _, r := range page.Results {
		if r.ID != resultID {
			continue
		}
		nth := seen[r.Label]
		seen[r.Label]++
		at := g.nth(r.Label, nth)
		if at == nil {
			g.series = append(g.series, r)
			continue
		}
		at.Timestamps, at.Values = append(at.Timestamps, r.Timestamps...), append(at.Values, r.Values...)
		at.Status, at.Messages = r.Status, append(at.Messages, r.Messages...)
	}
}

func (g *gathered) nth(label string, n int) *result {
	for i := range g.series {
		if g.series[i].Label != label {
			continue
		}
		if n == 0 {
			return &g.series[i]
		}
		n--
	}
	return nil
}

// answer is what the pages say, or why that isn't all.
func (g *gathered) answer(name func(label string, alone bool) string) (series.Answer, *check.Result) {
	var a series.Answer
	for _, r := range g.series {
		s := series.Series{Name: name(r.Label, len(g.series) == 1)}
		for _, m := range r.Messages {
			a.Notes = append(a.Notes, m.String())
		}
		switch {
		case r.Status == "Forbidden":
			return a, &check.Result{Outcome: check.Inconclusive, Reason: fmt.Sprintf(
				"CloudWatch doesn't give %s to this role: allow %s, and for another account's metrics cross-account observability", s.Name, actionGet)}
		case r.Status != "Complete":
			a.Partial = fmt.Sprintf("the data of %s isn't all there: its status is %q", s.Name, r.Status)
		case len(r.Timestamps) != len(r.Values):
			a.Partial = fmt.Sprintf("the data of %s can't be read: it has %d times and %d values", s.Name, len(r.Timestamps), len(r.Values))
		}
		for i := range min(len(r.Timestamps), len(r.Values)) {
			s.Points = append(s.Points, series.Point{At: r.Timestamps[i].Time, Value: float64(r.Values[i])})
		}
		a.Series = append(a.Series, s)
	}
	// What is said of the answer as a whole is that it doesn't hold all that was found.
	for _, m := range g.messages {
		a.Partial = "the answer isn't all that there is: " + m.String()
	}
	return a, nil
}

func (m message) String() string { return m.Code + ": " + m.Value }
