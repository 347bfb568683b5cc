package simulatortest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// Config is what is deployed, and which functions are asked on the way. Live and Service are needed.
type Config struct {
	// Live is the version that serves production when the simulation starts.
	Live string
	// Service gives the handler of a version. Each version is served on a port of its own.
	Service func(version string) http.Handler
	// Hooks gives the function of each lifecycle event that has one: BeforeInstall, AfterInstall,
	// AfterAllowTestTraffic, BeforeAllowTraffic, AfterAllowTraffic. It is told where everything answers.
	Hooks func(u URLs) map[string]Hook
	// HealthPath is what the load balancer asks a version before it gets traffic; default /.
	HealthPath string
	// WithoutTestListener leaves the test listener out.
	WithoutTestListener bool
	// WithoutRollback leaves a failed deployment as it is, as a deployment group without autoRollbackConfiguration does.
	WithoutRollback bool
	// HookTimeout is how long CodeDeploy waits for a hook's answer; default one hour, as in AWS.
	HookTimeout time.Duration
}

// URLs are where the parts of a simulation answer.
type URLs struct {
	Production string // the production listener
	Test       string // the test listener; empty without one
	AWS        string // CodeDeploy's endpoint; hooks find it in AWS_ENDPOINT_URL by themselves
}

// Hook is a function that CodeDeploy calls. Either Main or Command says what it runs.
type Hook struct {
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

	t    testing.TB
	sim  *simulator.Simulator
	spec map[codedeploy.Event]string

	mu   sync.Mutex
	logs []string
	more chan struct{} // closed and renewed with each line
}

// Start starts a simulation in which the live version serves production. It ends the test where that fails.
func Start(t testing.TB, c Config) *Simulation {
	t.Helper()
	if c.Live == "" || c.Service == nil {
		t.Fatal("simulatortest: Config needs Live, the version that serves production, and Service, its handler")
	}
	s := &Simulation{t: t, more: make(chan struct{})}
	rollback := codedeploy.AutoRollback{codedeploy.DeploymentFailure}
	if c.WithoutRollback {
		rollback = nil
	}
	sim, err := simulator.Start(t.Context(), simulator.Config{
		Blue: c.Live, Tasks: tasks(c.Service), WithoutTestListener: c.WithoutTestListener, AutoRollback: rollback,
		HookTimeout: c.HookTimeout, Logs: s.log,
		HealthCheck: elb.HealthCheck{Path: c.HealthPath, Interval: 20 * time.Millisecond, Matcher: "200-499"},
	})
	if err != nil {
		t.Fatalf("simulatortest: %v", err)
	}
	s.sim = sim
	t.Cleanup(s.close)
	s.URLs = URLs{Production: sim.ProductionURL(), Test: sim.TestURL(), AWS: sim.EndpointURL()}
	if c.Hooks != nil {
		s.createHooks(c.Hooks(s.URLs))
	}
	return s
}

func (s *Simulation) close() {
	if err := s.sim.Close(); err != nil {
		s.t.Errorf("simulatortest: ending the simulation: %v", err)
	}
	if s.t.Failed() {
		s.t.Logf("simulatortest: the hooks wrote:\n%s", s.Logs())
	}
}

func (s *Simulation) createHooks(hooks map[string]Hook) {
	s.t.Helper()
	s.spec = map[codedeploy.Event]string{}
	for event, h := range hooks {
		if !codedeploy.Event(event).Hookable() {
			s.t.Fatalf("simulatortest: %q is not a lifecycle event that takes a hook", event)
		}
		name := "CodeDeployHook_" + event
		function := lambda.Function{Name: name, Command: h.Command, Env: map[string]string{}, Timeout: h.Timeout}
		for key, value := range h.Env {
			function.Env[key] = value
		}
		if h.Main != "" {
			binary, err := os.Executable()
			if err != nil {
				s.t.Fatalf("simulatortest: finding the test's binary: %v", err)
			}
			function.Command, function.Env[envMain] = []string{binary}, h.Main
		}
		if err := s.sim.CreateFunction(function); err != nil {
			s.t.Fatalf("simulatortest: the hook of %s: %v", event, err)
		}
		s.spec[codedeploy.Event(event)] = name
	}
}

// Deploy deploys a version, and waits for the end of its deployment and of the rollback, if there is one.
func (s *Simulation) Deploy(version string) Deployment {
	s.t.Helper()
	outcome, err := s.sim.Deploy(s.t.Context(), codedeploy.AppSpec{TaskDefinition: version, Hooks: s.spec})
	if err != nil {
		s.t.Fatalf("simulatortest: deploying %s: %v", version, err)
	}
	d := newDeployment(outcome.Deployment)
	if outcome.Rollback != nil {
		back := newDeployment(*outcome.Rollback)
		d.Rollback = &back
	}
	return d
}

// AwaitLog waits until the hooks have written a text: a hook's last lines come after its answer, which may have ended
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
			s.t.Errorf("simulatortest: within %s no hook wrote %q", within, text)
			return
		}
	}
}

// Logs is what the hooks wrote so far, START, END and REPORT lines included.
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
func tasks(service func(version string) http.Handler) simulator.TaskStarter {
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
		return simulator.Task{URL: "http://" + listener.Addr().String(), Stop: func() error {
			err := server.Close()
			<-served
			return err
		}}, nil
	}
}
