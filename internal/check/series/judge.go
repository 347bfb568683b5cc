package series

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// A Query asks for the series of a window. The Result says why there is no answer; nil where there is one.
type Query func(ctx context.Context, w Window, lookup strictyaml.Lookup) (Answer, *check.Result)

// Run asks for the window, and for what it is compared with, side by side, and judges what came.
func (o *Options) Run(ctx context.Context, ask Query, own, other Window, scope check.Scope) check.Result {
	lookup := scope.Lookup
	var mine, theirs Answer
	var wrong, theirWrong *check.Result
	var asking sync.WaitGroup
	if o.Against != "" {
		if o.Against == Blue {
			other = own
		}
		asking.Go(func() { theirs, theirWrong = ask(ctx, other, o.Against.lookup(lookup)) })
	}
	mine, wrong = ask(ctx, own, lookup)
	asking.Wait()
	if wrong == nil && theirWrong != nil {
		theirWrong.Reason = "for " + o.Against.title() + ": " + theirWrong.Reason
		wrong = theirWrong
	}
	note(ctx, scope.Logger, "measured", mine)
	note(ctx, scope.Logger, "measured to compare with", theirs)
	switch {
	case wrong != nil:
		return *wrong
	case mine.Partial != "":
		return partial(mine.Partial + notes(mine))
	case theirs.Partial != "":
		return partial("for " + o.Against.title() + ": " + theirs.Partial + notes(theirs))
	}
	j := judging{Options: o, lookup: lookup}
	j.count(len(mine.Series))
	if o.Expect.Value != nil || o.Expect.Change != nil {
		j.series(j.fills(mine, own), j.fills(theirs, other))
	}
	result := j.result()
	if result.Reason != "" {
		result.Reason += notes(mine)
	}
	return result
}

// note logs what was measured.
func note(ctx context.Context, logger *slog.Logger, what string, a Answer) {
	if logger == nil || !logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	const most = 20
	for _, s := range a.Series[:min(most, len(a.Series))] {
		var points []string
		for _, p := range s.Points[max(len(s.Points)-most, 0):] {
			points = append(points, clock(p.At)+" "+showValue(p.Value))
		}
		logger.DebugContext(ctx, what, "series", s.Name, "values", strings.Join(points, ", "))
	}
}

// notes are what else was said of an answer.
func notes(a Answer) string {
	if len(a.Notes) == 0 {
		return ""
	}
	return " (" + strings.Join(a.Notes, "; ") + ")"
}

func partial(why string) check.Result {
	return check.Result{Outcome: check.Inconclusive, Reason: why, Retry: check.RetryNoAnswer}
}

// judging collects what is wrong with an answer.
type judging struct {
	*Options
	lookup strictyaml.Lookup
	false  []string // what is wrong
	open   []string // what can't be judged
}

func (j *judging) add(m *expect.Mismatch, err error) {
	switch {
	case err != nil:
		j.open = append(j.open, err.Error())
	case m != nil:
		j.false = append(j.false, m.String())
	}
}

func (j *judging) count(n int) {
	if j.Expect.Series != nil {
		j.add(j.Expect.Series.Judge("the number of series", float64(n), j.lookup))
	}
}

// gap notes what missing makes of a gap.
func (j *judging) gap(what string) {
	switch j.Missing.word {
	case missingPass:
	case missingFail:
		j.false = append(j.false, what)
	default:
		j.open = append(j.open, what)
	}
}

// series judges each series. Of an answer without any, in whose place the plan has a number, that is one.
func (j *judging) series(mine, theirs []filled) {
	if len(mine) == 0 {
		j.gap("there is no data: the query found no series")
		return
	}
	for _, f := range mine {
		present, whole := j.numbers(f, "")
		if j.Expect.Value != nil {
			j.value(f, present, whole)
		}
		if j.Expect.Change != nil && whole {
			j.change(f, present, mine, theirs)
		}
	}
}

