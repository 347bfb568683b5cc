//go:build unix

package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// The test binary is the bootstrap of ECS's hooks too: this variable says how the hook behaves.
const stageHookVariable = "TEST_STAGE_HOOK"

// stageEvent is what ECS's hooks and EventBridge's functions receive, as far as they are asked here.
type stageEvent struct {
	Stage       string `json:"lifecycleStage"`
	HookDetails struct {
		Seen int `json:"seen"`
	} `json:"hookDetails"`
	Detail struct {
		Name       string `json:"eventName"`
		HookID     string `json:"hookId"`
		Deployment string `json:"serviceDeploymentArn"`
	} `json:"detail"`
}

// runStageHook answers each event by what the behaviour and green's /health say.
func runStageHook(behaviour string) {
	runtime := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		resp, err := fetch(runtime + "next")
		if err != nil {
			os.Exit(90)
		}
		var event stageEvent
		if err := json.NewDecoder(resp.Body).Decode(&event); err != nil {
			os.Exit(91)
		}
		_ = resp.Body.Close()
		post(runtime+resp.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", answerStage(behaviour, event), "")
	}
}

func answerStage(behaviour string, event stageEvent) string {
	healthy := greenIsHealthy()
	switch {
	case behaviour == "patient" && event.HookDetails.Seen < 2:
		return fmt.Sprintf(`{"hookStatus":"IN_PROGRESS","callBackDelay":600,"hookDetails":{"seen":%d}}`, event.HookDetails.Seen+1)
	case behaviour == "crash":
		os.Exit(1)
	case behaviour == "gate":
		if event.Detail.Name == "HOOK_AWAITING_ACTION" {
			action := map[bool]string{true: "CONTINUE", false: "ROLLBACK"}[healthy]
			body := fmt.Sprintf(`{"serviceDeploymentArn":%q,"hookId":%q,"action":%q}`, event.Detail.Deployment, event.Detail.HookID, action)
			post(os.Getenv("AWS_ENDPOINT_URL"), body, ecs.Target+".ContinueServiceDeployment")
		}
		return "null"
	case !healthy:
		return `{"hookStatus":"FAILED"}`
	}
	return `{"hookStatus":"SUCCEEDED"}`
}

