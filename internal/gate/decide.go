package gate

import (
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// RuleInconclusivePass is the rule that lets a deployment go on without an answer to judge.
const RuleInconclusivePass = "on_inconclusive: pass"

func nothingAsked(s lifecycle.Stage) check.Verdict {
	reason := "nothing was asked: the plan has no checks for " + string(s)
	if !s.GreenAnswers() {
		reason += ", where green takes no requests yet"
	}
	return check.Verdict{Outcome: check.Passed, Succeeded: true, Reason: reason, Checks: []check.Report{}}
}

// counts says whether a report has a say in the verdict.
func counts(r check.Report) bool { return !r.Warn && !r.Cancelled }

// decide makes the verdict: the worst outcome of the checks that count.
func decide(reports []check.Report) check.Verdict {
	v := check.Verdict{Outcome: check.Passed, Checks: reports}
	var let []check.Report // inconclusive, and let through
	for _, r := range reports {
		switch {
		case !counts(r):
		case r.Outcome == check.Inconclusive && r.PassInconclusive:
			let = append(let, r)
		default:
			v.Outcome = max(v.Outcome, r.Outcome)
		}
	}
	v.Succeeded = v.Outcome == check.Passed
	switch {
	case !v.Succeeded:
		v.Reason = because(reports, v.Outcome)
	case len(let) > 0:
		v.Outcome, v.Rule = check.Inconclusive, RuleInconclusivePass
		v.Reason = because(let, check.Inconclusive) + "; let through by " + RuleInconclusivePass
	default:
		v.Reason = allPassed(reports)
	}
	return v
}

// because tells the first check that ended like this, and how many more did.
func because(reports []check.Report, outcome check.Outcome) string {
	var first *check.Report
	others := 0
	for i, r := range reports {
		switch {
		case !counts(r) || r.Outcome != outcome:
		case first == nil:
			first = &reports[i]
		default:
			others++
		}
	}
	if first == nil {
		return "no check came to an end"
	}
	reason := told(*first)
	if outcome == check.Inconclusive {
		reason = "inconclusive: " + reason
	}
	switch others {
	case 0:
		return reason
	case 1:
		return reason + fmt.Sprintf("; 1 more check %s", outcome)
	}
	return reason + fmt.Sprintf("; %d more checks %s", others, outcome)
}

func allPassed(reports []check.Report) string {
	passed := 0
	var warnings []string
	for _, r := range reports {
		if r.Outcome == check.Passed {
			passed++
		} else if r.Warn {
			warnings = append(warnings, told(r))
		}
	}
	reason := fmt.Sprintf("%d of %d checks passed", passed, len(reports))
	if len(reports) == 1 && passed == 1 {
		reason = reports[0].Name + " passed"
	}
	if len(warnings) > 0 {
		reason += "; warning: " + strings.Join(warnings, "; warning: ")
	}
	return reason
}

// told names the check and gives its reason, without saying the same twice: a check that has no name of its own is
// called by its request, with which the reason begins as well.
func told(r check.Report) string {
	method, path, isRequest := strings.Cut(r.Name, " ")
	if isRequest && strings.HasPrefix(r.Reason, method+" ") && strings.Contains(r.Reason, strings.TrimSpace(path)) {
		return r.Reason
	}
	return r.Name + ": " + r.Reason
}
