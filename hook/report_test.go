package hook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
)

func invokeOnLoopback(t *testing.T, r Reporter, timeout time.Duration) (*logBook, error) {
	t.Helper()
	book := &logBook{}
	h := New(Func(pass), WithReporter(r), WithLogger(book.logger()))
	h.jitter = noWait
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	_, err := h.Invoke(ctx, []byte(testEvent))
	return book, err
}

func TestFaultsThatAreTriedAgain(t *testing.T) {
	tests := []struct {
		why       string
		fault     fault
		completed bool
	}{
		{why: "throttled", fault: answers(400, "ThrottlingException")},
		{why: "throttled, by the other name", fault: answers(400, "Throttling")},
		{why: "too many requests, whoever says it", fault: answers(429, "Whatever")},
		{why: "internal failure", fault: answers(500, "InternalFailure")},
		{why: "bad gateway without a body", fault: answersText(502, "")},
		{why: "unavailable, with a page by a proxy", fault: answersText(503, "<html>unavailable</html>")},
		{why: "the service gave up reading", fault: answers(400, "RequestTimeout")},
		{why: "connection reset", fault: resets},
		{why: "no answer", fault: hangs},
		{why: "garbage for an answer", fault: answersText(200, "\x00\x01 not JSON")},
		{why: "an answer that is cut short", fault: cutsAnswerShort},
		{why: "a refusal that isn't CodeDeploy's: it has no code", fault: answersText(403, "{}")},
		{why: "a refusal that can't be read", fault: answersText(400, "<html>")},
		{why: "a redirect, which is not followed", fault: answersText(307, "")},
		{why: "the status is taken and the answer lost", fault: losesAnswer, completed: true},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			fake := &fakeCodeDeploy{fault: firstCalls(1, tt.fault)}
			// Short enough for the attempt that hangs to be given up soon.
			book, err := invokeOnLoopback(t, onLoopback(t, fake), 8*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			calls, accepted := fake.seen()
			want := put{DeploymentID: testExecution.DeploymentID, ExecutionID: testExecution.ID, Status: Succeeded}
			if len(accepted) != 1 || accepted[0].Status != want.Status || accepted[0].DeploymentID != want.DeploymentID || accepted[0].ExecutionID != want.ExecutionID {
				t.Errorf("CodeDeploy took %+v, want %+v", accepted, want)
			}
			last := book.last(t)
			if len(calls) != 2 || last["attempts"] != 2.0 || last["delivered"] != true || (last["already_completed"] == true) != tt.completed {
				t.Errorf("after %d calls the last line is %v", len(calls), last)
			}
		})
	}
}

func TestFaultsThatAreFinal(t *testing.T) {
	tests := []struct {
		code string
		says string
	}{
		{"DeploymentDoesNotExistException", "unknown in the region and account"},
		{"DeploymentIdRequiredException", "DeploymentIdRequiredException"},
		{"InvalidDeploymentIdException", "InvalidDeploymentIdException"},
		{"InvalidLifecycleEventHookExecutionIdException", "InvalidLifecycleEventHookExecutionIdException"},
		{"InvalidLifecycleEventHookExecutionStatusException", "InvalidLifecycleEventHookExecutionStatusException"},
		{"UnsupportedActionForDeploymentTypeException", "UnsupportedActionForDeploymentTypeException"},
		{"AccessDeniedException", "must allow codedeploy:PutLifecycleEventHookExecutionStatus on arn:aws:codedeploy:REGION:ACCOUNT:deploymentgroup:APPLICATION/GROUP"},
		{"UnrecognizedClientException", "UnrecognizedClientException"},
		{"ExpiredTokenException", "ExpiredTokenException"},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			fake := &fakeCodeDeploy{fault: always(answers(400, tt.code))}
			book, err := invokeOnLoopback(t, onLoopback(t, fake), 30*time.Second)
			lost, ok := errors.AsType[*ReportError](err)
			if !ok {
				t.Fatalf("got %v, want a *ReportError", err)
			}
			calls, _ := fake.seen()
			if len(calls) != 1 || lost.Attempts != 1 || lost.Execution.ID != testExecution.ID || lost.Execution.DeploymentID != testExecution.DeploymentID || lost.Verdict.Status != Succeeded {
				t.Errorf("%d calls, and %+v", len(calls), lost)
			}
			if !strings.Contains(err.Error(), tt.says) || !strings.HasPrefix(err.Error(), "report Succeeded for deployment d-IHWDEND8F: not delivered in 1 attempt: ") {
				t.Errorf("got error %q", err)
			}
			if last := book.last(t); last["delivered"] != false || !strings.Contains(last["error"].(string), tt.says) {
				t.Errorf("the last line is %v", last)
			}
		})
	}
}

