package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/hook"
)

// account is AWS as far as a test has it: the answers of operations, by their target or path; all others are denied.
type account struct {
	answers map[string]any
	mu      sync.Mutex
	asked   []string
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.Method + " " + r.URL.Path
	body, _ := io.ReadAll(r.Body)
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		var in struct {
			Name     string
			SecretID string `json:"SecretId"`
		}
		_ = json.Unmarshal(body, &in)
		name = strings.TrimSpace(target[strings.LastIndexByte(target, '.')+1:] + " " + in.Name + in.SecretID)
	}
	a.mu.Lock()
	a.asked = append(a.asked, name)
	a.mu.Unlock()
	switch answer := a.answers[name].(type) {
	case string:
		_, _ = io.WriteString(w, answer)
	case nil:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"AccessDeniedException","message":"the role is not authorized to perform %s"}`, name)
	default:
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func (a *account) times(name string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, asked := range a.asked {
		if asked == name {
			n++
		}
	}
	return n
}

func parameter(value string) any {
	return map[string]any{"Parameter": map[string]any{"Value": value}}
}

// functionIn is a function of an account, which logs all that it has to log.
func functionIn(t *testing.T, a *account, env map[string]string) *function {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	f := &function{}
	d := newDecider(func(name string) string { return env[name] }, t.TempDir(), aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""),
	}, nil)
	log := slog.New(slog.NewJSONHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime}))
	f.handler = hook.New(d, hook.WithLogger(d.masking(log)), hook.WithReporter(hook.ReporterFunc(func(_ context.Context, _ hook.Execution, s hook.Status) error {
		f.told = append(f.told, s)
		return nil
	})))
	return f
}

func (f *function) event(t *testing.T, event string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := f.handler.Invoke(ctx, []byte(event))
	if err != nil {
		t.Fatalf("the invocation ended in an error: %v", err)
	}
	return string(answer)
}

func codeDeployEvent(n int) string {
	return fmt.Sprintf(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-%d"}`, n)
}

// leaked finds a secret in a text, in any of the ways in which it may stand there.
func leaked(text, secret string) string {
	inJSON, _ := json.Marshal(secret)
	for name, form := range map[string]string{
		"as it is": secret, "in a query": url.QueryEscape(secret), "in a path": url.PathEscape(secret), "in JSON": strings.Trim(string(inJSON), `"`),
		"quoted": strings.Trim(strconv.Quote(secret), `"`), "in HTML": html.EscapeString(secret), "in base64": base64.StdEncoding.EncodeToString([]byte(secret))[:6],
		"in base64, behind a user": base64.StdEncoding.EncodeToString([]byte("user:" + secret))[8:14],
	} {
		if strings.Contains(text, form) {
			return name
		}
	}
	return ""
}

const planWithSecrets = `version: 1
secrets: {token: ssm:/shop/token, other: ssm:/shop/other}
keep_going: true
checks:
  - {name: sent, http: {path: /echo/, headers: {authorization: "Bearer {{ secrets.token }}"}}, expect: {json: {$.token: "{{ secrets.token }}"}}}
  - {name: body, http: {path: /echo/, headers: {authorization: "Bearer {{ secrets.token }}"}}, expect: {body: x}}
  - {name: path, http: "GET /echo/{{ secrets.token }}", expect: {status: 404}}
  - {name: query, http: {path: /echo/, query: {t: "{{ secrets.token }}"}}, expect: {status: 404}}
  - {name: headers, http: {path: /echo/, headers: {authorization: "Bearer {{ secrets.token }}"}}, expect: {headers: {echo-plain: x, echo-query: x, echo-base64: x}}}
  - {name: away, http: {path: /echo/?away, headers: {authorization: "Bearer {{ secrets.token }}"}, redirects: 1}, expect: {status: 200}}
  - {name: asserted, http: {path: /echo/, headers: {authorization: "Bearer {{ secrets.token }}"}}, expect: {assert: "body.token != secrets.token"}}
  - {name: expected, http: GET /health, expect: {body: "~ {{ secrets.token }}", json: {$.status: "{{ secrets.token }}"}}}
`

