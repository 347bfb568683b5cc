package appspec_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

func TestOfTwoSpellingsOfANameTheSameIsAlwaysRead(t *testing.T) {
	const text = `{"resources":[{"a":{"Properties":{"TaskDefinition":"shop:1","taskdefinition":"shop:2","TASKDEFINITION":"shop:3"}}}]}`
	for range 50 {
		if spec, err := appspec.Parse(text); err != nil || spec.TaskDefinition != "shop:3" {
			t.Fatalf("got %+v, %v", spec, err)
		}
	}
}

// FuzzAppSpec: what the simulated CodeDeploy takes is read as the simulator, which shares no code with it, reads it.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("../../examples/codedeploy-ecs/appspec.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	// The examples of CodeDeploy's documentation:
	// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-example.html
	f.Add("version: 0.0\nResources:\n  - myLambdaFunction:\n      Type: AWS::Lambda::Function\n      Properties:\n        Name: \"myLambdaFunction\"\n        Alias: \"myLambdaFunctionAlias\"\n        CurrentVersion: \"1\"\n        TargetVersion: 2\n" +
		"Hooks:\n  - BeforeAllowTraffic: \"LambdaFunctionToValidateBeforeTrafficShift\"\n  - AfterAllowTraffic: \"LambdaFunctionToValidateAfterTrafficShift\"\n")
	f.Add(`{"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": "arn:aws:ecs:us-east-1:111222333444:task-definition/my-task-definition-family-name:1",` +
		`"LoadBalancerInfo": {"ContainerName": "SampleApplicationName", "ContainerPort": 80}, "PlatformVersion": "LATEST", "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1234abcd"], "AssignPublicIp": "ENABLED"}}}}}],` +
		`"Hooks": [{"BeforeInstall": "LambdaFunctionToValidateBeforeInstall"}, {"AfterAllowTestTraffic": "arn:aws:lambda:us-east-1:111222333444:function:after"}]}`)
	f.Add("x: &h [{AfterInstall: f}]\nresources: [{targetService: {properties: {taskDefinition: 'a:1'}}}]\nhooks: *h\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := appspec.Parse(text)
		taken, refused := codedeploy.ParseAppSpec(text)
		if refused != nil {
			return
		}
		if err != nil {
			t.Fatalf("%q is an AppSpec: %v", text, err)
		}
		if repeats(document(text)) {
			return // of two spellings of a name the one is as good as the other
		}
		hooks := map[codedeploy.Event]string{}
		for _, h := range got.Hooks {
			hooks[codedeploy.Event(h.Event)] = h.Function
		}
		if diff := cmp.Diff(taken.Hooks, hooks); diff != "" {
			t.Errorf("hooks of %q (-simulated +got):\n%s", text, diff)
		}
		if v := taken.Lambda; v == nil {
			if got.TaskDefinition != taken.TaskDefinition || got.Container != taken.ContainerName || got.Port != 0 && got.Port != taken.ContainerPort {
				t.Errorf("%q is read as %+v, and is %+v", text, got, taken)
			}
		} else if got.Function != v.Function || got.Alias != v.Alias || got.Current != v.CurrentVersion || got.Target != v.TargetVersion {
			t.Errorf("%q is read as %+v, and is %+v", text, got, *v)
		}
	})
}

func document(text string) any {
	var d any
	_ = yaml.Unmarshal([]byte(text), &d) // it has been read before
	return d
}

// repeats says that an object has a name in several spellings.
func repeats(value any) bool {
	switch value := value.(type) {
	case []any:
		return slices.ContainsFunc(value, repeats)
	case map[string]any:
		var names []string
		for name, v := range value {
			if repeats(v) || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
				return true
			}
			names = append(names, name)
		}
	}
	return false
}
