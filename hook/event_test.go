package hook

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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

		{
			why: "a hand-over", payload: `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"x","greenlight":{"round":2,"began":"2026-03-05T15:54:41Z","state":"{\"a\":1}"}}`,
			want: Execution{DeploymentID: "d-1", ID: "x", Round: 2, Began: time.Date(2026, 3, 5, 15, 54, 41, 0, time.UTC), State: json.RawMessage(`{"a":1}`)},
		},
		{
			why: "a hand-over without a state, of a version that knows more", payload: `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"x","greenlight":{"round":1,"began":"2026-03-05T15:54:41Z","more":[]}}`,
			want: Execution{DeploymentID: "d-1", ID: "x", Round: 1, Began: time.Date(2026, 3, 5, 15, 54, 41, 0, time.UTC)},
		},
		{
			why: "ECS's, with everything at the top, as older documentation has it", payload: `{"executionId":"e","lifecycleStage":"TEST_TRAFFIC_SHIFT","resourceArn":"d","serviceArn":"s","targetServiceRevisionArn":"g",
				"testTrafficWeights":{"g":100,"b":0},"productionTrafficWeights":{}}`,
			want: Execution{Contract: ECS, DeploymentID: "d", ID: "e", ECS: &ECSExecution{
				Stage: "TEST_TRAFFIC_SHIFT", ServiceARN: "s", TargetServiceRevisionARN: "g",
				TestTrafficWeights: map[string]float64{"g": 100, "b": 0}, ProductionTrafficWeights: map[string]float64{},
			}},
		},
		{
			why: "what is nested counts where both are there", payload: `{"executionId":"e","lifecycleStage":"S","resourceArn":"d","serviceArn":"old","executionDetails":{"serviceArn":"new"}}`,
			want: Execution{Contract: ECS, DeploymentID: "d", ID: "e", ECS: &ECSExecution{Stage: "S", ServiceARN: "new"}},
		},
		{
			why: "the least of ECS, with what it may add", payload: `{"executionId":"e","lifecycleStage":"NEW_STAGE","resourceArn":"d","executionDetails":{"more":1},"more":{}}`,
			want: Execution{Contract: ECS, DeploymentID: "d", ID: "e", ECS: &ECSExecution{Stage: "NEW_STAGE"}},
		},
		{
			why: "a step in tenths of a percent", payload: `{"executionId":"e","lifecycleStage":"PRODUCTION_TRAFFIC_SHIFT","resourceArn":"d","executionDetails":{"productionTrafficWeights":{"g":33.3,"b":66.7}}}`,
			want: Execution{Contract: ECS, DeploymentID: "d", ID: "e", ECS: &ECSExecution{Stage: "PRODUCTION_TRAFFIC_SHIFT", ProductionTrafficWeights: map[string]float64{"g": 33.3, "b": 66.7}}},
		},
		{
			why: "a later round of ECS's", payload: `{"executionId":"e","lifecycleStage":"S","resourceArn":"d","hookDetails":{"mine":1,"greenlight":{"round":4,"began":"2026-03-05T15:54:41Z","state":"\"s\""}}}`,
			want: Execution{
				Contract: ECS, DeploymentID: "d", ID: "e", Round: 4, Began: time.Date(2026, 3, 5, 15, 54, 41, 0, time.UTC), State: json.RawMessage(`"s"`),
				ECS: &ECSExecution{Stage: "S", Details: map[string]json.RawMessage{"mine": json.RawMessage("1")}},
			},
		},
		{
			why: "a pause by the least", payload: `{"detail-type":"ECS Hook State Change","detail":{"eventName":"HOOK_AWAITING_ACTION","hookId":"h","serviceDeploymentArn":"d"}}`,
			want: Execution{Contract: ECSPause, DeploymentID: "d", ID: "h", ECS: &ECSExecution{}},
		},
		{
			why: "a pause whose end can't be read still waits", payload: `{"detail-type":"ECS Hook State Change","detail":{"eventName":"HOOK_AWAITING_ACTION","hookId":"h","serviceDeploymentArn":"d","expiresAt":1772726681}}`,
			want: Execution{Contract: ECSPause, DeploymentID: "d", ID: "h", ECS: &ECSExecution{}},
		},

		{why: "ECS's keys must match exactly", payload: `{"ExecutionId":"e","LifecycleStage":"S","ResourceArn":"d"}`, problem: "DeploymentId is missing, LifecycleEventHookExecutionId is missing"},
		{why: "ECS's executionDetails are an object", payload: `{"executionId":"e","lifecycleStage":"S","resourceArn":"d","executionDetails":"x"}`, problem: `executionDetails is not an object: "\"x\""`},
		{why: "all that is wrong with ECS's is told at once", payload: `{"executionId":1,"lifecycleStage":""}`, problem: "executionId is a number where a string is expected, lifecycleStage is empty, resourceArn is missing"},
		{why: "another notice of EventBridge's", payload: `{"detail-type":"ECS Deployment State Change","detail":{}}`, problem: `detail-type is "ECS Deployment State Change"`},
		{why: "a notice without its details", payload: `{"detail-type":"ECS Hook State Change"}`, problem: "eventName is missing"},
		{why: "a notice whose details are none", payload: `{"detail-type":"ECS Hook State Change","detail":[]}`, problem: `detail is not an object: "[]"`},
		{why: "a pause without its id", payload: `{"detail-type":"ECS Hook State Change","detail":{"eventName":"HOOK_AWAITING_ACTION","hookid":"h"}}`, problem: `hookId is missing ("hookid" is spelled differently), serviceDeploymentArn is missing`},
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
				if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(Execution{})); diff != "" || err != nil {
					t.Fatalf("got %v and (-want +got):\n%s", err, diff)
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

func TestWhatIsExpectedIsOfTheContractThatWasFound(t *testing.T) {
	for payload, want := range map[string]string{
		`{"DeploymentId":"d-1"}`: `; CodeDeploy sends {"DeploymentId": "d-…", "LifecycleEventHookExecutionId": "…"}`,
		`{"executionId":"e"}`:    `; Amazon ECS sends {"executionId": "…", "lifecycleStage": "…", "resourceArn": "arn:…", …}`,
		`{"detail-type":"x"}`:    `; EventBridge sends {"detail-type": "ECS Hook State Change", "detail": {"eventName": "HOOK_AWAITING_ACTION", "hookId": "…", "serviceDeploymentArn": "arn:…", …}}`,
		`{}`:                     `; CodeDeploy sends {"DeploymentId": "d-…", "LifecycleEventHookExecutionId": "…"}, Amazon ECS sends {"executionId": "…", "lifecycleStage": "…", "resourceArn": "arn:…", …}`,
	} {
		if _, err := ParseExecution([]byte(payload)); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want it to end in %q", payload, err, want)
		}
	}
}

