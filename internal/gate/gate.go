// Package gate runs the checks of a stage and makes the verdict: side by side or in order, each with its retries,
// inside the deadline that the execution has, as early as the evidence allows. Before the checks and again after them it
// has it shown that it is green that answers. What one call has no time for it leaves to the next.
package gate

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// MaxSideBySide is how many checks of a stage run at once. Each may hold an answer of a few megabytes and a handful of
// descriptors; a function of 512 MB and its limit of 1024 descriptors have room for this many.
const MaxSideBySide = 50

// Execution is what the gate is asked to judge.
type Execution struct {
	// DeploymentID is empty on the command line.
	DeploymentID string
	Stage        lifecycle.Stage
	// Rollback and First say of the deployment that it rolls another one back, and that it is its service's first.
	Rollback, First bool
	// Found says on one line where green and blue were found, for the report.
	Found string
	// Asked is what the plan asks at the stage; nil when nothing.
	Asked *plan.Stage
	Scope check.Scope
	// Prepare, where set, completes the Scope before anything is asked, with the secrets that the stage needs. It is called once
	// in each call of the execution, within the stage's budget; its error is the reason of a failure.
	Prepare func(context.Context, check.Scope) (check.Scope, error)
	// Prove, where set, shows that what answers as green is green, from how traffic is forwarded at the time: Passed, or
	// Inconclusive with the reason, and with a Retry where that may change in a moment. It is asked before the checks and
	// again after them, and returns by the end of its context.
	Prove func(context.Context) check.Result
	// Observe, where set, hears of what happens as it happens, one call at a time.
	Observe func(Event)

	// CanSuspend says that the execution may go on in another call, which gets the State of this one's Suspension as its
	// Resume.
	CanSuspend bool
	// CallsBack says that whoever calls can wait before the next call: then no call is held open for a wait of plan.Stage's
	// Callback or more. Otherwise a call lasts as long as it can.
	CallsBack bool
	// Until is when the verdict is due, whatever the number of calls; zero: there is no such bound but the deadline of
	// this one.
	Until time.Time
	// Resume is the State that the call before left; empty in the first one.
	Resume json.RawMessage
	// Leapt is time that has passed for whoever calls since the call before, and not on this machine's clock. Only a
	// simulator's time runs ahead.
	Leapt time.Duration
}

// Event is one thing that happened to a check: it starts, where none of Resumed, Retrying, Holding and Report is set.
// Checks start in the order of the plan. What shows that green is green is told as a check is, of the kind check.KindProof or
// check.KindIdentity.
type Event struct {
	Check *plan.Check
	// Resumed is set when a check goes on that an earlier call began: how far it has come.
	Resumed string
	// Retrying is set when the check is to be asked again, after a wait: why.
	Retrying string
	// Holding is set when the check has passed and is to pass again, after a wait: for how long.
	Holding string
	// Report is set when the check is over.
	Report *check.Report
}

// Reports says how many reports a verdict of the execution has when all is asked.
func (e Execution) Reports() int {
	if e.Asked == nil {
		return 0
	}
	shown := 0
	if e.Prove != nil {
		shown += 2
	}
	if e.Asked.Identity != nil {
		shown += 2
	}
	return shown + len(e.Asked.Checks)
}

// Run judges an execution. It returns when the verdict is certain, and by the end of ctx, or StopGrace after it where a
// check doesn't stop; the deadline of ctx is what the plan's budget is held against. Where the execution can suspend, it
// may return without a verdict, with Suspended set, in good time before the deadline.
func Run(ctx context.Context, e Execution) check.Verdict {
	if e.Scope.Logger == nil {
		e.Scope.Logger = slog.New(slog.DiscardHandler)
	}
	v := judge(ctx, e, time.Now())
	v.Deployment, v.Stage, v.Found = e.DeploymentID, e.Stage, e.Scope.Masked(e.Found)
	v.Reason = e.Scope.Masked(v.Reason) // what checks said is masked already, and names of checks may be anything
	v.Duration = time.Since(v.Started)
	return v
}

func judge(ctx context.Context, e Execution, now time.Time) check.Verdict {
	s := newStage(e, now)
	v, decided := WithoutAsking(e)
	if !decided {
		v = s.judge(ctx)
	}
	v.Started = s.since
	return v
}
