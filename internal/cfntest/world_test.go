package cfntest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// byECS is a service as the AWS CDK synthesizes one; each test changes something in it.
const byECS = `{"Resources": {
	"Cluster": {"Type": "AWS::ECS::Cluster"},
	"Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"},
	"Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "Balancer"}, "Protocol": "HTTPS", "Port": 443,
		"DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Blue"}}]}},
	"Test": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Listener"}, "Priority": 1,
		"Conditions": [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-test", "Values": ["1"]}}, {"Field": "host-header", "Values": ["shop.example"]},
			{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a", "Value": "b"}]}}],
		"Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": {"Ref": "Blue"}, "Weight": 100}, {"TargetGroupArn": {"Ref": "Green"}, "Weight": 0}]}}]}},
	"Blue": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"HealthCheckPath": "/health", "HealthCheckIntervalSeconds": 7, "Matcher": {"HttpCode": "204"}}},
	"Green": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"},
	"Gate": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "CodeDeployHook_gate", "Timeout": 900, "MemorySize": 512, "Runtime": "provided.al2023", "Handler": "bootstrap",
		"Environment": {"Variables": {"LOG_LEVEL": "debug"}}}},
	"Service": {"Type": "AWS::ECS::Service", "Properties": {"Cluster": {"Ref": "Cluster"}, "ServiceName": "shop", "DesiredCount": 3,
		"DeploymentConfiguration": {"Strategy": "CANARY", "BakeTimeInMinutes": 5, "CanaryConfiguration": {"CanaryPercent": 10, "CanaryBakeTimeInMinutes": 2},
			"LifecycleHooks": [
				{"HookTargetArn": {"Fn::GetAtt": ["Gate", "Arn"]}, "RoleArn": "arn:aws:iam::123456789012:role/hook", "LifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
					"HookDetails": "{\"plan\":\"ssm:/plan\"}", "TimeoutConfiguration": {"TimeoutInMinutes": 20, "Action": "CONTINUE"}},
				{"TargetType": "PAUSE", "LifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}]},
		"LoadBalancers": [{"ContainerName": "app", "ContainerPort": 80, "TargetGroupArn": {"Ref": "Blue"}, "AdvancedConfiguration": {
			"AlternateTargetGroupArn": {"Ref": "Green"}, "ProductionListenerRule": {"Ref": "Listener"}, "TestListenerRule": {"Ref": "Test"}}}]}}
}}`

