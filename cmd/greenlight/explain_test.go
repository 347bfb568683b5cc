package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
)

// held starts a deployment, and gives the event with which its hook was called and the endpoint of its AWS. The hook is
// held up until the test is over, so that all is as it is while a hook runs.
func held(t *testing.T, deployer string) (event string) {
	t.Helper()
	called, over := make(chan []byte, 1), make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		called <- body
		<-over
	}))
	version := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	text := "version: 1\nblue: {url: '" + version.URL + "'}\ngreen: {url: '" + version.URL + "'}\nhealth_check: {interval: 10ms}\n" +
		"functions: {check: {webhook: '" + hook.URL + "', timeout: 60s}}\n" + deployer
	s, err := scenario.Parse(scenario.Source{Name: "s.yaml", Text: []byte(text), Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := s.Start(t.Context(), scenario.Host{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(over)
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		hook.Close()
		version.Close()
	})
	if _, err := s.Create(sim); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": sim.EndpointURL(), "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
	event = filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, <-called, 0o600); err != nil {
		t.Fatal(err)
	}
	return event
}

// explained runs the command, and gives what it printed, with the ports masked.
func explained(t *testing.T, env map[string]string, args ...string) (out string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, env: func(name string) string { return env[name] }}
	code = a.run(t.Context(), append([]string{"explain"}, args...))
	return regexp.MustCompile(`127\.0\.0\.1:\d+|d-[A-Z0-9]{9}|[A-Z0-9]{21}`).ReplaceAllString(stdout.String()+stderr.String(), "…"), code
}

const explainedPlan = `version: 1
identity: {http: GET /version, expect: {body: shop 2}}
stages:
  AfterAllowTestTraffic:
    budget: 5m
    checks:
      - {name: health, http: GET /health, eventually: 90s, for: 2m}
      - {http: GET /slow, severity: warn}
`

const byCodeDeploy = `application: shop
group: production
appspec: {Resources: [{TargetService: {Type: "AWS::ECS::Service", Properties: {TaskDefinition: "shop:2"}}}], Hooks: [{AfterAllowTestTraffic: check}]}
listeners: {production: 0, test: {port: 0, rule: {header: {x-test: "1"}}}}
`

func TestAnEventOfCodeDeployIsExplained(t *testing.T) {
	event := held(t, byCodeDeploy)
	env := map[string]string{"GREENLIGHT_PLAN": explainedPlan}
	got, code := explained(t, env, "--event", event)
	want := `Called by    CodeDeploy for …
Deploys      shop/production, ECS by CodeDeploy
Stage        AfterAllowTestTraffic, says CodeDeploy
Green        tg-2 at http://…, with X-Test: 1, shop:2, arn:aws:ecs:us-east-1:123456789012:task-definition/shop:2
Blue         tg-1 at http://…, blue, arn:aws:ecs:us-east-1:123456789012:task-definition/blue:1
Is it green  yes: tg-2 has all test traffic and no production traffic; 1 of 1 targets healthy
Plan         GREENLIGHT_PLAN
Asks         side by side, within 5m:
               identity: GET /version (http), 2s each time, until it passes, for at most 30s
               health (http), 2s each time, until it passes, for at most 1m30s, and again and again for 2m
               GET /slow (http), 2s each time; only warns
Answers by   PutLifecycleEventHookExecutionStatus
`
	if got != want || code != exitPassed {
		t.Errorf("exit code %d, got\n%swant\n%s", code, got, want)
	}
	var document struct {
		Stage  string
		Proof  struct{ Shown bool }
		Checks []struct{ Name string }
	}
	got, _ = explained(t, env, "--json", "--event", event)
	if err := json.Unmarshal([]byte(got), &document); err != nil || document.Stage != "AfterAllowTestTraffic" || !document.Proof.Shown || len(document.Checks) != 3 {
		t.Errorf("got %+v (%v) of\n%s", document, err, got)
	}
}

func TestWhatWouldBeAnsweredAtOnceIsSaid(t *testing.T) {
	event := held(t, byCodeDeploy)
	tests := []struct {
		why  string
		env  map[string]string
		says string
		code int
	}{
		{
			"the plan asks nothing here",
			map[string]string{"GREENLIGHT_PLAN": "version: 1\nstages: {AfterInstall: {checks: [http: GET http://127.0.0.1:1/]}}"},
			"Asks         nothing, and answers Succeeded: nothing was asked: the plan has no checks for AfterAllowTestTraffic\n", exitPassed,
		},
		{
			"it is skipped",
			map[string]string{"GREENLIGHT_PLAN": explainedPlan, "GREENLIGHT_SKIP": "true"},
			"Asks         nothing, and answers Succeeded: SKIPPED, nothing was asked: GREENLIGHT_SKIP is set to true, for every deployment\n", exitPassed,
		},
		{
			"the stage that is set is another",
			map[string]string{"GREENLIGHT_PLAN": explainedPlan, "GREENLIGHT_STAGE": "AfterAllowTraffic"},
			"Asks         nothing, and answers Failed: GREENLIGHT_STAGE is AfterAllowTraffic, but CodeDeploy says that this is AfterAllowTestTraffic of …", exitFailed,
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got, code := explained(t, tt.env, "--event", event); !strings.Contains(got, tt.says) || code != tt.code {
				t.Errorf("exit code %d, got\n%swant %q and %d", code, got, tt.says, tt.code)
			}
		})
	}
}

func TestAnEventOfECSIsExplained(t *testing.T) {
	event := held(t, "ecs: {hooks: [{function: check, stages: [POST_PRODUCTION_TRAFFIC_SHIFT]}]}\n")
	got, code := explained(t, map[string]string{"GREENLIGHT_PLAN": "version: 1\nserial: true\nchecks: [http: GET /]"}, "--event", event)
	want := `Called by    Amazon ECS for arn:aws:ecs:us-east-1:123456789012:service-deployment/default/service/…
Deploys      default/service, ECS
Stage        AfterAllowTraffic, says ECS's event
Green        tg-2 at http://…`
	if !strings.HasPrefix(got, want) || !strings.Contains(got, "one after the other:\n               GET / (http), 2s each time\nAnswers by   the function's return value, hookStatus\n") || code != exitPassed {
		t.Errorf("exit code %d, got\n%s", code, got)
	}
}

func TestAnEventIsExplainedByAPlanInAWS(t *testing.T) {
	event := held(t, byCodeDeploy)
	plans := httptest.NewServer(&account{answers: map[string]any{"GET /plans/shop/production.yaml": explainedPlan}})
	t.Cleanup(plans.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", plans.URL)
	for _, tt := range []struct {
		why, plan, says string
		code            int
	}{
		{"it is read for what is deployed", "s3://plans/{{ application }}/{{ group }}.yaml", "Plan         s3://plans/shop/production.yaml\nAsks         side by side, within 5m:\n", exitPassed},
		{"or can't be, and what is deployed is told all the same", "s3://plans/{{ group }}.yaml", "Deploys     shop/production\n", exitFailed},
		{"and why it can't", "s3://plans/{{ group }}.yaml", "Asks        nothing, and answers Failed: reading the plan s3://plans/production.yaml: ", exitFailed},
		{"nor one whose place is fixed", "s3://plans/other.yaml", "Asks        nothing, and answers Failed: reading the plan s3://plans/other.yaml: ", exitFailed},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if got, code := explained(t, nil, "--event", event, tt.plan); !strings.Contains(got, tt.says) || code != tt.code {
				t.Errorf("exit code %d, got\n%swant %q and %d", code, got, tt.says, tt.code)
			}
		})
	}
}
