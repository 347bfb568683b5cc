// Package series judges measurements over time: what the kinds cloudwatch and prometheus have in common, wherever their
// numbers come from. A query gives series, each with a number for every step of a window; a series becomes one number by an
// aggregate, or is judged number by number; and that is held against a bound, against what blue had in the same window, or
// against the window before the checks began.
//
// Measurements have gaps, and a gap is never what was expected: a step without a number, a number that is NaN, a series that
// isn't there. What a gap means the plan says by missing; where it doesn't, the outcome is inconclusive.
package series

import (
	"math"
	"time"
)

// A Window is the time that is measured: Steps steps, the first at Start.
type Window struct {
	Start time.Time
	Step  time.Duration
	Steps int
}

// End is when the last step ends.
func (w Window) End() time.Time { return w.Start.Add(w.Length()) }

// Length is the time of all steps together.
func (w Window) Length() time.Duration { return time.Duration(w.Steps) * w.Step }

// at is the step that a time belongs to; false where that isn't one of the window's.
func (w Window) at(t time.Time) (int, bool) {
	if w.Step <= 0 {
		return 0, w.Steps > 0
	}
	since := t.Sub(w.Start)
	if since < 0 {
		return 0, false
	}
	i := int(since / w.Step)
	return i, i < w.Steps
}

// A Point is what was measured at a time.
type Point struct {
	At    time.Time
	Value float64
}

// A Series is what one line of a query's answer was over a window.
type Series struct {
	// Name is how reports call it.
	Name   string
	Points []Point
}

// An Answer is what came of a query.
type Answer struct {
	Series []Series
	// Partial says why the answer may lack something that is there; empty where it is whole.
	Partial string
	// Notes are what else was said of the answer; they are told where it wasn't what was expected.
	Notes []string
}

// filled is a series over a window, a number for each step.
type filled struct {
	name   string
	window Window
	// values are NaN where there is a gap.
	values []float64
	// odd shows the first value that is no number to compare: NaN, an infinity; empty where there was none.
	odd string
}

// fill puts the points of a series into the steps of the window. Of several in one step the last one stands; what lies
// outside of the window isn't asked about.
func fill(s Series, w Window) filled {
	f := filled{name: s.Name, window: w, values: make([]float64, w.Steps)}
	for i := range f.values {
		f.values[i] = math.NaN()
	}
	for _, p := range s.Points {
		i, within := w.at(p.At)
		switch {
		case !within:
		case math.IsNaN(p.Value) || math.IsInf(p.Value, 0):
			if f.odd == "" {
				f.odd = showValue(p.Value)
			}
		default:
			f.values[i] = p.Value
		}
	}
	return f
}

// gaps counts the steps without a number.
func (f filled) gaps() int {
	n := 0
	for _, v := range f.values {
		if math.IsNaN(v) {
			n++
		}
	}
	return n
}

// with puts a number into each gap.
func (f filled) with(value float64) filled {
	values := make([]float64, len(f.values))
	for i, v := range f.values {
		if values[i] = v; math.IsNaN(v) {
			values[i] = value
		}
	}
	f.values = values
	return f
}

// present are the numbers without the gaps.
func (f filled) present() []float64 {
	var present []float64
	for _, v := range f.values {
		if !math.IsNaN(v) {
			present = append(present, v)
		}
	}
	return present
}
