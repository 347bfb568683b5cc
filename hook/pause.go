package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// An ECSReporter answers the pauses of Amazon ECS with its ContinueServiceDeployment: CONTINUE for
// Succeeded, ROLLBACK for Failed.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html
type ECSReporter struct{ caller caller }

// NewECSReporter makes a reporter that calls ECS by cfg, for hooks that answer with another
// configuration than the environment's. It makes one attempt for each Report.
func NewECSReporter(cfg aws.Config) *ECSReporter {
	_, cfg.HTTPClient = warmClient(cfg.HTTPClient)
	return &ECSReporter{caller: newCaller(cfg, ecsService)}
}

// Report ends the pause e, once.
func (r *ECSReporter) Report(ctx context.Context, e Execution, s Status) error {
	if e.Contract != ECSPause {
		return &unsentError{fmt.Errorf("an execution for %v can't be reported to Amazon ECS", e.Contract)}
	}
	actions := map[Status]string{Succeeded: "CONTINUE", Failed: "ROLLBACK"}
	err := r.call(ctx, "ContinueServiceDeployment", map[string]any{
		"serviceDeploymentArn": e.DeploymentID, "hookId": e.ID, "action": actions[s],
	}, &struct{}{})
	if refusal, ok := errors.AsType[*callError](err); ok && slices.Contains(mayBeAnswered, refusal.code) {
		return r.explain(ctx, e, err)
	}
	return err
}

// mayBeAnswered are the errors that an answer to a pause may get when that has ended, as a second
// answer does that repeats one whose own answer was lost. None is documented for that alone: whether
// it has, ECS can say.
var mayBeAnswered = []string{"InvalidParameterException", "ClientException", "ConflictException"}

// explain asks ECS what became of the pause that an answer was refused for.
func (r *ECSReporter) explain(ctx context.Context, e Execution, refusal error) error {
	var said struct {
		ServiceDeployments []struct {
			LifecycleHookDetails []struct{ HookID, Status string }
		}
	}
	err := r.call(ctx, "DescribeServiceDeployments", map[string]any{"serviceDeploymentArns": []string{e.DeploymentID}}, &said)
	switch {
	case judge(err) == transient:
		return err
	case err != nil:
		return fmt.Errorf("%w (whether the pause has ended can't be told: %w)", refusal, err)
	}
	for _, deployment := range said.ServiceDeployments {
		for _, hook := range deployment.LifecycleHookDetails {
			if hook.HookID == e.ID && hook.Status != "" && hook.Status != "AWAITING_ACTION" {
				return &endedError{status: hook.Status}
			}
		}
	}
	return refusal
}

// call makes one call of ECS's API, in the JSON protocol of its version 1.1.
func (r *ECSReporter) call(ctx context.Context, operation string, in, out any) error {
	answer, err := r.caller.post(ctx, "/", nil, http.Header{
		"Content-Type": {"application/x-amz-json-1.1"},
		"X-Amz-Target": {"AmazonEC2ContainerServiceV20141113." + operation},
	}, encode(in))
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s: read the answer: %w", operation, err)
	}
	return nil
}

// An endedError says that a pause has been ended by somebody else, or by an answer of ours that we
// didn't hear of.
type endedError struct{ status string }

func (e *endedError) Error() string { return "the pause has ended: it is " + e.status }