func greenIsHealthy() bool {
	resp, err := fetch(os.Getenv("GREEN_URL") + "/health")
	if err != nil {
		os.Exit(93)
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// stageHook is the name of the function that is the hook, and that of the one that gets notices.
const stageHook = "hook"

func atStages(stages ...ecs.Stage) ecs.Hook { return ecs.Hook{Function: stageHook, Stages: stages} }

// startECS starts a scenario that ECS deploys, in instant time, whose function behaves like that.
func startECS(t *testing.T, behaviour string, edit func(*simulator.ECSDeployments)) *scenario {
	t.Helper()
	return startECSIn(t, startInstant, behaviour, edit)
}

// startECSIn does the same in the time that start has.
func startECSIn(t *testing.T, start func(*testing.T, func(*simulator.Config)) *scenario, behaviour string, edit func(*simulator.ECSDeployments)) *scenario {
	t.Helper()
	deployments := &simulator.ECSDeployments{}
	deployments.Hooks = []ecs.Hook{atStages(ecs.PostTestTrafficShift)}
	if edit != nil {
		edit(deployments)
	}
	s := start(t, func(c *simulator.Config) { c.ECS = deployments })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateFunction(lambda.Function{
		Name: stageHook, Command: []string{self}, Timeout: time.Minute,
		Env: map[string]string{stageHookVariable: behaviour, "GREEN_URL": s.TestURL()},
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scenario) deployService(t *testing.T, definition string) ecs.Deployment {
	t.Helper()
	d, err := s.DeployService(t.Context(), definition)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// ecsClient is AWS's own client for Go.
func (s *scenario) ecsClient() *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: aws.String(s.EndpointURL()), Region: "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider("id", "secret", ""),
		RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
}

func TestECSDeploysByItself(t *testing.T) {
	pause := ecs.Hook{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PostTestTrafficShift}}
	tests := []struct {
		why, behaviour, version string
		edit                    func(*simulator.ECSDeployments)
		want                    ecs.Status
		reason                  string
		serves                  string
	}{
		{why: "a good version goes live", behaviour: "check", version: "shop:2", want: ecs.Successful, serves: "shop:2"},
		{
			why: "a bad one is rolled back", behaviour: "check", version: "shop:2 sick", want: ecs.RollbackSuccessful,
			reason: "returned FAILED status", serves: "shop:1",
		},
		{
			why: "a hook that crashes gives no status", behaviour: "crash", version: "shop:2", want: ecs.RollbackSuccessful,
			reason: "HookStatus must not be null", serves: "shop:1",
		},
		{
			why: "a hook may ask to be called again", behaviour: "patient", version: "shop:2", want: ecs.Successful, serves: "shop:2",
		},
		{
			why: "one that asks for too long runs into its timeout", behaviour: "patient", version: "shop:2", want: ecs.RollbackSuccessful,
			reason: "timed out", serves: "shop:1",
			edit: func(e *simulator.ECSDeployments) { e.Hooks[0].Timeout = 15 * time.Minute },
		},
		{
			why: "or is let pass there", behaviour: "patient", version: "shop:2", want: ecs.Successful, serves: "shop:2",
			edit: func(e *simulator.ECSDeployments) {
				e.Hooks[0].Timeout, e.Hooks[0].OnTimeout = 15*time.Minute, ecs.ActionContinue
			},
		},
		{
			why: "a function that gets the notice of a pause lets it go on over the API", behaviour: "gate", version: "shop:2",
			want: ecs.Successful, serves: "shop:2",
			edit: func(e *simulator.ECSDeployments) { e.Hooks, e.Notices = []ecs.Hook{pause}, stageHook },
		},
		{
			why: "or has it rolled back", behaviour: "gate", version: "shop:2 sick", want: ecs.RollbackSuccessful,
			reason: "pause hook was answered with ROLLBACK", serves: "shop:1",
			edit: func(e *simulator.ECSDeployments) { e.Hooks, e.Notices = []ecs.Hook{pause}, stageHook },
		},
		{
			why: "a pause that nobody answers times out", behaviour: "check", version: "shop:2", want: ecs.RollbackSuccessful,
			reason: "pause hook timed out", serves: "shop:1",
			edit: func(e *simulator.ECSDeployments) { e.Hooks = []ecs.Hook{pause} },
		},
		{
			why: "all of several tasks are replaced", behaviour: "check", version: "shop:2", want: ecs.Successful, serves: "shop:2",
			edit: func(e *simulator.ECSDeployments) { e.DesiredCount = 3 },
		},
		{
			why: "a version that can't start leaves none of its tasks", behaviour: "check", version: "missing", want: ecs.RollbackSuccessful,
			reason: "no such image", serves: "shop:1",
			edit: func(e *simulator.ECSDeployments) { e.DesiredCount = 2 },
		},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := startECS(t, test.behaviour, test.edit)
			d := s.deployService(t, test.version)
			if d.Status != test.want || !strings.Contains(d.StatusReason, test.reason) {
				t.Errorf("%s: %s", d.Status, d.StatusReason)
			}
			if got := get(t, s.ProductionURL()); got != test.serves {
				t.Errorf("production is served by %q, want %q", got, test.serves)
			}
			if left := slices.Compact(s.tasks.definitions()); !slices.Equal(left, []string{test.serves}) {
				t.Errorf("tasks of %q run", left)
			}
		})
	}
}

func TestACanaryOfECSTakesItsTime(t *testing.T) {
	s := startECS(t, "check", func(e *simulator.ECSDeployments) {
		e.Strategy, e.BakeTime = ecs.Canary, time.Hour
		e.Canary = &ecs.Steps{Percent: 25, Bake: 20 * time.Minute}
	})
	d := s.deployService(t, "shop:2")
	if d.Status != ecs.Successful {
		t.Fatalf("%s: %s", d.Status, d.StatusReason)
	}
	var shares []int
	for _, entry := range s.Timeline().Entries() {
		if w, is := entry.What.(simulator.WeightsChanged); is && w.Listener == simulator.ProductionListener {
			shares = append(shares, w.Weights[simulator.TargetGroupTwo])
		}
	}
	if diff := cmp.Diff([]int{25, 100}, shares[max(0, len(shares)-2):]); diff != "" {
		t.Errorf("green's weights (-want +got):\n%s", diff)
	}
	for _, row := range simulator.StageTable(d) {
		switch {
		case row.Stage == ecs.ProductionTrafficShift && row.Percent == 25:
			took(t, "the canary", row.Duration, 20*time.Minute)
		case row.Stage == ecs.BakeTime:
			took(t, "the bake time", row.Duration, time.Hour)
		}
	}
}

func TestTheFirstDeploymentOfANewServiceCreatesIt(t *testing.T) {
	s := startECS(t, "check", func(e *simulator.ECSDeployments) {
		e.NewService, e.CreationHooks = true, ecs.CreationAll
	})
	if list := s.ServiceDeployments(); len(list) != 0 {
		t.Errorf("there are deployments before the first: %v", list)
	}
	for _, step := range []struct{ version, green string }{{"shop:1", simulator.TargetGroupOne}, {"shop:2", simulator.TargetGroupTwo}} {
		if d := s.deployService(t, step.version); d.Status != ecs.Successful {
			t.Errorf("%s: %s: %s", step.version, d.Status, d.StatusReason)
		}
		if got := s.Side(step.green); got != simulator.Green {
			t.Errorf("%s is in %s, which is %q", step.version, step.green, got)
		}
		if got := get(t, s.ProductionURL()); got != step.version {
			t.Errorf("production is served by %q, want %q", got, step.version)
		}
	}
	if list := s.ServiceDeployments(); len(list) != 2 || list[0].Source == nil || list[1].Source != nil {
		t.Errorf("the deployments are %+v, want the update before the creation", list)
	}
}

func TestADeploymentOfECSIsStopped(t *testing.T) {
	s := startECSIn(t, start, "check", func(e *simulator.ECSDeployments) {
		e.Hooks = []ecs.Hook{{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PreScaleUp}}}
	})
	arn, err := s.CreateServiceDeployment("shop:2")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StopServiceDeployment(arn, ecs.StopRollback); err != nil {
		t.Fatal(err)
	}
	d, err := s.WaitServiceDeployment(t.Context(), arn)
	if err != nil || d.Status != ecs.RollbackSuccessful || !strings.Contains(d.StatusReason, "StopServiceDeployment") {
		t.Errorf("%s: %s (%v)", d.Status, d.StatusReason, err)
	}
	if err := s.StopServiceDeployment(arn, ""); err == nil {
		t.Error("it was stopped twice")
	}
}

