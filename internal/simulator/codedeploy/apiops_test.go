package codedeploy_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// neighbours lets groups be created over the API: the world's listeners and service can be found.
func neighbours(t *testing.T) *world {
	t.Helper()
	var w *world
	w = newWorldWith(t, func(c *codedeploy.Config) {
		c.Listener = func(arn string) (codedeploy.Listener, error) {
			for _, l := range []*listener{w.production, w.test} {
				if l.ARN() == arn {
					return l, nil
				}
			}
			return nil, errors.New("ListenerNotFound")
		}
		c.PrimaryTaskSet = func(cluster, service string) (codedeploy.TaskSet, error) {
			if cluster != "cluster" || service != "cart" {
				return codedeploy.TaskSet{}, errors.New("ServiceNotFoundException")
			}
			return codedeploy.TaskSet{ID: "ecs-svc/9", TaskDefinition: "cart:1", TargetGroup: "tg-1", Tasks: 1}, nil
		}
	}, nil)
	return w
}

// cartGroup is a deployment group as a client asks for it.
func cartGroup(w *world) *sdk.CreateDeploymentGroupInput {
	return &sdk.CreateDeploymentGroupInput{
		ApplicationName: aws.String("cart"), DeploymentGroupName: aws.String("cart-group"),
		ServiceRoleArn:       aws.String("arn:aws:iam::123456789012:role/deployer"),
		DeploymentConfigName: aws.String("CodeDeployDefault.ECSCanary10Percent5Minutes"),
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{
			Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure, types.AutoRollbackEventDeploymentStopOnAlarm},
		},
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		BlueGreenDeploymentConfiguration: &types.BlueGreenDeploymentConfiguration{
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 7},
			DeploymentReadyOption:                     &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionStopDeployment, WaitTimeInMinutes: 3},
		},
		EcsServices: []types.ECSService{{ClusterName: aws.String("cluster"), ServiceName: aws.String("cart")}},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{{
			TargetGroups:     []types.TargetGroupInfo{{Name: aws.String("tg-1")}, {Name: aws.String("tg-2")}},
			ProdTrafficRoute: &types.TrafficRoute{ListenerArns: []string{w.production.ARN()}},
			TestTrafficRoute: &types.TrafficRoute{ListenerArns: []string{w.test.ARN()}},
		}}},
	}
}

func createCart(t *testing.T, w *world, client *sdk.Client) {
	t.Helper()
	_, err := client.CreateApplication(t.Context(), &sdk.CreateApplicationInput{ApplicationName: aws.String("cart"), ComputePlatform: types.ComputePlatformEcs})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateDeploymentGroup(t.Context(), cartGroup(w)); err != nil {
		t.Fatal(err)
	}
}

// ignoreUnexported compares the SDK's types by what they show.
func ignoreUnexported() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		field, ok := p.Last().(cmp.StructField)
		return ok && field.Name() == "noSmithyDocumentSerde"
	}, cmp.Ignore())
}

