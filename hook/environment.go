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
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
)

// LambdaConfig is the AWS configuration that Lambda gives a function, with the settings that AWS's SDKs take from the
// environment. Profiles, SSO and the like don't exist there. The SDK's config package reads all of them, and links the
// clients of four services for it: a third of the time that a hook needs from exec to its first event, and a megabyte of
// its zip. Who wants it can give its result to [NewCodeDeployReporter].
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
func LambdaConfig(env func(string) string) (aws.Config, error) {
	cfg := aws.Config{Region: first(env, "AWS_REGION", "AWS_DEFAULT_REGION")}
	if cfg.Region == "" {
		return cfg, errors.New("AWS_REGION is not set")
	}
	key, secret := env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")
	if key == "" || secret == "" {
		return cfg, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(key, secret, env("AWS_SESSION_TOKEN"))
	if !isTrue(env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
		if endpoint := first(env, "AWS_ENDPOINT_URL_CODEDEPLOY", "AWS_ENDPOINT_URL"); endpoint != "" {
			cfg.BaseEndpoint = aws.String(endpoint)
		}
	}
	if bundle := env("AWS_CA_BUNDLE"); bundle != "" {
		roots, err := rootsOf(bundle)
		if err != nil {
			return cfg, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
		cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.TLSClientConfig.RootCAs = roots
		})
	}
	return cfg, nil
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

// endpointVariant chooses the endpoint that the environment asks for: FIPS, dual-stack.
func endpointVariant(env func(string) string) func(*codedeploy.Options) {
	return func(o *codedeploy.Options) {
		if isTrue(env("AWS_USE_FIPS_ENDPOINT")) {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if isTrue(env("AWS_USE_DUALSTACK_ENDPOINT")) {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	}
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

// An environmentReporter is a CodeDeployReporter for the configuration that the
// environment gives, loaded when first needed. Where it is broken, each report says so; the
// process lives, and its log with it.
type environmentReporter struct {
	load func() (*CodeDeployReporter, error)
}

func newEnvironmentReporter() *environmentReporter {
	return &environmentReporter{load: sync.OnceValues(func() (*CodeDeployReporter, error) {
		cfg, err := LambdaConfig(os.Getenv)
		if err != nil {
			return nil, &configError{err}
		}
		return NewCodeDeployReporter(cfg, endpointVariant(os.Getenv)), nil
	})}
}

func (r *environmentReporter) Report(ctx context.Context, e Execution, s Status) error {
	loaded, err := r.load()
	if err != nil {
		return err
	}
	return loaded.Report(ctx, e, s)
}

func (r *environmentReporter) warm(ctx context.Context) error {
	loaded, err := r.load()
	if err != nil {
		return err
	}
	return loaded.warm(ctx)
}

// A configError is final: the environment of a process doesn't change.
type configError struct{ err error }

func (e *configError) Error() string {
	return fmt.Sprintf("read the AWS configuration from the environment: %v", e.err)
}
func (e *configError) Unwrap() error      { return e.err }
func (*configError) RetryableError() bool { return false }
