//go:build unix

package simulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	deploysdk "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	ecssdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbsdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// gate is what a hook that looks for green holds: AWS's clients, and the events that it was called with. It stands in the test,
// so that a hook is still in progress while the test looks around.
type gate struct {
	t       *testing.T
	events  chan []byte
	answers chan string // of hooks of ECS, which wait for them

	body    []byte // of the last answer in JSON
	deploys *deploysdk.Client
	ecs     *ecssdk.Client
	elb     *elbsdk.Client
}

// newGate is a gate that gets the events of the function named hook.
func newGate(t *testing.T, answers bool) (g *gate, function lambda.Function) {
	t.Helper()
	g = &gate{t: t, events: make(chan []byte), answers: make(chan string)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, _ := io.ReadAll(r.Body)
		g.events <- event
		if answers {
			_, _ = io.WriteString(w, <-g.answers)
		}
	}))
	t.Cleanup(server.Close)
	return g, lambda.Function{Name: "hook", Webhook: server.URL, Timeout: time.Minute}
}

// connect makes the gate's clients.
func (g *gate) connect(endpoint string) {
	config := aws.Config{
		BaseEndpoint: &endpoint, Region: "us-east-1", RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: g},
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
	g.deploys, g.ecs, g.elb = deploysdk.NewFromConfig(config), ecssdk.NewFromConfig(config), elbsdk.NewFromConfig(config)
}

// RoundTrip keeps the answer.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if g.body, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(g.body))
	return resp, nil
}

// read is what an operation must answer: with members alone that the SDK's model of it has, of the model's types.
func read[T any](g *gate) func(T, error) T {
	return func(out T, err error) T {
		g.t.Helper()
		if err != nil {
			g.t.Fatal(err)
		}
		var raw any
		if json.Unmarshal(g.body, &raw) == nil { // Elastic Load Balancing answers in XML
			for _, problem := range unmodelled("", raw, reflect.TypeOf(out)) {
				g.t.Errorf("%T: %s", out, problem)
			}
		}
		return out
	}
}

// unmodelled lists what in a JSON value isn't in the SDK's type for it.
func unmodelled(at string, v any, model reflect.Type) (problems []string) {
	for model.Kind() == reflect.Pointer {
		model = model.Elem()
	}
	kind, fits := model.Kind(), false
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			problems = append(problems, unmodelledMember(at+"."+name, name, member, model)...)
		}
		return problems
	case []any:
		if fits = kind == reflect.Slice; fits {
			for i, member := range v {
				problems = append(problems, unmodelled(fmt.Sprintf("%s[%d]", at, i), member, model.Elem())...)
			}
		}
	case string:
		fits = kind == reflect.String
	case bool:
		fits = kind == reflect.Bool
	case float64:
		fits = kind >= reflect.Int && kind <= reflect.Float64 || model == reflect.TypeFor[time.Time]()
	}
	if !fits {
		problems = append(problems, fmt.Sprintf("%s is %T, and %v in the model", at, v, model))
	}
	return problems
}

// unmodelledMember does that for a member of an object.
func unmodelledMember(at, name string, member any, model reflect.Type) []string {
	switch model.Kind() {
	case reflect.Struct:
		field, known := model.FieldByNameFunc(func(f string) bool { return strings.EqualFold(strings.TrimSuffix(f, "_"), name) })
		if !known {
			return []string{at + " is not in the model"}
		}
		return unmodelled(at, member, field.Type)
	case reflect.Map:
		return unmodelled(at, member, model.Elem())
	case reflect.Interface: // a document of any shape
		return nil
	}
	return []string{fmt.Sprintf("%s is a member of what is %v in the model", at, model)}
}

// around is what a hook finds around it.
type around struct {
	Event            string // the one that is in progress
	Blue, Green      string // weight in percent, and status of the task set
	Production, Test string // who answers there
	Targets          string // the health of green's
	External         bool   // whether a task set of the service names the deployment
}

