package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/greenlight-deploy/greenlight/hook"
)

// sides are where the new version of a service and the old one answer, as URLs without a path.
type sides struct{ Green, Blue string }

// A finder asks AWS where the sides of a deployment are.
type finder struct {
	codeDeploy *codedeploy.Client
	ecs        *ecs.Client
	balancing  *elb.Client
}

func newFinder(cfg aws.Config) finder {
	return finder{codeDeploy: codedeploy.NewFromConfig(cfg), ecs: ecs.NewFromConfig(cfg), balancing: elb.NewFromConfig(cfg)}
}

// find is for the moment when the test listener leads to green and the production listener to blue: AfterAllowTestTraffic of
// CodeDeploy, POST_TEST_TRAFFIC_SHIFT of Amazon ECS. At any other it says that this isn't so, and what is.
func (f finder) find(ctx context.Context, e hook.Execution) (sides, error) {
	var d deployed
	var err error
	switch e.Contract {
	case hook.CodeDeploy:
		d, err = f.byCodeDeploy(ctx, e.DeploymentID)
	case hook.ECS:
		d, err = f.byECS(ctx, e.ECS.TargetServiceRevisionARN)
	default:
		err = fmt.Errorf("this hook isn't made for %v", e.Contract)
	}
	switch {
	case err != nil:
		return sides{}, err
	case d.test.group != d.green:
		return sides{}, fmt.Errorf("the test listener leads to %s, and the new version is in %s", d.test.group, d.green)
	case d.production.group == d.green:
		return sides{}, fmt.Errorf("the production listener leads to the new version already, in %s", d.green)
	}
	return sides{Green: d.test.url, Blue: d.production.url}, nil
}

// deployed is the target group that the new version is in, and what the listeners lead to.
type deployed struct {
	green            string
	test, production route
}

// byCodeDeploy takes the target group of the replacement task set, and the listeners of the deployment group.
func (f finder) byCodeDeploy(ctx context.Context, id string) (d deployed, err error) {
	deployment, err := f.codeDeploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		return d, err
	}
	group, err := f.codeDeploy.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{
		ApplicationName: deployment.DeploymentInfo.ApplicationName, DeploymentGroupName: deployment.DeploymentInfo.DeploymentGroupName,
	})
	if err != nil {
		return d, err
	}
	info := group.DeploymentGroupInfo.LoadBalancerInfo
	if info == nil || len(info.TargetGroupPairInfoList) == 0 || info.TargetGroupPairInfoList[0].TestTrafficRoute == nil {
		return d, errors.New("the deployment group has no test listener")
	}
	pair := info.TargetGroupPairInfoList[0]
	if d.green, err = f.replacement(ctx, id); err != nil {
		return d, err
	}
	if d.test, err = f.listener(ctx, pair.TestTrafficRoute.ListenerArns[0]); err != nil {
		return d, err
	}
	d.production, err = f.listener(ctx, pair.ProdTrafficRoute.ListenerArns[0])
	return d, err
}

// replacement is the target group of the task set that CodeDeploy has made for the deployment.
func (f finder) replacement(ctx context.Context, id string) (string, error) {
	targets, err := f.codeDeploy.ListDeploymentTargets(ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
	if err != nil {
		return "", err
	}
	described, err := f.codeDeploy.BatchGetDeploymentTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: targets.TargetIds})
	if err != nil {
		return "", err
	}
	for _, target := range described.DeploymentTargets {
		if target.EcsTarget == nil {
			continue
		}
		for _, set := range target.EcsTarget.TaskSetsInfo {
			if set.TaskSetLabel == cdtypes.TargetLabelGreen && set.TargetGroup != nil {
				return aws.ToString(set.TargetGroup.Name), nil
			}
		}
	}
	return "", errors.New("CodeDeploy names no target group of the new version")
}

