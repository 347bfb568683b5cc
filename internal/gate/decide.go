package gate

import (
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// The rules of a plan that decide without, or against, what the checks say.
const (
	// RuleInconclusivePass lets a deployment go on without an answer to judge.
	RuleInconclusivePass = "on_inconclusive: pass"
	// RuleRollbackPass lets a deployment through that rolls another one back: it must not be the gate that keeps what
	// worked from coming back.
	RuleRollbackPass = "on_rollback: pass"
	// RuleCreatePass lets the first deployment of a service through.
	RuleCreatePass = "on_create: pass"
)

// WithoutAsking makes the verdict of an execution for which nothing is asked, if it is one.
func WithoutAsking(e Execution) (check.Verdict, bool) {
	switch {
	case e.Asked == nil:
		return nothingAsked(e.Stage), true
	case e.Rollback && !e.Asked.RunOnRollback:
		return letGo("this deployment is a rollback", RuleRollbackPass), true
	case e.First && e.Asked.PassOnCreate:
		return letGo("this deployment is the service's first", RuleCreatePass), true
	}
	return check.Verdict{}, false
}

func letGo(fact, rule string) check.Verdict {
	return check.Verdict{
		Outcome: check.Passed, Succeeded: true, Rule: rule, Checks: []check.Report{},
		Reason: "nothing was asked: " + fact + "; let through by " + rule,
	}
}

func nothingAsked(s lifecycle.Stage) check.Verdict {
	at := string(s)
	if s == "" {
		at = "a stage that isn't known"
	}
	reason := "nothing was asked: the plan has no checks for " + at
	if !s.GreenAnswers() {
		reason += ", where green takes no requests yet"
	}
	return check.Verdict{Outcome: check.Passed, Succeeded: true, Reason: reason, Checks: []check.Report{}}
}

// counts says whether a report has a say in the verdict.
func counts(r check.Report) bool { return !r.Warn && !r.Cancelled }

// letThrough says that the plan's rule takes a report's missing answer for none at all.
func letThrough(r check.Report) bool { return r.Outcome == check.Inconclusive && r.PassInconclusive }

// decide makes the verdict: the worst outcome of the checks that count.
func decide(reports []check.Report) check.Verdict {
	v := check.Verdict{Outcome: check.Passed, Checks: reports}
	var let, worst []check.Report
	for _, r := range reports {
		switch {
		case !counts(r):
		case letThrough(r):
			let = append(let, r)
		case r.Outcome > v.Outcome:
			v.Outcome, worst = r.Outcome, []check.Report{r}
		case r.Outcome == v.Outcome:
			worst = append(worst, r)
		}
	}
	v.Succeeded = v.Outcome == check.Passed
	switch {
	case !v.Succeeded:
		v.Reason = because(worst)
	case len(let) > 0:
		v.Outcome, v.Rule = check.Inconclusive, RuleInconclusivePass
		v.Reason = because(let) + "; let through by " + RuleInconclusivePass
	default:
		v.Reason = allPassed(reports)
	}
	return v
}

// because tells the first of the checks that decided, all of one outcome, and how many more there are.
func because(deciding []check.Report) string {
	outcome, reason := deciding[0].Outcome, told(deciding[0])
	if outcome == check.Inconclusive {
		reason = "inconclusive: " + reason
	}
	return reason + andMore(len(deciding)-1, "check", outcome.String())
}

// andMore counts what a reason of one line has no room for.
func andMore(n int, noun, what string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return strings.TrimRight(fmt.Sprintf("; 1 more %s %s", noun, what), " ")
	}
	return strings.TrimRight(fmt.Sprintf("; %d more %ss %s", n, noun, what), " ")
}

func allPassed(reports []check.Report) string {
	var passed, warnings []check.Report
	checks := 0
	for _, r := range reports {
		if r.ShowsGreen() {
			continue
		}
		checks++
		switch {
		case r.Outcome == check.Passed && r.Warning != "":
			passed = append(passed, r)
			r.Reason = r.Warning
			warnings = append(warnings, r)
		case r.Outcome == check.Passed:
			passed = append(passed, r)
		case r.Warn:
			warnings = append(warnings, r)
		}
	}
	reason := fmt.Sprintf("%d of %d checks passed", len(passed), checks)
	if checks == 1 && len(passed) == 1 {
		reason = passed[0].Name + " passed"
	}
	if len(warnings) > 0 {
		reason += "; warning: " + told(warnings[0]) + andMore(len(warnings)-1, "warning", "")
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