func TestTheSDKManagesApplications(t *testing.T) {
	w := newWorld(t, nil)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	created, err := client.CreateApplication(ctx, &sdk.CreateApplicationInput{ApplicationName: aws.String("cart"), ComputePlatform: types.ComputePlatformLambda})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.GetApplication(ctx, &sdk.GetApplicationInput{ApplicationName: aws.String("cart")})
	if err != nil || *got.Application.ApplicationId != *created.ApplicationId || got.Application.ComputePlatform != types.ComputePlatformLambda || got.Application.CreateTime == nil {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = client.CreateApplication(ctx, &sdk.CreateApplicationInput{ApplicationName: aws.String("cart"), ComputePlatform: types.ComputePlatformEcs})
	wantType[*types.ApplicationAlreadyExistsException](t, err)
	_, err = client.CreateApplication(ctx, &sdk.CreateApplicationInput{ApplicationName: aws.String("servers"), ComputePlatform: types.ComputePlatformServer})
	wantType[*types.InvalidComputePlatformException](t, err)
	_, err = client.CreateApplication(ctx, &sdk.CreateApplicationInput{ApplicationName: aws.String(strings.Repeat("x", 101)), ComputePlatform: types.ComputePlatformEcs})
	wantType[*types.InvalidApplicationNameException](t, err)
	list, err := client.ListApplications(ctx, &sdk.ListApplicationsInput{})
	if diff := cmp.Diff([]string{"shop", "cart"}, list.Applications); diff != "" || err != nil {
		t.Errorf("%v, applications (-want +got):\n%s", err, diff)
	}
	for range 2 { // the second time there is nothing to delete, which is no error
		if _, err := client.DeleteApplication(ctx, &sdk.DeleteApplicationInput{ApplicationName: aws.String("cart")}); err != nil {
			t.Error(err)
		}
	}
	_, err = client.GetApplication(ctx, &sdk.GetApplicationInput{ApplicationName: aws.String("cart")})
	wantType[*types.ApplicationDoesNotExistException](t, err)
	if _, err := client.DeleteApplication(ctx, &sdk.DeleteApplicationInput{ApplicationName: aws.String("shop")}); err != nil {
		t.Error(err)
	}
	_, err = client.ListDeploymentGroups(ctx, &sdk.ListDeploymentGroupsInput{ApplicationName: aws.String("shop")})
	wantType[*types.ApplicationDoesNotExistException](t, err)
}

// wantType checks that the SDK knows an error for what it is.
func wantType[E error](t *testing.T, err error) {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Errorf("got %v, want %T", err, want)
	}
}

