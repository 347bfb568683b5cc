//go:build !function

package main

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/awsconfig"
)

// commandLineSettings are those that the AWS CLI has: profiles, SSO, the shared files, the environment. They are read when
// something first needs them: a plan or a secret in AWS, or a check that asks AWS.
func commandLineSettings(ctx context.Context) awsSettings {
	return sync.OnceValues(func() (aws.Config, error) {
		cfg, err := awsconfig.Load(ctx, "", "")
		if errors.Is(err, awsconfig.ErrNoRegion) {
			return cfg, errors.New("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one")
		}
		return cfg, err
	})
}
