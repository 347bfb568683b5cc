package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// envSecretsTTL is how long a warm function remembers secrets; 0s: each execution fetches its own.
const envSecretsTTL = "GREENLIGHT_SECRETS_TTL"

// newSecrets makes the store that secrets are fetched with. It is of use with an error too, which says what is wrong with the
// settings.
func newSecrets(env func(string) string, config func() (aws.Config, error)) (*secret.Store, error) {
	ttl, err := secret.DefaultTTL, error(nil)
	if text := env(envSecretsTTL); text != "" {
		if ttl, err = strictyaml.ParseDuration(text); err == nil && ttl < 0 {
			err = fmt.Errorf("a duration can't be negative")
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", envSecretsTTL, err)
	}
	return secret.NewStore(secret.Settings{AWS: config, Env: env, TTL: max(ttl, 0), Now: time.Now}), err
}

// fetching completes a scope with the secrets of a stage; nil where it has none.
func fetching(store *secret.Store, asked *plan.Stage) func(context.Context, check.Scope) (check.Scope, error) {
	if asked == nil || len(asked.Secrets) == 0 {
		return nil
	}
	return func(ctx context.Context, scope check.Scope) (check.Scope, error) {
		set, err := store.Fetch(ctx, asked.Secrets, scope.Lookup)
		if err != nil {
			return scope, err
		}
		scope.Lookup, scope.UserAgent = set.Lookup(scope.Lookup), scope.Masked(scope.UserAgent)
		return scope, nil
	}
}
