//go:build !function

package main

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/awsconfig"
)

// awsConfig reads the AWS settings of whoever gives a command, for what a plan has in AWS.
func awsConfig(ctx context.Context) (aws.Config, error) {
	cfg, err := awsconfig.Load(ctx, "", "")
	if errors.Is(err, awsconfig.ErrNoRegion) {
		return cfg, errors.New("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one")
	}
	return cfg, err
}
