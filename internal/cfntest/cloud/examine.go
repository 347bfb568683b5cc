package cloud

import (
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// Examine has doctor read the account as it reads any: with the SDK's clients, over HTTP. The plan in o may be empty.
func (a *Account) Examine(o doctor.Options) doctor.Report {
	a.t.Helper()
	o.Parse = plan.Language{Kinds: registry.Kinds(registry.Environment{})}.Parse
	report, err := doctor.Examine(a.t.Context(), doctor.NewClients(a.AWS()), o)
	if err != nil {
		a.t.Fatal(err)
	}
	return report
}

// Planted is a fault that is planted in an account, and what doctor must say of it.
type Planted struct {
	// Check, Status and Text are of the finding that tells of the fault; the finding's text must hold Text.
	Check  string
	Status doctor.Status
	Text   string
	// Follows are the checks whose findings follow from the fault. No other may be but right.
	Follows []string
}

// MustFind fails the test where a report doesn't tell of the fault, or tells of more than follows from it.
func (p Planted) MustFind(t T, r doctor.Report) {
	t.Helper()
	if !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool {
		return f.Check == p.Check && f.Status == p.Status && strings.Contains(f.Text, p.Text)
	}) {
		t.Errorf("no finding is %s, %s, with %q", p.Check, p.Status, p.Text)
	}
	for _, f := range r.Findings {
		if f.Status != doctor.Pass && f.Check != p.Check && !slices.Contains(p.Follows, f.Check) {
			t.Errorf("what doesn't follow from the fault: %s: %s %s: %s", f.Area, f.Check, f.Status, f.Text)
		}
	}
	for _, check := range p.Follows {
		if !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool { return f.Check == check && f.Status != doctor.Pass }) {
			t.Errorf("%s was said to follow, and doesn't", check)
		}
	}
	if t.Failed() {
		for _, f := range r.Findings {
			t.Logf("%s %s: %s", f.Check, f.Status, f.Text)
		}
	}
}

// MustBeRight fails the test where anything is wrong, or couldn't be read.
func MustBeRight(t T, r doctor.Report) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Status != doctor.Pass {
			t.Errorf("%s: %s %s: %s", f.Area, f.Check, f.Status, f.Text)
		}
	}
	if len(r.Unread) > 0 {
		t.Errorf("unread are %v", r.Unread)
	}
	// Nothing would be wrong in an account of which nothing was looked at.
	const fewest = 20
	if len(r.Findings) < fewest {
		t.Errorf("there are %d findings, expected at least %d", len(r.Findings), fewest)
	}
}
