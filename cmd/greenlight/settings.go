//go:build !function

package main

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/awsconfig"
)

// commandLineSettings are those that the AWS CLI has: profiles, SSO, the shared files, the environment. They are read when a check
// first needs them.
func commandLineSettings(ctx context.Context) awsSettings {
	return sync.OnceValues(func() (aws.Config, error) { return awsconfig.Load(ctx, "", "") })
}
