package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// childVariable tells the test binary that it is the Lambda function.
const childVariable = "HOOK_TEST_IS_FUNCTION"

// childHook does what the execution's id says.
type childHook struct{}

func (childHook) Decide(ctx context.Context, e Execution) Verdict {
	if e.ID == "again" && e.Round == 0 {
		return Verdict{Status: InProgress, Reason: "1 of 2 checks passed", State: encode(1)}
	}
	return Func(func(context.Context, Execution) error {
		switch e.ID {
		case "fail":
			return errors.New("GET /health: status 500")
		case "panic":
			panic("boom")
		default:
			return nil
		}
	}).Decide(ctx, e)
}

// A runtimeAPI is Lambda's Runtime API as far as one function needs it: events go out one at a
// time, answers come back.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	events  chan string
	answers chan runtimeAnswer
	asked   chan struct{} // one for each /next
}

type runtimeAnswer struct {
	kind string // response or error
	body string
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const prefix = "/2018-06-01/runtime/invocation/"
	if r.URL.Path == prefix+"next" {
		a.asked <- struct{}{}
		select {
		case event := <-a.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", functionARN+":live")
			w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-2;Lineage=a:1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			_, _ = io.WriteString(w, event)
		case <-r.Context().Done():
		}
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	a.answers <- runtimeAnswer{kind: strings.TrimPrefix(r.URL.Path, prefix+"1/"), body: string(body)}
}

// TestStart runs a hook as Lambda does: a process of its own, the Runtime API and CodeDeploy over
// sockets, the latter with TLS and a certificate of the test's own.
func TestStart(t *testing.T) {
	fake := &fakeAWS{fakeCodeDeploy: fakeCodeDeploy{fault: firstCalls(1, answers(400, "ThrottlingException"))}}
	cloud := httptest.NewUnstartedServer(fake)
	cloud.Config.ErrorLog = log.New(io.Discard, "", 0)
	cloud.Config.ConnState = fake.countConnections
	cloud.StartTLS()
	t.Cleanup(cloud.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cloud.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	api := &runtimeAPI{events: make(chan string), answers: make(chan runtimeAnswer), asked: make(chan struct{}, 16)}
	lambdaServer := httptest.NewServer(api)
	t.Cleanup(lambdaServer.Close)

	f := startFunction(t, []string{
		childVariable + "=1",
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(lambdaServer.URL, "http://"),
		"AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY=secret",
		"AWS_ENDPOINT_URL=" + cloud.URL,
		"AWS_CA_BUNDLE=" + bundle,
		"LOG_LEVEL=debug",
	})

	await(t, f, api.asked)
	if n := fake.connections(); n != 1 {
		t.Errorf("before the first event there are %d connections to CodeDeploy, want 1", n)
	}
	event := func(id string) string {
		return fmt.Sprintf(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":%q}`, id)
	}
	steps := []struct {
		why, event string
		want       runtimeAnswer
	}{
		{"a success, after a throttled attempt", event("pass"), runtimeAnswer{"response", `{"status":"Succeeded","reason":"the hook's function returned no error"}`}},
		{"a failure", event("fail"), runtimeAnswer{"response", `{"status":"Failed","reason":"GET /health: status 500"}`}},
		{"a panic", event("panic"), runtimeAnswer{"response", `{"status":"Failed","reason":"panic: boom"}`}},
		{"an event without ids", `{}`, runtimeAnswer{"error", `"errorType":"EventError"`}},
		{"an execution that isn't finished, and handed over", event("again"), runtimeAnswer{"response", `{"status":"InProgress","reason":"1 of 2 checks passed"}`}},
		{"one of Amazon ECS", string(documented(t, "ecs-pre-scale-up")), runtimeAnswer{"response", `{"hookStatus":"SUCCEEDED","reason":"the hook's function returned no error"}`}},
		{"one of Amazon ECS, broken", `{"executionId":"e"}`, runtimeAnswer{"response", `{"hookStatus":"FAILED","reason":"read the lifecycle hook event: lifecycleStage is missing`}},
		{"a pause of Amazon ECS", string(pausePayload(t, time.Hour)), runtimeAnswer{"response", `{"status":"Succeeded"`}},
		{"a duplicate, in the process that lived through all this", event("fail"), runtimeAnswer{"response", `{"status":"Failed","reason":"GET /health: status 500"}`}},
	}
	for _, step := range steps {
		api.events <- step.event
		if got := await(t, f, api.answers); got.kind != step.want.kind || !strings.Contains(got.body, step.want.body) {
			t.Errorf("%s: got %s %s, want %s %s", step.why, got.kind, got.body, step.want.kind, step.want.body)
		}
		await(t, f, api.asked)
	}

	_, accepted := fake.seen()
	var statuses []string
	for _, p := range accepted {
		statuses = append(statuses, p.ExecutionID+" "+string(p.Status))
	}
	if got := strings.Join(statuses, ", "); got != "pass Succeeded, fail Failed, panic Failed" {
		t.Errorf("CodeDeploy took %s", got)
	}
	if n := fake.connections(); n != 1 {
		t.Errorf("AWS was called over %d connections, want the one that was opened ahead", n)
	}
	handedOver, answered := fake.seenCalls()[0], fake.seenCalls()[1]
	if handedOver.path != "/2015-03-31/functions/CodeDeployHook_greenlight/invocations" || handedOver.query != "Qualifier=live" ||
		handedOver.header.Get("X-Amzn-Trace-Id") != "Root=1-2;Lineage=a:1" || !strings.Contains(handedOver.body, `"state":"1"`) {
		t.Errorf("it was handed over by %+v", handedOver)
	}
	if answered.operation != "ContinueServiceDeployment" || !strings.Contains(answered.body, `"CONTINUE"`) {
		t.Errorf("the pause was answered by %+v", answered)
	}
	if n := verdicts(t, f.stop()); n != 4 {
		t.Errorf("the log has %d verdicts, want 4", n)
	}
}

// A function is this test binary, running as a Lambda function.
type function struct {
	kill  context.CancelFunc
	out   bytes.Buffer  // standard output and error; complete once ended is closed
	ended chan struct{} // closed when the process has
}

// startFunction starts a function with nothing but env for an environment.
func startFunction(t *testing.T, env []string) *function {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &function{kill: cancel, ended: make(chan struct{})}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &f.out, &f.out
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	go func() {
		defer close(f.ended)
		_ = cmd.Wait() // it is killed, or its output says why it ended
	}()
	t.Cleanup(func() {
		if text := f.stop(); t.Failed() {
			t.Logf("the function's output:\n%s", text)
		}
	})
	return f
}

// stop ends the process and returns what it wrote.
func (f *function) stop() string {
	f.kill()
	<-f.ended
	return f.out.String()
}

// await receives from c, and fails the test if the function ends before that.
func await[T any](t *testing.T, f *function, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-f.ended:
		t.Fatal("the function's process ended")
		panic("unreachable")
	}
}

// verdicts counts the lines "verdict" of a function's log.
func verdicts(t *testing.T, text string) int {
	t.Helper()
	n := 0
	for line := range strings.Lines(text) {
		var fields struct{ Msg, Deployment string }
		// aws-lambda-go logs an error that it is given in its own format.
		if json.Unmarshal([]byte(line), &fields) == nil && fields.Msg == "verdict" && fields.Deployment == "d-1" {
			n++
		}
	}
	return n
}
