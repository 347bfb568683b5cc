package hook

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The examples of testdata/events, byte for byte as AWS documents them, but for CodeDeploy's, whose documentation
// names its two members in words and code:
//   - ecs-*: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
//   - ecs-pause: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html
//   - ecs-pause-without-resources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html

func documented(t testing.TB, name string) []byte {
	t.Helper()
	payload, err := os.ReadFile(filepath.Join("testdata", "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

const (
	documentedService    = "arn:aws:ecs:us-west-2:123456789012:service/my-cluster/my-service"
	documentedDeployment = "arn:aws:ecs:us-west-2:123456789012:service-deployment/my-cluster/my-service/EZe5RNVLH6PPzHXINuP28"
	documentedGreen      = "arn:aws:ecs:us-west-2:123456789012:service-revision/my-cluster/my-service/9313423515462893900"
	documentedBlue       = "arn:aws:ecs:us-west-2:123456789012:service-revision/my-cluster/my-service/1920498462936580504"
	documentedHook       = "ecs-pause-e7tK9G_WRJqNF_EOMjztDXfKenlJuEUVjsNStf4WLKw"
)

func TestDocumentedEventsAreUnderstood(t *testing.T) {
	none := map[string]float64{}
	weights := func(green, blue float64) map[string]float64 {
		return map[string]float64{documentedGreen: green, documentedBlue: blue}
	}
	ecs := func(id, stage string, test, production map[string]float64) Execution {
		return Execution{Contract: ECS, DeploymentID: documentedDeployment, ID: id, ECS: &ECSExecution{
			Stage: stage, ServiceARN: documentedService, TargetServiceRevisionARN: documentedGreen,
			TestTrafficWeights: test, ProductionTrafficWeights: production,
		}}
	}
	withDetails := ecs("e8d5a28f-eb01-4f3c-9454-a30ba6dc54bc", "POST_TEST_TRAFFIC_SHIFT", none, none)
	withDetails.ECS.Details = map[string]json.RawMessage{"approvalChecked": json.RawMessage("true"), "S3_BUCKET_NAME": json.RawMessage(`"my-approval-bucket"`)}
	pause := func(deployment string) Execution {
		return Execution{Contract: ECSPause, DeploymentID: deployment, ID: documentedHook, ECS: &ECSExecution{
			Stage: "POST_TEST_TRAFFIC_SHIFT", ServiceARN: documentedService,
		}}
	}
	tests := map[string]Execution{
		"ecs-pre-scale-up":                  ecs("e8d5a28f-eb01-4f3c-9454-a30ba6dc54bc", "PRE_SCALE_UP", none, none),
		"ecs-post-scale-up":                 ecs("8b095b05-7bb0-4c56-a223-a3f61f4f9295", "POST_SCALE_UP", none, none),
		"ecs-test-traffic-shift":            ecs("779085de-ab47-42bc-84ad-41f9914a8643", "TEST_TRAFFIC_SHIFT", weights(100, 0), none),
		"ecs-post-test-traffic-shift":       ecs("3a0345ba-b029-404b-890d-7da2a4b266aa", "POST_TEST_TRAFFIC_SHIFT", none, none),
		"ecs-pre-production-traffic-shift":  ecs("a2b3c4d5-e6f7-8901-abcd-ef1234567890", "PRE_PRODUCTION_TRAFFIC_SHIFT", none, weights(0, 100)),
		"ecs-production-traffic-shift":      ecs("f4fcae0f-9bec-41c6-ba87-0eaa0cef8af5", "PRODUCTION_TRAFFIC_SHIFT", none, weights(100, 0)),
		"ecs-post-production-traffic-shift": ecs("5f40ed04-7e54-437d-b95d-98bc872fec49", "POST_PRODUCTION_TRAFFIC_SHIFT", none, none),
		"ecs-rollback":                      ecs("70073435-cb99-457f-b900-6ee1dcad05ec", "PRODUCTION_TRAFFIC_SHIFT", none, weights(0, 100)),
		"ecs-hook-details":                  withDetails,
		"ecs-pause":                         pause("arn:aws:ecs:us-west-2:123456789012:service-deployment/my-cluster/my-service/0EYSiB0qap8xf0N76FsbE"),
		"ecs-pause-without-resources":       pause(documentedDeployment),
	}
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	if err != nil || len(files) != len(tests) {
		t.Fatalf("there are %d files (%v), and %d are tested", len(files), err, len(tests))
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseExecution(documented(t, name))
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Execution{})); diff != "" || err != nil {
				t.Errorf("got %v and (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAPauseIsOverBeforeECSEndsIt(t *testing.T) {
	ends := time.Date(2026, 3, 5, 16, 4, 41, 0, time.UTC)
	tests := []struct {
		why   string
		began time.Time
		want  time.Time
	}{
		{"a minute is kept for the answer", ends.Add(-time.Hour), ends.Add(-time.Minute)},
		{"a tenth of a short one", ends.Add(-time.Minute), ends.Add(-6 * time.Second)},
		{"one that has ended has no time", ends.Add(time.Minute), ends},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			e, wrong := parseEvent(documented(t, "ecs-pause"))
			if wrong != nil {
				t.Fatal(wrong)
			}
			e.begin(tt.began, DefaultECSLimit, true)
			if !e.Deadline.Equal(tt.want) || e.CanContinue() != tt.began.Before(ends) {
				t.Errorf("got %v, and that it can go on: %v; want %v", e.Deadline, e.CanContinue(), tt.want)
			}
		})
	}
}

// Each member that isn't needed for the answer may be missing, or null.
func TestECSMayLeaveOutWhatIsOptional(t *testing.T) {
	for _, name := range []string{"ecs-hook-details", "ecs-test-traffic-shift", "ecs-pause"} {
		var event map[string]any
		if err := json.Unmarshal(documented(t, name), &event); err != nil {
			t.Fatal(err)
		}
		eachMember(event, nil, func(path []string, leaveOut func(null bool) []byte) {
			key := path[len(path)-1]
			needed := map[string]bool{
				ecsExecutionKey: true, ecsStageKey: name != "ecs-pause", ecsResourceKey: true,
				detailTypeKey: true, detailKey: true, eventNameKey: true, hookIDKey: true, pausedARNKey: true,
			}[key]
			for _, null := range []bool{false, true} {
				e, err := ParseExecution(leaveOut(null))
				if (err != nil) != needed {
					t.Errorf("%s without %v (null: %v): got %v", name, path, null, err)
				}
				if err == nil && (e.ID == "" || e.DeploymentID == "" || e.ECS == nil) {
					t.Errorf("%s without %v: got %+v", name, path, e)
				}
			}
		})
	}
}

// eachMember calls visit with each member of an object and of those in it, and with what leaves it out.
func eachMember(root map[string]any, path []string, visit func(path []string, leaveOut func(null bool) []byte)) {
	object := root
	for _, key := range path {
		object = object[key].(map[string]any)
	}
	for key, value := range object {
		at := append(append([]string(nil), path...), key)
		visit(at, func(null bool) []byte {
			if null {
				object[key] = nil
			} else {
				delete(object, key)
			}
			defer func() { object[key] = value }()
			return encode(root)
		})
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 {
			eachMember(root, at, visit)
		}
	}
}
