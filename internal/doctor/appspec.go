package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"go.yaml.in/yaml/v4"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// namedHook is a stage at which a function is called, by the function's name or ARN.
type namedHook struct {
	stage    lifecycle.Stage
	function string
}

// specHooks reads the hooks of an AppSpec, in YAML or JSON, with names in any case.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
func specHooks(text string) ([]namedHook, error) {
	var spec map[string]any
	if err := yaml.Unmarshal([]byte(text), &spec); err != nil { // JSON is YAML
		return nil, fmt.Errorf("reading the AppSpec: %w", err)
	}
	var hooks []namedHook
	for key, value := range spec {
		list, ok := value.([]any)
		if !ok || !strings.EqualFold(key, "hooks") {
			continue
		}
		for _, one := range list {
			named, _ := one.(map[string]any)
			for event, function := range named {
				stage, known := lifecycle.ParseStage(event)
				if name, text := function.(string); known && text && name != "" {
					hooks = append(hooks, namedHook{stage, name})
				}
			}
		}
	}
	return hooks, nil
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

// functionName is the bare name of a function that is given by its name or ARN, with or without a qualifier.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-uri-FunctionName
func functionName(function string) string {
	if _, rest, isARN := strings.Cut(function, ":function:"); isARN {
		function = rest
	}
	name, _, _ := strings.Cut(function, ":")
	return name
}

// stagesOf are the stages at which the function is called.
func stagesOf(hooks []namedHook, function string) []lifecycle.Stage {
	var stages []lifecycle.Stage
	for _, h := range hooks {
		if functionName(h.function) == functionName(function) && !slices.Contains(stages, h.stage) {
			stages = append(stages, h.stage)
		}
	}
	slices.Sort(stages)
	return stages
}
