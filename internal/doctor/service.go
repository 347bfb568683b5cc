package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// service is an ECS service.
type service struct {
	info     reading[*ecstypes.Service]
	underWay reading[[]string] // ARNs of service deployments
	alarms   reading[[]alarm]
}

// deployer is who deploys a service.
type deployer int

const (
	deployedByNobody deployer = iota // it isn't known
	deployedByECS
	deployedByCodeDeploy
	deployedElsewhere
)

func (s *service) deployer() deployer {
	if s == nil || !s.info.got() {
		return deployedByNobody
	}
	c := s.info.of.DeploymentController
	switch {
	case c == nil || c.Type == ecstypes.DeploymentControllerTypeEcs:
		return deployedByECS
	case c.Type == ecstypes.DeploymentControllerTypeCodeDeploy:
		return deployedByCodeDeploy
	}
	return deployedElsewhere
}

// noServiceError says that ECS knows no such service: DescribeServices answers without it.
type noServiceError struct{ cluster, service string }

func (e *noServiceError) Error() string {
	return fmt.Sprintf("there is no service %s in the cluster %s", e.service, e.cluster)
}

func (x *examination) readService(ctx context.Context) service {
	var s service
	found := readingOf(ctx, "ecs:DescribeServices", x.describeServices, &ecs.DescribeServicesInput{Cluster: aws.String(x.Cluster), Services: []string{x.Service}})
	switch {
	case !found.got():
		s.info.err = found.err
	case len(found.of.Services) == 0 || aws.ToString(found.of.Services[0].Status) == "INACTIVE":
		s.info.err = &noServiceError{x.Cluster, x.Service}
	default:
		s.info.of = &found.of.Services[0]
	}
	if s.deployer() != deployedByECS {
		return s
	}
	deployments := readingOf(ctx, "ecs:ListServiceDeployments", x.listServiceDeployments, &ecs.ListServiceDeploymentsInput{
		Cluster: aws.String(x.Cluster), Service: aws.String(x.Service),
		Status: []ecstypes.ServiceDeploymentStatus{
			ecstypes.ServiceDeploymentStatusPending, ecstypes.ServiceDeploymentStatusInProgress, ecstypes.ServiceDeploymentStatusStopRequested,
			ecstypes.ServiceDeploymentStatusRollbackRequested, ecstypes.ServiceDeploymentStatusRollbackInProgress,
		},
	})
	if s.underWay.err = deployments.err; deployments.got() {
		for _, d := range deployments.of.ServiceDeployments {
			s.underWay.of = append(s.underWay.of, aws.ToString(d.ServiceDeploymentArn))
		}
	}
	return s
}

// lifecycleHooks are the service's, nil where ECS doesn't deploy it.
func (s *service) lifecycleHooks() []ecstypes.DeploymentLifecycleHook {
	if s.deployer() != deployedByECS || s.info.of.DeploymentConfiguration == nil {
		return nil
	}
	return s.info.of.DeploymentConfiguration.LifecycleHooks
}

// hooks are the stages at which ECS calls functions.
func (s *service) hooks() []namedHook {
	var hooks []namedHook
	for _, h := range s.lifecycleHooks() {
		for _, name := range h.LifecycleStages {
			if stage, known := lifecycle.ParseStage(string(name)); known && aws.ToString(h.HookTargetArn) != "" {
				hooks = append(hooks, namedHook{stage, aws.ToString(h.HookTargetArn)})
			}
		}
	}
	return hooks
}

func (s *service) alarmNames() []string {
	if s.deployer() != deployedByECS || s.info.of.DeploymentConfiguration == nil {
		return nil
	}
	if alarms := s.info.of.DeploymentConfiguration.Alarms; alarms != nil && alarms.Enable {
		return unique(alarms.AlarmNames)
	}
	return nil
}

func (x *examination) readServiceAlarms(ctx context.Context, s *service) {
	if names := s.alarmNames(); len(names) > 0 {
		s.alarms = readingOf(ctx, "cloudwatch:DescribeAlarms", x.describeAlarms, names)
	}
}

