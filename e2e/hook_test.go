//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
)

// event is what CodeDeploy sends; execution ids are long.
func event(deployment string) (text, execution string) {
	execution = strings.Repeat("eyJlbmNyeXB0ZWREYXRhIjoi", 12) + deployment
	return fmt.Sprintf(`{"DeploymentId": %q, "LifecycleEventHookExecutionId": %q}`, deployment, execution), execution
}

func TestThePackagedFunctionReports(t *testing.T) {
	const health = `version: 1
stages:
  AfterAllowTestTraffic:
    checks:
      - name: health
        http: GET /health
        expect:
          status: 200
          headers: {content-type: ~ ^application/json}
          json: {$.status: ok, $.version: "%s"}
          assert: len(body.items) == 3
`
	green := startNginx(t)
	tests := []struct {
		name, plan string
		settings   []string
		status     string
		logged     string
	}{
		{"Succeeded for the root of a green that answers", "", []string{"ALB_URL=" + green}, "Succeeded", `HEAD / passed`},
		{"Succeeded when all routes answer", "", []string{"ALB_URL=http://" + green, "ROUTES=health,/"}, "Succeeded", `2 of 2 checks passed`},
		{"each request with its timings at LOG_LEVEL=debug", "", []string{"ALB_URL=" + green, "LOG_LEVEL=debug"}, "Succeeded", `"first_byte`},
		{"Failed when one route is ill", "", []string{"ALB_URL=" + green, "ROUTES=health,ill"}, "Failed", `status is 500, expected 2xx`},
		{"Failed when nothing listens", "", []string{"ALB_URL=" + networktest.Silent(t)}, "Failed", `connection refused`},
		{"Failed when nothing says what to check", "", nil, "Failed", `set GREENLIGHT_PLAN`},
		{"Succeeded by the plan beside the binary", fmt.Sprintf(health, ">= 7"), []string{"GREENLIGHT_STAGE=AfterAllowTestTraffic", "ALB_URL=" + green}, "Succeeded", `health passed`},
		{"Failed by the plan beside the binary", fmt.Sprintf(health, ">= 8"), []string{"GREENLIGHT_STAGE=POST_TEST_TRAFFIC_SHIFT", "ALB_URL=" + green}, "Failed", `$.version`},
		{"Failed for a plan that is wrong, with the place", "version: 1\nchecks:\n  - htp: GET /\n", []string{"ALB_URL=" + green}, "Failed", `greenlight.yaml:3:5`},
		{"by the plan in the environment", "", []string{"GREENLIGHT_PLAN=version: 1\ngreen: " + green + "\nchecks:\n  - http: GET /ill\n    expect: {status: 500}\n"}, "Succeeded", `GET /ill passed`},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			deploy := startCodeDeploy(t)
			f := startFunction(t, deploy, tt.plan, tt.settings...)
			text, execution := event(fmt.Sprintf("d-%09d", i))
			f.invoke(t, text)
			if got, want := deploy.wait(t), (report{fmt.Sprintf("d-%09d", i), execution, tt.status}); got != want {
				t.Errorf("CodeDeploy was told %+v, want %+v", got, want)
			}
			if !strings.Contains(f.logs.String(), tt.logged) {
				t.Errorf("the log doesn't say %q", tt.logged)
			}
		})
	}
}

func TestAnEventWithoutIdsEndsInAnErrorThatNamesThem(t *testing.T) {
	deploy := startCodeDeploy(t)
	f := startFunction(t, deploy, "", "ALB_URL=127.0.0.1:1")
	answer := f.invoke(t, `{"DeploymentId": "d-1"}`)
	if !strings.Contains(answer, "LifecycleEventHookExecutionId") {
		t.Errorf("the invocation answered %s, which doesn't name the id that is missing", answer)
	}
	if !strings.Contains(f.logs.String(), `"msg":"{\"errorMessage\":`) {
		t.Error("the runtime's own line about the error is not one of JSON")
	}
	if len(deploy.reports) != 0 {
		t.Errorf("CodeDeploy was told %+v", <-deploy.reports)
	}
}

func TestADuplicateEventGetsTheSameAnswerAndRunsNoChecks(t *testing.T) {
	green := startNginx(t)
	deploy := startCodeDeploy(t)
	f := startFunction(t, deploy, "", "ALB_URL="+green)
	text, _ := event("d-000000001")
	f.invoke(t, text)
	first := deploy.wait(t)
	f.invoke(t, text)
	if again := deploy.wait(t); again != first {
		t.Errorf("the duplicate was answered %+v, the first %+v", again, first)
	}
	if n := strings.Count(f.logs.String(), `"msg":"check"`); n != 1 {
		t.Errorf("the checks were logged %d times, want once", n)
	}
}
