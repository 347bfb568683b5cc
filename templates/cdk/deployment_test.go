//go:build linux

package cdk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"github.com/greenlight-deploy/greenlight/internal/bundle"
	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// envCents makes this process the deployed function of the example for Lambda: what sku 42 costs in that version.
const envCents = "GREENLIGHT_TEST_CENTS"

// bootstrap is the function as it is packaged, for this machine's processor.
var bootstrap string

func TestMain(m *testing.M) {
	if cents, is := os.LookupEnv(envCents); is {
		awslambda.Start(prices(cents))
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "greenlight-cdk-")
	if err != nil {
		return 0, fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	bootstrap = filepath.Join(folder, "bootstrap")
	if err := bundle.Build(context.Background(), runtime.GOARCH, "test", bootstrap); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// prices is examples/codedeploy-lambda/prices in Go: it must run where there is nothing else.
func prices(cents string) func(context.Context, struct{ SKU int }) (map[string]any, error) {
	return func(_ context.Context, event struct{ SKU int }) (map[string]any, error) {
		var n int
		if _, err := fmt.Sscan(cents, &n); err != nil {
			return nil, fmt.Errorf("the price of %d: %w", event.SKU, err)
		}
		return map[string]any{"sku": event.SKU, "cents": n}, nil
	}
}

// running is a synthesized example in the simulator, with the packaged function and the plan that the template gives it.
type running struct {
	*simulator.Simulator
	world   cfntest.World
	outputs map[string]any

	mu   sync.Mutex
	logs []string
}

func start(t *testing.T, example string) *running {
	t.Helper()
	s, err := cfntest.Load(filepath.Join("test", "testdata", example+".template.json"), cfntest.Options{StackName: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	var specs []codedeploy.AppSpec
	if text, is := s.Outputs["AppSpec"].(string); is {
		specs = append(specs, parsed(t, text))
	}
	w, err := s.World(specs...)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{outputs: s.Outputs}
	w.Config.Clock = clock.Instant()
	w.Config.HealthCheck.Interval = 20 * time.Millisecond // of real time
	w.Config.Logs = func(l lambda.LogLine) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.logs = append(r.logs, l.Text)
	}
	if w.Config.Alias == nil {
		// The load balancer finds the bad version well, and the plan doesn't.
		w.Config.HealthCheck.Path = "/health"
		w.Config.Blue, w.Config.Tasks = taskDefinition("1"), version
	}
	r.world = w
	if r.Simulator, err = simulator.Start(t.Context(), w.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Logf("the functions wrote:\n%s", strings.Join(r.logs, "\n"))
		}
	})
	if len(w.Functions) != 1 || w.Functions[0].Name != gateName {
		t.Fatalf("the hooks call %+v, and the gate was expected alone", w.Functions)
	}
	gate := w.Functions[0]
	gate.Dir, gate.Command = filepath.Dir(bootstrap), []string{bootstrap}
	gate.Env["GREENLIGHT_PLAN"] = strings.Replace(gate.Env["GREENLIGHT_PLAN"], "{lasting: 1m, every: 5s}", "{lasting: 1s, every: 100ms}", 1)
	if err := r.CreateFunction(gate); err != nil {
		t.Fatal(err)
	}
	return r
}

func taskDefinition(version string) string {
	return "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:" + version
}

func parsed(t *testing.T, text string) codedeploy.AppSpec {
	t.Helper()
	spec, err := codedeploy.ParseAppSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// version starts a task. Version 3 is healthy, and its pages are broken.
func version(ctx context.Context, taskDefinition string) (simulator.Task, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return simulator.Task{}, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(taskDefinition, ":3") && r.URL.Path != "/health" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = fmt.Fprintln(w, taskDefinition)
	})}
	go func() { _ = server.Serve(l) }()
	return simulator.Task{URL: "http://" + l.Addr().String(), Stop: server.Close}, nil
}

// says reports whether a line of the log has all of these. A function goes on writing when it has reported.
func (r *running) says(t *testing.T, all ...string) bool {
	t.Helper()
	if err := r.SettleFunctions(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.logs, func(line string) bool {
		return !slices.ContainsFunc(all, func(part string) bool { return !strings.Contains(line, part) })
	})
}

