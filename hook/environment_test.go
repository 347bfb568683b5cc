package hook

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// lambdaEnv is what Lambda sets, with changes; an empty value takes a variable away.
func lambdaEnv(changes map[string]string) func(string) string {
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
	}
	for name, value := range changes {
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

func TestTheConfigurationIsWhatLambdaGives(t *testing.T) {
	cfg, err := LambdaConfig(lambdaEnv(nil))
	if err != nil {
		t.Fatal(err)
	}
	got, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Region != "eu-central-1" || got.AccessKeyID != "AKIDEXAMPLE" || got.SecretAccessKey != "secret" || got.SessionToken != "token" || cfg.BaseEndpoint != nil {
		t.Errorf("got region %q, credentials %+v, endpoint %v", cfg.Region, got, cfg.BaseEndpoint)
	}
}

func TestTheEndpointIsTheOneThatIsSet(t *testing.T) {
	tests := []struct {
		why  string
		env  map[string]string
		want string
	}{
		{"the service's own wins", map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_CODEDEPLOY": "http://one"}, "http://one"},
		{"else the one for all", map[string]string{"AWS_ENDPOINT_URL": "http://all"}, "http://all"},
		{"unless they are to be ignored", map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			cfg, err := LambdaConfig(lambdaEnv(tt.env))
			if err != nil {
				t.Fatal(err)
			}
			if got := aws.ToString(NewCodeDeployReporter(cfg).options().BaseEndpoint); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFIPSAndDualStackAreAskedFor(t *testing.T) {
	for _, asked := range []bool{true, false} {
		env := map[string]string{}
		if asked {
			env = map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}
		}
		cfg, err := LambdaConfig(lambdaEnv(env))
		if err != nil {
			t.Fatal(err)
		}
		o := NewCodeDeployReporter(cfg).options().EndpointOptions
		if (o.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled) != asked || (o.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled) != asked {
			t.Errorf("got %+v, asked for: %v", o, asked)
		}
	}
}

func TestABrokenConfigurationIsNamed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why  string
		env  map[string]string
		says string
	}{
		{"no region", map[string]string{"AWS_REGION": ""}, "AWS_REGION is not set"},
		{"no key", map[string]string{"AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID"},
		{"no secret", map[string]string{"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY"},
		{"a bundle that isn't there", map[string]string{"AWS_CA_BUNDLE": "/nowhere/bundle.pem"}, "AWS_CA_BUNDLE"},
		{"a bundle without a certificate", map[string]string{"AWS_CA_BUNDLE": empty}, "no certificate in PEM"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if _, err := LambdaConfig(lambdaEnv(tt.env)); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error that says %q", err, tt.says)
			}
		})
	}
}
