package doctor

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func TestAnAccountInWhichNothingIsWrongPasses(t *testing.T) {
	for name, w := range map[string]*world{"CodeDeploy": newWorld(), "ECS itself": newWorld().byECS()} {
		t.Run(name, func(t *testing.T) {
			r := w.examine(t, w.options())
			for _, f := range r.Findings {
				if f.Status != Pass {
					t.Errorf("%s %s %s: %s", f.Area, f.Check, f.Status, f.Text)
				}
			}
			if len(r.Findings) < 20 || len(r.Unread) > 0 {
				t.Errorf("%d findings, unread: %v", len(r.Findings), r.Unread)
			}
		})
	}
}

// found says that the report has such a finding, whose text and remedy hold the texts.
func found(r Report, check string, status Status, text, remedy string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.Check == check && f.Status == status && strings.Contains(f.Text, text) && strings.Contains(f.Remedy, remedy)
	})
}

func TestEachWrongWiringIsFoundWithItsRemedy(t *testing.T) {
	open := []permission{{Protocol: "-1", Ranges: []cidr{{"0.0.0.0/0"}}}}
	endpoint := func(service string, edit func(*vpcEndpoint)) vpcEndpoint {
		e := vpcEndpoint{ID: "vpce-" + service, Service: "com.amazonaws.eu-west-1." + service, Type: "Interface", State: "available", PrivateDNS: true}
		if edit != nil {
			edit(&e)
		}
		return e
	}
	endpoints := func(edit func(*vpcEndpoint)) []vpcEndpoint {
		return []vpcEndpoint{endpoint("codedeploy", edit), endpoint("ecs", nil), endpoint("elasticloadbalancing", nil), endpoint("lambda", nil)}
	}
	gateway := endpoint("s3", func(e *vpcEndpoint) { e.ID, e.Type, e.PrivateDNS = "vpce-gateway", "Gateway", false })
	ownPlan := func(o *Options) { o.Plan = plan.Source{} } // as the function's settings have it
	rename := func(w *world, name string) {
		w.function.FunctionName, w.function.FunctionArn = aws.String(name), aws.String("arn:aws:lambda:eu-west-1:123456789012:function:"+name)
		w.group.TargetRevision.AppSpecContent.Content = aws.String(strings.ReplaceAll(hooksSpec, "CodeDeployHook_check", name))
	}
	tests := []struct {
		why     string
		byECS   bool
		change  func(*world)
		options func(*Options)
		check   string
		status  Status
		text    string
		remedy  string
	}{
		// the function
		{"it isn't there", false, func(w *world) { w.function = nil }, nil, "function", Fail, "no such function in eu-west-1", "aws lambda create-function"},
		{"it may not be read", false, func(w *world) { w.fails["lambda:GetFunctionConfiguration"] = apiError("AccessDeniedException") }, nil, "function", Skip, "missing permission lambda:GetFunctionConfiguration", "greenlight doctor --policy --feature doctor"},
		{"it can't run", false, func(w *world) {
			w.function.State, w.function.StateReason = lambdatypes.StateFailed, aws.String("the subnet is gone")
		}, nil, "function-state", Fail, "the subnet is gone", "aws lambda update-function-code"},
		{"it has slept", false, func(w *world) { w.function.State = lambdatypes.StateInactive }, nil, "function-state", Warn, "its first invocation fails", "aws lambda invoke"},
		{"it isn't ready", false, func(w *world) { w.function.State = lambdatypes.StatePending }, nil, "function-state", Warn, "Pending", "aws lambda wait function-active"},
		{"its update failed", false, func(w *world) { w.function.LastUpdateStatus = lambdatypes.LastUpdateStatusFailed }, nil, "function-state", Fail, "the version before runs", ""},
		{"its update isn't done", false, func(w *world) { w.function.LastUpdateStatus = lambdatypes.LastUpdateStatusInProgress }, nil, "function-state", Warn, "under way", "aws lambda wait function-updated"},
		{"the managed policies don't allow its name", false, func(w *world) { rename(w, "gate") }, nil, "function-name", Warn, "doesn't begin with CodeDeployHook_", "name it CodeDeployHook_gate"},
		{"a policy of the role's own allows its name", false, func(w *world) {
			rename(w, "gate")
			w.documents["codedeploy-service"]["all"] = document1(allow("lambda:InvokeFunction", "*"))
		}, nil, "function-name", Pass, "may call it all the same", ""},
		{"its time-out was never set", false, func(w *world) { w.function.Timeout = aws.Int32(3) }, nil, "function-timeout", Fail, "3s, no more than Lambda's default: the checks have 1.5s", "--timeout 300"},
		{"its time-out leaves less than the reserve", false, func(w *world) { w.function.Timeout = aws.Int32(15) }, nil, "function-timeout", Warn, "the checks have 7.5s", "--timeout 300"},
		{"it has little memory", false, func(w *world) { w.function.MemorySize = aws.Int32(128) }, nil, "function-memory", Warn, "128 MB", "--memory-size 512"},
		{"it isn't greenlight", false, func(w *world) { w.function.Runtime = lambdatypes.RuntimePython312 }, nil, "function-runtime", Warn, "python3.12", "provided.al2023"},
		{"its runtime is old", false, func(w *world) { w.function.Runtime = lambdatypes.RuntimeProvidedal2 }, nil, "function-runtime", Warn, "provided.al2", "--runtime provided.al2023"},
		{"it is an image", false, func(w *world) {
			w.function.PackageType, w.function.Runtime = lambdatypes.PackageTypeImage, ""
		}, nil, "function-runtime", Pass, "container image", ""},
		{"it is switched off", false, func(w *world) { w.concurrency.ReservedConcurrentExecutions = aws.Int32(0) }, nil, "function-concurrency", Fail, "it is never run", "aws lambda delete-function-concurrency"},
		{"some concurrency is reserved", false, func(w *world) { w.concurrency.ReservedConcurrentExecutions = aws.Int32(2) }, nil, "function-concurrency", Pass, "2 concurrent executions", ""},
		{"a crash is the end", false, func(w *world) {
			w.invokes = &lambda.GetFunctionEventInvokeConfigOutput{MaximumRetryAttempts: aws.Int32(0)}
		}, nil, "function-retries", Warn, "isn't run again", "--maximum-retry-attempts 2"},
		{"a throttled event is dropped", false, func(w *world) {
			w.invokes = &lambda.GetFunctionEventInvokeConfigOutput{MaximumRetryAttempts: aws.Int32(2), MaximumEventAgeInSeconds: aws.Int32(60)}
		}, nil, "function-retries", Warn, "dropped after 1m", "--maximum-event-age-in-seconds 3600"},
		{"nobody hears of a lost event, which is a hint", false, func(*world) {}, nil, "function-destination", Pass, "go nowhere", "OnFailure"},
		{"a dead letter queue hears of it", false, func(w *world) {
			w.function.DeadLetterConfig = &lambdatypes.DeadLetterConfig{TargetArn: aws.String("arn:aws:sqs:eu-west-1:123456789012:q")}
		}, nil, "function-destination", Pass, "have a destination", ""},
		{"its stage is none", false, func(w *world) { w.function.Environment.Variables["GREENLIGHT_STAGE"] = "AfterTest" }, nil, "function-stage", Fail, `"AfterTest", which is no stage`, "AfterAllowTestTraffic"},
		{"its stage is another", false, func(w *world) { w.function.Environment.Variables["GREENLIGHT_STAGE"] = "AfterAllowTraffic" }, nil, "function-stage", Fail, "is called at AfterAllowTestTraffic", "GREENLIGHT_STAGE=AfterAllowTestTraffic"},
		{"its stage is one of several", false, func(w *world) {
			w.function.Environment.Variables["GREENLIGHT_STAGE"] = "AfterAllowTraffic"
			w.group.TargetRevision.AppSpecContent.Content = aws.String("hooks:\n  - AfterAllowTraffic: CodeDeployHook_check\n  - BeforeAllowTraffic: " + functionARN + "\n")
		}, nil, "function-stage", Warn, "AfterAllowTraffic and BeforeAllowTraffic", "take GREENLIGHT_STAGE away"},
		{"it lets all through", false, func(w *world) { w.function.Environment.Variables["GREENLIGHT_SKIP"] = "1" }, nil, "function-skip", Warn, "let through unchecked", "take GREENLIGHT_SKIP away"},
		{"it asks blue", false, func(w *world) {
			w.function.Environment.Variables["ALB_URL"] = "shop-1.eu-west-1.elb.amazonaws.com"
		}, nil, "function-green", Fail, "that is blue", "ALB_URL=http://shop-1.eu-west-1.elb.amazonaws.com:9000"},
		{"it asks green", false, func(w *world) {
			w.function.Environment.Variables["ALB_URL"] = "http://shop-1.eu-west-1.elb.amazonaws.com:9000/"
		}, nil, "function-green", Pass, "test listener's", ""},
		{"it asks by another name", false, func(w *world) { w.function.Environment.Variables["ALB_URL"] = "https://test.shop.example" }, nil, "function-green", Pass, "neither", ""},

		// the deployment group
		{"a failed hook changes nothing", false, func(w *world) { w.group.AutoRollbackConfiguration = nil }, nil, "group-rollback", Fail, "doesn't roll back", "enabled=true,events=DEPLOYMENT_FAILURE,DEPLOYMENT_STOP_ON_ALARM"},
		{"the rollback is off", false, func(w *world) { w.group.AutoRollbackConfiguration.Enabled = false }, nil, "group-rollback", Fail, "doesn't roll back", "update-deployment-group"},
		{"an alarm doesn't roll back", false, func(w *world) {
			w.group.AutoRollbackConfiguration.Events = w.group.AutoRollbackConfiguration.Events[:1]
		}, nil, "group-rollback", Warn, "not when an alarm stops it", "DEPLOYMENT_STOP_ON_ALARM"},
		{"an alarm rings already", false, func(w *world) { w.alarms[0].State = "ALARM" }, nil, "group-alarms", Fail, "shop-5xx is in ALARM already", "describe-alarm-history --alarm-name shop-5xx"},
		{"an alarm is gone", false, func(w *world) { w.alarms = nil }, nil, "group-alarms", Fail, "shop-5xx doesn't exist", "describe-alarms"},
		{"there are no alarms", false, func(w *world) { w.group.AlarmConfiguration = nil }, nil, "group-alarms", Pass, "no alarms", ""},
		{"a deployment is under way", false, func(w *world) { w.underWay = []string{"d-1"} }, nil, "group-deployment", Warn, "d-1", "aws deploy get-deployment --deployment-id d-1"},
		{"the AppSpec asks for a test listener", false, func(w *world) {
			w.group.LoadBalancerInfo.TargetGroupPairInfoList[0].TestTrafficRoute = nil
		}, nil, "group-test-listener", Fail, "AfterAllowTestTraffic", "testTrafficRoute"},
		{"there is no test listener", false, func(w *world) {
			w.group.LoadBalancerInfo.TargetGroupPairInfoList[0].TestTrafficRoute = nil
			w.group.TargetRevision.AppSpecContent.Content = aws.String("Hooks: [{AfterAllowTraffic: CodeDeployHook_check}]")
		}, nil, "group-test-listener", Warn, "has no test listener", "testTrafficRoute"},
		{"green has no target group", false, func(w *world) {
			p := &w.group.LoadBalancerInfo.TargetGroupPairInfoList[0]
			p.TargetGroups = p.TargetGroups[:1]
		}, nil, "group-target-groups", Fail, "1 target group", "two target groups"},
		{"there is no load balancer", false, func(w *world) { w.group.LoadBalancerInfo = nil }, nil, "group-listeners", Fail, "production listener", "targetGroupPairInfoList"},
		{"it deploys to instances", false, func(w *world) { w.group.ComputePlatform = cdtypes.ComputePlatformServer }, nil, "group-platform", Warn, "Server", "--stage ValidateService"},
		{"it deploys a function", false, func(w *world) {
			w.group.ComputePlatform, w.group.LoadBalancerInfo, w.group.EcsServices = cdtypes.ComputePlatformLambda, nil, nil
		}, nil, "group-platform", Pass, "Lambda function", ""},
		{"it has no service role", false, func(w *world) { w.group.ServiceRoleArn = nil }, nil, "service-role", Fail, "isn't set", "set the role"},

		// hooks
		{"no hook calls anything", false, func(w *world) { w.group.TargetRevision.AppSpecContent.Content = aws.String("Hooks: []") }, nil, "hooks-appspec", Fail, "names no function", "AfterAllowTestTraffic: CodeDeployHook_greenlight"},
		{"the hooks call another function", false, func(w *world) {}, func(o *Options) { o.Application, o.Function = "shop", "CodeDeployHook_other" }, "hooks-function", Warn, "doesn't call CodeDeployHook_other", "AfterAllowTestTraffic: CodeDeployHook_other"},
		{"the AppSpec is in S3", false, func(w *world) { w.group.TargetRevision = inS3() }, nil, "hooks-appspec", Pass, "CodeDeployHook_check at AfterAllowTestTraffic", ""},
		{"the AppSpec is in S3, where it may not be read", false, func(w *world) {
			w.group.TargetRevision = inS3()
			w.fails["s3:GetObject"] = apiError("AccessDenied")
		}, nil, "hooks-appspec", Skip, "missing permission s3:GetObject", "--function"},
		{"only the last deployment has a revision", false, func(w *world) {
			w.group.TargetRevision, w.group.LastAttemptedDeployment = nil, &cdtypes.LastDeploymentInfo{DeploymentId: aws.String("d-1")}
		}, nil, "hooks-appspec", Pass, "CodeDeployHook_check at AfterAllowTestTraffic", ""},

		// the load balancer
		{"production is split", false, func(w *world) {
			w.rules[productionARN] = defaultRule(weighted(map[string]int32{blueARN: 90, greenARN: 10}))
		}, nil, "production-listener", Fail, "tg-blue 90 %, tg-green 10 %", "aws elbv2 modify-listener --listener-arn " + productionARN + " --default-actions Type=forward,TargetGroupArn=" + blueARN},
		{"production goes to the other group than the primary task set's", false, func(w *world) { w.rules[productionARN] = defaultRule(forward(greenARN)) }, nil, "production-listener", Fail, "the primary task set is in tg-blue", "TargetGroupArn=" + blueARN},
		{"a deployment moves production", false, func(w *world) {
			w.underWay = []string{"d-1"}
			w.rules[productionARN] = defaultRule(weighted(map[string]int32{blueARN: 90, greenARN: 10}))
		}, nil, "production-listener", Pass, "while a deployment is under way", ""},
		{"production goes nowhere", false, func(w *world) {
			w.rules[productionARN] = defaultRule(weighted(map[string]int32{blueARN: 0, greenARN: 0}))
		}, nil, "production-listener", Fail, "no target group any traffic", "modify-listener"},
		{"production goes to somebody else", false, func(w *world) {
			w.rules[productionARN] = defaultRule([]elbtypes.Action{{TargetGroupArn: aws.String(strings.Replace(blueARN, "tg-blue", "other", 1))}})
		}, nil, "production-listener", Fail, "forwards to none of the target groups tg-blue and tg-green", "modify-listener"},
		{"the test listener goes to the other group", false, func(w *world) { w.rules[testARN] = defaultRule(forward(greenARN)) }, nil, "test-listener", Warn, "isn't what is live", testARN},
		{"the test listener is gone", false, func(w *world) { w.listeners = w.listeners[:1] }, nil, "test-listener", Fail, "the test listener doesn't exist", "describe-listeners"},
		{"a listener is gone, which all are refused for", false, func(w *world) {
			w.fails["elasticloadbalancing:DescribeListeners"] = apiError("ListenerNotFound")
			delete(w.rules, testARN)
		}, nil, "test-listener", Fail, "doesn't exist", ""},
		{"another listener is gone", false, func(w *world) {
			w.fails["elasticloadbalancing:DescribeListeners"] = apiError("ListenerNotFound")
			delete(w.rules, testARN)
		}, nil, "production-listener", Pass, "tg-blue 100 %", ""},
		{"the listener is a Network Load Balancer's", false, func(w *world) {
			w.rules[productionARN], w.listeners[0].DefaultActions = nil, weighted(map[string]int32{blueARN: 50, greenARN: 50})
		}, nil, "production-listener", Fail, "its default action splits traffic", "modify-listener"},
		{"a target group is gone", false, func(w *world) {
			w.fails["elasticloadbalancing:DescribeTargetGroups"] = apiError("TargetGroupNotFound")
		}, nil, "target-groups", Fail, "a target group doesn't exist", "describe-target-groups"},
		{"both listeners are one", false, func(w *world) {
			w.group.LoadBalancerInfo.TargetGroupPairInfoList[0].TestTrafficRoute.ListenerArns[0] = productionARN
		}, nil, "listeners", Fail, "the test listener is the production listener", "of its own"},
		{"they find a version well in two ways", false, func(w *world) {
			w.targets[0].HealthCheckPath, w.targets[1].HealthCheckPath = aws.String("/health"), aws.String("/")
		}, nil, "target-groups", Warn, "tg-blue and tg-green ask for different paths, /health and /", "aws elbv2 modify-target-group --target-group-arn " + greenARN},
		{"they find different codes well", false, func(w *world) {
			w.targets[0].Matcher, w.targets[1].Matcher = &elbtypes.Matcher{HttpCode: aws.String("200")}, &elbtypes.Matcher{HttpCode: aws.String("200-499")}
		}, nil, "target-groups", Warn, "tg-blue and tg-green ask for different status codes, 200 and 200-499", "aws elbv2 modify-target-group"},
		{"blue is ill", false, func(w *world) {
			w.health[blueARN][0].TargetHealth.State = elbtypes.TargetHealthStateEnumUnhealthy
		}, nil, "blue-health", Fail, "no healthy target", "describe-target-health"},
		{"blue is half ill", false, func(w *world) {
			w.health[blueARN] = append(w.health[blueARN], elbtypes.TargetHealthDescription{TargetHealth: &elbtypes.TargetHealth{State: "unhealthy", Reason: "Target.Timeout"}})
		}, nil, "blue-health", Warn, "1 healthy target, and others that are unhealthy (Target.Timeout)", "describe-target-health"},

		// the service
		{"another controller deploys it", false, func(w *world) { w.service.DeploymentController.Type = ecstypes.DeploymentControllerTypeExternal }, nil, "service-controller", Fail, "EXTERNAL", "CODE_DEPLOY"},
		{"the group's service is deployed by ECS", false, func(w *world) { w.service.DeploymentController = nil }, nil, "service-controller", Fail, "the deployment group shop/production can't deploy it", "CODE_DEPLOY"},
		{"the service is gone", false, func(w *world) { w.service = nil }, nil, "service", Fail, "no service shop in the cluster main", "aws ecs list-services --cluster main"},
		{"nobody says which group deploys it", true, func(w *world) {
			w.service.DeploymentController = &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy}
		}, nil, "service-controller", Fail, "is deployed by CodeDeploy", "--application"},
		{"it rolls", true, func(w *world) { w.service.DeploymentConfiguration.Strategy = "" }, nil, "service-strategy", Fail, "ROLLING", "BLUE_GREEN"},
		{"no hook calls a function", true, func(w *world) { w.service.DeploymentConfiguration.LifecycleHooks = nil }, nil, "service-hooks", Fail, "nothing is checked", "POST_TEST_TRAFFIC_SHIFT"},
		{"no hook calls this function", true, func(w *world) {}, func(o *Options) { o.Function = "other" }, "service-hooks", Fail, "no lifecycle hook calls other", "lifecycleHooks"},
		{"a hook that hangs says yes", true, func(w *world) {
			w.hooks().TimeoutConfiguration = &ecstypes.DeploymentLifecycleHookTimeoutConfiguration{Action: ecstypes.DeploymentLifecycleHookActionContinue}
		}, nil, "service-hook-timeout", Warn, "green is taken without proof", "ROLLBACK"},
		{"a hook has no time", true, func(w *world) {
			w.hooks().TimeoutConfiguration = &ecstypes.DeploymentLifecycleHookTimeoutConfiguration{TimeoutInMinutes: aws.Int32(1)}
		}, nil, "service-hook-timeout", Warn, "has 1 min", "timeoutInMinutes"},
		{"there is no test rule", true, func(w *world) { w.service.LoadBalancers[0].AdvancedConfiguration.TestListenerRule = nil }, nil, "service-test-listener", Fail, "there is no test traffic", "testListenerRule"},
		{"ECS may not move traffic", true, func(w *world) { w.service.LoadBalancers[0].AdvancedConfiguration.RoleArn = nil }, nil, "service-load-balancer", Fail, "no roleArn", "advancedConfiguration.roleArn"},
		{"there is nothing to move", true, func(w *world) { w.service.LoadBalancers[0].AdvancedConfiguration = nil }, nil, "service-load-balancer", Fail, "no traffic to move", "alternateTargetGroupArn"},
		{"no circuit breaker", true, func(w *world) { w.service.DeploymentConfiguration.DeploymentCircuitBreaker = nil }, nil, "service-circuit-breaker", Warn, "has no circuit breaker", `"deploymentCircuitBreaker": {"enable": true`},
		{"the breaker doesn't roll back", true, func(w *world) { w.service.DeploymentConfiguration.DeploymentCircuitBreaker.Rollback = false }, nil, "service-circuit-breaker", Warn, "doesn't roll back", `"rollback": true`},
		{"an alarm of the service's rings", true, func(w *world) { w.alarms[0].State = "ALARM" }, nil, "service-alarms", Fail, "in ALARM already", "describe-alarm-history"},
		{"its alarms don't roll back", true, func(w *world) { w.service.DeploymentConfiguration.Alarms.Rollback = false }, nil, "service-alarms", Warn, "don't roll them back", `deploymentConfiguration.alarms`},
		{"ECS deploys right now", true, func(w *world) {
			w.serviceDeployments = []string{"arn:aws:ecs:eu-west-1:123456789012:service-deployment/main/shop/x"}
		}, nil, "service-deployment", Warn, "under way", "describe-service-deployments"},
		{"the rule is split", true, func(w *world) {
			w.rules[ruleARN(productionARN)][0].Actions = weighted(map[string]int32{blueARN: 50, greenARN: 50})
		}, nil, "production-listener", Fail, "its rule of priority 1 splits traffic", "aws elbv2 modify-rule --rule-arn " + ruleARN(productionARN)},

		// permissions
		{"CodeDeploy may not call it", false, func(w *world) { rename(w, "gate") }, nil, "service-role-invoke", Fail, "no policy allows it, by simulation", "or name the function CodeDeployHook_gate"},
		{"its own policy lets CodeDeploy call it", false, func(w *world) {
			rename(w, "gate")
			w.policy = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + serviceRole + `"},"Action":"lambda:*","Resource":"*"}}`
		}, nil, "service-role-invoke", Pass, "the function's own policy", ""},
		{"CodeDeploy may not take its role", false, func(w *world) { w.trust["codedeploy-service"] = trusting("ec2.amazonaws.com") }, nil, "service-role-trust", Fail, "codedeploy.amazonaws.com", "add to the role's trust policy"},
		{"the role is of a region's CodeDeploy", false, func(w *world) { w.trust["codedeploy-service"] = trusting("codedeploy.eu-west-1.amazonaws.com") }, nil, "service-role-trust", Pass, "trusts", ""},
		{"the service role is gone", false, func(w *world) { delete(w.trust, "codedeploy-service") }, nil, "service-role", Fail, "doesn't exist", "aws iam list-roles"},
		{"it may not report", false, func(w *world) {
			w.documents["greenlight-hook"]["all"] = document1(allow("codedeploy:Get* codedeploy:List* codedeploy:BatchGet* ecs:Describe* elasticloadbalancing:Describe* lambda:InvokeFunction logs:*", "*"))
		}, nil, "execution-role-report", Fail, "hangs for an hour", "greenlight doctor --policy --feature codedeploy --region eu-west-1 --account 123456789012 --application shop --group production"},
		{"it may report for another group", false, func(w *world) {
			w.documents["greenlight-hook"]["all"] = document1(allow("*", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/other"))
		}, nil, "execution-role-report", Fail, "may not report", "put-role-policy --role-name greenlight-hook"},
		{"it may not read", false, func(w *world) {
			w.documents["greenlight-hook"]["all"] = document1(allow("codedeploy:PutLifecycleEventHookExecutionStatus logs:* lambda:InvokeFunction", "*"))
		}, nil, "execution-role-reads", Fail, "elasticloadbalancing:DescribeListeners", "--feature codedeploy"},
		{"it may not read what is set", false, func(w *world) {
			w.documents["greenlight-hook"]["all"] = document1(allow("codedeploy:PutLifecycleEventHookExecutionStatus logs:* lambda:InvokeFunction", "*"))
			w.function.Environment.Variables = map[string]string{"GREENLIGHT_STAGE": "AfterAllowTestTraffic", "ALB_URL": "http://shop-1.eu-west-1.elb.amazonaws.com:9000"}
		}, nil, "execution-role-reads", Warn, "GREENLIGHT_STAGE and ALB_URL say them", "--feature codedeploy"},
		{"it may not hand over", false, func(w *world) {
			w.documents["greenlight-hook"]["all"] = document1(allow("codedeploy:* elasticloadbalancing:* ecs:* logs:*", "*"))
		}, ownPlan, "execution-role-handover", Warn, "lambda:InvokeFunction", "--feature handover"},
		{"it may not hand over, and needn't", false, func(w *world) {
			w.documents["greenlight-hook"]["all"] = document1(allow("codedeploy:* elasticloadbalancing:* ecs:* logs:*", "*"))
		}, nil, "execution-role-handover", Pass, "the plan's checks have time enough in one", ""},
		{"it may not do what a check takes", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = []byte("version: 1\nchecks: [{alarms: [shop-5xx]}]\n")
		}, "execution-role-checks", Fail, "doesn't allow cloudwatch:DescribeAlarms (no policy allows it, by simulation), which checks of the kind alarms take", "--feature alarms"},
		{"it may not do what a check takes that only warns", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = []byte("version: 1\nchecks: [{alarms: [shop-5xx], severity: warn}]\n")
		}, "execution-role-checks", Warn, "they come to no answer, and hold nothing", "--feature alarms"},
		{"it may do what a check takes", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = []byte("version: 1\nchecks: [{targets: green}]\n")
		}, "execution-role-checks", Pass, "may do what the plan's checks take", ""},
		{"it may not invoke what is deployed", false, func(w *world) { w.deploysFunction() }, func(o *Options) {
			o.Plan.Text = []byte("version: 1\nchecks: [{lambda: {payload: {}}}]\n")
		}, "execution-role-checks", Warn, "doesn't allow lambda:InvokeFunction", "--feature lambda"},
		{"it may not read a secret", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/shop/token")
		}, "execution-role-checks", Fail, "doesn't allow ssm:GetParameter (no policy allows it, by simulation), which the secret ssm:/shop/token takes", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token"},
		{"its name is like a part of policies' patterns", false, func(w *world) {
			w.mayAlso(allow("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/SERVICE/ACCOUNT"))
		}, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/SERVICE/ACCOUNT")
		}, "execution-role-checks", Pass, "may do what the plan's checks take", ""},
		{"it may not read one whose ARN has what its name hasn't", false, func(w *world) {
			w.mayAlso(allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:other-*"))
		}, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:shop/test#key")
		}, "execution-role-checks", Fail, "doesn't allow secretsmanager:GetSecretValue (no policy allows it, by simulation), which the secret secretsmanager:shop/test takes", secretARN},
		{"it may read that one", false, func(w *world) { w.mayAlso(allow("secretsmanager:GetSecretValue", secretARN)) }, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:shop/test#key")
		}, "execution-role-checks", Pass, "may do what the plan's checks take", ""},
		{"it may read one under AWS's own key", false, func(w *world) { w.mayAlso(allow("ssm:GetParameter", "*")) }, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/shop/token")
		}, "execution-role-checks", Pass, "may do what the plan's checks take", ""},
		{"it may not decrypt a secret of the Parameter Store", false, func(w *world) {
			w.mayAlso(allow("ssm:GetParameter", "*"))
			w.secrets["ssm:/shop/token"] = storedSecret{key: "alias/shop"}
		}, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/shop/token:3") // that version
		}, "execution-role-checks", Warn, "doesn't allow kms:Decrypt (no policy allows it, by simulation), which the secret ssm:/shop/token:3 takes: each stage whose checks name it fails before green is asked, unless the key's own policy allows it", keyARN},
		{"it may not decrypt one of Secrets Manager", false, func(w *world) {
			w.mayAlso(allow("secretsmanager:GetSecretValue", "*"))
			w.secrets["secretsmanager:shop/test"] = storedSecret{arn: secretARN, key: "alias/shop"}
		}, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:shop/test")
		}, "execution-role-checks", Warn, "doesn't allow kms:Decrypt", keyARN},
		{"it may decrypt it", false, func(w *world) {
			w.mayAlso(allow("secretsmanager:GetSecretValue", "*"), allow("kms:Decrypt", keyARN))
			w.secrets["secretsmanager:shop/test"] = storedSecret{arn: secretARN, key: "alias/shop"}
		}, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:shop/test")
		}, "execution-role-checks", Pass, "may do what the plan's checks take", ""},
		{"the key is one that AWS manages, by its id", false, func(w *world) {
			w.mayAlso(allow("secretsmanager:GetSecretValue", "*"))
			w.secrets["secretsmanager:shop/test"], w.keys["1111"] = storedSecret{arn: secretARN, key: "1111"}, encryptionKey{arn: keyARN, managed: true, state: enabledKey}
		}, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:shop/test")
		}, "execution-role-checks", Pass, "may do what the plan's checks take", ""},
		{"a secret of another account, whose key isn't known", false, func(w *world) {
			w.mayAlso(allow("secretsmanager:GetSecretValue", strings.Replace(secretARN, account, "210987654321", 1)))
		}, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:" + strings.Replace(secretARN, account, "210987654321", 1))
		}, "execution-role-checks", Pass, "may do what the plan's checks take", ""},
		{"the secrets are there", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:shop/test#key")
		}, "plan-secrets", Pass, "what the plan names is there: 1 secret", ""},
		{"they are there under the deployment's names", false, func(w *world) { w.secrets["ssm:/shop/production"] = storedSecret{} }, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/{{ application }}/{{ group }}")
		}, "plan-secrets", Pass, "what the plan names is there: 1 secret", ""},
		{"there is none under the deployment's names", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/{{ application }}/{{ group }}")
		}, "plan-secrets", Fail, "ssm:/shop/production doesn't exist", ""},
		{"a parameter isn't there", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key")
		}, "plan-secrets", Fail, "the plan's secret ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key doesn't exist in eu-west-1", "aws ssm put-parameter --type SecureString --name /shop/key"},
		{"a secret isn't there", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:shop/tset#key")
		}, "plan-secrets", Fail, "the plan's secret secretsmanager:shop/tset doesn't exist in eu-west-1", "aws secretsmanager create-secret --name shop/tset"},
		{"a secret is going", false, func(w *world) { w.secrets["secretsmanager:shop/test"] = storedSecret{arn: secretARN, going: true} }, func(o *Options) {
			o.Plan.Text = secretPlan("secretsmanager:shop/test")
		}, "plan-secrets", Fail, "is scheduled for deletion", "aws secretsmanager restore-secret --secret-id shop/test"},
		{"its key is gone", false, func(w *world) { w.secrets["ssm:/shop/token"] = storedSecret{key: "alias/gone"} }, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/shop/token")
		}, "plan-secrets", Fail, "is encrypted under the key alias/gone, which doesn't exist", "under a key that exists"},
		{"its key is disabled", false, func(w *world) {
			w.secrets["ssm:/shop/token"] = storedSecret{key: "alias/shop"}
			w.keys["alias/shop"] = encryptionKey{arn: keyARN, state: "Disabled"}
		}, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/shop/token")
		}, "plan-secrets", Fail, "whose state is Disabled", "aws kms enable-key --key-id " + keyARN},
		{"its key is going", false, func(w *world) {
			w.secrets["ssm:/shop/token"] = storedSecret{key: "alias/shop"}
			w.keys["alias/shop"] = encryptionKey{arn: keyARN, state: "PendingDeletion"}
		}, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/shop/token")
		}, "plan-secrets", Fail, "whose state is PendingDeletion", "aws kms cancel-key-deletion --key-id " + keyARN},
		{"its key waits for material", false, func(w *world) {
			w.secrets["ssm:/shop/token"] = storedSecret{key: "alias/shop"}
			w.keys["alias/shop"] = encryptionKey{arn: keyARN, state: "PendingImport"}
		}, func(o *Options) {
			o.Plan.Text = secretPlan("ssm:/shop/token")
		}, "plan-secrets", Fail, "whose state is PendingImport", "aws kms describe-key"},
		{"it may not read its plan in S3", false, func(w *world) { w.reads("s3://plans/shop.yaml") }, nil, "execution-role-plan", Fail, "doesn't allow s3:GetObject (no policy allows it, by simulation), which reading the plan s3://plans/shop.yaml takes: each deployment fails", "allow s3:GetObject on arn:aws:s3:::plans/shop.yaml"},
		{"it may read that one", false, func(w *world) {
			w.reads("s3://plans/{{ application }}/{{ group }}.yaml")
			w.mayAlso(allow("s3:GetObject", "arn:aws:s3:::plans/shop/*"))
		}, nil, "execution-role-plan", Pass, "may read the plan s3://plans/shop/production.yaml", ""},
		{"it may not read its plan in the Parameter Store", false, func(w *world) { w.reads("ssm:/shop/token") }, nil, "execution-role-plan", Fail, "doesn't allow ssm:GetParameter", "parameter/shop/token"},
		{"it may not decrypt it", false, func(w *world) {
			w.reads("ssm:/shop/token")
			w.mayAlso(allow("ssm:GetParameter", "*"))
			w.secrets["ssm:/shop/token"] = storedSecret{key: "alias/shop"}
		}, nil, "execution-role-plan", Warn, "doesn't allow kms:Decrypt (no policy allows it, by simulation), which reading the plan ssm:/shop/token takes: each deployment fails before green is asked, unless the key's own policy allows it", keyARN},
		{"it may not log", false, func(w *world) {
			w.documents["greenlight-hook"]["all"] = document1(allow("codedeploy:* elasticloadbalancing:* ecs:* lambda:*", "*"))
		}, nil, "execution-role-logs", Warn, "logs:PutLogEvents", "AWSLambdaBasicExecutionRole"},
		{"nobody may simulate, and the documents say yes", false, func(w *world) { w.simulates = false }, nil, "service-role-invoke", Pass, "policy invoke, by documents, conditions not evaluated", ""},
		{"nobody may simulate, and a document denies", false, func(w *world) {
			w.simulates = false
			w.managed["arn:aws:iam::123456789012:policy/no-functions"] = document1(`{"Effect":"Deny","Action":"lambda:*","Resource":"*"}`)
		}, nil, "service-role-invoke", Fail, "the policy no-functions denies it, by documents", "put-role-policy"},
		{"nobody may simulate, and a boundary is in the way", false, func(w *world) {
			w.simulates = false
			w.boundary["codedeploy-service"] = "arn:aws:iam::123456789012:policy/bounds"
			w.managed["arn:aws:iam::123456789012:policy/bounds"] = document1(allow("ecs:*", "*"))
		}, nil, "service-role-invoke", Fail, "the permissions boundary bounds doesn't allow it", ""},
		{"nobody may simulate nor read", false, func(w *world) {
			w.simulates = false
			w.fails["iam:ListAttachedRolePolicies"] = apiError("AccessDenied")
		}, nil, "service-role-invoke", Skip, "missing permission iam:ListAttachedRolePolicies", "--feature doctor"},
		{"ECS may not call it", true, func(w *world) { w.documents["ecs-hooks"] = nil }, nil, "hook-role-invoke", Fail, "ecs-hooks may not call the function", functionARN},
		{"ECS may not take its role", true, func(w *world) { w.trust["ecs-hooks"] = trusting("ecs-tasks.amazonaws.com") }, nil, "hook-role-trust", Fail, "may not be taken by ecs.amazonaws.com", `"Service": "ecs.amazonaws.com"`},
		{"the hook has no role", true, func(w *world) { w.hooks().RoleArn = nil }, nil, "hook-role", Fail, "ECS can't call the function", "roleArn"},

		// the network
		{"it is outside, and the load balancer inside", false, func(w *world) { w.function.VpcConfig = nil }, nil, "network", Fail, "the load balancer shop is internal", "with subnets of vpc-1"},
		{"it is outside, and so is the load balancer", false, func(w *world) {
			w.function.VpcConfig = nil
			w.balancers[0].Scheme = elbtypes.LoadBalancerSchemeEnumInternetFacing
			w.security[1].Ingress = open
		}, nil, "network", Pass, "in no VPC", ""},
		{"the load balancer doesn't let the world in", false, func(w *world) {
			w.function.VpcConfig = nil
			w.balancers[0].Scheme = elbtypes.LoadBalancerSchemeEnumInternetFacing
		}, nil, "network-security-groups", Fail, "doesn't let the function in to port 9000", "--cidr 0.0.0.0/0"},
		{"they are in two VPCs", false, func(w *world) { w.subnets[0].VPC, w.subnets[1].VPC = "vpc-2", "vpc-2" }, nil, "network", Warn, "the function is in vpc-2, the load balancer in vpc-1", "--vpc-config"},
		{"its subnets have no way out", false, func(w *world) { w.tables[0].Routes = w.tables[0].Routes[:1] }, nil, "network-route", Fail, "subnet-a and subnet-b have no way out, and there is no interface endpoint com.amazonaws.eu-west-1.codedeploy", "--service-name com.amazonaws.eu-west-1.codedeploy"},
		{"the NAT gateway is gone", false, func(w *world) { w.tables[0].Routes[1].State = "blackhole" }, nil, "network-route", Fail, "no way out", "create-vpc-endpoint"},
		{"one subnet has a table of its own", false, func(w *world) {
			w.tables = append(w.tables, routeTable{ID: "rtb-2", Associations: []association{{Subnet: "subnet-b"}}})
		}, nil, "network-route", Fail, "subnet-b has no way out", "create-vpc-endpoint"},
		{"its subnets are public", false, func(w *world) {
			w.tables[0].Routes[1] = route{Destination: "0.0.0.0/0", Gateway: "igw-1", State: "active"}
		}, nil, "network-route", Fail, "takes a public address", "NAT gateway"},
		{"interface endpoints do", false, func(w *world) {
			w.tables[0].Routes, w.endpoints = nil, endpoints(nil)
		}, nil, "network-route", Pass, "endpoints lead", ""},
		{"they don't lead to the plan in S3", false, func(w *world) {
			w.reads("s3://plans/shop.yaml")
			w.tables[0].Routes, w.endpoints = nil, append(endpoints(nil), gateway)
		}, nil, "network-route", Fail, "no route of subnet-a and subnet-b leads to a gateway endpoint com.amazonaws.eu-west-1.s3: the plan s3://plans/shop.yaml can't be read", "--vpc-endpoint-type Gateway --service-name com.amazonaws.eu-west-1.s3 --route-table-ids rtb-1"},
		{"a route leads to S3, and to a gateway endpoint that is gone", false, func(w *world) {
			w.reads("s3://plans/shop.yaml")
			w.tables[0].Routes, w.endpoints = []route{{Gateway: gateway.ID, State: "blackhole"}}, append(endpoints(nil), gateway)
		}, nil, "network-route", Fail, "leads to a gateway endpoint", "create-vpc-endpoint"},
		{"a route leads to the plan in S3", false, func(w *world) {
			w.reads("s3://plans/shop.yaml")
			w.tables[0].Routes, w.endpoints = []route{{Gateway: gateway.ID, State: "active"}}, append(endpoints(nil), gateway)
		}, nil, "network-route", Pass, "endpoints lead to what the function calls", ""},
		{"an interface endpoint leads to the plan in S3", false, func(w *world) {
			w.reads("s3://plans/shop.yaml")
			w.tables[0].Routes, w.endpoints = nil, append(endpoints(nil), endpoint("s3", nil))
		}, nil, "network-route", Pass, "endpoints lead to what the function calls", ""},
		{"they don't lead to the plan in the Parameter Store", false, func(w *world) {
			w.reads("ssm:/shop/token")
			w.tables[0].Routes, w.endpoints = nil, endpoints(nil)
		}, nil, "network-route", Fail, "there is no interface endpoint com.amazonaws.eu-west-1.ssm: the plan ssm:/shop/token can't be read", "--service-name com.amazonaws.eu-west-1.ssm"},
		{"an interface endpoint has no private name", false, func(w *world) {
			w.tables[0].Routes, w.endpoints = nil, endpoints(func(e *vpcEndpoint) { e.PrivateDNS = false })
		}, nil, "network-route", Fail, "has no private DNS", "--private-dns-enabled"},
		{"an interface endpoint isn't ready", false, func(w *world) {
			w.tables[0].Routes, w.endpoints = nil, endpoints(func(e *vpcEndpoint) { e.State = "pending" })
		}, nil, "network-route", Fail, "vpce-codedeploy is pending", ""},
		{"discovery has no endpoint", false, func(w *world) {
			w.tables[0].Routes, w.endpoints = nil, endpoints(nil)[:1]
		}, nil, "network-route", Warn, "elasticloadbalancing: green can't be found", "create-vpc-endpoint"},
		{"handing over has no endpoint, and isn't needed", false, func(w *world) {
			w.tables[0].Routes, w.endpoints = nil, endpoints(nil)[:3]
		}, nil, "network-route", Pass, "endpoints lead", ""},
		{"handing over has no endpoint", false, func(w *world) {
			w.tables[0].Routes, w.endpoints, w.function.Timeout = nil, endpoints(nil)[:3], aws.Int32(60)
		}, nil, "network-route", Warn, "lambda: checks can't take longer than one invocation", "create-vpc-endpoint"},
		{"a check has no endpoint", false, func(w *world) {
			w.tables[0].Routes, w.endpoints = nil, endpoints(nil)
		}, func(o *Options) { o.Plan.Text = []byte("version: 1\nchecks: [{alarms: [shop-5xx]}]\n") }, "network-route", Fail, "monitoring: checks of the kind alarms get no answer", "create-vpc-endpoint"},
		{"an interface endpoint doesn't let it in", false, func(w *world) {
			w.tables[0].Routes, w.endpoints = nil, endpoints(func(e *vpcEndpoint) { e.Groups = []member{{"sg-endpoint"}} })
			w.security = append(w.security, securityGroup{ID: "sg-endpoint", Ingress: []permission{{Protocol: "tcp", From: 443, To: 443, Ranges: []cidr{{"10.9.0.0/16"}}}}})
		}, nil, "network-endpoint", Fail, "sg-endpoint has no rule for port 443", "--group-id sg-endpoint --protocol tcp --port 443 --source-group sg-function"},
		{"the load balancer doesn't let it in", false, func(w *world) { w.security[1].Ingress[0].To, w.security[1].Ingress[0].From = 80, 80 }, nil, "network-security-groups", Fail, "sg-balancer doesn't let the function in to port 9000", "--group-id sg-balancer --protocol tcp --port 9000 --source-group sg-function"},
		{"the load balancer lets its subnets in", false, func(w *world) {
			w.security[1].Ingress = []permission{{Protocol: "tcp", From: 9000, To: 9100, Ranges: []cidr{{"10.0.0.0/16"}}}}
		}, nil, "network-security-groups", Pass, "port 9000", ""},
		{"the load balancer is public, and lets its own VPC in", false, func(w *world) {
			w.balancers[0].Scheme = elbtypes.LoadBalancerSchemeEnumInternetFacing
		}, nil, "network-security-groups", Fail, "sees the address of a NAT gateway, and sg-balancer has no rule for a public one on port 9000", "--cidr NAT-ADDRESS/32"},
		{"the load balancer is public, and lets an address in", false, func(w *world) {
			w.balancers[0].Scheme = elbtypes.LoadBalancerSchemeEnumInternetFacing
			w.security[1].Ingress = []permission{{Protocol: "tcp", From: 9000, To: 9000, Ranges: []cidr{{"203.0.113.7/32"}}}}
		}, nil, "network-security-groups", Pass, "lets public addresses in to port 9000, of which the NAT gateways' must be", ""},
		{"the load balancer is public, and lets all in", false, func(w *world) {
			w.balancers[0].Scheme = elbtypes.LoadBalancerSchemeEnumInternetFacing
			w.security[1].Ingress = open
		}, nil, "network-security-groups", Pass, "let the function reach port 9000", ""},
		{"the load balancer is public, and the function let out to its group alone", false, func(w *world) {
			w.balancers[0].Scheme = elbtypes.LoadBalancerSchemeEnumInternetFacing
			w.security[0].Egress = []permission{{Protocol: "tcp", From: 9000, To: 9000, Groups: []member{{"sg-balancer"}}}}
			w.security[1].Ingress = open
		}, nil, "network-security-groups", Fail, "lets nothing out to port 9000", "CidrIp=0.0.0.0/0"},
		{"it is let out nowhere", false, func(w *world) { w.security[0].Egress = nil }, nil, "network-security-groups", Fail, "lets nothing out to port 9000", "authorize-security-group-egress --group-id sg-function"},
		{"the network may not be read", false, func(w *world) { w.fails["ec2:DescribeRouteTables"] = apiError("UnauthorizedOperation") }, nil, "network-route", Skip, "missing permission ec2:DescribeRouteTables", ""},

		// the plan
		{"it is wrong", false, func(*world) {}, func(o *Options) { o.Plan.Text = []byte("version: 1\ncheks: []\n") }, "plan", Fail, `greenlight.yaml:2:1: unknown key "cheks"`, "greenlight validate greenlight.yaml"},
		{"it has no time in a call that can't hand over", false, func(w *world) {
			w.function.Timeout = aws.Int32(60)
			w.documents["greenlight-hook"]["all"] = document1(allow("codedeploy:* elasticloadbalancing:* ecs:* logs:*", "*"))
		}, nil, "plan-time", Fail, "the budget for AfterAllowTestTraffic is 1m, and 50s are left", "--timeout 900"},
		{"it has time over several calls", false, func(w *world) { w.function.Timeout = aws.Int32(60) }, nil, "plan-time", Pass, "50s in a call", ""},
		{"it takes more calls than there can be", false, func(w *world) { w.function.Timeout = aws.Int32(60) }, func(o *Options) {
			o.Plan.Text = []byte(strings.Replace(goodPlan, "1m", "20m", 1))
		}, "plan-time", Fail, "the budget for AfterAllowTestTraffic is 20m, and 10m50s are left", "--timeout 900"},
		{"it takes longer than CodeDeploy's hour", false, func(w *world) { w.function.Timeout = aws.Int32(900) }, func(o *Options) {
			o.Plan.Text = []byte(strings.Replace(goodPlan, "1m", "60m", 1))
		}, "plan-time", Fail, "the budget for AfterAllowTestTraffic is 1h, and 55m are left", "times, that fit"},
		{"one run is longer than a call", true, func(w *world) { w.function.Timeout = aws.Int32(60) }, func(o *Options) {
			o.Plan.Text = []byte("version: 1\nchecks: [{http: GET /, timeout: 2m}]\n")
		}, "plan-time", Fail, "may take 2m", "--timeout 900"},
		{"no hook calls for a stage", false, func(*world) {}, func(o *Options) {
			o.Plan.Text = []byte(goodPlan + "  AfterAllowTraffic: {checks: [{http: GET /}]}\n")
		}, "plan-stages", Warn, "no hook calls a function there", "AfterAllowTraffic: CodeDeployHook_check"},
		{"a hook calls for nothing", false, func(w *world) {
			w.group.TargetRevision.AppSpecContent.Content = aws.String("Hooks: [{BeforeInstall: CodeDeployHook_check}, {AfterAllowTestTraffic: CodeDeployHook_check}]")
		}, nil, "plan-stages", Pass, "called at BeforeInstall, for which the plan has no checks", ""},
		{"a hook calls for nothing before customers come", false, func(w *world) {
			w.group.TargetRevision.AppSpecContent.Content = aws.String("Hooks: [{AfterAllowTestTraffic: CodeDeployHook_check}, {AfterAllowTraffic: CodeDeployHook_check}]")
		}, func(o *Options) {
			o.Plan.Text = []byte("version: 1\nstages:\n  AfterAllowTraffic: {checks: [{http: GET /}]}\n")
		}, "plan-stages", Warn, "called at AfterAllowTestTraffic, for which the plan has no checks", "take the hook away"},
		{"its settings hold it", false, func(w *world) { w.function.Environment.Variables["GREENLIGHT_PLAN"] = goodPlan }, ownPlan, "plan", Pass, "GREENLIGHT_PLAN is right", ""},
		{"its settings name it", false, func(w *world) { w.function.Environment.Variables["GREENLIGHT_PLAN"] = "shop.yaml" }, ownPlan, "plan", Skip, "names shop.yaml, in the function's zip", "--plan"},
		{"its settings name a place in AWS", false, func(w *world) {
			w.reads("s3://plans/{{ application }}.yaml")
			w.plans = map[string]string{"s3://plans/shop.yaml": goodPlan}
		}, ownPlan, "plan", Pass, "s3://plans/shop.yaml is right", ""},
		{"what it includes in S3 is wrong", false, func(w *world) {
			w.reads("s3://plans/shop.yaml")
			w.plans = map[string]string{"s3://plans/shop.yaml": "version: 1\nchecks: [{include: more/checks.yaml}]\n", "s3://plans/more/checks.yaml": "version: 1\nchecks: [{htpp: GET /}]\n"}
		}, ownPlan, "plan", Fail, `s3://plans/more/checks.yaml:2:11: unknown kind of check "htpp"`, "greenlight validate s3://plans/shop.yaml"},
		{"nobody has put it into S3", false, func(w *world) { w.reads("s3://plans/shop.yaml") }, nil, "plan-place", Fail, "the plan s3://plans/shop.yaml doesn't exist: each deployment fails before green is asked", "aws s3 cp greenlight.yaml s3://plans/shop.yaml"},
		{"it may not be read in S3", false, func(w *world) {
			w.reads("s3://plans/shop.yaml")
			w.fails["s3:GetObject"] = apiError("AccessDenied")
		}, ownPlan, "plan", Skip, "missing permission s3:GetObject; without s3:ListBucket", "greenlight doctor --policy --feature doctor"},
		{"where it lies only a deployment knows", true, func(w *world) { w.reads("s3://plans/{{ application }}.yaml") }, ownPlan, "plan", Skip, "s3://plans/{{ application }}.yaml, which only a deployment knows", "--plan"},
		{"it is a parameter", false, func(w *world) { w.reads("ssm:/shop/token") }, ownPlan, "plan", Skip, "names ssm:/shop/token, and values of parameters aren't read unasked", "name it with --plan ssm:/shop/token"},
		{"it is a parameter that isn't there", false, func(w *world) { w.reads("ssm:/shop/plan") }, nil, "plan-place", Fail, "the plan ssm:/shop/plan doesn't exist in eu-west-1: each deployment fails", "--name /shop/plan --value file://greenlight.yaml"},
		{"it is a parameter under a key that is disabled", false, func(w *world) {
			w.reads("ssm:/shop/token")
			w.secrets["ssm:/shop/token"] = storedSecret{key: "alias/shop"}
			w.keys["alias/shop"] = encryptionKey{arn: keyARN, state: "Disabled"}
		}, nil, "plan-place", Fail, "the plan ssm:/shop/token is encrypted under the key " + keyARN + ", whose state is Disabled: each deployment fails", "aws kms enable-key"},
		{"another one was uploaded", false, func(w *world) {
			w.reads("s3://plans/shop.yaml")
			w.plans = map[string]string{"s3://plans/shop.yaml": "version: 1\nchecks: [{http: GET /}]\n"}
		}, nil, "plan-place", Warn, "the function runs another plan than greenlight.yaml", "aws s3 cp greenlight.yaml s3://plans/shop.yaml"},
		{"another one is in its settings", false, func(w *world) { w.reads("version: 1\nchecks: [{http: GET /}]\n") }, nil, "plan-place", Warn, "the function runs another plan than greenlight.yaml", "into GREENLIGHT_PLAN"},
		{"the same is in its settings", false, func(w *world) { w.reads(goodPlan + "\n") }, nil, "plan-place", Pass, "the function runs what greenlight.yaml says", ""},
		{"its hook names it", true, func(w *world) { w.hooksPlan(goodPlan) }, ownPlan, "plan", Pass, "hookDetails.plan is right", ""},
		{"its hook names another than was given", true, func(w *world) { w.hooksPlan("version: 1\nchecks: [{http: GET /}]\n") }, nil, "plan-place", Warn, "another plan than greenlight.yaml", "into hookDetails.plan"},
		{"its settings go before its hook's", true, func(w *world) {
			w.hooksPlan("version: 1\ncheks: []\n")
			w.reads(goodPlan)
		}, ownPlan, "plan", Pass, "GREENLIGHT_PLAN is right", ""},
		{"its hooks name two", true, func(w *world) {
			w.hooksPlan(goodPlan)
			hooks := &w.service.DeploymentConfiguration.LifecycleHooks
			*hooks = append(*hooks, ecstypes.DeploymentLifecycleHook{HookTargetArn: (*hooks)[0].HookTargetArn, RoleArn: (*hooks)[0].RoleArn, LifecycleStages: (*hooks)[0].LifecycleStages})
		}, ownPlan, "plan", Skip, "name different plans in their hookDetails", "--plan"},
		{"it is the classic one", false, func(w *world) { w.function.Environment.Variables["ALB_URL"] = "test.shop.example" }, ownPlan, "plan", Pass, "ALB_URL is right", ""},
		{"it is nowhere", false, func(*world) {}, ownPlan, "plan", Skip, "may be in the function's zip", "--plan"},
	}
	seen := map[string]bool{"execution-role": true, "group": true, "network-load-balancer": true} // where they can't be read
	for _, tt := range tests {
		t.Run(tt.check+" "+tt.status.String()+" "+tt.why, func(t *testing.T) {
			w := newWorld()
			if tt.byECS {
				w.byECS()
			}
			tt.change(w)
			o := w.options()
			if tt.options != nil {
				tt.options(&o)
			}
			r := w.examine(t, o)
			for _, f := range r.Findings {
				seen[f.Check] = true
			}
			if !found(r, tt.check, tt.status, tt.text, tt.remedy) {
				t.Errorf("no %s %s that says %q, with the remedy %q, among:", tt.check, tt.status, tt.text, tt.remedy)
				for _, f := range r.Findings {
					t.Logf("%s %s: %s | %s", f.Check, f.Status, f.Text, f.Remedy)
				}
			}
		})
	}
	documented(t, seen)
}

