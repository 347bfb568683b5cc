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
}

// The states of a figure.
const (
	within = "within"
	over   = "over, by less than a third"
	broken = "broken"
)

func (j judged) state() string {
	switch {
	case j.got <= j.limit:
		return within
	case j.got <= j.limit*tolerance:
		return over
	}
	return broken
}

func (j judged) String() string {
	return fmt.Sprintf("%s: %s, the budget is %s", j.what, amount(j.got, j.unit), amount(j.limit, j.unit))
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
		t.add(j.what, amount(j.limit, j.unit), amount(j.got, j.unit), j.state())
	}
	t.writeTo(out)
}
