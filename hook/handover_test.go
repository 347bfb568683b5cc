package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// A lambdaQueue is Lambda's queue of asynchronous invocations: each is run in a sandbox that was just started.
type lambdaQueue struct {
	decider Decider
	timeout time.Duration
	opts    []Option

	payloads [][]byte
	runs     int
	errs     []error
}

func (q *lambdaQueue) drain(t *testing.T, cloud *fakeAWS) {
	t.Helper()
	cfg := serveInBubble(t, cloud)
	for len(q.payloads) > 0 {
		payload := q.payloads[0]
		q.payloads = q.payloads[1:]
		q.runs++
		handed := len(cloud.seenCalls())
		ctx, cancel := invoked(t.Context(), functionARN+":live", q.timeout)
		_, err := New(q.decider, append([]Option{WithConfig(cfg), WithLogger(quiet())}, q.opts...)...).Invoke(ctx, payload)
		cancel()
		if err != nil {
			q.errs = append(q.errs, err)
		}
		for _, call := range cloud.seenCalls()[handed:] {
			if call.service == "lambda" {
				q.payloads = append(q.payloads, []byte(call.body))
			}
		}
	}
}

// forAsLongAs is a decider that passes when d has passed since the execution began, and is asked again in each round's
// last minute, with a state that counts the rounds.
func forAsLongAs(t *testing.T, d time.Duration) Decider {
	return deciderFunc(func(ctx context.Context, e Execution) Verdict {
		if want := strings.Repeat("+", e.Round); e.Round > 0 && string(e.State) != `"`+want+`"` {
			t.Errorf("round %d: the state is %s", e.Round, e.State)
		}
		if e.CanContinue() != (e.Round < maxHandOvers) {
			t.Errorf("round %d: it can continue: %v", e.Round, e.CanContinue())
		}
		suspend := make(<-chan time.Time)
		if deadline, _ := ctx.Deadline(); deadline.Before(e.Deadline) {
			suspend = time.After(time.Until(deadline) - time.Minute)
		}
		select {
		case <-time.After(time.Until(e.Began.Add(d))):
			return Verdict{Status: Succeeded, Reason: "quiet all the time"}
		case <-ctx.Done():
			return failed("%v", context.Cause(ctx))
		case <-suspend:
			return Verdict{Status: InProgress, Reason: "quiet so far", State: encode(strings.Repeat("+", e.Round+1))}
		}
	})
}

func TestAHookForCodeDeployGoesOnPastItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		cloud := &fakeAWS{}
		q := &lambdaQueue{decider: forAsLongAs(t, 40*time.Minute), timeout: 15 * time.Minute, payloads: [][]byte{[]byte(testEvent)}}
		q.drain(t, cloud)
		_, accepted := cloud.seen()
		if len(accepted) != 1 || accepted[0].Status != Succeeded || accepted[0].at.Sub(began) != 40*time.Minute || q.runs != 3 || q.errs != nil {
			t.Errorf("after %d runs with the errors %v CodeDeploy took %v", q.runs, q.errs, accepted)
		}
		for n, call := range cloud.seenCalls() {
			if call.path != "/2015-03-31/functions/CodeDeployHook_greenlight/invocations" || call.query != "Qualifier=live" || call.header.Get("X-Amz-Invocation-Type") != "Event" {
				t.Errorf("hand-over %d went to %s?%s with %v", n, call.path, call.query, call.header)
			}
			// What an older version of the function reads of it.
			var event struct{ DeploymentID, LifecycleEventHookExecutionID string }
			if err := json.Unmarshal([]byte(call.body), &event); err != nil || event.DeploymentID != testExecution.DeploymentID || event.LifecycleEventHookExecutionID != testExecution.ID {
				t.Errorf("hand-over %d is of %+v (%v)", n, event, err)
			}
		}
	})
}

