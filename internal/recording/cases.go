package recording

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// caseName is that of the case that is written.
const caseName = "what was recorded goes on"

// Cases are what was recorded, as a file for greenlight test.
type Cases struct {
	Text []byte
	// Requests and Answers say how many there are in it.
	Requests, Answers int
	// Notes say on a line each what isn't in it as it was said: bodies that are cut, checks that have results in the place of
	// answers.
	Notes []string
}

// Cases makes the file that is to stand at a path. What is wrong with it is told as an error: that the run didn't pass, or that
// the cases wouldn't.
func (r *Recording) Cases(ctx context.Context, path string, v check.Verdict, language plantest.Language) (Cases, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case v.Outcome != check.Passed:
		return Cases{}, fmt.Errorf("the run is %s: record against a version that passes", v.Outcome)
	case len(v.Checks) == 0:
		return Cases{}, fmt.Errorf("nothing was asked: %s", v.Reason)
	}
	plan, err := relative(path, r.run.Plan.Source)
	if err != nil {
		return Cases{}, err
	}
	w := writer{recording: r, plan: plan, bodies: MaxBody, ways: map[*watched]way{}, results: map[*watched]string{}}
	w.begin(v)
	for {
		for one, why := range w.results {
			if strings.Contains(one.check.Name, "{{") {
				return Cases{}, fmt.Errorf("%q needs a name of its own in the plan, for its result stands under it: %s", one.check.Name, r.mask(why))
			}
		}
		text, err := w.file(path)
		if err != nil {
			return Cases{}, err
		}
		wrong, err := w.try(ctx, path, text, language)
		switch {
		case err != nil && w.bodies > leastBodies:
			w.bodies /= 2 // most likely it has more than a file may have
		case err != nil:
			return Cases{}, fmt.Errorf("reading what was recorded again: %w", err)
		case wrong != "":
			return Cases{}, fmt.Errorf("the plan doesn't pass with what was recorded: %s", wrong)
		case !w.again:
			return Cases{Text: text, Requests: w.requests, Answers: w.answers, Notes: w.notes()}, nil
		}
	}
}

// leastBodies is how little of bodies is written where a file has no room for more.
const leastBodies = 1 << 10

// relative is the path of the plan from the folder of the cases on.
func relative(path, plan string) (string, error) {
	if filepath.IsAbs(path) != filepath.IsAbs(plan) {
		var err error
		if path, err = filepath.Abs(path); err != nil {
			return "", fmt.Errorf("finding the plan from %s: %w", path, err)
		}
		if plan, err = filepath.Abs(plan); err != nil {
			return "", fmt.Errorf("finding the plan from %s: %w", path, err)
		}
	}
	found, err := filepath.Rel(filepath.Dir(path), plan)
	if err != nil {
		return "", fmt.Errorf("finding the plan from %s: %w", path, err)
	}
	return filepath.ToSlash(found), nil
}

// way is how the answers to a check are written: the next one is taken where the plan doesn't pass with the one before.
type way int

const (
	asValues way = iota // JSON as values of YAML
	asText              // as it was sent
	asResult            // the check isn't asked
)

// writer makes the file.
type writer struct {
	recording *Recording
	plan      string
	bodies    int // how much of a body is written
	ways      map[*watched]way
	// results are why a check isn't asked.
	results map[*watched]string
	// reports are what came of each check when it was recorded.
	reports map[*watched]check.Report
	again   bool // the last file wasn't right yet

	requests, answers int
	cuts              []string
}

// begin finds out which checks can't be asked in a case.
func (w *writer) begin(v check.Verdict) {
	w.reports = map[*watched]check.Report{}
	for _, one := range w.recording.watched {
		report, _ := reportOf(v, one)
		w.reports[one] = report
		switch {
		case one.identity:
		case !plantest.CanAsk(one.check.Kind):
			w.give(one, "a case can't answer checks of the kind "+one.check.Kind)
		case one.elsewhere != "":
			w.give(one, "it asks "+one.elsewhere+", and a case answers for green and blue alone")
		case len(one.asked) == 0:
			w.give(one, "nothing answered it")
		}
	}
}

// give has a check take its result in the place of answers.
func (w *writer) give(one *watched, why string) { w.ways[one], w.results[one] = asResult, why }

func reportOf(v check.Verdict, one *watched) (check.Report, bool) {
	for _, r := range v.Checks {
		if r.Position == one.check.At && r.Name == one.check.Name && r.ShowsGreen() == one.identity {
			return r, true
		}
	}
	return check.Report{}, false
}

// mostTries is how often the plan is run with what is written before it is taken for wrong: what takes time in a case takes it
// by the clock, and a machine may be busy.
const mostTries = 4

// try runs the plan with what is written. What isn't as it was when it was recorded is written in another way the next time;
// where there is none it is told as wrong.
func (w *writer) try(ctx context.Context, path string, text []byte, language plantest.Language) (wrong string, err error) {
	suite, err := plantest.Parse(path, text, language)
	if err != nil {
		return "", err
	}
	var result plantest.Result
	var unlike []*watched
	for range mostTries {
		done, err := suite.Run(ctx, func(plantest.Result) {})
		if err != nil {
			return "", err
		}
		result = done.Results[0]
		if unlike = w.unlike(result.Verdict); len(result.Wrong) == 0 && len(unlike) == 0 {
			break
		}
	}
	w.again = len(unlike) > 0
	for _, one := range unlike {
		w.change(one, result.Verdict)
	}
	if !w.again && len(result.Wrong) > 0 {
		return strings.Join(result.Wrong, "; "), nil
	}
	return "", nil
}

