package hook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
)

// An InProgress verdict has the hook asked again, here by Amazon ECS: no function is held open while the alarms
// stay quiet for two hours.
func ExampleVerdict() {
	bake := decider(func(_ context.Context, e hook.Execution) hook.Verdict {
		if quiet := time.Since(e.Began); quiet < 2*time.Hour && e.CanContinue() {
			return hook.Verdict{Status: hook.InProgress, Reason: "no alarm so far", After: time.Minute}
		}
		return hook.Verdict{Status: hook.Succeeded, Reason: "no alarm for 2h"}
	})

	h := hook.New(bake, hook.WithLogger(slog.New(slog.DiscardHandler)))
	answer, _ := h.Invoke(context.Background(), []byte(`{"executionId": "f4fcae0f", "lifecycleStage": "POST_PRODUCTION_TRAFFIC_SHIFT",
		"resourceArn": "arn:aws:ecs:us-west-2:123456789012:service-deployment/my-cluster/my-service/EZe5RNVLH6PPzHXINuP28"}`))
	var ecs struct {
		HookStatus    string
		CallBackDelay int
		Reason        string
	}
	if err := json.Unmarshal(answer, &ecs); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s, again in %d s: %s\n", ecs.HookStatus, ecs.CallBackDelay, ecs.Reason)

	// Output:
	// IN_PROGRESS, again in 60 s: no alarm so far
}

type decider func(ctx context.Context, e hook.Execution) hook.Verdict

func (d decider) Decide(ctx context.Context, e hook.Execution) hook.Verdict { return d(ctx, e) }

// New makes a hook that needs neither Lambda nor AWS: give it an event, see what it reports.
func ExampleNew() {
	check := hook.Func(func(context.Context, hook.Execution) error {
		return errors.New("GET /health: status 500, want 200")
	})
	codeDeploy := hook.ReporterFunc(func(_ context.Context, e hook.Execution, s hook.Status) error {
		fmt.Println("deployment", e.DeploymentID, "is told", s)
		return nil
	})

	h := hook.New(check, hook.WithReporter(codeDeploy), hook.WithLogger(slog.New(slog.DiscardHandler)))
	event := []byte(`{"DeploymentId": "d-IHWDEND8F", "LifecycleEventHookExecutionId": "eyJlbmMiOiJBMjU2"}`)
	answer, err := h.Invoke(context.Background(), event)
	fmt.Printf("%s %v\n", answer, err)

	// Output:
	// deployment d-IHWDEND8F is told Failed
	// {"status":"Failed","reason":"GET /health: status 500, want 200"} <nil>
}
