package simulatortest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// Config is what is deployed, and which functions are asked on the way. Live is needed, and Service or Function.
type Config struct {
	// Live is the version that serves production when the simulation starts.
	Live string
	// Service gives the handler of a version of an ECS service. Each version is served on a port of its own.
	Service func(version string) http.Handler
	// Function gives what a version of a Lambda function runs, in place of Service: CodeDeploy then shifts the function's
	// alias from one version to the next. There are no listeners; [Simulation.Invoke] invokes the alias.
	Function func(version string) Function
	// ECS has Amazon ECS deploy the service itself; nil for CodeDeploy.
	ECS *ECS
	// Steps are how CodeDeploy shifts production; none for all at once.
	Steps []Step
	// Customers is how many come to production before the first deployment, and as many again each time that production
	// is routed otherwise, up to 1000. [Simulation.Met] tells what they met.
	Customers int
	// Hooks gives the function of each lifecycle event that has one: BeforeInstall, AfterInstall,
	// AfterAllowTestTraffic, BeforeAllowTraffic, AfterAllowTraffic; of Lambda the last two; of ECS its stages, such as
	// POST_TEST_TRAFFIC_SHIFT. It is told where everything answers.
	Hooks func(u URLs) map[string]Function
	// HealthPath is what the load balancer asks a version before it gets traffic; default /.
	HealthPath string
	// WithoutTestListener leaves the test listener out.
	WithoutTestListener bool
	// WithoutRollback leaves a failed deployment as it is, as a deployment group without autoRollbackConfiguration does.
	WithoutRollback bool
	// HookTimeout is how long CodeDeploy waits for a hook's answer; default one hour, as in AWS.
	HookTimeout time.Duration
}

// Step gives the new version a percentage of production, and then waits. The last step's is 100.
type Step struct {
	Percent int
	Wait    time.Duration
}

// ECS is how Amazon ECS deploys: at once, or in steps where Canary or Linear says so.
type ECS struct {
	Canary, Linear *Shift
	// Bake is how long the old version runs on after the shift.
	Bake time.Duration
}

// Shift is the percentage of production's traffic in a canary's first step, or in each step of a linear shift, and the
// wait after it.
type Shift struct {
	Percent float64
	Bake    time.Duration
}

// URLs are where the parts of a simulation answer.
type URLs struct {
	Production string // the production listener; empty where a function is deployed
	Test       string // the test listener; empty without one
	AWS        string // the AWS APIs; functions find it in AWS_ENDPOINT_URL by themselves
	// Alias is the name under which the alias of the function that is deployed is invoked; empty where that is a service.
	// Newest is the name of its newest version, which customers get once it is deployed.
	Alias, Newest string
}

// Function is a hook that is called during a deployment, or a version of the function that is deployed. Either Main or
// Command says what it runs.
type Function struct {
	// Main names one of the functions that were given to [Main]: the test's own binary is the bootstrap.
	Main string
	// Command is a bootstrap, in any language, with its arguments.
	Command []string
	// Env is added to the environment that Lambda gives a function. Nothing else is inherited.
	Env map[string]string
	// Timeout is the function's; default 3 s, as in AWS; at most 900 s.
	Timeout time.Duration
}

// Simulation is a running simulation. It ends with its test.
type Simulation struct {
	// URLs are where its parts answer.
	URLs

	t        testing.TB
	sim      *simulator.Simulator
	function func(version string) Function
	byECS    bool
	spec     map[codedeploy.Event]string

	mu       sync.Mutex
	versions map[string]string // by the number of the function's version, or the URL of the task
	logs     []string
	more     chan struct{} // closed and renewed with each line
}

// The alias that is deployed where a function is.
const (
	functionName = "deployed"
	aliasName    = "live"
)

// Start starts a simulation in which the live version serves production. It ends the test where that fails.
func Start(t testing.TB, c Config) *Simulation {
	t.Helper()
	if c.Live == "" || (c.Service == nil) == (c.Function == nil) {
		t.Fatal("simulatortest: Config needs Live, the version that serves production, and one of Service, its handler, and Function, its code")
	}
	s := &Simulation{t: t, function: c.Function, byECS: c.ECS != nil, versions: map[string]string{}, more: make(chan struct{})}
	sim, err := simulator.Start(t.Context(), s.config(c))
	if err != nil {
		t.Fatalf("simulatortest: %v", err)
	}
	s.sim = sim
	t.Cleanup(s.close)
	s.URLs = URLs{Production: sim.ProductionURL(), Test: sim.TestURL(), AWS: sim.EndpointURL()}
	if alias := sim.Alias(); alias != nil {
		s.Alias, s.Newest = alias.String(), alias.Function
		s.createAlias(c.Live)
	}
	if c.Hooks != nil {
		s.createHooks(c.Hooks(s.URLs))
	}
	if c.Customers > 0 {
		s.must(sim.SendTraffic(t.Context(), simulator.Customers{Rate: float64(c.Customers)}))
	}
	return s
}

func (s *Simulation) config(c Config) simulator.Config {
	config := simulator.Config{
		Clock: clock.Instant(), WithoutTestListener: c.WithoutTestListener, HookTimeout: c.HookTimeout, Logs: s.log,
		HealthCheck: elb.HealthCheck{Path: c.HealthPath, Interval: 20 * time.Millisecond, Matcher: "200-499"},
	}
	if !c.WithoutRollback {
		config.AutoRollback = codedeploy.AutoRollback{codedeploy.DeploymentFailure}
	}
	for _, step := range c.Steps {
		config.Deployment.Steps = append(config.Deployment.Steps, codedeploy.Step{Percent: step.Percent, Wait: step.Wait})
	}
	if len(c.Steps) > 0 {
		config.Deployment.Name = "Custom"
	}
	if c.Function != nil {
		config.Alias = &simulator.FunctionAlias{Function: functionName, Name: aliasName}
		return config
	}
	config.Blue, config.Tasks = c.Live, s.tasks(c.Service)
	if c.ECS != nil {
		config.ECS = c.ECS.deployments()
	}
	return config
}

func (e *ECS) deployments() *simulator.ECSDeployments {
	made := &simulator.ECSDeployments{}
	made.Strategy, made.BakeTime = ecs.BlueGreen, e.Bake
	steps := func(s *Shift) *ecs.Steps {
		if s == nil {
			return nil
		}
		return &ecs.Steps{Percent: s.Percent, Bake: s.Bake}
	}
	made.Canary, made.Linear = steps(e.Canary), steps(e.Linear)
	switch {
	case e.Canary != nil:
		made.Strategy = ecs.Canary
	case e.Linear != nil:
		made.Strategy = ecs.Linear
	}
	return made
}

// must ends the test where there is an error.
func (s *Simulation) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("simulatortest: %v", err)
	}
}

func (s *Simulation) close() {
	if err := s.sim.Close(); err != nil {
		s.t.Errorf("simulatortest: ending the simulation: %v", err)
	}
	if s.t.Failed() {
		s.t.Logf("simulatortest: the functions wrote:\n%s", s.Logs())
	}
}

// createAlias publishes the live version and points the alias to it.
func (s *Simulation) createAlias(live string) {
	s.t.Helper()
	s.must(s.sim.CreateAlias(1, map[int]lambda.Function{1: s.version(live)}))
	s.remember("1", live)
}

// version is the code of a version. Its description tells it from the others, whatever it runs.
func (s *Simulation) version(version string) lambda.Function {
	made := s.lambda(functionName, s.function(version))
	made.Description = version
	return made
}

// lambda makes a function of Lambda's.
func (s *Simulation) lambda(name string, f Function) lambda.Function {
	s.t.Helper()
	made := lambda.Function{Name: name, Command: f.Command, Env: map[string]string{}, Timeout: f.Timeout}
	for key, value := range f.Env {
		made.Env[key] = value
	}
	if f.Main != "" {
		binary, err := os.Executable()
		if err != nil {
			s.t.Fatalf("simulatortest: finding the test's binary: %v", err)
		}
		made.Command, made.Env[envMain] = []string{binary}, f.Main
	}
	return made
}

func (s *Simulation) createHooks(hooks map[string]Function) {
	s.t.Helper()
	s.spec = map[codedeploy.Event]string{}
	var ofStages []ecs.Hook
	for event, h := range hooks {
		if !s.hookable(event) {
			s.t.Fatalf("simulatortest: %q is not a lifecycle event that takes a hook here", event)
		}
		name := "CodeDeployHook_" + event
		if err := s.sim.CreateFunction(s.lambda(name, h)); err != nil {
			s.t.Fatalf("simulatortest: the hook of %s: %v", event, err)
		}
		s.spec[codedeploy.Event(event)] = name
		ofStages = append(ofStages, ecs.Hook{Type: ecs.TargetLambda, Function: name, Stages: []ecs.Stage{ecs.Stage(event)}})
	}
	if s.byECS {
		s.must(s.sim.SetServiceHooks(ofStages))
	}
}

func (s *Simulation) hookable(event string) bool {
	if s.byECS {
		return ecs.Stage(event).Hookable(ecs.TargetLambda)
	}
	platform := codedeploy.PlatformECS
	if s.function != nil {
		platform = codedeploy.PlatformLambda
	}
	return slices.Contains(platform.Events(), codedeploy.Event(event)) && codedeploy.Event(event).Hookable()
}