func TestTheTimelineTellsADeploymentOfECS(t *testing.T) {
	s := startECS(t, "gate", func(e *simulator.ECSDeployments) {
		e.Hooks = []ecs.Hook{{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PostScaleUp}}}
		e.Notices = stageHook
	})
	d := s.deployService(t, "shop:2")
	var told []string
	for _, entry := range s.Timeline().Entries() {
		switch what := entry.What.(type) {
		case simulator.StageChanged:
			if what.DeploymentARN == d.ARN && what.Stage.Status != ecs.StageInProgress {
				told = append(told, fmt.Sprint(what.Stage.Stage, " ", what.Stage.Status))
			}
		case simulator.HookChanged:
			told = append(told, fmt.Sprint("hook ", what.Hook.Status))
		case simulator.HookNoticed:
			told = append(told, what.Detail.EventName)
		}
	}
	want := []string{
		"PRE_SCALE_UP SUCCEEDED", "SCALE_UP SUCCEEDED", "hook AWAITING_ACTION", "HOOK_AWAITING_ACTION", "hook SUCCEEDED", "HOOK_SUCCEEDED",
		"POST_SCALE_UP SUCCEEDED", "TEST_TRAFFIC_SHIFT SUCCEEDED", "POST_TEST_TRAFFIC_SHIFT SUCCEEDED",
		"PRE_PRODUCTION_TRAFFIC_SHIFT SUCCEEDED", "PRODUCTION_TRAFFIC_SHIFT SUCCEEDED", "POST_PRODUCTION_TRAFFIC_SHIFT SUCCEEDED",
		"BAKE_TIME SUCCEEDED", "CLEAN_UP SUCCEEDED",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestEachScenarioHasOneWayToDeploy(t *testing.T) {
	byECS, byCodeDeploy := startECS(t, "check", nil), startInstant(t, nil)
	if _, err := byECS.Create(spec("shop:2")); err == nil || !strings.Contains(err.Error(), "Amazon ECS itself") {
		t.Errorf("CodeDeploy was asked: %v", err)
	}
	if _, err := byCodeDeploy.CreateServiceDeployment("shop:2"); err == nil || !strings.Contains(err.Error(), "CodeDeploy") {
		t.Errorf("ECS was asked: %v", err)
	}
}

func TestTheSDKDeploysAServiceOverTheEndpoint(t *testing.T) {
	s := startECS(t, "check", nil)
	client := s.ecsClient()
	registered, err := client.RegisterTaskDefinition(t.Context(), &sdk.RegisterTaskDefinitionInput{
		Family: aws.String("shop"), ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("shop:2")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	updated, err := client.UpdateService(t.Context(), &sdk.UpdateServiceInput{
		Service: aws.String("service"), TaskDefinition: registered.TaskDefinition.TaskDefinitionArn,
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.WaitServiceDeployment(t.Context(), aws.ToString(updated.Service.CurrentServiceDeployment))
	if err != nil || d.Status != ecs.Successful {
		t.Fatalf("%s: %s (%v)", d.Status, d.StatusReason, err)
	}
	if got := get(t, s.ProductionURL()); got != aws.ToString(registered.TaskDefinition.TaskDefinitionArn) {
		t.Errorf("production is served by %q", got)
	}
	if err := sdk.NewServicesStableWaiter(client).Wait(t.Context(), &sdk.DescribeServicesInput{Services: []string{"service"}}, time.Second); err != nil {
		t.Error(err)
	}
}

func TestTheTaskDefinitionsOfAScenarioCanBeLookedUp(t *testing.T) {
	byECS, byCodeDeploy := startECS(t, "check", nil), startInstant(t, nil)
	byECS.deployService(t, "shop:2")
	byCodeDeploy.deploy(t, spec("shop:2"))
	for why, s := range map[string]*scenario{"ECS deploys": byECS, "CodeDeploy deploys": byCodeDeploy} {
		t.Run(why, func(t *testing.T) {
			client := s.ecsClient()
			services, err := client.DescribeServices(t.Context(), &sdk.DescribeServicesInput{Services: []string{"service"}})
			if err != nil {
				t.Fatal(err)
			}
			arn := aws.ToString(services.Services[0].TaskDefinition)
			if want := "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:2"; arn != want {
				t.Errorf("the service has %s, want %s", arn, want)
			}
			for _, name := range []string{arn, "shop:2"} {
				out, err := client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: &name})
				if err != nil {
					t.Error(err)
					continue
				}
				d := out.TaskDefinition
				if aws.ToString(d.ContainerDefinitions[0].Image) != "shop:2" || aws.ToString(d.Family) != "shop" || d.Revision != 2 {
					t.Errorf("%s: %+v", name, d)
				}
			}
			if _, err := client.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: aws.String("shop:9")}); err == nil {
				t.Error("one that nobody has was found")
			}
		})
	}
}
