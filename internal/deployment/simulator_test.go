package deployment_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	simulated "github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/endpoint"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// simulation is a simulator whose hook is a function of the test's process, which describes the deployment that calls it.
type simulation struct {
	*simulator.Simulator
	config aws.Config
	// before is called before the hook looks; nil for nothing.
	before func()

	mu   sync.Mutex
	seen map[string]described // by stage as AWS calls it, where ECS does, else as found
}

const hookName = "CodeDeployHook_greenlight"

func simulate(t *testing.T, edit func(*simulator.Config)) *simulation {
	t.Helper()
	config := simulator.Config{
		Blue: "shop:1", Clock: clock.Instant(), Application: "shop", Group: "production", Cluster: "prod", Service: "shop",
		HealthCheck: elb.HealthCheck{Path: "/"},
		Tasks: func(_ context.Context, definition string) (simulator.Task, error) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, definition) }))
			return simulator.Task{URL: server.URL, Stop: func() error { server.Close(); return nil }}, nil
		},
	}
	if edit != nil {
		edit(&config)
	}
	sim, err := simulator.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	s := &simulation{Simulator: sim, seen: map[string]described{}, config: aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(sim.EndpointURL()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}}
	function := httptest.NewServer(http.HandlerFunc(s.hook))
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		function.Close()
		transport.CloseIdleConnections()
	})
	if err := s.CreateFunction(lambda.Function{Name: hookName, Webhook: function.URL, Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *simulation) clients() *deployment.Clients {
	return deployment.NewClients(s.config)
}

// hook is the function: it describes, proves, and lets the deployment go on.
func (s *simulation) hook(w http.ResponseWriter, r *http.Request) {
	var event struct {
		DeploymentID string `json:"DeploymentId"`
		ID           string `json:"LifecycleEventHookExecutionId"`
		ExecutionID  string `json:"executionId"`
		Stage        string `json:"lifecycleStage"`
		ResourceARN  string `json:"resourceArn"`
		Details      struct {
			ServiceARN  string             `json:"serviceArn"`
			RevisionARN string             `json:"targetServiceRevisionArn"`
			Test        map[string]float64 `json:"testTrafficWeights"`
			Production  map[string]float64 `json:"productionTrafficWeights"`
		} `json:"executionDetails"`
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e := hook.Execution{DeploymentID: event.DeploymentID, ID: event.ID}
	if event.ResourceARN != "" {
		e = hook.Execution{DeploymentID: event.ResourceARN, ID: event.ExecutionID, Contract: hook.ECS, ECS: &hook.ECSExecution{
			Stage: event.Stage, ServiceARN: event.Details.ServiceARN, TargetServiceRevisionARN: event.Details.RevisionARN,
			TestTrafficWeights: event.Details.Test, ProductionTrafficWeights: event.Details.Production,
		}}
	}
	if s.before != nil {
		s.before()
	}
	var d described
	d.Deployment, d.err = deployment.Describe(r.Context(), s.clients(), e, deployment.Settings{Function: hookName})
	if d.CanProve() {
		d.proof = d.Prove(r.Context())
	}
	stage := event.Stage
	if stage == "" {
		stage = string(d.Stage)
	}
	s.mu.Lock()
	s.seen[stage] = d
	s.mu.Unlock()
	if e.Contract == hook.ECS {
		_, _ = io.WriteString(w, `{"hookStatus": "SUCCEEDED"}`)
		return
	}
	_, err := codedeploy.NewFromConfig(s.config).PutLifecycleEventHookExecutionStatus(r.Context(), &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &event.DeploymentID, LifecycleEventHookExecutionId: &event.ID, Status: types.LifecycleEventStatusSucceeded,
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, "null")
}

// wants are what a stage's description must have; "test" and "production" stand for the listeners' URLs.
type wants struct{ green, blue, proof string }

func (s *simulation) check(t *testing.T, all map[string]wants) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got, want := slices.Sorted(maps.Keys(s.seen)), slices.Sorted(maps.Keys(all)); !slices.Equal(got, want) {
		t.Errorf("described were %v, want %v", got, want)
	}
	urls := map[string]string{"": "", "test": s.TestURL(), "production": s.ProductionURL()}
	for stage, want := range all {
		d := s.seen[stage]
		if d.err != nil {
			t.Errorf("%s: %v", stage, d.err)
			continue
		}
		if d.Green.URL != urls[want.green] || d.Blue.URL != urls[want.blue] {
			t.Errorf("%s: green is at %q, blue at %q: %s", stage, d.Green.URL, d.Blue.URL, d.Found)
		}
		if d.Green.TargetGroup != "tg-2" || d.Blue.TargetGroup != "tg-1" {
			t.Errorf("%s: green is %s, blue %s", stage, d.Green.TargetGroup, d.Blue.TargetGroup)
		}
		if d.proof.Shown != (want.proof != "") || d.proof.Reason != want.proof {
			t.Errorf("%s: proof %+v, want %q", stage, d.proof, want.proof)
		}
		if d.Rollback || d.First || d.Closed != "" {
			t.Errorf("%s: it is %+v", stage, d.Deployment)
		}
	}
}

const (
	tested = "tg-2 has all test traffic and no production traffic; 1 of 1 targets healthy"
	live   = "tg-2 has all production traffic; 1 of 1 targets healthy"
)

func TestADeploymentThatIsSimulatedIsFoundAtEachEvent(t *testing.T) {
	s := simulate(t, nil)
	spec := simulated.AppSpec{TaskDefinition: "shop:2", Hooks: map[simulated.Event]string{}}
	for _, event := range simulated.Events() {
		if event.Hookable() {
			spec.Hooks[event] = hookName
		}
	}
	outcome, err := s.Deploy(t.Context(), spec)
	if err != nil || outcome.Deployment.Status != simulated.Succeeded {
		t.Fatalf("%+v, %v", outcome.Deployment, err)
	}
	s.check(t, map[string]wants{
		"BeforeInstall": {blue: "production"}, "AfterInstall": {blue: "production"},
		"AfterAllowTestTraffic": {"test", "production", tested}, "BeforeAllowTraffic": {"test", "production", tested},
		"AfterAllowTraffic": {green: "production", proof: live},
	})
	d, err := deployment.Describe(t.Context(), s.clients(), hook.Execution{DeploymentID: outcome.Deployment.ID}, deployment.Settings{})
	if err != nil || d.Closed != "deployment "+outcome.Deployment.ID+" is over: Succeeded" {
		t.Errorf("afterwards it is closed by %q, with %v", d.Closed, err)
	}
}

func TestADeploymentByECSThatIsSimulatedIsFoundAtEachStage(t *testing.T) {
	stages := make([]ecs.Stage, 0, len(ecsStages))
	for _, name := range ecsStages {
		stages = append(stages, ecs.Stage(name))
	}
	deployments := &simulator.ECSDeployments{}
	deployments.Hooks = []ecs.Hook{{Function: hookName, Stages: stages}}
	s := simulate(t, func(c *simulator.Config) { c.ECS = deployments })
	d, err := s.DeployService(t.Context(), "shop:2")
	if err != nil || d.Status != ecs.Successful {
		t.Fatalf("%+v, %v", d, err)
	}
	delete(s.seen, "RECONCILE_SERVICE") // runs only where several revisions are active
	s.check(t, map[string]wants{
		"PRE_SCALE_UP": {blue: "production"}, "POST_SCALE_UP": {blue: "production"}, "TEST_TRAFFIC_SHIFT": {blue: "production"},
		"POST_TEST_TRAFFIC_SHIFT": {"test", "production", tested}, "PRE_PRODUCTION_TRAFFIC_SHIFT": {"test", "production", tested},
		"PRODUCTION_TRAFFIC_SHIFT":      {green: "test", proof: "tg-2 has all test traffic and 100 % of production traffic; 1 of 1 targets healthy"},
		"POST_PRODUCTION_TRAFFIC_SHIFT": {green: "production", proof: live},
	})
}

func TestTheNextDeploymentsGreenIsTheOtherTargetGroup(t *testing.T) {
	s := simulate(t, nil)
	for _, definition := range []string{"shop:2", "shop:3"} {
		spec := simulated.AppSpec{TaskDefinition: definition, Hooks: map[simulated.Event]string{simulated.AfterAllowTestTraffic: hookName}}
		if _, err := s.Deploy(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	d := s.seen["AfterAllowTestTraffic"]
	if d.err != nil || d.Green.TargetGroup != "tg-1" || d.Blue.TargetGroup != "tg-2" || !strings.HasSuffix(d.Green.TaskDefinition, "/shop:3") || !d.proof.Shown {
		t.Errorf("green is %+v, with %v; proof %+v", d.Green, d.err, d.proof)
	}
}

func TestADriftThatIsSimulatedIsSeen(t *testing.T) {
	s := simulate(t, nil)
	s.before = func() { // something puts the test listener back while the hook is called
		_, err := elbv2.NewFromConfig(s.config).ModifyListener(t.Context(), &elbv2.ModifyListenerInput{
			ListenerArn: s.listenerARN(t, s.TestURL()), DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: s.groupARN(t, "tg-1")}},
		})
		if err != nil {
			t.Error(err)
		}
	}
	spec := simulated.AppSpec{TaskDefinition: "shop:2", Hooks: map[simulated.Event]string{simulated.AfterAllowTestTraffic: hookName}}
	if _, err := s.Deploy(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	const want = "the test listener forwards to tg-1, which also has 100 % of production traffic: the deployment hasn't moved test traffic to tg-2, or something has moved it back"
	if d := s.seen["AfterAllowTestTraffic"]; d.err != nil || d.proof.Shown || d.proof.Reason != want {
		t.Errorf("proof %+v with %v", d.proof, d.err)
	}
}

func (s *simulation) listenerARN(t *testing.T, url string) *string {
	t.Helper()
	client := elbv2.NewFromConfig(s.config)
	balancers, err := client.DescribeLoadBalancers(t.Context(), &elbv2.DescribeLoadBalancersInput{})
	if err != nil || len(balancers.LoadBalancers) != 1 {
		t.Fatal(balancers, err)
	}
	listeners, err := client.DescribeListeners(t.Context(), &elbv2.DescribeListenersInput{LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners.Listeners {
		if strings.HasSuffix(url, ":"+strconv.Itoa(int(*l.Port))) {
			return l.ListenerArn
		}
	}
	t.Fatal("there is no listener at", url)
	return nil
}

func (s *simulation) groupARN(t *testing.T, name string) *string {
	t.Helper()
	groups, err := elbv2.NewFromConfig(s.config).DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{Names: []string{name}})
	if err != nil || len(groups.TargetGroups) != 1 {
		t.Fatal(groups, err)
	}
	return groups.TargetGroups[0].TargetGroupArn
}

// functions is a simulated Lambda with a function of two versions, and a CodeDeploy that shifts its alias.
func functions(t *testing.T, s *simulation) *simulated.Service {
	t.Helper()
	time := clock.Instant()
	service := lambda.New(lambda.Config{Region: s.config.Region, AccountID: "123456789012", Clock: time})
	hooked := httptest.NewServer(http.HandlerFunc(s.hook))
	deploys := simulated.New(simulated.Config{
		Region: s.config.Region, AccountID: "123456789012", Clock: time,
		Invoke: func(function string, payload []byte) error {
			_, err := service.InvokeAsync(function, payload)
			return err
		},
		Alias: func(function, name string) (simulated.Alias, error) { return service.Alias(function, name) },
	})
	server := httptest.NewServer(endpoint.New(
		endpoint.Service{Name: "codedeploy", Protocol: endpoint.JSON11, Target: simulated.Target, Handler: deploys.Endpoint()},
		endpoint.Service{Name: "lambda", Protocol: endpoint.RESTJSON, Path: lambda.EndpointPath, Handler: service.Endpoint()},
	))
	t.Cleanup(func() { deploys.Close(); service.Close(); server.Close(); hooked.Close() })
	s.config.BaseEndpoint = &server.URL
	checkout := lambda.Function{Name: "checkout", Webhook: hooked.URL}
	for _, step := range []func() error{
		func() error { return service.Create(lambda.Function{Name: hookName, Webhook: hooked.URL}) },
		func() error { return service.Create(checkout) },
		func() error { _, err := service.Publish("checkout", ""); return err },
		func() error { checkout.Description = "second"; return service.Update(checkout) },
		func() error { _, err := service.Publish("checkout", ""); return err },
		func() error {
			_, err := service.CreateAlias(lambda.AliasConfig{Function: "checkout", Name: "live", Version: "1"})
			return err
		},
		func() error {
			return deploys.CreateGroup(simulated.Group{Application: "shop", Name: "functions", Platform: simulated.PlatformLambda})
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return deploys
}

func TestADeploymentToLambdaThatIsSimulatedIsFound(t *testing.T) {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s := &simulation{seen: map[string]described{}, config: aws.Config{
		Region: "us-east-1", HTTPClient: &http.Client{Transport: transport}, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}}
	deploys := functions(t, s)
	spec, err := simulated.ParseAppSpec(strings.ReplaceAll(specLambda, self+":3", hookName))
	if err != nil {
		t.Fatal(err)
	}
	id, err := deploys.CreateDeployment(simulated.DeploymentRequest{Application: "shop", Group: "functions", AppSpec: spec})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := deploys.Wait(t.Context(), id); err != nil || d.Status != simulated.Succeeded {
		t.Fatalf("%+v, %v", d, err)
	}
	for event, proof := range map[string]string{
		"BeforeAllowTraffic": "version 2 of checkout has no traffic of alias live", "AfterAllowTraffic": "version 2 of checkout has all traffic of alias live",
	} {
		d := s.seen[event]
		if d.err != nil || d.Green.FunctionARN != "arn:aws:lambda:us-east-1:123456789012:function:checkout:2" || !d.proof.Shown || d.proof.Reason != proof {
			t.Errorf("%s: green is %s, proof %+v, with %v", event, d.Green.FunctionARN, d.proof, d.err)
		}
	}
}
