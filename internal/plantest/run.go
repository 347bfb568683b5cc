package plantest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// sideBySide is how many cases run at once: what they take is mostly waiting.
const sideBySide = 8

// Result is what came of a case.
type Result struct {
	Case *Case
	// Wrong says on a line each what isn't as the case expects; none where all is.
	Wrong    []string
	Verdict  check.Verdict
	Duration time.Duration
}

// Report is what came of a suite.
type Report struct {
	Results []Result
	// NeverFailed are the plan's checks that failed in no case: nobody knows that they can.
	NeverFailed []Check
	Duration    time.Duration
}

// Check is one of the plan's.
type Check struct {
	Name string
	At   strictyaml.Position
}

// Failed counts the cases that aren't as expected.
func (r Report) Failed() int {
	failed := 0
	for _, result := range r.Results {
		if len(result.Wrong) > 0 {
			failed++
		}
	}
	return failed
}

// Only keeps the cases with the names that are wanted.
func (s *Suite) Only(wanted func(name string) bool) {
	s.Cases = slices.DeleteFunc(s.Cases, func(c *Case) bool { return !wanted(c.Name) })
}

// Run tries the cases, several at once. Observe hears of each when it and all before it are over. Of a context that ends
// the error says so.
func (s *Suite) Run(ctx context.Context, observe func(Result)) (Report, error) {
	began := time.Now()
	results, done := make([]Result, len(s.Cases)), make([]chan struct{}, len(s.Cases))
	turns := make(chan struct{}, sideBySide)
	var running sync.WaitGroup
	errs := make([]error, len(s.Cases))
	for i, c := range s.Cases {
		done[i] = make(chan struct{})
		running.Go(func() {
			defer close(done[i])
			turns <- struct{}{}
			defer func() { <-turns }()
			results[i], errs[i] = s.try(ctx, c)
		})
	}
	var err error
	for i := range s.Cases {
		<-done[i]
		if err = cmp.Or(err, errs[i]); err == nil {
			observe(results[i])
		}
	}
	running.Wait()
	if err = cmp.Or(ctx.Err(), err); err != nil {
		return Report{}, err
	}
	never, err := s.neverFailed(results)
	return Report{Results: results, NeverFailed: never, Duration: time.Since(began)}, err
}

// try runs one case.
func (s *Suite) try(ctx context.Context, c *Case) (Result, error) {
	began := time.Now()
	green, err := newPeer(ctx, greenHost, c.green)
	if err != nil {
		return Result{}, err
	}
	defer green.close()
	blue, err := newPeer(ctx, blueHost, c.blue)
	if err != nil {
		return Result{}, err
	}
	defer blue.close()
	p, err := s.parse(c, network(green, blue))
	if err != nil {
		return Result{}, err
	}
	asked := p.Stage(c.Stage)
	if asked != nil {
		asked = c.prepare(asked)
	}
	verdict := gate.Run(ctx, gate.Execution{
		DeploymentID: deploymentID, Stage: c.Stage, Rollback: c.rollback, First: c.create, Asked: asked,
		Scope: check.Scope{
			Green: check.Side{URL: "http://" + greenHost}, Blue: check.Side{URL: "http://" + blueHost},
			UserAgent: "greenlight/test (" + deploymentID + "; " + string(c.Stage) + ")", Lookup: c.lookup,
		},
	})
	result := Result{Case: c, Verdict: verdict, Wrong: c.wrong(verdict)}
	for _, p := range []*peer{green, blue} {
		for _, asked := range p.unscripted {
			result.Wrong = append(result.Wrong, fmt.Sprintf("%s of %s: the plan asks it, and the case has no answer", asked, p.host))
		}
	}
	if verdict.Outcome == check.Passed { // another one leaves checks that weren't asked to the end
		result.Wrong = append(result.Wrong, green.unasked(c.own.green)...)
		result.Wrong = append(result.Wrong, blue.unasked(c.own.blue)...)
	}
	result.Duration = time.Since(began)
	return result, nil
}

// deploymentID is what {{ deployment.id }} is where a case doesn't say.
const deploymentID = "d-TEST"

// lookup finds the value of a name: what the case says, and what is the same in all.
func (c *Case) lookup(name string) (any, error) {
	if value, ok := c.names[name]; ok {
		return value, nil
	}
	d := deployment.Deployment{
		ID: deploymentID, Stage: c.Stage,
		Green: deployment.Side{URL: "http://" + greenHost}, Blue: deployment.Side{URL: "http://" + blueHost},
	}
	value, err := d.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("the case doesn't say: set names: {%s: …}", name)
	}
	return value, nil
}

