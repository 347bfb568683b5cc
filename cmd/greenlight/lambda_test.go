package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/hook"
)

// function is greenlight as Lambda would run it, but for the network to CodeDeploy.
type function struct {
	handler *hook.Handler
	told    []hook.Status
	log     bytes.Buffer
}

func newFunction(t *testing.T, env map[string]string, planBeside string) *function {
	t.Helper()
	folder := t.TempDir()
	if planBeside != "" {
		if err := os.WriteFile(filepath.Join(folder, "greenlight.yaml"), []byte(planBeside), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := &function{}
	f.handler = hook.New(newDecider(func(name string) string { return env[name] }, folder, deniedEverything(t), nil),
		hook.WithLogger(slog.New(slog.NewJSONHandler(&f.log, &slog.HandlerOptions{ReplaceAttr: withoutTime}))),
		hook.WithReporter(hook.ReporterFunc(func(_ context.Context, _ hook.Execution, s hook.Status) error {
			f.told = append(f.told, s)
			return nil
		})))
	return f
}

// deniedEverything is the access to AWS of a function whose role allows it to report, and nothing else.
func deniedEverything(t *testing.T) aws.Config {
	t.Helper()
	denies := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		fmt.Fprintf(w, `{"__type":"AccessDeniedException","message":"the role is not authorized to perform codedeploy:%s"}`, operation)
	}))
	t.Cleanup(denies.Close)
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(denies.URL), HTTPClient: denies.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""),
	}
}

