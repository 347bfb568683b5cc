//go:build unix

package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// recorder keeps a service's log and invocations.
type recorder struct {
	mu          sync.Mutex
	lines       []lambda.LogLine
	invocations chan lambda.Invocation
	logged      chan string
}

func (r *recorder) log(line lambda.LogLine) {
	r.mu.Lock()
	r.lines = append(r.lines, line)
	r.mu.Unlock()
	select {
	case r.logged <- line.Text:
	default:
	}
}

func (r *recorder) texts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	texts := make([]string, len(r.lines))
	for i, line := range r.lines {
		texts[i] = line.Text
	}
	return texts
}

// await returns the first logged line from now on that f accepts.
func (r *recorder) await(t *testing.T, f func(string) bool) string {
	t.Helper()
	for {
		select {
		case text := <-r.logged:
			if f(text) {
				return text
			}
		case <-t.Context().Done():
			t.Fatal("the line never came")
		}
	}
}

// instant is a clock whose waits are over at once, and which remembers them.
type instant struct {
	mu    sync.Mutex
	waits []time.Duration
}

func (*instant) Now() time.Time { return time.Now() }

func (c *instant) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, d)
	due := make(chan time.Time, 1)
	due <- time.Now()
	return due
}

func start(t *testing.T, config lambda.Config) (*lambda.Service, *recorder) {
	t.Helper()
	r := &recorder{invocations: make(chan lambda.Invocation, 64), logged: make(chan string, 1024)}
	config.Logs = r.log
	config.Invoked = func(i lambda.Invocation) { r.invocations <- i }
	s := lambda.New(config)
	t.Cleanup(s.Close)
	return s, r
}

func function(t *testing.T, mode string) lambda.Function {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return lambda.Function{
		Name: "hook", Command: []string{self}, Dir: t.TempDir(), Timeout: time.Minute,
		Env: map[string]string{bootstrapVariable: mode},
	}
}

func create(t *testing.T, s *lambda.Service, f lambda.Function) {
	t.Helper()
	if err := s.Create(f); err != nil {
		t.Fatal(err)
	}
}

