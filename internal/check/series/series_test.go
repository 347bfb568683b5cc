package series_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/kindtest"
	"github.com/greenlight-deploy/greenlight/internal/check/series"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// noon is when the window of these tests begins; it has three steps of a minute.
var (
	noon = time.Date(2026, time.November, 25, 12, 0, 0, 0, time.UTC)
	own  = series.Window{Start: noon, Step: time.Minute, Steps: 3}
	nan  = math.NaN()
)

// options are those of a check, decoded as in a plan.
func options(src string) (*series.Options, error) {
	root, err := strictyaml.Parse("plan.yaml", []byte(src))
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(strictyaml.Names{Later: []string{"green.version", "blue.version"}})
	var o series.Options
	d.Fields(root, &o)
	o.Validate(d, root, time.Minute)
	return &o, d.Err()
}

// line is a series with these numbers, step by step; where one is absent there is no point.
func line(name string, values ...float64) series.Series {
	s := series.Series{Name: name}
	for i, v := range values {
		if v != absent {
			s.Points = append(s.Points, series.Point{At: noon.Add(time.Duration(i) * time.Minute), Value: v})
		}
	}
	return s
}

const absent = -987654321

// answers gives the series of green, and for blue or before those of theirs.
func answers(mine, theirs []series.Series) series.Query {
	return func(_ context.Context, w series.Window, lookup strictyaml.Lookup) (series.Answer, *check.Result) {
		if version, err := lookup("green.version"); err == nil && version == "6" || w.Start.Before(noon) {
			return series.Answer{Series: theirs}, nil
		}
		return series.Answer{Series: mine}, nil
	}
}

