package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// MaxState is the most that a call leaves to the next, in bytes. It travels in an event, beside what others put there:
// Lambda takes 256 KB of an asynchronous one, and how much Amazon ECS hands back isn't documented.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MaxState = 24 << 10

// stateVersion is that of the form of a state: one of another greenlight is refused, not misread.
const stateVersion = 1

// state is what a call leaves to the next. It holds outcomes and reasons, which stand in the log as well, and neither
// requests nor answers. Times are in microseconds after Since.
type state struct {
	Version     int         `json:"v"`
	Fingerprint string      `json:"plan"`
	Since       int64       `json:"since"` // microseconds of Unix time
	Runs        []*runState `json:"runs"`  // in the order of stage.all; null: it hasn't begun
}

// runState is a run that is over, where Outcome is set, or how far it has come.
type runState struct {
	Outcome   *check.Outcome `json:"o,omitempty"`
	Cancelled bool           `json:"c,omitempty"`
	Took      int64          `json:"t,omitempty"`

	Since    int64  `json:"s"`
	Runs     int    `json:"r,omitempty"`
	Attempts int    `json:"a,omitempty"`
	Reason   string `json:"w,omitempty"`

	Due    int64          `json:"d,omitempty"`
	Row    int            `json:"n,omitempty"`
	Held   *int64         `json:"h,omitempty"`
	Judged *check.Outcome `json:"j,omitempty"`
	Before string         `json:"b,omitempty"`

	Warning string `json:"x,omitempty"`
}

// suspended makes the verdict of a call that leaves something to the next.
func (s *stage) suspended() check.Verdict {
	state, err := s.state()
	if err != nil {
		return check.Refused(err.Error())
	}
	next := s.next()
	reason := s.toCome(next)
	return check.Verdict{
		Outcome: check.Inconclusive, Reason: "in progress: " + reason, Checks: s.reports(),
		Suspended: &check.Suspension{State: state, After: next, Reason: reason},
	}
}

// next is in how long something is to be asked.
func (s *stage) next() time.Duration {
	if !s.CallsBack {
		return 0
	}
	var next time.Time
	for _, phase := range []struct {
		runs  []*run
		limit int
	}{{s.before, 1}, {s.checks, s.limit()}, {s.after, 1}} {
		begun, left := 0, 0
		for _, r := range phase.runs {
			switch {
			case r.report != nil:
			case r.since.IsZero():
				left++
			default:
				begun++
				next = earlier(next, r.due)
			}
		}
		switch {
		case left > 0 && begun < phase.limit:
			return 0
		case begun > 0:
			return max(time.Until(next), 0)
		}
	}
	return 0
}

// toCome says what is over, and what the execution goes on with.
func (s *stage) toCome(next time.Duration) string {
	reason := fmt.Sprintf("%d of %d checks are over", finished(s.checks), len(s.checks))
	for _, r := range s.all() {
		if r.report != nil || r.since.IsZero() {
			continue
		}
		reason += "; " + r.check.Name
		switch {
		case r.row > 0:
			reason += " has passed " + r.soFar()
		case r.judged.Reason != "":
			reason += ": " + r.judged.Reason
		}
		break
	}
	if next > 0 {
		reason += "; asked again in " + shown(next)
	}
	return reason
}

// state writes down what the next call is to know. Reasons are cut where there are too many of them.
func (s *stage) state() (json.RawMessage, error) {
	var size int
	for _, longest := range []int{300, 100, 30, 0} {
		text, err := json.Marshal(s.kept(longest))
		if err != nil {
			return nil, fmt.Errorf("writing down what the next call is to know: %w", err)
		}
		if size = len(text); size <= MaxState {
			return text, nil
		}
	}
	return nil, fmt.Errorf("the state of %d checks takes %d bytes, and at most %d can be handed to the next call: spread the checks over several stages", len(s.checks), size, MaxState)
}

func (s *stage) kept(longest int) state {
	kept := state{Version: stateVersion, Fingerprint: s.Asked.Fingerprint, Since: s.since.UnixMicro()}
	for _, r := range s.all() {
		kept.Runs = append(kept.Runs, r.kept(longest))
	}
	return kept
}

