package check

import (
	"encoding/json"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Report is what came of one check of a plan, all its runs together.
type Report struct {
	Name     string
	Kind     string
	Position strictyaml.Position
	Outcome  Outcome
	// Reason says on one line what was expected and what was seen. A check that passed only after something was
	// retried says so here.
	Reason string
	// Warning says on one line what went wrong beside the outcome: what couldn't be cleaned up.
	Warning string
	// Warn: the outcome doesn't count.
	Warn bool
	// PassInconclusive: on_inconclusive: pass holds for this check.
	PassInconclusive bool
	// Cancelled: the stage was over before the check was; its outcome doesn't count.
	Cancelled bool
	// Runs is how often the whole check ran (eventually); Attempts how often it asked, retries included.
	Runs     int
	Attempts int
	// Started and Duration are of all runs together.
	Started  time.Time
	Duration time.Duration
	// Requests are those of the last run.
	Requests []Request
}

// The kinds of report that show that green is green, beside those of the plan's checks.
const (
	// KindProof is how traffic is forwarded, and whether green's targets are healthy.
	KindProof = "proof"
	// KindIdentity is what answers at green's address.
	KindIdentity = "identity"
)

// ShowsGreen says that the report is to show that green is green, and isn't of one of the plan's checks.
func (r Report) ShowsGreen() bool { return r.Kind == KindProof || r.Kind == KindIdentity }

// CountChecks counts the reports that are of the plan's checks, and for which holds what is asked.
func (v Verdict) CountChecks(holds func(Report) bool) int {
	n := 0
	for _, r := range v.Checks {
		if !r.ShowsGreen() && holds(r) {
			n++
		}
	}
	return n
}

// Verdict is the answer of an execution.
type Verdict struct {
	// Outcome is the worst of the checks that count; inconclusive where no answer could be judged.
	Outcome Outcome
	// Succeeded is what CodeDeploy or ECS is told. It differs from Outcome only where on_inconclusive: pass decided.
	Succeeded bool
	// Reason says why on one line.
	Reason string
	// Rule names the plan's rule that decided, where one did: "on_inconclusive: pass".
	Rule       string
	Stage      lifecycle.Stage
	Deployment string
	// Found says on one line where green and blue were found; empty where nothing was looked for.
	Found string
	// Started and Duration are of all calls of the execution together.
	Started  time.Time
	Duration time.Duration
	// Checks are the plan's, in its order, with what was shown of green before and after them.
	Checks []Report
	// Suspended is set where there is no verdict yet: the execution goes on in another call. The verdict has not Succeeded
	// then, and its Checks are those that are over.
	Suspended *Suspension
}

// Suspension is how an execution goes on that one call has no time for, or should not wait for.
type Suspension struct {
	// State is what the next call begins with: a JSON object.
	State json.RawMessage
	// After is in how long the next call has something to ask; 0: at once.
	After time.Duration
	// Reason says on one line what is still to come.
	Reason string
}

// Refused makes the verdict of an execution in which no check could run.
func Refused(reason string) Verdict {
	return Verdict{Outcome: Failed, Reason: reason, Checks: []Report{}}
}
