package hook_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/greenlight-deploy/greenlight/hook"
)

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
