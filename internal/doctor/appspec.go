package doctor

import (
	"errors"
	"fmt"
	"slices"

	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// namedHook is a stage at which a function is called, by the function's name or ARN.
type namedHook struct {
	stage    lifecycle.Stage
	function string
}

// specHooks are the hooks of an AppSpec whose event is known.
func specHooks(spec appspec.Spec) []namedHook {
	var hooks []namedHook
	for _, h := range spec.Hooks {
		if stage, known := lifecycle.ParseStage(h.Event); known && h.Function != "" {
			hooks = append(hooks, namedHook{stage, h.Function})
		}
	}
	return hooks
}

// specText is the text of a revision's AppSpec where the API gives it.
func specText(r *cdtypes.RevisionLocation) (string, error) {
	switch {
	case r == nil:
		return "", errors.New("the deployment group has no revision yet")
	case r.AppSpecContent != nil && aws.ToString(r.AppSpecContent.Content) != "":
		return aws.ToString(r.AppSpecContent.Content), nil
	case r.String_ != nil && aws.ToString(r.String_.Content) != "": //nolint:staticcheck // deployments by CloudFormation have such revisions
		return aws.ToString(r.String_.Content), nil //nolint:staticcheck // as above
	case r.S3Location != nil:
		return "", fmt.Errorf("it is in S3, at s3://%s/%s, which isn't read", aws.ToString(r.S3Location.Bucket), aws.ToString(r.S3Location.Key))
	}
	return "", fmt.Errorf("the API doesn't give the text of a revision of the type %s", r.RevisionType)
}

// stagesOf are the stages at which the function is called.
func stagesOf(hooks []namedHook, function string) []lifecycle.Stage {
	var stages []lifecycle.Stage
	for _, h := range hooks {
		if appspec.FunctionName(h.function) == appspec.FunctionName(function) && !slices.Contains(stages, h.stage) {
			stages = append(stages, h.stage)
		}
	}
	slices.Sort(stages)
	return stages
}
