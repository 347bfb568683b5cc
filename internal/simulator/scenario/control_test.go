//go:build unix

package scenario_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
)

// started is a scenario that runs, with its hook.
func started(t *testing.T, s *scenario.Scenario) (*simulator.Simulator, *logged) {
	t.Helper()
	logs := &logged{}
	sim, err := s.Start(t.Context(), scenario.Host{Logs: logs.add})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return sim, logs
}

// control asks for the faults as curl does.
func control(t *testing.T, sim *simulator.Simulator, method, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, sim.EndpointURL()+"/simulator/faults", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestFaultsAreSwitchedOverTheWire(t *testing.T) {
	sim, _ := started(t, shop(t, "green", "green", "faults: [{unhealthy: green, at: AfterAllowTraffic}]"))
	const atStart = `{"kind":"unhealthy","subject":"green","at":"AfterAllowTraffic","begun":false}`
	steps := []struct{ why, method, body, want string }{
		{"what the scenario has", "GET", "", "[" + atStart + "]\n"},
		{"one more", "POST", "{slow: all, by: 2s, rate: 30%}", `[{"kind":"slow","by":"2s","rate":0.3,"begun":true},` + atStart + "]\n"},
		{"a list, as JSON", "POST", `[{"kill": "CodeDeployHook_check", "times": 1}, {"clock_skew": "-10m", "for": "1h"}]`, `[{"kind":"slow","by":"2s","rate":0.3,"begun":true},` +
			`{"kind":"kill","subject":"CodeDeployHook_check","times":1,"begun":true},{"kind":"clock_skew","by":"-10m0s","for":"1h0m0s","begun":true},` + atStart + "]\n"},
		{"all end", "DELETE", "", ""},
		{"there are none", "GET", "", "[]\n"},
	}
	for _, step := range steps {
		status, got := control(t, sim, step.method, step.body)
		if diff := cmp.Diff(step.want, got); diff != "" || status != http.StatusOK && status != http.StatusNoContent {
			t.Errorf("%s: %d (-want +got):\n%s", step.why, status, diff)
		}
	}
}

func TestWhatIsWrongWithAFaultIsShownAtItsPlaceOverTheWire(t *testing.T) {
	sim, _ := started(t, shop(t, "green", "green", "listeners: {test: 0}"))
	tests := []struct{ why, body, want string }{
		{"it is no YAML", "{slow: all,\n by: [2s}", "faults:2:9: "},
		{"it is nothing", "", "faults:1:1: the file is empty"},
		{"its kind is misspelled", "{slw: all}", "faults:1:2: unknown key \"slw\": did you mean \"slow\"?\n   1 | {slw: all}\n     |  ^~~\n"},
		{"all that is wrong is shown", "[{kill: CodeDeployHook_check, rate: 1%},\n {slow: all}]", "faults:1:37: rate: kill befalls no requests\n"},
		{"all that is wrong is shown, the second", "[{kill: CodeDeployHook_check, rate: 1%},\n {slow: all}]", "faults:2:2: slow needs by"},
		{"the function isn't there", "[{hang: all},\n {kill: chekc}]", "faults:2:2: kill: there is no function \"chekc\"; there are CodeDeployHook_check\n"},
		{"a stage is another deployer's", "{hang: all, at: POST_SCALE_UP}", "faults:1:1: hang: no deployment of this scenario comes to POST_SCALE_UP"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if status, got := control(t, sim, "POST", tt.body); status != http.StatusBadRequest || !strings.Contains(got, tt.want) {
				t.Errorf("got %d:\n%s\nwant 400 with\n%s", status, got, tt.want)
			}
		})
	}
	if _, standing := control(t, sim, "GET", ""); standing != "[]\n" {
		t.Errorf("a list with a wrong fault has left %s", standing)
	}
	if status, _ := control(t, sim, "PUT", "{hang: all}"); status != http.StatusMethodNotAllowed {
		t.Errorf("PUT is answered %d", status)
	}
}

func TestAFaultThatIsSwitchedFailsTheSecondDeployment(t *testing.T) {
	s := shop(t, "green", "green", "install_timeout: 10m")
	s.Speed = scenario.Instant
	sim, _ := started(t, s)
	for _, want := range []codedeploy.Status{codedeploy.Succeeded, codedeploy.Failed} {
		id, err := s.Create(sim)
		if err != nil {
			t.Fatal(err)
		}
		outcome, err := sim.Wait(t.Context(), id)
		if err != nil || outcome.Deployment.Status != want {
			t.Fatalf("it is %s: %v, %v", outcome.Deployment.Status, outcome.Deployment.Error, err)
		}
		if status, answer := control(t, sim, "POST", "{unhealthy: green}"); status != http.StatusOK {
			t.Fatal(answer)
		}
	}
}

func TestRollbacksCallTheHooksWhereTheScenarioHasItSo(t *testing.T) {
	for lines, want := range map[string]codedeploy.EventStatus{"": codedeploy.EventSkipped, "rollback_hooks: true\n": codedeploy.EventFailed} {
		s := shop(t, "broken", "green", lines+"expect: failed")
		outcome, logs, err := run(t, s)
		if err != nil {
			t.Fatal(err)
		}
		// The hook finds blue on the test listener then, which isn't what it wants to see.
		if got := outcome.Rollback.Event(codedeploy.AfterAllowTestTraffic).Status; got != want || strings.Contains(logs.String(), `green answered "blue"`) != (want == codedeploy.EventFailed) {
			t.Errorf("with %q the rollback's hook is %s, want %s, log:\n%s", lines, got, want, logs)
		}
	}
}
