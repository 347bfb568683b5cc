//go:build linux

package sam

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/greenlight-deploy/greenlight/internal/cfntest/rehearsal"
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
	os.Exit(rehearsal.Run(m, &bootstrap))
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
