package awscall_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/awscall"
)

// answering is an HTTP client that gives these answers in turns, the last one from then on.
type answering struct {
	answers []answer
	asked   []*http.Request
	bodies  []string
}

type answer struct {
	status int
	body   string
	header http.Header
	err    error
}

func (a *answering) Do(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		text, _ := io.ReadAll(r.Body)
		body = string(text)
	}
	now := a.answers[min(len(a.asked), len(a.answers)-1)]
	a.asked, a.bodies = append(a.asked, r), append(a.bodies, body)
	if now.err != nil {
		return nil, now.err
	}
	if now.header == nil {
		now.header = http.Header{}
	}
	return &http.Response{StatusCode: now.status, Header: now.header, Body: io.NopCloser(strings.NewReader(now.body))}, nil
}

func client(a *answering, s awscall.Service) *awscall.Client {
	return awscall.New(aws.Config{
		Region: "eu-west-1", HTTPClient: a, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "token"),
	}, s)
}

func TestACallIsSignedForItsServiceAndOperation(t *testing.T) {
	a := &answering{answers: []answer{{status: 200, body: `{"clusters": ["shop"]}`}}}
	var out struct{ Clusters []string }
	if err := client(a, awscall.ECS).Call(t.Context(), "DescribeClusters", map[string]string{"cluster": "shop"}, &out); err != nil {
		t.Fatal(err)
	}
	r := a.asked[0]
	if r.URL.String() != "https://ecs.eu-west-1.amazonaws.com/" || a.bodies[0] != `{"cluster":"shop"}` || len(out.Clusters) != 1 {
		t.Errorf("%s with %s gave %v", r.URL, a.bodies[0], out)
	}
	for name, want := range map[string]string{
		"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.DescribeClusters", "Content-Type": "application/x-amz-json-1.1",
		"Authorization": "/eu-west-1/ecs/aws4_request", "X-Amz-Security-Token": "token",
	} {
		if !strings.Contains(r.Header.Get(name), want) {
			t.Errorf("%s is %q, want %q in it", name, r.Header.Get(name), want)
		}
	}
}

func TestAGetOfAServiceOfRESTIsSigned(t *testing.T) {
	a := &answering{answers: []answer{{status: 200, body: `{"FunctionVersion": "7"}`}}}
	var out struct{ FunctionVersion string }
	if err := client(a, awscall.Lambda).Get(t.Context(), "GetAlias", "/2015-03-31/functions/f/aliases/live", &out); err != nil {
		t.Fatal(err)
	}
	r := a.asked[0]
	if r.Method != http.MethodGet || r.URL.Path != "/2015-03-31/functions/f/aliases/live" || out.FunctionVersion != "7" ||
		!strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/lambda/aws4_request") {
		t.Errorf("%s %s with %v gave %v", r.Method, r.URL, r.Header, out)
	}
}

func TestTheServicesErrorIsTold(t *testing.T) {
	for _, tt := range []struct {
		why  string
		give answer
		want string
	}{
		{"JSON 1.1 has the code in the body", answer{status: 400, body: `{"__type":"ClusterNotFoundException","message":"Cluster not found."}`}, "Op: ClusterNotFoundException: Cluster not found."},
		{"with a namespace", answer{status: 400, body: `{"__type":"com.amazonaws.ecs#AccessDeniedException","Message":"no"}`}, "Op: AccessDeniedException: no"},
		{"REST has it in a header, with a URL behind", answer{status: 404, body: `{"Message":"gone"}`, header: http.Header{"X-Amzn-Errortype": {"ResourceNotFoundException:http://internal.amazon.com/"}}}, "Op: ResourceNotFoundException: gone"},
		{"a proxy in between has none", answer{status: 403, body: "<html>"}, "Op: HTTP status 403"},
		{"an answer that is no JSON isn't one", answer{status: 200, body: "<html>"}, "Op: read the answer: invalid character '<' looking for beginning of value"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			a := &answering{answers: []answer{tt.give}}
			err := client(a, awscall.ECS).Call(t.Context(), "Op", struct{}{}, &struct{}{})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if len(a.asked) != 1 {
				t.Errorf("it was asked %d times", len(a.asked))
			}
		})
	}
}