func TestNoSecretLeavesAFunction(t *testing.T) {
	for _, token := range []string{"hunter2hunter2", `a"b\c<d>&'e`, "ü/+?#% =", "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 end"} {
		t.Run(token, func(t *testing.T) {
			g := newGreen()
			t.Cleanup(g.close)
			a := &account{answers: map[string]any{"GetParameter /shop/token": parameter(token)}}
			f := functionIn(t, a, map[string]string{"ALB_URL": g.URL, "GREENLIGHT_PLAN": planWithSecrets})
			answer := f.event(t, codeDeployEvent(1))
			all := f.log.String() + answer
			for text := range strings.Lines(all) {
				if how := leaked(text, token); how != "" {
					t.Errorf("the secret stands %s in %s", how, text)
				}
				if strings.Contains(text, token[:8]) {
					t.Errorf("a part of the secret stands in %s", text)
				}
			}
			outcomes := map[string]string{}
			for _, line := range f.lines(t) {
				if name, ok := line["check"].(string); ok && line["msg"] == "check" {
					outcomes[name], _ = line["outcome"].(string)
				}
			}
			for _, name := range []string{"body", "path", "query", "headers", "away", "asserted", "expected"} {
				if outcomes[name] != "failed" {
					t.Errorf("%s is %q, and was to say what it saw", name, outcomes[name])
				}
			}
			if outcomes["sent"] != "passed" {
				t.Errorf("the secret that was sent is not what arrived:\n%s", all)
			}
			if a.times("GetParameter /shop/token") != 1 || a.times("GetParameter /shop/other") != 0 {
				t.Errorf("asked %q: one secret once, and none that isn't needed", a.asked)
			}
		})
	}
}

func TestASecretThatIsMissingFailsADeploymentBeforeGreenIsAsked(t *testing.T) {
	g := newGreen()
	t.Cleanup(g.close)
	asked := false
	g.before = func() { asked = true }
	f := functionIn(t, &account{}, map[string]string{"ALB_URL": g.URL, "GREENLIGHT_PLAN": planWithSecrets})
	answer := f.event(t, codeDeployEvent(1))
	if want := "secrets.token: ssm:/shop/token: ssm:GetParameter: AccessDeniedException"; len(f.told) != 1 || f.told[0] != hook.Failed || !strings.Contains(answer, want) || asked {
		t.Errorf("CodeDeploy was told %v, green was asked: %t; %s", f.told, asked, answer)
	}
}

func TestAWarmFunctionFetchesASecretOnceInItsTime(t *testing.T) {
	for setting, times := range map[string]int{"": 1, "0s": 2, "1h": 1} {
		g := newGreen()
		t.Cleanup(g.close)
		a := &account{answers: map[string]any{"GetParameter /shop/token": parameter("hunter2hunter2")}}
		f := functionIn(t, a, map[string]string{"ALB_URL": g.URL, "GREENLIGHT_PLAN": planWithSecrets, "GREENLIGHT_SECRETS_TTL": setting})
		f.event(t, codeDeployEvent(1))
		f.event(t, codeDeployEvent(2))
		if got := a.times("GetParameter /shop/token"); got != times {
			t.Errorf("%q: asked %d times, want %d", setting, got, times)
		}
	}
}

func TestASettingThatIsNoTimeFailsAndSaysSo(t *testing.T) {
	for setting, want := range map[string]string{"soon": `GREENLIGHT_SECRETS_TTL: "soon" is not a duration`, "-1s": "GREENLIGHT_SECRETS_TTL: a duration can't be negative"} {
		f := functionIn(t, &account{}, map[string]string{"ALB_URL": "127.0.0.1:1", "GREENLIGHT_SECRETS_TTL": setting})
		if answer, _ := strconv.Unquote(`"` + f.event(t, codeDeployEvent(1)) + `"`); !strings.Contains(answer+f.log.String(), strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%s: %s", setting, f.log.String())
		}
	}
}

