//go:build unix

package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// The test binary is the hooks' bootstrap too: this variable says how the hook behaves.
const hookVariable = "TEST_HOOK"

func TestMain(m *testing.M) {
	if behaviour := os.Getenv(stageHookVariable); behaviour != "" {
		runStageHook(behaviour)
		return
	}
	if behaviour := os.Getenv(hookVariable); behaviour != "" {
		runHook(behaviour)
		return
	}
	goleak.VerifyTestMain(m)
}

// runHook is a hook of the plainest kind: it asks the green side for /health and reports.
func runHook(behaviour string) {
	runtime := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		resp, err := fetch(runtime + "next")
		if err != nil {
			os.Exit(90)
		}
		var event struct {
			DeploymentID string `json:"DeploymentId"`
			ExecutionID  string `json:"LifecycleEventHookExecutionId"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&event); err != nil {
			os.Exit(91)
		}
		_ = resp.Body.Close()
		behave(behaviour, event.DeploymentID, event.ExecutionID)
		post(runtime+resp.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "null", "")
	}
}

func behave(behaviour, deployment, execution string) {
	verdict := "Succeeded"
	resp, err := fetch(os.Getenv("GREEN_URL") + "/health")
	if err != nil {
		os.Exit(93)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		verdict = "Failed"
	}
	report := func() string {
		body := fmt.Sprintf(`{"deploymentId":%q,"lifecycleEventHookExecutionId":%q,"status":%q}`, deployment, execution, verdict)
		return post(os.Getenv("AWS_ENDPOINT_URL"), body, "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus")
	}
	switch behaviour {
	case "check":
		fmt.Println("the verdict is", verdict)
		report()
	case "report until it is taken":
		reportUntilTaken(deployment, execution, verdict, patience)
	case "report again where no answer comes":
		reportUntilTaken(deployment, execution, verdict, 500*time.Millisecond)
	case "report signed":
		fmt.Println("signed:", reportSigned(deployment, execution, verdict))
	case "crash":
		os.Exit(1)
	case "hang":
		select {}
	case "say nothing":
	case "report twice":
		report()
		fmt.Println(report())
	}
}

func fetch(url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

func post(url, body, target string) (answer string) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewBufferString(body))
	if err != nil {
		os.Exit(92)
	}
	if target != "" {
		req.Header.Set("X-Amz-Target", target)
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}

// tasks starts versions of a service: "shop:2 sick" is one whose /health isn't.
type tasks struct {
	mu      sync.Mutex
	running map[string]string // task definition by URL
}

func (s *tasks) start(_ context.Context, definition string) (simulator.Task, error) {
	if strings.Contains(definition, "missing") {
		return simulator.Task{}, errors.New("no such image")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && strings.Contains(definition, "sick") || strings.Contains(definition, "dead") {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, definition)
	}))
	s.mu.Lock()
	s.running[server.URL] = definition
	s.mu.Unlock()
	return simulator.Task{URL: server.URL, Stop: func() error {
		server.Close()
		s.mu.Lock()
		delete(s.running, server.URL)
		s.mu.Unlock()
		return nil
	}}, nil
}

func (s *tasks) definitions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, definition := range s.running {
		list = append(list, definition)
	}
	slices.Sort(list)
	return list
}

// scenario is a simulator with a log.
type scenario struct {
	*simulator.Simulator
	tasks *tasks
	mu    sync.Mutex
	log   []string
}

func start(t *testing.T, edit func(*simulator.Config)) *scenario {
	t.Helper()
	s := &scenario{tasks: &tasks{running: map[string]string{}}}
	config := simulator.Config{
		Tasks: s.tasks.start, Blue: "shop:1",
		AutoRollback: codedeploy.AutoRollback{codedeploy.DeploymentFailure},
		Logs: func(line lambda.LogLine) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.log = append(s.log, line.Text)
		},
	}
	if edit != nil {
		edit(&config)
	}
	sim, err := simulator.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s.Simulator = sim
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		if left := s.tasks.definitions(); len(left) > 0 {
			t.Errorf("tasks are left: %q", left)
		}
	})
	return s
}

func (s *scenario) hook(t *testing.T, behaviour string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateFunction(lambda.Function{
		Name: "CodeDeployHook_test", Command: []string{self}, Timeout: time.Minute,
		Env: map[string]string{hookVariable: behaviour, "GREEN_URL": s.TestURL()},
	}); err != nil {
		t.Fatal(err)
	}
}

func spec(definition string, events ...codedeploy.Event) codedeploy.AppSpec {
	a := codedeploy.AppSpec{TaskDefinition: definition, Hooks: map[codedeploy.Event]string{}}
	for _, event := range events {
		a.Hooks[event] = "CodeDeployHook_test"
	}
	return a
}

func (s *scenario) deploy(t *testing.T, a codedeploy.AppSpec) simulator.Outcome {
	t.Helper()
	outcome, err := s.Deploy(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// users ask production for as long as a test runs, and count who answers.
type users struct {
	stop    context.CancelFunc
	done    sync.WaitGroup
	mu      sync.Mutex
	answers map[string]int
}

func newUsers(t *testing.T, url string) *users {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	u := &users{stop: cancel, answers: map[string]int{}}
	first := make(chan struct{})
	var once sync.Once
	u.done.Go(func() {
		for ctx.Err() == nil {
			answer := get(t, url)
			u.mu.Lock()
			u.answers[answer]++
			u.mu.Unlock()
			once.Do(func() { close(first) })
		}
	})
	<-first
	return u
}

func (u *users) saw() map[string]int {
	u.stop()
	u.done.Wait()
	return u.answers
}

func every() []codedeploy.Event {
	return slices.DeleteFunc(codedeploy.Events(), func(e codedeploy.Event) bool { return !e.Hookable() })
}

func TestAGoodVersionGoesLive(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "check")
	u := newUsers(t, s.ProductionURL())
	outcome := s.deploy(t, spec("shop:2", every()...))
	if outcome.Deployment.Status != codedeploy.Succeeded || outcome.Rollback != nil {
		t.Fatalf("%s: %v; log:\n%s", outcome.Deployment.Status, outcome.Deployment.Error, strings.Join(s.log, "\n"))
	}
	if got := get(t, s.ProductionURL()); got != "shop:2" {
		t.Errorf("production answers as %s", got)
	}
	for answer := range u.saw() {
		if answer != "shop:1" && answer != "shop:2" {
			t.Errorf("a user saw %q", answer)
		}
	}
	if diff := cmp.Diff([]string{"shop:2"}, s.tasks.definitions()); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	// The last function may still be at work: its report comes before its end.
	runs := 0
	for entry := range s.Timeline().Watch(t.Context()) {
		if run, ok := entry.What.(simulator.FunctionInvoked); ok {
			if err := run.Result.Err(); err != nil {
				t.Error(err)
			}
			if runs++; runs == len(every()) {
				break
			}
		}
	}
}

func TestABadVersionNeverReachesProduction(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "check")
	u := newUsers(t, s.ProductionURL())
	outcome := s.deploy(t, spec("shop:2 sick", codedeploy.AfterAllowTestTraffic))
	d, back := outcome.Deployment, outcome.Rollback
	if d.Status != codedeploy.Failed || d.Event(codedeploy.AfterAllowTestTraffic).Status != codedeploy.EventFailed {
		t.Errorf("%s: %+v", d.Status, d.Events)
	}
	if back == nil || back.Status != codedeploy.Succeeded || back.Creator != codedeploy.CreatorRollback {
		t.Fatalf("rollback: %+v", back)
	}
	saw := u.saw()
	if len(saw) != 1 || saw["shop:1"] == 0 {
		t.Errorf("users saw %v", saw)
	}
	requests := map[string]int{}
	for _, c := range s.Traffic() {
		if c.TargetGroup == simulator.TargetGroupTwo {
			requests[c.Listener] += c.Requests
		}
	}
	if diff := cmp.Diff(map[string]int{simulator.TestListener: 1}, requests); diff != "" {
		t.Errorf("requests to green (-want +got):\n%s", diff)
	}
	if got := get(t, s.TestURL()); got != "shop:1" {
		t.Errorf("after the rollback the test listener answers as %s", got)
	}
	if diff := cmp.Diff([]string{"shop:1"}, s.tasks.definitions()); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
}

func TestAGoodVersionAndThenABadOne(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "check")
	s.deploy(t, spec("shop:2", codedeploy.AfterAllowTestTraffic))
	bad := s.deploy(t, spec("shop:3 sick", codedeploy.AfterAllowTestTraffic))
	if bad.Deployment.Status != codedeploy.Failed || bad.Rollback == nil || bad.Rollback.AppSpec.TaskDefinition != "shop:2" {
		t.Errorf("%s, rollback %+v", bad.Deployment.Status, bad.Rollback)
	}
	if got := get(t, s.ProductionURL()); got != "shop:2" {
		t.Errorf("production answers as %s", got)
	}
}

func TestAHookThatBreaksFailsTheDeployment(t *testing.T) {
	tests := []struct {
		behaviour string
		runs      int // of the function
	}{
		{"crash", 3},
		{"say nothing", 1},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			hour := newStopwatch(42 * time.Minute)
			s := start(t, func(c *simulator.Config) {
				c.Clock, c.HookTimeout = hour, hour.d
				c.RetryDelays = []time.Duration{time.Millisecond, time.Millisecond}
			})
			s.hook(t, test.behaviour)
			id, err := s.Create(spec("shop:2", codedeploy.AfterAllowTestTraffic))
			if err != nil {
				t.Fatal(err)
			}
			runs := 0
			for entry := range s.Timeline().Watch(t.Context()) {
				if _, ok := entry.What.(simulator.FunctionInvoked); ok {
					if runs++; runs == test.runs {
						break
					}
				}
			}
			hour.over() // nothing more can come
			outcome, err := s.Wait(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			e := outcome.Deployment.Event(codedeploy.AfterAllowTestTraffic)
			if outcome.Deployment.Status != codedeploy.Failed || e.ErrorCode != "ScriptTimedOut" || outcome.Rollback == nil {
				t.Errorf("%s: %+v", outcome.Deployment.Status, e)
			}
		})
	}
}

// stopwatch is the real clock, but for waits of one length, which end when the test says.
type stopwatch struct {
	d   time.Duration
	due chan time.Time
}

func newStopwatch(d time.Duration) *stopwatch { return &stopwatch{d: d, due: make(chan time.Time)} }

func (*stopwatch) Now() time.Time { return time.Now() }

func (s *stopwatch) After(d time.Duration) <-chan time.Time {
	if d == s.d {
		return s.due
	}
	return time.After(d)
}

func (s *stopwatch) over() { close(s.due) }

func TestAHookThatHangsFailsTheDeployment(t *testing.T) {
	hour := newStopwatch(42 * time.Minute)
	s := start(t, func(c *simulator.Config) { c.Clock, c.HookTimeout = hour, hour.d })
	s.hook(t, "hang")
	id, err := s.Create(spec("shop:2", codedeploy.AfterInstall))
	if err != nil {
		t.Fatal(err)
	}
	for entry := range s.Timeline().Watch(t.Context()) {
		if c, ok := entry.What.(simulator.EventChanged); ok && c.Event.Name == codedeploy.AfterInstall {
			break
		}
	}
	hour.over()
	outcome, err := s.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if e := outcome.Deployment.Event(codedeploy.AfterInstall); outcome.Deployment.Status != codedeploy.Failed || e.ErrorCode != "ScriptTimedOut" {
		t.Errorf("%s: %+v", outcome.Deployment.Status, e)
	}
}

func TestASecondReportIsTooLate(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "report twice")
	outcome := s.deploy(t, spec("shop:2", codedeploy.BeforeInstall))
	if outcome.Deployment.Status != codedeploy.Succeeded {
		t.Fatalf("it is %s", outcome.Deployment.Status)
	}
	// The deployment may be over before the function has said how its second report went.
	for entry := range s.Timeline().Watch(t.Context()) {
		if _, ok := entry.What.(simulator.FunctionInvoked); ok {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.log, func(line string) bool { return strings.Contains(line, "LifecycleEventAlreadyCompletedException") }) {
		t.Errorf("log:\n%s", strings.Join(s.log, "\n"))
	}
}

func TestAnUnknownFunctionFailsTheDeployment(t *testing.T) {
	s := start(t, nil)
	outcome := s.deploy(t, spec("shop:2", codedeploy.BeforeInstall))
	if d := outcome.Deployment; d.Status != codedeploy.Failed || d.Error.Code != "INVALID_LAMBDA_FUNCTION" {
		t.Errorf("%s: %v", d.Status, d.Error)
	}
}

func TestAVersionThatDoesNotStartNeverGetsTraffic(t *testing.T) {
	for definition, reason := range map[string]string{"missing": "no such image", "dead": "Health checks failed with these codes: [500]"} {
		t.Run(definition, func(t *testing.T) {
			hour := newStopwatch(41 * time.Minute)
			s := start(t, func(c *simulator.Config) {
				c.Clock, c.InstallTimeout = hour, hour.d
				c.HealthCheck = elb.HealthCheck{Interval: time.Millisecond}
			})
			id, err := s.Create(spec(definition))
			if err != nil {
				t.Fatal(err)
			}
			for unhealthy := definition == "missing"; !unhealthy; {
				targets := s.Targets(simulator.TargetGroupTwo)
				unhealthy = len(targets) == 1 && targets[0].State == elb.Unhealthy
			}
			hour.over()
			outcome, err := s.Wait(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if d := outcome.Deployment; d.Status != codedeploy.Failed || !strings.Contains(d.Error.Message, reason) {
				t.Errorf("%s: %v, want %q", d.Status, d.Error, reason)
			}
			if diff := cmp.Diff([]string{"shop:1"}, s.tasks.definitions()); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAStoppedDeploymentGoesBack(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "say nothing")
	id, err := s.Create(spec("shop:2", codedeploy.AfterAllowTraffic))
	if err != nil {
		t.Fatal(err)
	}
	for entry := range s.Timeline().Watch(t.Context()) {
		if c, ok := entry.What.(simulator.EventChanged); ok && c.Event.Name == codedeploy.AfterAllowTraffic {
			break
		}
	}
	if got := get(t, s.ProductionURL()); got != "shop:2" {
		t.Errorf("production answers as %s", got)
	}
	if err := s.Stop(id, true); err != nil {
		t.Fatal(err)
	}
	outcome, err := s.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Deployment.Status != codedeploy.Stopped || outcome.Rollback == nil || outcome.Rollback.Status != codedeploy.Succeeded {
		t.Errorf("%s, rollback %+v", outcome.Deployment.Status, outcome.Rollback)
	}
	if got := get(t, s.ProductionURL()); got != "shop:1" {
		t.Errorf("production answers as %s", got)
	}
}

func TestTheTimelineTellsAWholeDeployment(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "check")
	get(t, s.ProductionURL())
	outcome := s.deploy(t, spec("shop:2", codedeploy.AfterAllowTestTraffic))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	last := time.Time{}
	counted := 0
	for entry := range s.Timeline().Watch(t.Context()) { // ends because the simulator is closed
		if entry.Time.Before(last) {
			t.Errorf("%+v comes after %v", entry, last)
		}
		last = entry.Time
		switch what := entry.What.(type) {
		case simulator.EventChanged:
			if what.DeploymentID != outcome.Deployment.ID {
				t.Errorf("event of deployment %s", what.DeploymentID)
			}
			got = append(got, fmt.Sprint(what.Event.Name, " ", what.Event.Status))
		case simulator.WeightsChanged:
			got = append(got, fmt.Sprint(what.Listener, " ", what.Weights))
		case simulator.TrafficCounted:
			counted = 0
			for _, c := range what.Counts {
				counted += c.Requests
			}
		}
	}
	want := []string{
		"BeforeInstall Skipped", "Install InProgress", "Install Succeeded", "AfterInstall Skipped",
		"AllowTestTraffic InProgress", "test map[tg-1:0 tg-2:100]", "AllowTestTraffic Succeeded",
		"AfterAllowTestTraffic InProgress", "AfterAllowTestTraffic Succeeded", "BeforeAllowTraffic Skipped",
		"AllowTraffic InProgress", "production map[tg-1:0 tg-2:100]", "AllowTraffic Succeeded", "AfterAllowTraffic Skipped",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
	if counted != 2 { // a user's and the hook's
		t.Errorf("%d requests were counted", counted)
	}
}

func TestAWatcherMayLeave(t *testing.T) {
	s := start(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range s.Timeline().Watch(ctx) {
		t.Error("nothing has happened yet")
	}
}

func TestTheTableHasARowForEachEvent(t *testing.T) {
	s := start(t, nil)
	s.hook(t, "check")
	outcome := s.deploy(t, spec("shop:2 sick", codedeploy.AfterAllowTestTraffic))
	rows := simulator.Table(outcome.Deployment)
	var got []string
	for _, row := range rows {
		got = append(got, fmt.Sprint(row.Event, " ", row.Status, " ", row.Function))
		if ran := row.Status != codedeploy.EventSkipped; ran == row.Start.IsZero() || ran == row.End.IsZero() || row.Duration != row.End.Sub(row.Start) {
			t.Errorf("%s %s took %v from %v to %v", row.Event, row.Status, row.Duration, row.Start, row.End)
		}
	}
	want := []string{
		"BeforeInstall Skipped ", "Install Succeeded ", "AfterInstall Skipped ", "AllowTestTraffic Succeeded ",
		"AfterAllowTestTraffic Failed CodeDeployHook_test", "BeforeAllowTraffic Skipped ", "AllowTraffic Skipped ", "AfterAllowTraffic Skipped ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if message := rows[4].Message; !strings.Contains(message, "CodeDeployHook_test") {
		t.Errorf("the failed row says %q", message)
	}
}

func TestAScenarioThatCannotStart(t *testing.T) {
	tests := []struct {
		why    string
		config func(*tasks) simulator.Config
		want   string
	}{
		{"it has no tasks", func(*tasks) simulator.Config { return simulator.Config{Blue: "x"} }, "how tasks are started"},
		{"blue can't be started", func(s *tasks) simulator.Config { return simulator.Config{Tasks: s.start, Blue: "missing"} }, "no such image"},
		{"its health check makes no sense", func(s *tasks) simulator.Config {
			return simulator.Config{Tasks: s.start, Blue: "shop:1", HealthCheck: elb.HealthCheck{Matcher: "x"}}
		}, "matcher"},
		{"its deployment configuration makes no sense", func(s *tasks) simulator.Config {
			return simulator.Config{Tasks: s.start, Blue: "shop:1", Deployment: codedeploy.DeploymentConfig{Name: "x"}}
		}, "100 percent"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			running := &tasks{running: map[string]string{}}
			_, err := simulator.Start(t.Context(), test.config(running))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if left := running.definitions(); len(left) > 0 {
				t.Errorf("tasks are left: %q", left)
			}
		})
	}
}

func TestWithoutATestListenerThereIsNoTestURL(t *testing.T) {
	s := start(t, func(c *simulator.Config) { c.WithoutTestListener = true })
	if s.TestURL() != "" {
		t.Errorf("it is %s", s.TestURL())
	}
	outcome := s.deploy(t, spec("shop:2"))
	if outcome.Deployment.Status != codedeploy.Succeeded || get(t, s.ProductionURL()) != "shop:2" {
		t.Errorf("%s: %v", outcome.Deployment.Status, outcome.Deployment.Error)
	}
}

func TestFaultsOfTheEndpointReachTheHooks(t *testing.T) {
	hour := newStopwatch(42 * time.Minute)
	s := start(t, func(c *simulator.Config) { c.Clock, c.HookTimeout = hour, hour.d })
	s.hook(t, "check")
	if err := s.Inject(simulator.Fault{Kind: simulator.DropBefore, Subject: "PutLifecycleEventHookExecutionStatus"}); err != nil {
		t.Fatal(err)
	}
	id, err := s.Create(spec("shop:2", codedeploy.BeforeInstall))
	if err != nil {
		t.Fatal(err)
	}
	for entry := range s.Timeline().Watch(t.Context()) {
		if _, ok := entry.What.(simulator.FunctionInvoked); ok {
			break
		}
	}
	if d, err := s.Wait(canceled(), id); err == nil {
		t.Errorf("the lost report ended the deployment: %+v", d)
	}
	hour.over()
	if outcome, err := s.Wait(t.Context(), id); err != nil || outcome.Deployment.Status != codedeploy.Failed {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
