//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// vault is what moto serves of S3, the Parameter Store and Secrets Manager, filled by the AWS CLI.
type vault struct{ url string }

func startVault(t *testing.T) vault {
	t.Helper()
	port := freePort(t)
	v := vault{fmt.Sprintf("http://127.0.0.1:%d", port)}
	start(t, exec.Command(program(t, "MOTO_SERVER"), "-H", "127.0.0.1", "-p", fmt.Sprint(port)), []string{"HOME=" + t.TempDir()})
	awaitAnswer(t, v.url)
	return v
}

func (v vault) aws(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "AWS_CLI"), args...)
	cmd.Env = append(clientEnvironment(t), "AWS_ENDPOINT_URL="+v.url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("aws %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

const (
	tokenOfStore   = "of the store/+ü"
	tokenOfManager = "of the manager"
)

// fill puts two secrets and a plan that needs them into the account; the plan includes the file that asks.
func (v vault) fill(t *testing.T, green string) {
	t.Helper()
	v.aws(t, "ssm", "put-parameter", "--name", "/shop/token", "--type", "SecureString", "--value", tokenOfStore)
	inJSON, err := json.Marshal(map[string]string{"token": tokenOfManager})
	if err != nil {
		t.Fatal(err)
	}
	v.aws(t, "secretsmanager", "create-secret", "--name", "shop/test", "--secret-string", string(inJSON))
	v.aws(t, "s3", "mb", "s3://plans")
	v.aws(t, "s3", "cp", write(t, "plan.yaml", `version: 1
green: `+green+`
secrets: {a: ssm:/shop/token, b: "secretsmanager:shop/test#token"}
stages:
  AfterAllowTestTraffic:
    checks:
      - include: {file: ../common/asks.yaml, with: {path: /a, token: "{{ secrets.a }}"}}
      - include: {file: ../common/asks.yaml, with: {path: /b, token: "{{ secrets.b }}"}}
`), "s3://plans/shop/plan.yaml")
	v.aws(t, "s3", "cp", write(t, "asks.yaml", `version: 1
vars: {path: , token: }
checks:
  - http: {path: "{{ vars.path }}", query: {token: "{{ vars.token }}"}, headers: {authorization: "Bearer {{ vars.token }}"}}
    expect: {body: "~ welcome"}
`), "s3://plans/common/asks.yaml")
	v.aws(t, "ssm", "put-parameter", "--name", "/plans/shop", "--type", "String", "--value", "version: 1\ngreen: "+green+"\nchecks: [http: GET /open]\n")
}

// guarded is a green that lets in who brings the secrets, and tells everybody what he brought.
func guarded(t *testing.T, welcomes *atomic.Bool) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		brought := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		word := "go away, "
		if welcomes.Load() && (r.URL.Path == "/open" || brought == map[string]string{"/a": tokenOfStore, "/b": tokenOfManager}[r.URL.Path]) {
			word = "welcome, "
		}
		_, _ = io.WriteString(w, word+brought)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// codeDeployOf answers whose deployment it is, takes the report, and keeps the last one.
func codeDeployOf(t *testing.T, application string) (url string, told func() string) {
	t.Helper()
	var last atomic.Value
	last.Store("")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Status string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
		case "GetDeployment":
			_ = json.NewEncoder(w).Encode(map[string]any{"deploymentInfo": map[string]any{"applicationName": application, "deploymentGroupName": "production", "status": "InProgress"}})
		case "PutLifecycleEventHookExecutionStatus":
			last.Store(in.Status)
			_, _ = io.WriteString(w, "{}")
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"denied"}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() string { return last.Load().(string) }
}

func TestThePackagedFunctionReadsItsPlanAndItsSecretsFromAWS(t *testing.T) {
	v := startVault(t)
	var welcomes atomic.Bool
	v.fill(t, guarded(t, &welcomes))
	for i, tt := range []struct {
		name, plan, application string
		welcome                 bool
		status, logged          string
	}{
		{"from S3, by the application's name", "s3://plans/{{ application }}/plan.yaml", "shop", true, "Succeeded", "2 of 2 checks passed"},
		{"what green says isn't told with the secret in it", "s3://plans/{{ application }}/plan.yaml", "shop", false, "Failed", `go away, ***`},
		{"from the Parameter Store", "ssm:/plans/{{ application }}", "shop", true, "Succeeded", "GET /open passed"},
		{"no such object", "s3://plans/{{ application }}/plan.yaml", "cart", true, "Failed", "reading the plan s3://plans/cart/plan.yaml: there is no such object"},
		{"no such bucket", "s3://none/plan.yaml", "shop", true, "Failed", "reading the plan s3://none/plan.yaml: there is no such bucket"},
		{"no such parameter", "ssm:/plans/{{ application }}", "cart", true, "Failed", "reading the plan ssm:/plans/cart: there is no such parameter in us-east-1"},
		{
			"no such secret", "{version: 1, green: 'http://127.0.0.1:1', secrets: {x: 'secretsmanager:shop/test#tokn'}, checks: [http: 'GET /{{ secrets.x }}']}", "shop", true, "Failed",
			`secrets.x: secretsmanager:shop/test#tokn: unknown key \"tokn\": did you mean \"token\"?`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			welcomes.Store(tt.welcome)
			deploys, told := codeDeployOf(t, tt.application)
			root := unpack(t)
			f := startEmulator(t, root, []string{filepath.Join(root, "bootstrap")}, "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL="+v.url, "AWS_ENDPOINT_URL_CODEDEPLOY="+deploys,
				"GREENLIGHT_PLAN="+tt.plan, "GREENLIGHT_STAGE=AfterAllowTestTraffic", "LOG_LEVEL=debug")
			text, _ := event(fmt.Sprintf("d-%09d", i))
			answer := f.invoke(t, text)
			logs := f.logs.String()
			if told() != tt.status || !strings.Contains(logs, tt.logged) {
				t.Errorf("CodeDeploy was told %q, want %s, and the log to say %s", told(), tt.status, tt.logged)
			}
			for _, part := range []string{"of the store", "of%20the%20store", "of+the+store", "of the manager", "of+the+manager"} {
				if strings.Contains(logs+answer, part) {
					t.Errorf("a secret stands in the log: %s", part)
				}
			}
		})
	}
}