func TestAHandOverKeepsWhatCodeDeployMayAdd(t *testing.T) {
	e, wrong := parseEvent([]byte(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"x","Extra":{"a":[1,2.50]},"greenlight":{"round":1,"began":"2026-03-05T15:54:41Z","state":"1"}}`))
	if wrong != nil {
		t.Fatal(wrong)
	}
	now := time.Date(2026, 3, 5, 16, 0, 0, 0, time.UTC)
	got := string(e.handedOver(Verdict{Status: InProgress, After: time.Minute, State: json.RawMessage(`{"a": 1.50}`)}, now))
	want := `{"DeploymentId":"d-1","Extra":{"a":[1,2.50]},"LifecycleEventHookExecutionId":"x",` +
		`"greenlight":{"round":2,"began":"2026-03-05T15:54:41Z","notBefore":"2026-03-05T16:01:00Z","state":"{\"a\": 1.50}"}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again, wrong := parseEvent([]byte(got)); wrong != nil || again.Round != 2 || !again.Began.Equal(e.Began) || !again.notBefore.Equal(now.Add(time.Minute)) || string(again.State) != `{"a": 1.50}` {
		t.Errorf("it is read as %+v (%v)", again, wrong)
	}
}

func TestAnExecutionForCodeDeployIsBounded(t *testing.T) {
	for _, tt := range []struct {
		why     string
		timeout time.Duration
		runs    int
		took    time.Duration
		reason  string
	}{
		{"by CodeDeploy's hour, in rounds of 15 minutes", 15 * time.Minute, 4, 55 * time.Minute, "the 55m0s that the execution may take for CodeDeploy are over"},
		{"by the rounds that Lambda allows, in rounds of 2 minutes", 2 * time.Minute, 13, 13 * 50 * time.Second, "the function has invoked itself 12 times for this, and Lambda stops what looks like an endless loop: quiet so far"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				cloud, book := &fakeAWS{}, &logBook{}
				q := &lambdaQueue{decider: forAsLongAs(t, 2*time.Hour), timeout: tt.timeout, payloads: [][]byte{[]byte(testEvent)}, opts: []Option{WithLogger(book.logger())}}
				q.drain(t, cloud)
				_, accepted := cloud.seen()
				if len(accepted) != 1 || accepted[0].Status != Failed || q.runs != tt.runs || q.errs != nil {
					t.Fatalf("after %d runs with the errors %v CodeDeploy took %v", q.runs, q.errs, accepted)
				}
				if took := accepted[0].at.Sub(began).Round(time.Minute / 6); took > tt.took || took < tt.took-2*time.Minute {
					t.Errorf("it was reported after %v, want %v", took, tt.took)
				}
				if last := book.last(t); !strings.Contains(last["reason"].(string), tt.reason) || last["round"] != float64(tt.runs-1) {
					t.Errorf("the last line is %v", last)
				}
			})
		})
	}
}

// A hand-over that fails leaves its reason and time enough to report it, however long the function may run.
func TestAHandOverThatFailsIsAReportedFailed(t *testing.T) {
	denied := `{"message":"no identity-based policy allows the lambda:InvokeFunction action"}`
	faults := map[string]struct {
		answer awsAnswer
		reason string
		once   bool
	}{
		"denied":           {awsAnswer{403, map[string]string{"X-Amzn-Errortype": "AccessDeniedException:http://internal.amazon.com/"}, denied}, "the function's role must allow lambda:InvokeFunction on the function itself: invoke CodeDeployHook_greenlight: Lambda answers with status 403, AccessDeniedException: no identity", true},
		"taken for a loop": {awsAnswer{status: 400, body: `{"__type":"RecursiveInvocationException"}`}, "set the function's recursive loop detection to allow it to invoke itself", true},
		"throttled":        {awsAnswer{status: 429, body: `{"__type":"TooManyRequestsException","Message":"Rate Exceeded."}`}, "TooManyRequestsException: Rate Exceeded.", false},
		"broken":           {awsAnswer{status: 500, body: "<html>"}, "Lambda answers with status 500, UnknownError", false},
		"hanging":          {awsAnswer{}, "no answer within", false},
	}
	for name, tt := range faults {
		for _, fn := range timeouts {
			for _, late := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%v/late: %v", name, fn.timeout, late), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						cloud := &fakeAWS{answer: func(int, awsCall) awsAnswer { return tt.answer }}
						book := &logBook{}
						h := New(deciderFunc(func(ctx context.Context, _ Execution) Verdict {
							if late {
								<-ctx.Done()
							}
							return Verdict{Status: InProgress, Reason: "3 of 4 checks passed"}
						}), WithConfig(serveInBubble(t, cloud)), WithLogger(book.logger()))
						ctx, cancel := invoked(t.Context(), functionARN, fn.timeout)
						defer cancel()
						deadline, _ := ctx.Deadline()
						raw, err := h.Invoke(ctx, []byte(testEvent))
						_, accepted := cloud.seen()
						if err != nil || len(accepted) != 1 || accepted[0].Status != Failed || !accepted[0].at.Before(deadline) {
							t.Fatalf("got %s, %v, and CodeDeploy took %v", raw, err, accepted)
						}
						status, reason := answer(t, raw)
						if status != Failed || !strings.HasPrefix(reason, "the hook has to be asked again, but couldn't be handed over to its next invocation: ") ||
							!strings.Contains(reason, tt.reason) || !strings.HasSuffix(reason, "; so far: 3 of 4 checks passed") {
							t.Errorf("got %s", raw)
						}
						if n := len(cloud.seenCalls()); tt.once && n != 1 {
							t.Errorf("it was tried %d times", n)
						}
						if deadline.Sub(accepted[0].at) < fn.reserve*4/10 {
							t.Errorf("it was reported %v before the deadline", deadline.Sub(accepted[0].at))
						}

						// Lambda's retry, or any duplicate, has no second opinion.
						again, err := h.Invoke(ctx, []byte(testEvent))
						if err != nil || string(again) != string(raw) {
							t.Errorf("got %s, %v for a duplicate", again, err)
						}
					})
				})
			}
		}
	}
}

func TestAHandOverIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &fakeAWS{answer: func(n int, _ awsCall) awsAnswer {
			if n < 3 {
				return awsAnswer{status: 429, body: `{"__type":"TooManyRequestsException"}`}
			}
			return awsAnswer{status: 202}
		}}
		book := &logBook{}
		h := New(gives(Verdict{Status: InProgress}), WithConfig(serveInBubble(t, cloud)), WithLogger(book.logger()))
		ctx, cancel := invoked(t.Context(), functionARN, time.Minute)
		defer cancel()
		raw, err := h.Invoke(ctx, []byte(testEvent))
		calls, _ := cloud.seen()
		if err != nil || string(raw) != `{"status":"InProgress","reason":""}` || len(cloud.seenCalls()) != 3 || len(calls) != 0 {
			t.Errorf("got %s, %v after %d attempts and the reports %v", raw, err, len(cloud.seenCalls()), calls)
		}
		if lines := book.lines(t); lines[0]["msg"] != "hand-over not delivered yet" || lines[len(lines)-1]["msg"] != "in progress" {
			t.Errorf("the log is %v", lines)
		}
	})
}

func TestADuplicateOfARoundIsNotHandedOverTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		cloud := &fakeAWS{}
		h := New(deciderFunc(func(_ context.Context, e Execution) Verdict {
			<-time.After(time.Second)
			if runs.Add(1); e.Round < 2 {
				return Verdict{Status: InProgress}
			}
			return Verdict{Status: Succeeded}
		}), WithConfig(serveInBubble(t, cloud)), WithLogger(quiet()))
		payloads := []string{testEvent}
		for round := range 3 {
			done := make(chan struct{})
			for range 3 { // the same event three times, at the same time
				go func() {
					defer func() { done <- struct{}{} }()
					ctx, cancel := invoked(t.Context(), functionARN, time.Minute)
					defer cancel()
					if raw, err := h.Invoke(ctx, []byte(payloads[round])); err != nil {
						t.Errorf("round %d: %s, %v", round, raw, err)
					}
				}()
			}
			for range 3 {
				<-done
			}
			if calls := cloud.seenCalls(); round < 2 {
				if len(calls) != round+1 {
					t.Fatalf("round %d was handed over %d times", round, len(calls)-round)
				}
				payloads = append(payloads, calls[round].body)
			}
		}
		// And each of the events once more, long after.
		for _, payload := range payloads {
			ctx, cancel := invoked(t.Context(), functionARN, time.Minute)
			if _, err := h.Invoke(ctx, []byte(payload)); err != nil {
				t.Error(err)
			}
			cancel()
		}
		_, accepted := cloud.seen()
		if runs.Load() != 3 || len(cloud.seenCalls()) != 2 || len(accepted) != 1 || accepted[0].Status != Succeeded {
			t.Errorf("%d runs, %d hand-overs, CodeDeploy took %v", runs.Load(), len(cloud.seenCalls()), accepted)
		}
	})
}

