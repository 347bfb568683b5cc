package report

import (
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// Summary tells a verdict in at most so many bytes, for places that keep only the end of what a command writes: what
// decided, then each check that speaks against green, and what only warns, as far as there is room, and the counts.
func Summary(v check.Verdict, most int) string {
	first := headline(v)
	last := counts(v) + "\n"
	room := most - len(first) - len(last)
	var lines strings.Builder
	notable := notable(v)
	for i, r := range notable {
		line := "  " + notice(r) + "\n"
		more := fmt.Sprintf("  and %d more\n", len(notable)-i)
		if lines.Len()+len(line) > room || i < len(notable)-1 && lines.Len()+len(line)+len(more) > room {
			lines.WriteString(more)
			break
		}
		lines.WriteString(line)
	}
	return first + lines.String() + last
}

// longestLine of a summary, in bytes: what is said of one check leaves room for others.
const longestLine = 400

func headline(v check.Verdict) string {
	return shorten("greenlight: "+title(v)+": "+strings.TrimPrefix(clean(v.Reason), "inconclusive: "), 2*longestLine) + "\n"
}

// title says what came of what.
func title(v check.Verdict) string {
	title := v.Outcome.String()
	if v.Succeeded {
		title = "succeeded"
	}
	if v.Stage != "" {
		title += " at " + string(v.Stage)
	}
	if v.Deployment != "" {
		title += " of " + v.Deployment
	}
	return title
}

// notable are the checks that didn't pass, those that decide before those that only warn.
func notable(v check.Verdict) []check.Report {
	var decide, warn []check.Report
	for _, r := range v.Checks {
		switch {
		case r.Outcome == check.Passed || r.Cancelled:
		case r.Warn:
			warn = append(warn, r)
		default:
			decide = append(decide, r)
		}
	}
	return append(decide, warn...)
}

func notice(r check.Report) string {
	word := r.Outcome.String()
	if r.Warn {
		word += ", warns only"
	}
	return shorten(word+": "+clean(r.Name)+": "+clean(r.Reason), longestLine)
}

func counts(v check.Verdict) string {
	passed := 0
	for _, r := range v.Checks {
		if r.Outcome == check.Passed {
			passed++
		}
	}
	return fmt.Sprintf("  %d of %d checks passed in %s", passed, len(v.Checks), Elapsed(v.Duration))
}

// shorten cuts a text to so many bytes, between characters.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	const ellipsis = "…"
	return strings.ToValidUTF8(s[:most-len(ellipsis)], "") + ellipsis
}