func (x *examination) judgeService() area {
	a := area{name: "service " + x.Cluster + "/" + x.Service}
	s := x.service
	if !s.info.got() {
		if notFound := new(noServiceError); errors.As(s.info.err, &notFound) {
			a.fail("service", "aws ecs list-services --cluster "+quoted(x.Cluster), "%s", notFound)
		} else {
			a.skip("service", "the service", s.info.err)
		}
		return a
	}
	switch s.deployer() {
	case deployedByCodeDeploy:
		if x.group == nil {
			a.fail("service-controller", "greenlight doctor --application NAME --group NAME", "is deployed by CodeDeploy: say by which deployment group")
		} else {
			a.pass("service-controller", "is deployed by CodeDeploy")
		}
	case deployedByECS:
		if x.group != nil {
			a.fail("service-controller", "create the service with --deployment-controller type=CODE_DEPLOY, or take the deployment group away",
				"is deployed by Amazon ECS itself, and the deployment group %s/%s can't deploy it", x.Application, x.Group)
		}
		x.judgeNative(&a)
	default:
		a.fail("service-controller", "use a service whose deployment controller is ECS or CODE_DEPLOY",
			"is deployed by the controller %s, which calls no hooks", s.info.of.DeploymentController.Type)
	}
	return a
}

// setting is a member of the service's settings. It is no command: one would put it in the place of all that is beside it.
func setting(of, text string) string { return "in the service's " + of + ":\n" + text }

// judgeNative judges what deployments by ECS itself need.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html
func (x *examination) judgeNative(a *area) {
	cfg := x.service.info.of.DeploymentConfiguration
	if cfg == nil {
		cfg = &ecstypes.DeploymentConfiguration{}
	}
	switch cfg.Strategy {
	case ecstypes.DeploymentStrategyBlueGreen, ecstypes.DeploymentStrategyLinear, ecstypes.DeploymentStrategyCanary:
		a.pass("service-strategy", "is deployed by the strategy %s", cfg.Strategy)
	default:
		a.fail("service-strategy", setting("deploymentConfiguration", `"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5`),
			"is deployed by the strategy %s: there is no green that could be asked before customers reach it", orRolling(cfg.Strategy))
	}
	x.judgeLifecycleHooks(a)
	x.judgeAdvanced(a)
	x.judgeFailureHandling(a, cfg)
	switch under := x.service.underWay; {
	case !under.got():
		a.skip("service-deployment", "whether a deployment is under way", under.err)
	case len(under.of) > 0:
		a.warn("service-deployment", "aws ecs describe-service-deployments --service-deployment-arns "+quoted(under.of[0]),
			"a deployment is under way, and what it has moved isn't judged: %s", under.of[0])
	default:
		a.pass("service-deployment", "no deployment is under way")
	}
}

func orRolling(s ecstypes.DeploymentStrategy) ecstypes.DeploymentStrategy {
	if s == "" {
		return ecstypes.DeploymentStrategyRolling
	}
	return s
}

// shortHook is the least time for a hook that isn't questioned: two invocations of a function and the calls between.
const shortHook = 2 * time.Minute

// judgeLifecycleHooks judges the hooks that name a function, or the one that is meant.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
func (x *examination) judgeLifecycleHooks(a *area) {
	named := 0
	for _, h := range x.service.lifecycleHooks() {
		function := appspec.FunctionName(aws.ToString(h.HookTargetArn))
		if h.TargetType == ecstypes.DeploymentLifecycleHookTargetTypePause || (x.Function != "" && function != appspec.FunctionName(x.Function)) {
			continue
		}
		named++
		stages := make([]string, 0, len(h.LifecycleStages))
		for _, s := range h.LifecycleStages {
			stages = append(stages, string(s))
		}
		a.pass("service-hooks", "calls %s at %s", function, listed(stages))
		x.judgeHookTimeout(a, function, h.TimeoutConfiguration)
		if slices.Contains(h.LifecycleStages, ecstypes.DeploymentLifecycleHookStagePostTestTrafficShift) && x.testRule() == "" {
			a.fail("service-test-listener", "set advancedConfiguration.testListenerRule of the service's load balancer",
				"calls %s at POST_TEST_TRAFFIC_SHIFT, and has no test listener rule: there is no test traffic", function)
		}
	}
	if named == 0 {
		target := "arn:aws:lambda:" + x.region + ":ACCOUNT:function:greenlight"
		if strings.HasPrefix(x.Function, "arn:") {
			target = x.Function
		}
		what := "no lifecycle hook calls a function: nothing is checked"
		if x.Function != "" {
			what = "no lifecycle hook calls " + appspec.FunctionName(x.Function)
		}
		a.fail("service-hooks", setting("deploymentConfiguration", fmt.Sprintf(`"lifecycleHooks": [{"hookTargetArn": %q, "roleArn": "ROLE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}]`, target)), "%s", what)
	}
}

