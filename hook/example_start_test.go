package hook_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/greenlight-deploy/greenlight/hook"
)

// smokeTest asks the green side, at the test listener, for its health.
func smokeTest(ctx context.Context, _ hook.Execution) error {
	url := os.Getenv("GREEN_URL") + "/health"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("set GREEN_URL to the test listener's URL: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: status %d, want 200", url, resp.StatusCode)
	}
	hook.Logger(ctx).Info("green is healthy", "url", url)
	return nil
}

// A whole hook: built for Lambda as bootstrap, and named in the AppSpec.
func Example() {
	hook.Start(smokeTest)
}
