// Command classic is the classic recipe as a hook: each route of the test listener answers 200, or the deployment is rolled back.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
)

func main() { hook.Start(routesAnswer) }

// routesAnswer asks ALB_URL, the test listener's, for each of ROUTES. What it returns is the reason of the verdict Failed.
func routesAnswer(ctx context.Context, _ hook.Execution) error {
	green := os.Getenv("ALB_URL")
	if green == "" {
		return errors.New("set ALB_URL to the URL of the test listener")
	}
	for route := range strings.SplitSeq(os.Getenv("ROUTES"), ",") {
		if err := answers(ctx, green, strings.TrimSpace(route)); err != nil {
			return err
		}
	}
	return nil
}

// A redirect is an answer of its own: it may lead to where blue answers.
var client = http.Client{
	Timeout:       2 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func answers(ctx context.Context, green, route string) error {
	address, err := url.JoinPath(green, route)
	if err != nil {
		return fmt.Errorf("ALB_URL: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: status %d, want 200", address, response.StatusCode)
	}
	return nil
}