// look finds green as a gate does that knows nothing but the deployment's id.
func (g *gate) look(id string) around {
	g.t.Helper()
	ctx := g.t.Context()
	d := read[*deploysdk.GetDeploymentOutput](g)(g.deploys.GetDeployment(ctx, &deploysdk.GetDeploymentInput{DeploymentId: &id})).DeploymentInfo
	if d.ComputePlatform != deploytypes.ComputePlatformEcs || d.Creator != deploytypes.DeploymentCreatorUser || d.Status != deploytypes.DeploymentStatusInProgress ||
		d.DeploymentOverview.InProgress != 1 || d.LoadBalancerInfo == nil || d.StartTime == nil || d.RollbackInfo != nil {
		g.t.Errorf("the deployment: %+v", d)
	}
	revision := read[*deploysdk.GetApplicationRevisionOutput](g)(g.deploys.GetApplicationRevision(ctx, &deploysdk.GetApplicationRevisionInput{ApplicationName: d.ApplicationName, Revision: d.Revision}))
	if !strings.Contains(*revision.Revision.AppSpecContent.Content, `"shop:2"`) {
		g.t.Errorf("the AppSpec: %s", *revision.Revision.AppSpecContent.Content)
	}
	group := read[*deploysdk.GetDeploymentGroupOutput](g)(g.deploys.GetDeploymentGroup(ctx, &deploysdk.GetDeploymentGroupInput{
		ApplicationName: d.ApplicationName, DeploymentGroupName: d.DeploymentGroupName,
	})).DeploymentGroupInfo
	pair := group.LoadBalancerInfo.TargetGroupPairInfoList[0]
	names := []string{*pair.TargetGroups[0].Name, *pair.TargetGroups[1].Name}
	groups := read[*elbsdk.DescribeTargetGroupsOutput](g)(g.elb.DescribeTargetGroups(ctx, &elbsdk.DescribeTargetGroupsInput{Names: names})).TargetGroups
	found := around{
		Production: get(g.t, g.urlOf(pair.ProdTrafficRoute.ListenerArns[0])), Test: get(g.t, g.urlOf(pair.TestTrafficRoute.ListenerArns[0])),
		Targets: g.health(*groups[1].TargetGroupArn),
	}
	g.lookAtTarget(d, &found)
	services := read[*ecssdk.DescribeServicesOutput](g)(g.ecs.DescribeServices(ctx, &ecssdk.DescribeServicesInput{
		Cluster: group.EcsServices[0].ClusterName, Services: []string{*group.EcsServices[0].ServiceName}, Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags},
	}))
	for _, set := range services.Services[0].TaskSets {
		found.External = found.External || aws.ToString(set.ExternalId) == id
	}
	return found
}

// lookAtTarget finds the event and the task sets.
func (g *gate) lookAtTarget(d *deploytypes.DeploymentInfo, found *around) {
	g.t.Helper()
	ctx := g.t.Context()
	ids := read[*deploysdk.ListDeploymentTargetsOutput](g)(g.deploys.ListDeploymentTargets(ctx, &deploysdk.ListDeploymentTargetsInput{DeploymentId: d.DeploymentId})).TargetIds
	target := read[*deploysdk.BatchGetDeploymentTargetsOutput](g)(g.deploys.BatchGetDeploymentTargets(ctx, &deploysdk.BatchGetDeploymentTargetsInput{
		DeploymentId: d.DeploymentId, TargetIds: ids,
	})).DeploymentTargets[0].EcsTarget
	for _, e := range target.LifecycleEvents {
		if e.Status == deploytypes.LifecycleEventStatusInProgress {
			found.Event += *e.LifecycleEventName
		}
	}
	for _, set := range target.TaskSetsInfo {
		text := fmt.Sprintf("%s %g %s", *set.TargetGroup.Name, set.TrafficWeight, *set.Status)
		switch set.TaskSetLabel {
		case deploytypes.TargetLabelBlue:
			found.Blue = text
		case deploytypes.TargetLabelGreen:
			found.Green = text
		}
	}
}

// urlOf is where a listener answers: its load balancer's name with its own port.
func (g *gate) urlOf(listenerARN string) string {
	g.t.Helper()
	l := read[*elbsdk.DescribeListenersOutput](g)(g.elb.DescribeListeners(g.t.Context(), &elbsdk.DescribeListenersInput{ListenerArns: []string{listenerARN}})).Listeners[0]
	if forward := l.DefaultActions[0].ForwardConfig; l.DefaultActions[0].TargetGroupArn != nil || len(forward.TargetGroups) != 2 {
		g.t.Errorf("both groups stay attached, and neither is the one: %+v", l.DefaultActions)
	}
	balancer := read[*elbsdk.DescribeLoadBalancersOutput](g)(g.elb.DescribeLoadBalancers(g.t.Context(), &elbsdk.DescribeLoadBalancersInput{
		LoadBalancerArns: []string{*l.LoadBalancerArn},
	})).LoadBalancers[0]
	rules := read[*elbsdk.DescribeRulesOutput](g)(g.elb.DescribeRules(g.t.Context(), &elbsdk.DescribeRulesInput{ListenerArn: &listenerARN})).Rules
	if len(rules) != 1 || !aws.ToBool(rules[0].IsDefault) || cmp.Diff(len(rules[0].Actions), len(l.DefaultActions)) != "" {
		g.t.Errorf("rules: %+v", rules)
	}
	return fmt.Sprintf("%s://%s:%d", strings.ToLower(string(l.Protocol)), *balancer.DNSName, *l.Port)
}