func TestTheNextRoundWaitsUntilItIsDue(t *testing.T) {
	for _, tt := range []struct {
		why     string
		after   time.Duration
		timeout time.Duration
		want    time.Duration
	}{
		{"at once", 0, time.Minute, 0},
		{"as long as was asked", 20 * time.Second, time.Minute, 20 * time.Second},
		{"for no more than half of the time that it has", 50 * time.Minute, time.Minute, 25 * time.Second},
		{"of the execution's as well", 50 * time.Minute, 2 * time.Hour, 2*time.Minute + 30*time.Second},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var waited time.Duration
				began := time.Now()
				cloud := &fakeAWS{}
				h := New(deciderFunc(func(_ context.Context, _ Execution) Verdict {
					waited = time.Since(began)
					return Verdict{Status: Succeeded}
				}), WithConfig(serveInBubble(t, cloud)), WithLogger(quiet()))
				e, wrong := parseEvent([]byte(testEvent))
				if wrong != nil {
					t.Fatal(wrong)
				}
				if e.Began = began; tt.timeout > time.Hour {
					e.Began = began.Add(-50 * time.Minute)
				}
				ctx, cancel := invoked(t.Context(), functionARN, tt.timeout)
				defer cancel()
				if _, err := h.Invoke(ctx, e.handedOver(Verdict{Status: InProgress, After: tt.after}, began)); err != nil || waited != tt.want {
					t.Errorf("it waited %v (%v), want %v", waited, err, tt.want)
				}
			})
		})
	}
}

func TestAWaitThatIsCanceledEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		awaitRound(ctx, began.Add(time.Hour))
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestOutsideLambdaThereIsOneRound(t *testing.T) {
	for why, opts := range map[string][]Option{
		"the process has no function's name": nil,
		"a hand-over was not wanted":         {WithHandOver(nil)},
	} {
		t.Run(why, func(t *testing.T) {
			cloud := &fakeAWS{}
			h := New(deciderFunc(func(_ context.Context, e Execution) Verdict {
				if e.CanContinue() {
					t.Error("it says that it can continue")
				}
				return Verdict{Status: InProgress, Reason: "r"}
			}), append([]Option{WithConfig(awsOnLoopback(t, cloud)), WithLogger(quiet())}, opts...)...)
			raw, err := h.Invoke(t.Context(), []byte(testEvent))
			if status, reason := answer(t, raw); err != nil || status != Failed ||
				reason != "the hook has to be asked again, but the function has no way to invoke itself (it is given its name in Lambda): r" {
				t.Errorf("got %s, %v", raw, err)
			}
		})
	}
}

func TestAHandOverOfTheCallersOwn(t *testing.T) {
	var payloads []string
	tries := 0
	h := New(gives(Verdict{Status: InProgress, State: json.RawMessage("1")}), WithLogger(quiet()), WithHandOver(func(_ context.Context, payload []byte) error {
		if tries++; tries == 1 {
			panic("boom")
		}
		payloads = append(payloads, string(payload))
		return nil
	}), WithReporter(ReporterFunc(func(context.Context, Execution, Status) error { return nil })))
	raw, err := h.Invoke(t.Context(), []byte(testEvent))
	if status, reason := answer(t, raw); err != nil || status != Failed || !strings.Contains(reason, "panic: boom") {
		t.Errorf("got %s, %v after a panic", raw, err)
	}
	raw, err = h.Invoke(t.Context(), []byte(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"x"}`))
	if status, _ := answer(t, raw); err != nil || status != InProgress || len(payloads) != 1 || !strings.Contains(payloads[0], `"round":1`) {
		t.Errorf("got %s, %v, handed over: %s", raw, err, payloads)
	}
}

func TestARoundThatCannotBeReadIsAReportedFailed(t *testing.T) {
	for _, member := range []string{`"mine"`, `{}`, `{"round":0,"began":"2026-03-05T15:54:41Z"}`, `{"round":1,"began":"yesterday"}`, `{"round":"1"}`, `{"round":1,"began":"2026-03-05T15:54:41Z","state":"{"}`, `{"round":1,"began":"2026-03-05T15:54:41Z","state":{}}`} {
		t.Run(member[:min(len(member), 40)], func(t *testing.T) {
			cloud := &fakeAWS{}
			h := New(Func(func(context.Context, Execution) error { t.Error("the decider ran"); return nil }), WithConfig(awsOnLoopback(t, cloud)), WithLogger(quiet()))
			raw, err := h.Invoke(t.Context(), []byte(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"x","greenlight":`+member+`}`))
			_, accepted := cloud.seen()
			if status, reason := answer(t, raw); err != nil || status != Failed || !strings.Contains(reason, "greenlight, where the round before leaves how far it came, is unreadable: ") {
				t.Errorf("got %s, %v", raw, err)
			}
			if len(accepted) != 1 || accepted[0].Status != Failed || accepted[0].DeploymentID != "d-1" {
				t.Errorf("CodeDeploy took %v", accepted)
			}
		})
	}
}