func invoke(t *testing.T, s *lambda.Service, do, text string) lambda.Result {
	t.Helper()
	payload, err := json.Marshal(event{do, text})
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.Invoke(t.Context(), "hook", payload)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAFunctionAnswersWithWhatItsBootstrapPosts(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	for _, name := range []string{"hook", "hook:$LATEST", s.ARN("hook")} {
		result, err := s.Invoke(t.Context(), name, []byte(`{"Do":"echo","Text":"hello"}`))
		if err != nil {
			t.Fatal(err)
		}
		if string(result.Payload) != `"hello"` || result.Err() != nil {
			t.Errorf("%s answered %s, %v", name, result.Payload, result.Err())
		}
	}
}

func TestARuntimeSeesTheHeadersThatAWSDocuments(t *testing.T) {
	s, _ := start(t, lambda.Config{Region: "eu-central-1", AccountID: "111122223333"})
	create(t, s, function(t, "run"))
	before := time.Now()
	result := invoke(t, s, "headers", "")
	var header http.Header
	if err := json.Unmarshal(result.Payload, &header); err != nil {
		t.Fatal(err)
	}
	if got := header.Get("Lambda-Runtime-Aws-Request-Id"); got != result.RequestID {
		t.Errorf("request id %q, the result's is %q", got, result.RequestID)
	}
	if got, want := header.Get("Lambda-Runtime-Invoked-Function-Arn"), "arn:aws:lambda:eu-central-1:111122223333:function:hook"; got != want {
		t.Errorf("ARN %q, want %q", got, want)
	}
	if got := header.Get("Lambda-Runtime-Trace-Id"); !regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`).MatchString(got) {
		t.Errorf("trace id %q", got)
	}
	ms, err := strconv.ParseInt(header.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if deadline := time.UnixMilli(ms); deadline.Before(before.Add(time.Minute).Truncate(time.Millisecond)) || deadline.After(time.Now().Add(time.Minute)) {
		t.Errorf("deadline %v is not a minute after the start, %v", deadline, before)
	}
}

func TestAFunctionSeesLambdasEnvironmentAndNothingElse(t *testing.T) {
	t.Setenv("ONLY_THE_PARENT_KNOWS", "1")
	s, _ := start(t, lambda.Config{Region: "eu-west-1"})
	f := function(t, "run")
	f.Env["ALB_URL"] = "example.test"
	f.Env["TZ"] = "Europe/Paris"
	f.Handler, f.MemoryMB = "index.handler", 512
	create(t, s, f)
	var list []string
	if err := json.Unmarshal(invoke(t, s, "environment", "").Payload, &list); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, entry := range list {
		name, value, _ := strings.Cut(entry, "=")
		got[name] = value
	}
	for _, random := range []string{"AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		if got[random] == "" {
			t.Errorf("%s is not set", random)
		}
		delete(got, random)
	}
	want := map[string]string{
		bootstrapVariable: "run", "ALB_URL": "example.test", "TZ": "Europe/Paris",
		"LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"_HANDLER": "index.handler", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
		"AWS_LAMBDA_FUNCTION_NAME": "hook", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/hook", "LAMBDA_TASK_ROOT": f.Dir, "LAMBDA_RUNTIME_DIR": "/var/runtime",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestAManagedRuntimeHasAnExecutionEnvironment(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := function(t, "run")
	f.Runtime = "python3.14"
	create(t, s, f)
	if got := string(invoke(t, s, "environment", "").Payload); !strings.Contains(got, `"AWS_EXECUTION_ENV=AWS_Lambda_python3.14"`) {
		t.Errorf("AWS_EXECUTION_ENV is missing in %s", got)
	}
}

func TestAnInvocationReusesTheIdleSandbox(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	first, second := invoke(t, s, "pid", ""), invoke(t, s, "pid", "")
	if string(first.Payload) != string(second.Payload) {
		t.Errorf("processes %s and %s: the second start should have been warm", first.Payload, second.Payload)
	}
	if cold, warm := <-r.invocations, <-r.invocations; !cold.Cold || warm.Cold {
		t.Errorf("cold starts: %v, then %v; want true, then false", cold.Cold, warm.Cold)
	}
}

func TestConcurrentInvocationsGetSandboxesOfTheirOwn(t *testing.T) {
	s, r := start(t, lambda.Config{})
	f := function(t, "run")
	create(t, s, f)
	gate := f.Dir + "/gate"
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	results := make(chan lambda.Result)
	for range 2 {
		go func() { results <- invoke(t, s, "wait for a file", gate) }()
	}
	waiting := func(text string) bool { return text == "waiting" }
	r.await(t, waiting)
	r.await(t, waiting)
	// Opened for reading and writing, the gate lets every reader pass and never blocks us.
	open, err := os.OpenFile(gate, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	first, second := <-results, <-results
	_ = open.Close()
	if string(first.Payload) == string(second.Payload) {
		t.Errorf("both ran in process %s", first.Payload)
	}
}

func TestHowAnInvocationFails(t *testing.T) {
	tests := []struct {
		why, do   string
		kind, say string
		dies      bool // the sandbox can't be used again
	}{
		{"the function reported an error", "fail", "Boom", "it broke", false},
		{"an error that isn't JSON gets its type from the header", "fail with a header", "Extension.Unknown", "no JSON", false},
		{"the process ended with a status", "exit", "Runtime.ExitError", "Runtime exited with error: exit status 3", true},
		{"the process ended as if all were well", "exit well", "Runtime.ExitError", "Runtime exited without providing a reason", true},
		{"an answer may have 6 MB", "answer 7 MB", "Function.ResponseSizeTooLarge", "maximum allowed payload size (6291456 bytes)", false},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s, r := start(t, lambda.Config{})
			create(t, s, function(t, "run"))
			result := invoke(t, s, test.do, "")
			if err := result.Err(); err == nil || !strings.Contains(err.Error(), test.kind+": ") || !strings.Contains(err.Error(), test.say) {
				t.Errorf("got error %v, want one of type %s that says %q", err, test.kind, test.say)
			}
			if after := invoke(t, s, "echo", "again"); string(after.Payload) != `"again"` {
				t.Errorf("the next invocation got %s", after.Payload)
			}
			<-r.invocations
			if next := <-r.invocations; next.Cold != test.dies {
				t.Errorf("the next start was cold: %v, want %v", next.Cold, test.dies)
			}
		})
	}
}

func TestAnAnswerThatWasAcceptedStands(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	t.Run("although the process dies after it", func(t *testing.T) {
		if result := invoke(t, s, "answer and exit", ""); string(result.Payload) != `"answered"` || result.Err() != nil {
			t.Errorf("got %s, %v", result.Payload, result.Err())
		}
	})
	t.Run("and a second one is refused", func(t *testing.T) {
		if result := invoke(t, s, "answer twice", ""); string(result.Payload) != `"first"` {
			t.Errorf("got %s, want the first answer", result.Payload)
		}
		if !slices.ContainsFunc(r.texts(), func(s string) bool {
			return strings.HasPrefix(s, "403 ") && strings.Contains(s, "InvalidStateTransition")
		}) {
			t.Errorf("the runtime wasn't told in:\n%s", strings.Join(r.texts(), "\n"))
		}
	})
}

func TestTheRuntimeAPIRefusesWhatIsOutOfTurn(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	if got := string(invoke(t, s, "answer another", "").Payload); !strings.Contains(got, "400") || !strings.Contains(got, "InvalidRequestID") {
		t.Errorf("an answer to an unknown request got %s", got)
	}
	if got := string(invoke(t, s, "ask too early", "").Payload); got != "403" {
		t.Errorf("asking for an event before answering one got %s, want 403", got)
	}
}

// lifeline makes a named pipe and returns a channel that closes when a process has opened
// the pipe for writing and all processes that hold it are gone.
func lifeline(t *testing.T, path string) <-chan struct{} {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if f, err := os.Open(path); err == nil {
			_, _ = io.Copy(io.Discard, f)
			_ = f.Close()
		}
	}()
	return gone
}

func TestTheTimeoutEndsTheProcessAndItsChildren(t *testing.T) {
	s, r := start(t, lambda.Config{})
	f := function(t, "run")
	f.Timeout = 2 * time.Second // long enough for the child to be started on a busy machine
	create(t, s, f)
	gone := lifeline(t, f.Dir+"/lifeline")
	result := invoke(t, s, "hang with a child", f.Dir+"/lifeline")
	if err := result.Err(); err == nil || !strings.Contains(err.Error(), "Sandbox.Timedout") || !strings.Contains(err.Error(), "Task timed out after 2.00 seconds") {
		t.Errorf("got %v", err)
	}
	<-gone
	if !slices.Contains(r.texts(), "with a child") {
		t.Errorf("the function had not started its child:\n%s", strings.Join(r.texts(), "\n"))
	}
	if last := r.texts()[len(r.texts())-1]; !strings.Contains(last, "\tStatus: timeout") {
		t.Errorf("the last line is %q", last)
	}
}

func TestTheInitIsTriedOnceMore(t *testing.T) {
	tests := []struct{ mode, want string }{
		{"exit in init", `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 7"}`},
		{"report in init", `{"errorType":"Config.Missing","errorMessage":"no plan"}`},
		{"init works the second time", `"hello"`},
	}
	for _, test := range tests {
		t.Run(test.mode, func(t *testing.T) {
			s, r := start(t, lambda.Config{})
			create(t, s, function(t, test.mode))
			result := invoke(t, s, "echo", "hello")
			if got := strings.ReplaceAll(string(result.Payload), result.RequestID, "ID"); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			starts := 0
			for _, text := range r.texts() {
				if strings.HasPrefix(text, "INIT_START") {
					starts++
				}
			}
			if starts != 2 {
				t.Errorf("%d inits, want 2:\n%s", starts, strings.Join(r.texts(), "\n"))
			}
		})
	}
}