func TestWhatPassesIsAskedAgain(t *testing.T) {
	for _, tt := range []struct {
		why  string
		give answer
	}{
		{"throttling", answer{status: 400, body: `{"__type":"ThrottlingException","message":"Rate exceeded"}`}},
		{"an error of the service's own", answer{status: 500, body: `{"__type":"ServerException"}`}},
		{"a gateway's", answer{status: 503}},
		{"a connection that is reset", answer{err: &resetError{}}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answering{answers: []answer{tt.give, tt.give, tt.give, tt.give, {status: 200, body: `{}`}}}
				if err := client(a, awscall.ECS).Call(t.Context(), "Op", struct{}{}, &struct{}{}); err != nil {
					t.Fatal(err)
				}
				if len(a.asked) != 5 {
					t.Errorf("it was asked %d times", len(a.asked))
				}
				if first, second := a.bodies[0], a.bodies[4]; first != second {
					t.Errorf("the body was %q at first and %q in the end", first, second)
				}
			})
		})
	}
}

// resetError is what a connection that breaks gives.
type resetError struct{}

func (*resetError) Error() string   { return "connection reset by peer" }
func (*resetError) Temporary() bool { return true }

func TestRetriesEndBeforeTheDeadlineAndTellWhatWasWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		a := &answering{answers: []answer{{status: 400, body: `{"__type":"ThrottlingException","message":"Rate exceeded"}`}}}
		err := client(a, awscall.ECS).Call(ctx, "Op", struct{}{}, &struct{}{})
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "ThrottlingException" {
			t.Errorf("got %v", err)
		}
		if ctx.Err() != nil {
			t.Error("the deadline passed")
		}
		if len(a.asked) < 8 {
			t.Errorf("in 20 s it was asked %d times", len(a.asked))
		}
	})
}

func TestACallWithoutCredentialsSaysSo(t *testing.T) {
	a := &answering{answers: []answer{{status: 200}}}
	err := awscall.New(aws.Config{Region: "eu-west-1", HTTPClient: a}, awscall.ECS).Call(t.Context(), "Op", struct{}{}, &struct{}{})
	if err == nil || err.Error() != "Op: there are no credentials to sign it with" {
		t.Errorf("got %v", err)
	}
}

