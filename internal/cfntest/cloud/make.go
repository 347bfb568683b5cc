package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/loopback"
)

// clients make what the stack has.
type clients struct {
	balancers *elb.Client
	services  *ecs.Client
	deploys   *codedeploy.Client
	functions *lambda.Client
}

func newClients(c aws.Config) clients {
	return clients{elb.NewFromConfig(c), ecs.NewFromConfig(c), codedeploy.NewFromConfig(c), lambda.NewFromConfig(c)}
}

// kinds are the types of resources that are made in the simulator, in an order in which each finds what it refers to.
func (a *Account) kinds() []kind {
	return []kind{
		{"AWS::ElasticLoadBalancingV2::LoadBalancer", a.makeLoadBalancer},
		{"AWS::ElasticLoadBalancingV2::TargetGroup", a.makeTargetGroup},
		{"AWS::ElasticLoadBalancingV2::Listener", a.makeListener},
		{"AWS::ElasticLoadBalancingV2::ListenerRule", a.makeRule},
		{"AWS::Lambda::Function", a.makeFunction},
		{"AWS::Lambda::Version", a.makeVersion},
		{"AWS::Lambda::Alias", a.makeAlias},
		{"AWS::ECS::Cluster", a.makeCluster},
		{"AWS::ECS::TaskDefinition", a.makeTaskDefinition},
		{"AWS::ECS::Service", a.makeService},
		{"AWS::CodeDeploy::Application", a.makeApplication},
		{"AWS::CodeDeploy::DeploymentGroup", a.makeGroup},
	}
}

type kind struct {
	name string
	make func(context.Context, *cfntest.Resource, map[string]any) error
}

// told are the types of resources that aren't made: what the account answers is read from them.
func told() []string {
	return []string{
		"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::CloudWatch::Alarm", "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress",
		"AWS::EC2::SecurityGroupEgress", "AWS::EC2::VPCEndpoint", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission", "AWS::CloudFormation::Stack",
	}
}

// unasked are the types of resources of which no service that is answered for tells anything.
func unasked() []string {
	return []string{"AWS::Logs::LogGroup", "AWS::Logs::MetricFilter", "AWS::Events::Rule"}
}

// makeAll makes the stack's resources.
func (a *Account) makeAll() {
	a.t.Helper()
	known := append(told(), unasked()...)
	for _, kind := range a.kinds() {
		known = append(known, kind.name)
		for _, r := range a.Stack.Find(kind.name) {
			if err := kind.make(a.t.Context(), r, a.translated(r.Properties).(map[string]any)); err != nil {
				a.t.Fatalf("making %s, %s: %v", r.ID, r.Type, err)
			}
		}
	}
	a.checkTypes(a.Stack, known)
}

func (a *Account) checkTypes(s *cfntest.Stack, known []string) {
	for id, r := range s.Resources {
		if !slices.Contains(known, r.Type) {
			a.t.Errorf("the account knows nothing of %s, which %s is", r.Type, id)
		}
		if r.Nested != nil {
			a.checkTypes(r.Nested, known)
		}
	}
}

// translated is a copy of properties in which resources are called as the simulator calls them.
func (a *Account) translated(value any) any {
	switch v := value.(type) {
	case string:
		if made, is := a.made[v]; is {
			return made
		}
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = a.translated(item)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = a.translated(item)
		}
		return list
	}
	return value
}

// note notes what the simulator calls a resource.
func (a *Account) note(r *cfntest.Resource, called *string) error {
	ref, err := r.Reference()
	if err != nil {
		return err
	}
	name, _ := ref.(string)
	a.made[name] = aws.ToString(called)
	return nil
}

// apart takes properties out that the operation which makes a resource doesn't have.
func apart(properties map[string]any, names ...string) (taken map[string]any) {
	taken = map[string]any{}
	for _, name := range names {
		if value, there := properties[name]; there {
			taken[name] = value
			delete(properties, name)
		}
	}
	return taken
}

// called gives a resource the name that CloudFormation makes up where the template has none.
func called(properties map[string]any, property string, r *cfntest.Resource) {
	if properties[property] == nil {
		properties[property] = r.Name
	}
}

func (a *Account) makeLoadBalancer(ctx context.Context, r *cfntest.Resource, p map[string]any) error {
	if len(a.made) > 0 {
		return errors.New("the account has one load balancer alone: all of the simulator's have one name, and which is meant couldn't be told")
	}
	attributes := apart(p, "LoadBalancerAttributes")
	called(p, "Name", r)
	in := &elb.CreateLoadBalancerInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	out, err := a.making.balancers.CreateLoadBalancer(ctx, in)
	if err != nil {
		return err
	}
	made := out.LoadBalancers[0]
	name, err := r.Attribute("DNSName")
	if err != nil {
		return err
	}
	a.shown = append(a.shown, "<DNSName>"+aws.ToString(made.DNSName)+"</DNSName>", fmt.Sprintf("<DNSName>%s</DNSName>", name))
	if list := attributes["LoadBalancerAttributes"]; list != nil {
		modify := &elb.ModifyLoadBalancerAttributesInput{}
		if err := fill(modify, map[string]any{"LoadBalancerArn": aws.ToString(made.LoadBalancerArn), "Attributes": list}); err != nil {
			return err
		}
		if _, err := a.making.balancers.ModifyLoadBalancerAttributes(ctx, modify); err != nil {
			return err
		}
	}
	return a.note(r, made.LoadBalancerArn)
}

