package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/revision"
)

// CodeDeploy is what is read of AWS CodeDeploy.
type CodeDeploy interface {
	ListDeploymentGroups(context.Context, *codedeploy.ListDeploymentGroupsInput, ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentGroupsOutput, error)
	GetDeploymentGroup(context.Context, *codedeploy.GetDeploymentGroupInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentGroupOutput, error)
	GetDeploymentConfig(context.Context, *codedeploy.GetDeploymentConfigInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentConfigOutput, error)
	GetDeployment(context.Context, *codedeploy.GetDeploymentInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error)
	GetApplicationRevision(context.Context, *codedeploy.GetApplicationRevisionInput, ...func(*codedeploy.Options)) (*codedeploy.GetApplicationRevisionOutput, error)
}

// ECS is what is read of Amazon ECS.
type ECS interface {
	DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
}

// LoadBalancing is what is read of Elastic Load Balancing.
type LoadBalancing interface {
	DescribeRules(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error)
	DescribeListeners(context.Context, *elb.DescribeListenersInput, ...func(*elb.Options)) (*elb.DescribeListenersOutput, error)
	DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
}

// Account is where a Source is read.
type Account struct {
	CodeDeploy    CodeDeploy
	ECS           ECS
	LoadBalancing LoadBalancing
	// Objects has AppSpecs that are in S3.
	Objects revision.Objects
}

// NewAccount reads with the settings of a configuration.
func NewAccount(cfg aws.Config) Account {
	return Account{codedeploy.NewFromConfig(cfg), ecs.NewFromConfig(cfg), elb.NewFromConfig(cfg), awscall.NewS3(cfg)}
}

// ErrPlatform says that the group doesn't deploy to Amazon ECS, which has nothing of its own for the others.
var ErrPlatform = errors.New("only deployments to Amazon ECS can be taken over by it")

// Read reads a deployment group and what it deploys. Group may be empty where the application has one alone. spec is the AppSpec
// in place of that of the group's last revision; nil: the last one's. It changes nothing.
func (a Account) Read(ctx context.Context, application, group string, spec *appspec.Spec) (Source, error) {
	group, err := a.group(ctx, application, group)
	if err != nil {
		return Source{}, err
	}
	out, err := a.CodeDeploy.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: &application, DeploymentGroupName: &group})
	if err != nil {
		return Source{}, fmt.Errorf("reading the deployment group %s/%s: %w", application, group, err)
	}
	info := out.DeploymentGroupInfo
	if info == nil {
		return Source{}, fmt.Errorf("reading the deployment group %s/%s: the answer is empty", application, group)
	}
	if info.ComputePlatform != cdtypes.ComputePlatformEcs {
		return Source{}, fmt.Errorf("deployment group %s/%s deploys to the platform %s: %w", application, group, info.ComputePlatform, ErrPlatform)
	}
	from := Source{Application: application, Group: group}
	from.readSettings(info)
	if spec != nil {
		from.AppSpec = *spec
	} else if from.AppSpec, err = a.spec(ctx, application, info); err != nil {
		return Source{}, err
	}
	if from.Shift, err = a.shift(ctx, aws.ToString(info.DeploymentConfigName)); err != nil {
		return Source{}, err
	}
	if from.Tasks, err = a.tasks(ctx, from.Cluster, from.Service); err != nil {
		return Source{}, err
	}
	if from.Balancer, err = a.balancer(ctx, info.LoadBalancerInfo); err != nil {
		return Source{}, err
	}
	return from, nil
}

func (a Account) group(ctx context.Context, application, group string) (string, error) {
	if group != "" {
		return group, nil
	}
	var names []string
	in := &codedeploy.ListDeploymentGroupsInput{ApplicationName: &application}
	for {
		out, err := a.CodeDeploy.ListDeploymentGroups(ctx, in)
		if err != nil {
			return "", fmt.Errorf("listing the deployment groups of %s: %w", application, err)
		}
		names = append(names, out.DeploymentGroups...)
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			break
		}
	}
	if len(names) != 1 {
		return "", fmt.Errorf("application %s has %d deployment groups (%s): name one with --group", application, len(names), strings.Join(names, ", "))
	}
	return names[0], nil
}