// health lists the states of a group's targets.
func (g *gate) health(groupARN string) string {
	g.t.Helper()
	var states []string
	for _, d := range read[*elbsdk.DescribeTargetHealthOutput](g)(g.elb.DescribeTargetHealth(g.t.Context(), &elbsdk.DescribeTargetHealthInput{TargetGroupArn: &groupARN})).TargetHealthDescriptions {
		states = append(states, string(d.TargetHealth.State))
	}
	return strings.Join(states, " ")
}

func TestAHookOfCodeDeployFindsGreenThroughTheAPIs(t *testing.T) {
	g, function := newGate(t, false)
	s := start(t, nil)
	g.connect(s.EndpointURL())
	if err := s.CreateFunction(function); err != nil {
		t.Fatal(err)
	}
	a := codedeploy.AppSpec{TaskDefinition: "shop:2", Hooks: map[codedeploy.Event]string{}}
	for _, event := range every() {
		a.Hooks[event] = function.Name
	}
	id, err := s.Create(a)
	if err != nil {
		t.Fatal(err)
	}
	const before, green = "tg-1 100 PRIMARY", "tg-2 0 ACTIVE"
	for _, want := range []around{
		{Event: "BeforeInstall", Blue: before, Production: "shop:1", Test: "shop:1"},
		{Event: "AfterInstall", Blue: before, Green: green, Production: "shop:1", Test: "shop:1", Targets: "healthy", External: true},
		{Event: "AfterAllowTestTraffic", Blue: before, Green: green, Production: "shop:1", Test: "shop:2", Targets: "healthy", External: true},
		{Event: "BeforeAllowTraffic", Blue: before, Green: green, Production: "shop:1", Test: "shop:2", Targets: "healthy", External: true},
		{Event: "AfterAllowTraffic", Blue: "tg-1 0 ACTIVE", Green: "tg-2 100 PRIMARY", Production: "shop:2", Test: "shop:2", Targets: "healthy", External: true},
	} {
		var event struct {
			DeploymentID string `json:"DeploymentId"`
			ExecutionID  string `json:"LifecycleEventHookExecutionId"`
		}
		if err := json.Unmarshal(<-g.events, &event); err != nil || event.DeploymentID != id {
			t.Fatalf("event %+v of deployment %s: %v", event, id, err)
		}
		if diff := cmp.Diff(want, g.look(id)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Event, diff)
		}
		read[*deploysdk.PutLifecycleEventHookExecutionStatusOutput](g)(g.deploys.PutLifecycleEventHookExecutionStatus(t.Context(), &deploysdk.PutLifecycleEventHookExecutionStatusInput{
			DeploymentId: &id, LifecycleEventHookExecutionId: &event.ExecutionID, Status: deploytypes.LifecycleEventStatusSucceeded,
		}))
	}
	if outcome, err := s.Wait(t.Context(), id); err != nil || outcome.Deployment.Status != codedeploy.Succeeded {
		t.Errorf("%v, %v", outcome.Deployment.Status, err)
	}
}

// stageAround is what a hook of ECS finds around it.
type stageAround struct {
	Stage            string
	Production, Test string  // who answers there
	Weight, Tested   float64 // of production's and of test traffic to green, in percent
	Targets          string  // the health of green's
}

func TestAHookOfECSFindsGreenThroughTheAPIs(t *testing.T) {
	g, function := newGate(t, true)
	s := start(t, func(c *simulator.Config) {
		c.ECS = &simulator.ECSDeployments{}
		c.ECS.Hooks = []ecs.Hook{{Function: function.Name, Stages: []ecs.Stage{ecs.PreScaleUp, ecs.PostScaleUp, ecs.PostTestTrafficShift, ecs.PostProductionTrafficShift}}}
	})
	g.connect(s.EndpointURL())
	if err := s.CreateFunction(function); err != nil {
		t.Fatal(err)
	}
	arn, err := s.CreateServiceDeployment("shop:2")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []stageAround{
		{Stage: "PRE_SCALE_UP", Production: "shop:1", Test: "shop:1"},
		{Stage: "POST_SCALE_UP", Production: "shop:1", Test: "shop:1", Targets: "healthy"},
		{Stage: "POST_TEST_TRAFFIC_SHIFT", Production: "shop:1", Test: "shop:2", Tested: 100, Targets: "healthy"},
		{Stage: "POST_PRODUCTION_TRAFFIC_SHIFT", Production: "shop:2", Test: "shop:2", Weight: 100, Tested: 100, Targets: "healthy"},
	} {
		var event stageCall
		if err := json.Unmarshal(<-g.events, &event); err != nil || event.ResourceARN != arn {
			t.Fatalf("event %+v of deployment %s: %v", event, arn, err)
		}
		if diff := cmp.Diff(want, g.lookAtStage(event)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Stage, diff)
		}
		g.answers <- `{"hookStatus":"SUCCEEDED"}`
	}
	if d, err := s.WaitServiceDeployment(t.Context(), arn); err != nil || d.Status != ecs.Successful {
		t.Errorf("%v, %v", d.Status, err)
	}
}