// The SDK's own resolvers are the measure of where the endpoints are, and its client's of which settings are followed.
func TestEndpointsAreWhereTheSDKHasThem(t *testing.T) {
	regions := []string{
		"us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1",
	}
	variants := []settings{
		{},
		{"AWS_USE_FIPS_ENDPOINT": "true"},
		{"AWS_USE_DUALSTACK_ENDPOINT": "true"},
		{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
		{"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"},
		{"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_ECS": "https://ecs.example"},
		{"AWS_ENDPOINT_URL_CODEDEPLOY": "https://codedeploy.example"},
		{"AWS_ENDPOINT_URL_ECS": "https://ecs.example", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
	}
	compared := 0
	for _, region := range regions {
		for _, variant := range variants {
			variant["AWS_REGION"], variant["AWS_ACCESS_KEY_ID"], variant["AWS_SECRET_ACCESS_KEY"] = region, "id", "secret"
			cfg, err := hook.LambdaConfig(variant.env)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := &answering{answers: []answer{{status: 200, body: "{}"}}}, &answering{answers: []answer{{status: 200, body: "{}"}}}
			cfg.HTTPClient = theirs
			if _, err := ecs.NewFromConfig(cfg).ListClusters(t.Context(), &ecs.ListClustersInput{}); err != nil {
				continue // the region has no such endpoint
			}
			cfg.HTTPClient = ours
			if err := awscall.New(cfg, awscall.ECS).Call(t.Context(), "ListClusters", struct{}{}, &struct{}{}); err != nil {
				t.Fatal(err)
			}
			if got, want := ours.asked[0].URL.String(), theirs.asked[0].URL.String(); got != want {
				t.Errorf("%s, %v: got %s, want %s", region, variant, got, want)
			}
			compared++
		}
	}
	if most := len(regions) * len(variants); compared < most*3/4 {
		t.Errorf("the SDK has %d of %d endpoints", compared, most)
	}
}

// By the endpoint rules of the services' models.
func TestTheEndpointsOfCloudWatchAndTagging(t *testing.T) {
	for _, tt := range []struct {
		service awscall.Service
		env     settings
		want    string
	}{
		{awscall.CloudWatch, settings{"AWS_REGION": "eu-west-1"}, "https://monitoring.eu-west-1.amazonaws.com/"},
		{awscall.CloudWatch, settings{"AWS_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": "true"}, "https://monitoring-fips.us-east-1.amazonaws.com/"},
		{awscall.CloudWatch, settings{"AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"}, "https://monitoring.us-gov-west-1.amazonaws.com/"},
		{awscall.CloudWatch, settings{"AWS_REGION": "us-gov-east-1", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, "https://monitoring.us-gov-east-1.api.aws/"},
		{awscall.CloudWatch, settings{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_CLOUDWATCH": "http://127.0.0.1:1"}, "http://127.0.0.1:1/"},
		{awscall.Tagging, settings{"AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"}, "https://tagging-fips.us-gov-west-1.amazonaws.com/"},
		{awscall.Tagging, settings{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API": "http://127.0.0.1:2"}, "http://127.0.0.1:2/"},
	} {
		tt.env["AWS_ACCESS_KEY_ID"], tt.env["AWS_SECRET_ACCESS_KEY"] = "id", "secret"
		cfg, err := hook.LambdaConfig(tt.env.env)
		if err != nil {
			t.Fatal(err)
		}
		a := &answering{answers: []answer{{status: 200, body: "{}"}}}
		cfg.HTTPClient = a
		if err := awscall.New(cfg, tt.service).Call(t.Context(), "Op", struct{}{}, &struct{}{}); err != nil {
			t.Fatal(err)
		}
		if got := a.asked[0].URL.String(); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.env, got, tt.want)
		}
	}
}

// settings are variables of an environment.
type settings map[string]string

func (s settings) env(name string) string { return s[name] }

func TestACallSpeaksTheVersionOfJSONThatItsServiceDoes(t *testing.T) {
	for _, tt := range []struct {
		service      awscall.Service
		host, target string
		contentType  string
	}{
		{awscall.CloudWatch, "monitoring.eu-west-1.amazonaws.com", "GraniteServiceVersion20100801.Op", "application/x-amz-json-1.0"},
		{awscall.Tagging, "tagging.eu-west-1.amazonaws.com", "ResourceGroupsTaggingAPI_20170126.Op", "application/x-amz-json-1.1"},
	} {
		t.Run(tt.service.ID, func(t *testing.T) {
			a := &answering{answers: []answer{{status: 200, body: "{}"}}}
			if err := client(a, tt.service).Call(t.Context(), "Op", struct{}{}, &struct{}{}); err != nil {
				t.Fatal(err)
			}
			r := a.asked[0]
			if r.URL.Host != tt.host || r.Header.Get("X-Amz-Target") != tt.target || r.Header.Get("Content-Type") != tt.contentType ||
				!strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/"+tt.service.Name+"/aws4_request") {
				t.Errorf("%s was asked with %v", r.URL, r.Header)
			}
		})
	}
}

func TestAPostOfAServiceOfRESTIsSignedAndItsAnswerGivenAsItCame(t *testing.T) {
	a := &answering{answers: []answer{
		{status: 429, body: `{"message":"Rate Exceeded."}`, header: http.Header{"X-Amzn-Errortype": {"TooManyRequestsException"}}},
		{status: 200, body: `"hello"`, header: http.Header{"X-Amz-Executed-Version": {"7"}}},
	}}
	synctest.Test(t, func(t *testing.T) {
		got, err := client(a, awscall.Lambda).Post(t.Context(), "Invoke", "/2015-03-31/functions/f/invocations", http.Header{"X-Amz-Log-Type": {"Tail"}}, []byte(`{}`))
		if err != nil || got.Status != 200 || string(got.Body) != `"hello"` || got.Header.Get("X-Amz-Executed-Version") != "7" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	for _, r := range a.asked {
		if signed := r.Header.Get("Authorization"); r.Method != http.MethodPost || r.Header.Get("X-Amz-Log-Type") != "Tail" || !strings.Contains(signed, "x-amz-log-type") {
			t.Errorf("%s %s was signed by %s", r.Method, r.URL, signed)
		}
	}
	if len(a.asked) != 2 || a.bodies[1] != "{}" {
		t.Errorf("the bodies were %q", a.bodies)
	}
}

func TestARequestToAnotherServerCanBeSigned(t *testing.T) {
	cfg := aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "token")}
	r, err := http.NewRequest(http.MethodGet, "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/api/v1/query?query=up", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := awscall.Sign(t.Context(), cfg, r, nil, "aps", "eu-central-1"); err != nil {
		t.Fatal(err)
	}
	if signed := r.Header.Get("Authorization"); !strings.Contains(signed, "/eu-central-1/aps/aws4_request") || r.Header.Get("X-Amz-Security-Token") != "token" {
		t.Errorf("it was signed by %q", signed)
	}
	if err := awscall.Sign(t.Context(), aws.Config{}, r, nil, "aps", "eu-central-1"); err == nil {
		t.Error("without credentials it was signed")
	}
}

func TestTimesAreReadAsServicesWriteThem(t *testing.T) {
	tests := []struct {
		why, text string
		want      string
		wrong     bool
	}{
		{"whole seconds", "1795649449", "2026-11-25T23:30:49Z", false},
		{"with milliseconds", "1795649449.947", "2026-11-25T23:30:49.947Z", false},
		{"with an exponent", "1.795649449E9", "2026-11-25T23:30:49Z", false},
		{"none", "null", "0001-01-01T00:00:00Z", false},
		{"text", `"2026-11-25T23:30:49Z"`, "", true},
		{"beyond all calendars", "1e300", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			var got awscall.Time
			err := json.Unmarshal([]byte(tt.text), &got)
			if (err != nil) != tt.wrong || !tt.wrong && got.Format(time.RFC3339Nano) != tt.want {
				t.Errorf("got %s, %v", got.Format(time.RFC3339Nano), err)
			}
		})
	}
	text, err := json.Marshal(awscall.Time{Time: time.UnixMilli(1795649449947)})
	if err != nil || string(text) != "1795649449.947" {
		t.Errorf("it is written as %s (%v)", text, err)
	}
}

func TestAFailureIsToldWithoutItsWrappingAndByWhetherItPasses(t *testing.T) {
	refused := func(status int, code, message string) error {
		return fmt.Errorf("while reading: %w", &awscall.Error{Operation: "Op", Status: status, Code: code, Message: message})
	}
	tests := []struct {
		why             string
		err             error
		plain           string
		denied, passing bool
	}{
		{"IAM refuses", refused(400, "AccessDeniedException", "User: arn:… is not\nauthorized."), "AccessDeniedException: User: arn:… is not authorized", true, false},
		{"throttling", refused(400, "ThrottlingException", "Rate exceeded"), "ThrottlingException: Rate exceeded", false, true},
		{"trouble of the service's own", refused(500, "", ""), "HTTP status 500", false, true},
		{"what isn't there won't be", refused(400, "ResourceNotFound", "no"), "ResourceNotFound: no", false, false},
		{"nothing answers", &awscall.Error{Operation: "Op", Err: &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}}, "dial tcp: connection refused", false, true},
		{"nothing answers in time", &awscall.Error{Operation: "Op", Err: context.DeadlineExceeded}, "no answer in time", false, true},
		{"an SDK's client has no answer", &smithy.OperationError{ServiceID: "ELB", OperationName: "Op", Err: errors.New("reset")}, "reset", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := awscall.Plain(tt.err); got != tt.plain {
				t.Errorf("got %q, want %q", got, tt.plain)
			}
			if awscall.IsDenied(tt.err) != tt.denied || awscall.IsPassing(tt.err) != tt.passing {
				t.Errorf("denied is %t, passing %t", awscall.IsDenied(tt.err), awscall.IsPassing(tt.err))
			}
		})
	}
}
