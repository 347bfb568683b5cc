//go:build unix

package simulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	deploysdk "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbsdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// outside is somebody who sets up a service of their own with AWS's clients alone.
type outside struct {
	*scenario
	ecs     *sdk.Client
	elb     *elbsdk.Client
	deploys *deploysdk.Client

	groups   [2]string // ARNs of target groups
	listener *elbtypes.Listener
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	s := startInstant(t, nil)
	keys := credentials.NewStaticCredentialsProvider("id", "secret", "")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	o := &outside{
		scenario: s, ecs: s.ecsClient(),
		elb:     elbsdk.New(elbsdk.Options{BaseEndpoint: aws.String(s.EndpointURL()), Region: "us-east-1", Credentials: keys, HTTPClient: client}),
		deploys: deploysdk.New(deploysdk.Options{BaseEndpoint: aws.String(s.EndpointURL()), Region: "us-east-1", Credentials: keys, HTTPClient: client}),
	}
	for i := range o.groups {
		made, err := o.elb.CreateTargetGroup(t.Context(), &elbsdk.CreateTargetGroupInput{
			Name: aws.String(fmt.Sprint("cart-", i+1)), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
		})
		if err != nil {
			t.Fatal(err)
		}
		o.groups[i] = aws.ToString(made.TargetGroups[0].TargetGroupArn)
	}
	balancers, err := o.elb.DescribeLoadBalancers(t.Context(), &elbsdk.DescribeLoadBalancersInput{})
	if err != nil {
		t.Fatal(err)
	}
	listeners, err := o.elb.CreateListener(t.Context(), &elbsdk.CreateListenerInput{
		LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(int32(ports(t, 1)[0])), //nolint:gosec // ports are below 65536
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &o.groups[0]}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.listener = &listeners.Listeners[0]
	return o
}

func (o *outside) define(t *testing.T, family string) *string {
	t.Helper()
	made, err := o.ecs.RegisterTaskDefinition(t.Context(), &sdk.RegisterTaskDefinitionInput{
		Family: &family, ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String(family)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.TaskDefinition.TaskDefinitionArn
}

// createService makes the service cart and waits for its first task set.
func (o *outside) createService(t *testing.T) {
	t.Helper()
	if _, err := o.ecs.CreateService(t.Context(), &sdk.CreateServiceInput{
		ServiceName: aws.String("cart"), TaskDefinition: o.define(t, "cart"), DesiredCount: aws.Int32(2),
		DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeCodeDeploy},
		LoadBalancers:        []types.LoadBalancer{{TargetGroupArn: &o.groups[0], ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}},
	}); err != nil {
		t.Fatal(err)
	}
	for o.service(t).RunningCount < 2 {
		if err := t.Context().Err(); err != nil {
			t.Fatal("its tasks don't run")
		}
	}
}

func (o *outside) service(t *testing.T) types.Service {
	t.Helper()
	out, err := o.ecs.DescribeServices(t.Context(), &sdk.DescribeServicesInput{Services: []string{"cart"}})
	if err != nil || len(out.Services) != 1 {
		t.Fatalf("%v: %v", out, err)
	}
	return out.Services[0]
}

// sides lists the service's task sets as status, stability and definition.
func (o *outside) sides(t *testing.T) []string {
	t.Helper()
	out, err := o.ecs.DescribeTaskSets(t.Context(), &sdk.DescribeTaskSetsInput{Cluster: aws.String("default"), Service: aws.String("cart")})
	if err != nil {
		t.Fatal(err)
	}
	var sides []string
	for _, set := range out.TaskSets {
		definition := aws.ToString(set.TaskDefinition)
		sides = append(sides, fmt.Sprint(aws.ToString(set.Status), " ", set.StabilityStatus, " ", definition[strings.LastIndexByte(definition, '/')+1:]))
	}
	slices.Sort(sides)
	return sides
}

func (o *outside) createGroup(t *testing.T, service string) error {
	t.Helper()
	_, _ = o.deploys.CreateApplication(t.Context(), &deploysdk.CreateApplicationInput{
		ApplicationName: aws.String("cart"), ComputePlatform: deploytypes.ComputePlatformEcs,
	})
	_, err := o.deploys.CreateDeploymentGroup(t.Context(), &deploysdk.CreateDeploymentGroupInput{
		ApplicationName: aws.String("cart"), DeploymentGroupName: aws.String("cart"), ServiceRoleArn: aws.String("arn:aws:iam::123456789012:role/x"),
		EcsServices: []deploytypes.ECSService{{ServiceName: &service, ClusterName: aws.String("default")}},
		LoadBalancerInfo: &deploytypes.LoadBalancerInfo{TargetGroupPairInfoList: []deploytypes.TargetGroupPairInfo{{
			TargetGroups:     []deploytypes.TargetGroupInfo{{Name: aws.String("cart-1")}, {Name: aws.String("cart-2")}},
			ProdTrafficRoute: &deploytypes.TrafficRoute{ListenerArns: []string{aws.ToString(o.listener.ListenerArn)}},
		}}},
	})
	return err
}

func (o *outside) deploy(t *testing.T, family string) (codedeploy.Deployment, string) {
	t.Helper()
	definition := aws.ToString(o.define(t, family))
	spec := fmt.Sprintf(`{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":%q,"LoadBalancerInfo":{"ContainerName":"web","ContainerPort":80}}}}]}`, definition)
	made, err := o.deploys.CreateDeployment(t.Context(), &deploysdk.CreateDeploymentInput{
		ApplicationName: aws.String("cart"), DeploymentGroupName: aws.String("cart"),
		Revision: &deploytypes.RevisionLocation{RevisionType: deploytypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &deploytypes.AppSpecContent{Content: &spec}},
	})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := o.Wait(t.Context(), aws.ToString(made.DeploymentId))
	if err != nil {
		t.Fatal(err)
	}
	return outcome.Deployment, definition
}

func (o *outside) url() string {
	return fmt.Sprintf("http://127.0.0.1:%d", aws.ToInt32(o.listener.Port))
}

func TestAServiceIsSetUpAndDeployedOverTheAPIAlone(t *testing.T) {
	o := newOutside(t)
	o.createService(t)
	if err := o.createGroup(t, "cart"); err != nil {
		t.Fatal(err)
	}
	good, definition := o.deploy(t, "cart")
	if good.Status != codedeploy.Succeeded {
		t.Fatalf("%s: %v", good.Status, good.Error)
	}
	if got := get(t, o.url()); got != definition {
		t.Errorf("production is served by %q, want %q", got, definition)
	}
	s := o.service(t)
	if aws.ToString(s.TaskSets[0].ExternalId) != good.ID || s.RunningCount != 2 || aws.ToString(s.LoadBalancers[0].TargetGroupArn) != o.groups[1] {
		t.Errorf("the service is %+v", s)
	}
	if got := o.sides(t); !slices.Equal(got, []string{"PRIMARY STEADY_STATE cart:2"}) {
		t.Errorf("after a good deployment: %q", got)
	}
	bad, _ := o.deploy(t, "dead")
	if bad.Status != codedeploy.Failed {
		t.Errorf("%s: %v", bad.Status, bad.Error)
	}
	if got := get(t, o.url()); got != definition {
		t.Errorf("production is served by %q after a bad deployment, want %q", got, definition)
	}
	if got := o.sides(t); !slices.Equal(got, []string{"PRIMARY STEADY_STATE cart:2"}) {
		t.Errorf("after a bad deployment: %q", got)
	}
}

func TestAServiceThatECSDeploysIsSetUpOverTheAPIAlone(t *testing.T) {
	o := newOutside(t)
	rules, err := o.elb.DescribeRules(t.Context(), &elbsdk.DescribeRulesInput{ListenerArn: o.listener.ListenerArn})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.ecs.CreateService(t.Context(), &sdk.CreateServiceInput{
		ServiceName: aws.String("cart"), TaskDefinition: o.define(t, "cart"), DesiredCount: aws.Int32(2),
		LoadBalancers: []types.LoadBalancer{{
			TargetGroupArn: &o.groups[0], ContainerName: aws.String("web"), ContainerPort: aws.Int32(80),
			AdvancedConfiguration: &types.AdvancedConfiguration{
				AlternateTargetGroupArn: &o.groups[1], ProductionListenerRule: rules.Rules[0].RuleArn, RoleArn: aws.String("arn:aws:iam::123456789012:role/ecs"),
			},
		}},
		DeploymentConfiguration: &types.DeploymentConfiguration{
			Strategy:            types.DeploymentStrategyCanary,
			CanaryConfiguration: &types.CanaryConfiguration{CanaryPercent: aws.Float64(20), CanaryBakeTimeInMinutes: aws.Int32(5)},
		},
	}); err != nil {
		t.Fatal(err)
	}
	for _, end := range []struct {
		family string
		status types.ServiceDeploymentStatus
		serves string
	}{
		{"", types.ServiceDeploymentStatusSuccessful, "cart:1"},
		{"cart", types.ServiceDeploymentStatusSuccessful, "cart:2"},
		{"missing", types.ServiceDeploymentStatusRollbackSuccessful, "cart:2"},
	} {
		if end.family != "" {
			if _, err := o.ecs.UpdateService(t.Context(), &sdk.UpdateServiceInput{Service: aws.String("cart"), TaskDefinition: o.define(t, end.family)}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := o.ecs.ListServiceDeployments(t.Context(), &sdk.ListServiceDeploymentsInput{Service: aws.String("cart")})
		if err != nil {
			t.Fatal(err)
		}
		arn := aws.ToString(list.ServiceDeployments[0].ServiceDeploymentArn)
		if _, err := o.WaitServiceDeployment(t.Context(), arn); err != nil {
			t.Fatal(err)
		}
		out, err := o.ecs.DescribeServiceDeployments(t.Context(), &sdk.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
		if err != nil || out.ServiceDeployments[0].Status != end.status {
			t.Errorf("%s: %+v (%v)", end.family, out, err)
		}
		if got := get(t, o.url()); !strings.HasSuffix(got, "/"+end.serves) {
			t.Errorf("production is served by %q, want %q", got, end.serves)
		}
	}
}

func TestTheListsOfECSShowWhatThereIs(t *testing.T) {
	o := newOutside(t)
	o.createService(t)
	ctx := t.Context()
	services, err := o.ecs.ListServices(ctx, &sdk.ListServicesInput{})
	if err != nil || len(services.ServiceArns) != 2 {
		t.Errorf("services: %v (%v)", services, err)
	}
	clusters, err := o.ecs.DescribeClusters(ctx, &sdk.DescribeClustersInput{Clusters: []string{"default", "other"}})
	if err != nil || clusters.Clusters[0].RunningTasksCount != 3 || clusters.Clusters[0].ActiveServicesCount != 2 || len(clusters.Failures) != 1 {
		t.Errorf("clusters: %+v (%v)", clusters, err)
	}
	listed, err := o.ecs.ListClusters(ctx, &sdk.ListClustersInput{})
	if err != nil || len(listed.ClusterArns) != 1 {
		t.Errorf("clusters: %v (%v)", listed, err)
	}
	definitions, err := o.ecs.ListTaskDefinitions(ctx, &sdk.ListTaskDefinitionsInput{FamilyPrefix: aws.String("cart")})
	if err != nil || len(definitions.TaskDefinitionArns) != 1 {
		t.Errorf("task definitions: %v (%v)", definitions, err)
	}
	var tasks []string
	for page := sdk.NewListTasksPaginator(o.ecs, &sdk.ListTasksInput{ServiceName: aws.String("cart"), MaxResults: aws.Int32(1)}); page.HasMorePages(); {
		next, err := page.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, next.TaskArns...)
	}
	described, err := o.ecs.DescribeTasks(ctx, &sdk.DescribeTasksInput{Tasks: append(tasks, "none")})
	if err != nil || len(described.Tasks) != 2 || len(described.Failures) != 1 {
		t.Fatalf("tasks: %+v (%v)", described, err)
	}
	for _, task := range described.Tasks {
		if aws.ToString(task.LastStatus) != "RUNNING" || aws.ToString(task.Group) != "service:cart" || aws.ToString(task.Containers[0].Image) != "cart" {
			t.Errorf("task: %+v", task)
		}
	}
	if err := sdk.NewTasksRunningWaiter(o.ecs).Wait(ctx, &sdk.DescribeTasksInput{Tasks: tasks}, time.Minute); err != nil {
		t.Error(err)
	}
	deleted, err := o.ecs.DeleteService(ctx, &sdk.DeleteServiceInput{Service: aws.String("cart"), Force: aws.Bool(true)})
	if err != nil || aws.ToString(deleted.Service.Status) == "ACTIVE" {
		t.Errorf("deleted: %+v (%v)", deleted, err)
	}
	if err := sdk.NewServicesInactiveWaiter(o.ecs, func(w *sdk.ServicesInactiveWaiterOptions) {
		w.MinDelay, w.MaxDelay = time.Millisecond, 10*time.Millisecond
	}).
		Wait(ctx, &sdk.DescribeServicesInput{Services: []string{"cart"}}, time.Minute); err != nil {
		t.Error(err)
	}
}

func TestWhatASetUpIsRefusedFor(t *testing.T) {
	o := newOutside(t)
	controller := func(c types.DeploymentControllerType, edit func(*sdk.CreateServiceInput)) error {
		in := &sdk.CreateServiceInput{
			ServiceName: aws.String("cart"), TaskDefinition: o.define(t, "cart"), DeploymentController: &types.DeploymentController{Type: c},
			LoadBalancers: []types.LoadBalancer{{TargetGroupArn: &o.groups[0], ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}},
		}
		edit(in)
		_, err := o.ecs.CreateService(t.Context(), in)
		return err
	}
	as := func(*sdk.CreateServiceInput) {}
	byECS := startECS(t, "check", nil)
	self := &outside{scenario: byECS, deploys: deploysdk.New(deploysdk.Options{
		BaseEndpoint: aws.String(byECS.EndpointURL()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})}
	self.listener = &elbtypes.Listener{ListenerArn: aws.String(byECS.productionARN(t))}
	tests := []struct {
		why  string
		err  error
		want string
	}{
		{"rolling updates", controller(types.DeploymentControllerTypeEcs, as), "no rolling updates"},
		{"another tool's deployments", controller(types.DeploymentControllerTypeExternal, as), "not EXTERNAL"},
		{"a strategy beside CodeDeploy's", controller(types.DeploymentControllerTypeCodeDeploy, func(in *sdk.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyCanary}
		}), "takes no deployment strategy"},
		{"several load balancers", controller(types.DeploymentControllerTypeCodeDeploy, func(in *sdk.CreateServiceInput) {
			in.LoadBalancers = append(in.LoadBalancers, in.LoadBalancers[0])
		}), "exactly one of loadBalancers"},
		{"a group for a service that isn't there", o.createGroup(t, "nobody"), "InvalidECSServiceException"},
		{"a second group for a service", o.createGroup(t, "service"), "ECSServiceMappingLimitExceededException"},
		{"a group for a service that ECS deploys itself", self.createGroup(t, "service"), "deployment controller is ECS, not CODE_DEPLOY"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", test.err, test.want)
			}
		})
	}
}

// productionARN is the ARN of the scenario's own production listener.
func (s *scenario) productionARN(t *testing.T) string {
	t.Helper()
	client := elbsdk.New(elbsdk.Options{
		BaseEndpoint: aws.String(s.EndpointURL()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	balancers, err := client.DescribeLoadBalancers(t.Context(), &elbsdk.DescribeLoadBalancersInput{})
	if err != nil {
		t.Fatal(err)
	}
	listeners, err := client.DescribeListeners(t.Context(), &elbsdk.DescribeListenersInput{LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(listeners.Listeners[0].ListenerArn)
}
