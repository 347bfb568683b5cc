package lambda

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Why an invocation can end without the runtime's word.
var (
	errExited  = errors.New("the runtime exited")
	errTimeout = errors.New("the time is up")
	errKilled  = errors.New("the runtime was killed")
	errClosed  = errors.New("the Lambda service was shut down")
)

// failure is an invocation that Lambda itself ended: what the caller gets, and what the
// log says.
type failure struct {
	kind    string
	status  string // in the REPORT line: error or timeout
	payload []byte
	log     []string
}

// fail puts err, with which waiting for the runtime ended, into Lambda's words.
func (sb *sandbox) fail(requestID string, err error, limit time.Duration) *failure {
	reported := new(initFailure)
	switch {
	case errors.As(err, &reported):
		return &failure{kind: reported.kind(), status: "error", payload: reported.payload}
	case errors.Is(err, errExited), errors.Is(err, errKilled):
		reason := sb.exitReason()
		return &failure{
			kind: "Runtime.ExitError", status: "error",
			payload: functionError("Runtime.ExitError", "RequestId: "+requestID+" Error: "+reason),
			log:     []string{"RequestId: " + requestID + " Error: " + reason, "Runtime.ExitError"},
		}
	case errors.Is(err, errTimeout):
		reason := fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())
		return &failure{
			kind: "Sandbox.Timedout", status: "timeout",
			payload: functionError("Sandbox.Timedout", "RequestId: "+requestID+" Error: "+reason),
			log:     []string{requestID + " " + reason},
		}
	case errors.Is(err, errClosed), errors.Is(err, context.Canceled):
		return &failure{
			kind: "ServiceException", status: "error",
			payload: functionError("ServiceException", "RequestId: "+requestID+" Error: "+errClosed.Error()),
		}
	}
	return &failure{
		kind: "Runtime.InvalidState", status: "error",
		payload: functionError("Runtime.InvalidState", "RequestId: "+requestID+" Error: "+err.Error()),
		log:     []string{"RequestId: " + requestID + " Error: " + err.Error()},
	}
}
