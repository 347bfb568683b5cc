package series

import (
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Options are the keys of a check that say how series are judged.
type Options struct {
	// Over is the window that is looked at: the newest time for which there is data. Default: the newest step alone.
	Over strictyaml.Duration `yaml:"over"`
	// Delay is how old the newest data is that is looked at: younger data may not be complete.
	Delay strictyaml.Duration `yaml:"delay"`
	// Agg makes one number of the window's.
	Agg Aggregate `yaml:"agg"`
	// Missing says what no data means: a number to take in its place, fail, inconclusive (default), skip, or pass.
	Missing Missing `yaml:"missing"`
	// Against is what the window is compared with: blue, or before.
	Against Against `yaml:"against"`
	// Fresh says that the window may not begin before the checks did. Until then there is nothing to judge.
	Fresh bool `yaml:"fresh"`
	// Expect is what must be true of each series.
	Expect Expect `yaml:"expect,required"`
}

// Expect is what is expected of a query's answer. All of it must be true.
type Expect struct {
	// Value compares the number of each series, in the unit of what is measured.
	Value *expect.Number `yaml:"value"`
	// Change compares by how much the number differs from the one of against.
	Change *expect.Change `yaml:"change"`
	// Series compares how many series the answer has.
	Series *expect.Number `yaml:"series"`
}

// JSONSchema describes what is expected, of which there must be something.
func (*Expect) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(new(Expect))
	s.MinProperties = 1
	return s
}

// Validate refuses options that contradict each other, and an expectation that expects nothing.
func (o *Options) Validate(d *strictyaml.Decoder, n strictyaml.Node, step time.Duration) {
	over, hasOver := n.Get("over")
	if !hasOver && o.Agg == "" {
		o.Agg = Last // of one number
	}
	against, hasAgainst := n.Get("against")
	wants, hasExpect := n.Get("expect")
	switch _, hasChange := wants.Get("change"); {
	case hasExpect && wants.IsMapping() && len(wants.Pairs()) == 0:
		d.Problem(wants, "expect: nothing is expected: write value, change or series")
	case hasChange && !hasAgainst:
		d.Problem(wants, "expect: change needs against: blue or against: before, to say from what")
	case hasAgainst && hasExpect && !hasChange:
		d.Problem(against, "against: nothing is compared: write expect: {change: <= 10%%}, or drop against")
	case hasAgainst && o.Against != "" && o.Agg == Each:
		d.Problem(against, "against: write agg, to say how the numbers of the window become the one that is compared: avg, max, min, sum or last")
	}
	if hasOver && step > 0 && (o.Over <= 0 || time.Duration(o.Over)%step != 0) {
		d.Problem(over, "over: %s isn't a whole number of steps of %s", o.Over, strictyaml.Duration(step))
	}
	const most = 2000 // steps: a window of a day and a half by the minute
	if step > 0 && time.Duration(o.Over)/step > most {
		d.Problem(over, "over: %s is over %d steps of %s", o.Over, most, strictyaml.Duration(step))
	}
}

// Window is the newest window for which there is data, and what it is compared with: the zero Window where that isn't a
// window of its own. Where the window may not begin yet the Result says so.
func (o *Options) Window(now time.Time, step time.Duration, scope check.Scope) (own, other Window, early *check.Result) {
	steps := max(int(time.Duration(o.Over)/step), 1)
	own = ending(now.Add(-time.Duration(o.Delay)), step, steps)
	if o.Against == Before {
		other = ending(scope.Began, step, steps)
	}
	if (o.Fresh || o.Against == Before) && own.Start.Before(scope.Began) {
		first := ending(scope.Began, step, 1).End()
		if first.Before(scope.Began) {
			first = first.Add(step)
		}
		due := first.Add(time.Duration(steps)*step + time.Duration(o.Delay))
		return own, other, &check.Result{Outcome: check.Inconclusive, Reason: fmt.Sprintf(
			"the checks began at %s, and %s of data since then there are at %s: eventually waits for them",
			clock(scope.Began), strictyaml.Duration(own.Length()), clock(due))}
	}
	return own, other, nil
}

// Instant is the window of a query that looks at one moment, and of what it is compared with: when the checks began.
func (o *Options) Instant(now time.Time, scope check.Scope) (own, other Window, early *check.Result) {
	own, other = Window{Start: now.Add(-time.Duration(o.Delay)).UTC(), Steps: 1}, Window{Start: scope.Began.UTC(), Steps: 1}
	if (o.Fresh || o.Against == Before) && own.Start.Before(scope.Began) {
		early = &check.Result{Outcome: check.Inconclusive, Reason: fmt.Sprintf("the checks began at %s, and there is data since then at %s: eventually waits for it",
			clock(scope.Began), clock(scope.Began.Add(time.Duration(o.Delay))))}
	}
	return own, other, early
}

// ending is the window that ends with the last full step before a time. Steps begin where CloudWatch's periods do: at
// whole multiples since 1970.
func ending(t time.Time, step time.Duration, steps int) Window {
	end := time.Unix(0, t.UnixNano()/int64(step)*int64(step)).UTC()
	return Window{Start: end.Add(-time.Duration(steps) * step), Step: step, Steps: steps}
}

// clock writes a time of the day as people compare them with their logs.
func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }
