package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	testEvent = `{"DeploymentId":"d-IHWDEND8F","LifecycleEventHookExecutionId":"eyJlbmMiOiJBMjU2"}`
	putTarget = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"
)

var testExecution = Execution{DeploymentID: "d-IHWDEND8F", ID: "eyJlbmMiOiJBMjU2"}

// A fakeCodeDeploy is CodeDeploy's endpoint as far as hooks see it: the first status of an
// execution counts, every other is told that it was completed already.
type fakeCodeDeploy struct {
	// fault says what goes wrong with a call, which are counted from 1; nil is nothing.
	fault func(call int) fault

	mu       sync.Mutex
	calls    []put
	accepted []put
	conns    int
}

type put struct {
	DeploymentID string `json:"deploymentId"`
	ExecutionID  string `json:"lifecycleEventHookExecutionId"`
	Status       Status `json:"status"`
	at           time.Time
}

type fault func(f *fakeCodeDeploy, p put, w http.ResponseWriter, r *http.Request)

func (f *fakeCodeDeploy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var p put
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil || r.Header.Get("X-Amz-Target") != putTarget {
		answerError(w, http.StatusBadRequest, "ValidationException")
		return
	}
	// Read to its end, so that the server notices when the client gives up.
	_, _ = io.Copy(io.Discard, r.Body)
	p.at = time.Now()
	f.mu.Lock()
	f.calls = append(f.calls, p)
	n := len(f.calls)
	f.mu.Unlock()
	if f.fault != nil {
		if wrong := f.fault(n); wrong != nil {
			wrong(f, p, w, r)
			return
		}
	}
	if !f.accept(p) {
		answerError(w, http.StatusBadRequest, alreadyCompleted)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_, _ = fmt.Fprintf(w, `{"lifecycleEventHookExecutionId":%q}`, p.ExecutionID)
}

func (f *fakeCodeDeploy) accept(p put) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.accepted {
		if a.DeploymentID == p.DeploymentID && a.ExecutionID == p.ExecutionID {
			return false
		}
	}
	f.accepted = append(f.accepted, p)
	return true
}

func (f *fakeCodeDeploy) seen() (calls, accepted []put) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]put(nil), f.calls...), append([]put(nil), f.accepted...)
}

func (f *fakeCodeDeploy) connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.conns
}

func (f *fakeCodeDeploy) countConnections(_ net.Conn, s http.ConnState) {
	if s == http.StateNew {
		f.mu.Lock()
		f.conns++
		f.mu.Unlock()
	}
}

func answerError(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"a message from the fake"}`, code)
}

// The faults.

func answers(status int, code string) fault {
	return func(_ *fakeCodeDeploy, _ put, w http.ResponseWriter, _ *http.Request) { answerError(w, status, code) }
}

func answersText(status int, text string) fault {
	return func(_ *fakeCodeDeploy, _ put, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func hangs(_ *fakeCodeDeploy, _ put, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func resets(_ *fakeCodeDeploy, _ put, w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func cutsAnswerShort(_ *fakeCodeDeploy, _ put, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"lifecycle`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func losesAnswer(f *fakeCodeDeploy, p put, _ http.ResponseWriter, _ *http.Request) {
	f.accept(p)
	panic(http.ErrAbortHandler)
}

// firstCalls makes f go wrong for the first n calls.
func firstCalls(n int, f fault) func(int) fault {
	return func(call int) fault {
		if call <= n {
			return f
		}
		return nil
	}
}

func always(f fault) func(int) fault { return func(int) fault { return f } }

// outage makes f go wrong for d from the first call on.
func outage(d time.Duration, f fault) func(int) fault {
	var end time.Time
	var begin sync.Once
	return func(int) fault {
		begin.Do(func() { end = time.Now().Add(d) })
		if time.Now().Before(end) {
			return f
		}
		return nil
	}
}

// onLoopback serves f on a real socket, and returns a reporter of the SDK's real client for it.
func onLoopback(t *testing.T, f *fakeCodeDeploy) *CodeDeployReporter {
	t.Helper()
	srv := httptest.NewUnstartedServer(f)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Config.ConnState = f.countConnections
	srv.Start()
	t.Cleanup(srv.Close)
	r := NewCodeDeployReporter(testConfig(srv.URL, awshttp.NewBuildableClient().WithTransportOptions(
		func(tr *http.Transport) { tr.Proxy = nil })))
	t.Cleanup(r.warmer.CloseIdleConnections)
	return r
}

// inBubble serves f over pipes, so that everything between handler and endpoint lives in the
// fake time of a synctest bubble.
func inBubble(t *testing.T, f *fakeCodeDeploy) *CodeDeployReporter {
	t.Helper()
	return NewCodeDeployReporter(serveInBubble(t, f))
}

// serveInBubble serves h over pipes, and returns a configuration for it.
func serveInBubble(t *testing.T, h http.Handler) aws.Config {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(l)
	}()
	warm, client := warmClient(awshttp.NewBuildableClient().WithTransportOptions(
		func(tr *http.Transport) { tr.Proxy, tr.DialContext = nil, l.dial }))
	t.Cleanup(func() {
		warm.CloseIdleConnections()
		_ = srv.Close()
		<-served
	})
	return testConfig("http://aws.test", client)
}

func testConfig(endpoint string, client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: &endpoint,
		HTTPClient:   client,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	}
}

// A pipeListener hands out net.Pipe connections.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// A logBook keeps log lines.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBook) logger() *slog.Logger { return NewLogger(b, "debug") }

func (b *logBook) lines(t *testing.T) []map[string]any {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []map[string]any
	for raw := range bytes.Lines(b.buf.Bytes()) {
		var line map[string]any
		if err := json.Unmarshal(raw, &line); err != nil {
			t.Fatalf("log line %q is not JSON: %v", raw, err)
		}
		lines = append(lines, line)
	}
	return lines
}

func (b *logBook) last(t *testing.T) map[string]any {
	t.Helper()
	lines := b.lines(t)
	if len(lines) == 0 {
		t.Fatal("nothing was logged")
	}
	return lines[len(lines)-1]
}

// answer reads what Invoke returned.
func answer(t *testing.T, raw []byte) (Status, string) {
	t.Helper()
	var v struct {
		Status Status
		Reason string
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("the answer %q is not JSON: %v", raw, err)
	}
	return v.Status, v.Reason
}

func pass(context.Context, Execution) error { return nil }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func noWait(time.Duration) time.Duration { return 0 }
