//go:build linux

package sam

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/greenlight-deploy/greenlight/internal/cfntest/cloud"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
)

// forbid takes an action out of a role's policies.
func (e *examined) forbid(t *testing.T, role, action string) {
	t.Helper()
	taken := false
	for _, p := range e.resource(t, role).Policies() {
		for _, s := range p["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			statement := s.(map[string]any)
			if statement["Action"] == action {
				statement["Action"], taken = "sts:GetCallerIdentity", true
			}
			list, _ := statement["Action"].([]any)
			if slices.Contains(list, any(action)) {
				statement["Action"], taken = slices.DeleteFunc(list, func(a any) bool { return a == action }), true
			}
		}
	}
	if !taken {
		t.Fatalf("%s doesn't allow %s anyway", role, action)
	}
}

// allow gives a role a policy of its own.
func (e *examined) allow(t *testing.T, role, action, resource string) {
	t.Helper()
	r := e.resource(t, role)
	policies, _ := r.Properties["Policies"].([]any)
	statement := map[string]any{"Effect": "Allow", "Action": action, "Resource": resource}
	r.Properties["Policies"] = append(policies, map[string]any{
		"PolicyName": "own", "PolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{statement}},
	})
}

// trust has another service take a role.
func (e *examined) trust(t *testing.T, role, service string) {
	t.Helper()
	e.put(t, role, "AssumeRolePolicyDocument.Statement.0.Principal.Service", service)
}

// rename gives the gate another name, as whoever doesn't know CodeDeploy's managed policies would.
func (e *examined) rename(t *testing.T, name string) {
	t.Helper()
	r := e.resource(t, "Function")
	r.Name = name
	e.put(t, "Function", "FunctionName", name)
	update := e.resource(t, "AppAliaslive").UpdatePolicy["CodeDeployLambdaAliasUpdate"].(map[string]any)
	update["BeforeAllowTrafficHook"], update["AfterAllowTrafficHook"] = name, name
}

// variable sets a variable of the gate's environment.
func variable(name, value string) func(*testing.T, *examined) {
	return func(t *testing.T, e *examined) { e.put(t, "Function", "Environment.Variables."+name, value) }
}

// property sets a property of a resource.
func property(id, path string, value any) func(*testing.T, *examined) {
	return func(t *testing.T, e *examined) { e.put(t, id, path, value) }
}

// out has the subnets' default route lead elsewhere.
func out(where cloud.Out) func(*testing.T, *examined) {
	return func(_ *testing.T, e *examined) {
		for i := range e.network.Subnets {
			e.network.Subnets[i].Out = where
		}
	}
}

// replacePlan changes the plan.
func replacePlan(old, with string) func(*testing.T, *examined) {
	return func(t *testing.T, e *examined) {
		if !strings.Contains(e.plan, old) {
			t.Fatalf("the plan has no %q", old)
		}
		e.plan = strings.Replace(e.plan, old, with, 1)
	}
}

// withoutTestListener is somebody who takes the test listener out of the deployment group.
func withoutTestListener(t *testing.T, a *cloud.Account) {
	t.Helper()
	client := codedeploy.NewFromConfig(a.AWS())
	found, err := client.GetDeploymentGroup(t.Context(), &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("production")})
	if err != nil {
		t.Fatal(err)
	}
	info := found.DeploymentGroupInfo.LoadBalancerInfo
	info.TargetGroupPairInfoList[0].TestTrafficRoute = nil
	if _, err := client.UpdateDeploymentGroup(t.Context(), &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), CurrentDeploymentGroupName: aws.String("production"), LoadBalancerInfo: info,
	}); err != nil {
		t.Fatal(err)
	}
}

// planInS3 has the gate read its plan from there; empty: where there is none.
func (e *examined) planInS3(t *testing.T, text string) {
	t.Helper()
	variable("GREENLIGHT_PLAN", "s3://plans/shop.yaml")(t, e)
	e.allow(t, "Role", "s3:GetObject", "arn:aws:s3:::plans/*")
	if text != "" {
		e.objects = map[string]string{"s3://plans/shop.yaml": text}
	}
}

// askWithSecret has the plan's first check need a secret.
func askWithSecret(t *testing.T, e *examined) {
	t.Helper()
	replacePlan("version: 1\n", "version: 1\nsecrets: {token: ssm:/shop/token}\n")(t, e)
	replacePlan("http: GET /\n", "http: {path: /, headers: {authorization: '{{ secrets.token }}'}}\n")(t, e)
}

