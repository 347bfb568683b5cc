package revision_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/revision"
)

func TestARevisionHasItsTextOrTellsWhereItLies(t *testing.T) {
	inS3 := func(kind types.BundleType, etag string) *types.RevisionLocation {
		return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
			Bucket: aws.String("specs"), Key: aws.String("shop/appspec.yaml"), BundleType: kind, ETag: aws.String(etag),
		}}
	}
	at := &revision.InS3{Bucket: "specs", Key: "shop/appspec.yaml", ETag: "5d41"}
	for _, tt := range []struct {
		why      string
		revision *types.RevisionLocation
		text     string
		at       *revision.InS3
		err      string
	}{
		{"given as a text", &types.RevisionLocation{AppSpecContent: &types.AppSpecContent{Content: aws.String("version: 0.0")}}, "version: 0.0", nil, ""},
		{"made by CloudFormation", &types.RevisionLocation{String_: &types.RawString{Content: aws.String("{}")}}, "{}", nil, ""}, //nolint:staticcheck // as CloudFormation makes it
		{"in S3", inS3(types.BundleTypeYaml, "5d41"), "", at, ""},
		{"in S3, with its ETag as S3 writes it", inS3(types.BundleTypeJson, `"5d41"`), "", at, ""},
		{"in S3, of a kind that isn't said", inS3("", "5d41"), "", at, ""},
		{"an archive for instances", inS3(types.BundleTypeZip, ""), "", nil, "s3://specs/shop/appspec.yaml is an archive (zip), which isn't opened"},
		{"in GitHub", &types.RevisionLocation{RevisionType: types.RevisionLocationTypeGitHub}, "", nil, "CodeDeploy doesn't give the text of a revision of the type GitHub"},
		{"a digest alone", &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Sha256: aws.String("00")}}, "", nil, "of the type AppSpecContent"},
		{"none", nil, "", nil, "there is no revision yet"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			text, at, err := revision.Text(tt.revision)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
			if text != tt.text || (at == nil) != (tt.at == nil) || at != nil && *at != *tt.at {
				t.Errorf("got %q and %v", text, at)
			}
		})
	}
}

// objects is S3 with one object, or an error.
type objects struct {
	object awscall.Object
	err    error
}

func (o objects) Get(_ context.Context, bucket, key, _ string, limit int64) (awscall.Object, error) {
	if bucket != "specs" || key != "appspec.yaml" || limit != 1<<20 {
		return awscall.Object{}, errors.New("another object was asked for")
	}
	return o.object, o.err
}

func TestAnAppSpecInS3IsReadUnlessItWasReplaced(t *testing.T) {
	there := awscall.Object{Body: []byte("version: 0.0"), ETag: `"5d41"`}
	for _, tt := range []struct {
		why, etag string
		objects   objects
		err       string // "" for none
	}{
		{"the one that was deployed", "5d41", objects{object: there}, ""},
		{"one whose ETag isn't known", "", objects{object: there}, ""},
		{"from a service that has no ETags", "5d41", objects{object: awscall.Object{Body: there.Body}}, ""},
		{"one that was replaced", "aaaa", objects{object: there}, "the AppSpec at s3://specs/appspec.yaml has been replaced since it was deployed: its ETag is 5d41, and was aaaa"},
		{"one that may not be read", "5d41", objects{err: errors.New("AccessDenied")}, "reading the AppSpec at s3://specs/appspec.yaml: AccessDenied"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			text, err := revision.Read(t.Context(), tt.objects, revision.InS3{Bucket: "specs", Key: "appspec.yaml", ETag: tt.etag})
			if tt.err == "" && (err != nil || text != "version: 0.0") || tt.err != "" && (err == nil || err.Error() != tt.err) {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
}
