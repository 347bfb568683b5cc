package hook

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// LambdaConfig is the AWS configuration that Lambda gives a function, with the settings that AWS's SDKs take from the
// environment: the region, credentials, the bundle of certificates, the endpoints (AWS_ENDPOINT_URL, and with _ECS and the
// like each service's own), FIPS and dual-stack. Every client of the SDK that is made from it follows them, and shares one HTTP
// client. A handler that is given it by [WithConfig] opens its connection to CodeDeploy ahead there, so that a function's own
// calls to CodeDeploy use the same one.
//
// Profiles, SSO and the like don't exist in a function. The SDK's config package reads all of them, and links the clients of
// four services for it: a third of the time that a hook needs from exec to its first event, and a megabyte of its zip. Who
// wants it can give its result to [WithConfig] instead.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
func LambdaConfig(env func(string) string) (aws.Config, error) {
	settings := environmentSettings{env}
	cfg := aws.Config{Region: first(env, "AWS_REGION", "AWS_DEFAULT_REGION"), ConfigSources: []any{settings}}
	if cfg.Region == "" {
		return cfg, errors.New("AWS_REGION is not set")
	}
	key, secret := env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")
	if key == "" || secret == "" {
		return cfg, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(key, secret, env("AWS_SESSION_TOKEN"))
	if endpoint := env("AWS_ENDPOINT_URL"); endpoint != "" && !settings.ignoresEndpoints() {
		cfg.BaseEndpoint = aws.String(endpoint)
	}
	client := awshttp.NewBuildableClient()
	if bundle := env("AWS_CA_BUNDLE"); bundle != "" {
		roots, err := rootsOf(bundle)
		if err != nil {
			return cfg, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
		client = client.WithTransportOptions(func(t *http.Transport) { t.TLSClientConfig.RootCAs = roots })
	}
	_, cfg.HTTPClient = warmClient(client)
	return cfg, nil
}

// environmentSettings are those that aws.Config has no field for. The SDK's clients look for these methods
// in its ConfigSources.
type environmentSettings struct{ env func(string) string }

func (s environmentSettings) ignoresEndpoints() bool {
	return isTrue(s.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
}

// GetServiceBaseEndpoint returns the endpoint that is set for one service.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (s environmentSettings) GetServiceBaseEndpoint(_ context.Context, id string) (string, bool, error) {
	endpoint := s.env("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(id, " ", "_")))
	return endpoint, endpoint != "" && !s.ignoresEndpoints(), nil
}

// GetUseFIPSEndpoint reports whether FIPS is asked for.
func (s environmentSettings) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateEnabled, isTrue(s.env("AWS_USE_FIPS_ENDPOINT")), nil
}

// GetUseDualStackEndpoint reports whether dual-stack is asked for.
func (s environmentSettings) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return aws.DualStackEndpointStateEnabled, isTrue(s.env("AWS_USE_DUALSTACK_ENDPOINT")), nil
}

// serviceEndpoint is the endpoint that cfg sets for the service with the SDK's id; empty for AWS's own.
func serviceEndpoint(ctx context.Context, cfg aws.Config, id string) string {
	for _, source := range cfg.ConfigSources {
		if p, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(ctx context.Context) (bool, bool, error)
		}); ok {
			if ignored, found, err := p.GetIgnoreConfiguredEndpoints(ctx); ignored && found && err == nil {
				break
			}
		}
		if p, ok := source.(interface {
			GetServiceBaseEndpoint(ctx context.Context, id string) (string, bool, error)
		}); ok {
			if endpoint, found, err := p.GetServiceBaseEndpoint(ctx, id); found && err == nil {
				return endpoint
			}
		}
	}
	return aws.ToString(cfg.BaseEndpoint)
}

// endpointVariant says which of AWS's endpoints cfg asks for.
func endpointVariant(ctx context.Context, cfg aws.Config) (dualStack, fips bool) {
	for _, source := range cfg.ConfigSources {
		if p, ok := source.(interface {
			GetUseDualStackEndpoint(ctx context.Context) (aws.DualStackEndpointState, bool, error)
		}); ok && !dualStack {
			state, found, err := p.GetUseDualStackEndpoint(ctx)
			dualStack = found && err == nil && state == aws.DualStackEndpointStateEnabled
		}
		if p, ok := source.(interface {
			GetUseFIPSEndpoint(ctx context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok && !fips {
			state, found, err := p.GetUseFIPSEndpoint(ctx)
			fips = found && err == nil && state == aws.FIPSEndpointStateEnabled
		}
	}
	return dualStack, fips
}

func rootsOf(bundle string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(bundle)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", bundle)
	}
	return roots, nil
}

func first(env func(string) string, names ...string) string {
	for _, name := range names {
		if value := env(name); value != "" {
			return value
		}
	}
	return ""
}

func isTrue(value string) bool { return strings.EqualFold(value, "true") }

// environmentConfig loads the environment's configuration when it is first needed.
func environmentConfig() func() (aws.Config, error) {
	return sync.OnceValues(func() (aws.Config, error) {
		cfg, err := LambdaConfig(os.Getenv)
		if err != nil {
			return cfg, &configError{err}
		}
		return cfg, nil
	})
}

// A configuredReporter reports to whom an execution is for, by a configuration that is loaded when first
// needed. Where that is broken, each report says so; the process lives, and its log with it.
type configuredReporter struct {
	load func() (reporters, error)
}

type reporters struct {
	codeDeploy *CodeDeployReporter
	ecs        *ECSReporter
}

func newConfiguredReporter(config func() (aws.Config, error)) configuredReporter {
	return configuredReporter{load: sync.OnceValues(func() (reporters, error) {
		cfg, err := config()
		if err != nil {
			return reporters{}, err
		}
		return reporters{codeDeploy: NewCodeDeployReporter(cfg), ecs: NewECSReporter(cfg)}, nil
	})}
}

func (r configuredReporter) Report(ctx context.Context, e Execution, s Status) error {
	loaded, err := r.load()
	if err != nil {
		return err
	}
	if e.Contract == ECSPause {
		return loaded.ecs.Report(ctx, e, s)
	}
	return loaded.codeDeploy.Report(ctx, e, s)
}

func (r configuredReporter) warm(ctx context.Context, connections int) error {
	loaded, err := r.load()
	if err != nil {
		return err
	}
	return loaded.codeDeploy.warm(ctx, connections)
}

// A configError is final: the environment of a process doesn't change.
type configError struct{ err error }

func (e *configError) Error() string {
	return fmt.Sprintf("read the AWS configuration from the environment: %v", e.err)
}
func (e *configError) Unwrap() error      { return e.err }
func (*configError) RetryableError() bool { return false }