func TestAFunctionRunsNoCommands(t *testing.T) {
	f := functionIn(t, &account{}, map[string]string{"ALB_URL": "127.0.0.1:1", "GREENLIGHT_PLAN": "version: 1\nchecks: [exec: [true]]\n"})
	if answer := f.event(t, codeDeployEvent(1)); !strings.Contains(answer, "GREENLIGHT_PLAN:2:16: exec: commands run on the command line and by the CodeDeploy agent; in a Lambda function there are none to run") {
		t.Error(answer)
	}
}

// running answers what CodeDeploy says of a deployment in which green is on the test listener.
func running() map[string]any {
	return map[string]any{
		"GetDeployment": map[string]any{"deploymentInfo": map[string]any{
			"applicationName": "shop", "deploymentGroupName": "production", "status": "InProgress", "computePlatform": "ECS",
		}},
		"ListDeploymentTargets": map[string]any{"targetIds": []string{"t-1"}},
		"BatchGetDeploymentTargets": map[string]any{"deploymentTargets": []any{map[string]any{
			"deploymentTargetType": "ECSTarget", "ecsTarget": map[string]any{
				"lifecycleEvents": []any{map[string]any{"lifecycleEventName": "AfterAllowTestTraffic", "status": "InProgress"}},
			},
		}}},
	}
}

func TestOneFunctionServesTheApplicationsOfAnAccountWithPlansOfTheirOwn(t *testing.T) {
	g := newGreen()
	t.Cleanup(g.close)
	text := "version: 1\ngreen: " + g.URL + "\nstages: {AfterAllowTestTraffic: {checks: [include: ../health.yaml]}}\n"
	included := "version: 1\nchecks: [{name: of the shop, http: GET /health}]\n"
	for _, tt := range []struct {
		why, setting, event string
		answers             map[string]any
		want                string
	}{
		{"CodeDeploy, S3", "s3://plans/{{ application }}/{{ group }}.yaml", codeDeployEvent(1), map[string]any{
			"GET /plans/shop/production.yaml": text, "GET /plans/health.yaml": included,
		}, "of the shop passed"},
		{"CodeDeploy, the Parameter Store", "ssm:/plans/{{ application }}/plan", codeDeployEvent(1), map[string]any{
			"GetParameter /plans/shop/plan": parameter(text), "GetParameter /plans/health.yaml": parameter(included),
		}, "of the shop passed"},
		{"a place without names", "s3://plans/x/plan.yaml", codeDeployEvent(1), map[string]any{
			"GET /plans/x/plan.yaml": text, "GET /plans/health.yaml": included,
		}, "of the shop passed"},
		{"ECS", "s3://plans/{{ cluster }}/{{ service }}.yaml", ecsEvent(""), map[string]any{
			"GET /plans/main/web.yaml": text, "GET /plans/health.yaml": included,
		}, ""},
		{
			"a plan that isn't there", "s3://plans/{{ application }}.yaml", codeDeployEvent(1), nil,
			"reading the plan s3://plans/shop.yaml: s3:GetObject: HTTP status 400",
		},
		{
			"a name that isn't known", "s3://plans/{{ cluster }}.yaml", codeDeployEvent(1), nil,
			"finding the plan s3://plans/{{ cluster }}.yaml: {{ cluster }}: not known here: only a hook of a deployment to ECS is called for a service",
		},
		{
			"a plan that is wrong", "s3://plans/{{ application }}.yaml", codeDeployEvent(1),
			map[string]any{"GET /plans/shop.yaml": "version: 1\ncheks: []\n"},
			`s3://plans/shop.yaml:2:1: unknown key \"cheks\": did you mean \"checks\"?`,
		},
		{
			"an address that is wrong", "s3://plans/{{ application }}.yaml", codeDeployEvent(1),
			map[string]any{"GET /plans/shop.yaml": "version: 1\ngreen: ftp://x\nchecks: [http: GET /]\n"},
			`the scheme \"ftp\"`,
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			answers := running()
			for name, answer := range tt.answers {
				answers[name] = answer
			}
			f := functionIn(t, &account{answers: answers}, map[string]string{"GREENLIGHT_PLAN": tt.setting})
			answer := f.event(t, tt.event)
			if !strings.Contains(answer, tt.want) {
				t.Errorf("got %s\nwant %s", answer, tt.want)
			}
			if tt.want == "" && !strings.Contains(answer, "SUCCEEDED") {
				t.Errorf("got %s", answer)
			}
			failed := !strings.HasSuffix(tt.want, "passed") && tt.want != ""
			if failed && (len(f.told) != 1 || f.told[0] != hook.Failed) {
				t.Errorf("CodeDeploy was told %v", f.told)
			}
		})
	}
}

// ecsEvent is Amazon ECS's, with a plan in hookDetails where one is given.
func ecsEvent(plan string) string {
	details := map[string]any{}
	if plan != "" {
		details["plan"] = plan
	}
	event, err := json.Marshal(map[string]any{
		"executionDetails": map[string]any{
			"testTrafficWeights": map[string]any{}, "productionTrafficWeights": map[string]any{},
			"serviceArn": "arn:aws:ecs:eu-central-1:123456789012:service/main/web", "targetServiceRevisionArn": "arn:aws:ecs:eu-central-1:123456789012:service-revision/main/web/1",
		},
		"executionId": "e-1", "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT", "hookDetails": details,
		"resourceArn": "arn:aws:ecs:eu-central-1:123456789012:service-deployment/main/web/d1",
	})
	if err != nil {
		panic(err)
	}
	return string(event)
}

func TestAHookOfECSMayHaveItsPlanInAWS(t *testing.T) {
	g := newGreen()
	t.Cleanup(g.close)
	a := &account{answers: map[string]any{"GET /plans/web.yaml": "version: 1\ngreen: " + g.URL + "\nchecks: [http: GET /health]\n"}}
	f := functionIn(t, a, nil)
	if answer := f.event(t, ecsEvent("s3://plans/{{ service }}.yaml")); !strings.Contains(answer, "SUCCEEDED") {
		t.Errorf("%s\n%s", answer, f.log.String())
	}
}

func TestAPlanThatCantBeReadForWantOfTheDeploymentsNameSaysWhy(t *testing.T) {
	f := functionIn(t, &account{}, map[string]string{"GREENLIGHT_PLAN": "s3://plans/{{ application }}.yaml", "GREENLIGHT_STAGE": "AfterAllowTestTraffic"})
	answer := f.event(t, codeDeployEvent(1))
	for _, want := range []string{"finding the plan s3://plans/{{ application }}.yaml: {{ application }}: not known here", "allow codedeploy:GetDeployment to the function's role"} {
		if !strings.Contains(answer, want) {
			t.Errorf("%s doesn't say %s", answer, want)
		}
	}
}

func TestARequestsLogOnTheCommandLineIsMasked(t *testing.T) {
	g := newGreen()
	t.Cleanup(g.close)
	const token = "hunter2 & more"
	var out, errs bytes.Buffer
	a := app{stdin: strings.NewReader(strings.ReplaceAll(planWithSecrets, "ssm:/shop/token", "env:TOKEN")), stdout: &out, stderr: &errs, env: func(name string) string {
		return map[string]string{"TOKEN": token}[name]
	}}
	for _, args := range [][]string{{"run", "-", "--green", g.URL, "--verbose"}, {"run", "-", "--green", g.URL, "--json", "--verbose"}} {
		a.stdin = strings.NewReader(strings.ReplaceAll(planWithSecrets, "ssm:/shop/token", "env:TOKEN"))
		if code := a.run(t.Context(), args); code != exitFailed {
			t.Errorf("exit code %d: %s", code, errs.String())
		}
	}
	for text := range strings.Lines(out.String() + errs.String()) {
		if how := leaked(text, token); how != "" || strings.Contains(text, "hunter2") {
			t.Errorf("the secret stands %s in %s", how, text)
		}
	}
}
