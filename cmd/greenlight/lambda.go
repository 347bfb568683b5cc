package main

import (
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/secret"
)

// serveLambda serves a deployment's hook until Lambda ends the process.
//
// The system's root certificates take longest to read of all that the first event needs, for CodeDeploy's endpoint and
// for https checks: they are read while the plan is.
func serveLambda(env func(string) string, folder string) {
	go func() { _, _ = x509.SystemCertPool() }()
	// The runtime's own words, about an invocation that ends in an error, are JSON lines like all others.
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
	cfg, err := hook.LambdaConfig(env)
	if err != nil {
		d := newDecider(env, folder, aws.Config{}, err) // whose reports say what is missing, each time
		hook.Serve(d, hook.WithLogger(d.masking(hook.NewLogger(os.Stderr, env("LOG_LEVEL")))))
		return
	}
	d := newDecider(env, folder, cfg, nil)
	hook.Serve(d, hook.WithConfig(cfg), hook.WithConnections(deployment.FirstReads), hook.WithLogger(d.masking(hook.NewLogger(os.Stderr, env("LOG_LEVEL")))))
}

// masking has the secrets that the decider has fetched masked in all lines of a logger.
func (d *decider) masking(l *slog.Logger) *slog.Logger {
	return slog.New(secret.Handler(l.Handler(), d.secrets.Masker()))
}

// taskRoot is the folder of the function's code, where a plan beside the binary lies.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func taskRoot() string {
	if root := os.Getenv("LAMBDA_TASK_ROOT"); root != "" {
		return root
	}
	binary, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(binary)
}
