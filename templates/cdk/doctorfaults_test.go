//go:build linux

package cdk

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/cloud"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
)

// find finds the only resource of a type whose id begins so: the CDK ends ids in digits of its own.
func (e *examined) find(t *testing.T, kind, id string) *cfntest.Resource {
	t.Helper()
	var found []*cfntest.Resource
	for _, r := range e.stack.Find(kind) {
		if strings.HasPrefix(r.ID, id) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d resources of the type %s whose id begins with %s", len(found), kind, id)
	}
	return found[0]
}

// property sets a property of a resource; nil takes it away.
func property(kind, id, path string, value any) func(*testing.T, *examined) {
	return func(t *testing.T, e *examined) {
		if err := cloud.Put(e.find(t, kind, id).Properties, path, value); err != nil {
			t.Fatal(err)
		}
	}
}

// without takes a resource out of the stack.
func without(kind, id string) func(*testing.T, *examined) {
	return func(t *testing.T, e *examined) { delete(e.stack.Resources, e.find(t, kind, id).ID) }
}

// forbidden has a policy allow none of the actions that begin so.
func forbidden(id, action string) func(*testing.T, *examined) {
	return func(t *testing.T, e *examined) {
		document := e.find(t, "AWS::IAM::Policy", id).Properties["PolicyDocument"].(map[string]any)
		before := document["Statement"].([]any)
		after := slices.DeleteFunc(slices.Clone(before), func(s any) bool {
			statement := maps.Clone(s.(map[string]any))
			list, isList := statement["Action"].([]any)
			if !isList {
				list = []any{statement["Action"]}
			}
			return slices.ContainsFunc(list, func(a any) bool { return strings.HasPrefix(a.(string), action) })
		})
		if len(after) == len(before) {
			t.Fatalf("%s doesn't allow %s anyway", id, action)
		}
		document["Statement"] = after
	}
}

// replacePlan changes the plan, which the function has in its settings.
func replacePlan(from, to string) func(*testing.T, *examined) {
	return func(t *testing.T, e *examined) {
		t.Helper()
		if !strings.Contains(e.plan, from) {
			t.Fatalf("the plan has no %q", from)
		}
		e.plan = strings.Replace(e.plan, from, to, 1)
		property("AWS::Lambda::Function", "GateFunction", "Environment.Variables.GREENLIGHT_PLAN", e.plan)(t, e)
	}
}

func TestDoctorFindsEachFaultThatIsPlantedInTheExamples(t *testing.T) {
	const (
		endpoint, ingress, function, service = "AWS::EC2::VPCEndpoint", "AWS::EC2::SecurityGroupIngress", "AWS::Lambda::Function", "AWS::ECS::Service"
		fail, warn                           = doctor.Fail, doctor.Warn
	)
	tests := []struct {
		why, example string
		plant        func(*testing.T, *examined)
		cloud.Planted
	}{
		{"the endpoint's name leads elsewhere", "codedeploy-ecs", property(endpoint, "GateNetworkcodedeploy", "PrivateDnsEnabled", "false"), cloud.Planted{Check: "network-route", Status: fail, Text: "has no private DNS"}},
		{"there is no endpoint of CodeDeploy's", "codedeploy-ecs", without(endpoint, "GateNetworkcodedeploy"), cloud.Planted{Check: "network-route", Status: fail, Text: "the verdict can't be reported"}},
		{"there is no endpoint for what finds green", "ecs", without(endpoint, "GateNetworkelasticloadbalancing"), cloud.Planted{Check: "network-route", Status: warn, Text: "green can't be found"}},
		{"the endpoints let nobody in", "codedeploy-ecs", without(ingress, "GateNetworkEndpointSecurityGroupfrom"), cloud.Planted{Check: "network-endpoint", Status: fail, Text: "doesn't let the function in"}},
		{"the plan asks for alarms, to which no way leads", "codedeploy-ecs", func(t *testing.T, e *examined) {
			without(endpoint, "GateNetworkmonitoring")(t, e)
			replacePlan("      - targets: green\n", "      - alarms: [shop-errors]\n      - targets: green\n")(t, e)
		}, cloud.Planted{Check: "network-route", Status: fail, Text: "checks of the kind alarms get no answer"}},
		{"the plan was edited, and not deployed", "codedeploy-ecs", func(_ *testing.T, e *examined) { e.plan += "# edited\n" }, cloud.Planted{Check: "plan-place", Status: warn, Text: "runs another plan than greenlight.yaml"}},
		{"the load balancer doesn't let the gate in", "codedeploy-ecs", without(ingress, "LoadBalancerSecurityGroupfromShopGateNetworkSecurityGroup8231150E8080"), cloud.Planted{Check: "network-security-groups", Status: fail, Text: "doesn't let the function in to port 8080"}},
		{"no verdict can be given, and each deployment hangs", "codedeploy-lambda", func(t *testing.T, e *examined) {
			for _, policy := range []string{"GateRoleDefaultPolicy", "DeploymentGroupGatePolicy"} {
				forbidden(policy, "codedeploy:PutLifecycleEventHookExecutionStatus")(t, e)
			}
		}, cloud.Planted{
			Check: "execution-role-report", Status: fail, Text: "hangs for an hour", Follows: []string{"execution-role-reads"}, // one statement allows both
		}},
		{"the version can't be asked for its price", "codedeploy-lambda", forbidden("DeploymentGroupGatePolicy", "lambda:InvokeFunction"), cloud.Planted{Check: "execution-role-checks", Status: warn, Text: "lambda:InvokeFunction"}},
		{"ECS may not call the gate", "ecs", forbidden("GateEcsHookPolicy", "lambda:InvokeFunction"), cloud.Planted{Check: "hook-role-invoke", Status: fail, Text: "may not call the function"}},
		{"a hook that hangs says yes", "ecs", property(service, "Service", "DeploymentConfiguration.LifecycleHooks.0.TimeoutConfiguration.Action", "CONTINUE"), cloud.Planted{Check: "service-hook-timeout", Status: warn, Text: "green is taken without proof"}},
		{"an alarm stops and doesn't roll back", "ecs", property(service, "Service", "DeploymentConfiguration.Alarms.Rollback", false), cloud.Planted{Check: "service-alarms", Status: warn, Text: "don't roll them back"}},
		{"the plan takes longer than a call, and no role hands it over", "codedeploy-lambda", func(t *testing.T, e *examined) {
			property(function, "GateFunction", "Timeout", 60.0)(t, e)
			forbidden("GatePolicy", "lambda:InvokeFunction")(t, e)
			replacePlan("lambda: {payload: {sku: 42}}\n", "lambda: {payload: {sku: 42}}\n    eventually: {within: 5m}\n")(t, e)
		}, cloud.Planted{
			Check: "plan-time", Status: fail, Text: "50s are left", Follows: []string{"execution-role-handover"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.example+": "+tt.why, func(t *testing.T) {
			t.Parallel()
			e := readExample(t, tt.example)
			tt.plant(t, e)
			report, _ := e.deployed(t)
			tt.MustFind(t, report)
		})
	}
}