// readSettings reads what the group says itself.
func (s *Source) readSettings(info *cdtypes.DeploymentGroupInfo) {
	if len(info.EcsServices) > 0 {
		s.Cluster, s.Service = aws.ToString(info.EcsServices[0].ClusterName), aws.ToString(info.EcsServices[0].ServiceName)
	}
	if b := info.BlueGreenDeploymentConfiguration; b != nil {
		if t := b.TerminateBlueInstancesOnDeploymentSuccess; t != nil {
			s.Termination = time.Duration(t.TerminationWaitTimeInMinutes) * time.Minute
		}
		if r := b.DeploymentReadyOption; r != nil && r.ActionOnTimeout == cdtypes.DeploymentReadyActionStopDeployment {
			s.Approval = time.Duration(r.WaitTimeInMinutes) * time.Minute
		}
	}
	if r := info.AutoRollbackConfiguration; r != nil && r.Enabled {
		s.Rollback = Rollback{
			OnFailure: slices.Contains(r.Events, cdtypes.AutoRollbackEventDeploymentFailure),
			OnStop:    slices.Contains(r.Events, cdtypes.AutoRollbackEventDeploymentStopOnRequest),
			OnAlarm:   slices.Contains(r.Events, cdtypes.AutoRollbackEventDeploymentStopOnAlarm),
		}
	}
	if c := info.AlarmConfiguration; c != nil && c.Enabled {
		for _, alarm := range c.Alarms {
			s.Alarms = append(s.Alarms, aws.ToString(alarm.Name))
		}
		s.IgnoresAlarmErrors = c.IgnorePollAlarmFailure
	}
	for _, t := range info.TriggerConfigurations {
		s.Triggers = append(s.Triggers, aws.ToString(t.TriggerName))
	}
}

// spec reads the AppSpec of the group's revision, or of the last deployment where the group has none.
func (a Account) spec(ctx context.Context, application string, info *cdtypes.DeploymentGroupInfo) (appspec.Spec, error) {
	const remedy = "; give the AppSpec with --appspec"
	last := info.TargetRevision
	if d := info.LastSuccessfulDeployment; d != nil && aws.ToString(d.DeploymentId) != "" {
		out, err := a.CodeDeploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: d.DeploymentId})
		if err != nil {
			return appspec.Spec{}, fmt.Errorf("reading the deployment %s: %w%s", aws.ToString(d.DeploymentId), err, remedy)
		}
		if out.DeploymentInfo != nil && out.DeploymentInfo.Revision != nil {
			last = out.DeploymentInfo.Revision
		}
	}
	if last == nil {
		return appspec.Spec{}, errors.New("the deployment group has deployed nothing yet" + remedy)
	}
	text, at, err := revision.Text(last)
	if err != nil { // the deployment's answer may have the revision's digest alone
		var out *codedeploy.GetApplicationRevisionOutput
		if out, err = a.CodeDeploy.GetApplicationRevision(ctx, &codedeploy.GetApplicationRevisionInput{ApplicationName: &application, Revision: last}); err == nil {
			text, at, err = revision.Text(out.Revision)
		}
	}
	if err == nil && at != nil {
		text, err = revision.Read(ctx, a.Objects, *at)
	}
	if err != nil {
		return appspec.Spec{}, fmt.Errorf("reading the last revision of %s: %w%s", application, err, remedy)
	}
	return appspec.Parse(text)
}

