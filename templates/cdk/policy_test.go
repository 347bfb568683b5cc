package cdk

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
)

const gateName = "CodeDeployHook_greenlight"

// place is what the examples' policies are for: what a template refers to has the name of its placeholder.
var place = doctor.Place{
	Region: "REGION", Account: "ACCOUNT", Application: "APPLICATION", Group: "GROUP", Cluster: "CLUSTER", Service: "SERVICE", Function: gateName, Deployed: deployed,
}

// TestTheExamplesRolesAreWhatTheCodeCalls holds the role of each synthesized example against `greenlight doctor --policy`, action for
// action and resource for resource.
func TestTheExamplesRolesAreWhatTheCodeCalls(t *testing.T) {
	tests := []struct {
		example  string
		platform deployment.Platform
		features []string
		change   func(allowed) // what the library narrows, since it knows more than the command is told
	}{
		{"codedeploy-ecs", deployment.CodeDeployECS, []string{doctor.FeatureCodeDeploy, doctor.FeatureHandOver, doctor.FeatureLogs, doctor.FeatureVPC, "targets", "alarms"}, func(allowed) {}},
		{"ecs", deployment.ECS, []string{doctor.FeatureECS, doctor.FeatureLogs, doctor.FeatureVPC, "targets"}, func(allowed) {}},
		{"codedeploy-lambda", deployment.CodeDeployLambda, []string{doctor.FeatureCodeDeploy, doctor.FeatureHandOver, doctor.FeatureLogs, "lambda"}, func(want allowed) {
			const function = "arn:aws:lambda:REGION:ACCOUNT:function:"
			// Its checks invoke the function that is deployed.
			want["lambda:InvokeFunction "+function+"*"] = false
			want["lambda:InvokeFunction "+function+deployed] = true
			want["lambda:InvokeFunction "+function+deployed+":*"] = true
		}},
	}
	for _, tt := range tests {
		t.Run(tt.example, func(t *testing.T) {
			policy, err := doctor.NewPolicy(tt.features, place)
			if err != nil {
				t.Fatal(err)
			}
			want := allowed{}
			for _, s := range policy.Statement {
				for _, action := range s.Action {
					for _, resource := range s.Resource {
						want[action+" "+resource] = called(action, tt.features, tt.platform)
					}
				}
			}
			tt.change(want)
			got := load(t, tt.example).allowed(t, "lambda.amazonaws.com", "GateRole")
			if diff := cmp.Diff(want.list(), got.list()); diff != "" {
				t.Errorf("the function's role isn't what the code calls (-code +template):\n%s", diff)
			}
		})
	}
}

// TestTheExamplesCallersMayCallTheGateAndNothingElse holds the roles of CodeDeploy and of ECS's hooks against the feature invoke.
func TestTheExamplesCallersMayCallTheGateAndNothingElse(t *testing.T) {
	policy, err := doctor.NewPolicy([]string{doctor.FeatureInvoke}, place)
	if err != nil {
		t.Fatal(err)
	}
	want := allowed{}
	for _, s := range policy.Statement {
		for _, resource := range s.Resource {
			want[strings.Join(s.Action, ",")+" "+resource] = true
		}
	}
	for example, caller := range map[string][2]string{
		"codedeploy-ecs":    {"codedeploy.amazonaws.com", "DeploymentGroupServiceRole"},
		"codedeploy-lambda": {"codedeploy.amazonaws.com", "DeploymentGroupServiceRole"},
		"ecs":               {"ecs.amazonaws.com", "GateEcsHookRole"},
	} {
		t.Run(example, func(t *testing.T) {
			got := load(t, example).allowed(t, caller[0], caller[1])
			if diff := cmp.Diff(want.list(), got.list()); diff != "" {
				t.Errorf("the caller's role isn't what `greenlight doctor --policy --feature invoke` prints (-command +template):\n%s", diff)
			}
		})
	}
}

// called says whether an action is called on a platform: the command prints a feature's for all of them.
func called(action string, features []string, on deployment.Platform) bool {
	for _, f := range doctor.Features() {
		if !slices.Contains(features, f.Name) {
			continue
		}
		for _, a := range f.Actions {
			if a.Name != action {
				continue
			}
			i := slices.IndexFunc(deployment.Actions(), func(d deployment.Action) bool { return d.Name == a.Name && d.Why == a.Why })
			if i < 0 || slices.Contains(deployment.Actions()[i].Platforms, on) {
				return true
			}
		}
	}
	return false
}

