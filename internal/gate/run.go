package gate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// SpreadingWindow is how long a load balancer's own 502, 503 or 504 is taken for rules that still spread, within the
// check's timeout. After it, it is green's answer.
const SpreadingWindow = 10 * time.Second

// minDelay keeps a plan's `delay: 0s`, or runs that take longer than `every`, from asking green as fast as the
// processor can.
const minDelay = 10 * time.Millisecond

// run is one check on its way to a report.
type run struct {
	stage    *stage
	check    *plan.Check
	runs     int
	attempts int
	// noAnswer is why the last attempt that got no answer got none.
	noAnswer string
	// cancelled: the stage was over before the check had used what the plan gives it.
	cancelled bool
	// abandoned: the check didn't stop; to ask it again would make it run twice at once.
	abandoned bool
	// outOfBudget: the stage's budget, not the check's own time, left no room to ask again.
	outOfBudget bool
}

func newRun(s *stage, c *plan.Check) *run { return &run{stage: s, check: c} }

func (r *run) report(ctx context.Context) check.Report {
	started := time.Now()
	result := r.eventually(ctx)
	report := check.Report{
		Name: r.check.Name, Kind: r.check.Kind, Position: r.check.At,
		Outcome: result.Outcome, Reason: result.Reason,
		Warn: r.check.Warn, PassInconclusive: r.check.PassInconclusive,
		Runs: r.runs, Attempts: r.attempts, Requests: result.Requests,
		Started: started, Duration: time.Since(started),
	}
	switch {
	case result.Outcome == check.Passed:
		report.Reason = r.passedAfter(report.Duration)
	case r.cancelled:
		// What it saw so far might have changed in the time that it was not given.
		report.Outcome, report.Cancelled, report.Reason = check.Inconclusive, true, "cancelled: "+errOver.Error()
	default:
		report.Reason += r.afterword(ctx, report.Duration)
	}
	return report
}

// passedAfter says what had to be asked again before a check passed; nothing where it passed at once.
func (r *run) passedAfter(took time.Duration) string {
	switch {
	case r.runs > 1:
		return fmt.Sprintf("passed at run %d, after %s", r.runs, shown(took))
	case r.noAnswer != "":
		return fmt.Sprintf("passed at attempt %d; before: %s", r.attempts, r.noAnswer)
	}
	return ""
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
	switch {
	case ctx.Err() != nil && !over(ctx):
		words = append(words, ended(ctx))
	case r.outOfBudget:
		words = append(words, errBudget{r.stage.Asked.Budget}.Error())
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
		if result.Outcome == check.Passed || r.abandoned || r.stops(ctx, max(time.Until(next), minDelay), result) {
			return judged
		}
	}
}

// once is one run: asked again, within the check's timeout, as long as nothing answers.
func (r *run) once(ctx context.Context) check.Result {
	ctx, cancel := context.WithTimeout(ctx, r.check.Timeout)
	defer cancel()
	r.runs++
	delay := max(r.check.Retry.Delay, minDelay)
	var before check.Result
	var spreadingSince time.Time
	for attempt := 1; ; attempt++ {
		r.attempts++
		result := r.attempt(ctx)
		if result.Retry == check.RetrySpreading && spreadingSince.IsZero() {
			spreadingSince = time.Now()
		}
		switch {
		case ctx.Err() != nil && result.Outcome == check.Inconclusive && !r.abandoned:
			r.cancelled = over(ctx)
			if attempt > 1 {
				return before // cut off by the end of the time: the attempt before says more
			}
			return result
		case result.Retry == check.RetryNever,
			result.Retry == check.RetrySpreading && time.Since(spreadingSince) >= SpreadingWindow,
			attempt == r.check.Retry.Attempts,
			r.stops(ctx, delay, result):
			return result
		}
		before, r.noAnswer = result, result.Reason
		delay = min(delay*2, max(plan.MaxRetryDelay, r.check.Retry.Delay))
	}
}

// stops waits before the next time that the check is asked, because of the result; it gives true where there is none.
func (r *run) stops(ctx context.Context, delay time.Duration, because check.Result) bool {
	// Where the time would be up before anything could be asked again, the answer is due now.
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= delay {
		r.outOfBudget = end.Equal(r.stage.budgetEnd)
		r.cancelled = over(ctx)
		return true
	}
	r.stage.observe(Event{Check: r.check, Retrying: because.Reason})
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	r.cancelled = over(ctx)
	return ctx.Err() != nil
}

// oneLine holds a kind to its word: a reason fits a line.
func oneLine(r check.Result) check.Result {
	r.Reason = strictyaml.OneLine(r.Reason)
	return r
}
