package gate

import "time"

// Shortfall says in advance by how much the time of an execution would be too short for what its plan asks, where it begins
// then and a call leaves the checks this much; nothing where it wouldn't. Of the execution's fields Stage, Asked, CanSuspend
// and Until count.
func Shortfall(e Execution, begins time.Time, call time.Duration) string {
	if e.Asked == nil {
		return ""
	}
	return newStage(e, begins).shortfall(begins, begins.Add(call))
}
