package lambda

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Why an invocation can end without the runtime's word.
var (
	errExited  = errors.New("the runtime exited")
	errTimeout = errors.New("the time is up")
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
	case errors.Is(err, errExited):
		reason := exitReason(sb.exitErr)
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

// exitReason describes the end of a bootstrap as Lambda does.
func exitReason(err error) string {
	exit := new(exec.ExitError)
	if !errors.As(err, &exit) {
		return "Runtime exited without providing a reason"
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "Runtime exited with error: signal: " + status.Signal().String()
	}
	return fmt.Sprintf("Runtime exited with error: exit status %d", exit.ExitCode())
}
