// Package doctor reads what surrounds a deployment in an account (the function and its roles, the deployment group or ECS
// service, its load balancer, the network between them, the plan) and says what would go wrong in a deployment. It calls
// nothing that changes anything.
//
// Each area is read first, all of its answers with their errors, and judged after: what judges is a function of what was
// read alone.
package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// Status is what came of looking at one thing.
type Status int

const (
	// Pass: it is as it should be.
	Pass Status = iota
	// Warn: deployments work, but not as well, or not always.
	Warn
	// Fail: deployments or their hooks will go wrong.
	Fail
	// Skip: it could not be read.
	Skip
)

// String gives the status as users see it: pass, warn, fail or skip.
func (s Status) String() string {
	switch s {
	case Warn:
		return "warn"
	case Fail:
		return "fail"
	case Skip:
		return "skip"
	default:
		return "pass"
	}
}

// MarshalText writes the status as String gives it.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is what was found of one thing.
type Finding struct {
	// Area groups findings: "function CodeDeployHook_check", "network", "plan".
	Area string `json:"area"`
	// Check names what was looked at; it never changes from release to release: "function-timeout".
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Text is what was found, in a line.
	Text string `json:"text"`
	// Remedy is what to do: commands to paste, or a setting; several lines, or empty.
	Remedy string `json:"remedy,omitempty"`
	// Missing is the permission that reading it takes and that the caller doesn't have; empty but for Skip.
	Missing string `json:"missing_permission,omitempty"`
}

// Report is all that was found.
type Report struct {
	// About is what was looked at, in a line.
	About string `json:"about"`
	// Findings are by area: what is deployed and how, then each function with its permissions, network and plan.
	Findings []Finding `json:"findings"`
	// Unread names the subjects that were asked about and couldn't be read at all: a verdict about the rest isn't one about
	// the whole.
	Unread []string `json:"unread"`
}

// Count counts the findings of a status.
func (r Report) Count(s Status) int {
	n := 0
	for _, f := range r.Findings {
		if f.Status == s {
			n++
		}
	}
	return n
}

// area collects the findings of one area.
type area struct {
	name     string
	findings []Finding
}

func (a *area) add(status Status, check, remedy, format string, args ...any) {
	a.findings = append(a.findings, Finding{Area: a.name, Check: check, Status: status, Remedy: remedy, Text: fmt.Sprintf(format, args...)})
}

func (a *area) pass(check, format string, args ...any) { a.add(Pass, check, "", format, args...) }

func (a *area) warn(check, remedy, format string, args ...any) {
	a.add(Warn, check, remedy, format, args...)
}

func (a *area) fail(check, remedy, format string, args ...any) {
	a.add(Fail, check, remedy, format, args...)
}

// skip says that something couldn't be read, and why.
func (a *area) skip(check, what string, why error) {
	f := Finding{Area: a.name, Check: check, Status: Skip, Text: what + " could not be read: " + reason(why)}
	if missing := missingPermission(why); missing != "" {
		f.Missing = missing
		f.Text = what + " could not be read: missing permission " + missing
		f.Remedy = "allow it to whoever runs this: greenlight doctor --policy --feature doctor prints the whole policy"
	}
	a.findings = append(a.findings, f)
}

// quantity counts in words: "1 target", "3 targets".
func quantity(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// listed joins names as a sentence does: "a", "a and b", "a, b and c".
func listed(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// unique are the names without empty ones and repetitions, in their order.
func unique(names []string) []string {
	var out []string
	for _, name := range names {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