func TestTheSDKManagesDeploymentGroups(t *testing.T) {
	w := neighbours(t)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	createCart(t, w, client)
	name := func(group string) *sdk.GetDeploymentGroupInput {
		return &sdk.GetDeploymentGroupInput{ApplicationName: aws.String("cart"), DeploymentGroupName: aws.String(group)}
	}
	got, err := client.GetDeploymentGroup(ctx, name("cart-group"))
	if err != nil {
		t.Fatal(err)
	}
	g, asked := got.DeploymentGroupInfo, cartGroup(w)
	for what, pair := range map[string][2]any{
		"rollback":      {asked.AutoRollbackConfiguration, g.AutoRollbackConfiguration},
		"style":         {asked.DeploymentStyle, g.DeploymentStyle},
		"blue/green":    {asked.BlueGreenDeploymentConfiguration, g.BlueGreenDeploymentConfiguration},
		"load balancer": {asked.LoadBalancerInfo, g.LoadBalancerInfo},
		"services":      {asked.EcsServices, g.EcsServices},
		"role":          {asked.ServiceRoleArn, g.ServiceRoleArn},
		"configuration": {asked.DeploymentConfigName, g.DeploymentConfigName},
	} {
		if diff := cmp.Diff(pair[0], pair[1], ignoreUnexported()); diff != "" {
			t.Errorf("%s (-asked +got):\n%s", what, diff)
		}
	}
	_, err = client.CreateDeploymentGroup(ctx, cartGroup(w))
	wantType[*types.DeploymentGroupAlreadyExistsException](t, err)

	if _, err := client.UpdateDeploymentGroup(ctx, &sdk.UpdateDeploymentGroupInput{
		ApplicationName: aws.String("cart"), CurrentDeploymentGroupName: aws.String("cart-group"), NewDeploymentGroupName: aws.String("renamed"),
		DeploymentConfigName: aws.String("CodeDeployDefault.ECSAllAtOnce"),
	}); err != nil {
		t.Fatal(err)
	}
	got, err = client.GetDeploymentGroup(ctx, name("renamed"))
	if err != nil || *got.DeploymentGroupInfo.DeploymentConfigName != "CodeDeployDefault.ECSAllAtOnce" || *got.DeploymentGroupInfo.ServiceRoleArn != *asked.ServiceRoleArn {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = client.GetDeploymentGroup(ctx, name("cart-group"))
	wantType[*types.DeploymentGroupDoesNotExistException](t, err)
	batch, err := client.BatchGetDeploymentGroups(ctx, &sdk.BatchGetDeploymentGroupsInput{ApplicationName: aws.String("cart"), DeploymentGroupNames: []string{"renamed", "x"}})
	if err != nil || len(batch.DeploymentGroupsInfo) != 1 || !strings.Contains(aws.ToString(batch.ErrorMessage), "x") {
		t.Errorf("got %+v, %v", batch, err)
	}
	list, err := client.ListDeploymentGroups(ctx, &sdk.ListDeploymentGroupsInput{ApplicationName: aws.String("cart")})
	if err != nil || !slices.Equal(list.DeploymentGroups, []string{"renamed"}) || *list.ApplicationName != "cart" {
		t.Errorf("got %+v, %v", list, err)
	}
	for range 2 { // the second time there is nothing to delete, which is no error
		if _, err := client.DeleteDeploymentGroup(ctx, &sdk.DeleteDeploymentGroupInput{ApplicationName: aws.String("cart"), DeploymentGroupName: aws.String("renamed")}); err != nil {
			t.Error(err)
		}
	}
	_, err = client.GetDeploymentGroup(ctx, name("renamed"))
	wantType[*types.DeploymentGroupDoesNotExistException](t, err)
}

func TestWhatADeploymentGroupMayNotBeOverTheAPI(t *testing.T) {
	tests := []struct {
		why  string
		edit func(*sdk.CreateDeploymentGroupInput)
		want smithy.APIError
	}{
		{"of an unknown application", func(in *sdk.CreateDeploymentGroupInput) { in.ApplicationName = aws.String("x") }, &types.ApplicationDoesNotExistException{}},
		{"without a name", func(in *sdk.CreateDeploymentGroupInput) { in.DeploymentGroupName = aws.String("") }, &types.DeploymentGroupNameRequiredException{}},
		{"with too long a name", func(in *sdk.CreateDeploymentGroupInput) {
			in.DeploymentGroupName = aws.String(strings.Repeat("x", 101))
		}, &types.InvalidDeploymentGroupNameException{}},
		{"without a role", func(in *sdk.CreateDeploymentGroupInput) { in.ServiceRoleArn = aws.String("") }, &types.RoleRequiredException{}},
		{"with an unknown configuration", func(in *sdk.CreateDeploymentGroupInput) { in.DeploymentConfigName = aws.String("x") }, &types.DeploymentConfigDoesNotExistException{}},
		{"with a configuration for Lambda", func(in *sdk.CreateDeploymentGroupInput) {
			in.DeploymentConfigName = aws.String("CodeDeployDefault.LambdaAllAtOnce")
		}, &types.InvalidTrafficRoutingConfigurationException{}},
		{"in place", func(in *sdk.CreateDeploymentGroupInput) {
			in.DeploymentStyle.DeploymentType = types.DeploymentTypeInPlace
		}, &types.InvalidDeploymentStyleException{}},
		{"without a service", func(in *sdk.CreateDeploymentGroupInput) { in.EcsServices = nil }, &types.InvalidECSServiceException{}},
		{"with two services", func(in *sdk.CreateDeploymentGroupInput) {
			in.EcsServices = append(in.EcsServices, in.EcsServices...)
		}, &types.InvalidECSServiceException{}},
		{"with an unknown service", func(in *sdk.CreateDeploymentGroupInput) { in.EcsServices[0].ServiceName = aws.String("x") }, &types.InvalidECSServiceException{}},
		{"without a load balancer", func(in *sdk.CreateDeploymentGroupInput) { in.LoadBalancerInfo = nil }, &types.InvalidLoadBalancerInfoException{}},
		{"with one target group", func(in *sdk.CreateDeploymentGroupInput) {
			in.LoadBalancerInfo.TargetGroupPairInfoList[0].TargetGroups = in.LoadBalancerInfo.TargetGroupPairInfoList[0].TargetGroups[:1]
		}, &types.InvalidTargetGroupPairException{}},
		{"with an unknown listener", func(in *sdk.CreateDeploymentGroupInput) {
			in.LoadBalancerInfo.TargetGroupPairInfoList[0].TestTrafficRoute.ListenerArns[0] = "x"
		}, &types.InvalidLoadBalancerInfoException{}},
		{"with a service in other target groups", func(in *sdk.CreateDeploymentGroupInput) {
			in.LoadBalancerInfo.TargetGroupPairInfoList[0].TargetGroups[0].Name = aws.String("tg-3")
		}, &types.InvalidInputException{}},
		{"keeping blue", func(in *sdk.CreateDeploymentGroupInput) {
			in.BlueGreenDeploymentConfiguration.TerminateBlueInstancesOnDeploymentSuccess.Action = types.InstanceActionKeepAlive
		}, &types.InvalidBlueGreenDeploymentConfigurationException{}},
		{"stopping after no time", func(in *sdk.CreateDeploymentGroupInput) {
			in.BlueGreenDeploymentConfiguration.DeploymentReadyOption.WaitTimeInMinutes = 0
		}, &types.InvalidBlueGreenDeploymentConfigurationException{}},
		{"waiting longer than two days", func(in *sdk.CreateDeploymentGroupInput) {
			in.BlueGreenDeploymentConfiguration.TerminateBlueInstancesOnDeploymentSuccess.TerminationWaitTimeInMinutes = 2881
		}, &types.InvalidBlueGreenDeploymentConfigurationException{}},
		{"rolling back at full moon", func(in *sdk.CreateDeploymentGroupInput) {
			in.AutoRollbackConfiguration.Events[0] = "FULL_MOON"
		}, &types.InvalidAutoRollbackConfigException{}},
	}
	w := neighbours(t)
	client, _ := serve(t, w, 1)
	if err := w.CreateApplication("cart", codedeploy.PlatformECS); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			in := cartGroup(w)
			test.edit(in)
			_, err := client.CreateDeploymentGroup(t.Context(), in)
			wantSame(t, err, test.want)
		})
	}
}

