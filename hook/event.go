package hook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The keys of the event, spelled as CodeDeploy sends them.
const (
	deploymentIDKey = "DeploymentId"
	executionIDKey  = "LifecycleEventHookExecutionId"
)

// An EventError says that a payload is not the event of a CodeDeploy lifecycle
// hook. Nothing can be reported for such a payload, since the ids to report under
// are what it lacks.
type EventError struct {
	// Problem is one line of bounded length; it quotes at most the beginning of
	// the payload.
	Problem string
}

func (e *EventError) Error() string {
	return fmt.Sprintf("read the lifecycle hook event: %s; CodeDeploy sends {%q: \"d-…\", %q: \"…\"}",
		e.Problem, deploymentIDKey, executionIDKey)
}

// ParseExecution reads the event that CodeDeploy invokes a lifecycle hook with. Both
// ids must be strings and not empty; other fields are ignored. Keys must match
// exactly: encoding/json's matching in any case would let a "deploymentid" override
// the real one. The error is always an [*EventError].
func ParseExecution(payload []byte) (Execution, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil || fields == nil {
		return Execution{}, &EventError{Problem: notAnObject(payload, err)}
	}
	var e Execution
	problems := slices.DeleteFunc([]string{
		readID(fields, deploymentIDKey, &e.DeploymentID),
		readID(fields, executionIDKey, &e.ID),
	}, func(problem string) bool { return problem == "" })
	if len(problems) > 0 {
		return Execution{}, &EventError{Problem: strings.Join(problems, ", ")}
	}
	return e, nil
}

// readID puts the string under key into id, or says in a few words why it can't.
func readID(fields map[string]json.RawMessage, key string, id *string) string {
	raw, ok := fields[key]
	if !ok {
		for name := range fields {
			if strings.EqualFold(name, key) {
				return fmt.Sprintf("%s is missing (%q is spelled differently)", key, name)
			}
		}
		return key + " is missing"
	}
	if k := kindOf(raw); k != "a string" {
		return fmt.Sprintf("%s is %s where a string is expected", key, k)
	}
	if err := json.Unmarshal(raw, id); err != nil {
		return fmt.Sprintf("%s is unreadable: %v", key, err)
	}
	if *id == "" {
		return key + " is empty"
	}
	return ""
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
