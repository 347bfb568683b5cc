package gate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// step is what a scripted check does when it is asked once.
type step struct {
	takes  time.Duration
	result check.Result
	// instead, where set, is done in the place of an answer.
	instead func(ctx context.Context) check.Result
}

// script is a check that answers what it is told to; the last step again and again.
type script struct {
	steps []step
	asked atomic.Int32
	// at is when it was asked, since it was asked first.
	at    []string
	first time.Time
	// given are the times that it was told to have.
	given []time.Duration
	// running and most count how many of several checks run at once.
	running, most *atomic.Int32
}

func (s *script) Title() string { return "scripted" }

func (s *script) Run(ctx context.Context, scope check.Scope) check.Result {
	if s.running != nil {
		s.most.Store(max(s.most.Load(), s.running.Add(1)))
		defer s.running.Add(-1)
	}
	asked := int(s.asked.Add(1)) - 1
	if asked == 0 {
		s.first = time.Now()
	}
	s.at = append(s.at, time.Since(s.first).String())
	s.given = append(s.given, scope.Timeout)
	do := s.steps[min(asked, len(s.steps)-1)]
	if do.instead != nil {
		return do.instead(ctx)
	}
	if do.takes == 0 {
		// Not a timer of 0: one that has expired before any other runs ends the process under the race detector, in a
		// bubble of Go 1.26.
		return do.result
	}
	select {
	case <-time.After(do.takes):
		return do.result
	case <-ctx.Done():
		return check.Result{Outcome: check.Inconclusive, Reason: "nothing answered in time", Retry: check.RetryNoAnswer}
	}
}

func passes(takes time.Duration) step { return step{takes: takes} }

func fails(takes time.Duration, why string) step {
	return step{takes: takes, result: check.Result{Outcome: check.Failed, Reason: why}}
}

func noAnswer(takes time.Duration, why string) step {
	return step{takes: takes, result: check.Result{Outcome: check.Inconclusive, Reason: why, Retry: check.RetryNoAnswer}}
}

func unclear(takes time.Duration, why string) step {
	return step{takes: takes, result: check.Result{Outcome: check.Inconclusive, Reason: why}}
}

func spreading(takes time.Duration) step {
	return step{takes: takes, result: check.Result{Outcome: check.Failed, Reason: "status 503", Retry: check.RetrySpreading}}
}

const second, ms = time.Second, time.Millisecond

// planned makes a check of the plan: 2 s of timeout, the default retry, as the http kind has.
func planned(name string, steps ...step) *plan.Check {
	return &plan.Check{
		Name: name, Kind: "script", Timeout: 2 * second, Retry: plan.DefaultRetry(), Check: &script{steps: steps},
		At: strictyaml.Position{File: "plan.yaml", Line: 3, Column: 5},
	}
}

func with(c *plan.Check, change func(*plan.Check)) *plan.Check {
	change(c)
	return c
}

func times(c *plan.Check) int { return int(c.Check.(*script).asked.Load()) }

func asks(checks ...*plan.Check) *plan.Stage { return &plan.Stage{Checks: checks} }

// run judges a stage, and gives what was observed on the way, each with the time since the start.
func run(ctx context.Context, stage *plan.Stage) (check.Verdict, []string) {
	var seen []string
	started := time.Now()
	v := gate.Run(ctx, gate.Execution{
		DeploymentID: "d-ABC", Stage: lifecycle.AfterAllowTestTraffic, Asked: stage,
		Observe: func(e gate.Event) {
			at := fmt.Sprint(time.Since(started), " ", e.Check.Name)
			switch {
			case e.Report != nil && e.Report.Cancelled:
				seen = append(seen, at+" cancelled")
			case e.Report != nil:
				seen = append(seen, fmt.Sprint(at, " ", e.Report.Outcome))
			case e.Retrying != "":
				seen = append(seen, at+" again: "+e.Retrying)
			default:
				seen = append(seen, at+" starts")
			}
		},
	})
	return v, seen
}

// lines shows reports one on a line.
func lines(reports []check.Report) []string {
	var out []string
	for _, r := range reports {
		line := fmt.Sprintf("%s: %s in %s, %d runs, %d attempts", r.Name, r.Outcome, r.Duration, r.Runs, r.Attempts)
		if r.Cancelled {
			line += ", cancelled"
		}
		if r.Reason != "" {
			line += ": " + r.Reason
		}
		out = append(out, line)
	}
	return out
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func is(t *testing.T, v check.Verdict, outcome check.Outcome, reason string) {
	t.Helper()
	if v.Outcome != outcome || v.Reason != reason {
		t.Errorf("%s: %s\nwant %s: %s", v.Outcome, v.Reason, outcome, reason)
	}
	reasons := []string{v.Reason}
	for _, r := range v.Checks {
		reasons = append(reasons, r.Reason)
	}
	if slices.ContainsFunc(reasons, func(s string) bool { return strings.ContainsAny(s, "\r\n") }) {
		t.Errorf("a reason isn't one line: %q", reasons)
	}
}

func took(t *testing.T, v check.Verdict, want time.Duration) {
	t.Helper()
	if v.Duration != want {
		t.Errorf("took %s, want %s", v.Duration, want)
	}
}
