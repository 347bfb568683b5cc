package bundle

import (
	"os/exec"
	"strings"
	"testing"
)

// What only the command line needs would be paid for at each of the function's cold starts.
func TestTheFunctionsBuildHasNothingThatOnlyTheCommandLineNeeds(t *testing.T) {
	dependencies := func(tags string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags, command).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		return string(out)
	}
	function, commandLine := dependencies(Tags), dependencies("lambda.norpc")
	const sdk, own = "github.com/aws/aws-sdk-go-v2/", "github.com/greenlight-deploy/greenlight/internal/"
	for _, unwanted := range []string{sdk + "config", sdk + "service/iam", sdk + "service/ec2", sdk + "service/sts", sdk + "service/cloudwatch", sdk + "service/lambda", own + "doctor", own + "simulator", own + "demo", own + "plantest", own + "recording", own + "usage/completion", own + "usage/manpage", own + "migrate", own + "starter", own + "verify", sdk + "service/cloudformation"} {
		if strings.Contains(function, unwanted+"\n") {
			t.Errorf("the function links %s", unwanted)
		}
	}
	if !strings.Contains(commandLine, sdk+"config\n") || !strings.Contains(commandLine, sdk+"service/iam\n") {
		t.Error("the command line has no doctor")
	}
}
