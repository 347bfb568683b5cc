package gate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// notRun reports a check whose turn came when the stage was over, or its time up.
func notRun(ctx context.Context, c *plan.Check) check.Report {
	return check.Report{
		Name: c.Name, Kind: c.Kind, Position: c.At, Warn: c.Warn, PassInconclusive: c.PassInconclusive,
		Outcome: check.Inconclusive, Cancelled: over(ctx), Started: time.Now(),
		Reason: "not run: " + ended(ctx),
	}
}

// givenUp reports a check that would have gone on in another call, where there is none.
func (r *run) givenUp(ctx context.Context) check.Report {
	if r.runs == 0 {
		return notRun(ctx, r.check)
	}
	r.cancelled = over(ctx)
	return r.reported(ctx)
}

// reported makes the report of a check that is over.
func (r *run) reported(ctx context.Context) check.Report {
	report := check.Report{
		Name: r.check.Name, Kind: r.check.Kind, Position: r.check.At,
		Outcome: r.judged.Outcome, Reason: r.judged.Reason,
		Warn: r.check.Warn, PassInconclusive: r.check.PassInconclusive,
		Runs: r.runs, Attempts: r.attempts, Requests: r.judged.Requests, Warning: r.warning,
		Started: r.since, Duration: time.Since(r.since),
	}
	passed := report.Outcome == check.Passed
	switch {
	case passed && r.settled:
		report.Reason = joined(report.Reason, r.passedAfter(report.Duration))
	case r.cancelled:
		// What it saw so far might have changed in the time that it was not given.
		report.Outcome, report.Cancelled, report.Reason = check.Inconclusive, true, "cancelled: "+errOver.Error()
	case passed:
		report.Outcome, report.Reason = check.Inconclusive, r.tooLittle()+r.afterword(ctx, report.Duration)
	default:
		report.Reason += r.afterword(ctx, report.Duration)
	}
	return report
}

// joined makes one reason of two, of which either may be empty.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// passedAfter says what had to be asked again before a check passed; nothing where it passed at once.
func (r *run) passedAfter(took time.Duration) string {
	switch {
	case r.holding():
		return "passed " + r.soFar()
	case r.consecutive > 1 && r.runs > r.consecutive:
		return fmt.Sprintf("green answered %d requests in a row at request %d, after %s; before: %s", r.consecutive, r.runs, shown(took), r.before)
	case r.consecutive > 1:
		return fmt.Sprintf("green answered %d requests in a row", r.consecutive)
	case r.runs > 1:
		return fmt.Sprintf("passed at run %d, after %s", r.runs, shown(took))
	case r.before != "":
		return fmt.Sprintf("passed at attempt %d; before: %s", r.attempts, r.before)
	}
	return ""
}

// soFar says for how long, or how often in a row, a check has passed.
func (r *run) soFar() string {
	if r.holding() {
		held := min(time.Since(r.held), r.check.For.Lasting)
		if held > time.Minute {
			held = held.Round(time.Second)
		}
		return fmt.Sprintf("for %s of %s", shown(held), shown(r.check.For.Lasting))
	}
	return fmt.Sprintf("%d of %d times in a row", r.row, r.consecutive)
}

// tooLittle says what a check lacks that passed when it was asked last.
func (r *run) tooLittle() string {
	switch {
	case r.holding():
		return "passed, but only " + r.soFar()
	case r.before != "":
		return r.before + notGreenAlone
	}
	return "green answered only " + r.soFar()
}

// afterword says how much was tried before a check was given up, and what ended it where that wasn't its own timeout.
func (r *run) afterword(ctx context.Context, took time.Duration) string {
	var words []string
	switch {
	case r.holding() && r.settled:
		words = append(words, fmt.Sprintf("at run %d, after it had passed %s", r.runs, r.soFar()))
	case r.holding():
	case r.runs > 1:
		words = append(words, fmt.Sprintf("still so at run %d, after %s", r.runs, shown(took)))
	case r.attempts > 1:
		words = append(words, fmt.Sprintf("%d attempts in %s", r.attempts, shown(took)))
	}
	switch {
	case ctx.Err() != nil && !over(ctx):
		words = append(words, ended(ctx))
	case r.ranOut != "":
		words = append(words, r.ranOut)
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, "; ") + ")"
}

// resumed says how far a check had come that an earlier call began; nothing where it begins.
func (r *run) resumed() string {
	switch {
	case r.since.IsZero():
		return ""
	case r.row > 0:
		return fmt.Sprintf("after %d runs; it has passed %s", r.runs, r.soFar())
	}
	return fmt.Sprintf("after %d runs in %s", r.runs, shown(time.Since(r.since)))
}
