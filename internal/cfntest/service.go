package cfntest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// serviceWorld is an ECS service.
func (s *Stack) serviceWorld(w *World, service *Resource) error {
	cluster, err := text(service.Properties["Cluster"])
	if err != nil {
		return fmt.Errorf("%s: Cluster: %w", service.ID, err)
	}
	c, err := s.named("AWS::ECS::Cluster", cluster)
	if err != nil {
		return fmt.Errorf("%s: %w", service.ID, err)
	}
	w.Config.Cluster, w.Config.Service = c.Name, service.Name
	balanced := first(service.Properties["LoadBalancers"])
	if balanced == nil {
		return fmt.Errorf("%s has no load balancer: there is nothing to shift", service.ID)
	}
	w.container, _ = balanced["ContainerName"].(string)
	w.port = number(balanced["ContainerPort"])
	blue, err := s.named("AWS::ElasticLoadBalancingV2::TargetGroup", balanced["TargetGroupArn"])
	if err != nil {
		return fmt.Errorf("%s: %w", service.ID, err)
	}
	w.Config.HealthCheck = healthCheck(blue)
	if mapping(service.Properties, "DeploymentController")["Type"] == "CODE_DEPLOY" {
		return s.codeDeployWorld(w, service, blue)
	}
	return s.ecsWorld(w, service, blue, mapping(balanced, "AdvancedConfiguration"))
}

func healthCheck(group *Resource) elb.HealthCheck {
	p := group.Properties
	h := elb.HealthCheck{
		Interval:         time.Duration(number(p["HealthCheckIntervalSeconds"])) * time.Second,
		Timeout:          time.Duration(number(p["HealthCheckTimeoutSeconds"])) * time.Second,
		HealthyThreshold: number(p["HealthyThresholdCount"]), UnhealthyThreshold: number(p["UnhealthyThresholdCount"]),
	}
	h.Path, _ = p["HealthCheckPath"].(string)
	h.Matcher, _ = mapping(p, "Matcher")["HttpCode"].(string)
	return h
}

// codeDeployWorld is a service that CodeDeploy deploys.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codedeploy-deploymentgroup.html
func (s *Stack) codeDeployWorld(w *World, service, blue *Resource) error {
	group, err := s.one("AWS::CodeDeploy::DeploymentGroup")
	if err != nil {
		return err
	}
	if err := s.group(w, group, codedeploy.PlatformECS); err != nil {
		return err
	}
	p := group.Properties
	deployed := first(p["ECSServices"])
	if deployed["ClusterName"] != w.Config.Cluster || deployed["ServiceName"] != service.Name {
		return fmt.Errorf("%s deploys %v of %v, and the service is %s of %s", group.ID, deployed["ServiceName"], deployed["ClusterName"], service.Name, w.Config.Cluster)
	}
	if style := mapping(p, "DeploymentStyle"); style["DeploymentType"] != "BLUE_GREEN" || style["DeploymentOption"] != "WITH_TRAFFIC_CONTROL" {
		return fmt.Errorf("%s: its DeploymentStyle is %v: a service takes BLUE_GREEN and WITH_TRAFFIC_CONTROL", group.ID, style)
	}
	blueGreen := mapping(p, "BlueGreenDeploymentConfiguration")
	w.Config.TerminationWait = time.Duration(number(mapping(blueGreen, "TerminateBlueInstancesOnDeploymentSuccess")["TerminationWaitTimeInMinutes"])) * time.Minute
	pair := first(mapping(p, "LoadBalancerInfo")["TargetGroupPairInfoList"])
	groups, err := s.pair(pair["TargetGroups"])
	if err != nil {
		return fmt.Errorf("%s: %w", group.ID, err)
	}
	if !slices.Contains(groups, blue) {
		return fmt.Errorf("%s: the target group %s of the service is none of its pair", group.ID, blue.Name)
	}
	if w.Config.Production, err = s.listener(pair["ProdTrafficRoute"], blue); err != nil {
		return fmt.Errorf("%s: ProdTrafficRoute: %w", group.ID, err)
	}
	if w.Config.WithoutTestListener = pair["TestTrafficRoute"] == nil; w.Config.WithoutTestListener {
		return nil
	}
	if w.Config.Test, err = s.listener(pair["TestTrafficRoute"], groups...); err != nil {
		return fmt.Errorf("%s: TestTrafficRoute: %w", group.ID, err)
	}
	return nil
}

