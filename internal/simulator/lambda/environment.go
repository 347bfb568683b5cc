package lambda

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// credentials are what every sandbox gets. They are nobody's: they only let an SDK sign
// its requests, and the simulated services don't check the signature.
var credentials = struct{ id, secret, token string }{
	id:     "ASIASIMULATEDLAMBDA0",
	secret: "simulated/secret/of/the/execution/role00",
	token:  "simulated-session-token-of-the-execution-role",
}

// reservedNames can't be set by a function's configuration:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime.
var reservedNames = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// Credentials are what functions sign their requests with.
func (*Service) Credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: credentials.id, SecretAccessKey: credentials.secret, SessionToken: credentials.token}
}

func isReserved(name string) bool { return slices.Contains(reservedNames, name) }

// environment is everything that a sandbox's process sees. Nothing comes from the
// simulator's own environment: a function that only works because of the developer's
// shell would not work in Lambda.
func (s *Service) environment(f Function, number, stream, api string) []string {
	env := map[string]string{
		"LANG": "en_US.UTF-8",
		"PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"TZ":   ":UTC",
	}
	if s.config.Environment != nil {
		maps.Copy(env, s.config.Environment())
	}
	maps.Copy(env, f.Env)
	maps.Copy(env, map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_REGION":                      s.config.Region,
		"AWS_DEFAULT_REGION":              s.config.Region,
		"AWS_ACCESS_KEY_ID":               credentials.id,
		"AWS_SECRET_ACCESS_KEY":           credentials.secret,
		"AWS_SESSION_TOKEN":               credentials.token,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     number,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      stream,
		"AWS_LAMBDA_RUNTIME_API":          api,
		"LAMBDA_TASK_ROOT":                f.Dir,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
	})
	if !strings.HasPrefix(f.Runtime, "provided") { // OS-only runtimes don't have it
		env["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + f.Runtime
	}
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}
