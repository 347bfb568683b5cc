package main

import (
	"fmt"
	"io"
)

// tolerance is how far over its limit a figure may be before -check fails: a third, for machines differ and shared
// ones have neighbours.
const tolerance = 4.0 / 3

// judged is a figure with the most that it may be.
type judged struct {
	what       string
	unit       string
	limit, got float64
	// pace is how many times as long as on the machine that a limit in milliseconds was set on its peer took in the same run: a
	// slower machine gives more time to both. 0, and all below 1, is that machine's own pace.
	pace float64
}

// allowed is the limit at the machine's pace.
func (j judged) allowed() float64 { return j.limit * max(j.pace, 1) }

// The states of a figure.
const (
	within = "within"
	over   = "over, by less than a third"
	broken = "broken"
)

func (j judged) state() string {
	switch {
	case j.got <= j.allowed():
		return within
	case j.got <= j.allowed()*tolerance:
		return over
	}
	return broken
}

func (j judged) String() string {
	return fmt.Sprintf("%s: %s, the budget is %s", j.what, amount(j.got, j.unit), j.budget())
}

// budget is the limit, and how much slower the machine is than that it was set on.
func (j judged) budget() string {
	if j.pace <= 1 {
		return amount(j.limit, j.unit)
	}
	return fmt.Sprintf("%s × %.2f", amount(j.limit, j.unit), j.pace)
}

// brokenOf gives those over their limit by more than the tolerance.
func brokenOf(all []judged) []judged {
	var list []judged
	for _, j := range all {
		if j.state() == broken {
			list = append(list, j)
		}
	}
	return list
}

func amount(v float64, unit string) string {
	if unit == times {
		return fmt.Sprintf("%.2f×", v)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

// times is the unit of ratios.
const times = "×"

func writeBudgets(out io.Writer, all []judged) {
	fmt.Fprint(out, "### Budget\n\n")
	t := table{head: []string{"figure (median)", "budget", "measured", ""}}
	for _, j := range all {
		t.add(j.what, j.budget(), amount(j.got, j.unit), j.state())
	}
	t.writeTo(out)
}
