package prometheuscheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check/series"
	"github.com/greenlight-deploy/greenlight/internal/expect"
)

// response is what the HTTP API answers.
//
// https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
type response struct {
	Status    string   `json:"status"`
	ErrorType string   `json:"errorType"`
	Error     string   `json:"error"`
	Warnings  []string `json:"warnings"`
	Infos     []string `json:"infos"`
	Data      struct {
		Type   string          `json:"resultType"`
		Result json.RawMessage `json:"result"`
	} `json:"data"`
}

func readResponse(body []byte) (response, error) {
	var r response
	if err := json.Unmarshal(body, &r); err != nil {
		return response{}, fmt.Errorf("its answer can't be read: %w", err)
	}
	if r.Status != "success" && r.Status != "error" {
		return r, fmt.Errorf("its answer has the status %s", expect.Quote(r.Status))
	}
	return r, nil
}

// sample is a time and a number: [1435781430.781, "1"].
type sample struct {
	at    time.Time
	value float64
}

// UnmarshalJSON reads the two.
func (s *sample) UnmarshalJSON(text []byte) error {
	var parts []json.RawMessage
	var seconds float64
	var value string
	if err := json.Unmarshal(text, &parts); err != nil || len(parts) != 2 {
		return fmt.Errorf("%s is not a time and a number", expect.Quote(string(text)))
	}
	for _, part := range parts {
		if string(part) == "null" {
			return fmt.Errorf("%s is not a time and a number", expect.Quote(string(text)))
		}
	}
	if err := json.Unmarshal(parts[0], &seconds); err != nil || math.Abs(seconds) > 1e11 {
		return fmt.Errorf("%s is no time", parts[0])
	}
	if err := json.Unmarshal(parts[1], &value); err != nil {
		return fmt.Errorf("%s is no number in a text", parts[1])
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s is no number", expect.Quote(value))
	}
	s.at, s.value = time.UnixMilli(int64(math.Round(seconds*1000))).UTC(), number
	return nil
}

// line is one series of a vector or a matrix. A native histogram has neither value nor values.
type line struct {
	Metric     map[string]string `json:"metric"`
	Value      *sample           `json:"value"`
	Values     []sample          `json:"values"`
	Histogram  json.RawMessage   `json:"histogram"`
	Histograms json.RawMessage   `json:"histograms"`
}

// answer is what the response says of a window.
func (r response) answer(query string, w series.Window) (series.Answer, error) {
	a := series.Answer{Notes: slices.Concat(r.Infos, r.Warnings)}
	for _, warning := range r.Warnings {
		// Those of PromQL are about the query; others say that not all that was stored could be read.
		if !strings.HasPrefix(warning, "PromQL ") {
			a.Partial, a.Notes = "the server may not have all of the data: "+expect.Quote(warning), nil
		}
	}
	wants := "vector"
	if w.Step > 0 {
		wants = "matrix"
	}
	switch kind := r.Data.Type; {
	case kind == "scalar" && w.Step == 0:
		var s *sample
		if err := json.Unmarshal(r.Data.Result, &s); err != nil {
			return a, fmt.Errorf("the answer can't be read: %w", err)
		}
		if s == nil {
			return a, errors.New("the answer has no result")
		}
		a.Series = []series.Series{{Name: query, Points: []series.Point{{At: w.Start, Value: s.value}}}}
		return a, nil
	case kind == "matrix" && w.Step == 0:
		return a, errors.New("the query gives ranges and not numbers: put a function around it, as in rate(…)")
	case kind == "string":
		return a, errors.New("the query gives a text and not a number")
	case kind != wants:
		return a, fmt.Errorf("the answer is a %s, and a %s was asked for", expect.Quote(kind), wants)
	}
	var lines []line
	if err := json.Unmarshal(r.Data.Result, &lines); err != nil {
		return a, fmt.Errorf("the answer can't be read: %w", err)
	}
	if lines == nil {
		return a, errors.New("the answer has no result")
	}
	for _, l := range lines {
		s, err := l.series(query, w, len(lines) == 1)
		if err != nil {
			return a, err
		}
		a.Series = append(a.Series, s)
	}
	return a, nil
}

func (l line) series(query string, w series.Window, alone bool) (series.Series, error) {
	s := series.Series{Name: l.name()}
	if alone && s.Name == "{}" {
		s.Name = query
	}
	switch {
	case len(l.Histogram) > 0 || len(l.Histograms) > 0:
		return s, fmt.Errorf("%s is a histogram and not a number: ask for a part of it, as in histogram_quantile(0.99, …)", s.Name)
	case w.Step == 0 && l.Value == nil:
		return s, fmt.Errorf("%s has no value", s.Name)
	case w.Step == 0:
		s.Points = []series.Point{{At: w.Start, Value: l.Value.value}}
	}
	for _, v := range l.Values {
		s.Points = append(s.Points, series.Point{At: v.at.Add(-w.Step), Value: v.value})
	}
	return s, nil
}

// name is the series's, as Prometheus writes it.
func (l line) name() string {
	name := l.Metric["__name__"]
	var labels []string
	for _, key := range slices.Sorted(maps.Keys(l.Metric)) {
		if key != "__name__" {
			labels = append(labels, key+"="+strconv.Quote(l.Metric[key]))
		}
	}
	if name != "" && len(labels) == 0 {
		return name
	}
	return shorten(name + "{" + strings.Join(labels, ",") + "}")
}
