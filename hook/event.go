package hook

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The keys of the events, spelled as they are sent.
const (
	// CodeDeploy's.
	deploymentIDKey = "DeploymentId"
	executionIDKey  = "LifecycleEventHookExecutionId"

	// Amazon ECS's.
	ecsExecutionKey = "executionId"
	ecsStageKey     = "lifecycleStage"
	ecsResourceKey  = "resourceArn"
	ecsNestedKey    = "executionDetails"
	ecsDetailsKey   = "hookDetails"

	// EventBridge's, and those of ECS's notice.
	detailTypeKey = "detail-type"
	detailKey     = "detail"
	eventNameKey  = "eventName"
	hookTypeKey   = "hookType"
	hookIDKey     = "hookId"
	pausedARNKey  = "serviceDeploymentArn"

	serviceKey = "serviceArn"
)

// What EventBridge calls the notice of a pause that waits to be answered.
const (
	hookStateChange = "ECS Hook State Change"
	awaitingAction  = "HOOK_AWAITING_ACTION"
	pauseType       = "PAUSE"
)

// An EventError says that a payload is none of the events that a hook is invoked with. Nothing
// can be reported for such a payload, since the ids to report under are what it lacks.
type EventError struct {
	// Problem is one line of bounded length; it quotes at most the beginning of
	// the payload.
	Problem string

	kind eventKind
}

func (e *EventError) Error() string {
	return fmt.Sprintf("read the lifecycle hook event: %s; %s", e.Problem, e.kind.expected())
}

// An eventKind is the contract that a payload follows, as far as it does.
type eventKind int

const (
	unknownEvent eventKind = iota
	codeDeployEvent
	ecsEvent
	ecsNotice
	otherNotice // of a hook that doesn't wait for anybody
)

func (k eventKind) expected() string {
	codeDeploy := fmt.Sprintf("CodeDeploy sends {%q: \"d-…\", %q: \"…\"}", deploymentIDKey, executionIDKey)
	ecs := fmt.Sprintf("Amazon ECS sends {%q: \"…\", %q: \"…\", %q: \"arn:…\", …}", ecsExecutionKey, ecsStageKey, ecsResourceKey)
	notice := fmt.Sprintf("EventBridge sends {%q: %q, %q: {%q: %q, %q: \"…\", %q: \"arn:…\", …}}",
		detailTypeKey, hookStateChange, detailKey, eventNameKey, awaitingAction, hookIDKey, pausedARNKey)
	switch k {
	case codeDeployEvent:
		return codeDeploy
	case ecsEvent:
		return ecs
	case ecsNotice, otherNotice:
		return notice
	default:
		return codeDeploy + ", " + ecs
	}
}

// ParseExecution reads the event that a hook is invoked with:
//
//   - CodeDeploy's, also with the member that this package adds when it hands an execution over
//     to the next invocation;
//   - Amazon ECS's, as it is now, and with the members of executionDetails at the top, as it was;
//   - EventBridge's with ECS's notice of a pause that awaits an action.
//
// Ids must be strings and not empty; other members are optional, and unknown ones are ignored.
// Keys must match exactly: encoding/json's matching in any case would let a "deploymentid"
// override the real one. In round 0 Began is zero; Deadline always is. The error is always an
// [*EventError].
//
//   - https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-with-hooks-create-hooks.html
//   - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
//   - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html
func ParseExecution(payload []byte) (Execution, error) {
	e, wrong := parseEvent(payload)
	if wrong != nil {
		return Execution{}, wrong
	}
	return e.Execution, nil
}

// An event is what a payload says, with what only this package needs of it.
type event struct {
	Execution

	notBefore time.Time                  // when a round that was handed over is to decide; zero for at once
	expires   time.Time                  // when a pause ends by itself; zero where that isn't said
	fields    map[string]json.RawMessage // the whole payload, to be handed over; nil with ECS
	digest    [sha256.Size]byte          // the payload's, with ECS
}

// parseEvent reads a payload. Beside an error the event has ids if they could be read: then a
// verdict can be given nevertheless.
func parseEvent(payload []byte) (event, *EventError) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil || fields == nil {
		return event{}, &EventError{Problem: notAnObject(payload, err)}
	}
	switch {
	case hasAny(fields, deploymentIDKey, executionIDKey):
		return parseCodeDeploy(fields)
	case hasAny(fields, detailTypeKey):
		return parseNotice(fields)
	case hasAny(fields, ecsExecutionKey, ecsStageKey, ecsResourceKey, ecsNestedKey):
		e, wrong := parseECS(fields)
		e.digest = sha256.Sum256(payload)
		return e, wrong
	default:
		_, wrong := parseCodeDeploy(fields)
		wrong.kind = unknownEvent
		return event{}, wrong
	}
}

func parseCodeDeploy(fields map[string]json.RawMessage) (event, *EventError) {
	e := event{fields: fields}
	if problem := joined(
		readString(fields, deploymentIDKey, &e.DeploymentID),
		readString(fields, executionIDKey, &e.ID),
	); problem != "" {
		return event{}, &EventError{Problem: problem, kind: codeDeployEvent}
	}
	if problem := e.resume(fields); problem != "" {
		return e, &EventError{Problem: problem, kind: codeDeployEvent}
	}
	return e, nil
}