func FuzzParseExecution(f *testing.F) {
	for _, seed := range []string{
		testEvent, "", "null", "[]", `{"DeploymentId":1}`, `{"DeploymentId":"a","LifecycleEventHookExecutionId":"b","x":[{}]}`,
		`{"DeploymentId":"a","LifecycleEventHookExecutionId":"b","greenlight":{"round":1,"began":"2026-03-05T15:54:41Z","state":"{}"}}`,
		`{"executionId":"e","lifecycleStage":"S","resourceArn":"d","hookDetails":{"greenlight":{"round":1,"began":"2026-03-05T15:54:41Z"}}}`,
	} {
		f.Add([]byte(seed))
	}
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(documented(f, strings.TrimSuffix(filepath.Base(file), ".json")))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := ParseExecution(payload)
		if err != nil {
			if _, ok := errors.AsType[*EventError](err); !ok {
				t.Fatalf("error %v is no *EventError", err)
			}
			if text := err.Error(); strings.ContainsAny(text, "\r\n") || len(text) > 2000 {
				t.Fatalf("error %q has more than one line, or too much in it", text)
			}
			return
		}
		if e.DeploymentID == "" || e.ID == "" || (e.ECS != nil) == (e.Contract == CodeDeploy) || e.Round < 0 || (e.Round > 0) == e.Began.IsZero() {
			t.Fatalf("accepted %+v", e)
		}
		// What a round leaves to the next arrives there.
		parsed, _ := parseEvent(payload)
		parsed.begin(time.Now(), DefaultECSLimit, true)
		v := Verdict{Status: InProgress, State: json.RawMessage("[1]")}
		var next map[string]json.RawMessage
		if e.Contract != ECS {
			if err := json.Unmarshal(parsed.handedOver(v, time.Now()), &next); err != nil {
				t.Fatal(err)
			}
		} else {
			next = map[string]json.RawMessage{ecsExecutionKey: encode(e.ID), ecsResourceKey: encode(e.DeploymentID), ecsStageKey: encode(e.ECS.Stage)}
			next[ecsDetailsKey] = encode(ecsSaid(t, parsed.answer(v)).Details)
		}
		back, err := ParseExecution(encode(next))
		if err != nil || back.DeploymentID != e.DeploymentID || back.ID != e.ID || back.Round != parsed.Round+1 || !back.Began.Equal(parsed.Began) || string(back.State) != "[1]" {
			t.Fatalf("%+v became %+v, %v", e, back, err)
		}
		if e.ECS != nil && len(back.ECS.Details) != len(e.ECS.Details) {
			t.Fatalf("the details %v became %v", e.ECS.Details, back.ECS.Details)
		}
	})
}
