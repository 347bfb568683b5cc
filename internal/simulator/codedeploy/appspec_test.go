package codedeploy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

const appSpecYAML = `version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:2"
        LoadBalancerInfo:
          ContainerName: "web"
          ContainerPort: 8080
Hooks:
  - BeforeInstall: "CodeDeployHook_first"
  - AfterAllowTestTraffic: "CodeDeployHook_second"
`

func TestAnAppSpecIsReadInEverySpelling(t *testing.T) {
	inJSON := `{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{
		"TaskDefinition":"arn:aws:ecs:us-east-1:111122223333:task-definition/shop:2",
		"LoadBalancerInfo":{"ContainerName":"web","ContainerPort":8080}}}}],
		"Hooks":[{"BeforeInstall":"CodeDeployHook_first"},{"AfterAllowTestTraffic":"CodeDeployHook_second"}]}`
	small := strings.NewReplacer("Resources", "resources", "Hooks", "hooks", "TargetService", "targetService").Replace(appSpecYAML)
	for name, text := range map[string]string{"YAML": appSpecYAML, "JSON": inJSON, "small letters": small} {
		t.Run(name, func(t *testing.T) {
			spec, err := codedeploy.ParseAppSpec(text)
			if err != nil {
				t.Fatal(err)
			}
			if spec.TaskDefinition != "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:2" || spec.ContainerName != "web" || spec.ContainerPort != 8080 {
				t.Errorf("got %+v", spec)
			}
			want := map[codedeploy.Event]string{"BeforeInstall": "CodeDeployHook_first", "AfterAllowTestTraffic": "CodeDeployHook_second"}
			if diff := cmp.Diff(want, spec.Hooks); diff != "" {
				t.Errorf("hooks (-want +got):\n%s", diff)
			}
			if spec.Content() != text {
				t.Errorf("the content is no longer what was read:\n%s", spec.Content())
			}
		})
	}
}

const lambdaAppSpecYAML = `version: 0.0
Resources:
  - checkout:
      Type: AWS::Lambda::Function
      Properties:
        Name: "checkout"
        Alias: "live"
        CurrentVersion: "1"
        TargetVersion: 2
Hooks:
  - BeforeAllowTraffic: "CodeDeployHook_before"
  - AfterAllowTraffic: "arn:aws:lambda:us-east-1:111122223333:function:CodeDeployHook_after"
`

