package gate

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// SpreadingWindow is how long a load balancer's own 502, 503 or 504 is taken for rules that still spread, within the
// check's timeout. After it, it is green's answer.
const SpreadingWindow = 10 * time.Second

// minRetryDelay keeps a plan's `delay: 0s` from asking a refusing port as fast as the processor can.
const minRetryDelay = 10 * time.Millisecond

// run is one check on its way to a report.
type run struct {
	stage    *stage
	check    *plan.Check
	runs     int
	attempts int
	// noAnswer is why the last attempt that got no answer got none.
	noAnswer string
}

func newRun(s *stage, c *plan.Check) *run { return &run{stage: s, check: c} }

func (r *run) report(ctx context.Context) check.Report {
	started := time.Now()
	result := r.eventually(ctx)
	report := check.Report{
		Name: r.check.Name, Kind: r.check.Kind, Position: r.check.At,
		Outcome: result.Outcome, Reason: result.Reason,
		Warn: r.check.Warn, PassInconclusive: r.check.PassInconclusive,
		Cancelled: over(ctx) && result.Outcome == check.Inconclusive,
		Runs:      r.runs, Attempts: r.attempts, Requests: result.Requests,
		Started: started, Duration: time.Since(started),
	}
	switch {
	case report.Cancelled:
		report.Reason = "cancelled: " + errOver.Error()
	case result.Outcome == check.Passed && r.noAnswer != "":
		report.Reason = fmt.Sprintf("passed at attempt %d; before: %s", r.attempts, r.noAnswer)
	case result.Outcome == check.Passed && r.runs > 1:
		report.Reason = fmt.Sprintf("passed at run %d, after %s", r.runs, shown(report.Duration))
	case result.Outcome != check.Passed:
		report.Reason += r.afterword(ctx, report.Duration)
	}
	return report
}

// afterword says how much was tried before a check was given up, and what ended it where that wasn't its own timeout.
func (r *run) afterword(ctx context.Context, took time.Duration) string {
	var words []string
	switch {
	case r.runs > 1:
		words = append(words, fmt.Sprintf("still so at run %d, after %s", r.runs, shown(took)))
	case r.attempts > 1:
		words = append(words, fmt.Sprintf("%d attempts in %s", r.attempts, shown(took)))
	}
	if budget := (errBudget{}); errors.As(context.Cause(ctx), &budget) {
		words = append(words, budget.Error())
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, "; ") + ")"
}

// eventually runs the check until it passes or its time is up; once, where the plan doesn't ask for more.
func (r *run) eventually(ctx context.Context) check.Result {
	if r.check.Eventually == nil {
		return r.once(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, r.check.Eventually.Within)
	defer cancel()
	var judged check.Result
	for {
		next := time.Now().Add(r.check.Eventually.Every)
		result := r.once(ctx)
		// A run that the end of the time cut off says less than the whole one before it.
		if r.runs == 1 || ctx.Err() == nil || result.Outcome != check.Inconclusive {
			judged = result
		}
		if result.Outcome == check.Passed || !wait(ctx, time.Until(next)) {
			return judged
		}
		r.stage.observe(Event{Check: r.check, Retrying: result.Reason})
	}
}

// once is one run: asked again, within the check's timeout, as long as nothing answers.
func (r *run) once(ctx context.Context) check.Result {
	ctx, cancel := context.WithTimeout(ctx, r.check.Timeout)
	defer cancel()
	r.runs++
	delay := max(r.check.Retry.Delay, minRetryDelay)
	var before check.Result
	var spreadingSince time.Time
	for attempt := 1; ; attempt++ {
		r.attempts++
		result := r.attempt(ctx)
		if result.Retry == check.RetrySpreading && spreadingSince.IsZero() {
			spreadingSince = time.Now()
		}
		switch {
		case attempt > 1 && ctx.Err() != nil && result.Outcome == check.Inconclusive:
			return before // cut off by the end of the time: the attempt before says more
		case result.Retry == check.RetryNever,
			result.Retry == check.RetrySpreading && time.Since(spreadingSince) >= SpreadingWindow,
			attempt == r.check.Retry.Attempts,
			!wait(ctx, delay):
			return result
		}
		before, r.noAnswer = result, result.Reason
		r.stage.observe(Event{Check: r.check, Retrying: result.Reason})
		delay = min(delay*2, max(plan.MaxRetryDelay, r.check.Retry.Delay))
	}
}

// attempt asks once. A check that panics has failed, and says with what: it must not take the answer with it.
func (r *run) attempt(ctx context.Context) (result check.Result) {
	defer func() {
		if p := recover(); p != nil {
			r.stage.Scope.Logger.ErrorContext(ctx, "check panicked", "check", r.check.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			result = check.Result{Outcome: check.Failed, Reason: "the check panicked: " + strictyaml.OneLine(fmt.Sprint(p))}
		}
	}()
	return r.check.Run(ctx, r.stage.Scope)
}

// wait gives false when the time is up first, or would be before anything could be asked again.
func wait(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
