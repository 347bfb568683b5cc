package deployment_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/hook"
)

// The answers below have the members that the service models give them, as far as deployments use them:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentTargets.html and its like.

const (
	lb       = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/lb/50dc6c495c0c9188"
	prodARN  = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/lb/50dc6c495c0c9188/f2f7dc8efc522ab2"
	testARN  = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/lb/50dc6c495c0c9188/0467ef3c8400ae65"
	prodRule = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/lb/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
	testRule = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/lb/50dc6c495c0c9188/0467ef3c8400ae65/1291d13826f405c3"
	tg1      = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tg-1/73e2d6bc24d8a067"
	tg2      = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tg-2/943f017f100becff"
	blueDef  = "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:1"
	greenDef = "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:2"
	self     = "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_greenlight"
)

var ecsEvents = []string{
	"BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
}

// statuses of events, of which one is in progress.
func statuses(events []string, at string) []any {
	var all []any
	status := "Succeeded"
	for _, name := range events {
		switch {
		case name == at:
			status = "InProgress"
		case status == "InProgress":
			status = "Pending"
		}
		all = append(all, map[string]any{"lifecycleEventName": name, "status": status, "startTime": json.Number("1.7e9")})
	}
	return all
}

// from says that the event at hand is that one or one after it.
func from(at, first string) bool {
	return slices.Index(ecsEvents, at) >= slices.Index(ecsEvents, first)
}