func parseECS(fields map[string]json.RawMessage) (event, *EventError) {
	stage := &ECSExecution{}
	e := event{Execution: Execution{Contract: ECS, ECS: stage}}
	if problem := joined(
		readString(fields, ecsExecutionKey, &e.ID),
		readString(fields, ecsStageKey, &stage.Stage),
		readString(fields, ecsResourceKey, &e.DeploymentID),
	); problem != "" {
		return event{}, &EventError{Problem: problem, kind: ecsEvent}
	}
	inner := fields
	nested := readOptional(fields, ecsNestedKey, &inner, "an object")
	problem := joined(
		nested,
		readOptional(inner, serviceKey, &stage.ServiceARN, "a string"),
		readOptional(inner, "targetServiceRevisionArn", &stage.TargetServiceRevisionARN, "a string"),
		readOptional(inner, "testTrafficWeights", &stage.TestTrafficWeights, "an object of numbers"),
		readOptional(inner, "productionTrafficWeights", &stage.ProductionTrafficWeights, "an object of numbers"),
		readOptional(fields, ecsDetailsKey, &stage.Details, "an object"),
	)
	problem = joined(problem, e.resume(stage.Details))
	delete(stage.Details, memberKey)
	if problem != "" {
		return e, &EventError{Problem: problem, kind: ecsEvent}
	}
	return e, nil
}

func parseNotice(fields map[string]json.RawMessage) (event, *EventError) {
	var detailType, name, hookType string
	var detail map[string]json.RawMessage
	if problem := joined(readString(fields, detailTypeKey, &detailType), readOptional(fields, detailKey, &detail, "an object")); problem != "" {
		return event{}, &EventError{Problem: problem, kind: ecsNotice}
	}
	if detailType != hookStateChange {
		return event{}, &EventError{Problem: detailTypeKey + " is " + excerpt([]byte(detailType)), kind: ecsNotice}
	}
	if problem := joined(readString(detail, eventNameKey, &name), readOptional(detail, hookTypeKey, &hookType, "a string")); problem != "" {
		return event{}, &EventError{Problem: problem, kind: ecsNotice}
	}
	if name != awaitingAction || hookType != "" && hookType != pauseType {
		return event{}, &EventError{Problem: fmt.Sprintf("a hook of the type %s has come to %s, which nobody has to answer",
			excerpt([]byte(hookType)), excerpt([]byte(name))), kind: otherNotice}
	}
	stage := &ECSExecution{}
	e := event{fields: fields, expires: readTime(detail, "expiresAt"), Execution: Execution{Contract: ECSPause, ECS: stage}}
	if problem := joined(readString(detail, hookIDKey, &e.ID), readString(detail, pausedARNKey, &e.DeploymentID)); problem != "" {
		return event{}, &EventError{Problem: problem, kind: ecsNotice}
	}
	if problem := joined(
		readOptional(detail, ecsStageKey, &stage.Stage, "a string"),
		readOptional(detail, serviceKey, &stage.ServiceARN, "a string"),
		e.resume(fields),
	); problem != "" {
		return e, &EventError{Problem: problem, kind: ecsNotice}
	}
	return e, nil
}

func hasAny(fields map[string]json.RawMessage, keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { _, ok := fields[key]; return ok })
}

// joined makes one problem of several, leaving out those that are empty.
func joined(problems ...string) string {
	return strings.Join(slices.DeleteFunc(problems, func(problem string) bool { return problem == "" }), ", ")
}

// readString puts the string under key into value, or says in a few words why it can't.
func readString(fields map[string]json.RawMessage, key string, value *string) string {
	raw, ok := fields[key]
	if !ok {
		for name := range fields {
			if strings.EqualFold(name, key) {
				return fmt.Sprintf("%s is missing (%s is spelled differently)", key, excerpt([]byte(name)))
			}
		}
		return key + " is missing"
	}
	if k := kindOf(raw); k != "a string" {
		return fmt.Sprintf("%s is %s where a string is expected", key, k)
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return fmt.Sprintf("%s is unreadable: %v", key, err)
	}
	if *value == "" {
		return key + " is empty"
	}
	return ""
}

// readOptional puts what stands under key into value, which stays as it is if nothing does, or
// says in a few words that it isn't what is expected.
func readOptional(fields map[string]json.RawMessage, key string, value any, expected string) string {
	raw, ok := fields[key]
	if !ok || kindOf(raw) == "null" {
		return ""
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return fmt.Sprintf("%s is not %s: %s", key, expected, excerpt(raw))
	}
	return ""
}

// readTime reads the time under key; it is zero if there is none to be read.
func readTime(fields map[string]json.RawMessage, key string) (t time.Time) {
	if raw, ok := fields[key]; ok && json.Unmarshal(raw, &t) != nil {
		return time.Time{}
	}
	return t
}

func notAnObject(payload []byte, err error) string {
	switch {
	case len(bytes.TrimSpace(payload)) == 0:
		return "the payload is empty"
	case json.Valid(payload):
		return fmt.Sprintf("the payload is %s where an object is expected: %s", kindOf(payload), excerpt(payload))
	default:
		return fmt.Sprintf("the payload is not JSON (%v): %s", err, excerpt(payload))
	}
}

// kindOf names the kind of a valid JSON value by its first character.
func kindOf(raw []byte) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// excerpt quotes the beginning of a payload. An event is never logged whole: what
// was sent here by mistake may be secret, and may be 6 MB.
func excerpt(payload []byte) string {
	const limit = 60
	if len(payload) <= limit {
		return fmt.Sprintf("%q", payload)
	}
	return fmt.Sprintf("%q… (%d bytes)", payload[:limit], len(payload))
}
