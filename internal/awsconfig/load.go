// Package awsconfig reads the AWS settings of the command line's user: profiles, SSO, the shared files, the environment.
// A function has its settings in its environment, and hook.LambdaConfig reads them there: what this package links (the
// clients of STS, SSO, SSO-OIDC and sign-in) isn't in the function's build.
package awsconfig

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// ErrNoRegion says that no region is set anywhere.
var ErrNoRegion = errors.New("no AWS region is set: give --region, AWS_REGION, or a profile that has one")

// Load reads the settings as the AWS CLI does. Profile and region win over the environment where they aren't empty. The
// error is ErrNoRegion, or says what is wrong with a profile, or why there are no credentials.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
func Load(ctx context.Context, profile, region string) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("reading the AWS settings: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, ErrNoRegion
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, fmt.Errorf("finding AWS credentials (a profile, `aws sso login`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY): %w", err)
	}
	return cfg, nil
}
