package ecs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// event is what a function receives:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html#service-deployment-lifecycle-payloads.
type event struct {
	ExecutionID string           `json:"executionId"`
	Stage       Stage            `json:"lifecycleStage"`
	ResourceARN string           `json:"resourceArn"` // the service deployment's
	Execution   executionDetails `json:"executionDetails"`
	// HookDetails is left out where there are none, as in the documented payloads.
	HookDetails map[string]json.RawMessage `json:"hookDetails,omitempty"`
}

type executionDetails struct {
	ServiceARN        string  `json:"serviceArn"`
	TargetRevisionARN string  `json:"targetServiceRevisionArn"`
	TestWeights       weights `json:"testTrafficWeights"`
	ProductionWeights weights `json:"productionTrafficWeights"`
}

// weights are percentages by service revision's ARN.
type weights map[string]float64

// Statuses that a function may answer with.
const (
	answerSucceeded  = "SUCCEEDED"
	answerFailed     = "FAILED"
	answerInProgress = "IN_PROGRESS"
)

// answer is what a function returns.
type answer struct {
	status  string
	delay   time.Duration
	details map[string]json.RawMessage
}

// parseAnswer reads a function's answer. Its errors are worded to follow "due to".
func parseAnswer(payload []byte) (answer, error) {
	var said struct {
		Status  *string                    `json:"hookStatus"`
		Delay   int32                      `json:"callBackDelay"` // seconds
		Details map[string]json.RawMessage `json:"hookDetails"`
	}
	// A function that returns nothing answers null, and one that failed answers an object
	// with errorType and errorMessage: neither has a hookStatus, and that is all that ECS
	// tells of them.
	missing := errors.New("HookStatus must not be null")
	if len(bytes.TrimSpace(payload)) == 0 {
		return answer{}, missing
	}
	if err := json.Unmarshal(payload, &said); err != nil {
		return answer{}, fmt.Errorf("the answer is not of the documented form: %w", err)
	}
	switch {
	case said.Status == nil:
		return answer{}, missing
	case *said.Status != answerSucceeded && *said.Status != answerFailed && *said.Status != answerInProgress:
		return answer{}, fmt.Errorf("HookStatus %q is none of SUCCEEDED, FAILED and IN_PROGRESS", *said.Status)
	case said.Delay < 0:
		return answer{}, fmt.Errorf("callBackDelay %d is below 0", said.Delay)
	}
	// A delay of 0 counts as none: no pause at all between two calls would be a busy loop.
	delay := cmp.Or(time.Duration(said.Delay)*time.Second, DefaultCallBackDelay)
	return answer{status: *said.Status, delay: delay, details: said.Details}, nil
}
