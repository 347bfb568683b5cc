package awscall_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
)

// variant asks for one of AWS's endpoints, as a configuration's sources do.
type variant struct{ fips, dualStack bool }

func (v variant) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateEnabled, v.fips, nil
}

func (v variant) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return aws.DualStackEndpointStateEnabled, v.dualStack, nil
}

func TestAnObjectIsAskedForWhereItsBucketIs(t *testing.T) {
	for _, tt := range []struct {
		why, region, base, bucket, key string
		variant
		want string
	}{
		{why: "the bucket in the host's name", region: "eu-west-1", bucket: "plans", key: "a/b.yaml", want: "https://plans.s3.eu-west-1.amazonaws.com/a/b.yaml"},
		{why: "a bucket that no certificate fits", region: "eu-west-1", bucket: "my.plans", key: "p", want: "https://s3.eu-west-1.amazonaws.com/my.plans/p"},
		{why: "China", region: "cn-north-1", bucket: "plans", key: "p", want: "https://plans.s3.cn-north-1.amazonaws.com.cn/p"},
		{why: "dual-stack", region: "eu-west-1", bucket: "plans", key: "p", variant: variant{dualStack: true}, want: "https://plans.s3.dualstack.eu-west-1.amazonaws.com/p"},
		{why: "FIPS", region: "us-east-1", bucket: "plans", key: "p", variant: variant{fips: true}, want: "https://plans.s3-fips.us-east-1.amazonaws.com/p"},
		{why: "both", region: "us-east-1", bucket: "plans", key: "p", variant: variant{true, true}, want: "https://plans.s3-fips.dualstack.us-east-1.amazonaws.com/p"},
		{why: "an endpoint of one's own", region: "eu-west-1", base: "http://127.0.0.1:5000/", bucket: "plans", key: "p", want: "http://127.0.0.1:5000/plans/p"},
		{why: "what has to be escaped", region: "eu-west-1", bucket: "plans", key: "a b/+ü?#%2F~", want: "https://plans.s3.eu-west-1.amazonaws.com/a%20b/%2B%C3%BC%3F%23%252F~"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			a := &answering{answers: []answer{{status: 200, body: "text", header: http.Header{"Etag": {`"1"`}}}}}
			cfg := aws.Config{Region: tt.region, HTTPClient: a, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "token"), ConfigSources: []any{tt.variant}}
			if tt.base != "" {
				cfg.BaseEndpoint = &tt.base
			}
			object, err := awscall.NewS3(cfg).Get(t.Context(), tt.bucket, tt.key, "", 100)
			if err != nil || string(object.Body) != "text" || object.ETag != `"1"` {
				t.Fatalf("got %q, %s (%v)", object.Body, object.ETag, err)
			}
			r := a.asked[0]
			if r.URL.String() != tt.want {
				t.Errorf("asked %s, want %s", r.URL, tt.want)
			}
			if !strings.Contains(r.Header.Get("Authorization"), "/"+tt.region+"/s3/aws4_request") || r.Header.Get("X-Amz-Content-Sha256") == "" {
				t.Errorf("it is signed by %s", r.Header.Get("Authorization"))
			}
		})
	}
}

func TestAnObjectThatHasntChangedIsntAnError(t *testing.T) {
	a := &answering{answers: []answer{{status: 304}}}
	cfg := aws.Config{Region: "eu-west-1", HTTPClient: a, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}
	if _, err := awscall.NewS3(cfg).Get(t.Context(), "plans", "p", `"1"`, 100); !errors.Is(err, awscall.ErrNotModified) || len(a.asked) != 1 || a.asked[0].Header.Get("If-None-Match") != `"1"` {
		t.Errorf("after %d requests: %v", len(a.asked), err)
	}
}