func (a Account) shift(ctx context.Context, name string) (Shift, error) {
	if name == "" {
		return Shift{}, nil
	}
	out, err := a.CodeDeploy.GetDeploymentConfig(ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &name})
	if err != nil {
		return Shift{}, fmt.Errorf("reading the deployment configuration %s: %w", name, err)
	}
	s := Shift{Name: name}
	if out.DeploymentConfigInfo == nil || out.DeploymentConfigInfo.TrafficRoutingConfig == nil {
		return s, nil
	}
	routing := out.DeploymentConfigInfo.TrafficRoutingConfig
	switch {
	case routing.Type == cdtypes.TrafficRoutingTypeTimeBasedCanary && routing.TimeBasedCanary != nil:
		c := routing.TimeBasedCanary
		s.Canary = &Step{int(c.CanaryPercentage), time.Duration(c.CanaryInterval) * time.Minute}
	case routing.Type == cdtypes.TrafficRoutingTypeTimeBasedLinear && routing.TimeBasedLinear != nil:
		l := routing.TimeBasedLinear
		s.Linear = &Step{int(l.LinearPercentage), time.Duration(l.LinearInterval) * time.Minute}
	}
	return s, nil
}

// tasks reads the settings of the primary task set, which an ECS service that CodeDeploy deploys keeps them in.
func (a Account) tasks(ctx context.Context, cluster, service string) (Tasks, error) {
	if service == "" {
		return Tasks{}, nil
	}
	out, err := a.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{service}})
	if err != nil {
		return Tasks{}, fmt.Errorf("reading the service %s of the cluster %s: %w", service, cluster, err)
	}
	if len(out.Services) == 0 {
		return Tasks{}, fmt.Errorf("the cluster %s has no service %s", cluster, service)
	}
	found := out.Services[0]
	if c := found.DeploymentController; c != nil && c.Type == ecstypes.DeploymentControllerTypeEcs {
		return Tasks{}, fmt.Errorf("the service %s of the cluster %s is deployed by ECS itself already", service, cluster)
	}
	for _, set := range found.TaskSets {
		if aws.ToString(set.Status) == "PRIMARY" {
			return Tasks{
				TaskDefinition: aws.ToString(set.TaskDefinition), PlatformVersion: aws.ToString(set.PlatformVersion),
				Network: network(set.NetworkConfiguration), Capacity: capacity(set.CapacityProviderStrategy),
			}, nil
		}
	}
	return Tasks{
		TaskDefinition: aws.ToString(found.TaskDefinition), PlatformVersion: aws.ToString(found.PlatformVersion),
		Network: network(found.NetworkConfiguration), Capacity: capacity(found.CapacityProviderStrategy),
	}, nil
}

// awsVPC is a network configuration as the API writes it.
type awsVPC struct {
	VPC struct {
		Subnets        []string `json:"subnets"`
		SecurityGroups []string `json:"securityGroups,omitempty"`
		PublicIP       string   `json:"assignPublicIp,omitempty"`
	} `json:"awsvpcConfiguration"`
}

func network(c *ecstypes.NetworkConfiguration) any {
	if c == nil || c.AwsvpcConfiguration == nil {
		return nil
	}
	var n awsVPC
	n.VPC.Subnets, n.VPC.SecurityGroups = c.AwsvpcConfiguration.Subnets, c.AwsvpcConfiguration.SecurityGroups
	n.VPC.PublicIP = string(c.AwsvpcConfiguration.AssignPublicIp)
	return n
}

// capacityProvider is an item of a capacity provider strategy as the API writes it.
type capacityProvider struct {
	Provider string `json:"capacityProvider"`
	Weight   int32  `json:"weight"`
	Base     int32  `json:"base"`
}

func capacity(items []ecstypes.CapacityProviderStrategyItem) any {
	if len(items) == 0 {
		return nil
	}
	all := make([]capacityProvider, len(items))
	for i, item := range items {
		all[i] = capacityProvider{aws.ToString(item.CapacityProvider), item.Weight, item.Base}
	}
	return all
}