// unlike are the checks that come to something else than when they were recorded.
func (w *writer) unlike(v check.Verdict) []*watched {
	var all []*watched
	for _, one := range w.recording.watched {
		got, told := reportOf(v, one)
		if !one.identity && w.ways[one] != asResult && (!told || got.Outcome != w.reports[one].Outcome) {
			all = append(all, one)
		}
	}
	return all
}

// change has a check written in the next way.
func (w *writer) change(one *watched, v check.Verdict) {
	got, told := reportOf(v, one)
	switch {
	case w.ways[one] == asValues:
		w.ways[one] = asText
	case told && slices.ContainsFunc(one.asked, func(e exchange) bool { return e.answer.isLonger(w.bodies) }):
		w.give(one, fmt.Sprintf("of a body it needs more than the %d bytes that are recorded", w.bodies))
	case told:
		w.give(one, "it doesn't come to the same in a case: "+strictyaml.OneLine(got.Reason))
	default:
		w.give(one, "it isn't asked in the case: "+strictyaml.OneLine(v.Reason))
	}
}

// notes say what isn't in the file as it was said.
func (w *writer) notes() []string {
	notes := slices.Clone(w.cuts)
	for _, one := range w.recording.watched {
		if why, given := w.results[one]; given {
			notes = append(notes, fmt.Sprintf("%q isn't asked: %s", one.check.Name, w.recording.mask(why)))
		}
		if one.left > 0 && w.ways[one] != asResult {
			notes = append(notes, fmt.Sprintf("%q ran %d times: what was answered in %d of these runs is left out", one.check.Name, one.runs, one.left))
		}
	}
	if n := w.recording.unreached; n > 0 {
		notes = append(notes, fmt.Sprintf("%d requests made no connection, and nobody answered them", n))
	}
	return notes
}

// rule is a request of one version, with its answers.
type rule struct {
	side, request string
	answers       []given
	comments      []string
}

// given is an answer to a check.
type given struct {
	answer answer
	to     *watched
}

// rules are the requests that are asked, each with its answers in their order.
func (w *writer) rules() []*rule {
	var all []*rule
	of := map[[2]string]*rule{}
	askers := map[*rule][]*watched{}
	for _, one := range w.recording.watched {
		if w.ways[one] == asResult {
			continue
		}
		for _, e := range one.asked {
			key := [2]string{e.side, e.method + " " + w.recording.target(e.target)}
			r := of[key]
			if r == nil {
				r = &rule{side: key[0], request: key[1]}
				of[key], all = r, append(all, r)
			}
			if !slices.Contains(askers[r], one) {
				askers[r] = append(askers[r], one)
			}
			r.answers = append(r.answers, given{e.answer, one})
		}
	}
	for _, r := range all {
		w.settle(r, askers[r])
	}
	slices.SortStableFunc(all, func(a, b *rule) int { return cmp.Compare(a.vague(), b.vague()) })
	return all
}

// settle leaves the answers of a request that a case needs. The last one is given again and again.
func (w *writer) settle(r *rule, askers []*watched) {
	ordered := len(askers) == 1 || w.recording.serial && !slices.ContainsFunc(askers, func(one *watched) bool {
		return one.identity || one.check.Eventually != nil || one.check.For != nil
	})
	if !ordered {
		// Several checks ask side by side, so that none may need an answer of its own: they get the last one that the first had.
		var own []given
		for _, a := range r.answers {
			if a.to == askers[0] {
				own = append(own, a)
			}
		}
		r.answers = own[len(own)-1:]
		return
	}
	if len(askers) == 1 && askers[0].check.Kind != "scenario" {
		// Each run asks once, and comes to the same as the one before.
		r.answers = slices.CompactFunc(r.answers, func(a, b given) bool { return w.recording.same(a.answer, b.answer) })
	}
	for n := len(r.answers); n > 1 && w.recording.same(r.answers[n-2].answer, r.answers[n-1].answer); n = len(r.answers) {
		r.answers = r.answers[:n-1]
	}
}

// same says that two answers say the same.
func (r *Recording) same(a, b answer) bool {
	return a.status == b.status && a.failure == b.failure && a.size == b.size && a.more == b.more && string(a.body) == string(b.body) &&
		slices.Equal(r.headersOf(a), r.headersOf(b))
}

// vague orders requests so that one that fits less stands before one that fits more: the first that fits answers.
func (r *rule) vague() int {
	stars, query := strings.Contains(r.request, secret.Mask) || strings.Contains(r.request, "*"), strings.Contains(r.request, "?")
	const far = 1 << 20
	switch {
	case !stars && query:
		return 0
	case stars && query:
		return 2*far - len(r.request)
	case !stars:
		return 3 * far
	}
	return 5*far - len(r.request)
}
