package doctor

import (
	"context"
	"fmt"
	"slices"

	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/revision"
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

// specText is the text of a revision's AppSpec. lies says that it is known where that is, whether it could be read or not.
func (x *examination) specText(ctx context.Context, r *cdtypes.RevisionLocation) (text string, lies bool, err error) {
	text, at, err := revision.Text(r)
	if at == nil {
		return text, false, err
	}
	read := readingOf(ctx, "s3:GetObject", x.getObject, *at)
	if !read.got() {
		return "", true, fmt.Errorf("%s: %w", at, read.err)
	}
	return read.of, true, nil
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