func TestTheCommandLineReadsAPlanAndItsSecretsFromAWS(t *testing.T) {
	v := startVault(t)
	var welcomes atomic.Bool
	v.fill(t, guarded(t, &welcomes))
	welcomes.Store(true)
	folder := t.TempDir()
	greenlight := filepath.Join(folder, "greenlight")
	// The toolchain needs its user's settings, as wherever tests build.
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", greenlight, "../cmd/greenlight").CombinedOutput(); err != nil {
		t.Fatalf("building greenlight: %v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(folder, "config"), []byte("[profile shop]\nregion = us-east-1\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"validate", "s3://plans/shop/plan.yaml"}, 0, "s3://plans/shop/plan.yaml: ok, 2 checks in 1 stage"},
		{[]string{"run", "s3://plans/shop/plan.yaml", "--stage", "AfterAllowTestTraffic", "--verbose"}, 0, "succeeded: 2 of 2 checks passed"},
		{[]string{"run", "ssm:/plans/shop"}, 0, "GET /open passed"},
		{[]string{"run", "ssm:/plans/none"}, 2, "reading the plan ssm:/plans/none: there is no such parameter in us-east-1"},
	} {
		cmd := exec.CommandContext(t.Context(), greenlight, tt.args...)
		cmd.Env = []string{
			"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder, "AWS_PROFILE=shop", "AWS_CONFIG_FILE=" + filepath.Join(folder, "config"),
			"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(folder, "none"), "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + v.url,
		}
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != tt.code || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: %v: %s", strings.Join(tt.args, " "), err, out)
		}
		if strings.Contains(string(out), "of the store") || strings.Contains(string(out), "of the manager") {
			t.Errorf("a secret is shown: %s", out)
		}
	}
}
