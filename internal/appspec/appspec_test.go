package appspec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

const service = `
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:7
        LoadBalancerInfo: {ContainerName: shop, ContainerPort: 8080}
        PlatformVersion: LATEST
        NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-1]}}
        CapacityProviderStrategy: [{CapacityProvider: FARGATE_SPOT, Weight: 1}]
Hooks:
  - BeforeInstall: CodeDeployHook_a
  - AfterAllowTraffic: arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_b:live
`

func TestAnAppSpecIsReadInEachFormThatAWSTakes(t *testing.T) {
	network := map[string]any{"AwsvpcConfiguration": map[string]any{"Subnets": []any{"subnet-1"}}}
	capacity := []any{map[string]any{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}}
	for _, tt := range []struct {
		why, text string
		want      appspec.Spec
	}{
		{"a service in YAML", service, appspec.Spec{
			TaskDefinition: "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:7", Container: "shop", Port: 8080, PlatformVersion: "LATEST",
			Network: network, Capacity: capacity,
			Hooks: []appspec.Hook{{Event: "BeforeInstall", Function: "CodeDeployHook_a"}, {Event: "AfterAllowTraffic", Function: "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_b:live"}},
		}},
		{
			"in JSON, its port a text", `{"version":0.0,"Resources":[{"S":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":"shop:7","LoadBalancerInfo":{"ContainerName":"shop","ContainerPort":"80"}}}}],"Hooks":[{"AfterInstall":"f"}]}`,
			appspec.Spec{TaskDefinition: "shop:7", Container: "shop", Port: 80, Hooks: []appspec.Hook{{Event: "AfterInstall", Function: "f"}}},
		},
		{
			"a function, in the lower case that Lambda's pages have, and versions as numbers", "version: 0.0\nresources:\n  - f: {type: 'AWS::Lambda::Function', properties: {name: f, alias: live, currentversion: 1, targetversion: \"2\"}}\nhooks:\n  - BeforeAllowTraffic: g\n",
			appspec.Spec{Function: "f", Alias: "live", Current: "1", Target: "2", Hooks: []appspec.Hook{{Event: "BeforeAllowTraffic", Function: "g"}}},
		},
		{
			"resources and hooks as mappings, hooks by name", "Resources: {S: {Properties: {TaskDefinition: a}}}\nHooks: {BeforeInstall: b, AfterInstall: a}\n",
			appspec.Spec{TaskDefinition: "a", Hooks: []appspec.Hook{{Event: "AfterInstall", Function: "a"}, {Event: "BeforeInstall", Function: "b"}}},
		},
		{"nothing of use", "version: 0.0\n", appspec.Spec{}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got, err := appspec.Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoAppSpecIsSaid(t *testing.T) {
	for _, tt := range []struct{ why, text, want string }{
		{"a list", "- a\n", "read the AppSpec: it is no mapping"},
		{"nothing", "", "read the AppSpec: it is no mapping"},
		{"not YAML", "a: [", "read the AppSpec: "},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if _, err := appspec.Parse(tt.text); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestTheStagesOfAFunctionAreFoundByItsNameOrARN(t *testing.T) {
	spec, err := appspec.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	for function, want := range map[string][]lifecycle.Stage{
		"CodeDeployHook_a": {lifecycle.BeforeInstall},
		"arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_a": {lifecycle.BeforeInstall},
		"CodeDeployHook_b:3": {lifecycle.AfterAllowTraffic},
		"CodeDeployHook_c":   nil,
		"":                   nil,
	} {
		if diff := cmp.Diff(want, spec.Stages(function)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", function, diff)
		}
	}
}