// splitProduction is somebody who shifts production's traffic by hand.
func splitProduction(t *testing.T, a *cloud.Account) {
	t.Helper()
	client := elb.NewFromConfig(a.AWS())
	groups, err := client.DescribeTargetGroups(t.Context(), &elb.DescribeTargetGroupsInput{Names: []string{"shop-BlueTargetGroup", "shop-GreenTargetGroup"}})
	if err != nil {
		t.Fatal(err)
	}
	balancers, err := client.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{Names: []string{"shop-LoadBalancer"}})
	if err != nil {
		t.Fatal(err)
	}
	listeners, err := client.DescribeListeners(t.Context(), &elb.DescribeListenersInput{LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(listeners.Listeners, func(l elbtypes.Listener) bool { return aws.ToInt32(l.Port) == 80 })
	half := func(g elbtypes.TargetGroup) elbtypes.TargetGroupTuple {
		return elbtypes.TargetGroupTuple{TargetGroupArn: g.TargetGroupArn, Weight: aws.Int32(50)}
	}
	if _, err := client.ModifyListener(t.Context(), &elb.ModifyListenerInput{
		ListenerArn: listeners.Listeners[i].ListenerArn,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
			TargetGroups: []elbtypes.TargetGroupTuple{half(groups.TargetGroups[0]), half(groups.TargetGroups[1])},
		}}},
	}); err != nil {
		t.Fatal(err)
	}
}