func TestAnAppSpecForLambdaIsReadInEverySpelling(t *testing.T) {
	inJSON := `{"version":0.0,"Resources":[{"checkout":{"Type":"AWS::Lambda::Function","Properties":{
		"Name":"checkout","Alias":"live","CurrentVersion":"1","TargetVersion":"2"}}}],
		"Hooks":[{"BeforeAllowTraffic":"CodeDeployHook_before"},{"AfterAllowTraffic":"arn:aws:lambda:us-east-1:111122223333:function:CodeDeployHook_after"}]}`
	small := strings.NewReplacer("Resources", "resources", "Hooks", "hooks", "Properties", "properties", "Name", "name",
		"CurrentVersion", "currentversion", "TargetVersion", "targetversion", "Type", "type").Replace(lambdaAppSpecYAML)
	for name, text := range map[string]string{"YAML": lambdaAppSpecYAML, "JSON": inJSON, "small letters": small} {
		t.Run(name, func(t *testing.T) {
			spec, err := codedeploy.ParseAppSpec(text)
			if err != nil {
				t.Fatal(err)
			}
			if spec.Platform() != codedeploy.PlatformLambda {
				t.Errorf("it is for %s", spec.Platform())
			}
			versions := &codedeploy.FunctionVersions{Function: "checkout", Alias: "live", CurrentVersion: "1", TargetVersion: "2"}
			if diff := cmp.Diff(versions, spec.Lambda); diff != "" {
				t.Errorf("versions (-want +got):\n%s", diff)
			}
			hooks := map[codedeploy.Event]string{
				"BeforeAllowTraffic": "CodeDeployHook_before",
				"AfterAllowTraffic":  "arn:aws:lambda:us-east-1:111122223333:function:CodeDeployHook_after",
			}
			if diff := cmp.Diff(hooks, spec.Hooks); diff != "" {
				t.Errorf("hooks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAppSpecMadeInGoCanBeReadBack(t *testing.T) {
	made := codedeploy.AppSpec{TaskDefinition: "shop:2", ContainerPort: 9000, Hooks: map[codedeploy.Event]string{codedeploy.AfterInstall: "f"}}
	read, err := codedeploy.ParseAppSpec(made.Content())
	if err != nil {
		t.Fatal(err)
	}
	if read.TaskDefinition != "shop:2" || read.ContainerName != "app" || read.ContainerPort != 9000 || read.Hooks[codedeploy.AfterInstall] != "f" {
		t.Errorf("got %+v from %s", read, made.Content())
	}
	if read.SHA256() != made.SHA256() {
		t.Error("the digests differ")
	}
}

func TestWhatIsWrongWithAnAppSpecIsSaid(t *testing.T) {
	tests := []struct{ why, text, want string }{
		{"empty", "", "it has 0"},
		{"not YAML", "a: [", "reading the AppSpec"},
		{"a list", "- 1", "reading the AppSpec"},
		{"two resources", `{"Resources":[{},{}]}`, "it has 2"},
		{"two names in one resource", `{"Resources":[{"a":{},"b":{}}]}`, `it has ["a" "b"]`},
		{"a resource of another type", `{"Resources":[{"a":{"Type":"AWS::S3::Bucket"}}]}`, `resource "a" is of type "AWS::S3::Bucket"`},
		{"an event of ECS in one for Lambda", lambdaAppSpecYAML + "  - BeforeInstall: f\n", "not a lifecycle event of a Lambda deployment; they are [BeforeAllowTraffic AfterAllowTraffic]"},
		{"a function without an alias", strings.Replace(lambdaAppSpecYAML, `"live"`, `""`, 1), "the function has no Alias"},
		{"a version that goes to itself", strings.Replace(lambdaAppSpecYAML, "TargetVersion: 2", "TargetVersion: 1", 1), "both 1"},
		{"a version that is a list", strings.Replace(lambdaAppSpecYAML, "TargetVersion: 2", "TargetVersion: [2]", 1), "must be a string, not [2]"},
		{"no task definition", `{"Resources":[{"TargetService":{}}]}`, "no TaskDefinition"},
		{"an event of another platform", strings.Replace(appSpecYAML, "BeforeInstall:", "ValidateService:", 1), `"ValidateService" is not a lifecycle event`},
		{"an event that takes no hook", strings.Replace(appSpecYAML, "BeforeInstall:", "AllowTraffic:", 1), "AllowTraffic takes no hook"},
		{"a hook without a function", strings.Replace(appSpecYAML, `"CodeDeployHook_first"`, `""`, 1), "BeforeInstall names no function"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if _, err := codedeploy.ParseAppSpec(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func FuzzAnAppSpecThatIsAcceptedCanBeReadAgain(f *testing.F) {
	for _, seed := range []string{appSpecYAML, lambdaAppSpecYAML, "", "{}", `{"Resources":[{"TargetService":{"Properties":{"TaskDefinition":"x"}}}]}`, "hooks: [{1: 2}]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := codedeploy.ParseAppSpec(text)
		if err != nil {
			return
		}
		plain := codedeploy.AppSpec{TaskDefinition: spec.TaskDefinition, Lambda: spec.Lambda, Hooks: spec.Hooks}
		again, err := codedeploy.ParseAppSpec(plain.Content())
		if err != nil {
			t.Fatalf("%q: its JSON form %s is refused: %v", text, plain.Content(), err)
		}
		if diff := cmp.Diff(spec.Hooks, again.Hooks); diff != "" {
			t.Errorf("hooks (-first +again):\n%s", diff)
		}
		if diff := cmp.Diff(spec.Lambda, again.Lambda); diff != "" {
			t.Errorf("versions (-first +again):\n%s", diff)
		}
	})
}
