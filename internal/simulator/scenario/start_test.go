//go:build unix

package scenario_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
)

const appSpecText = `{"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties":
  {"TaskDefinition": "shop:2", "LoadBalancerInfo": {"ContainerName": "a", "ContainerPort": 80}}}}],
  "Hooks": [{"AfterAllowTestTraffic": "CodeDeployHook_check"}]}`

// shop is a scenario whose sides and hook are the test binary.
func shop(t *testing.T, green, want, more string) *scenario.Scenario {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
version: 1
appspec: %q
auto_rollback: true
blue: {command: ["{{ greenlight }}"], env: {TEST_UPSTREAM: blue}}
green: {command: ["{{ greenlight }}"], env: {TEST_UPSTREAM: %q}}
functions:
  CodeDeployHook_check:
    command: ["{{ greenlight }}"]
    timeout: 60s
    env: {GREEN: "{{ listeners.test }}", WANT: %q}
speed: 50x
%s`, appSpecText, green, want, more)
	s, err := scenario.Parse(scenario.Source{Name: "shop.yaml", Text: []byte(text), Folder: t.TempDir(), Greenlight: binary})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// logged collects what functions write.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) add(line lambda.LogLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line.Text)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

func run(t *testing.T, s *scenario.Scenario) (simulator.Outcome, *logged, error) {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	logs := &logged{}
	sim, err := s.Start(t.Context(), scenario.Host{Logs: logs.add})
	if err != nil {
		return simulator.Outcome{}, logs, err
	}
	id, err := s.Create(sim)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := s.Wait(t.Context(), sim, id)
	if err != nil {
		t.Error(err)
	}
	if unexpected := s.Expect.Judge(ended); unexpected != nil {
		t.Errorf("%v, log:\n%s", unexpected, logs)
	}
	outcome, err := sim.Wait(t.Context(), id)
	if err != nil {
		t.Error(err)
	}
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
	return outcome, logs, nil
}

func TestAGoodVersionIsDeployed(t *testing.T) {
	s := shop(t, "green", "green", "deployment_config: [{percent: 25, wait: 10s}, {percent: 100}]\nexpect: succeeded")
	outcome, _, err := run(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if e := outcome.Deployment.Event(codedeploy.AllowTraffic); e.Duration().Seconds() < 10 {
		t.Errorf("the shift's wait of 10 s took %v of simulated time", e.Duration())
	}
}

func TestABadVersionIsRefusedAndRolledBack(t *testing.T) {
	s := shop(t, "broken", "green", "expect: {status: failed, event: AfterAllowTestTraffic}")
	outcome, logs, err := run(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Rollback == nil || outcome.Rollback.Status != codedeploy.Succeeded {
		t.Errorf("the rollback is %+v", outcome.Rollback)
	}
	if !strings.Contains(logs.String(), `green answered "broken"`) {
		t.Errorf("log:\n%s", logs)
	}
}

func TestFaultsBefallTheHooksReport(t *testing.T) {
	s := shop(t, "green", "green", "faults:\n  - {throttle: PutLifecycleEventHookExecutionStatus, times: 1}\n  - {error: all, times: 1}")
	outcome, logs, err := run(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Deployment.Status != codedeploy.Succeeded {
		t.Errorf("it is %s: %v", outcome.Deployment.Status, outcome.Deployment.Error)
	}
	for _, status := range []string{"not taken: 400", "not taken: 500"} {
		if !strings.Contains(logs.String(), status) {
			t.Errorf("no %q in the log:\n%s", status, logs)
		}
	}
}

func TestAGreenThatEndsFailsInstallWithItsLastWords(t *testing.T) {
	outcome, _, err := run(t, shop(t, "dies", "green", "expect: failed"))
	if err != nil {
		t.Fatal(err)
	}
	e := outcome.Deployment.Event(codedeploy.Install)
	for _, words := range []string{"exit status 7", "no database"} {
		if e.Status != codedeploy.EventFailed || !strings.Contains(e.Message, words) {
			t.Errorf("Install %s: %s; want %q", e.Status, e.Message, words)
		}
	}
}

func TestABlueThatCannotBeStartedEndsTheStart(t *testing.T) {
	text := "version: 1\nappspec: '" + strings.ReplaceAll(appSpecText, "\n", " ") + "'\nblue: {command: [./missing]}\ngreen: {url: http://127.0.0.1:1}\n"
	s, err := scenario.Parse(scenario.Source{Name: "s.yaml", Text: []byte(text), Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(t, s); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v", err)
	}
}

// behindAShell is a scenario whose blue is the child of a shell.
func behindAShell(t *testing.T) *scenario.Scenario {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := "version: 1\nappspec: '" + strings.ReplaceAll(appSpecText, "\n", " ") + "'\n" +
		"blue: {command: '\"{{ greenlight }}\" & wait', env: {TEST_UPSTREAM: blue}}\ngreen: {url: http://127.0.0.1:1}\n"
	s, err := scenario.Parse(scenario.Source{Name: "s.yaml", Text: []byte(text), Folder: t.TempDir(), Greenlight: binary})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A shell that leaves a server behind would keep its port and its memory.
func TestACommandIsEndedWithWhatItHasStarted(t *testing.T) {
	s := behindAShell(t)
	sim, err := s.Start(t.Context(), scenario.Host{})
	if err != nil {
		t.Fatal(err)
	}
	blue := sim.Targets(simulator.TargetGroupOne)[0].URL
	if got := body(blue); got != "blue" {
		t.Errorf("blue answers %q", got)
	}
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	// It was killed; the system may take a moment over its socket.
	for got := body(blue); !strings.Contains(got, "refused"); got = body(blue) {
		if got == "blue" {
			t.Fatal("after the end blue answers")
		}
	}
}

func TestTheExampleIsRight(t *testing.T) {
	s, err := scenario.Parse(scenario.Source{Name: "example.yaml", Text: []byte(scenario.Example()), Folder: ".", Greenlight: "/greenlight"})
	if err != nil {
		t.Fatal(err)
	}
	if s.AppSpec.TaskDefinition != "shop:2" || s.Speed != 100 || s.Expect.Status != scenario.Succeeded {
		t.Errorf("it reads as %+v", s)
	}
}