func world(t *testing.T, text string, specs ...codedeploy.AppSpec) (World, error) {
	t.Helper()
	s, err := Load(write(t, "template.json", text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s.World(specs...)
}

func TestAServiceThatECSDeploysIsLoadedWithAllThatTheTemplateSays(t *testing.T) {
	w, err := world(t, byECS)
	if err != nil {
		t.Fatal(err)
	}
	c := w.Config
	if c.Cluster != "stack-Cluster" || c.Service != "shop" || c.Region != "eu-west-1" || c.AccountID != "123456789012" || c.Alias != nil {
		t.Errorf("the service is %s of %s in %s", c.Service, c.Cluster, c.Region)
	}
	if diff := cmp.Diff(elb.HealthCheck{Path: "/health", Interval: 7 * time.Second, Matcher: "204"}, c.HealthCheck); diff != "" {
		t.Errorf("the health check (-want +got):\n%s", diff)
	}
	if !c.Production.HTTPS || len(c.Production.Conditions) > 0 || !c.Test.Shared || !c.Test.HTTPS {
		t.Errorf("the listeners are %+v and %+v", c.Production, c.Test)
	}
	if diff := cmp.Diff([]elb.Condition{
		{Field: elb.HTTPHeader, Header: "x-test", Values: []string{"1"}},
		{Field: elb.HostHeader, Values: []string{"shop.example"}},
		{Field: elb.QueryString, Query: []elb.QueryPair{{Key: "a", Value: "b"}}},
	}, c.Test.Conditions); diff != "" {
		t.Errorf("the test rule's conditions (-want +got):\n%s", diff)
	}
	if e := c.ECS; e.Strategy != ecs.Canary || e.BakeTime != 5*time.Minute || e.DesiredCount != 3 || *e.Canary != (ecs.Steps{Percent: 10, Bake: 2 * time.Minute}) {
		t.Errorf("it is deployed by %+v", e)
	}
	h := c.ECS.Hooks[0]
	if h.Function != "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_gate" || h.Role == "" || string(h.Details) != `{"plan":"ssm:/plan"}` || h.Timeout != 20*time.Minute || h.OnTimeout != ecs.ActionContinue {
		t.Errorf("the hook is %+v", h)
	}
	if c.ECS.Hooks[1].Type != ecs.TargetPause {
		t.Errorf("the pause is %+v", c.ECS.Hooks[1])
	}
	if f := w.Functions; len(f) != 1 || f[0].Name != "CodeDeployHook_gate" || f[0].Timeout != 15*time.Minute || f[0].MemoryMB != 512 || f[0].Env["LOG_LEVEL"] != "debug" {
		t.Errorf("the functions are %+v", f)
	}
}

// byCode is a service that CodeDeploy deploys.
const byCode = `{"Resources": {
	"Cluster": {"Type": "AWS::ECS::Cluster"},
	"Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"},
	"Production": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "Balancer"}, "Protocol": "HTTP", "Port": 80, "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Blue"}}]}},
	"Test": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "Balancer"}, "Protocol": "HTTP", "Port": 8080, "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Green"}}]}},
	"Blue": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"},
	"Green": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"},
	"Gate": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "CodeDeployHook_gate"}},
	"Service": {"Type": "AWS::ECS::Service", "Properties": {"Cluster": {"Ref": "Cluster"}, "ServiceName": "shop", "DeploymentController": {"Type": "CODE_DEPLOY"},
		"LoadBalancers": [{"ContainerName": "app", "ContainerPort": 80, "TargetGroupArn": {"Ref": "Blue"}}]}},
	"Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ApplicationName": "shop", "ComputePlatform": "ECS"}},
	"Slowly": {"Type": "AWS::CodeDeploy::DeploymentConfig", "Properties": {"ComputePlatform": "ECS", "TrafficRoutingConfig": {"Type": "TimeBasedLinear", "TimeBasedLinear": {"LinearPercentage": 50, "LinearInterval": 3}}}},
	"Group": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": {"ApplicationName": {"Ref": "Application"}, "DeploymentGroupName": "production", "DeploymentConfigName": {"Ref": "Slowly"},
		"DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
		"AutoRollbackConfiguration": {"Enabled": true, "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
		"BlueGreenDeploymentConfiguration": {"TerminateBlueInstancesOnDeploymentSuccess": {"Action": "TERMINATE", "TerminationWaitTimeInMinutes": 5}},
		"ECSServices": [{"ClusterName": {"Ref": "Cluster"}, "ServiceName": {"Fn::GetAtt": ["Service", "Name"]}}],
		"LoadBalancerInfo": {"TargetGroupPairInfoList": [{
			"ProdTrafficRoute": {"ListenerArns": [{"Ref": "Production"}]}, "TestTrafficRoute": {"ListenerArns": [{"Ref": "Test"}]},
			"TargetGroups": [{"Name": {"Fn::GetAtt": ["Blue", "TargetGroupName"]}}, {"Name": {"Fn::GetAtt": ["Green", "TargetGroupName"]}}]}]}}}
}}`

func spec(t *testing.T, container, hook string) codedeploy.AppSpec {
	t.Helper()
	s, err := codedeploy.ParseAppSpec(`{"Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": "shop:2", "LoadBalancerInfo": {"ContainerName": "` + container + `", "ContainerPort": 80}}}}], "Hooks": [{"AfterInstall": "` + hook + `"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAServiceThatCodeDeployDeploysIsLoadedWithAllThatTheTemplateSays(t *testing.T) {
	w, err := world(t, byCode, spec(t, "app", "CodeDeployHook_gate"))
	if err != nil {
		t.Fatal(err)
	}
	c := w.Config
	if c.Application != "shop" || c.Group != "production" || c.ECS != nil || c.WithoutTestListener || c.TerminationWait != 5*time.Minute {
		t.Errorf("the group is %s/%s: %+v", c.Application, c.Group, c)
	}
	if diff := cmp.Diff(codedeploy.AutoRollback{codedeploy.DeploymentFailure, codedeploy.DeploymentStopOnAlarm}, c.AutoRollback); diff != "" {
		t.Errorf("it rolls back (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]codedeploy.Step{{Percent: 50, Wait: 3 * time.Minute}, {Percent: 100}}, c.Deployment.Steps); diff != "" {
		t.Errorf("it shifts (-want +got):\n%s", diff)
	}
	if len(w.Functions) != 1 {
		t.Errorf("the functions are %+v", w.Functions)
	}
}

// byAlias is a function whose alias CodeDeploy shifts.
const byAlias = `{"Resources": {
	"Gate": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "CodeDeployHook_gate"}},
	"Prices": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "prices"}},
	"Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Prices"}}},
	"Alias": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Prices"}, "Name": "live", "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]}},
		"UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {"ApplicationName": {"Ref": "Application"}, "DeploymentGroupName": {"Ref": "Group"}, "BeforeAllowTrafficHook": {"Ref": "Gate"}}}},
	"Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
	"Group": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": {"ApplicationName": {"Ref": "Application"}, "DeploymentConfigName": "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
		"AutoRollbackConfiguration": {"Enabled": false, "Events": ["DEPLOYMENT_FAILURE"]}}}
}}`

func TestAnAliasThatCodeDeployShiftsIsLoadedWithAllThatTheTemplateSays(t *testing.T) {
	w, err := world(t, byAlias)
	if err != nil {
		t.Fatal(err)
	}
	c := w.Config
	if c.Alias.String() != "prices:live" || c.Application != "stack-Application" || len(c.AutoRollback) > 0 || len(c.Deployment.Steps) != 10 {
		t.Errorf("the alias is %v of %s: %+v", c.Alias, c.Application, c)
	}
	if diff := cmp.Diff(map[codedeploy.Event]string{codedeploy.BeforeAllowTraffic: "CodeDeployHook_gate"}, w.Hooks); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}
}

// Faults that a linter doesn't see, since each resource alone is right.
func TestATemplateWhosePartsDontBelongTogetherIsRefused(t *testing.T) {
	tests := []struct {
		why, text, old, new, says string
		specs                     []codedeploy.AppSpec
	}{
		{why: "no service at all", text: `{"Resources": {"A": {"Type": "AWS::SQS::Queue"}}}`, says: "0 ECS services and 0 aliases"},
		{why: "a hook that nobody has", text: byECS, old: `{"Fn::GetAtt": ["Gate", "Arn"]}`, new: `"arn:aws:lambda:eu-west-1:123456789012:function:other"`, says: "the stack has no such function"},
		{why: "a stage that there isn't", text: byECS, old: "POST_TEST_TRAFFIC_SHIFT", new: "AFTER_TEST", says: "AFTER_TEST"},
		{why: "one target group for both", text: byECS, old: `"AlternateTargetGroupArn": {"Ref": "Green"}`, new: `"AlternateTargetGroupArn": {"Ref": "Blue"}`, says: "must be a second target group"},
		{why: "a rule that isn't there", text: byECS, old: `"TestListenerRule": {"Ref": "Test"}`, new: `"TestListenerRule": "arn:x"`, says: "TestListenerRule"},
		{why: "a test rule that splits its traffic", text: byECS, old: `"Weight": 0`, new: `"Weight": 50`, says: "isn't one of the service's target groups alone"},
		{why: "a strategy that shifts nothing", text: byECS, old: "CANARY", new: "ROLLING", says: "ROLLING"},
		{why: "no way to shift", text: byECS, old: `"AdvancedConfiguration"`, new: `"Other"`, says: "no AdvancedConfiguration"},
		{why: "a group for another service", text: byCode, old: `{"Fn::GetAtt": ["Service", "Name"]}`, new: `"cart"`, says: "deploys cart"},
		{why: "a pair of one", text: byCode, old: `["Green", "TargetGroupName"]`, new: `["Blue", "TargetGroupName"]`, says: "two different ones"},
		{why: "production on green", text: byCode, old: `80, "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Blue"}`, new: `80, "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Green"}`, says: "ProdTrafficRoute"},
		{why: "a configuration for functions", text: byCode, old: `{"Ref": "Slowly"}`, new: `"CodeDeployDefault.LambdaAllAtOnce"`, says: "none of CodeDeploy's for ECS"},
		{why: "an application for functions", text: byCode, old: `"ComputePlatform": "ECS"}}`, new: `"ComputePlatform": "Lambda"}}`, says: "its application is for Lambda"},
		{why: "a deployment in place", text: byCode, old: "BLUE_GREEN", new: "IN_PLACE", says: "DeploymentStyle"},
		{why: "an AppSpec for another container", text: byCode, specs: []codedeploy.AppSpec{spec(t, "web", "CodeDeployHook_gate")}, says: "names the container web"},
		{why: "an AppSpec with a hook that nobody has", text: byCode, specs: []codedeploy.AppSpec{spec(t, "app", "CodeDeployHook_other")}, says: "the stack has no such function"},
		{why: "an AppSpec where ECS deploys", text: byECS, specs: []codedeploy.AppSpec{spec(t, "app", "CodeDeployHook_gate")}, says: "no service that CodeDeploy deploys"},
		{why: "an alias that is shifted at once", text: byAlias, old: "CodeDeployLambdaAliasUpdate", new: "Other", says: "asks nobody"},
		{why: "a hook of the alias that nobody has", text: byAlias, old: `{"Ref": "Gate"}`, new: `"CodeDeployHook_other"`, says: "the stack has no such function"},
		{why: "a group that there isn't", text: byAlias, old: `"DeploymentGroupName": {"Ref": "Group"}`, new: `"DeploymentGroupName": "other"`, says: "DeploymentGroup other"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if !strings.Contains(tt.text, tt.old) {
				t.Fatalf("the template has no %s to change", tt.old)
			}
			_, err := world(t, strings.Replace(tt.text, tt.old, tt.new, 1), tt.specs...)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error with %q", err, tt.says)
			}
		})
	}
}
