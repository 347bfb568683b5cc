package hook

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseExecution(t *testing.T) {
	long := strings.Repeat("QUJD", 2000)
	tests := []struct {
		why     string
		payload string
		want    Execution
		problem string // beginning of the EventError's
	}{
		{why: "the event as CodeDeploy sends it", payload: testEvent, want: testExecution},
		{why: "unknown fields are CodeDeploy's to add", payload: `{"DeploymentId":"d-1","Extra":{"a":[1]},"LifecycleEventHookExecutionId":"x"}`, want: Execution{DeploymentID: "d-1", ID: "x"}},
		{why: "an execution id is opaque and has no greatest length", payload: `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"` + long + `"}`, want: Execution{DeploymentID: "d-1", ID: long}},
		{why: "escapes are part of JSON", payload: `{"DeploymentId":"d-\u0031","LifecycleEventHookExecutionId":"a\"b"}`, want: Execution{DeploymentID: "d-1", ID: `a"b`}},
		{why: "a key in another case never overrides the real one", payload: `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"x","deploymentid":"d-2"}`, want: Execution{DeploymentID: "d-1", ID: "x"}},

		{why: "no deployment id", payload: `{"LifecycleEventHookExecutionId":"x"}`, problem: "DeploymentId is missing"},
		{why: "no execution id", payload: `{"DeploymentId":"d-1"}`, problem: "LifecycleEventHookExecutionId is missing"},
		{why: "neither is told at once", payload: `{}`, problem: "DeploymentId is missing, LifecycleEventHookExecutionId is missing"},
		{why: "a key in another case is not the key", payload: `{"deploymentId":"d-1","LifecycleEventHookExecutionId":"x"}`, problem: `DeploymentId is missing ("deploymentId" is spelled differently)`},
		{why: "empty deployment id", payload: `{"DeploymentId":"","LifecycleEventHookExecutionId":"x"}`, problem: "DeploymentId is empty"},
		{why: "empty execution id", payload: `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":""}`, problem: "LifecycleEventHookExecutionId is empty"},
		{why: "a number is no id", payload: `{"DeploymentId":1,"LifecycleEventHookExecutionId":"x"}`, problem: "DeploymentId is a number where a string is expected"},
		{why: "null is no id", payload: `{"DeploymentId":null,"LifecycleEventHookExecutionId":"x"}`, problem: "DeploymentId is null"},
		{why: "a list is no id", payload: `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":["x"]}`, problem: "LifecycleEventHookExecutionId is an array"},
		{why: "an object is no id", payload: `{"DeploymentId":{},"LifecycleEventHookExecutionId":true}`, problem: "DeploymentId is an object where a string is expected, LifecycleEventHookExecutionId is a boolean"},
		{why: "no payload at all", payload: "", problem: "the payload is empty"},
		{why: "blanks are no payload", payload: " \n", problem: "the payload is empty"},
		{why: "null", payload: "null", problem: "the payload is null where an object is expected"},
		{why: "array", payload: "[" + testEvent + "]", problem: "the payload is an array where an object is expected"},
		{why: "string", payload: `"d-1"`, problem: "the payload is a string where an object is expected"},
		{why: "not JSON", payload: "DeploymentId=d-1", problem: "the payload is not JSON (invalid character 'D' looking for beginning of value)"},
		{why: "cut off", payload: testEvent[:30], problem: "the payload is not JSON (unexpected end of JSON input)"},
		{why: "something after the event", payload: testEvent + "x", problem: "the payload is not JSON"},
		{why: "nested beyond what a parser should follow", payload: strings.Repeat("[", 100_000), problem: "the payload is not JSON"},
		{why: "6 MB of JSON without ids", payload: `{"a":"` + strings.Repeat("b", 6<<20) + `"}`, problem: "DeploymentId is missing"},
		{why: "6 MB of something else", payload: strings.Repeat("b", 6<<20), problem: "the payload is not JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			got, err := ParseExecution([]byte(tt.payload))
			if tt.problem == "" {
				if err != nil || got.DeploymentID != tt.want.DeploymentID || got.ID != tt.want.ID {
					t.Fatalf("got %+v, %v, want %+v", got, err, tt.want)
				}
				return
			}
			wrong, ok := errors.AsType[*EventError](err)
			if !ok {
				t.Fatalf("got error %v, want an *EventError", err)
			}
			if !strings.HasPrefix(wrong.Problem, tt.problem) {
				t.Errorf("got problem %q, want it to begin with %q", wrong.Problem, tt.problem)
			}
			if got.DeploymentID != "" || got.ID != "" {
				t.Errorf("got %+v beside an error", got)
			}
			if len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes: it dumps the event", len(err.Error()))
			}
		})
	}
}

func FuzzParseExecution(f *testing.F) {
	for _, seed := range []string{testEvent, "", "null", "[]", `{"DeploymentId":1}`, `{"DeploymentId":"a","LifecycleEventHookExecutionId":"b","x":[{}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := ParseExecution(payload)
		if err != nil {
			if _, ok := errors.AsType[*EventError](err); !ok {
				t.Fatalf("error %v is no *EventError", err)
			}
			if text := err.Error(); strings.ContainsAny(text, "\r\n") {
				t.Fatalf("error %q has more than one line", text)
			}
			return
		}
		if e.DeploymentID == "" || e.ID == "" {
			t.Fatalf("accepted without ids: %+v", e)
		}
		again, err := json.Marshal(map[string]string{deploymentIDKey: e.DeploymentID, executionIDKey: e.ID})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseExecution(again); err != nil || back.DeploymentID != e.DeploymentID || back.ID != e.ID {
			t.Fatalf("%+v became %+v, %v", e, back, err)
		}
	})
}
