package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/smithy-go"

	"github.com/greenlight-deploy/greenlight/internal/simulator/endpoint"
)

// named answers with a name and the request's body, as JSON.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]string{"deploymentId": name + string(body)})
	})
}

func services() []endpoint.Service {
	return []endpoint.Service{
		{Name: "codedeploy", Protocol: endpoint.JSON11, Target: "CodeDeploy_20141006", Handler: named("codedeploy")},
		{Name: "ecs", Protocol: endpoint.JSON11, Target: "AmazonEC2ContainerServiceV20141113", Handler: named("ecs")},
		{Name: "elasticloadbalancing", Protocol: endpoint.Query, Version: "2015-12-01", Handler: named("elb")},
		{Name: "sts", Protocol: endpoint.Query, Version: "2011-06-15", Handler: named("sts")},
		{Name: "lambda", Protocol: endpoint.RESTJSON, Path: "/2015-03-31/functions", Handler: named("lambda")},
	}
}

func request(t *testing.T, method, path, body string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func TestARequestFindsItsService(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	signed := func(service string) string {
		return "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/" + service + "/aws4_request, SignedHeaders=host, Signature=0"
	}
	tests := []struct {
		why     string
		request *http.Request
		want    string
	}{
		{"a JSON service by its target", request(t, "POST", "/", "{}", "X-Amz-Target", "CodeDeploy_20141006.GetDeployment"), "codedeploy{}"},
		{"another by its own", request(t, "POST", "/", "{}", "X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DescribeServices"), "ecs{}"},
		{"a Query service by its version, the body still there", request(t, "POST", "/", "Action=DescribeRules&Version=2015-12-01", "Content-Type", form), "elbAction=DescribeRules&Version=2015-12-01"},
		{"two Query services are told apart", request(t, "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", "Content-Type", form), "stsAction=GetCallerIdentity&Version=2011-06-15"},
		{"Query takes GET as well", request(t, "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", ""), "sts"},
		{"a REST service by its path", request(t, "POST", "/2015-03-31/functions/f/invocations", "{}"), "lambda{}"},
		{"a signature says it of any request", request(t, "POST", "/", "x", "Authorization", signed("lambda")), "lambdax"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			w := httptest.NewRecorder()
			endpoint.New(services()...).ServeHTTP(w, tt.request)
			var got struct{ DeploymentID string }
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.DeploymentID != tt.want {
				t.Errorf("got %s, want the answer of %q", w.Body, tt.want)
			}
		})
	}
}

func TestWhatNoServiceKnowsIsAnsweredInItsOwnProtocol(t *testing.T) {
	tests := []struct {
		why     string
		request *http.Request
		want    string
	}{
		{"JSON", request(t, "POST", "/", "{}", "X-Amz-Target", "DynamoDB_20120810.GetItem"), `{"__type":"UnknownOperationException"`},
		{"Query", request(t, "POST", "/", "Action=ListTopics&Version=2010-03-31", "Content-Type", "application/x-www-form-urlencoded"), "<ErrorResponse><Error><Type>Sender</Type><Code>UnknownOperationException</Code>"},
		{"REST", request(t, "GET", "/bucket/key", ""), `"Message":"the simulator has no service for this request; it has codedeploy, ecs, elasticloadbalancing, lambda, sts"`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			w := httptest.NewRecorder()
			endpoint.New(services()...).ServeHTTP(w, tt.request)
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), tt.want) || w.Header().Get("X-Amzn-Requestid") == "" {
				t.Errorf("got %d %s, want 400 with %s", w.Code, w.Body, tt.want)
			}
		})
	}
}

func verifying(now func() time.Time) *endpoint.Endpoint {
	e := endpoint.New(services()...)
	e.Credentials = func() aws.Credentials { return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"} }
	e.Now = now
	e.SetClock(0, true)
	return e
}

func TestABrowserGetsThePageAndAWSClientsDoNot(t *testing.T) {
	e := endpoint.New(services()...)
	e.Page = named("the page")
	tests := []struct {
		why     string
		request *http.Request
		page    bool
	}{
		{"a browser at the root", request(t, "GET", "/", ""), true},
		{"a browser asks for a part of the page", request(t, "GET", "/dashboard.css", ""), true},
		{"an unknown JSON service", request(t, "POST", "/", "{}", "X-Amz-Target", "DynamoDB_20120810.GetItem"), false},
		{"an unknown Query service", request(t, "GET", "/?Action=ListTopics&Version=2010-03-31", ""), false},
		{"a signed request to a service that isn't there", request(t, "GET", "/bucket", "", "Authorization",
			"AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0"), false},
		{"a service's own path", request(t, "GET", "/2015-03-31/functions", ""), false},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, tt.request)
			if got := strings.Contains(w.Body.String(), "the page"); got != tt.page {
				t.Errorf("got %s", w.Body)
			}
		})
	}
}

// client is the SDK's own, against an endpoint that verifies.
func client(t *testing.T, secret string, now func() time.Time) *codedeploy.Client {
	t.Helper()
	server := httptest.NewServer(verifying(now))
	t.Cleanup(server.Close)
	return codedeploy.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), HTTPClient: &http.Client{Transport: &http.Transport{}},
		Credentials:      credentials.NewStaticCredentialsProvider("AKID", secret, "session"),
		RetryMaxAttempts: 1,
	})
}

func create(ctx context.Context, c *codedeploy.Client) (string, error) {
	out, err := c.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{ApplicationName: aws.String("shop")})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.DeploymentId), nil
}

func TestTheSDKsSignatureIsTaken(t *testing.T) {
	got, err := create(t.Context(), client(t, "secret", time.Now))
	if err != nil || got != `codedeploy{"applicationName":"shop"}` {
		t.Errorf("got %q (%v), want codedeploy's answer", got, err)
	}
}

func TestAWrongSignatureIsRefused(t *testing.T) {
	tests := []struct {
		why    string
		secret string
		now    func() time.Time
		says   string
	}{
		{"signed with another secret", "other", time.Now, "does not match"},
		{"signed an hour ago", "secret", func() time.Time { return time.Now().Add(time.Hour) }, "Signature expired"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			_, err := create(t.Context(), client(t, tt.secret, tt.now))
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != "InvalidSignatureException" || !strings.Contains(api.ErrorMessage(), tt.says) {
				t.Errorf("got %v, want InvalidSignatureException that says %q", err, tt.says)
			}
		})
	}
	t.Run("not signed at all", func(t *testing.T) {
		w := httptest.NewRecorder()
		verifying(nil).ServeHTTP(w, request(t, "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", ""))
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "<Code>SignatureDoesNotMatch</Code>") {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
