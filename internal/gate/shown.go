package gate

import (
	"context"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// What shows that green is green. No rule of the plan lets it through where it isn't passed: without it the checks prove
// nothing.
const (
	nameProof    = "green is green"
	nameIdentity = "identity"
	// afterwards is added to the name of what is shown again when the checks are over.
	afterwards = ", again"
)

// ProofWithin is how long a proof is asked for that may still be shown: targets of a group that has just been registered
// are healthy after five successful checks, one every 30 s, unless the group says otherwise, and a little more.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
const ProofWithin = 3 * time.Minute

// ProofEvery is the time from one asking to the next: targets don't change their health faster than every 5 s.
const ProofEvery = 2 * time.Second

// ProofTimeout bounds one asking, which is a few calls of AWS's APIs.
const ProofTimeout = 5 * time.Second

const (
	notGreen      = ": it isn't green that answers here"
	notGreenAlone = ": it isn't green alone that answers here"
)

// proof is Execution.Prove as a check.
type proof func(context.Context) check.Result

func (proof) Title() string { return nameProof }

func (p proof) Run(ctx context.Context, _ check.Scope) check.Result { return p(ctx) }

// showing are the runs that show that green is green.
func (s *stage) showing(suffix string) []*run {
	var runs []*run
	if s.Prove != nil {
		runs = append(runs, &run{stage: s, consecutive: 1, check: &plan.Check{
			Name: nameProof + suffix, Kind: check.KindProof, Timeout: ProofTimeout, Retry: plan.Retry{Attempts: 1},
			Eventually: &plan.Eventually{Within: ProofWithin, Every: ProofEvery}, Check: proof(s.Prove),
		}})
	}
	if identity := s.Asked.Identity; identity != nil {
		asked := *identity.Check
		asked.Name, asked.Kind = nameIdentity+suffix, check.KindIdentity
		runs = append(runs, &run{stage: s, consecutive: identity.Consecutive, check: &asked})
	}
	return runs
}

// shows says that the run is to show that green is green, and isn't one of the plan's checks.
func (r *run) shows() bool {
	return r.check.Kind == check.KindProof || r.check.Kind == check.KindIdentity
}

// isFinal says of what doesn't show that green is green that asking again won't either. A wrong answer to the identity
// is no such result: until a rule has spread blue may answer.
func (r *run) isFinal(result check.Result) bool {
	return result.Retry == check.RetryNever && (r.check.Kind == check.KindProof || result.Outcome == check.Inconclusive)
}

// ofGreen takes a wrong answer for none, where it is open whose it is.
func (r *run) ofGreen(result check.Result) check.Result {
	if !r.shows() || result.Outcome != check.Failed {
		return result
	}
	if r.check.Kind == check.KindIdentity && result.Retry == check.RetryNever {
		result.Reason += notGreen
	}
	result.Outcome = check.Inconclusive
	return result
}

// leaving is when a proof has to be shown so that the checks behind it have their time, where no budget bounds both.
func (s *stage) leaving(r *run) time.Time {
	if s.end.IsZero() || s.Asked.Budget > 0 {
		return time.Time{}
	}
	for _, before := range s.before {
		if before == r {
			return s.end.Add(-need(s.Asked))
		}
	}
	return s.end
}