// stageCall is the event of a hook of ECS.
type stageCall struct {
	ResourceARN string `json:"resourceArn"`
	Details     struct {
		Service string `json:"serviceArn"`
		Target  string `json:"targetServiceRevisionArn"`
	} `json:"executionDetails"`
}

// lookAtStage finds green as a gate does that knows nothing but its event.
func (g *gate) lookAtStage(event stageCall) stageAround {
	g.t.Helper()
	ctx := g.t.Context()
	d := read[*ecssdk.DescribeServiceDeploymentsOutput](g)(g.ecs.DescribeServiceDeployments(ctx, &ecssdk.DescribeServiceDeploymentsInput{
		ServiceDeploymentArns: []string{event.ResourceARN},
	})).ServiceDeployments[0]
	if d.Status != ecstypes.ServiceDeploymentStatusInProgress || len(d.LifecycleHookDetails) != 1 || d.LifecycleHookDetails[0].Status != ecstypes.DeploymentLifecycleHookStatusInProgress ||
		*d.TargetServiceRevision.Arn != event.Details.Target || len(d.SourceServiceRevisions) != 1 {
		g.t.Errorf("the deployment: %+v", d)
	}
	revision := read[*ecssdk.DescribeServiceRevisionsOutput](g)(g.ecs.DescribeServiceRevisions(ctx, &ecssdk.DescribeServiceRevisionsInput{
		ServiceRevisionArns: []string{event.Details.Target},
	})).ServiceRevisions[0]
	listed := read[*ecssdk.ListServiceDeploymentsOutput](g)(g.ecs.ListServiceDeployments(ctx, &ecssdk.ListServiceDeploymentsInput{Service: &event.Details.Service})).ServiceDeployments
	service := read[*ecssdk.DescribeServicesOutput](g)(g.ecs.DescribeServices(ctx, &ecssdk.DescribeServicesInput{Services: []string{event.Details.Service}})).Services[0]
	if *listed[0].ServiceDeploymentArn != event.ResourceARN || aws.ToString(service.CurrentServiceDeployment) != event.ResourceARN || *revision.ContainerImages[0].Image != "shop:2" {
		g.t.Errorf("listed %+v; service %+v; revision %+v", listed, service, revision)
	}
	rules := revision.LoadBalancers[0].AdvancedConfiguration
	return stageAround{
		Stage: string(d.LifecycleStage), Weight: aws.ToFloat64(d.TargetServiceRevision.RequestedProductionTrafficWeight), Tested: aws.ToFloat64(d.TargetServiceRevision.RequestedTestTrafficWeight),
		Production: get(g.t, g.urlOf(listenerOf(*rules.ProductionListenerRule))), Test: get(g.t, g.urlOf(listenerOf(*rules.TestListenerRule))),
		Targets: g.health(*revision.ResolvedConfiguration.LoadBalancers[0].TargetGroupArn),
	}
}

// listenerOf is the ARN of a rule's listener.
func listenerOf(ruleARN string) string {
	rule := strings.Replace(ruleARN, ":listener-rule/", ":listener/", 1)
	return rule[:strings.LastIndexByte(rule, '/')]
}

func TestALoadBalancerThatWasCreatedIsDeployedThrough(t *testing.T) {
	o := newOutside(t)
	made, err := o.elb.CreateLoadBalancer(t.Context(), &elbsdk.CreateLoadBalancerInput{Name: aws.String("cart"), Subnets: []string{"subnet-1", "subnet-2"}})
	if err != nil {
		t.Fatal(err)
	}
	listeners, err := o.elb.CreateListener(t.Context(), &elbsdk.CreateListenerInput{
		LoadBalancerArn: made.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(int32(ports(t, 1)[0])), //nolint:gosec // ports are below 65536
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &o.groups[0]}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.listener = &listeners.Listeners[0]
	o.createService(t)
	if err := o.createGroup(t, "cart"); err != nil {
		t.Fatal(err)
	}
	d, definition := o.deploy(t, "cart")
	if got := get(t, o.url()); d.Status != codedeploy.Succeeded || got != definition {
		t.Errorf("%s, and production is served by %q, want %q", d.Status, got, definition)
	}
}