// wantSame checks that the SDK makes an error of the same type of what was answered.
func wantSame(t *testing.T, err error, want smithy.APIError) {
	t.Helper()
	said := smithy.APIError(nil)
	if !errors.As(err, &said) || reflect.TypeOf(said) != reflect.TypeOf(want) {
		t.Errorf("got %v, want %s", err, want.ErrorCode())
	}
}

func TestADeploymentKeepsTheSettingsThatItWasCreatedWith(t *testing.T) {
	w, reached := paused(t)
	client, _ := serve(t, w, 1)
	id := w.create(t, map[codedeploy.Event]string{codedeploy.BeforeInstall: "f"})
	hook := <-reached
	if _, err := client.UpdateDeploymentGroup(t.Context(), &sdk.UpdateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), CurrentDeploymentGroupName: aws.String("shop-group"),
		DeploymentConfigName:      aws.String("CodeDeployDefault.ECSCanary10Percent5Minutes"),
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{},
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.report(hook, "Succeeded"); err != nil {
		t.Fatal(err)
	}
	d := w.wait(t, id)
	if d.Config != "CodeDeployDefault.ECSAllAtOnce" || len(d.AutoRollback) != 1 {
		t.Errorf("it ran with %s, rollback on %v", d.Config, d.AutoRollback)
	}
	if diff := cmp.Diff([]int{100}, w.production.history()); diff != "" {
		t.Errorf("green's weights (-want +got):\n%s", diff)
	}
}

