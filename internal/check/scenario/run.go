package scenariocheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// run is one run of a scenario.
type run struct {
	check    *Check
	scope    check.Scope // its Lookup knows the captures
	session  *httpcheck.Session
	captured map[string]any
	requests []check.Request
	used     bool     // a captured value, by the step under way
	began    bool     // a request may have changed something
	again    []string // what was asked again, and then went well
}

func newRun(c *Check, scope check.Scope) *run {
	r := &run{check: c, scope: scope, session: httpcheck.NewSession(), captured: map[string]any{}}
	if scope.Logger == nil {
		r.scope.Logger = slog.New(slog.DiscardHandler)
	}
	names := c.captures()
	r.scope.Lookup = func(name string) (any, error) {
		if value, known := r.captured[name]; known {
			r.used = true
			return value, nil
		}
		if by, captured := names[name]; captured {
			return nil, notCaptured(by)
		}
		if scope.Lookup == nil {
			return nil, errors.New("no names are known here")
		}
		return scope.Lookup(name)
	}
	return r
}

// notCaptured is a name that would have been captured by a step that wasn't made, or didn't go well.
type notCaptured string

func (by notCaptured) Error() string { return "it was not captured by " + string(by) }

// captures are the names that the steps capture, with the titles of the steps.
func (c *Check) captures() map[string]string {
	names := map[string]string{}
	for _, list := range [][]*step{c.Steps.list, c.Cleanup.list} {
		for _, s := range list {
			for _, entry := range s.Capture {
				names[entry.Key] = s.title
			}
		}
	}
	return names
}

// steps makes the requests until one doesn't pass. A scenario is never asked again because nothing answered: its steps are.
func (r *run) steps(ctx context.Context) check.Result {
	for _, s := range r.check.Steps.list {
		if ctx.Err() != nil {
			return check.Result{Outcome: check.Inconclusive, Reason: s.called(s.asks.Title()) + ": not made: " + r.over(ctx)}
		}
		r.began = true
		if outcome, reason := r.step(ctx, s); outcome != check.Passed {
			if outcome == check.Inconclusive && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				reason += "; " + r.over(ctx)
			}
			return check.Result{Outcome: outcome, Reason: reason}
		}
	}
	return check.Result{Outcome: check.Passed, Reason: strings.Join(r.again, "; ")}
}

// over says what ended the steps.
func (r *run) over(ctx context.Context) string {
	switch {
	case !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "the scenario was cancelled"
	case r.scope.Grace == 0:
		return "the scenario's time was up"
	}
	return fmt.Sprintf("the scenario's time was up, but for %s that are kept for its cleanup", strictyaml.Duration(r.scope.Grace.Round(10*time.Millisecond)))
}

// called names the step and its request, for a reason.
func (s *step) called(request string) string {
	if s.Name == "" {
		return s.title + ", " + request
	}
	return fmt.Sprintf("%s (%s), %s", s.title, s.Name, request)
}

// step makes one request, again where it may be, and captures what its answer holds.
func (r *run) step(ctx context.Context, s *step) (check.Outcome, string) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.Timeout))
	defer cancel()
	end, _ := ctx.Deadline() // the scenario's may be before
	r.scope.Timeout = end.Sub(began)
	r.used = false
	x, attempts, before := r.ask(ctx, s)
	outcome, reason := x.Outcome, x.Reason
	if x.Unsent != nil {
		outcome, reason = r.unsent(x)
	}
	if outcome == check.Passed {
		outcome, reason = r.capture(s, x)
	}
	if outcome != check.Passed {
		r.show(ctx, x)
		return outcome, s.called(x.Title) + ": " + reason + tried(attempts, reason, before)
	}
	if attempts > 1 {
		r.again = append(r.again, s.called(x.Title)+": passed"+tried(attempts, "", before))
	}
	return check.Passed, ""
}

// tried says how often a step was made, and why not only once.
func tried(attempts int, reason, before string) string {
	switch {
	case attempts == 1:
		return ""
	case reason == before:
		return fmt.Sprintf(" (%d attempts)", attempts)
	}
	return fmt.Sprintf(" (at attempt %d; before: %s)", attempts, before)
}

// unsent says why a step has no request. A value of green's that no request can carry is a wrong answer.
func (r *run) unsent(x httpcheck.Exchange) (check.Outcome, string) {
	var name *strictyaml.NameError
	var by notCaptured
	switch named := errors.As(x.Unsent, &name); {
	case errors.As(x.Unsent, &by) && named:
		return check.Inconclusive, fmt.Sprintf("skipped: %s was not captured by %s", name.Name, string(by))
	case named && !r.knows(name.Name), !r.used:
		return x.Outcome, x.Reason
	}
	return check.Failed, x.Reason
}

func (r *run) knows(name string) bool {
	_, captured := r.captured[name]
	return captured
}

// capture keeps the values that later steps need.
func (r *run) capture(s *step, x httpcheck.Exchange) (check.Outcome, string) {
	for i := range s.Capture {
		name, from := s.Capture[i].Key, &s.Capture[i].Value
		value, wrong, err := from.Take(x.Answer, r.scope.Lookup)
		switch {
		case err != nil:
			return check.Inconclusive, fmt.Sprintf("capturing %s: %s", name, strictyaml.OneLine(err.Error()))
		case wrong != nil:
			return check.Failed, fmt.Sprintf("nothing to capture for %s: %s", name, strictyaml.OneLine(wrong.String()))
		}
		r.captured[name] = value
		if r.scope.Recorder != nil {
			r.scope.Recorder.Captured(name, value)
		}
	}
	return check.Passed, ""
}