// byECS takes the target group that ECS has resolved for the service revision, and the rules of the service.
func (f finder) byECS(ctx context.Context, revision string) (d deployed, err error) {
	described, err := f.ecs.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{revision}})
	if err != nil {
		return d, err
	}
	if len(described.ServiceRevisions) == 0 {
		return d, fmt.Errorf("ECS knows no service revision %s", revision)
	}
	r := described.ServiceRevisions[0]
	if len(r.LoadBalancers) == 0 || r.LoadBalancers[0].AdvancedConfiguration == nil || r.LoadBalancers[0].AdvancedConfiguration.TestListenerRule == nil {
		return d, errors.New("the service has no test listener rule")
	}
	if r.ResolvedConfiguration == nil || len(r.ResolvedConfiguration.LoadBalancers) == 0 {
		return d, errors.New("ECS names no target group of the new version")
	}
	rules := r.LoadBalancers[0].AdvancedConfiguration
	d.green = groupName(aws.ToString(r.ResolvedConfiguration.LoadBalancers[0].TargetGroupArn))
	if d.test, err = f.rule(ctx, aws.ToString(rules.TestListenerRule)); err != nil {
		return d, err
	}
	d.production, err = f.rule(ctx, aws.ToString(rules.ProductionListenerRule))
	return d, err
}

// A route is where a listener answers, and the target group that gets all of its requests.
type route struct{ url, group string }

// rule is the route by a rule. Its ARN has its listener's: …:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee.
func (f finder) rule(ctx context.Context, arn string) (route, error) {
	out, err := f.balancing.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{arn}})
	if err != nil {
		return route{}, err
	}
	if len(out.Rules) != 1 {
		return route{}, fmt.Errorf("there is no rule %s", arn)
	}
	if len(out.Rules[0].Conditions) > 0 && !everyPath(out.Rules[0].Conditions) {
		return route{}, fmt.Errorf("the rule %s is for some requests only, and this hook doesn't make such", arn)
	}
	listener, err := f.describe(ctx, strings.Replace(arn[:strings.LastIndexByte(arn, '/')], ":listener-rule/", ":listener/", 1))
	if err != nil {
		return route{}, err
	}
	return f.route(ctx, listener, out.Rules[0].Actions)
}

// everyPath says that a rule's condition is one that all requests meet.
func everyPath(conditions []elbtypes.RuleCondition) bool {
	return len(conditions) == 1 && conditions[0].PathPatternConfig != nil && slices.Contains(conditions[0].PathPatternConfig.Values, "/*")
}

// listener is the route by a listener's default action.
func (f finder) listener(ctx context.Context, arn string) (route, error) {
	listener, err := f.describe(ctx, arn)
	if err != nil {
		return route{}, err
	}
	return f.route(ctx, listener, listener.DefaultActions)
}

func (f finder) describe(ctx context.Context, listenerARN string) (elbtypes.Listener, error) {
	out, err := f.balancing.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{listenerARN}})
	if err != nil {
		return elbtypes.Listener{}, err
	}
	if len(out.Listeners) != 1 {
		return elbtypes.Listener{}, fmt.Errorf("there is no listener %s", listenerARN)
	}
	return out.Listeners[0], nil
}

func (f finder) route(ctx context.Context, l elbtypes.Listener, actions []elbtypes.Action) (route, error) {
	group, err := onlyGroup(actions)
	if err != nil {
		return route{}, fmt.Errorf("listener %s: %w", aws.ToString(l.ListenerArn), err)
	}
	out, err := f.balancing.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{aws.ToString(l.LoadBalancerArn)}})
	if err != nil {
		return route{}, err
	}
	if len(out.LoadBalancers) != 1 {
		return route{}, fmt.Errorf("there is no load balancer %s", aws.ToString(l.LoadBalancerArn))
	}
	url := fmt.Sprintf("%s://%s:%d", strings.ToLower(string(l.Protocol)), aws.ToString(out.LoadBalancers[0].DNSName), aws.ToInt32(l.Port))
	return route{url, group}, nil
}

// onlyGroup names the target group that gets all requests.
func onlyGroup(actions []elbtypes.Action) (string, error) {
	var groups []string
	for _, a := range actions {
		if a.ForwardConfig == nil {
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			if g.Weight == nil || *g.Weight > 0 {
				groups = append(groups, groupName(aws.ToString(g.TargetGroupArn)))
			}
		}
	}
	if len(groups) != 1 {
		return "", fmt.Errorf("its requests go to %d target groups, %v, where one was expected", len(groups), groups)
	}
	return groups[0], nil
}

// groupName is the name in a target group's ARN: …:targetgroup/NAME/73e2d6bc24d8a067.
func groupName(arn string) string {
	_, path, _ := strings.Cut(arn, ":targetgroup/")
	name, _, _ := strings.Cut(path, "/")
	return name
}