func (r *run) kept(longest int) *runState {
	after := func(t time.Time) int64 { return t.UnixMicro() - r.stage.since.UnixMicro() }
	switch {
	case r.report != nil:
		return &runState{
			Outcome: &r.report.Outcome, Cancelled: r.report.Cancelled, Took: r.report.Duration.Microseconds(), Since: after(r.report.Started),
			Runs: r.report.Runs, Attempts: r.report.Attempts, Reason: cut(r.report.Reason, longest), Warning: cut(r.report.Warning, longest),
		}
	case r.since.IsZero():
		return nil
	}
	kept := &runState{
		Since: after(r.since), Runs: r.runs, Attempts: r.attempts, Due: after(r.due), Row: r.row,
		Reason: cut(r.judged.Reason, longest), Before: cut(r.before, longest), Warning: cut(r.warning, longest),
	}
	if r.holding() {
		held := after(r.held)
		kept.Held = &held
	}
	if r.runs > 0 {
		kept.Judged = &r.judged.Outcome
	}
	return kept
}

// cut shortens a reason to so many characters.
func cut(reason string, longest int) string {
	if runes := []rune(reason); len(runes) > longest {
		return string(runes[:max(longest-1, 0)]) + "…"
	}
	return reason
}

// errPlanChanged: the checks of two plans make no verdict.
var errPlanChanged = errors.New("the plan asks something else of this stage than it did when the execution began: deploy again")

// resume takes up what the call before left.
func (s *stage) resume(text json.RawMessage) error {
	var kept state
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("reading what the call before left: %w", err)
	}
	runs := s.all()
	switch {
	case kept.Version != stateVersion:
		return fmt.Errorf("reading what the call before left: it has version %d, and this greenlight reads version %d: deploy again", kept.Version, stateVersion)
	case kept.Fingerprint != s.Asked.Fingerprint || len(kept.Runs) != len(runs):
		return errPlanChanged
	}
	s.since = time.UnixMicro(kept.Since).Add(-s.Leapt)
	for i, r := range runs {
		if err := r.resume(kept.Runs[i]); err != nil {
			return fmt.Errorf("reading what the call before left of %s: %w", r.check.Name, err)
		}
	}
	return nil
}

func (r *run) resume(kept *runState) error {
	if kept == nil {
		return nil
	}
	for _, outcome := range []*check.Outcome{kept.Outcome, kept.Judged} {
		if outcome != nil && (*outcome < check.Passed || *outcome > check.Failed) {
			return fmt.Errorf("there is no outcome %d", *outcome)
		}
	}
	reason, warning := strictyaml.OneLine(kept.Reason), strictyaml.OneLine(kept.Warning)
	at := func(after int64) time.Time { return r.stage.since.Add(time.Duration(after) * time.Microsecond) }
	if kept.Outcome != nil {
		r.report = &check.Report{
			Name: r.check.Name, Kind: r.check.Kind, Position: r.check.At, Warn: r.check.Warn, PassInconclusive: r.check.PassInconclusive,
			Outcome: *kept.Outcome, Reason: reason, Warning: warning, Cancelled: kept.Cancelled, Runs: kept.Runs, Attempts: kept.Attempts,
			Started: at(kept.Since), Duration: time.Duration(kept.Took) * time.Microsecond,
		}
		return nil
	}
	r.progress = progress{
		since: at(kept.Since), due: at(kept.Due), runs: kept.Runs, attempts: kept.Attempts, row: kept.Row, before: strictyaml.OneLine(kept.Before), warning: warning,
		judged: check.Result{Outcome: check.Inconclusive, Reason: reason},
	}
	if kept.Judged != nil {
		r.judged.Outcome = *kept.Judged
	}
	if kept.Held != nil {
		if r.check.For == nil {
			return errors.New("it has passed for some time, and isn't asked to")
		}
		r.held = at(*kept.Held)
	}
	return nil
}