func TestABootstrapThatCannotStart(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := function(t, "run")
	f.Command = []string{f.Dir + "/nothing-here"}
	create(t, s, f)
	err := invoke(t, s, "echo", "").Err()
	if err == nil || !strings.Contains(err.Error(), "Runtime.InvalidEntrypoint") || !strings.Contains(err.Error(), "nothing-here") {
		t.Errorf("got %v, want Runtime.InvalidEntrypoint with the path", err)
	}
}

func TestTheLogKeepsEachLineInItsPlace(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	first := invoke(t, s, "log", "one\n\ntwo\r\nopen end, ")
	second := invoke(t, s, "log", "again\n")
	got := strings.Join(r.texts(), "\n")
	got = strings.NewReplacer(first.RequestID, "FIRST", second.RequestID, "SECOND").Replace(got)
	got = regexp.MustCompile(`\d+(\.\d+)? (ms|MB)`).ReplaceAllString(got, "N $2")
	got = strings.ReplaceAll(got, "\tMax Memory Used: N MB", "") // Linux only
	want := strings.Join([]string{
		"INIT_START Runtime Version: provided:al2023",
		"START RequestId: FIRST Version: $LATEST",
		"one",
		"two",
		"open end, to standard error",
		"END RequestId: FIRST",
		"REPORT RequestId: FIRST\tDuration: N ms\tBilled Duration: N ms\tMemory Size: N MB\tInit Duration: N ms",
		"START RequestId: SECOND Version: $LATEST",
		"again",
		"to standard error",
		"END RequestId: SECOND",
		"REPORT RequestId: SECOND\tDuration: N ms\tBilled Duration: N ms\tMemory Size: N MB",
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	for _, line := range r.lines {
		wantID := map[bool]string{true: first.RequestID, false: second.RequestID}[line.Text == "one"]
		if (line.Text == "one" || line.Text == "again") && line.RequestID != wantID {
			t.Errorf("%q belongs to request %q, want %q", line.Text, line.RequestID, wantID)
		}
		if isOwn := regexp.MustCompile(`^(INIT_)?(START|END|REPORT) `).MatchString(line.Text); line.Platform != isOwn {
			t.Errorf("%q is marked as Lambda's own: %v", line.Text, line.Platform)
		}
	}
}

func TestALongLogDoesNotBlockAnyone(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	const size = 1 << 20
	invoke(t, s, "log", strings.Repeat("x", size)+"\n")
	total := 0
	for _, text := range r.texts() {
		total += strings.Count(text, "x")
	}
	if total < size {
		t.Errorf("%d of %d characters arrived", total, size)
	}
}

func TestAFailedEventIsTriedTwiceMore(t *testing.T) {
	clock := new(instant)
	s, r := start(t, lambda.Config{Clock: clock})
	create(t, s, function(t, "run"))
	id, err := s.InvokeAsync("hook", []byte(`{"Do":"fail"}`))
	if err != nil {
		t.Fatal(err)
	}
	for attempt := 1; attempt <= 3; attempt++ {
		got := <-r.invocations
		if got.Attempt != attempt || got.Result.RequestID != id || got.Result.FunctionError != "Unhandled" {
			t.Errorf("run %d is attempt %d of request %s with error %q; want request %s", attempt, got.Attempt, got.Result.RequestID, got.Result.FunctionError, id)
		}
	}
	s.Close()
	select {
	case extra := <-r.invocations:
		t.Errorf("there was a fourth run: %+v", extra)
	default:
	}
	if diff := cmp.Diff([]time.Duration{time.Minute, 2 * time.Minute}, clock.waits); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
}

func TestAnEventThatSucceedsIsRunOnce(t *testing.T) {
	s, r := start(t, lambda.Config{Clock: new(instant)})
	create(t, s, function(t, "run"))
	if _, err := s.InvokeAsync("hook", []byte(`{"Do":"echo"}`)); err != nil {
		t.Fatal(err)
	}
	<-r.invocations
	s.Close()
	if len(r.invocations) != 0 {
		t.Errorf("there was another run: %+v", <-r.invocations)
	}
}

func TestCloseEndsWhatStillRuns(t *testing.T) {
	s, r := start(t, lambda.Config{})
	f := function(t, "run")
	create(t, s, f)
	gone := lifeline(t, f.Dir+"/lifeline")
	if _, err := s.InvokeAsync("hook", []byte(`{"Do":"hang with a child","Text":"`+f.Dir+`/lifeline"}`)); err != nil {
		t.Fatal(err)
	}
	r.await(t, func(text string) bool { return text == "with a child" })
	s.Close()
	<-gone
	if got := <-r.invocations; !strings.Contains(got.Result.Err().Error(), "shut down") {
		t.Errorf("the run ended with %v", got.Result.Err())
	}
	if _, err := s.Invoke(t.Context(), "hook", []byte(`{}`)); err == nil {
		t.Error("a closed service accepted an invocation")
	}
}

func TestACallerMayLeave(t *testing.T) {
	s, r := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := s.Invoke(ctx, "hook", []byte(`{"Do":"hang"}`))
		left <- err
	}()
	r.await(t, func(text string) bool { return strings.HasPrefix(text, "START") })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestWhatLambdaRefuses(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	tests := []struct {
		why, name string
		payload   string
		code      string
	}{
		{"no such function", "other", "{}", "ResourceNotFoundException"},
		{"no event", "hook", "", "InvalidRequestContentException"},
		{"an event that isn't JSON", "hook", "{", "InvalidRequestContentException"},
		{"an event over 6 MB", "hook", `"` + strings.Repeat("x", 6<<20) + `"`, "RequestTooLargeException"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			for how, err := range map[string]error{
				"Invoke":      func() error { _, err := s.Invoke(t.Context(), test.name, []byte(test.payload)); return err }(),
				"InvokeAsync": func() error { _, err := s.InvokeAsync(test.name, []byte(test.payload)); return err }(),
			} {
				refused := new(lambda.APIError)
				if !errors.As(err, &refused) || refused.Code != test.code {
					t.Errorf("%s: got %v, want %s", how, err, test.code)
				}
			}
		})
	}
}

func TestWhatAFunctionsConfigurationMayBe(t *testing.T) {
	tests := []struct {
		why  string
		edit func(*lambda.Function)
		want string // in the error; empty: accepted
	}{
		{"the defaults do", func(f *lambda.Function) { f.Timeout, f.MemoryMB = 0, 0 }, ""},
		{"a name is needed", func(f *lambda.Function) { f.Name = "" }, "1 to 64 letters"},
		{"a name has no colon", func(f *lambda.Function) { f.Name = "a:b" }, "1 to 64 letters"},
		{"a command is needed", func(f *lambda.Function) { f.Command = nil }, "no command"},
		{"15 minutes are the longest timeout", func(f *lambda.Function) { f.Timeout = 901 * time.Second }, "15m0s"},
		{"a timeout isn't negative", func(f *lambda.Function) { f.Timeout = -1 }, "out of range"},
		{"128 MB are the least memory", func(f *lambda.Function) { f.MemoryMB = 64 }, "128 to 10240 MB"},
		{"reserved names can't be set", func(f *lambda.Function) { f.Env["AWS_REGION"] = "x"; f.Env["_HANDLER"] = "y" }, "AWS_REGION, _HANDLER"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s, _ := start(t, lambda.Config{})
			f := function(t, "run")
			test.edit(&f)
			err := s.Create(f)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("a name is taken once", func(t *testing.T) {
		s, _ := start(t, lambda.Config{})
		create(t, s, function(t, "run"))
		if err := s.Create(function(t, "run")); err == nil || !strings.Contains(err.Error(), "ResourceConflictException") {
			t.Errorf("got %v", err)
		}
	})
}