func TestAFunctionInvokesItselfAsItWasInvoked(t *testing.T) {
	tests := []struct {
		why       string
		arn       string
		env       map[string]string
		name      string
		qualifier string
	}{
		{why: "the function", arn: functionARN, name: "CodeDeployHook_greenlight"},
		{why: "an alias", arn: functionARN + ":live", name: "CodeDeployHook_greenlight", qualifier: "live"},
		{why: "a version", arn: functionARN + ":7", name: "CodeDeployHook_greenlight", qualifier: "7"},
		{why: "the unpublished version", arn: functionARN + ":$LATEST", name: "CodeDeployHook_greenlight", qualifier: "$LATEST"},
		{why: "in China", arn: "arn:aws-cn:lambda:cn-north-1:123456789012:function:hook", name: "hook"},
		{why: "the environment, where no ARN is told", env: map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "hook", "AWS_LAMBDA_FUNCTION_VERSION": "3"}, name: "hook", qualifier: "3"},
		{why: "what is no ARN says nothing", arn: "hook", env: map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "other"}, name: "other"},
		{why: "outside Lambda"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			ctx := t.Context()
			if tt.arn != "" {
				ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{InvokedFunctionArn: tt.arn})
			}
			cloud := &fakeAWS{}
			cfg := awsOnLoopback(t, cloud)
			s := newSelfInvoker(func() (aws.Config, error) { return cfg, nil }, func(name string) string { return tt.env[name] })
			if s.reaches(ctx) != (tt.name != "") {
				t.Errorf("reaches: %v", s.reaches(ctx))
			}
			err := s.invoke(context.WithValue(ctx, "x-amzn-trace-id", "Root=1-2;Lineage=a:1"), []byte("{}")) //nolint:revive,staticcheck // the key is aws-lambda-go's
			if tt.name == "" {
				if judge(err) != final {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			call := cloud.seenCalls()[0]
			wantQuery := ""
			if tt.qualifier != "" {
				wantQuery = "Qualifier=" + strings.ReplaceAll(tt.qualifier, "$", "%24")
			}
			if call.path != "/2015-03-31/functions/"+tt.name+"/invocations" || call.query != wantQuery || call.body != "{}" {
				t.Errorf("it called %s?%s with %s", call.path, call.query, call.body)
			}
			if call.header.Get("X-Amzn-Trace-Id") != "Root=1-2;Lineage=a:1" || call.header.Get("Content-Type") != "application/json" {
				t.Errorf("its headers are %v", call.header)
			}
		})
	}
}

func TestABrokenConfigurationFailsTheHandOver(t *testing.T) {
	broken := errors.New("AWS_REGION is not set")
	s := newSelfInvoker(func() (aws.Config, error) { return aws.Config{}, &configError{broken} }, func(string) string { return "hook" })
	if err := s.invoke(t.Context(), nil); !errors.Is(err, broken) || judge(err) != final {
		t.Errorf("got %v", err)
	}
}

func TestFatesOfHandOvers(t *testing.T) {
	// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
	for code, tt := range map[string]struct {
		status int
		want   fate
	}{
		"TooManyRequestsException":       {http.StatusTooManyRequests, transient},
		"ServiceException":               {http.StatusInternalServerError, transient},
		"EC2ThrottledException":          {http.StatusBadGateway, transient},
		"AccessDeniedException":          {http.StatusForbidden, final},
		"ResourceNotFoundException":      {http.StatusNotFound, final},
		"RequestTooLargeException":       {http.StatusRequestEntityTooLarge, final},
		"RecursiveInvocationException":   {http.StatusBadRequest, final},
		"InvalidRequestContentException": {http.StatusBadRequest, final},
	} {
		if got := judge(fmt.Errorf("invoke: %w", &callError{service: lambdaService, status: tt.status, code: code})); got != tt.want {
			t.Errorf("%s: got %d, want %d", code, got, tt.want)
		}
	}
}