var row = regexp.MustCompile("(?m)^\\| ((?:`[a-z][a-z-]*`(?:, )?)+) \\|")

// documented compares the documentation's list of checks, and that of features, with those that there are.
func documented(t *testing.T, checks map[string]bool) {
	t.Helper()
	page, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	there := maps.Clone(checks)
	for _, f := range Features() {
		there[f.Name] = true
	}
	listed := map[string]bool{}
	for _, names := range row.FindAllStringSubmatch(string(page), -1) {
		for name := range strings.SplitSeq(names[1], ", ") {
			listed[strings.Trim(name, "`")] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(there)), slices.Sorted(maps.Keys(listed))); diff != "" {
		t.Errorf("docs/doctor.md doesn't list the checks and features that there are (-there +listed):\n%s", diff)
	}
}

// What can't be read for want of a permission names the permission; nothing else is made of it.
func TestAMissingPermissionIsNamed(t *testing.T) {
	inNoSkip := []string{
		"codedeploy:ListApplications", "codedeploy:ListDeploymentGroups", // the command fails
		"codedeploy:GetDeployment", "codedeploy:GetApplicationRevision", "s3:GetObject", // asked where the group has no text
		"iam:SimulatePrincipalPolicy",                                                        // the documents are read
		"iam:ListRolePolicies", "iam:GetRolePolicy", "iam:GetPolicy", "iam:GetPolicyVersion", // read without simulation
		"ecs:ListServiceDeployments",   // of a service that ECS deploys
		"lambda:GetPolicy",             // the roles' own policies allow it
		"ec2:DescribeSubnets",          // the security groups name each other
		"ec2:DescribeVpcEndpoints",     // there is a way out
		"iam:ListAttachedRolePolicies", // it can be simulated
	}
	for _, a := range doctorActions() {
		t.Run(a.Name, func(t *testing.T) {
			w := newWorld()
			w.fails[a.Name] = apiError("AccessDenied")
			r, err := Examine(t.Context(), w.clients(), w.withSecrets())
			named := err == nil && slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Status == Skip && f.Missing == a.Name })
			if slices.Contains(inNoSkip, a.Name) {
				if named {
					t.Errorf("%s is missed, though nothing needs it", a.Name)
				}
				return
			}
			if err != nil || !named {
				t.Errorf("no finding names %s (%v)", a.Name, err)
			}
			if r.Count(Fail) > 0 {
				t.Errorf("what couldn't be read is told as wrong: %+v", r.Findings)
			}
		})
	}
}