func TestAlreadyCompletedIsDone(t *testing.T) {
	fake := &fakeCodeDeploy{fault: always(answers(400, alreadyCompleted))}
	book, err := invokeOnLoopback(t, onLoopback(t, fake), 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if last := book.last(t); last["delivered"] != true || last["already_completed"] != true || last["attempts"] != 1.0 {
		t.Errorf("the last line is %v", last)
	}
}

func TestNothingListens(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var dials atomic.Int32
	client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		dial := new(net.Dialer).DialContext
		tr.Proxy, tr.DialContext = nil, func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 3 {
				cancel()
			}
			return dial(ctx, network, address)
		}
	})
	h := New(Func(pass), WithReporter(NewCodeDeployReporter(testConfig("http://"+networktest.Silent(t), client))), WithLogger(quiet()))
	h.jitter = noWait
	_, err := h.Invoke(ctx, []byte(testEvent))
	if lost, ok := errors.AsType[*ReportError](err); !ok || lost.Attempts != 3 || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, want three attempts, and why they failed", err)
	}
}

func TestWhatNeverLeavesTheProcessIsFinal(t *testing.T) {
	noCredentials := testConfig("http://127.0.0.1:1", nil)
	noCredentials.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no credentials in the environment")
	})
	tests := []struct {
		why  string
		cfg  aws.Config
		says string
	}{
		{"no credentials", noCredentials, "no credentials in the environment"},
		{"no region and no endpoint", aws.Config{Credentials: testConfig("", nil).Credentials}, "Region"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			_, err := invokeOnLoopback(t, NewCodeDeployReporter(tt.cfg), 30*time.Second)
			if lost, ok := errors.AsType[*ReportError](err); !ok || lost.Attempts != 1 || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error after 1 attempt that says %q", err, tt.says)
			}
		})
	}
}

func TestBrokenEnvironmentFailsEachInvocationAndNotTheProcess(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CA_BUNDLE": "/nowhere/bundle.pem",
	} {
		t.Setenv(name, value)
	}
	book := &logBook{}
	h := New(Func(pass), WithLogger(book.logger()))
	h.prepare()
	if last := book.last(t); last["level"] != "DEBUG" || last["msg"] != "no connection before the first event" {
		t.Errorf("at the start it logged %v", last)
	}
	for range 2 {
		_, err := h.Invoke(t.Context(), []byte(testEvent))
		if lost, ok := errors.AsType[*ReportError](err); !ok || lost.Attempts != 1 || !strings.Contains(err.Error(), "AWS_CA_BUNDLE") {
			t.Errorf("got %v, want an error that names the setting", err)
		}
		if last := book.last(t); last["msg"] != "verdict" || last["delivered"] != false {
			t.Errorf("the last line is %v", last)
		}
	}
}

type opinion bool

func (o opinion) Error() string        { return fmt.Sprintf("worth another attempt: %t", bool(o)) }
func (o opinion) RetryableError() bool { return bool(o) }

func TestErrorsOfOtherReporters(t *testing.T) {
	tests := []struct {
		why  string
		err  error
		want fate
	}{
		{"none", nil, delivered},
		{"one that says nothing of itself", errors.New("lost"), transient},
		{"one that says that it is final", fmt.Errorf("put: %w", opinion(false)), final},
		{"one that says that it will pass", fmt.Errorf("put: %w", opinion(true)), transient},
		{"an API's, by its code alone", &smithy.GenericAPIError{Code: alreadyCompleted}, completed},
		{"an API's that is the server's fault", &smithy.GenericAPIError{Code: "Strange", Fault: smithy.FaultServer}, transient},
		{"an API's that is the client's fault", &smithy.GenericAPIError{Code: "Strange", Fault: smithy.FaultClient}, final},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := judge(tt.err); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestReporterThatPanics(t *testing.T) {
	_, err := invokeOnLoopback(t, ReporterFunc(func(context.Context, Execution, Status) error { panic("boom") }), 30*time.Second)
	if lost, ok := errors.AsType[*ReportError](err); !ok || lost.Attempts != 1 || !strings.Contains(err.Error(), "panic: boom") {
		t.Errorf("got %v", err)
	}
}

func TestWaitsDoubleUpToTheirBound(t *testing.T) {
	var bounds []time.Duration
	calls := 0
	call := func(context.Context) error {
		if calls++; calls > 6 {
			return nil
		}
		return errors.New("lost")
	}
	c := courier{
		limit:   time.Second,
		maxWait: time.Second,
		jitter:  func(bound time.Duration) time.Duration { bounds = append(bounds, bound); return 0 },
	}
	ctx, cancel := context.WithTimeout(withLogger(t.Context(), quiet()), time.Hour)
	defer cancel()
	if d := c.deliver(ctx, "report", call); d.err != nil || d.attempts != 7 {
		t.Fatalf("got %+v", d)
	}
	want := []time.Duration{
		100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond,
		800 * time.Millisecond, time.Second, time.Second,
	}
	if !slices.Equal(bounds, want) {
		t.Errorf("the waits are bounded by %v, want %v", bounds, want)
	}
}

func TestFullJitterUsesTheWholeRange(t *testing.T) {
	const bound = 10 * time.Nanosecond
	seen := map[time.Duration]bool{}
	for range 10_000 {
		w := fullJitter(bound)
		if w < 0 || w > bound {
			t.Fatalf("drew %v of [0, %v]", w, bound)
		}
		seen[w] = true
	}
	if len(seen) != 11 {
		t.Errorf("drew %d of 11 values", len(seen))
	}
	if fullJitter(0) != 0 {
		t.Error("a bound of 0 leaves nothing to draw")
	}
}
