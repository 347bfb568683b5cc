package hook

import (
	"encoding/json"
	"fmt"
	"time"
)

// MaxState is the most that a verdict of InProgress may leave for the next round, in bytes of
// JSON. It travels in ECS's hookDetails, whose limit isn't documented, and in the payload of an
// asynchronous invocation, for which Lambda allows 1 MB and has allowed 256 KB.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MaxState = 32 << 10

// maxDetails bounds the hookDetails of an answer to ECS, the user's own included.
const maxDetails = 2 * MaxState

// DefaultECSLimit is how long an execution for Amazon ECS may take over all its rounds. It is
// below the 24 hours after which ECS gives a hook up by default, so that the end has a reason.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html#lambda-hook-timeout
const DefaultECSLimit = 23 * time.Hour

// codeDeployLimit is how long an execution for CodeDeploy may take over all its rounds. CodeDeploy
// fails an event after an hour, counted from before its first invocation, which may have had to
// queue; and the verdict has to be reported, over an outage of a minute or two if need be.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
const codeDeployLimit = 55 * time.Minute

// pauseMargin is what is kept from the end of a pause for the answer; from one of less than ten
// minutes a tenth of it.
const pauseMargin = time.Minute

// maxHandOvers is how often a function invokes itself for one execution. Lambda drops the
// invocation that follows on about sixteen in one chain, of which CodeDeploy's own is the first. With
// twelve a function of five minutes lasts through CodeDeploy's hour, and "about" has some room.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
const maxHandOvers = 12

// memberKey is where the progress of an execution stands: in the hookDetails of ECS, and in the
// event of a hand-over, beside what was there before.
const memberKey = "greenlight"

// A progress is what a round needs to know of those before it.
type progress struct {
	Round     int       `json:"round"` // the one that it is for: at least 1
	Began     time.Time `json:"began"`
	NotBefore time.Time `json:"notBefore,omitzero"` // when the round is to decide, where nobody else waits for that
	State     string    `json:"state,omitempty"`    // JSON in a string: who carries it may write numbers anew, and lose digits
}

// resume takes over the progress among fields, if there is any, or says in a few words why it can't.
func (e *event) resume(fields map[string]json.RawMessage) string {
	raw, ok := fields[memberKey]
	if !ok {
		return ""
	}
	var p progress
	if err := json.Unmarshal(raw, &p); err != nil || p.Round < 1 || p.Began.IsZero() || p.State != "" && !json.Valid([]byte(p.State)) {
		return fmt.Sprintf("%s, where the round before leaves how far it came, is unreadable: %s", memberKey, excerpt(raw))
	}
	e.Round, e.Began, e.notBefore = p.Round, p.Began, p.NotBefore
	if p.State != "" {
		e.State = json.RawMessage(p.State)
	}
	return ""
}

// begin completes the execution of an invocation that begins now.
func (e *event) begin(now time.Time, ecsLimit time.Duration, canHandOver bool) {
	if e.Round == 0 {
		e.Began = now
	}
	switch {
	case e.Contract == CodeDeploy:
		e.Deadline = e.Began.Add(codeDeployLimit)
	case e.Contract == ECSPause && !e.expires.IsZero():
		e.Deadline = e.expires.Add(-min(pauseMargin, max(0, e.expires.Sub(e.Began)/10)))
	default:
		e.Deadline = e.Began.Add(ecsLimit)
	}
	e.continuable = now.Before(e.Deadline) && (e.Contract == ECS || canHandOver && e.Round < maxHandOvers)
}

// outOfTime is the cause of the decider's context when the execution's time is up, over all rounds.
func (e Execution) outOfTime() error {
	return fmt.Errorf("the %v that the execution may take for %v are over", rounded(e.Deadline.Sub(e.Began)), e.Contract)
}

// hindrance says why the round that v asks for can't be; it is empty if it can.
func (e Execution) hindrance(v Verdict) string {
	switch {
	case e.Contract != ECS && e.Round >= maxHandOvers:
		return fmt.Sprintf("the function has invoked itself %d times for this, and Lambda stops what looks like an endless loop", e.Round)
	case !time.Now().Add(v.After).Before(e.Deadline):
		return fmt.Sprintf("%v by then", e.outOfTime())
	case !e.continuable:
		return "the function has no way to invoke itself (it is given its name in Lambda)"
	case len(v.State) > MaxState:
		return fmt.Sprintf("its state has %d bytes, and %d are the most", len(v.State), MaxState)
	case e.detailsSize()+len(v.State) > maxDetails:
		return fmt.Sprintf("its state and the hook's own hookDetails have %d bytes, and %d are the most", e.detailsSize()+len(v.State), maxDetails)
	case v.State != nil && !json.Valid(v.State):
		return "its state is not JSON"
	default:
		return ""
	}
}

// next is the progress for the round after this one.
func (e Execution) next(v Verdict) progress {
	return progress{Round: e.Round + 1, Began: e.Began, State: string(v.State)}
}