// Deploy deploys a version, and waits for the end of its deployment and of the rollback, if there is one. Waits that are
// simulated, such as those between the steps of a shift, are leapt over: they show in the events' times alone.
func (s *Simulation) Deploy(version string) Deployment {
	s.t.Helper()
	if s.byECS {
		d, err := s.sim.DeployService(s.t.Context(), version)
		s.deployed(version, err)
		return newServiceDeployment(d)
	}
	outcome, err := s.codeDeploy(version)
	s.deployed(version, err)
	d := newDeployment(outcome.Deployment)
	if outcome.Rollback != nil {
		back := newDeployment(*outcome.Rollback)
		d.Rollback = &back
	}
	return d
}

func (s *Simulation) codeDeploy(version string) (simulator.Outcome, error) {
	if s.function == nil {
		return s.sim.Deploy(s.t.Context(), codedeploy.AppSpec{TaskDefinition: version, Hooks: s.spec})
	}
	number, err := s.sim.PublishVersion(s.version(version))
	if err != nil {
		return simulator.Outcome{}, err
	}
	s.remember(number, version)
	return s.sim.DeployVersion(s.t.Context(), number, s.spec)
}

// deployed ends the test where a version couldn't be deployed, and otherwise waits for the customers of that moment.
func (s *Simulation) deployed(version string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("simulatortest: deploying %s: %v", version, err)
	}
	s.must(s.sim.SettleTraffic(s.t.Context()))
}

// Invoke invokes the alias of the function that is deployed with an event, which is JSON, and returns the answer. It ends
// the test where the function fails, or where a service is deployed.
func (s *Simulation) Invoke(event string) (answer string) {
	s.t.Helper()
	result, err := s.sim.InvokeAlias(s.t.Context(), []byte(event))
	if err == nil {
		err = result.Err()
	}
	if err != nil {
		s.t.Fatalf("simulatortest: invoking the alias: %v", err)
	}
	return string(result.Payload)
}

// Met is what came to a version, on the production listener or through the alias.
type Met struct {
	Requests int // or invocations
	Failed   int // those of them that were answered with 5xx, or ended in an error
}

// Met tells what has come to a version so far.
func (s *Simulation) Met(version string) Met {
	s.mu.Lock()
	defer s.mu.Unlock()
	var met Met
	for _, c := range s.sim.Invocations() {
		if s.versions[c.Version] == version {
			met.Requests += c.Invocations
			met.Failed += c.Errors
		}
	}
	for _, c := range s.sim.Traffic() {
		if simulator.ListenerOf(c) != simulator.ProductionListener || s.versions[c.Target] != version {
			continue
		}
		met.Requests += c.Requests
		met.Failed += c.Class[5]
		for status, n := range c.Made {
			if status/100 == 5 {
				met.Failed += n
			}
		}
	}
	return met
}

func (s *Simulation) remember(key, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[key] = version
}

// AwaitLog waits until the functions have written a text: a hook's last lines come after its answer, which may have ended
// the deployment already. It fails the test where the text doesn't come within so long.
func (s *Simulation) AwaitLog(text string, within time.Duration) {
	s.t.Helper()
	late := time.NewTimer(within)
	defer late.Stop()
	for {
		s.mu.Lock()
		more := s.more
		s.mu.Unlock()
		if strings.Contains(s.Logs(), text) {
			return
		}
		select {
		case <-more:
		case <-late.C:
			s.t.Errorf("simulatortest: within %s no function wrote %q", within, text)
			return
		}
	}
}

// Logs is what the functions wrote so far, START, END and REPORT lines included.
func (s *Simulation) Logs() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.logs, "\n")
}

func (s *Simulation) log(line lambda.LogLine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, line.Function+": "+line.Text)
	close(s.more)
	s.more = make(chan struct{})
}

// tasks serves each version on a port of its own.
func (s *Simulation) tasks(service func(version string) http.Handler) simulator.TaskStarter {
	return func(ctx context.Context, version string) (simulator.Task, error) {
		handler := service(version)
		if handler == nil {
			return simulator.Task{}, fmt.Errorf("Config.Service has no handler for %q", version)
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return simulator.Task{}, fmt.Errorf("opening a port for %s: %w", version, err)
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(listener)
		}()
		url := "http://" + listener.Addr().String()
		s.remember(url, version)
		return simulator.Task{URL: url, Stop: func() error {
			err := server.Close()
			<-served
			return err
		}}, nil
	}
}
