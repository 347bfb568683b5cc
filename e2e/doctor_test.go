//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// account is what moto serves: an account of others' making, with IAM, EC2, CloudWatch, Lambda and more.
type account struct {
	url        string
	greenlight string
	folder     string
}

func startAccount(t *testing.T) *account {
	t.Helper()
	a := startMoto(t)
	a.wire(t, "build")
	return a
}

// startMoto starts an account that is still empty.
func startMoto(t *testing.T) *account {
	t.Helper()
	a := &account{url: fmt.Sprintf("http://127.0.0.1:%d", freePort(t)), folder: t.TempDir()}
	_, port, _ := strings.Cut(strings.TrimPrefix(a.url, "http://"), ":")
	start(t, exec.Command(program(t, "MOTO_SERVER"), "-H", "127.0.0.1", "-p", port), []string{"HOME=" + a.folder, "MOTO_IAM_LOAD_MANAGED_POLICIES=true"})
	awaitAnswer(t, a.url)
	a.greenlight = buildCommandLine(t)
	return a
}

// env is the environment of whoever reads or makes the account.
func (a *account) env(settings ...string) []string {
	return append([]string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + a.folder, "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + a.url, "AWS_MAX_ATTEMPTS=1", // what moto lacks, it answers with 500
	}, settings...)
}

// wire has boto3 make something of the account.
func (a *account) wire(t *testing.T, args ...string) {
	t.Helper()
	a.python(t, filepath.Join("testdata", "doctor", "account.py"), args...)
}

func (a *account) python(t *testing.T, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "HOOK_PYTHON"), append([]string{script}, args...)...)
	cmd.Env = a.env()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", script, strings.Join(args, " "), err, out)
	}
}

// aws gives what the AWS CLI prints.
func (a *account) aws(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "AWS_CLI"), args...)
	cmd.Env = a.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("aws %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// diagnosis is doctor's JSON.
type diagnosis struct {
	About    string
	Findings []struct{ Check, Status, Text, Remedy string }
	Counts   struct{ Fail int }
	code     int
}

func (d diagnosis) of(check, status, text string) bool {
	return slices.ContainsFunc(d.Findings, func(f struct{ Check, Status, Text, Remedy string }) bool {
		return f.Check == check && f.Status == status && strings.Contains(f.Text, text)
	})
}

func (a *account) doctor(t *testing.T, env []string, args ...string) diagnosis {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), a.greenlight, append([]string{"doctor", "--json"}, args...)...)
	cmd.Env, cmd.Dir = env, a.folder
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatalf("greenlight doctor: %v", err)
	}
	d := diagnosis{code: cmd.ProcessState.ExitCode()}
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatalf("greenlight doctor printed %q, %q: %v", out, &said, err)
	}
	return d
}

// watcher stands between doctor and the account, and keeps what is asked.
type watcher struct {
	url   string
	mu    sync.Mutex
	asked []string
}