// pair finds the two target groups of a deployment group.
func (s *Stack) pair(of any) ([]*Resource, error) {
	list, _ := of.([]any)
	var groups []*Resource
	for _, item := range list {
		g, err := s.named("AWS::ElasticLoadBalancingV2::TargetGroup", mapping(item)["Name"])
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	if len(groups) != 2 || groups[0] == groups[1] {
		return nil, fmt.Errorf("it has %d target groups, and two different ones were expected", len(groups))
	}
	return groups, nil
}

// listener is what a route of a deployment group names. It forwards to one of the target groups, which the simulator's does as well.
func (s *Stack) listener(route any, groups ...*Resource) (simulator.ListenerConfig, error) {
	arns, err := texts(mapping(route)["ListenerArns"])
	if err != nil || len(arns) != 1 {
		return simulator.ListenerConfig{}, fmt.Errorf("expected one listener, got %v", mapping(route)["ListenerArns"])
	}
	l, err := s.named("AWS::ElasticLoadBalancingV2::Listener", arns[0])
	if err != nil {
		return simulator.ListenerConfig{}, err
	}
	to := forwards(l.Properties["DefaultActions"])
	if !slices.ContainsFunc(groups, func(g *Resource) bool { return len(to) == 1 && to[targetGroupARN(g)] > 0 }) {
		return simulator.ListenerConfig{}, fmt.Errorf("%s forwards to %v, and none of that is a target group of the deployment", l.ID, sortedKeys(to))
	}
	return simulator.ListenerConfig{HTTPS: l.Properties["Protocol"] == "HTTPS"}, nil
}

// forwards are the target groups, by their ARNs, that get traffic from actions, with their weights; those without any are left out.
func forwards(actions any) map[string]int {
	to := map[string]int{}
	action := first(actions)
	if action["Type"] != "forward" {
		return to
	}
	if arn, is := action["TargetGroupArn"].(string); is {
		to[arn] = 1
	}
	list, _ := mapping(action, "ForwardConfig")["TargetGroups"].([]any)
	for _, item := range list {
		weight := 1
		if mapping(item)["Weight"] != nil {
			weight = number(mapping(item)["Weight"])
		}
		if arn, is := mapping(item)["TargetGroupArn"].(string); is && weight > 0 {
			to[arn] = weight
		}
	}
	return to
}

// ecsWorld is a service that Amazon ECS deploys by itself.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-service-deploymentconfiguration.html
func (s *Stack) ecsWorld(w *World, service, blue *Resource, advanced map[string]any) error {
	p := mapping(service.Properties, "DeploymentConfiguration")
	e := &simulator.ECSDeployments{DesiredCount: number(service.Properties["DesiredCount"])}
	e.Strategy, e.BakeTime = ecs.Strategy(fmt.Sprint(p["Strategy"])), minutes(p["BakeTimeInMinutes"], 15)
	e.Canary = steps(mapping(p, "CanaryConfiguration"), "CanaryPercent", "CanaryBakeTimeInMinutes")
	e.Linear = steps(mapping(p, "LinearConfiguration"), "StepPercent", "StepBakeTimeInMinutes")
	hooks, _ := p["LifecycleHooks"].([]any)
	for i, item := range hooks {
		h, err := s.hook(mapping(item))
		if err == nil && h.Type != ecs.TargetPause {
			err = s.hooked(w, h.Function)
		}
		if err != nil {
			return fmt.Errorf("%s: its lifecycle hook %d: %w", service.ID, i, err)
		}
		e.Hooks = append(e.Hooks, h)
	}
	if err := e.Validate(); err != nil {
		return fmt.Errorf("%s: %w", service.ID, err)
	}
	w.Config.ECS = e
	if advanced == nil {
		return fmt.Errorf("%s has no AdvancedConfiguration: its traffic can't be shifted", service.ID)
	}
	green, err := s.named("AWS::ElasticLoadBalancingV2::TargetGroup", advanced["AlternateTargetGroupArn"])
	if err != nil {
		return fmt.Errorf("%s: AlternateTargetGroupArn: %w", service.ID, err)
	}
	if green == blue {
		return fmt.Errorf("%s: AlternateTargetGroupArn is its own target group, and must be a second target group", service.ID)
	}
	production, listener, err := s.rule(advanced["ProductionListenerRule"], blue)
	if err != nil {
		return fmt.Errorf("%s: ProductionListenerRule: %w", service.ID, err)
	}
	w.Config.Production = production
	if w.Config.WithoutTestListener = advanced["TestListenerRule"] == nil; w.Config.WithoutTestListener {
		return nil
	}
	test, testListener, err := s.rule(advanced["TestListenerRule"], blue, green)
	if err != nil {
		return fmt.Errorf("%s: TestListenerRule: %w", service.ID, err)
	}
	test.Shared = testListener == listener
	w.Config.Test = test
	return nil
}

// minutes is a time; without one it is the default.
func minutes(of any, without int) time.Duration {
	if of != nil {
		without = number(of)
	}
	return time.Duration(without) * time.Minute
}

func steps(of map[string]any, percent, bake string) *ecs.Steps {
	if of == nil {
		return nil
	}
	share, _ := of[percent].(float64)
	return &ecs.Steps{Percent: share, Bake: minutes(of[bake], 0)}
}

func (s *Stack) hook(p map[string]any) (ecs.Hook, error) {
	h := ecs.Hook{Type: ecs.TargetLambda}
	if p["TargetType"] == string(ecs.TargetPause) {
		h.Type = ecs.TargetPause
	}
	h.Function, _ = p["HookTargetArn"].(string)
	h.Role, _ = p["RoleArn"].(string)
	stages, err := texts(p["LifecycleStages"])
	for _, stage := range stages {
		h.Stages = append(h.Stages, ecs.Stage(stage))
	}
	switch details := p["HookDetails"].(type) {
	case string: // a JSON object as a text
		h.Details = json.RawMessage(details)
	case map[string]any:
		encoded, problem := json.Marshal(details)
		h.Details, err = encoded, errors.Join(err, problem)
	}
	if timeout := mapping(p, "TimeoutConfiguration"); timeout != nil {
		h.Timeout = minutes(timeout["TimeoutInMinutes"], 0)
		action, _ := timeout["Action"].(string)
		h.OnTimeout = ecs.Action(action)
	}
	return h, err
}

// rule is what ECS's advancedConfiguration names: a rule, or a listener for its default action. It must lead to one of the groups.
func (s *Stack) rule(arn any, groups ...*Resource) (c simulator.ListenerConfig, listener string, err error) {
	name, _ := arn.(string)
	if strings.Contains(name, ":listener/") {
		l, err := s.named("AWS::ElasticLoadBalancingV2::Listener", name)
		if err != nil {
			return c, "", err
		}
		return simulator.ListenerConfig{HTTPS: l.Properties["Protocol"] == "HTTPS"}, name, leadsTo(l.Properties["DefaultActions"], groups)
	}
	r, err := s.named("AWS::ElasticLoadBalancingV2::ListenerRule", arn)
	if err != nil {
		return c, "", err
	}
	l, err := s.named("AWS::ElasticLoadBalancingV2::Listener", r.Properties["ListenerArn"])
	if err != nil {
		return c, "", err
	}
	c.HTTPS = l.Properties["Protocol"] == "HTTPS"
	list, _ := r.Properties["Conditions"].([]any)
	for _, item := range list {
		condition, err := condition(mapping(item))
		if err != nil {
			return c, "", fmt.Errorf("%s: %w", r.ID, err)
		}
		c.Conditions = append(c.Conditions, condition)
	}
	listener, _ = r.Properties["ListenerArn"].(string)
	return c, listener, leadsTo(r.Properties["Actions"], groups)
}

func leadsTo(actions any, groups []*Resource) error {
	to := forwards(actions)
	for _, g := range groups {
		if to[targetGroupARN(g)] > 0 && len(to) == 1 {
			return nil
		}
	}
	return fmt.Errorf("it gives %v traffic, and that isn't one of the service's target groups alone", sortedKeys(to))
}

// condition is a rule's.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-elasticloadbalancingv2-listenerrule-rulecondition.html
func condition(p map[string]any) (elb.Condition, error) {
	c := elb.Condition{}
	field, _ := p["Field"].(string)
	c.Field = elb.ConditionField(field)
	config := map[elb.ConditionField]string{
		elb.HostHeader: "HostHeaderConfig", elb.PathPattern: "PathPatternConfig", elb.HTTPHeader: "HttpHeaderConfig",
		elb.RequestMethod: "HttpRequestMethodConfig", elb.SourceIP: "SourceIpConfig", elb.QueryString: "QueryStringConfig",
	}[c.Field]
	if config == "" {
		return c, fmt.Errorf("a condition's Field is %q, which is none", field)
	}
	values := mapping(p, config)["Values"]
	if values == nil {
		values = p["Values"]
	}
	c.Header, _ = mapping(p, config)["HttpHeaderName"].(string)
	if c.Field != elb.QueryString {
		var err error
		c.Values, err = texts(values)
		return c, err
	}
	list, _ := values.([]any)
	for _, item := range list {
		key, _ := mapping(item)["Key"].(string)
		value, _ := mapping(item)["Value"].(string)
		c.Query = append(c.Query, elb.QueryPair{Key: key, Value: value})
	}
	return c, nil
}
