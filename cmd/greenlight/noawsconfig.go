//go:build function

package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/hook"
)

// awsConfig reads the AWS settings of a function, in the build that Lambda runs: profiles and what else a person has would be
// paid for at each cold start.
func awsConfig(context.Context) (aws.Config, error) { return hook.LambdaConfig(os.Getenv) }
