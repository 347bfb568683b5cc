package gate

import (
	"context"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// minDelay keeps a plan's `delay: 0s`, or runs that take longer than `every`, from asking green as fast as the
// processor can.
const minDelay = 10 * time.Millisecond

// run is one check on its way to a report.
type run struct {
	stage *stage
	check *plan.Check
	// consecutive is how many runs in a row must pass.
	consecutive int
	progress
	// report is set when the check is over.
	report *check.Report

	// passed counts the runs from the one on that was held.
	passed int
	// settled: the check's own rules, and not the end of some time, ended it.
	settled bool
	// cancelled: the stage was over before the check had used what the plan gives it.
	cancelled bool
	// abandoned: the check didn't stop; to ask it again would make it run twice at once.
	abandoned bool
	// ranOut says which time, if not the check's own, left no room to ask again.
	ranOut string
}

// progress is how far a check has come that isn't over: what one call leaves to the next.
type progress struct {
	since    time.Time // when it began; zero: it hasn't
	due      time.Time // of the next run
	runs     int
	attempts int
	row      int          // how many runs in a row have passed
	held     time.Time    // the start of the first of the runs that must go on passing; zero: it has not passed yet
	judged   check.Result // what came of the last whole run
	// before is why it was asked again, the last time that it was.
	before string
	// warning is what went wrong beside the outcome, the last time that something did.
	warning string
}

// advance runs the check until it is over. It gives false where it is left to another call.
func (r *run) advance(ctx context.Context) (check.Report, bool) {
	now := time.Now()
	if r.since.IsZero() {
		r.since, r.due = now, now
	}
	until := r.until(now)
	for {
		if !r.stage.round.wait(ctx, r) {
			return check.Report{}, false
		}
		if ctx.Err() != nil {
			r.cancelled = over(ctx)
			return r.reported(ctx), true
		}
		began := time.Now()
		r.take(ctx, r.once(ctx, until), began, until)
		if r.settled || r.abandoned || !r.goesOn(ctx, began, until) {
			return r.reported(ctx), true
		}
	}
}

// until is when a check must have passed that is asked more than once; zero where it is asked once.
func (r *run) until(now time.Time) time.Time {
	if r.check.Eventually == nil {
		return time.Time{}
	}
	until := r.since.Add(r.check.Eventually.Within)
	if r.shows() {
		until = earlier(until, r.stage.leaving(r))
	}
	// A run that was due in time is made, also where the call that makes it comes late.
	if least := now.Add(r.longest()); until.Before(least) {
		return least
	}
	return until
}

// longest is the most that one run takes.
func (r *run) longest() time.Duration {
	longest := r.check.Timeout
	if r.check.Eventually != nil && !r.holding() {
		longest = min(longest, r.check.Eventually.Within)
	}
	if budget := r.stage.Asked.Budget; budget > 0 {
		longest = min(longest, budget)
	}
	return longest
}

// holding says that the check has passed, and is to pass for some time.
func (r *run) holding() bool { return !r.held.IsZero() }

// take takes what came of a run.
func (r *run) take(ctx context.Context, result check.Result, began, until time.Time) {
	passed := result.Outcome == check.Passed
	late := ctx.Err() != nil || !until.IsZero() && !r.holding() && !time.Now().Before(until)
	if late && r.runs > 1 && result.Outcome == check.Inconclusive {
		return // cut off by the end of the time: the whole run before says more
	}
	r.settled = r.settles(result, began)
	if r.judged = r.ofGreen(result); !passed && r.consecutive > 1 {
		r.before = result.Reason
	}
	switch {
	case !passed:
		r.row = 0
	case !r.holding():
		r.row++
		if r.row >= r.consecutive && r.check.For != nil {
			r.held, r.passed = began, 1
		}
	default:
		r.passed++
	}
}

// settles says whether a run is the last one by the check's own rules.
func (r *run) settles(result check.Result, began time.Time) bool {
	passed := result.Outcome == check.Passed
	switch {
	case r.holding():
		return !passed || r.lasted(began)
	case passed:
		return r.row+1 >= r.consecutive && r.check.For == nil
	case r.shows():
		return r.isFinal(result)
	}
	return r.check.Eventually == nil
}

// lasted says that a run that passes is the last one, of a check that has passed before.
func (r *run) lasted(began time.Time) bool {
	if runs := r.check.For.Runs; runs > 0 {
		return r.passed+1 >= runs
	}
	return !began.Before(r.held.Add(r.check.For.Lasting))
}

// next is when a check is due again that is to pass for some time.
func (r *run) next(began time.Time) time.Time {
	next := began.Add(r.check.For.Every)
	if r.check.For.Runs > 0 {
		return next
	}
	return earlier(next, r.held.Add(r.check.For.Lasting))
}

// goesOn says whether there is another run, and when.
func (r *run) goesOn(ctx context.Context, began, until time.Time) bool {
	least := time.Now().Add(minDelay)
	end := r.stage.end
	if r.holding() {
		r.due = r.next(began)
	} else {
		if most := r.check.Eventually.Runs; most > 0 && r.runs >= most {
			return false
		}
		r.due, end = began.Add(r.check.Eventually.Every), earlier(end, until)
	}
	if r.due.Before(least) {
		r.due = least
	}
	// Where the time would be up before anything could be asked again, the answer is due now.
	if !end.IsZero() && !r.due.Before(end) {
		r.ranOut, r.cancelled = r.stage.ranOut(end), over(ctx)
		return false
	}
	event := Event{Check: r.check, Retrying: r.judged.Reason}
	if r.row > 0 {
		event = Event{Check: r.check, Holding: r.soFar()}
	}
	r.stage.observe(event)
	return true
}

// once is one run: asked again, within the check's timeout, as long as nothing answers.
func (r *run) once(ctx context.Context, until time.Time) check.Result {
	began := time.Now()
	end := began.Add(r.check.Timeout)
	if !r.holding() {
		end = earlier(end, until)
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	end, _ = ctx.Deadline() // the stage's may be before
	given := end.Sub(began)
	r.runs++
	delay := max(r.check.Retry.Delay, minDelay)
	var before check.Result
	var spreadingSince time.Time
	for attempt := 1; ; attempt++ {
		r.attempts++
		result := r.attempt(ctx, given)
		given = 0 // of the next it isn't known: what is left then
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
			result.Retry == check.RetrySpreading && time.Since(spreadingSince) >= check.SpreadingWindow,
			attempt == r.check.Retry.Attempts,
			r.stops(ctx, delay, result):
			return result
		}
		before, r.before = result, result.Reason
		delay = min(delay*2, max(plan.MaxRetryDelay, r.check.Retry.Delay))
	}
}

// stops waits before the next time that the check is asked, because of the result; it gives true where there is none.
func (r *run) stops(ctx context.Context, delay time.Duration, because check.Result) bool {
	// Where the time would be up before anything could be asked again, the answer is due now.
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= delay {
		r.ranOut, r.cancelled = r.stage.ranOut(end), over(ctx)
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
