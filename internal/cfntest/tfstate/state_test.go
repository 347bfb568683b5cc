package tfstate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/tfstate"
)

// read reads a state of resources.
func read(t *testing.T, outputs string, resources ...string) (*tfstate.State, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(path, []byte(`{"outputs": {`+outputs+`}, "resources": [`+strings.Join(resources, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return tfstate.Read(path)
}

func resource(address, values string) string {
	_, kind, _ := strings.Cut(" "+address, " ")
	kind, _, _ = strings.Cut(strings.TrimPrefix(kind, "module.gate."), ".")
	return `{"address": "` + address + `", "type": "` + kind + `", "values": {` + values + `}}`
}

func stack(t *testing.T, outputs string, resources ...string) *cfntest.Stack {
	t.Helper()
	state, err := read(t, outputs, resources...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Stack(t.TempDir(), cfntest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARuleLeadsToTheTargetGroupsAndListenersOfTheState(t *testing.T) {
	s := stack(
		t, "",
		resource("aws_lb.this", `"name": "shop", "arn": "arn:lb"`),
		resource("aws_lb_target_group.a", `"name": "a", "arn": "arn:a", "health_check": [{"path": "/health", "matcher": "200-299", "interval": 10, "timeout": 5, "healthy_threshold": 2, "unhealthy_threshold": 3}]`),
		resource("aws_lb_target_group.b", `"name": "b", "arn": "arn:b"`),
		resource("aws_lb_listener.this", `"arn": "arn:listener", "load_balancer_arn": "arn:lb", "protocol": "HTTPS", "port": 443, "default_action": [{"type": "forward", "target_group_arn": "arn:a"}]`),
		resource("aws_lb_listener_rule.this", `"arn": "arn:rule", "listener_arn": "arn:listener", "priority": 1,
			"action": [{"type": "forward", "forward": [{"target_group": [{"arn": "arn:a", "weight": 100}, {"arn": "arn:b", "weight": 0}]}]}],
			"condition": [{"host_header": [{"values": ["shop.example"]}]}, {"http_header": [{"http_header_name": "X-Test", "values": ["1"]}]}]`),
	)
	reference := func(id string) string {
		r := s.Resources[id]
		return "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/" + r.Name
	}
	rule := s.Resources["awslblistenerrulethis"].Properties
	groups := rule["Actions"].([]any)[0].(map[string]any)["ForwardConfig"].(map[string]any)["TargetGroups"].([]any)
	for i, id := range []string{"awslbtargetgroupa", "awslbtargetgroupb"} {
		if to := groups[i].(map[string]any)["TargetGroupArn"].(string); !strings.HasPrefix(to, reference(id)) {
			t.Errorf("the rule's target group %d is %s", i, to)
		}
	}
	if listener := rule["ListenerArn"].(string); !strings.Contains(listener, ":listener/app/shop/") {
		t.Errorf("the rule is one of %s", listener)
	}
	if diff := cmp.Diff([]any{
		map[string]any{"Field": "host-header", "HostHeaderConfig": map[string]any{"Values": []any{"shop.example"}}},
		map[string]any{"Field": "http-header", "HttpHeaderConfig": map[string]any{"Values": []any{"1"}, "HttpHeaderName": "X-Test"}},
	}, rule["Conditions"]); diff != "" {
		t.Errorf("the rule's conditions (-want +got):\n%s", diff)
	}
	if group := s.Resources["awslbtargetgroupa"].Properties; group["HealthCheckPath"] != "/health" || group["UnhealthyThresholdCount"] != 3.0 {
		t.Errorf("the target group is %v", group)
	}
}

func TestARoleHasThePoliciesThatNameIt(t *testing.T) {
	const trust = `{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"lambda.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}`
	s := stack(
		t, "",
		resource("module.gate.aws_iam_role.gate", `"name": "gate", "arn": "arn:aws:iam::123456789012:role/gate", "assume_role_policy": "`+trust+`"`),
		resource("aws_iam_role.other", `"name": "other", "arn": "arn:aws:iam::123456789012:role/other", "assume_role_policy": "`+trust+`"`),
		resource("module.gate.aws_iam_role_policy.gate", `"name": "greenlight", "role": "gate", "policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"ecs:DescribeServices\", \"Resource\": \"*\"}]}"`),
	)
	for name, want := range map[string]int{"gate": 1, "other": 0} {
		role, err := s.Role("arn:aws:iam::123456789012:role/" + name)
		if err != nil {
			t.Fatal(err)
		}
		documents, err := role.Documents()
		if err != nil || len(documents) != want {
			t.Errorf("the role %s has %d policies, and not %d: %v", name, len(documents), want, err)
		}
		if trusted, err := role.Trust(); err != nil || !trusted.Trusts("lambda.amazonaws.com") {
			t.Errorf("the role %s trusts %+v: %v", name, trusted, err)
		}
	}
}

func TestAnAliasIsShiftedByTheHooksOfItsAppSpec(t *testing.T) {
	s := stack(
		t, `"appspec": "{\"Hooks\": [{\"BeforeAllowTraffic\": \"CodeDeployHook_a\"}, {\"AfterAllowTraffic\": \"CodeDeployHook_b\"}]}"`,
		resource("aws_lambda_alias.live", `"name": "live", "function_name": "checkout"`),
		resource("aws_codedeploy_deployment_group.this", `"app_name": "checkout", "deployment_group_name": "production"`),
	)
	if diff := cmp.Diff(map[string]any{"CodeDeployLambdaAliasUpdate": map[string]any{
		"ApplicationName": "checkout", "DeploymentGroupName": "production", "BeforeAllowTrafficHook": "CodeDeployHook_a", "AfterAllowTrafficHook": "CodeDeployHook_b",
	}}, s.Resources["awslambdaaliaslive"].UpdatePolicy); diff != "" {
		t.Errorf("the alias's policy (-want +got):\n%s", diff)
	}
}

func TestAStateThatCantBeSaidAsATemplateIsAnError(t *testing.T) {
	alias := resource("aws_lambda_alias.live", `"name": "live", "function_name": "checkout"`)
	group := resource("aws_codedeploy_deployment_group.this", `"app_name": "checkout"`)
	for _, tt := range []struct {
		why, outputs string
		resources    []string
		says         string
	}{
		{"nothing", "", nil, "has no resources"},
		{"a type that nobody has thought of", "", []string{resource("aws_new_thing.this", "")}, "aws_new_thing.this: nothing is known of aws_new_thing"},
		{"values of another form", "", []string{resource("aws_lb.this", `"name": 1`)}, "aws_lb.this: "},
		{"a policy that is no JSON", "", []string{resource("aws_iam_role_policy.this", `"policy": "no"`)}, "aws_iam_role_policy.this: a policy: "},
		{"a condition that the reader doesn't know", "", []string{resource("aws_lb_listener_rule.this", `"condition": [{"weather": [{"values": ["rain"]}]}]`)}, "nothing is known of the condition weather"},
		{"two addresses of the same letters", "", []string{resource("aws_lb.a_b", `"name": "a"`), resource("aws_lb.ab", `"name": "b"`)}, "aws_lb.ab: there is another resource that is called awslbab"},
		{"an alias whose hooks nobody says", "", []string{alias, group}, "the output appspec: "},
		{"an alias of no deployment group", `"appspec": "{}"`, []string{alias}, "there are 1 aliases and 0 deployment groups"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			state, err := read(t, tt.outputs, tt.resources...)
			if err == nil {
				_, err = state.Template()
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
		})
	}
}