func judged(t *testing.T, src string, w series.Window, ask series.Query) string {
	t.Helper()
	o, err := options(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	before := w
	before.Start = w.Start.Add(-time.Hour)
	return kindtest.Outcome(o.Run(t.Context(), ask, w, before, check.Scope{Lookup: kindtest.Lookup}))
}

func TestAWindowIsJudgedByItsAggregate(t *testing.T) {
	tests := []struct{ why, src, want string }{
		{"the sum", "{over: 3m, agg: sum, expect: {value: 12}}", "passed"},
		{"a sum that is too much", "{over: 3m, agg: sum, expect: {value: < 12}}", "failed: sum of x over 3m is 12, expected < 12"},
		{"the average", "{over: 3m, agg: avg, expect: {value: 4}}", "passed"},
		{"the most", "{over: 3m, agg: max, expect: {value: 7}}", "passed"},
		{"the least", "{over: 3m, agg: min, expect: {value: 2}}", "passed"},
		{"the last", "{over: 3m, agg: last, expect: {value: 3}}", "passed"},
		{"each", "{over: 3m, agg: each, expect: {value: '>= 2'}}", "passed"},
		{"the first of each that is wrong", "{over: 3m, agg: each, expect: {value: < 7}}", "failed: x at 12:01:00Z is 7, expected < 7"},
		{"and how many series there are", "{over: 3m, agg: sum, expect: {value: 12, series: 1}}", "passed"},
		{"which are too few", "{over: 3m, agg: sum, expect: {series: '>= 2'}}", "failed: the number of series is 1, expected >= 2"},
		{"a name without a value", "{over: 3m, agg: sum, expect: {value: '< {{ green.version }}'}}", "failed: sum of x over 3m is 12, expected < 7"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := judged(t, tt.src, own, answers([]series.Series{line("x", 2, 7, 3)}, nil)); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestNumbersAreAddedAsTheyAreWritten(t *testing.T) {
	tenths := answers([]series.Series{line("x", 0.1, 0.1, 0.1)}, nil)
	for _, src := range []string{"{over: 3m, agg: sum, expect: {value: <= 0.3}}", "{over: 3m, agg: avg, expect: {value: 0.1}}"} {
		if got := judged(t, src, own, tenths); got != "passed" {
			t.Errorf("%s: %s", src, got)
		}
	}
}

func TestEachOfSeveralSeriesMustBeWhatIsExpected(t *testing.T) {
	several := []series.Series{line("a", 1, 1, 1), line("b", 9, 9, 9), line("c", 8, 8, 8), line("d", 7, 7, 7), line("e", 6, 6, 6)}
	const want = "failed: max of b over 3m is 9, expected <= 5; max of c over 3m is 8, expected <= 5; max of d over 3m is 7, expected <= 5; and 1 more"
	if got := judged(t, "{over: 3m, agg: max, expect: {value: <= 5}}", own, answers(several, nil)); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

func TestMissingDataNeverPassesUnlessThePlanSaysSo(t *testing.T) {
	const sum, each = "agg: sum, expect: {value: <= 100}", "agg: each, expect: {value: <= 100}"
	none, gap, odd := line("x", absent, absent, absent), line("x", 2, absent, 3), line("x", 2, nan, 3)
	one := []series.Series{none}
	tests := []struct {
		why, missing, expect string
		mine                 []series.Series
		want                 string
	}{
		{"no series", "", sum, nil, "inconclusive: there is no data: the query found no series"},
		{"no series, which is wrong", "fail", sum, nil, "failed: there is no data: the query found no series"},
		{"no series, which is right", "pass", sum, nil, "passed"},
		{"no series, and gaps are left out", "skip", sum, nil, "inconclusive: there is no data: the query found no series"},
		{"no series, in whose place there is a number", "0", sum, nil, "passed"},
		{"a number that is wrong", "34", sum, nil, "failed: sum of what isn't there over 3m is 102, expected <= 100"},
		{"no series is what is expected", "", "expect: {series: 0}", nil, "passed"},
		{"no series, and one is expected", "pass", "expect: {series: 1}", nil, "failed: the number of series is 0, expected 1"},

		{"no number", "", sum, one, "inconclusive: x has no data from 12:00:00Z to 12:03:00Z"},
		{"no number of each", "", each, one, "inconclusive: x has no data from 12:00:00Z to 12:03:00Z"},
		{"no number, which is wrong", "fail", sum, one, "failed: x has no data from 12:00:00Z to 12:03:00Z"},
		{"no number, which is right", "pass", sum, one, "passed"},
		{"no number is not a gap to leave out", "skip", sum, one, "inconclusive: x has no data from 12:00:00Z to 12:03:00Z"},
		{"a number in its place, for each step", "34", sum, one, "failed: sum of x over 3m is 102, expected <= 100"},
		{"no point at all", "", sum, []series.Series{{Name: "x"}}, "inconclusive: x has no data from 12:00:00Z to 12:03:00Z"},
		{"points outside of the window", "", sum, []series.Series{{Name: "x", Points: []series.Point{{At: noon.Add(-1), Value: 1}, {At: own.End(), Value: 1}}}}, "inconclusive: x has no data from 12:00:00Z to 12:03:00Z"},

		{"a gap", "", sum, []series.Series{gap}, "inconclusive: x has data for 2 of the 3 steps from 12:00:00Z to 12:03:00Z"},
		{"a gap, which is wrong", "fail", sum, []series.Series{gap}, "failed: x has data for 2 of the 3 steps from 12:00:00Z to 12:03:00Z"},
		{"a gap, which is right", "pass", sum, []series.Series{gap}, "passed"},
		{"a gap that is left out", "skip", sum, []series.Series{gap}, "passed"},
		{"a gap that is filled", "96", sum, []series.Series{gap}, "failed: sum of x over 3m is 101, expected <= 100"},
		{"what is there and wrong stays wrong", "", each, []series.Series{line("x", 101, absent, 3)}, "failed: x at 12:00:00Z is 101, expected <= 100"},
		{"also where gaps are left out", "pass", sum, []series.Series{line("x", 101, absent, absent)}, "failed: sum of x over 3m is 101, expected <= 100"},

		{"NaN", "", sum, []series.Series{odd}, "inconclusive: x has data for 2 of the 3 steps from 12:00:00Z to 12:03:00Z (there is NaN, which is not a number that can be compared)"},
		{"an infinity", "", "agg: each, expect: {value: '>= 1'}", []series.Series{line("x", 2, math.Inf(1), 3)}, "inconclusive: x has data for 2 of the 3 steps from 12:00:00Z to 12:03:00Z (there is +Inf, which is not a number that can be compared)"},
		{"NaN, which is right", "pass", sum, []series.Series{line("x", nan, nan, nan)}, "passed"},
		{"one of two series", "", sum, []series.Series{line("a", 1, 1, 1), none}, "inconclusive: x has no data from 12:00:00Z to 12:03:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			src := "{over: 3m, " + tt.expect
			if tt.missing != "" {
				src += ", missing: " + tt.missing
			}
			if got := judged(t, src+"}", own, answers(tt.mine, nil)); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestAMomentWithoutANumberIsMissingToo(t *testing.T) {
	now := series.Window{Start: noon, Steps: 1}
	for value, want := range map[float64]string{
		4:           "passed",
		7:           "failed: x is 7, expected <= 5",
		nan:         "inconclusive: x is NaN, which is not a number that can be compared",
		math.Inf(1): "inconclusive: x is +Inf, which is not a number that can be compared",
		absent:      "inconclusive: x has no data",
	} {
		if got := judged(t, "{expect: {value: <= 5}}", now, answers([]series.Series{line("x", value)}, nil)); got != want {
			t.Errorf("%v: got\n%s, want\n%s", value, got, want)
		}
	}
}

func TestASeriesIsComparedWithBluesOrWithWhatWasBefore(t *testing.T) {
	mine := []series.Series{line("x", 2, 7, 3)}
	tests := []struct {
		why, src     string
		mine, theirs []series.Series
		want         string
	}{
		{"no more than blue's", "against: blue, expect: {change: <= 10%}", mine, []series.Series{line("x", 4, 4, 4)}, "passed"},
		{"more than blue's", "against: blue, expect: {change: <= 10%}", mine, []series.Series{line("x", 2, 4, 4)}, "failed: the change of sum of x over 3m is +20% (it is 12, blue's is 10), expected <= 10%"},
		{"more than before", "against: before, expect: {change: <= 1}", mine, []series.Series{{Name: "x", Points: []series.Point{{At: noon.Add(-time.Hour), Value: 10}, {At: noon.Add(-59 * time.Minute), Value: 0}, {At: noon.Add(-58 * time.Minute), Value: 0}}}}, "failed: the change of sum of x over 3m is +2 (it is 12, what was before is 10), expected <= 1"},
		{"both a bound and a comparison", "against: blue, expect: {value: < 12, change: <= 10%}", mine, []series.Series{line("x", 4, 4, 4)}, "failed: sum of x over 3m is 12, expected < 12"},
		{"blue has no series", "against: blue, expect: {change: <= 10%}", mine, nil, "inconclusive: there is nothing to compare with: blue's has no data"},
		{"blue has a gap", "against: blue, expect: {change: <= 10%}", mine, []series.Series{line("x", 4, absent, 4)}, "inconclusive: for blue's: x has data for 2 of the 3 steps from 12:00:00Z to 12:03:00Z"},
		{"which is filled", "missing: 4, against: blue, expect: {change: <= 10%}", mine, []series.Series{line("x", 4, absent, 4)}, "passed"},
		{"no series, and a number in its place", "missing: 4, against: blue, expect: {change: <= 10%}", mine, nil, "passed"},
		{"neither has any", "missing: 0, against: blue, expect: {change: <= 10%}", nil, nil, "passed"},
		{"green has none", "against: blue, expect: {change: <= 10%}", nil, []series.Series{line("x", 4, 4, 4)}, "inconclusive: there is no data: the query found no series"},
		{"several can't be compared", "against: blue, expect: {change: <= 10%}", mine, []series.Series{line("x", 4, 4, 4), line("y", 4, 4, 4)}, "inconclusive: the query gives 1 series, and 2 for blue's: one is compared with one, so aggregate them in the query"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := judged(t, "{over: 3m, agg: sum, "+tt.src+"}", own, answers(tt.mine, tt.theirs)); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestAnAnswerThatIsNoneOrNotWholeIsInconclusive(t *testing.T) {
	const src = "{over: 3m, agg: sum, against: blue, expect: {change: <= 10%}}"
	for _, tt := range []struct {
		why          string
		mine, theirs series.Answer
		silent       string // whose there is no answer for
		want         string
	}{
		{"a part of it", series.Answer{Partial: "PartialData", Notes: []string{"a", "b"}}, series.Answer{}, "", "inconclusive, to be retried: PartialData (a; b)"},
		{"a part of blue's", series.Answer{}, series.Answer{Partial: "PartialData"}, "", "inconclusive, to be retried: for blue's: PartialData"},
		{"none", series.Answer{}, series.Answer{}, "7", "inconclusive: no answer"},
		{"none for blue", series.Answer{}, series.Answer{}, "6", "inconclusive: for blue's: no answer"},
		{"what was said of it stands behind the reason", series.Answer{Notes: []string{"a note"}}, series.Answer{}, "", "inconclusive: there is no data: the query found no series (a note)"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := judged(t, src, own, func(_ context.Context, _ series.Window, lookup strictyaml.Lookup) (series.Answer, *check.Result) {
				version, err := lookup("green.version")
				switch {
				case err != nil || version == tt.silent:
					return series.Answer{}, &check.Result{Outcome: check.Inconclusive, Reason: "no answer"}
				case version == "7":
					return tt.mine, nil
				}
				return tt.theirs, nil
			})
			if got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestTheWindowIsTheNewestForWhichThereIsData(t *testing.T) {
	at := func(clock string) time.Time {
		parsed, err := time.Parse("15:04:05", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2026, time.November, 25, parsed.Hour(), parsed.Minute(), parsed.Second(), 0, time.UTC)
	}
	tests := []struct {
		why, src, now, began string
		want, before, early  string
	}{
		{"the last full minutes", "{over: 3m, expect: {series: 1}}", "12:10:59", "12:10:58", "12:07:00 3m", "", ""},
		{"that are old enough", "{over: 3m, delay: 1m, expect: {series: 1}}", "12:10:59", "12:10:58", "12:06:00 3m", "", ""},
		{"one step where nothing is said", "{expect: {series: 1}}", "12:10:00", "12:10:00", "12:09:00 1m", "", ""},
		{"fresh ones aren't there yet", "{over: 3m, delay: 1m, fresh: true, expect: {series: 1}}", "12:14:59", "12:10:58", "12:10:00 3m", "", "inconclusive: the checks began at 12:10:58Z, and 3m of data since then there are at 12:15:00Z: eventually waits for them"},
		{"and then they are", "{over: 3m, delay: 1m, fresh: true, expect: {series: 1}}", "12:15:00", "12:10:58", "12:11:00 3m", "", ""},
		{"also where they began with a minute", "{over: 3m, fresh: true, expect: {series: 1}}", "12:13:00", "12:10:00", "12:10:00 3m", "", ""},
		{"what was before ends when they began, and what is compared with it is fresh", "{over: 3m, agg: sum, against: before, expect: {change: < 1}}", "12:14:00", "12:10:58", "12:11:00 3m", "12:07:00 3m", ""},
		{"or isn't there yet", "{over: 3m, agg: sum, against: before, expect: {change: < 1}}", "12:13:59", "12:10:58", "12:10:00 3m", "12:07:00 3m", "inconclusive: the checks began at 12:10:58Z, and 3m of data since then there are at 12:14:00Z: eventually waits for them"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			o, err := options(tt.src)
			if err != nil {
				t.Fatal(err)
			}
			own, before, early := o.Window(at(tt.now), time.Minute, check.Scope{Began: at(tt.began)})
			if got := shown(own); got != tt.want {
				t.Errorf("it is %s, want %s", got, tt.want)
			}
			if got := shown(before); tt.before != "" && got != tt.before {
				t.Errorf("before is %s, want %s", got, tt.before)
			}
			got := ""
			if early != nil {
				got = kindtest.Outcome(*early)
			}
			if got != tt.early {
				t.Errorf("it says %q, want %q", got, tt.early)
			}
		})
	}
}

func shown(w series.Window) string {
	return w.Start.Format("15:04:05") + " " + strictyaml.Duration(w.Length()).String()
}

func TestAMomentIsAsOldAsThePlanSays(t *testing.T) {
	scope := check.Scope{Began: noon}
	for _, tt := range []struct{ src, own, other, early string }{
		{"{delay: 30s, expect: {series: 1}}", "12:00:30", "", ""},
		{"{against: before, expect: {change: < 1}}", "12:01:00", "12:00:00", ""},
		{"{delay: 90s, fresh: true, expect: {series: 1}}", "11:59:30", "", "inconclusive: the checks began at 12:00:00Z, and there is data since then at 12:01:30Z: eventually waits for it"},
	} {
		o, err := options(tt.src)
		if err != nil {
			t.Fatal(err)
		}
		own, other, early := o.Instant(noon.Add(time.Minute), scope)
		got := ""
		if early != nil {
			got = kindtest.Outcome(*early)
		}
		if own.Start.Format("15:04:05") != tt.own || tt.other != "" && other.Start.Format("15:04:05") != tt.other || got != tt.early {
			t.Errorf("%s: got %v, %v, %q", tt.src, own, other, got)
		}
	}
}

func TestWhatIsWrongWithOptionsIsToldAtItsPlace(t *testing.T) {
	for src, want := range map[string]string{
		"{over: 3m}":                                                    `plan.yaml:1:1: "expect" is missing`,
		"{expect: {}}":                                                  "plan.yaml:1:10: expect: nothing is expected: write value, change or series",
		"{over: 90s, expect: {value: 1}}":                               "plan.yaml:1:8: over: 1m30s isn't a whole number of steps of 1m",
		"{over: 0s, expect: {value: 1}}":                                "plan.yaml:1:8: over: 0s isn't a whole number of steps of 1m",
		"{over: 14d, expect: {value: 1}}":                               "plan.yaml:1:8: over: 14d is over 2000 steps of 1m",
		"{agg: median, expect: {value: 1}}":                             `plan.yaml:1:7: agg: expected one of each, avg, max, min, sum, last, found "median"`,
		"{missing: ok, expect: {value: 1}}":                             `plan.yaml:1:11: missing: expected a number, fail, inconclusive, skip or pass, found "ok"`,
		"{missing: .inf, expect: {value: 1}}":                           "plan.yaml:1:11: missing: .inf is not a number that can be compared",
		"{against: red, expect: {change: < 1}}":                         `plan.yaml:1:11: against: expected blue or before, found "red"`,
		"{against: blue, expect: {value: 1}}":                           "plan.yaml:1:11: against: nothing is compared: write expect: {change: <= 10%}, or drop against",
		"{expect: {change: < 1}}":                                       "plan.yaml:1:10: expect: change needs against: blue or against: before, to say from what",
		"{over: 3m, agg: each, against: before, expect: {change: < 1}}": "plan.yaml:1:32: against: write agg, to say how the numbers of the window become the one that is compared: avg, max, min, sum or last",
		"{over: 3m, expect: {valeu: 1}}":                                `plan.yaml:1:21: expect: unknown key "valeu": did you mean "value"?`,
	} {
		t.Run(src, func(t *testing.T) {
			if _, err := options(src); err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func TestAValueIsFilledIntoAQueryAsWhatItIs(t *testing.T) {
	tests := []struct{ why, before, value, want string }{
		{"between quotes it stands as it is", `up{job="`, "shop", "shop"},
		{"and can't end them", `up{job="`, `a"} or vector(1) or up{x="`, `a\"} or vector(1) or up{x=\"`},
		{"nor between single ones", `up{job='`, `a'}`, `a\'}`},
		{"nor by an escape", `up{job="`, `a\`, `a\\`},
		{"quotes that are escaped don't end either", `up{job="x\"`, `a"`, `a\"`},
		{"the other quotes need no escape", `up{job="`, `a'`, `a'`},
		{"what the plan escapes is escaped already", `up{job="\`, `"a"`, `"a\"`},
		{"between backquotes nothing is escaped, and what would end them is no query any more", "up{job=`", "a`", "a``"},
		{"a word outside of quotes", `rate(x[`, "5m", "5m"},
		{"anything else becomes a text", `up == `, `1 or vector(1)`, `"1 or vector(1)"`},
		{"nothing, too", `up == `, ``, `""`},
		{"behind quotes that ended", `up{job="shop"} == `, "1", "1"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := series.Fill(tt.before, tt.value); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A value that is filled in can't bring more into a query than itself: whatever it holds, a word that stands behind it is
// outside of quotes if and only if it was before.
func FuzzFill(f *testing.F) {
	f.Add(`up{job="`, `a"} or up{x="`)
	f.Add(`up{job='`, `\'`)
	f.Add("up{job=`", "``")
	f.Add(`up == `, `1 or vector(1)`)
	f.Fuzz(func(t *testing.T, before, value string) {
		probe := errors.New("in quotes").Error()
		inside := strings.HasPrefix(series.Fill(before, probe), `"`)
		filled := before + series.Fill(before, value)
		if after := strings.HasPrefix(series.Fill(filled, probe), `"`); after != inside {
			t.Errorf("%q with %q gives %q, which ends elsewhere", before, value, filled)
		}
	})
}
