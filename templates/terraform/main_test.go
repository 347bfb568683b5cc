//go:build linux

package terraform

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/greenlight-deploy/greenlight/internal/cfntest/rehearsal"
)

// envPrice makes this process the deployed function of the example for Lambda: what it tells in that version.
const envPrice = "GREENLIGHT_TEST_PRICE"

// noPrice is told by a version that is broken.
const noPrice = "none"

// bootstrap is the function as it is packaged, for this machine's processor.
var bootstrap string

func TestMain(m *testing.M) {
	if price, is := os.LookupEnv(envPrice); is {
		lambda.Start(func(context.Context, any) (string, error) {
			if price == noPrice {
				return "", errors.New("the prices can't be read")
			}
			return price, nil
		})
		return
	}
	os.Exit(rehearsal.Run(m, &bootstrap))
}