// watch also gives the deployment group an alarm, which moto doesn't keep.
func watch(t *testing.T, account string) *watcher {
	t.Helper()
	target, err := url.Parse(account)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: func(r *http.Response) error {
			if !strings.HasSuffix(r.Request.Header.Get("X-Amz-Target"), ".GetDeploymentGroup") {
				return nil
			}
			var answer struct {
				Info map[string]any `json:"deploymentGroupInfo"`
			}
			if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
				return err
			}
			answer.Info["alarmConfiguration"] = map[string]any{"enabled": true, "alarms": []map[string]string{{"name": "shop-5xx"}}}
			body, err := json.Marshal(answer)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return err
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.keep(r)
		proxy.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// keep notes the operation, or the method and path of a service of REST.
func (w *watcher) keep(r *http.Request) {
	_, operation, isJSON := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !isJSON {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		if operation = form.Get("Action"); operation == "" {
			operation = r.Method + " " + r.URL.Path
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, operation)
}

func (w *watcher) readOnly(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, operation := range w.asked {
		if !slices.ContainsFunc([]string{"Describe", "Get", "List", "Simulate", "BatchGet", "GET /"}, func(read string) bool { return strings.HasPrefix(operation, read) }) {
			t.Errorf("doctor asked for %s, which isn't a read", operation)
		}
	}
	if len(w.asked) < 100 {
		t.Errorf("doctor asked %d times", len(w.asked))
	}
}

func TestDoctorFindsEachWrongWiringOfAnAccount(t *testing.T) {
	a := startAccount(t)
	group := []string{"--application", "shop", "--function", "CodeDeployHook_check"}
	between := watch(t, a.url)
	env := a.env("AWS_ENDPOINT_URL=" + between.url)

	well := a.doctor(t, env, group...)
	for _, want := range [][3]string{
		{"service-role-invoke", "pass", "AWSCodeDeployRoleForECSLimited"},
		{"execution-role-report", "pass", "by documents"},
		{"network-route", "pass", "have a way out"},
		{"network-security-groups", "pass", "port 9000"},
		{"production-listener", "pass", "blue 100 %"},
		{"function-retries", "pass", "twice"},
		{"group-alarms", "pass", "none in ALARM"},
	} {
		if !well.of(want[0], want[1], want[2]) {
			t.Errorf("where all is well, no %s: %+v", want, well.Findings)
		}
	}
	if well.Counts.Fail > 0 || well.code != 0 {
		t.Errorf("where all is well, exit %d: %+v", well.code, well.Findings)
	}
	tests := []struct {
		wiring, check, status, text string
	}{
		{"report", "execution-role-report", "fail", "hangs for an hour"},
		{"reads", "execution-role-reads", "fail", "elasticloadbalancing:DescribeRules"},
		{"invoke", "service-role-invoke", "fail", "may not call the function"},
		{"timeout", "function-timeout", "fail", "3s"},
		{"memory", "function-memory", "warn", "128 MB"},
		{"alarm", "group-alarms", "fail", "shop-5xx is in ALARM already"},
		{"route", "network-route", "fail", "com.amazonaws.eu-west-1.codedeploy"},
		{"ingress", "network-security-groups", "fail", "doesn't let the function in to port 9000"},
		{"concurrency", "function-concurrency", "fail", "never run"},
		{"retries", "function-retries", "warn", "isn't run again"},
		{"split", "production-listener", "fail", "blue 90 %, green 10 %"},
	}
	for _, tt := range tests {
		t.Run(tt.wiring, func(t *testing.T) {
			a.wire(t, "wrong", tt.wiring)
			d := a.doctor(t, env, group...)
			if !d.of(tt.check, tt.status, tt.text) {
				t.Errorf("no %s %s with %q: %+v", tt.check, tt.status, tt.text, d.Findings)
			}
			if want := map[string]int{"fail": 1, "warn": 0}[tt.status]; d.code != want {
				t.Errorf("exit %d, want %d", d.code, want)
			}
			a.wire(t, "right", tt.wiring)
		})
	}
	between.readOnly(t)
}

func TestDoctorReadsThePlanInS3(t *testing.T) {
	a := startAccount(t)
	between := watch(t, a.url)
	const text = "version: 1\nchecks: [{http: GET /}]\n"
	a.aws(t, "s3api", "create-bucket", "--bucket", "plans", "--create-bucket-configuration", "LocationConstraint=eu-west-1")
	a.aws(t, "s3api", "put-object", "--bucket", "plans", "--key", "shop.yaml", "--body", write(t, "shop.yaml", text))
	a.aws(t, "lambda", "update-function-configuration", "--function-name", "CodeDeployHook_check", "--environment", `{"Variables": {"GREENLIGHT_PLAN": "s3://plans/{{ application }}.yaml"}}`)
	look := func(more ...string) diagnosis {
		return a.doctor(t, a.env("AWS_ENDPOINT_URL="+between.url), append([]string{"--application", "shop", "--function", "CodeDeployHook_check"}, more...)...)
	}
	wants := func(d diagnosis, check, status, text string) {
		t.Helper()
		if !d.of(check, status, text) {
			t.Errorf("no %s %s with %q: %+v", check, status, text, d.Findings)
		}
	}

	found := look()
	wants(found, "plan", "pass", "s3://plans/shop.yaml is right")
	wants(found, "execution-role-plan", "fail", "s3:GetObject")
	a.aws(t, "iam", "put-role-policy", "--role-name", "greenlight-hook", "--policy-name", "plan", "--policy-document",
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::plans/*"}]}`)
	wants(look(), "execution-role-plan", "pass", "may read the plan s3://plans/shop.yaml")
	wants(look("--plan", write(t, "greenlight.yaml", text+"# edited\n")), "plan-place", "warn", "the function runs another plan")

	a.wire(t, "wrong", "route")
	const closed = "to a gateway endpoint com.amazonaws.eu-west-1.s3"
	wants(look(), "network-route", "fail", closed)
	table := a.aws(t, "ec2", "describe-route-tables", "--filters", "Name=tag:Name,Values=private", "--query", "RouteTables[0].[VpcId,RouteTableId]", "--output", "text")
	vpc, table, _ := strings.Cut(table, "\t")
	a.aws(t, "ec2", "create-vpc-endpoint", "--vpc-endpoint-type", "Gateway", "--service-name", "com.amazonaws.eu-west-1.s3", "--vpc-id", vpc, "--route-table-ids", table)
	if found := look(); found.of("network-route", "fail", closed) {
		t.Errorf("no route is found to the gateway endpoint: %+v", found.Findings)
	}

	a.aws(t, "s3api", "delete-object", "--bucket", "plans", "--key", "shop.yaml")
	wants(look(), "plan-place", "fail", "the plan s3://plans/shop.yaml doesn't exist")
	between.readOnly(t)
}

func TestDoctorLooksForThePlansSecretsAndTheirKeys(t *testing.T) {
	a := startAccount(t)
	between := watch(t, a.url)
	key := a.aws(t, "kms", "create-key", "--query", "KeyMetadata.Arn", "--output", "text")
	a.aws(t, "kms", "create-alias", "--alias-name", "alias/shop", "--target-key-id", key)
	put := func(name string, more ...string) {
		a.aws(t, append([]string{"ssm", "put-parameter", "--name", name, "--type", "SecureString", "--value", "a value"}, more...)...)
	}
	put("/shop/token", "--key-id", "alias/shop")
	put("/shop/plain")
	arn := a.aws(t, "secretsmanager", "create-secret", "--name", "shop/test", "--secret-string", "a value", "--kms-key-id", key, "--query", "ARN", "--output", "text")
	a.aws(t, "secretsmanager", "create-secret", "--name", "shop/old", "--secret-string", "a value")
	a.aws(t, "secretsmanager", "delete-secret", "--secret-id", "shop/old")
	fetch := `{"Effect": "Allow", "Action": ["ssm:GetParameter", "secretsmanager:GetSecretValue"], "Resource": ["arn:aws:ssm:*:*:parameter/shop/*", "` + arn + `"]}`
	may := func(statements string) {
		a.aws(t, "iam", "put-role-policy", "--role-name", "greenlight-hook", "--policy-name", "secrets", "--policy-document", `{"Version": "2012-10-17", "Statement": [`+statements+`]}`)
	}
	look := func(sources string, wanted ...[3]string) {
		t.Helper()
		plan := write(t, "greenlight.yaml", "version: 1\nsecrets: {"+sources+"}\nchecks: [{http: {path: /, query: {a: '{{ secrets.a }}', b: '{{ secrets.b }}', c: '{{ secrets.c }}'}}}]\n")
		found := a.doctor(t, a.env("AWS_ENDPOINT_URL="+between.url), "--application", "shop", "--function", "CodeDeployHook_check", "--plan", plan)
		for _, want := range wanted {
			if !found.of(want[0], want[1], want[2]) {
				t.Errorf("no %s: %+v", want, found.Findings)
			}
		}
	}
	const there = "a: ssm:/shop/token, b: 'secretsmanager:shop/test#key', c: ssm:/shop/plain"

	may(fetch)
	look(there,
		[3]string{"plan-secrets", "pass", "what the plan names is there: 3 secrets"},
		[3]string{"execution-role-checks", "warn", "kms:Decrypt"},
	)
	may(fetch + `, {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "` + key + `"}`)
	look(there, [3]string{"execution-role-checks", "pass", "may do what the plan's checks take"})
	look("a: ssm:/shop/tokne, b: secretsmanager:shop/tset, c: secretsmanager:shop/old",
		[3]string{"plan-secrets", "fail", "ssm:/shop/tokne doesn't exist"},
		[3]string{"plan-secrets", "fail", "secretsmanager:shop/tset doesn't exist"},
		[3]string{"plan-secrets", "fail", "secretsmanager:shop/old is scheduled for deletion"},
		[3]string{"execution-role-checks", "fail", "secretsmanager:GetSecretValue"},
	)
	a.aws(t, "kms", "disable-key", "--key-id", path.Base(key)) // moto knows it by its id alone
	look(there, [3]string{"plan-secrets", "fail", "whose state is Disabled"})

	for _, operation := range between.asked {
		if slices.Contains([]string{"GetParameter", "GetParameters", "GetSecretValue", "BatchGetSecretValue", "Decrypt"}, operation) {
			t.Errorf("doctor read the value of a secret, by %s", operation)
		}
	}
	for _, operation := range []string{"DescribeSecret", "DescribeParameters", "DescribeKey"} {
		if !slices.Contains(between.asked, operation) {
			t.Errorf("doctor didn't ask for %s: %s", operation, between.asked)
		}
	}
}

func TestThePackagedFunctionHasNoDoctor(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), filepath.Join(unpack(t), "bootstrap"), "doctor", "--application", "shop")
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "built as a Lambda function, without doctor") {
		t.Errorf("it says %q (%v)", out, err)
	}
}

// The deployment group, the service and the load balancer are the simulator's; what it hasn't got is moto's.
func TestDoctorReadsTheSimulatorWithTheRestOfAnAccountBesideIt(t *testing.T) {
	a, c := startAccount(t), startCloud(t)
	if err := c.CreateFunction(hooks(t, c.TestURL())["Python with boto3"]); err != nil {
		t.Fatal(err)
	}
	if out, err := c.aws(t, "deploy", "wait", "deployment-successful", "--deployment-id", c.deploy(t, "good")); err != nil {
		t.Fatalf("aws deploy wait deployment-successful: %v: %s", err, out)
	}
	env := a.env("AWS_ENDPOINT_URL="+c.EndpointURL(), "AWS_ENDPOINT_URL_IAM="+a.url, "AWS_ENDPOINT_URL_EC2="+a.url, "AWS_ENDPOINT_URL_LAMBDA="+a.url, "AWS_ENDPOINT_URL_CLOUDWATCH="+a.url)
	d := a.doctor(t, env)
	for _, want := range [][3]string{
		{"hooks-appspec", "pass", "CodeDeployHook_check at AfterAllowTestTraffic"},
		{"group-rollback", "pass", "rolls back"},
		{"blue-health", "pass", "1 healthy target"},
		{"production-listener", "pass", "tg-2 100 %"},
		{"function-timeout", "pass", "5m"},
		{"execution-role-report", "pass", "by documents"},
		{"service-role", "fail", "CodeDeployServiceRole doesn't exist"},
	} {
		if !d.of(want[0], want[1], want[2]) {
			t.Errorf("no %s: %+v", want, d.Findings)
		}
	}
	if !strings.HasPrefix(d.About, "deployment group shop/production, service default/service, function CodeDeployHook_check") || d.code != 1 {
		t.Errorf("exit %d, about %s", d.code, d.About)
	}
}