func (x *examination) judgeHookTimeout(a *area, function string, t *ecstypes.DeploymentLifecycleHookTimeoutConfiguration) {
	if t == nil {
		a.pass("service-hook-timeout", "the hook %s has 24 h, and a rollback after them", function)
		return
	}
	if t.Action == ecstypes.DeploymentLifecycleHookActionContinue {
		a.warn("service-hook-timeout", setting("deploymentConfiguration.lifecycleHooks[]", `"timeoutConfiguration": {"action": "ROLLBACK"}`),
			"the hook %s lets the deployment go on when its time is over: green is taken without proof", function)
	}
	switch limit := time.Duration(aws.ToInt32(t.TimeoutInMinutes)) * time.Minute; {
	case limit > 0 && limit < shortHook:
		a.warn("service-hook-timeout", setting("deploymentConfiguration.lifecycleHooks[]", `"timeoutConfiguration": {"timeoutInMinutes": 15}`),
			"the hook %s has %s: less than one invocation of a function may take", function, minutes(limit))
	case t.Action != ecstypes.DeploymentLifecycleHookActionContinue && limit > 0:
		a.pass("service-hook-timeout", "the hook %s has %s, and a rollback after them", function, minutes(limit))
	}
}

// minutes writes a number of minutes, as settings have it.
func minutes(d time.Duration) string { return fmt.Sprintf("%d min", int(d.Minutes())) }

// advanced is the load balancer that ECS moves, nil where there is none.
func (s *service) advanced() *ecstypes.LoadBalancer {
	if s.deployer() != deployedByECS {
		return nil
	}
	for i, b := range s.info.of.LoadBalancers {
		if b.AdvancedConfiguration != nil {
			return &s.info.of.LoadBalancers[i]
		}
	}
	return nil
}

func (x *examination) testRule() string {
	if b := x.service.advanced(); b != nil {
		return aws.ToString(b.AdvancedConfiguration.TestListenerRule)
	}
	return ""
}

// judgeAdvanced judges what ECS has to know to move traffic.
func (x *examination) judgeAdvanced(a *area) {
	b := x.service.advanced()
	if b == nil {
		a.fail("service-load-balancer", setting("loadBalancers[]", `"advancedConfiguration": {"alternateTargetGroupArn": "ARN", "productionListenerRule": "ARN", "testListenerRule": "ARN", "roleArn": "ARN"}`),
			"has no load balancer with an advancedConfiguration: there is no traffic to move between blue and green")
		return
	}
	whole := true
	for _, need := range []struct {
		name  string
		value *string
	}{
		{"alternateTargetGroupArn", b.AdvancedConfiguration.AlternateTargetGroupArn},
		{"productionListenerRule", b.AdvancedConfiguration.ProductionListenerRule},
		{"roleArn", b.AdvancedConfiguration.RoleArn},
	} {
		if aws.ToString(need.value) == "" {
			whole = false
			a.fail("service-load-balancer", "set advancedConfiguration."+need.name+" of the service's load balancer", "its load balancer has no %s", need.name)
		}
	}
	if x.testRule() == "" {
		whole = false
		a.warn("service-load-balancer", "set advancedConfiguration.testListenerRule of the service's load balancer",
			"has no test listener rule: green can't be asked before customers reach it")
	}
	if whole {
		a.pass("service-load-balancer", "has a second target group, a production and a test rule")
	}
}

// judgeFailureHandling judges what brings blue back without a hook.
func (x *examination) judgeFailureHandling(a *area, cfg *ecstypes.DeploymentConfiguration) {
	switch breaker := cfg.DeploymentCircuitBreaker; {
	case breaker == nil || !breaker.Enable:
		a.warn("service-circuit-breaker", setting("deploymentConfiguration", `"deploymentCircuitBreaker": {"enable": true, "rollback": true}`),
			"has no circuit breaker: a version whose tasks don't start is tried for hours")
	case !breaker.Rollback:
		a.warn("service-circuit-breaker", setting("deploymentConfiguration", `"deploymentCircuitBreaker": {"enable": true, "rollback": true}`),
			"has a circuit breaker that doesn't roll back")
	default:
		a.pass("service-circuit-breaker", "has a circuit breaker that rolls back")
	}
	names := x.service.alarmNames()
	if len(names) == 0 {
		a.pass("service-alarms", "no alarms stop its deployments")
		return
	}
	a.judgeAlarms("service-alarms", names, x.service.alarms, "ECS fails each deployment at once")
	if !cfg.Alarms.Rollback {
		a.warn("service-alarms", setting("deploymentConfiguration.alarms", `"rollback": true`), "alarms stop its deployments, and don't roll them back")
	}
}