// askable are the kinds of check that ask green and blue by HTTP alone, so that a case can answer them.
var askable = []string{"http", "scenario"}

// CanAsk says that a case can answer the checks of a kind.
func CanAsk(kind string) bool { return slices.Contains(askable, kind) }

// prepare makes a stage ask what the case answers. Checks that run side by side are all asked to their end, so that a case
// ends in the same way each time; the worst of them is the verdict all the same.
func (c *Case) prepare(asked *plan.Stage) *plan.Stage {
	asked.KeepGoing = asked.KeepGoing || !asked.Serial
	for _, one := range asked.Checks {
		switch r, given := c.results[one.Name]; {
		case given:
			one.Check = standIn{one.Check, r.result()}
		case !CanAsk(one.Kind):
			one.Check = standIn{one.Check, check.Result{
				Outcome: check.Inconclusive,
				Reason:  fmt.Sprintf("a check of the kind %s isn't asked in a case: say what comes of it, as in results: {%q: passed}", one.Kind, one.Name),
			}}
		}
	}
	waitsOf(c.green, c.blue).shorten(asked)
	return asked
}

// standIn is a check that isn't asked.
type standIn struct {
	check.Check
	result check.Result
}

// Run gives what the case says comes of it.
func (s standIn) Run(context.Context, check.Scope) check.Result { return s.result }

func (r result) result() check.Result {
	reason := r.Reason
	if reason == "" && r.Outcome.value() != check.Passed {
		reason = "by the case's results"
	}
	return check.Result{Outcome: r.Outcome.value(), Reason: reason}
}

// wrong says what of a verdict isn't as expected.
func (c *Case) wrong(v check.Verdict) []string {
	var all []string
	e := &c.expect
	reported := func(name string) check.Report {
		for _, r := range v.Checks {
			if r.Name == name && !r.ShowsGreen() {
				return r
			}
		}
		return check.Report{Name: name, Outcome: check.Inconclusive, Reason: "it wasn't asked: " + v.Reason}
	}
	subject, outcome, reason := "the outcome", v.Outcome, v.Reason
	if e.Check != "" {
		r := reported(string(e.Check))
		subject, outcome, reason = fmt.Sprintf("%q", r.Name), r.Outcome, r.Reason
	}
	if want := e.Outcome.value(); outcome != want {
		all = append(all, fmt.Sprintf("%s is %s, expected %s%s", subject, outcome, want, because(reason)))
	}
	if e.Succeeded != nil && *e.Succeeded != v.Succeeded {
		all = append(all, fmt.Sprintf("succeeded is %t, expected %t%s", v.Succeeded, *e.Succeeded, because(v.Reason)))
	}
	all = append(all, mismatched(e.Reason, "the reason", reason)...)
	all = append(all, mismatched(e.Rule, "the rule", v.Rule)...)
	for _, one := range e.Checks {
		if r := reported(one.Key); r.Outcome != one.Value.value() {
			all = append(all, fmt.Sprintf("%q is %s, expected %s%s", r.Name, r.Outcome, one.Value, because(r.Reason)))
		}
	}
	return all
}

// mismatched says that a text isn't as expected, if it isn't.
func mismatched(want *expect.Text, subject, got string) []string {
	if want == nil {
		return nil
	}
	m, err := want.Judge(subject, got, nil) // the cases' language has no names
	switch {
	case err != nil:
		return []string{err.Error()}
	case m != nil:
		return []string{m.String()}
	}
	return nil
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + strings.TrimSpace(reason)
}

// neverFailed finds the plan's checks that failed in no case.
func (s *Suite) neverFailed(results []Result) ([]Check, error) {
	failed := map[strictyaml.Position]bool{}
	for _, result := range results {
		for _, r := range result.Verdict.Checks {
			if r.Outcome == check.Failed {
				failed[r.Position] = true
			}
		}
	}
	if len(s.Cases) == 0 {
		return nil, nil
	}
	p, err := s.parse(s.Cases[0], network(&peer{}, &peer{}))
	if err != nil {
		return nil, err
	}
	var never []Check
	for _, stage := range stagesOf(p) {
		for _, c := range stage.Checks {
			if !failed[c.At] {
				never = append(never, Check{c.Name, c.At})
			}
		}
	}
	return never, nil
}