// allowed are actions with their resources; those that are false aren't.
type allowed map[string]bool

func (a allowed) list() []string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if a[key] {
			list = append(list, key)
		}
	}
	return list
}

// template is a synthesized stack.
type template struct {
	Resources map[string]struct {
		Type       string
		Properties struct {
			ServiceName, FunctionName any
			Roles                     []map[string]string
			AssumeRolePolicyDocument  any
			PolicyDocument            struct {
				Statement []struct{ Effect, Action, Resource any }
			}
		}
	}
}

func load(t *testing.T, example string) template {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("test", "testdata", example+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out template
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// allowed is what the policies of the role whose logical id begins with the name allow. A service must be trusted with it.
func (tpl template) allowed(t *testing.T, trusted, role string) allowed {
	t.Helper()
	all := allowed{}
	for id, r := range tpl.Resources {
		if r.Type == "AWS::IAM::Role" && strings.HasPrefix(id, role) {
			if trust := fmt.Sprint(r.Properties.AssumeRolePolicyDocument); !strings.Contains(trust, trusted) {
				t.Errorf("the role %s trusts %s, and not %s", id, trust, trusted)
			}
		}
		if r.Type != "AWS::IAM::Policy" || !strings.HasPrefix(r.Properties.Roles[0]["Ref"], role) {
			continue
		}
		for _, s := range r.Properties.PolicyDocument.Statement {
			if s.Effect != "Allow" {
				t.Errorf("%s has a statement of the effect %v", id, s.Effect)
			}
			for _, action := range listed(s.Action) {
				for _, resource := range listed(s.Resource) {
					all[tpl.text(t, action)+" "+tpl.text(t, resource)] = true
				}
			}
		}
	}
	return all
}

func listed(v any) []any {
	if list, is := v.([]any); is {
		return list
	}
	return []any{v}
}

// text is a value with its references as the placeholders that they stand for.
func (tpl template) text(t *testing.T, v any) string {
	t.Helper()
	if s, is := v.(string); is {
		return s
	}
	m, _ := v.(map[string]any)
	if ref, is := m["Ref"].(string); is {
		return tpl.referred(t, ref)
	}
	if attribute, is := m["Fn::GetAtt"].([]any); is {
		id := fmt.Sprint(attribute[0])
		if attribute[1] == "Arn" && tpl.Resources[id].Type == "AWS::Lambda::Function" {
			return "arn:aws:lambda:REGION:ACCOUNT:function:" + tpl.referred(t, id)
		}
		return tpl.referred(t, id)
	}
	join, is := m["Fn::Join"].([]any)
	if !is {
		t.Fatalf("nothing is known of %v", v)
	}
	var parts []string
	for _, part := range listed(join[1]) {
		parts = append(parts, tpl.text(t, part))
	}
	// The one name that stands in a policy as it is: the policy is there before the service.
	return strings.NewReplacer("/shop/*", "/SERVICE/*", "service/CLUSTER/shop", "service/CLUSTER/SERVICE").Replace(strings.Join(parts, fmt.Sprint(join[0])))
}

func (tpl template) referred(t *testing.T, id string) string {
	t.Helper()
	names := map[string]string{
		"AWS::Partition": "aws", "AWS::Region": "REGION", "AWS::AccountId": "ACCOUNT",
		"AWS::CodeDeploy::Application": "APPLICATION", "AWS::CodeDeploy::DeploymentGroup": "GROUP", "AWS::ECS::Cluster": "CLUSTER", "AWS::ECS::Service": "SERVICE",
	}
	resource := tpl.Resources[id]
	if name, known := names[id]; known {
		return name
	}
	if name, known := names[resource.Type]; known {
		return name
	}
	if resource.Type != "AWS::Lambda::Function" {
		t.Fatalf("a policy refers to %s, which is %s", id, resource.Type)
	}
	if resource.Properties.FunctionName == gateName {
		return gateName
	}
	return deployed
}