func (a *Account) makeTargetGroup(ctx context.Context, r *cfntest.Resource, p map[string]any) error {
	attributes := apart(p, "TargetGroupAttributes")
	called(p, "Name", r)
	in := &elb.CreateTargetGroupInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	out, err := a.making.balancers.CreateTargetGroup(ctx, in)
	if err != nil {
		return err
	}
	made := out.TargetGroups[0]
	if list := attributes["TargetGroupAttributes"]; list != nil {
		modify := &elb.ModifyTargetGroupAttributesInput{}
		if err := fill(modify, map[string]any{"TargetGroupArn": aws.ToString(made.TargetGroupArn), "Attributes": list}); err != nil {
			return err
		}
		if _, err := a.making.balancers.ModifyTargetGroupAttributes(ctx, modify); err != nil {
			return err
		}
	}
	return a.note(r, made.TargetGroupArn)
}

// makeListener makes a listener on a port of this machine that is free. Who asks the account is told the template's.
func (a *Account) makeListener(ctx context.Context, r *cfntest.Resource, p map[string]any) error {
	in := &elb.CreateListenerInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	asked := aws.ToInt32(in.Port)
	port, err := loopback.Port(ctx)
	if err != nil {
		return err
	}
	in.Port = aws.Int32(int32(port)) //nolint:gosec // ports are below 65536
	out, err := a.making.balancers.CreateListener(ctx, in)
	if err != nil {
		return err
	}
	a.shown = append(a.shown, fmt.Sprintf("<Port>%d</Port>", port), fmt.Sprintf("<Port>%d</Port>", asked))
	return a.note(r, out.Listeners[0].ListenerArn)
}

func (a *Account) makeRule(ctx context.Context, r *cfntest.Resource, p map[string]any) error {
	in := &elb.CreateRuleInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	out, err := a.making.balancers.CreateRule(ctx, in)
	if err != nil {
		return err
	}
	return a.note(r, out.Rules[0].RuleArn)
}

func (a *Account) makeCluster(ctx context.Context, _ *cfntest.Resource, p map[string]any) error {
	if settings := apart(p, "ClusterSettings")["ClusterSettings"]; settings != nil {
		p["Settings"] = settings
	}
	in := &ecs.CreateClusterInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	_, err := a.making.services.CreateCluster(ctx, in)
	return err
}

func (a *Account) makeTaskDefinition(ctx context.Context, r *cfntest.Resource, p map[string]any) error {
	in := &ecs.RegisterTaskDefinitionInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	out, err := a.making.services.RegisterTaskDefinition(ctx, in)
	if err != nil {
		return err
	}
	return a.note(r, out.TaskDefinition.TaskDefinitionArn)
}

// makeService makes a service and waits for its tasks, as CloudFormation does.
func (a *Account) makeService(ctx context.Context, _ *cfntest.Resource, p map[string]any) error {
	in := &ecs.CreateServiceInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	if _, err := a.making.services.CreateService(ctx, in); err != nil {
		return err
	}
	asked := &ecs.DescribeServicesInput{Cluster: in.Cluster, Services: []string{aws.ToString(in.ServiceName)}}
	for {
		out, err := a.making.services.DescribeServices(ctx, asked)
		if err != nil {
			return err
		}
		if s := out.Services[0]; s.RunningCount >= s.DesiredCount {
			return a.settleService(ctx, in.Cluster, in.ServiceName)
		}
	}
}

// settleService waits until no deployment of ECS's is under way. Services that CodeDeploy deploys have none.
func (a *Account) settleService(ctx context.Context, cluster, service *string) error {
	list, err := a.making.services.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{Cluster: cluster, Service: service})
	if err != nil {
		return err
	}
	for _, d := range list.ServiceDeployments {
		if _, err := a.simulator.WaitServiceDeployment(ctx, aws.ToString(d.ServiceDeploymentArn)); err != nil {
			return err
		}
	}
	return nil
}

func (a *Account) makeApplication(ctx context.Context, r *cfntest.Resource, p map[string]any) error {
	called(p, "ApplicationName", r)
	in := &codedeploy.CreateApplicationInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	_, err := a.making.deploys.CreateApplication(ctx, in)
	return err
}

func (a *Account) makeGroup(ctx context.Context, r *cfntest.Resource, p map[string]any) error {
	called(p, "DeploymentGroupName", r)
	in := &codedeploy.CreateDeploymentGroupInput{}
	if err := fill(in, p); err != nil {
		return err
	}
	_, err := a.making.deploys.CreateDeploymentGroup(ctx, in)
	return err
}

// show tells the template's ports and names, where an answer of the load balancer's has this machine's.
func (a *Account) show(resp *http.Response) error {
	if signedFor(resp.Request) != "elasticloadbalancing" {
		return nil
	}
	return rewrite(resp, strings.NewReplacer(a.shown...))
}

// only refuses properties of a resource that are none of these.
func only(properties map[string]any, names ...string) error {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("the account doesn't know what to make of the property %s", name)
		}
	}
	return nil
}
