package hook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// The names are those of the services' endpoints in AWS's general reference:
// https://docs.aws.amazon.com/general/latest/gr/lambda-service.html and ecs-service.html beside it.
func TestEndpointsOfECSAndLambda(t *testing.T) {
	fips := map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}
	dualStack := map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}
	tests := []struct {
		why         string
		region      string
		env         map[string]string
		ecs, lambda string
	}{
		{"the region's", "eu-central-1", nil, "https://ecs.eu-central-1.amazonaws.com", "https://lambda.eu-central-1.amazonaws.com"},
		{"in China", "cn-north-1", nil, "https://ecs.cn-north-1.amazonaws.com.cn", "https://lambda.cn-north-1.amazonaws.com.cn"},
		{"GovCloud", "us-gov-west-1", nil, "https://ecs.us-gov-west-1.amazonaws.com", "https://lambda.us-gov-west-1.amazonaws.com"},
		{"the European sovereign cloud", "eusc-de-east-1", nil, "https://ecs.eusc-de-east-1.amazonaws.eu", "https://lambda.eusc-de-east-1.amazonaws.eu"},
		{"FIPS", "us-east-1", fips, "https://ecs-fips.us-east-1.amazonaws.com", "https://lambda-fips.us-east-1.amazonaws.com"},
		{"FIPS in GovCloud", "us-gov-east-1", fips, "https://ecs-fips.us-gov-east-1.amazonaws.com", "https://lambda-fips.us-gov-east-1.amazonaws.com"},
		{"dual-stack", "eu-west-1", dualStack, "https://ecs.eu-west-1.api.aws", "https://lambda.eu-west-1.api.aws"},
		{"dual-stack in China", "cn-north-1", dualStack, "https://ecs.cn-north-1.api.amazonwebservices.com.cn", "https://lambda.cn-north-1.api.amazonwebservices.com.cn"},
		{"one for all", "eu-west-1", map[string]string{"AWS_ENDPOINT_URL": "http://all"}, "http://all", "http://all"},
		{"one's own", "eu-west-1", map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_LAMBDA": "http://one"}, "http://all", "http://one"},
		{"only one's own", "eu-west-1", map[string]string{"AWS_ENDPOINT_URL_ECS": "http://one"}, "http://one", "https://lambda.eu-west-1.amazonaws.com"},
		{"ignored", "eu-west-1", map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_ECS": "http://one", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "https://ecs.eu-west-1.amazonaws.com", "https://lambda.eu-west-1.amazonaws.com"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			env := map[string]string{"AWS_REGION": tt.region}
			for name, value := range tt.env {
				env[name] = value
			}
			cfg, err := LambdaConfig(lambdaEnv(env))
			if err != nil {
				t.Fatal(err)
			}
			for service, want := range map[awsService]string{ecsService: tt.ecs, lambdaService: tt.lambda} {
				got, err := newCaller(cfg, service).endpoint(t.Context())
				if err != nil || strings.TrimSuffix(got.String(), "/") != want {
					t.Errorf("%s: got %v (%v), want %s", service.id, got, err, want)
				}
			}
		})
	}
}

// A foreignSource ignores configured endpoints, as the SDK's own sources may say.
type foreignSource struct{}

func (foreignSource) GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error) {
	return true, true, nil
}

func (foreignSource) GetServiceBaseEndpoint(context.Context, string) (string, bool, error) {
	return "http://ignored", true, nil
}

func TestAConfigurationOfTheSDKsConfigPackageIsFollowed(t *testing.T) {
	if got := serviceEndpoint(t.Context(), aws.Config{ConfigSources: []any{"something", foreignSource{}}}, "ECS"); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestCallsThatNeverLeaveTheProcessAreFinal(t *testing.T) {
	failing := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("expired") })
	unreadable := "http://\x00"
	for why, tt := range map[string]struct {
		cfg  aws.Config
		says string
	}{
		"no credentials":             {aws.Config{Region: "eu-west-1"}, "there are no credentials"},
		"credentials that fail":      {aws.Config{Region: "eu-west-1", Credentials: failing}, "get credentials: expired"},
		"no region":                  {aws.Config{}, "find the endpoint of ECS"},
		"an endpoint that is no URL": {aws.Config{Region: "eu-west-1", BaseEndpoint: &unreadable}, "find the endpoint of ECS"},
	} {
		t.Run(why, func(t *testing.T) {
			err := NewECSReporter(tt.cfg).Report(t.Context(), Execution{Contract: ECSPause, ID: "x", DeploymentID: "d"}, Succeeded)
			if judge(err) != final || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want a final error that says %q", err, tt.says)
			}
		})
	}
}

func TestErrorAnswers(t *testing.T) {
	tests := []struct {
		why    string
		status int
		header string
		body   string
		code   string
		says   string
		fault  smithy.ErrorFault
	}{
		{"AWS JSON 1.1", 400, "", `{"__type":"ClientException","message":"m"}`, "ClientException", "ECS answers with status 400, ClientException: m", smithy.FaultClient},
		{"with its namespace", 400, "", `{"__type":"com.amazonaws.ecs#ClientException","Message":"m"}`, "ClientException", "ECS answers with status 400, ClientException: m", smithy.FaultClient},
		{"REST JSON", 429, "TooManyRequestsException", `{"Reason":"ConcurrentInvocationLimitExceeded","message":"m"}`, "TooManyRequestsException", "ECS answers with status 429, TooManyRequestsException: m", smithy.FaultClient},
		{"REST JSON, with a URL", 403, "AccessDeniedException:http://internal.amazon.com/coral/", `{"message":"a\nb"}`, "AccessDeniedException", "ECS answers with status 403, AccessDeniedException: a; b", smithy.FaultClient},
		{"the header wins", 500, "A", `{"__type":"B"}`, "A", "ECS answers with status 500, A: ", smithy.FaultServer},
		{"by the other member", 400, "", `{"code":"C"}`, "C", "ECS answers with status 400, C: ", smithy.FaultClient},
		{"nothing", 503, "", ``, noCode, "ECS answers with status 503, UnknownError: ", smithy.FaultServer},
		{"no JSON", 400, "", `<html>`, noCode, "ECS answers with status 400, UnknownError: ", smithy.FaultClient},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			resp := &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
			if tt.header != "" {
				resp.Header.Set("X-Amzn-ErrorType", tt.header)
			}
			err := newCallError(ecsService, resp, []byte(tt.body))
			if err.ErrorCode() != tt.code || err.Error() != tt.says || err.ErrorFault() != tt.fault || err.ErrorMessage() != err.message || statusOf(err) != tt.status {
				t.Errorf("got %q: %v", err.ErrorCode(), err)
			}
		})
	}
}
