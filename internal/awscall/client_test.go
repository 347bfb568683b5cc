package awscall_test

import (
	"context"
	"errors"
	"io"
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

// settings are variables of an environment.
type settings map[string]string

func (s settings) env(name string) string { return s[name] }
