package awscall_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
)

func bucketOf(a *answering) *awscall.S3 {
	return awscall.NewS3(aws.Config{Region: "eu-west-1", HTTPClient: a, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
}

func TestAnObjectIsWrittenListedAndDeleted(t *testing.T) {
	a := &answering{answers: []answer{
		{status: http.StatusOK},
		{status: http.StatusOK, body: `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents><Key>a/b&amp;c.zip</Key></Contents><Contents><Key>d</Key></Contents></ListBucketResult>`},
		{status: http.StatusNoContent},
	}}
	s := bucketOf(a)
	if err := s.Put(t.Context(), "code", "a/b&c.zip", []byte("zipped")); err != nil {
		t.Fatal(err)
	}
	keys, err := s.List(t.Context(), "code")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a/b&c.zip", "d"}; !cmp.Equal(keys, want) {
		t.Errorf("the keys are %q, want %q", keys, want)
	}
	if err := s.Delete(t.Context(), "code", keys[0]); err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, r := range a.asked {
		asked = append(asked, r.Method+" "+r.URL.String())
		if !strings.Contains(r.Header.Get("Authorization"), "x-amz-content-sha256") {
			t.Errorf("%s: the body isn't signed: %s", r.URL, r.Header.Get("Authorization"))
		}
	}
	want := []string{
		"PUT https://code.s3.eu-west-1.amazonaws.com/a/b%26c.zip", "GET https://code.s3.eu-west-1.amazonaws.com/?list-type=2", "DELETE https://code.s3.eu-west-1.amazonaws.com/a/b%26c.zip",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	if a.bodies[0] != "zipped" || a.bodies[2] != "" {
		t.Errorf("what was sent is %q", a.bodies)
	}
}

func TestABucketThatIsntThereIsSaid(t *testing.T) {
	gone := answer{status: http.StatusNotFound, body: "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>"}
	s := bucketOf(&answering{answers: []answer{gone}})
	_, listed := s.List(t.Context(), "code")
	for operation, err := range map[string]error{"PutObject": s.Put(t.Context(), "code", "a", nil), "ListObjectsV2": listed, "DeleteObject": s.Delete(t.Context(), "code", "a")} {
		refused := new(awscall.Error)
		if !errors.As(err, &refused) || refused.Code != "NoSuchBucket" || refused.Operation != operation {
			t.Errorf("%s gave %v", operation, err)
		}
	}
}