// fills puts the series of an answer into the window. Where there is none, and the plan has a number in the place of what
// is missing, that is one.
func (j *judging) fills(a Answer, w Window) []filled {
	all := make([]filled, len(a.Series), len(a.Series)+1)
	for i, s := range a.Series {
		all[i] = fill(s, w)
	}
	if len(all) == 0 && j.Missing.set {
		all = append(all, fill(Series{Name: "what isn't there"}, w))
	}
	return all
}

// numbers are those of a series that are to be judged, and whether they are all that there should be: gaps are filled, left
// out, or noted.
func (j *judging) numbers(f filled, whose string) (present []float64, whole bool) {
	gaps := f.gaps()
	switch {
	case gaps == 0:
		return f.values, true
	case j.Missing.set:
		return f.with(j.Missing.value).values, true
	}
	present = f.present()
	if j.Missing.skips() && len(present) > 0 {
		return present, true
	}
	j.gap(whose + f.lacking(gaps))
	return present, false
}

// lacking says how much of a series isn't there.
func (f filled) lacking(gaps int) string {
	odd := ""
	if f.odd != "" {
		odd = " (there is " + f.odd + ", which is not a number that can be compared)"
	}
	switch {
	case len(f.values) == 1 && odd != "":
		return fmt.Sprintf("%s is %s, which is not a number that can be compared", f.name, f.odd)
	case gaps == len(f.values) && f.window.Step == 0:
		return f.name + " has no data"
	case gaps == len(f.values):
		return fmt.Sprintf("%s has no data from %s to %s%s", f.name, clock(f.window.Start), clock(f.window.End()), odd)
	}
	return fmt.Sprintf("%s has data for %d of the %d steps from %s to %s%s", f.name, len(f.values)-gaps, len(f.values), clock(f.window.Start), clock(f.window.End()), odd)
}

// value judges a series by itself. Of one with gaps only what each of its numbers must be can be judged: what is wrong
// already stays wrong.
func (j *judging) value(f filled, present []float64, whole bool) {
	switch {
	case j.Agg == Each:
		j.each(f, present)
	case whole:
		j.add(j.Expect.Value.Judge(j.Agg.title(f), j.Agg.of(present), j.lookup))
	}
}

// each judges number by number, and tells the first one that is wrong.
func (j *judging) each(f filled, present []float64) {
	values := f.values
	if len(present) == len(values) {
		values = present // gaps are filled
	}
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		subject := f.name
		if f.window.Step > 0 && f.window.Steps > 1 {
			subject += " at " + clock(f.window.Start.Add(time.Duration(i)*f.window.Step))
		}
		m, err := j.Expect.Value.Judge(subject, v, j.lookup)
		if m != nil || err != nil {
			j.add(m, err)
			return
		}
	}
}

// change judges by how much a series differs from the one that it is compared with. There can be but one of either.
func (j *judging) change(f filled, present []float64, mine, theirs []filled) {
	switch {
	case len(mine) > 1 || len(theirs) > 1:
		j.open = append(j.open, fmt.Sprintf("the query gives %d series, and %d for %s: one is compared with one, so aggregate them in the query", len(mine), len(theirs), j.Against.title()))
		return
	case len(theirs) == 0:
		j.gap("there is nothing to compare with: " + j.Against.title() + " has no data")
		return
	}
	base, whole := j.numbers(theirs[0], "for "+j.Against.title()+": ")
	if whole {
		j.add(j.Expect.Change.Judge(j.Agg.title(f), j.Agg.of(present), j.Against.title(), j.Agg.of(base), j.lookup))
	}
}

// result is what came of it all: what is wrong weighs more than what can't be judged.
func (j *judging) result() check.Result {
	switch {
	case len(j.false) > 0:
		return check.Result{Outcome: check.Failed, Reason: reason(j.false)}
	case len(j.open) > 0:
		return check.Result{Outcome: check.Inconclusive, Reason: reason(j.open)}
	}
	return check.Result{Outcome: check.Passed}
}

// reason tells the first few.
func reason(all []string) string {
	const most = 3
	text := strings.Join(all[:min(most, len(all))], "; ")
	if more := len(all) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