func quote(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

const specECS = `version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "` + greenDef + `"
        LoadBalancerInfo: {ContainerName: web, ContainerPort: 80}
Hooks:
  - BeforeInstall: CodeDeployHook_other
  - AfterAllowTestTraffic: CodeDeployHook_greenlight
`

// forward is an action with weights.
func forward(one, two int) string {
	return fmt.Sprintf(`[{"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": [
		{"TargetGroupArn": %q, "Weight": %d}, {"TargetGroupArn": %q, "Weight": %d}], "TargetGroupStickinessConfig": {"Enabled": false}}}]`, tg1, one, tg2, two)
}

// balancer holds what Elastic Load Balancing answers, by the percentages of test and production that tg-2 has.
func balancer(test, production int) string {
	return fmt.Sprintf(`
	"DescribeListeners": {"Listeners": [
		{"ListenerArn": %q, "LoadBalancerArn": %q, "Port": 80, "Protocol": "HTTP", "DefaultActions": %s},
		{"ListenerArn": %q, "LoadBalancerArn": %q, "Port": 8080, "Protocol": "HTTP", "DefaultActions": %s}]},
	"DescribeRules %s": {"Rules": [{"RuleArn": "default-p", "Priority": "default", "IsDefault": true, "Actions": %s}]},
	"DescribeRules %s": {"Rules": [{"RuleArn": "default-t", "Priority": "default", "IsDefault": true, "Actions": %s}]},
	"DescribeRules %s": {"Rules": [{"RuleArn": %q, "Priority": "1", "IsDefault": false, "Conditions": [], "Actions": %s}]},
	"DescribeRules %s": {"Rules": [{"RuleArn": %q, "Priority": "1", "IsDefault": false, "Conditions": [
		{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["green"]}}], "Actions": %s}]},
	"DescribeTargetGroups": {"TargetGroups": [{"TargetGroupArn": %q, "TargetGroupName": "tg-1"}, {"TargetGroupArn": %q, "TargetGroupName": "tg-2"}]},
	"DescribeLoadBalancers": {"LoadBalancers": [{"LoadBalancerArn": %q, "DNSName": "lb.example", "Scheme": "internal", "Type": "application"}]},
	"DescribeTargetHealth": {"TargetHealthDescriptions": [
		{"Target": {"Id": "10.0.0.1", "Port": 80}, "TargetHealth": {"State": "healthy"}},
		{"Target": {"Id": "10.0.0.2", "Port": 80}, "TargetHealth": {"State": "healthy"}}]}`,
		prodARN, lb, forward(100-production, production), testARN, lb, forward(100-test, test),
		prodARN, forward(100-production, production), testARN, forward(100-test, test),
		prodRule, prodRule, forward(100-production, production), testRule, testRule, forward(100-test, test), tg1, tg2, lb)
}

// onECS is a deployment by CodeDeploy of a service on ECS, at an event.
func onECS(t testing.TB, at string) world {
	t.Helper()
	test, production := 0, 0
	if from(at, "AfterAllowTestTraffic") {
		test = 100
	}
	if from(at, "AfterAllowTraffic") {
		production = 100
	}
	w := parseWorld(t, fmt.Sprintf(`{
	"GetDeployment": {"deploymentInfo": {"deploymentId": "d-ABC", "applicationName": "shop", "deploymentGroupName": "production", "computePlatform": "ECS",
		"creator": "user", "status": "InProgress", "description": "release 2", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "c0ffee"}}}},
	"ListDeploymentTargets": {"targetIds": ["prod:shop"]},
	"BatchGetDeploymentTargets": {"deploymentTargets": [{"deploymentTargetType": "ECSTarget", "ecsTarget": {
		"deploymentId": "d-ABC", "targetId": "prod:shop", "targetArn": "arn:aws:ecs:eu-west-1:123456789012:service/prod/shop", "status": "InProgress",
		"lifecycleEvents": %s, "taskSetsInfo": [
			{"status": "PRIMARY", "trafficWeight": 100.0, "targetGroup": {"name": "tg-1"}, "taskSetLabel": "Blue"},
			{"status": "ACTIVE", "trafficWeight": 0.0, "targetGroup": {"name": "tg-2"}, "taskSetLabel": "Green"}]}}]},
	"GetApplicationRevision": {"applicationName": "shop", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": %s}}},
	"GetDeploymentGroup": {"deploymentGroupInfo": {"applicationName": "shop", "deploymentGroupName": "production", "ecsServices": [{"serviceName": "shop", "clusterName": "prod"}],
		"loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "tg-1"}, {"name": "tg-2"}],
			"prodTrafficRoute": {"listenerArns": [%q]}, "testTrafficRoute": {"listenerArns": [%q]}}]}}},
	"DescribeServices": {"services": [{"serviceName": "shop", "taskSets": [
		{"id": "ecs-svc/1", "status": "PRIMARY", "externalId": "d-BEFORE", "taskDefinition": %q, "loadBalancers": [{"targetGroupArn": %q}]},
		{"id": "ecs-svc/2", "status": "ACTIVE", "externalId": "d-ABC", "taskDefinition": %q, "loadBalancers": [{"targetGroupArn": %q}]}]}]},
	"DescribeTaskDefinition %s": {"taskDefinition": {"containerDefinitions": [{"name": "web", "image": "shop@sha256:1"}, {"name": "log", "image": "log:1"}]}},
	"DescribeTaskDefinition %s": {"taskDefinition": {"containerDefinitions": [{"name": "web", "image": "shop@sha256:2"}, {"name": "log", "image": "log:1"}]}},
	%s}`, quote(statuses(ecsEvents, at)), quote(specECS), prodARN, testARN, blueDef, tg1, greenDef, tg2, blueDef, greenDef, balancer(test, production)))
	if !from(at, "AfterInstall") { // green's task set isn't there before Install
		list := w["BatchGetDeploymentTargets"].(map[string]any)["deploymentTargets"].([]any)[0].(map[string]any)["ecsTarget"].(map[string]any)
		list["taskSetsInfo"] = list["taskSetsInfo"].([]any)[:1]
		service := w["DescribeServices"].(map[string]any)["services"].([]any)[0].(map[string]any)
		service["taskSets"] = service["taskSets"].([]any)[:1]
	}
	return w
}

var lambdaEvents = []string{"BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"}

const specLambda = `{"version": 0.0, "Resources": [{"checkout": {"Type": "AWS::Lambda::Function",
	"Properties": {"Name": "checkout", "Alias": "live", "CurrentVersion": "1", "TargetVersion": 2}}}],
	"hooks": [{"BeforeAllowTraffic": "CodeDeployHook_greenlight"}, {"AfterAllowTraffic": "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_greenlight:3"}]}`

// onLambda is a deployment by CodeDeploy of a function, at an event.
func onLambda(t testing.TB, at string) world {
	t.Helper()
	version := "1"
	if at == "AfterAllowTraffic" {
		version = "2"
	}
	return parseWorld(t, fmt.Sprintf(`{
	"GetDeployment": {"deploymentInfo": {"deploymentId": "d-ABC", "applicationName": "shop", "deploymentGroupName": "functions", "computePlatform": "Lambda",
		"creator": "user", "status": "InProgress", "revision": {"revisionType": "String", "string": {"sha256": "c0ffee"}}}},
	"ListDeploymentTargets": {"targetIds": ["checkout:live"]},
	"BatchGetDeploymentTargets": {"deploymentTargets": [{"deploymentTargetType": "LambdaTarget", "lambdaTarget": {
		"deploymentId": "d-ABC", "targetId": "checkout:live", "targetArn": "arn:aws:lambda:eu-west-1:123456789012:function:checkout:live", "status": "InProgress",
		"lifecycleEvents": %s, "lambdaFunctionInfo": {"functionName": "checkout", "functionAlias": "live", "currentVersion": "1", "targetVersion": "2", "targetVersionWeight": 0}}}]},
	"GetApplicationRevision": {"applicationName": "shop", "revision": {"revisionType": "String", "string": {"content": %s}}},
	"GetAlias": {"AliasArn": "arn:aws:lambda:eu-west-1:123456789012:function:checkout:live", "Name": "live", "FunctionVersion": %q}
	}`, quote(statuses(lambdaEvents, at)), quote(specLambda), version))
}

const (
	serviceARN = "arn:aws:ecs:eu-west-1:123456789012:service/prod/shop"
	greenRev   = "arn:aws:ecs:eu-west-1:123456789012:service-revision/prod/shop/2222"
	blueRev    = "arn:aws:ecs:eu-west-1:123456789012:service-revision/prod/shop/1111"
	ecsID      = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/prod/shop/abcd"
)

var ecsStages = []string{
	"RECONCILE_SERVICE", "PRE_SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT",
	"PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT",
}

// byECS is a deployment by ECS itself, at a stage.
func byECS(t testing.TB, at string) world {
	t.Helper()
	test, production := 0, 0
	if slices.Index(ecsStages, at) >= slices.Index(ecsStages, "POST_TEST_TRAFFIC_SHIFT") {
		test = 100
	}
	if at == "POST_PRODUCTION_TRAFFIC_SHIFT" {
		production = 100
	}
	revision := func(arn, definition, image, group string) string {
		return fmt.Sprintf(`{"serviceRevisions": [{"serviceRevisionArn": %q, "serviceArn": %q, "taskDefinition": %q,
		"containerImages": [{"containerName": "web", "image": %q, "imageDigest": "sha256:1"}],
		"loadBalancers": [{"targetGroupArn": %q, "containerName": "web", "containerPort": 80,
			"advancedConfiguration": {"alternateTargetGroupArn": %q, "productionListenerRule": %q, "testListenerRule": %q, "roleArn": "arn:aws:iam::123456789012:role/ecs"}}],
		"resolvedConfiguration": {"loadBalancers": [{"targetGroupArn": %q, "productionListenerRule": %q}]}}]}`,
			arn, serviceARN, definition, image, tg1, tg2, prodRule, testRule, group, prodRule)
	}
	return parseWorld(t, fmt.Sprintf(`{
	"DescribeServiceRevisions %s": %s,
	"DescribeServiceRevisions %s": %s,
	"DescribeServiceDeployments": {"serviceDeployments": [{"serviceDeploymentArn": %q, "status": "IN_PROGRESS", "lifecycleStage": %q,
		"sourceServiceRevisions": [{"arn": %q, "requestedProductionTrafficWeight": 100.0}], "targetServiceRevision": {"arn": %q},
		"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}]},
	"ListServiceDeployments": {"serviceDeployments": [{"serviceDeploymentArn": "a"}, {"serviceDeploymentArn": "b"}]},
	%s}`, greenRev, revision(greenRev, greenDef, "shop@sha256:2", tg2), blueRev, revision(blueRev, blueDef, "shop@sha256:1", tg1),
		ecsID, at, blueRev, greenRev, balancer(test, production)))
}

func codeDeployed() hook.Execution { return hook.Execution{DeploymentID: "d-ABC", ID: "opaque"} }

func ecsExecution(stage string) hook.Execution {
	return hook.Execution{DeploymentID: ecsID, ID: "e8d5a28f", Contract: hook.ECS, ECS: &hook.ECSExecution{
		Stage: stage, ServiceARN: serviceARN, TargetServiceRevisionARN: greenRev,
	}}
}

// rules is the path of a listener's rules.
func rules(arn string) string { return "DescribeRules " + arn + ">Rules" }

func tree(t testing.TB, text string) any {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