// production is the answer of the production listener.
func (r *running) production(t *testing.T) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.ProductionURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var body string
	if _, err := fmt.Fscan(answer.Body, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestTheSynthesizedServiceByCodeDeployLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r := start(t, "codedeploy-ecs")
	deploy := func(version string) simulator.Outcome {
		spec := r.outputs["AppSpec"].(string)
		outcome, err := r.Deploy(t.Context(), parsed(t, strings.Replace(spec, "task-definition/shop:1", "task-definition/shop:"+version, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	if good := deploy("2"); good.Deployment.Status != codedeploy.Succeeded || !strings.HasSuffix(r.production(t), "shop:2") {
		t.Fatalf("the good version: %+v; production is %s", good.Deployment, r.production(t))
	}
	bad := deploy("3")
	var failedAt []codedeploy.Event
	for _, e := range bad.Deployment.Events {
		if e.Status == codedeploy.EventFailed {
			failedAt = append(failedAt, e.Name)
		}
	}
	if bad.Deployment.Status != codedeploy.Failed || !slices.Equal(failedAt, []codedeploy.Event{codedeploy.AfterAllowTestTraffic}) {
		t.Errorf("the bad version ended as %s, failed at %v", bad.Deployment.Status, failedAt)
	}
	if bad.Rollback == nil || bad.Rollback.Status != codedeploy.Succeeded || !strings.HasSuffix(r.production(t), "shop:2") {
		t.Errorf("it wasn't rolled back: %+v; production is %s", bad.Rollback, r.production(t))
	}
	if !r.says(t, `"msg":"verdict"`, `"status":"Failed"`, "green answers", "status is 500, expected 200") {
		t.Error("the log doesn't say why")
	}
}

func TestTheSynthesizedServiceByECSLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r := start(t, "ecs")
	deploy := func(version string) ecs.Deployment {
		d, err := r.DeployService(t.Context(), taskDefinition(version))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if good := deploy("2"); good.Status != ecs.Successful || !strings.HasSuffix(r.production(t), "shop:2") {
		t.Fatalf("the good version: %s %s; production is %s", good.Status, good.StatusReason, r.production(t))
	}
	bad := deploy("3")
	failed := slices.IndexFunc(bad.Stages, func(run ecs.StageRun) bool { return run.Status == ecs.StageFailed })
	if bad.Status != ecs.RollbackSuccessful || failed < 0 || bad.Stages[failed].Stage != ecs.PostTestTrafficShift {
		t.Errorf("the bad version ended as %s: %+v", bad.Status, bad.Stages)
	}
	if !strings.HasSuffix(r.production(t), "shop:2") {
		t.Errorf("it wasn't rolled back: production is %s", r.production(t))
	}
	if !r.says(t, `"msg":"verdict"`, `"status":"Failed"`, "green answers", "status is 500, expected 200") {
		t.Error("the log doesn't say why")
	}
}

func TestTheSynthesizedFunctionLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r := start(t, "codedeploy-lambda")
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	costing := func(cents string) lambda.Function {
		return lambda.Function{Command: []string{binary}, Description: "sku 42 for " + cents, Env: map[string]string{envCents: cents}, Timeout: 10 * time.Second}
	}
	if err := r.CreateAlias(1, map[int]lambda.Function{1: costing("1990")}); err != nil {
		t.Fatal(err)
	}
	deploy := func(cents string) simulator.Outcome {
		number, err := r.PublishVersion(costing(cents))
		if err != nil {
			t.Fatal(err)
		}
		outcome, err := r.DeployVersion(t.Context(), number, r.world.Hooks)
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	live := func() string {
		result, err := r.InvokeAlias(t.Context(), []byte(`{"sku":42}`))
		if err != nil {
			t.Fatal(err)
		}
		return string(result.Payload)
	}
	if len(r.world.Hooks) != 2 {
		t.Errorf("the alias has the hooks %v, and CodeDeploy calls at two events", r.world.Hooks)
	}
	if good := deploy("2450"); good.Deployment.Status != codedeploy.Succeeded || !strings.Contains(live(), "2450") {
		t.Fatalf("the good version: %+v; live is %s", good.Deployment, live())
	}
	bad := deploy("0")
	if bad.Deployment.Status != codedeploy.Failed || bad.Deployment.Events[0].Status != codedeploy.EventFailed {
		t.Errorf("the bad version: %+v", bad.Deployment)
	}
	if bad.Rollback == nil || bad.Rollback.Status != codedeploy.Succeeded || !strings.Contains(live(), "2450") {
		t.Errorf("it wasn't rolled back: %+v; live is %s", bad.Rollback, live())
	}
	if !r.says(t, `"msg":"verdict"`, `"status":"Failed"`, "the new version knows a price", "$.cents is 0, expected > 0") {
		t.Error("the log doesn't say why")
	}
}