func TestDoctorCallsWhatItsPolicyAllowsAndNoMore(t *testing.T) {
	var called []string
	examine := func(w *world, o Options) {
		t.Helper()
		w.examine(t, o)
		called = append(called, w.called...)
	}
	all := newWorld()
	all.simulates = false
	all.group.TargetRevision, all.group.LastAttemptedDeployment = nil, &cdtypes.LastDeploymentInfo{DeploymentId: aws.String("d-1")}
	all.managed["arn:aws:iam::123456789012:policy/more"] = document1(allow("s3:*", "*"))
	examine(all, all.options())
	examine(newWorld(), newWorld().options())
	native := newWorld().byECS()
	examine(native, native.options())
	stored := newWorld()
	stored.group.TargetRevision = inS3()
	examine(stored, stored.withSecrets())
	slices.Sort(called)
	called = slices.Compact(called)
	var allowed []string
	for _, a := range doctorActions() {
		allowed = append(allowed, a.Name)
		_, operation, _ := strings.Cut(a.Name, ":")
		if !slices.ContainsFunc([]string{"Get", "List", "Describe", "BatchGet", "Simulate"}, func(p string) bool { return strings.HasPrefix(operation, p) }) {
			t.Errorf("%s isn't a read", a.Name)
		}
	}
	slices.Sort(allowed)
	if !slices.Equal(called, allowed) {
		t.Errorf("called\n%s\nallowed\n%s", strings.Join(called, "\n"), strings.Join(allowed, "\n"))
	}
}