func TestWhatIsQueuedInADeletedGroupFails(t *testing.T) {
	bubble(t, "when its turn comes", func(t *testing.T) {
		w, first, second, hook := queueing(t)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"applicationName":"shop","deploymentGroupName":"shop-group"}`))
		r.Header.Set("X-Amz-Target", "CodeDeploy_20141006.DeleteDeploymentGroup")
		answer := httptest.NewRecorder()
		w.Endpoint().ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			t.Fatal(answer.Body)
		}
		if err := w.report(hook, "Succeeded"); err != nil {
			t.Fatal(err)
		}
		one, two := w.wait(t, first), w.wait(t, second)
		if one.Status != codedeploy.Succeeded || two.Status != codedeploy.Failed || two.Error.Code != "DEPLOYMENT_GROUP_MISSING" {
			t.Errorf("the first %s, the second %s with %v", one.Status, two.Status, two.Error)
		}
	})
}

func TestTheSDKManagesDeploymentConfigurations(t *testing.T) {
	w := newWorld(t, nil)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	canary := func(percent, minutes int32) *types.TrafficRoutingConfig {
		return &types.TrafficRoutingConfig{Type: types.TrafficRoutingTypeTimeBasedCanary, TimeBasedCanary: &types.TimeBasedCanary{CanaryPercentage: percent, CanaryInterval: minutes}}
	}
	linear := func(percent, minutes int32) *types.TrafficRoutingConfig {
		return &types.TrafficRoutingConfig{Type: types.TrafficRoutingTypeTimeBasedLinear, TimeBasedLinear: &types.TimeBasedLinear{LinearPercentage: percent, LinearInterval: minutes}}
	}
	create := func(name string, platform types.ComputePlatform, routing *types.TrafficRoutingConfig) error {
		_, err := client.CreateDeploymentConfig(ctx, &sdk.CreateDeploymentConfigInput{DeploymentConfigName: aws.String(name), ComputePlatform: platform, TrafficRoutingConfig: routing})
		return err
	}
	for name, routing := range map[string]*types.TrafficRoutingConfig{
		"canary": canary(25, 2), "linear": linear(20, 4), "at once": {Type: types.TrafficRoutingTypeAllAtOnce}, "two days": canary(1, 2880),
	} {
		if err := create(name, types.ComputePlatformLambda, routing); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := client.GetDeploymentConfig(ctx, &sdk.GetDeploymentConfigInput{DeploymentConfigName: aws.String(name)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		info := got.DeploymentConfigInfo
		if diff := cmp.Diff(routing, info.TrafficRoutingConfig, ignoreUnexported()); diff != "" || info.ComputePlatform != types.ComputePlatformLambda || info.CreateTime == nil {
			t.Errorf("%+v, routing (-want +got):\n%s", info, diff)
		}
	}
	for why, routing := range map[string]*types.TrafficRoutingConfig{
		"no routing": nil, "no settings": {Type: types.TrafficRoutingTypeTimeBasedCanary}, "0 percent": linear(0, 1), "100 percent": canary(100, 1),
		"no time": canary(10, 0), "more than two days": canary(10, 2881), "more than two days in all": linear(10, 321), "another kind": {Type: "Moon"},
	} {
		t.Run(why, func(t *testing.T) {
			wantType[*types.InvalidTrafficRoutingConfigurationException](t, create("bad", types.ComputePlatformEcs, routing))
		})
	}
	wantType[*types.InvalidComputePlatformException](t, create("bad", types.ComputePlatformServer, canary(10, 1)))
	wantType[*types.DeploymentConfigAlreadyExistsException](t, create("canary", types.ComputePlatformEcs, canary(10, 1)))
	builtIn, err := client.GetDeploymentConfig(ctx, &sdk.GetDeploymentConfigInput{DeploymentConfigName: aws.String("CodeDeployDefault.ECSLinear10PercentEvery3Minutes")})
	if err != nil || builtIn.DeploymentConfigInfo.TrafficRoutingConfig.TimeBasedLinear.LinearInterval != 3 {
		t.Errorf("got %+v, %v", builtIn, err)
	}
	if created := builtIn.DeploymentConfigInfo.CreateTime; created != nil {
		t.Errorf("a configuration that nobody created was created at %v", created)
	}
	list, err := client.ListDeploymentConfigs(ctx, &sdk.ListDeploymentConfigsInput{})
	if err != nil || len(list.DeploymentConfigsList) != len(codedeploy.BuiltInConfigs())+4 {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := client.DeleteDeploymentConfig(ctx, &sdk.DeleteDeploymentConfigInput{DeploymentConfigName: aws.String("canary")}); err != nil {
		t.Error(err)
	}
	_, err = client.GetDeploymentConfig(ctx, &sdk.GetDeploymentConfigInput{DeploymentConfigName: aws.String("canary")})
	wantType[*types.DeploymentConfigDoesNotExistException](t, err)
}

func TestTheSDKListsDeployments(t *testing.T) {
	w := newWorld(t, nil)
	w.failAt("fails")
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	good := w.deploy(t, nil).ID
	bad := w.deploy(t, map[codedeploy.Event]string{codedeploy.AfterInstall: "fails"})
	back := w.wait(t, bad.Rollback.DeploymentID).ID
	shop, group := aws.String("shop"), aws.String("shop-group")
	before, after := good, time.Now().Add(time.Hour)
	tests := []struct {
		why  string
		in   sdk.ListDeploymentsInput
		want []string
	}{
		{"all, the latest first", sdk.ListDeploymentsInput{}, []string{back, bad.ID, before}},
		{"of a group", sdk.ListDeploymentsInput{ApplicationName: shop, DeploymentGroupName: group}, []string{back, bad.ID, good}},
		{"that failed", sdk.ListDeploymentsInput{IncludeOnlyStatuses: []types.DeploymentStatus{types.DeploymentStatusFailed, types.DeploymentStatusQueued}}, []string{bad.ID}},
		{"from now on", sdk.ListDeploymentsInput{CreateTimeRange: &types.TimeRange{Start: &after}}, nil},
		{"until then", sdk.ListDeploymentsInput{CreateTimeRange: &types.TimeRange{End: &after}}, []string{back, bad.ID, good}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			out, err := client.ListDeployments(ctx, &test.in)
			if err != nil || !slices.Equal(out.Deployments, test.want) {
				t.Errorf("got %+v, %v, want %v", out, err, test.want)
			}
		})
	}
	_, err := client.ListDeployments(ctx, &sdk.ListDeploymentsInput{ApplicationName: shop})
	wantType[*types.DeploymentGroupNameRequiredException](t, err)
	_, err = client.ListDeployments(ctx, &sdk.ListDeploymentsInput{DeploymentGroupName: group})
	wantType[*types.ApplicationNameRequiredException](t, err)
	_, err = client.ListDeployments(ctx, &sdk.ListDeploymentsInput{IncludeOnlyStatuses: []types.DeploymentStatus{"Odd"}})
	wantType[*types.InvalidDeploymentStatusException](t, err)
	_, err = client.ListDeployments(ctx, &sdk.ListDeploymentsInput{NextToken: aws.String("x")})
	wantType[*types.InvalidNextTokenException](t, err)
	now := time.Now()
	_, err = client.ListDeployments(ctx, &sdk.ListDeploymentsInput{CreateTimeRange: &types.TimeRange{Start: &after, End: &now}})
	wantType[*types.InvalidTimeRangeException](t, err)

	batch, err := client.BatchGetDeployments(ctx, &sdk.BatchGetDeploymentsInput{DeploymentIds: []string{good, "d-ABCDEFGH0", bad.ID}})
	if err != nil || len(batch.DeploymentsInfo) != 2 || *batch.DeploymentsInfo[1].DeploymentId != bad.ID {
		t.Errorf("got %+v, %v", batch, err)
	}
	_, err = client.BatchGetDeployments(ctx, &sdk.BatchGetDeploymentsInput{DeploymentIds: slices.Repeat([]string{good}, 26)})
	wantType[*types.BatchLimitExceededException](t, err)
	_, err = client.BatchGetDeployments(ctx, &sdk.BatchGetDeploymentsInput{DeploymentIds: []string{"x"}})
	wantType[*types.InvalidDeploymentIdException](t, err)
	_, err = client.BatchGetDeployments(ctx, &sdk.BatchGetDeploymentsInput{DeploymentIds: []string{}})
	wantType[*types.DeploymentIdRequiredException](t, err)
}

func TestListsComeInPages(t *testing.T) {
	w := newWorld(t, nil)
	want := []string{"shop"}
	for i := range 250 {
		name := "application-" + strconv.Itoa(i)
		if err := w.CreateApplication(name, codedeploy.PlatformECS); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	client, _ := serve(t, w, 1)
	var got []string
	pages := sdk.NewListApplicationsPaginator(client, &sdk.ListApplicationsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Applications...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("applications (-want +got):\n%s", diff)
	}
}

func TestTheSDKRegistersARevision(t *testing.T) {
	w := newWorld(t, nil)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	revision := &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: aws.String(appSpecYAML)}}
	if _, err := client.RegisterApplicationRevision(ctx, &sdk.RegisterApplicationRevisionInput{ApplicationName: aws.String("shop"), Revision: revision, Description: aws.String("spring")}); err != nil {
		t.Fatal(err)
	}
	get := func() *sdk.GetApplicationRevisionOutput {
		out, err := client.GetApplicationRevision(ctx, &sdk.GetApplicationRevisionInput{ApplicationName: aws.String("shop"), Revision: revision})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := get(); *out.RevisionInfo.Description != "spring" || out.RevisionInfo.FirstUsedTime != nil || len(out.RevisionInfo.DeploymentGroups) != 0 || *out.Revision.AppSpecContent.Content != appSpecYAML {
		t.Errorf("registered: %+v", out.RevisionInfo)
	}
	created, err := client.CreateDeployment(ctx, &sdk.CreateDeploymentInput{ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("shop-group"), Revision: revision})
	if err != nil {
		t.Fatal(err)
	}
	w.wait(t, *created.DeploymentId)
	if out := get(); out.RevisionInfo.FirstUsedTime == nil || out.RevisionInfo.LastUsedTime == nil || !slices.Equal(out.RevisionInfo.DeploymentGroups, []string{"shop-group"}) {
		t.Errorf("deployed: %+v", out.RevisionInfo)
	}
	_, err = client.RegisterApplicationRevision(ctx, &sdk.RegisterApplicationRevisionInput{ApplicationName: aws.String("x"), Revision: revision})
	wantType[*types.ApplicationDoesNotExistException](t, err)
	revision.AppSpecContent.Content = aws.String("{}")
	_, err = client.RegisterApplicationRevision(ctx, &sdk.RegisterApplicationRevisionInput{ApplicationName: aws.String("shop"), Revision: revision})
	wantType[*types.InvalidRevisionException](t, err)
}

func TestTheSDKContinuesADeployment(t *testing.T) {
	w := newWorld(t, func(g *codedeploy.Group) { g.RerouteWait = time.Hour })
	client, _ := serve(t, w, 1)
	ready := make(chan struct{}, 1)
	w.onChange = func(c codedeploy.Change) {
		if c.Event == nil && c.Deployment.Status == codedeploy.Ready {
			ready <- struct{}{}
		}
	}
	id := w.create(t, nil)
	<-ready
	got, err := client.GetDeployment(t.Context(), &sdk.GetDeploymentInput{DeploymentId: &id})
	if err != nil || got.DeploymentInfo.Status != types.DeploymentStatusReady || got.DeploymentInfo.DeploymentOverview.Ready != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = client.ContinueDeployment(t.Context(), &sdk.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: types.DeploymentWaitTypeTerminationWait})
	wantType[*types.DeploymentIsNotInReadyStateException](t, err)
	_, err = client.SkipWaitTimeForInstanceTermination(t.Context(), &sdk.SkipWaitTimeForInstanceTerminationInput{DeploymentId: &id}) //nolint:staticcheck // older tools send it
	wantType[*types.DeploymentNotStartedException](t, err)
	_, err = client.ContinueDeployment(t.Context(), &sdk.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: "x"})
	wantType[*types.InvalidDeploymentWaitTypeException](t, err)
	if _, err := client.ContinueDeployment(t.Context(), &sdk.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: types.DeploymentWaitTypeReadyWait}); err != nil {
		t.Fatal(err)
	}
	w.wait(t, id)
	_, err = client.ContinueDeployment(t.Context(), &sdk.ContinueDeploymentInput{DeploymentId: &id})
	wantType[*types.DeploymentAlreadyCompletedException](t, err)
}

func TestEverySupportedOperationIsAnswered(t *testing.T) {
	endpoint := newWorld(t, nil).Endpoint()
	operations := codedeploy.SupportedOperations()
	if !slices.IsSorted(operations) || len(operations) < 20 {
		t.Errorf("operations: %v", operations)
	}
	for _, operation := range operations {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
		r.Header.Set("X-Amz-Target", "CodeDeploy_20141006."+operation)
		answer := httptest.NewRecorder()
		endpoint.ServeHTTP(answer, r)
		if answer.Code == http.StatusInternalServerError || strings.Contains(answer.Body.String(), codedeploy.UnknownOperation) {
			t.Errorf("%s: %d %s", operation, answer.Code, answer.Body)
		}
	}
}

func TestTheOldestRevisionsAreForgotten(t *testing.T) {
	w := newWorldWith(t, func(c *codedeploy.Config) { c.History = 2 }, nil)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	revision := func(definition string) *types.RevisionLocation {
		content := codedeploy.AppSpec{TaskDefinition: definition}.Content()
		return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &content}}
	}
	for _, definition := range []string{"shop:1", "shop:2", "shop:1", "shop:3"} { // the first comes to mind again
		if _, err := client.RegisterApplicationRevision(ctx, &sdk.RegisterApplicationRevisionInput{ApplicationName: aws.String("shop"), Revision: revision(definition)}); err != nil {
			t.Fatal(err)
		}
	}
	for definition, known := range map[string]bool{"shop:1": true, "shop:2": false, "shop:3": true} {
		_, err := client.GetApplicationRevision(ctx, &sdk.GetApplicationRevisionInput{ApplicationName: aws.String("shop"), Revision: revision(definition)})
		if !known {
			wantType[*types.RevisionDoesNotExistException](t, err)
		} else if err != nil {
			t.Errorf("%s: %v", definition, err)
		}
	}
}

func TestTargetsAreFilteredByTheirStatus(t *testing.T) {
	w := newWorld(t, nil)
	client, _ := serve(t, w, 1)
	id := w.deploy(t, nil).ID
	list := func(name string, statuses ...string) ([]string, error) {
		out, err := client.ListDeploymentTargets(t.Context(), &sdk.ListDeploymentTargetsInput{DeploymentId: &id, TargetFilters: map[string][]string{name: statuses}})
		if err != nil {
			return nil, err
		}
		return out.TargetIds, nil
	}
	if got, err := list("TargetStatus", "Failed", "Succeeded"); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := list("TargetStatus", "Failed"); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	_, err := list("ServerInstanceLabel", "Green")
	wantType[*types.InvalidTargetFilterNameException](t, err)
}

func TestAGroupMadeOverTheAPICanBeDeployedTo(t *testing.T) {
	w := neighbours(t)
	w.ecs.running["ecs-svc/9"] = "tg-1"
	reached := make(chan call, 1)
	w.hook = func(c call) { reached <- c }
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	if err := w.CreateApplication("cart", codedeploy.PlatformECS); err != nil {
		t.Fatal(err)
	}
	in := cartGroup(w)
	in.DeploymentConfigName, in.BlueGreenDeploymentConfiguration = nil, nil
	if _, err := client.CreateDeploymentGroup(ctx, in); err != nil {
		t.Fatal(err)
	}
	spec := codedeploy.AppSpec{TaskDefinition: "cart:2", Hooks: map[codedeploy.Event]string{codedeploy.BeforeInstall: "f"}}
	id, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "cart", Group: "cart-group", AppSpec: spec})
	if err != nil {
		t.Fatal(err)
	}
	hook := <-reached
	if err := w.report(hook, "Succeeded"); err != nil {
		t.Fatal(err)
	}
	d := w.wait(t, id)
	if d.Status != codedeploy.Succeeded || d.Original.ID != "ecs-svc/9" || w.production.Weights()["tg-2"] != 100 {
		t.Errorf("%s from %s to %v: %v", d.Status, d.Original.ID, w.production.Weights(), d.Error)
	}
	if _, runs := w.ecs.sets()["ecs-svc/9"]; runs {
		t.Errorf("blue still runs: %v", w.ecs.sets())
	}
}

func TestAGroupMovesToAnotherServiceOnlyBetweenDeployments(t *testing.T) {
	w := neighbours(t)
	reached := make(chan call, 1)
	w.hook = func(c call) { reached <- c }
	client, _ := serve(t, w, 1)
	move := func() error {
		_, err := client.UpdateDeploymentGroup(t.Context(), &sdk.UpdateDeploymentGroupInput{
			ApplicationName: aws.String("shop"), CurrentDeploymentGroupName: aws.String("shop-group"),
			EcsServices: []types.ECSService{{ClusterName: aws.String("cluster"), ServiceName: aws.String("cart")}},
		})
		return err
	}
	id := w.create(t, map[codedeploy.Event]string{codedeploy.BeforeInstall: "f"})
	hook := <-reached
	wantType[*types.InvalidECSServiceException](t, move())
	if err := w.report(hook, "Succeeded"); err != nil {
		t.Fatal(err)
	}
	w.wait(t, id)
	if err := move(); err != nil {
		t.Fatal(err)
	}
	id = w.create(t, nil)
	if d := w.wait(t, id); d.Original.ID != "ecs-svc/9" {
		t.Errorf("the next deployment goes from %s", d.Original.ID)
	}
}
