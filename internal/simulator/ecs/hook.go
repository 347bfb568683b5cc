package ecs

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// TargetType is what a lifecycle hook does.
type TargetType string

// The types of hooks.
const (
	TargetLambda TargetType = "AWS_LAMBDA"
	TargetPause  TargetType = "PAUSE"
)

// Action is what becomes of a deployment at a hook's timeout, or at a pause.
type Action string

// The actions.
const (
	ActionContinue Action = "CONTINUE"
	ActionRollback Action = "ROLLBACK"
)

// Bounds of hooks:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html and
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html.
const (
	DefaultHookTimeout   = 1440 * time.Minute
	maxLambdaTimeout     = 1440 * time.Minute
	maxPauseTimeout      = 20160 * time.Minute
	DefaultCallBackDelay = 30 * time.Second
	maxHooksOfType       = 10
)

// Hook is a lifecycle hook of a service:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html.
type Hook struct {
	Type TargetType // default [TargetLambda]
	// Function is the function's name or ARN, empty for a pause.
	Function string
	// Role is carried along for the API; the simulator knows no permissions.
	Role   string
	Stages []Stage
	// Details is a JSON object that the function gets at each invocation; nil for none.
	Details json.RawMessage
	// Timeout is how long the hook may take, in whole minutes: 1 to 1440, and to 20160 for a
	// pause. The default is [DefaultHookTimeout].
	Timeout time.Duration
	// OnTimeout is what happens then; the default is [ActionRollback].
	OnTimeout Action
}

func (h Hook) normalize() (Hook, error) {
	if h.Type == "" {
		h.Type = TargetLambda
	}
	if h.Timeout == 0 {
		h.Timeout = DefaultHookTimeout
	}
	if h.OnTimeout == "" {
		h.OnTimeout = ActionRollback
	}
	return h, errors.Join(h.validateTarget(), h.validateStages(), h.validateTimeout())
}

func (h Hook) validateTarget() error {
	switch {
	case h.Type != TargetLambda && h.Type != TargetPause:
		return errors.New("Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE")
	case h.Type == TargetLambda && h.Function == "":
		return errors.New("a hook of type AWS_LAMBDA needs a function as its hookTargetArn")
	case h.Type == TargetPause && (h.Function != "" || h.Role != ""):
		return errors.New("a hook of type PAUSE takes no hookTargetArn and no roleArn")
	}
	if _, err := h.details(); err != nil {
		return fmt.Errorf("the hookDetails of %s are not a JSON object: %w", h.Function, err)
	}
	return nil
}

func (h Hook) validateStages() error {
	if len(h.Stages) == 0 {
		return errors.New("a hook needs at least one lifecycle stage")
	}
	for _, stage := range h.Stages {
		switch {
		case stage.Hookable(h.Type):
		case h.Type == TargetPause:
			return fmt.Errorf("Invalid lifecycle stage provided for Pause Hook: %s", stage)
		default:
			return fmt.Errorf("%q is not a lifecycle stage that takes a hook", stage)
		}
	}
	return nil
}

func (h Hook) validateTimeout() error {
	longest := maxLambdaTimeout
	if h.Type == TargetPause {
		longest = maxPauseTimeout
	}
	switch {
	case h.Timeout < time.Minute || h.Timeout > longest || h.Timeout%time.Minute != 0:
		return fmt.Errorf("timeout %v of a hook is out of range: 1 to %d whole minutes", h.Timeout, longest/time.Minute)
	case h.OnTimeout != ActionRollback && h.OnTimeout != ActionContinue:
		return fmt.Errorf("timeout action %q is neither ROLLBACK nor CONTINUE", h.OnTimeout)
	}
	return nil
}

// details are the configured details by key.
func (h Hook) details() (map[string]json.RawMessage, error) {
	details := map[string]json.RawMessage{}
	if len(h.Details) == 0 {
		return details, nil
	}
	return details, json.Unmarshal(h.Details, &details)
}

func (h Hook) runsAt(stage Stage) bool { return slices.Contains(h.Stages, stage) }

func countHooks(hooks []Hook) error {
	count := map[TargetType]int{}
	for _, h := range hooks {
		count[h.Type]++
	}
	for _, target := range []TargetType{TargetLambda, TargetPause} {
		if count[target] > maxHooksOfType {
			return fmt.Errorf("%d hooks of type %s are too many: at most %d", count[target], target, maxHooksOfType)
		}
	}
	return nil
}
