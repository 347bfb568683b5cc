//go:build linux

package sam

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/greenlight-deploy/greenlight/internal/bundle"
)

// envPrices makes this process the deployed function of the example for Lambda: what an apple costs in that version.
const envPrices = "GREENLIGHT_TEST_APPLE"

// bootstrap is the function as it is packaged, for this machine's processor.
var bootstrap string

func TestMain(m *testing.M) {
	if price, is := os.LookupEnv(envPrices); is {
		lambda.Start(prices(price))
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "greenlight-templates-")
	if err != nil {
		return 0, fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	bootstrap = filepath.Join(folder, "bootstrap")
	if err := bundle.Build(context.Background(), runtime.GOARCH, "test", bootstrap); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// prices is lambda/app/app.py in Go: it must run where there is nothing else.
func prices(apple string) func(context.Context, struct{ SKU string }) (map[string]any, error) {
	return func(_ context.Context, event struct{ SKU string }) (map[string]any, error) {
		if event.SKU != "apple" {
			return map[string]any{"error": "there is no " + event.SKU}, nil
		}
		var price float64
		if _, err := fmt.Sscan(apple, &price); err != nil {
			return nil, fmt.Errorf("the price of an apple: %w", err)
		}
		return map[string]any{"sku": event.SKU, "price": price}, nil
	}
}