// balancer reads the rules of the listeners, and which target group is live.
func (a Account) balancer(ctx context.Context, info *cdtypes.LoadBalancerInfo) (Balancer, error) {
	if info == nil || len(info.TargetGroupPairInfoList) == 0 {
		return Balancer{}, nil
	}
	pair := info.TargetGroupPairInfoList[0]
	b := Balancer{ProductionListener: firstListener(pair.ProdTrafficRoute), TestListener: firstListener(pair.TestTrafficRoute)}
	var names []string
	for _, g := range pair.TargetGroups {
		names = append(names, aws.ToString(g.Name))
	}
	groups, err := a.targetGroups(ctx, names)
	if err != nil {
		return Balancer{}, err
	}
	production, err := a.rule(ctx, b.ProductionListener, groups)
	if err != nil {
		return Balancer{}, err
	}
	test, err := a.rule(ctx, b.TestListener, groups)
	if err != nil {
		return Balancer{}, err
	}
	b.ProductionRule, b.ProductionTargets = production.arn, production.targets
	b.TestRule, b.TestTargets, b.TestIsDefault = test.arn, test.targets, test.isDefault
	for _, g := range groups {
		if g == production.heaviest {
			b.Live = g
		} else {
			b.Other = g
		}
	}
	return b, nil
}

func firstListener(r *cdtypes.TrafficRoute) string {
	if r == nil || len(r.ListenerArns) == 0 {
		return ""
	}
	return r.ListenerArns[0]
}

func (a Account) targetGroups(ctx context.Context, names []string) ([]string, error) {
	out, err := a.LoadBalancing.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: names})
	if err != nil {
		return nil, fmt.Errorf("reading the target groups %s: %w", strings.Join(names, " and "), err)
	}
	var arns []string
	for _, g := range out.TargetGroups {
		arns = append(arns, aws.ToString(g.TargetGroupArn))
	}
	return arns, nil
}

// rule is what leads to the service's target groups.
type rule struct {
	arn       string
	isDefault bool
	targets   []string
	heaviest  string
}

// rule finds the rule of a listener that forwards to one of the target groups. A Network Load Balancer has listeners in its place.
func (a Account) rule(ctx context.Context, listener string, groups []string) (rule, error) {
	if listener == "" {
		return rule{}, nil
	}
	if strings.Contains(listener, ":listener/net/") {
		out, err := a.LoadBalancing.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{listener}})
		if err != nil {
			return rule{}, fmt.Errorf("reading the listener %s: %w", listener, err)
		}
		for _, l := range out.Listeners {
			if r := forwarding(l.DefaultActions, groups); r.heaviest != "" {
				r.arn, r.isDefault = listener, true
				return r, nil
			}
		}
		return rule{}, fmt.Errorf("the listener %s forwards to none of the group's target groups", listener)
	}
	in := &elb.DescribeRulesInput{ListenerArn: &listener}
	for {
		out, err := a.LoadBalancing.DescribeRules(ctx, in)
		if err != nil {
			return rule{}, fmt.Errorf("reading the rules of the listener %s: %w", listener, err)
		}
		for _, found := range out.Rules {
			if r := forwarding(found.Actions, groups); r.heaviest != "" {
				r.arn, r.isDefault = aws.ToString(found.RuleArn), aws.ToBool(found.IsDefault)
				return r, nil
			}
		}
		if in.Marker = out.NextMarker; aws.ToString(in.Marker) == "" {
			return rule{}, fmt.Errorf("no rule of the listener %s forwards to the group's target groups", listener)
		}
	}
}

// forwarding says which of the target groups actions lead to. CodeDeploy leaves the unused group attached with the weight 0.
func forwarding(actions []elbtypes.Action, groups []string) rule {
	var r rule
	most := int32(-1)
	take := func(arn string, weight int32) {
		if !slices.Contains(groups, arn) {
			return
		}
		if !slices.Contains(r.targets, arn) {
			r.targets = append(r.targets, arn)
		}
		if weight > most {
			most, r.heaviest = weight, arn
		}
	}
	for _, action := range actions {
		if action.ForwardConfig != nil && len(action.ForwardConfig.TargetGroups) > 0 {
			for _, g := range action.ForwardConfig.TargetGroups {
				take(aws.ToString(g.TargetGroupArn), weightOf(g.Weight))
			}
			continue
		}
		take(aws.ToString(action.TargetGroupArn), 1)
	}
	return r
}

// weightOf is a weight; one that isn't given is 1.
func weightOf(w *int32) int32 {
	if w == nil {
		return 1
	}
	return *w
}
