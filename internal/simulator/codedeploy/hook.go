package codedeploy

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// execution is one call of a hook. It is guarded by the service's lock.
type execution struct {
	deployment string
	completed  bool   // reported, timed out or stopped
	verdict    string // the reported status, empty before
	reported   *clock.Signal
}

// Statuses that a hook may report.
const (
	hookSucceeded = "Succeeded"
	hookFailed    = "Failed"
)

// newExecutionID is opaque to hooks and longer than anybody should have to rely on.
func newExecutionID() string {
	var b [198]byte
	_, _ = rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	return base64.StdEncoding.EncodeToString(b[:])
}

// callHook calls the event's function and waits for its report. A function that isn't there is
// only found out now, not when the deployment is created, and fails the event at once; AWS documents
// the code alone: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html.
func (s *Service) callHook(ctx context.Context, d *deployment, event Event, function string) error {
	id, x := newExecutionID(), &execution{deployment: d.state.ID, reported: clock.NewSignal(s.config.Clock)}
	s.mu.Lock()
	s.executions[id] = x
	d.executions = append(d.executions, id)
	s.mu.Unlock()
	defer s.complete(x)
	payload, err := json.Marshal(struct {
		DeploymentID string `json:"DeploymentId"`
		ExecutionID  string `json:"LifecycleEventHookExecutionId"`
	}{d.state.ID, id})
	if err != nil {
		return fmt.Errorf("making the event for %s: %w", function, err)
	}
	if err := s.config.Invoke(function, payload); err != nil {
		return &eventError{
			ErrorInformation: ErrorInformation{"INVALID_LAMBDA_FUNCTION", fmt.Sprintf("The Lambda function %s for the %s lifecycle event could not be invoked: %v", function, event, err)},
			diagnostics:      "UnknownError",
		}
	}
	expired, stop := clock.Timer(s.config.Clock, d.settings.HookTimeout)
	defer stop()
	reported, resume := x.reported.Wait()
	defer resume()
	select {
	case <-reported:
	case <-expired:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	switch s.complete(x) {
	case hookSucceeded:
		return nil
	case hookFailed:
		return &eventError{
			ErrorInformation: ErrorInformation{"HOOK_EXECUTION_FAILURE", fmt.Sprintf("The Lambda function %s reported Failed for the %s lifecycle event.", function, event)},
			diagnostics:      "ScriptFailed",
		}
	}
	return &eventError{
		ErrorInformation: ErrorInformation{"HOOK_EXECUTION_FAILURE", fmt.Sprintf("The deployment timed out while waiting for a status callback: the Lambda function %s did not report a status for the %s lifecycle event within %v.", function, event, d.settings.HookTimeout)},
		diagnostics:      "ScriptTimedOut",
	}
}

// complete ends an execution: reports come too late from now on. It returns what was reported, be
// it in the moment when the time was up, and nothing where nothing was.
func (s *Service) complete(x *execution) (verdict string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.completed = true
	return x.verdict
}

// PutLifecycleEventHookExecutionStatus takes a hook's report. Its errors are [*APIError]s:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html.
func (s *Service) PutLifecycleEventHookExecutionStatus(deploymentID, executionID, status string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(deploymentID); err != nil {
		return err
	}
	x := s.executions[executionID]
	switch {
	case x == nil || x.deployment != deploymentID:
		return refuse(InvalidLifecycleEventHookExecutionID, "The lifecycle event hook execution ID is not one of deployment %s.", deploymentID)
	case !slices.Contains([]string{hookSucceeded, hookFailed}, status):
		return refuse(InvalidLifecycleEventHookExecutionStatus, "The status %q is not valid: a hook reports Succeeded or Failed.", status)
	case x.completed:
		return refuse(LifecycleEventAlreadyCompleted, "The lifecycle event of deployment %s is already completed.", deploymentID)
	}
	x.completed, x.verdict = true, status
	x.reported.Fire()
	return nil
}
