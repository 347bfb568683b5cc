package gate

import (
	"context"
	"time"
)

// Shortfall says in advance by how much the time of an execution would be too short for what its plan asks, where a call
// leaves the checks this much; nothing where it wouldn't. Of the execution's fields Stage, Asked, CanSuspend and Until count.
func Shortfall(e Execution, call time.Duration) string {
	if e.Asked == nil {
		return ""
	}
	now := time.Now()
	ctx, cancel := context.WithDeadline(context.Background(), now.Add(call))
	defer cancel()
	return newStage(e, now).shortfall(ctx)
}
