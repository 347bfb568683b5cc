// Package revision reads the AppSpec that AWS CodeDeploy's revision of an application is: CodeDeploy has its text, or tells where in S3 it
// lies.
package revision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
)

// InS3 is where an AppSpec lies.
type InS3 struct {
	Bucket, Key string
	// ETag is the object's when the revision was made; empty where that isn't known.
	ETag string
}

func (at InS3) String() string { return "s3://" + at.Bucket + "/" + at.Key }

// Text is the AppSpec's text, or where that lies. An error says why there is neither.
//
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RevisionLocation.html
func Text(r *types.RevisionLocation) (text string, at *InS3, err error) {
	switch {
	case r == nil:
		return "", nil, errors.New("there is no revision yet")
	case r.AppSpecContent != nil && aws.ToString(r.AppSpecContent.Content) != "":
		return *r.AppSpecContent.Content, nil, nil
	case r.String_ != nil && aws.ToString(r.String_.Content) != "": //nolint:staticcheck // deployments by CloudFormation have such revisions
		return *r.String_.Content, nil, nil //nolint:staticcheck // as above
	case r.S3Location != nil:
		l := r.S3Location
		at := &InS3{aws.ToString(l.Bucket), aws.ToString(l.Key), strings.Trim(aws.ToString(l.ETag), `"`)}
		if kind := l.BundleType; kind != "" && kind != types.BundleTypeYaml && kind != types.BundleTypeJson {
			return "", nil, fmt.Errorf("%s is an archive (%s), which isn't opened", at, kind)
		}
		return "", at, nil
	}
	return "", nil, fmt.Errorf("CodeDeploy doesn't give the text of a revision of the type %s", cmp.Or(string(r.RevisionType), "(none)"))
}

// Objects has what lies in S3; [awscall.S3] does.
type Objects interface {
	Get(ctx context.Context, bucket, key, etag string, limit int64) (awscall.Object, error)
}

const (
	// maxSize is more than any AppSpec has: those that CodeDeploy is given as a text have 256 KB at most.
	maxSize = 1 << 20
	// readIn is the time for an object of that size, attempts that fail in passing included.
	readIn = 15 * time.Second
)

// Read reads an AppSpec in S3. One that was replaced since the revision was made is an error: it isn't what was deployed.
func Read(ctx context.Context, objects Objects, at InS3) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readIn)
	defer cancel()
	object, err := objects.Get(ctx, at.Bucket, at.Key, "", maxSize)
	if err != nil {
		return "", fmt.Errorf("reading the AppSpec at %s: %w", at, err)
	}
	if is := strings.Trim(object.ETag, `"`); at.ETag != "" && is != "" && is != at.ETag {
		return "", fmt.Errorf("the AppSpec at %s has been replaced since it was deployed: its ETag is %s, and was %s", at, is, at.ETag)
	}
	return string(object.Body), nil
}