func (f *function) invoke(t *testing.T, timeout time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if _, err := f.handler.Invoke(ctx, []byte(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-1"}`)); err != nil {
		t.Fatalf("the invocation ended in an error: %v", err)
	}
}

// lines are the log's, as Lambda would take them.
func (f *function) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(f.log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("the log line %q is not JSON: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestWhateverIsWrongWithItsSettingsTheFunctionReportsFailedAndSaysWhy(t *testing.T) {
	explode := "version: 1\nvars:\n  a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 'b'; i <= 'i'; i++ {
		explode += "  " + string(i) + ": &" + string(i) + " [" + strings.Repeat("*"+string(i-1)+", ", 9) + "*" + string(i-1) + "]\n"
	}
	tests := []struct {
		name, plan string
		env        map[string]string
		reason     []string
	}{
		{"nothing says what to check", "", nil, []string{"set GREENLIGHT_PLAN", "ALB_URL"}},
		{"the plan is missing", "", map[string]string{"GREENLIGHT_PLAN": "nowhere.yaml"}, []string{"GREENLIGHT_PLAN", "nowhere.yaml", "no such file"}},
		{"the plan is a folder", "", map[string]string{"GREENLIGHT_PLAN": "/"}, []string{"is a folder"}},
		{"the plan would come from a place that isn't read", "", map[string]string{"GREENLIGHT_PLAN": "s3://bucket/plan.yaml"}, []string{"s3://bucket/plan.yaml"}},
		{"the plan is not YAML", "version: 1\nchecks: [\n", nil, []string{"greenlight.yaml:"}},
		{"the plan is in another version", "version: 2\nchecks: [{http: GET /}]\n", nil, []string{"greenlight.yaml:1:10: version: this greenlight reads version 1"}},
		{"a key is unknown", "version: 1\ncheks: [{http: GET /}]\n", nil, []string{`greenlight.yaml:2:1: unknown key "cheks": did you mean "checks"?`}},
		{"a value has the wrong type", "version: 1\nserial: maybe\nchecks: [{http: GET /}]\n", nil, []string{"greenlight.yaml:2:9: serial: expected true or false"}},
		{"several things are wrong", "version: 1\nserial: maybe\nbudget: 3\nchecks: [{http: GET /}]\n", nil, []string{"greenlight.yaml:2:9", "and 1 more problem"}},
		{"the plan's aliases explode", explode + "checks: [{http: GET /}]\n", nil, []string{"greenlight.yaml:", "values"}},
		{"the plan has 10 MB", "version: 1\n" + strings.Repeat("# nothing\n", 1<<20), nil, []string{"1 MiB"}},
		{"the stage is none", "version: 1\ngreen: 127.0.0.1:1\nchecks: [{http: GET /}]\n", map[string]string{"GREENLIGHT_STAGE": "AfterAllowTestTrafic"}, []string{`GREENLIGHT_STAGE: unknown stage "AfterAllowTestTrafic": did you mean "AfterAllowTestTraffic"?`}},
		{"the stage isn't known and the plan needs it", "version: 1\nstages: {AfterInstall: {checks: [{http: GET /}]}}\n", nil, []string{"codedeploy:ListDeploymentTargets", "GREENLIGHT_STAGE isn't set"}},
		{"nobody says where green is", "version: 1\nchecks: [{http: GET /}]\n", nil, []string{"allow codedeploy:GetDeployment to the function's role", "ALB_URL"}},
		{"ALB_URL is no address", "", map[string]string{"ALB_URL": "ftp://green"}, []string{`the scheme "ftp"`}},
		{"nothing listens", "", map[string]string{"ALB_URL": "127.0.0.1:1"}, []string{"HEAD http://127.0.0.1:1/: connection refused"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFunction(t, tt.env, tt.plan)
			f.invoke(t, time.Minute)
			if len(f.told) != 1 || f.told[0] != hook.Failed {
				t.Errorf("CodeDeploy was told %v, want Failed once", f.told)
			}
			lines := f.lines(t)
			last := lines[len(lines)-1]
			reason, _ := last["reason"].(string)
			if last["msg"] != "verdict" || strings.Contains(reason, "\n") {
				t.Errorf("the last line is %v, want the verdict with its reason on one line", last)
			}
			for _, want := range tt.reason {
				if !strings.Contains(reason, want) {
					t.Errorf("the reason is %q, which doesn't say %q", reason, want)
				}
			}
		})
	}
}

func TestAPlanThatNeedsLongerThanLambdaHasLeftIsFailedAtOnce(t *testing.T) {
	f := newFunction(t, map[string]string{"ALB_URL": "127.0.0.1:1"}, "version: 1\nchecks: [{http: GET /, eventually: 10m}]\n")
	f.invoke(t, time.Minute)
	if len(f.told) != 1 || f.told[0] != hook.Failed {
		t.Errorf("CodeDeploy was told %v, want Failed once", f.told)
	}
	// Of the minute, 10 s are kept for the report, and a little may have passed.
	if log := f.log.String(); !regexp.MustCompile(`may take 10m, and (50|4[0-9](\.[0-9])?)s are left before the answer is due: 9m(1|2)[0-9](\.[0-9])?s too few`).MatchString(log) {
		t.Errorf("the log doesn't say by how much the time is too short:\n%s", log)
	}
}

func TestEachLogLineSaysWhatItBelongsToAndTheLastOneTheVerdict(t *testing.T) {
	g := newGreen()
	t.Cleanup(g.close)
	f := newFunction(t, map[string]string{"ALB_URL": g.URL, "GREENLIGHT_STAGE": "POST_TEST_TRAFFIC_SHIFT"}, `version: 1
stages:
  AfterAllowTestTraffic:
    serial: true
    checks:
      - {name: health, http: GET /health}
      - {name: ill, http: GET /ill}
`)
	f.invoke(t, time.Minute)
	lines := f.lines(t)
	if len(lines) != 4 {
		t.Fatalf("the log has %d lines, want one for what was found, for each check and the verdict:\n%s", len(lines), f.log.String())
	}
	for _, line := range lines {
		if line["deployment"] != "d-1" || line["execution"] != "e-1" || line["stage"] != "AfterAllowTestTraffic" {
			t.Errorf("the line %v doesn't say deployment, execution and stage", line)
		}
		if _, ok := line["time"]; ok {
			t.Errorf("the line %v has a time, which Lambda adds", line)
		}
	}
	if found, _ := lines[0]["found"].(string); !strings.HasPrefix(found, "AfterAllowTestTraffic of d-1: green is "+g.URL+" (as set)") {
		t.Errorf("the first line is %v, want what was found", lines[0])
	}
	if lines[1]["check"] != "health" || lines[1]["outcome"] != "passed" || lines[2]["check"] != "ill" || lines[2]["outcome"] != "failed" {
		t.Errorf("the checks' lines are %v and %v", lines[1], lines[2])
	}
	want := "ill: GET " + g.URL + "/ill: status is 500, expected 2xx"
	if last := lines[3]; last["msg"] != "verdict" || last["status"] != "Failed" || last["reason"] != want {
		t.Errorf("the last line is %v, want the verdict with the reason %q", last, want)
	}
}

func TestAStageThatThePlanDoesNotMentionSucceedsAndSaysThatNothingWasAsked(t *testing.T) {
	f := newFunction(t, map[string]string{"GREENLIGHT_STAGE": "BeforeInstall"}, "version: 1\nchecks: [{http: GET /}]\n")
	f.invoke(t, time.Minute)
	if len(f.told) != 1 || f.told[0] != hook.Succeeded || !strings.Contains(f.log.String(), "nothing was asked") {
		t.Errorf("CodeDeploy was told %v; the log:\n%s", f.told, f.log.String())
	}
}

func TestADuplicateRepeatsTheAnswerAndAsksGreenNothing(t *testing.T) {
	g := newGreen()
	t.Cleanup(g.close)
	var asked atomic.Int32
	g.before = func() { asked.Add(1) }
	f := newFunction(t, map[string]string{"ALB_URL": g.URL, "ROUTES": "health"}, "")
	f.invoke(t, time.Minute)
	f.invoke(t, time.Minute)
	if asked.Load() != 1 {
		t.Errorf("green was asked %d times, want once", asked.Load())
	}
	if len(f.told) != 2 || f.told[0] != hook.Succeeded || f.told[1] != hook.Succeeded {
		t.Errorf("CodeDeploy was told %v, want Succeeded twice", f.told)
	}
}