// Each fault is one that people make, and that shows in a deployment alone: an hour late, or not at all.
func TestDoctorFindsEachFaultThatIsPlantedInTheExamples(t *testing.T) {
	const (
		group, service, function, role = "DeploymentGroup", "Service", "Function", "Role"
		fail, warn                     = doctor.Fail, doctor.Warn
	)
	tests := []struct {
		why, example string
		plant        func(*testing.T, *examined) // in the template, the network, the AppSpec or the plan; nil: nothing
		drift        func(*testing.T, *cloud.Account)
		cloud.Planted
	}{
		// the function
		{"the time-out was never set", "ecs-codedeploy", property(function, "Timeout", "3"), nil, cloud.Planted{Check: "function-timeout", Status: fail, Text: "its time-out is 3s", Follows: []string{"plan-time"}}},
		{"each TLS connection takes a third of a second", "lambda", property(function, "MemorySize", "128"), nil, cloud.Planted{Check: "function-memory", Status: warn, Text: "128 MB"}},
		{"somebody switched the gate off", "ecs", property(function, "ReservedConcurrentExecutions", "0"), nil, cloud.Planted{Check: "function-concurrency", Status: fail, Text: "never run"}},
		{"a crash leaves the deployment hanging for an hour", "lambda", property("AsyncInvocations", "MaximumRetryAttempts", 0.0), nil, cloud.Planted{Check: "function-retries", Status: warn, Text: "isn't run again"}},
		{"a throttled event is dropped before it can be run again", "ecs-codedeploy", property("AsyncInvocations", "MaximumEventAgeInSeconds", 60.0), nil, cloud.Planted{Check: "function-retries", Status: warn, Text: "dropped after 1m"}},
		{"all is let through since the last incident", "ecs-codedeploy", variable("GREENLIGHT_SKIP", "true"), nil, cloud.Planted{Check: "function-skip", Status: warn, Text: "unchecked"}},
		{"the stage that is set is one of several", "ecs", variable("GREENLIGHT_STAGE", "POST_TEST_TRAFFIC_SHIFT"), nil, cloud.Planted{Check: "function-stage", Status: warn, Text: "is called at"}},
		{"the gate was told to ask blue", "ecs-codedeploy", variable("ALB_URL", "http://shop-loadbalancer-1.eu-west-1.elb.amazonaws.com"), nil, cloud.Planted{Check: "function-green", Status: fail, Text: "that is blue"}},
		{"the managed policies don't allow its name", "lambda", func(t *testing.T, e *examined) { e.rename(t, "gate") }, nil, cloud.Planted{
			Check: "service-role-invoke", Status: fail, Text: "may not call the function", Follows: []string{"function-name", "execution-role-logs"}, // its log is called after it
		}},
		{"the AppSpec names a function that isn't there", "ecs-codedeploy", func(_ *testing.T, e *examined) {
			e.spec = strings.ReplaceAll(e.spec, "CodeDeployHook_shop", "CodeDeployHook_shpo")
		}, nil, cloud.Planted{Check: "function", Status: fail, Text: "there is no such function"}},

		// what it may do
		{"no verdict can be given, and each deployment hangs", "ecs-codedeploy", func(t *testing.T, e *examined) { e.forbid(t, role, "codedeploy:PutLifecycleEventHookExecutionStatus") }, nil, cloud.Planted{Check: "execution-role-report", Status: fail, Text: "hangs for an hour"}},
		{"what green runs can't be told", "ecs-codedeploy", func(t *testing.T, e *examined) { e.forbid(t, role, "ecs:DescribeServices") }, nil, cloud.Planted{Check: "execution-role-reads", Status: warn, Text: "ecs:DescribeServices"}},
		{"green can't be found", "ecs", func(t *testing.T, e *examined) { e.forbid(t, role, "ecs:DescribeServiceRevisions") }, nil, cloud.Planted{Check: "execution-role-reads", Status: fail, Text: "ecs:DescribeServiceRevisions"}},
		{"nobody will read why", "lambda", func(t *testing.T, e *examined) { e.forbid(t, role, "logs:PutLogEvents") }, nil, cloud.Planted{Check: "execution-role-logs", Status: warn, Text: "logs:PutLogEvents"}},
		{"the version can't be asked for its price", "lambda", func(t *testing.T, e *examined) {
			policies := e.resource(t, role).Properties["Policies"].([]any)
			e.put(t, role, "Policies", slices.DeleteFunc(policies, func(p any) bool { return p.(map[string]any)["PolicyName"] == "lambda" }))
		}, nil, cloud.Planted{Check: "execution-role-checks", Status: warn, Text: "lambda:InvokeFunction"}},
		{"the plan's secret can't be read", "ecs-codedeploy", func(t *testing.T, e *examined) {
			askWithSecret(t, e)
			e.secrets = []string{"/shop/token"}
		}, nil, cloud.Planted{Check: "execution-role-checks", Status: fail, Text: "ssm:GetParameter"}},

		{"the plan in S3 can't be read", "ecs", func(t *testing.T, e *examined) {
			variable("GREENLIGHT_PLAN", "s3://plans/shop.yaml")(t, e)
			e.objects = map[string]string{"s3://plans/shop.yaml": e.plan}
		}, nil, cloud.Planted{Check: "execution-role-plan", Status: fail, Text: "s3:GetObject"}},

		// who calls it
		{"CodeDeploy may call no function", "ecs-codedeploy", property("CodeDeployRole", "ManagedPolicyArns", []any{}), nil, cloud.Planted{Check: "service-role-invoke", Status: fail, Text: "may not call the function"}},
		{"CodeDeploy may not take its role", "ecs-codedeploy", func(t *testing.T, e *examined) { e.trust(t, "CodeDeployRole", "ecs.amazonaws.com") }, nil, cloud.Planted{Check: "service-role-trust", Status: fail, Text: "codedeploy.amazonaws.com"}},
		{"ECS may not take the hook's role", "ecs", func(t *testing.T, e *examined) { e.trust(t, "EcsHookRole", "ecs-tasks.amazonaws.com") }, nil, cloud.Planted{Check: "hook-role-trust", Status: fail, Text: "ecs.amazonaws.com"}},
		{"ECS may not call the gate", "ecs", func(t *testing.T, e *examined) { e.forbid(t, "EcsHookRole", "lambda:InvokeFunction") }, nil, cloud.Planted{Check: "hook-role-invoke", Status: fail, Text: "may not call the function"}},

		// the deployment
		{"a hook that says no leaves green where it is", "ecs-codedeploy", property(group, "AutoRollbackConfiguration", nil), nil, cloud.Planted{Check: "group-rollback", Status: fail, Text: "doesn't roll back"}},
		{"an alarm stops and doesn't roll back", "lambda", property("AppDeploymentGroup", "AutoRollbackConfiguration.Events", []any{"DEPLOYMENT_FAILURE"}), nil, cloud.Planted{Check: "group-rollback", Status: warn, Text: "not when an alarm stops it"}},
		{"the test listener was taken away", "ecs-codedeploy", nil, withoutTestListener, cloud.Planted{Check: "group-test-listener", Status: fail, Text: "AfterAllowTestTraffic"}},
		{"both routes are one listener", "ecs-codedeploy", func(t *testing.T, e *examined) {
			production, err := e.resource(t, "ProductionListener").Reference()
			if err != nil {
				t.Fatal(err)
			}
			e.put(t, group, "LoadBalancerInfo.TargetGroupPairInfoList.0.TestTrafficRoute.ListenerArns.0", production)
		}, nil, cloud.Planted{Check: "listeners", Status: fail, Text: "the test listener is the production listener"}},
		{"production was shifted by hand", "ecs-codedeploy", nil, splitProduction, cloud.Planted{Check: "production-listener", Status: fail, Text: "splits traffic"}},
		{"the versions' health is judged in two ways", "ecs-codedeploy", property("GreenTargetGroup", "HealthCheckPath", "/alive"), nil, cloud.Planted{Check: "target-groups", Status: warn, Text: "/health and /alive"}},
		{"an alarm is gone, and nothing stops", "ecs-codedeploy", func(t *testing.T, e *examined) { e.remove(t, "GreenErrorsAlarm") }, nil, cloud.Planted{Check: "group-alarms", Status: fail, Text: "shop-green-errors doesn't exist"}},
		{"an alarm rings before the deployment", "ecs", func(_ *testing.T, e *examined) { e.ringing = []string{"shop-blue-errors"} }, nil, cloud.Planted{Check: "service-alarms", Status: fail, Text: "shop-blue-errors is in ALARM"}},
		{"nothing is asked", "ecs", property(service, "DeploymentConfiguration.LifecycleHooks", []any{}), nil, cloud.Planted{Check: "service-hooks", Status: fail, Text: "nothing is checked"}},
		{"a version whose tasks don't start is tried for hours", "ecs", property(service, "DeploymentConfiguration.DeploymentCircuitBreaker", nil), nil, cloud.Planted{Check: "service-circuit-breaker", Status: warn, Text: "no circuit breaker"}},
		{"the hook is called before green is there, and the plan asks green", "ecs", property(service, "DeploymentConfiguration.LifecycleHooks.0.LifecycleStages", []any{"PRE_SCALE_UP"}), nil, cloud.Planted{Check: "plan-stages", Status: warn, Text: "no hook calls a function there"}},
		{"there is no test traffic", "ecs", property(service, "LoadBalancers.0.AdvancedConfiguration.TestListenerRule", nil), nil, cloud.Planted{
			Check: "service-test-listener", Status: fail, Text: "no test traffic", Follows: []string{"service-load-balancer"},
		}},

		// the network
		{"the load balancer doesn't let the gate in", "ecs-codedeploy", func(t *testing.T, e *examined) {
			e.remove(t, "TestIngress")
			e.put(t, "LoadBalancerSecurityGroup", "SecurityGroupIngress.1.CidrIp", "192.0.2.0/24")
		}, nil, cloud.Planted{Check: "network-security-groups", Status: fail, Text: "doesn't let the function in to port 8080"}},
		{"the gate isn't let out to the test listener", "ecs", property("SecurityGroup", "SecurityGroupEgress.2.FromPort", "8081"), nil, cloud.Planted{Check: "network-security-groups", Status: fail, Text: "lets nothing out to port 8080"}},
		{"no verdict gets out of the VPC", "ecs-codedeploy", out(cloud.Nowhere), nil, cloud.Planted{Check: "network-route", Status: fail, Text: "the verdict can't be reported"}},
		{"Lambda has no public address", "ecs-codedeploy", out(cloud.InternetGateway), nil, cloud.Planted{Check: "network-route", Status: fail, Text: "internet gateway"}},
		{"the load balancer is internal, and the gate outside", "ecs", property(function, "VpcConfig", nil), nil, cloud.Planted{Check: "network", Status: fail, Text: "is internal"}},

		// the plan
		{"a key is misspelled", "ecs-codedeploy", replacePlan("checks:", "cheks:"), nil, cloud.Planted{Check: "plan", Status: fail, Text: `unknown key "cheks"`}},
		{"nobody has put it into S3", "lambda", func(t *testing.T, e *examined) { e.planInS3(t, "") }, nil, cloud.Planted{Check: "plan-place", Status: fail, Text: "the plan s3://plans/shop.yaml doesn't exist"}},
		{"another lies in S3 than here", "ecs-codedeploy", func(t *testing.T, e *examined) {
			e.planInS3(t, e.plan)
			replacePlan("within: 60s", "within: 50s")(t, e)
		}, nil, cloud.Planted{Check: "plan-place", Status: warn, Text: "runs another plan than greenlight.yaml"}},
		{"nobody has put its secret", "ecs-codedeploy", func(t *testing.T, e *examined) {
			askWithSecret(t, e)
			e.allow(t, role, "ssm:GetParameter", "arn:aws:ssm:*:*:parameter/shop/*")
		}, nil, cloud.Planted{Check: "plan-secrets", Status: fail, Text: "ssm:/shop/token doesn't exist"}},
		{"a check waits longer than CodeDeploy does", "ecs-codedeploy", replacePlan("within: 60s", "within: 90m"), nil, cloud.Planted{Check: "plan-time", Status: fail, Text: "AfterAllowTestTraffic"}},
	}
	for _, tt := range tests {
		t.Run(tt.example+": "+tt.why, func(t *testing.T) {
			t.Parallel()
			e := readExample(t, tt.example)
			if tt.plant != nil {
				tt.plant(t, e)
			}
			a, o, _ := e.deployed(t)
			if tt.drift != nil {
				tt.drift(t, a)
			}
			tt.MustFind(t, a.Examine(o))
		})
	}
}
