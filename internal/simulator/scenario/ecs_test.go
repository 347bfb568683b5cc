//go:build unix

package scenario_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario/console"
)

// byECS is a scenario that ECS deploys, whose sides and hook are the test binary.
func byECS(t *testing.T, green, ecs, more string) *scenario.Scenario {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse(scenario.Source{Name: "shop.yaml", Greenlight: binary, Folder: t.TempDir(), Text: []byte(fmt.Sprintf(`
version: 1
ecs: %s
blue: {command: ["{{ greenlight }}"], env: {TEST_UPSTREAM: blue}}
green: {command: ["{{ greenlight }}"], env: {TEST_UPSTREAM: %q}}
functions:
  check:
    command: ["{{ greenlight }}"]
    timeout: 60s
    env: {GREEN: "{{ listeners.test }}", WANT: green}
speed: instant
%s`, ecs, green, more))})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// show runs a scenario and returns what is printed of it.
func show(t *testing.T, s *scenario.Scenario) string {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	logs := console.NewLogs()
	sim, err := s.Start(t.Context(), scenario.Host{Logs: logs.Add})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	}()
	var out bytes.Buffer
	end, err := console.Run(t.Context(), sim, s, logs, console.NewLines(&out, console.Style{}, sim))
	if err != nil {
		t.Fatal(err)
	}
	if end.Unexpected != nil {
		t.Error(end.Unexpected)
	}
	return out.String()
}

func TestAScenarioMayBeDeployedByECS(t *testing.T) {
	const hook = "hooks: [{function: check, stages: [POST_TEST_TRAFFIC_SHIFT]}]"
	tests := []struct {
		why, green, ecs, expect string
		want                    []string
	}{
		{
			"a good version", "green", "{bake: 10m, " + hook + "}", "succeeded",
			[]string{
				"by ECS, BLUE_GREEN: PENDING", "  POST_TEST_TRAFFIC_SHIFT        IN_PROGRESS", "    check                        SUCCEEDED", "test listener: blue 0, green 100",
				"production listener: blue 0, green 100", "BAKE_TIME                      SUCCEEDED  10m", "by ECS, BLUE_GREEN: SUCCESSFUL", "SUCCESSFUL, as expected",
			},
		},
		{
			"a bad version", "broken", "{" + hook + "}", "{status: failed, event: POST_TEST_TRAFFIC_SHIFT}",
			[]string{
				"    check                        FAILED", "POST_TEST_TRAFFIC_SHIFT        FAILED", "by ECS, BLUE_GREEN: ROLLBACK_IN_PROGRESS", "TEST_TRAFFIC_SHIFT, back       SUCCEEDED",
				"ROLLBACK_SUCCESSFUL, as expected", `green answered "broken"`,
			},
		},
		{
			"a canary", "green", "{strategy: canary, canary: {percent: 5, bake: 15m}, " + hook + "}", "succeeded",
			[]string{"production listener: blue 95, green 5", "  PRODUCTION_TRAFFIC_SHIFT 5%      SUCCEEDED  15m", "PRE_PRODUCTION_TRAFFIC_SHIFT 5%  SUCCEEDED", "PRODUCTION_TRAFFIC_SHIFT 100%    SUCCEEDED"},
		},
		{
			"a pause that nobody answers", "green", "{hooks: [{pause: true, stages: [POST_SCALE_UP], timeout: 30m}]}", "{status: failed, event: POST_SCALE_UP}",
			[]string{"    pause                        AWAITING_ACTION", "    pause                        TIMED_OUT  30m"},
		},
		{
			"a pause that may be left unanswered", "green", "{hooks: [{pause: true, stages: [POST_SCALE_UP], timeout: 30m, on_timeout: continue}]}", "succeeded",
			[]string{"    pause                        TIMED_OUT  30m"},
		},
		{"a service that is new", "green", "{new_service: true}", "succeeded", []string{"SUCCESSFUL, as expected"}},
		{"two tasks", "green", "{tasks: 2, " + hook + "}", "succeeded", []string{"SUCCESSFUL, as expected"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			got := show(t, byECS(t, test.green, test.ecs, "expect: "+test.expect))
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("there is no %q in\n%s", want, got)
				}
			}
		})
	}
}

func TestWhatIsWrongWithADeploymentByECSIsShownAtItsPlace(t *testing.T) {
	const sides = "version: 1\nblue: {url: http://127.0.0.1:1}\ngreen: {url: http://127.0.0.1:2}\nfunctions: {check: {command: x}}\n"
	tests := []struct{ why, lines, want string }{
		{"nobody deploys", "", `"appspec" is missing; or ecs`},
		{"it is no mapping", "ecs: blue_green", "expected a mapping such as"},
		{"both deploy", "ecs: {}\nhook_timeout: 5m", "s.yaml:6:15: hook_timeout: CodeDeploy's, and with ecs: it is ECS that deploys"},
		{"the strategy is unknown", "ecs: {strategy: blue-green}", `did you mean "blue_green"?`},
		{"the steps are another strategy's", "ecs: {strategy: linear, canary: {percent: 5}}", "only for that strategy"},
		{"a hook does nothing", "ecs: {hooks: [{stages: [POST_SCALE_UP]}]}", "a hook is a function or a pause"},
		{"a hook does two things", "ecs: {hooks: [{function: check, pause: true, stages: [POST_SCALE_UP]}]}", "a hook is a function or a pause"},
		{"a stage is misspelled", "ecs: {hooks: [{function: check, stages: [POST_SCALEUP]}]}", `did you mean "POST_SCALE_UP"?`},
		{"a pause stands where a rollback passes", "ecs: {hooks: [{pause: true, stages: [TEST_TRAFFIC_SHIFT]}]}", "unknown stage that takes this hook"},
		{"a hook's function is missing", "ecs: {hooks: [{function: chek, stages: [POST_SCALE_UP]}]}", `did you mean "check"?`},
		{"who gets the notices is missing", "ecs: {notices: chek}", `did you mean "check"?`},
		{"a timeout is no whole minute", "ecs: {hooks: [{function: check, stages: [POST_SCALE_UP], timeout: 90s}]}", "1 to 1440 whole minutes"},
		{"a timeout's action is unknown", "ecs: {hooks: [{function: check, stages: [POST_SCALE_UP], on_timeout: stop}]}", "rollback or continue"},
		{"details are no mapping", "ecs: {hooks: [{function: check, stages: [POST_SCALE_UP], details: x}]}", "details: a mapping"},
		{"one url can't be two tasks", "ecs: {tasks: 2}", "one url can't be 2 tasks"},
		{"a fault begins with an event of CodeDeploy's", "ecs: {}\nfaults: [{hang: all, at: Install}]", "at: Install is an event of CodeDeploy's"},
		{"there are no tasks", "ecs: {tasks: 0}", "tasks: 1 or more"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if _, err := parse(t, sides+test.lines+"\n"); !shows(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
