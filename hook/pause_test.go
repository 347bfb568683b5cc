package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pausePayload is the documented notice of a pause that ends in d.
func pausePayload(t *testing.T, d time.Duration) []byte {
	t.Helper()
	expires := time.Now().Add(d).UTC().Format(time.RFC3339)
	return []byte(strings.Replace(string(documented(t, "ecs-pause")), "2026-03-05T16:04:41Z", expires, 1))
}

const pausedDeployment = "arn:aws:ecs:us-west-2:123456789012:service-deployment/my-cluster/my-service/0EYSiB0qap8xf0N76FsbE"

func TestAPauseIsContinuedOrRolledBack(t *testing.T) {
	for _, tt := range []struct {
		why    string
		f      Func
		action string
		status Status
	}{
		{"a success", pass, "CONTINUE", Succeeded},
		{"an error", func(context.Context, Execution) error { return errors.New("status 500") }, "ROLLBACK", Failed},
		{"a panic", func(context.Context, Execution) error { panic("boom") }, "ROLLBACK", Failed},
	} {
		t.Run(tt.why, func(t *testing.T) {
			cloud, book := &fakeAWS{}, &logBook{}
			h := New(tt.f, WithConfig(awsOnLoopback(t, cloud)), WithLogger(book.logger()))
			for range 2 { // EventBridge delivers at least once
				raw, err := h.Invoke(t.Context(), pausePayload(t, time.Hour))
				if status, _ := answer(t, raw); err != nil || status != tt.status {
					t.Fatalf("got %s, %v", raw, err)
				}
			}
			calls := cloud.seenCalls()
			var said map[string]string
			if err := json.Unmarshal([]byte(calls[0].body), &said); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"serviceDeploymentArn": pausedDeployment, "hookId": documentedHook, "action": tt.action}
			if fmt.Sprint(said) != fmt.Sprint(want) || calls[0].operation != "ContinueServiceDeployment" || len(calls) != 2 || calls[1].body != calls[0].body {
				t.Errorf("ECS was called with %+v, want %v", calls, want)
			}
			if c := calls[0]; c.path != "/" || c.header.Get("Content-Type") != "application/x-amz-json-1.1" {
				t.Errorf("it was called at %s with %v", c.path, c.header)
			}
			if last := book.last(t); last["delivered"] != true || last["repeated"] != true || last["deployment"] != pausedDeployment {
				t.Errorf("the last line is %v", last)
			}
			if reports, _ := cloud.seen(); len(reports) != 0 {
				t.Errorf("CodeDeploy was told %v", reports)
			}
		})
	}
}

func hookIs(status string) awsAnswer {
	return awsAnswer{status: http.StatusOK, body: fmt.Sprintf(
		`{"serviceDeployments":[{"lifecycleHookDetails":[{"hookId":"another","status":"SUCCEEDED"},{"hookId":%q,"targetType":"PAUSE","status":%q,"timeoutAction":"ROLLBACK"}]}],"failures":[]}`, documentedHook, status)}
}

// What ContinueServiceDeployment may answer, with what ECS says of the pause where it is asked.
func TestAnswersOfECSToAPause(t *testing.T) {
	invalid := refusal(400, "InvalidParameterException")
	tests := []struct {
		why       string
		answers   []awsAnswer // in turn; then all is well
		calls     int
		completed bool
		lost      string // what the error says; empty where it is delivered
	}{
		{why: "continued", calls: 1},
		{why: "continued already, as when the first answer was lost", answers: []awsAnswer{invalid, hookIs("SUCCEEDED")}, calls: 2, completed: true},
		{why: "rolled back by somebody", answers: []awsAnswer{invalid, hookIs("FAILED")}, calls: 2, completed: true},
		{why: "too late", answers: []awsAnswer{refusal(400, "ClientException"), hookIs("TIMED_OUT")}, calls: 2, completed: true},
		{why: "refused while it waits", answers: []awsAnswer{invalid, hookIs("AWAITING_ACTION")}, calls: 2, lost: "ContinueServiceDeployment: ECS answers with status 400, InvalidParameterException: a message from the fake"},
		{why: "refused, and unknown", answers: []awsAnswer{invalid, {status: 200, body: `{"serviceDeployments":[],"failures":[{}]}`}}, calls: 2, lost: "InvalidParameterException"},
		{why: "refused, and ECS can't be asked", answers: []awsAnswer{invalid, refusal(400, "AccessDeniedException")}, calls: 2, lost: "InvalidParameterException: a message from the fake (whether the pause has ended can't be told: DescribeServiceDeployments: ECS answers with status 400, AccessDeniedException"},
		{why: "refused, and ECS is throttled", answers: []awsAnswer{invalid, refusal(400, "ThrottlingException"), invalid, hookIs("SUCCEEDED")}, calls: 4, completed: true},
		{why: "not allowed", answers: []awsAnswer{refusal(400, "AccessDeniedException")}, calls: 1, lost: "the function's role must allow ecs:ContinueServiceDeployment and ecs:DescribeServiceDeployments on arn:aws:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/SERVICE/*: "},
		{why: "no such deployment", answers: []awsAnswer{refusal(400, "ServiceDeploymentNotFoundException")}, calls: 1, lost: "the deployment is unknown in the region and account that the function reports to: "},
		{why: "not in this region", answers: []awsAnswer{refusal(400, "UnsupportedFeatureException")}, calls: 1, lost: "UnsupportedFeatureException"},
		{why: "throttled", answers: []awsAnswer{refusal(400, "ThrottlingException"), refusal(400, "ThrottlingException")}, calls: 3},
		{why: "the server's fault", answers: []awsAnswer{refusal(500, "ServerException")}, calls: 2},
		{why: "a page by a proxy", answers: []awsAnswer{{status: 502, body: "<html>"}}, calls: 2},
		{why: "a refusal that isn't ECS's", answers: []awsAnswer{{status: 403, body: "<html>"}}, calls: 2},
		{why: "garbage", answers: []awsAnswer{{status: 200, body: "<html>"}}, calls: 2},
		{why: "no answer", answers: []awsAnswer{{}}, calls: 2},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, book := &fakeAWS{}, &logBook{}
				cloud.answer = func(n int, _ awsCall) awsAnswer {
					if n <= len(tt.answers) {
						return tt.answers[n-1]
					}
					return awsAnswer{status: http.StatusOK, body: `{}`}
				}
				h := New(Func(pass), WithConfig(serveInBubble(t, cloud)), WithLogger(book.logger()))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := h.Invoke(ctx, pausePayload(t, time.Hour))
				last := book.last(t)
				if n := len(cloud.seenCalls()); n != tt.calls || (last["already_completed"] == true) != tt.completed || last["delivered"] != (tt.lost == "") {
					t.Errorf("after %d calls the last line is %v", n, last)
				}
				lost, isLost := errors.AsType[*ReportError](err)
				if tt.lost == "" && err != nil || tt.lost != "" && (!isLost || !strings.Contains(lost.Error(), tt.lost)) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestNoticesThatNobodyHasToAnswer(t *testing.T) {
	for why, change := range map[string][2]string{
		"one that was answered":          {"HOOK_AWAITING_ACTION", "HOOK_SUCCEEDED"},
		"one that was rolled back":       {"HOOK_AWAITING_ACTION", "HOOK_FAILED"},
		"one that timed out":             {"HOOK_AWAITING_ACTION", "HOOK_TIMED_OUT"},
		"one of a function":              {`"PAUSE"`, `"AWS_LAMBDA"`},
		"one of a function, at its work": {"HOOK_AWAITING_ACTION", "HOOK_IN_PROGRESS"},
	} {
		t.Run(why, func(t *testing.T) {
			cloud, book := &fakeAWS{}, &logBook{}
			h := New(Func(func(context.Context, Execution) error { t.Error("the decider ran"); return nil }), WithConfig(awsOnLoopback(t, cloud)), WithLogger(book.logger()))
			payload := strings.Replace(string(documented(t, "ecs-pause")), change[0], change[1], 1)
			raw, err := h.Invoke(t.Context(), []byte(payload))
			if err != nil || string(raw) != "null" || len(cloud.seenCalls()) != 0 {
				t.Errorf("got %s, %v, and called %v", raw, err, cloud.seenCalls())
			}
			if last := book.last(t); last["msg"] != "nothing to answer" || !strings.Contains(last["notice"].(string), "which nobody has to answer") {
				t.Errorf("the last line is %v", last)
			}
			if _, err := ParseExecution([]byte(payload)); err == nil {
				t.Error("it is parsed as an execution")
			}
		})
	}
}

func TestAPauseGoesOnPastTheTimeoutOfItsFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		cloud := &fakeAWS{}
		q := &lambdaQueue{decider: forAsLongAs(t, 20*time.Minute), timeout: 5 * time.Minute, payloads: [][]byte{pausePayload(t, time.Hour)}}
		var lambda []awsCall
		var continued string
		cloud.answer = func(_ int, c awsCall) awsAnswer {
			if c.service == "ecs" {
				continued = c.body
				return awsAnswer{status: http.StatusOK, body: `{}`}
			}
			lambda = append(lambda, c)
			return awsAnswer{status: http.StatusAccepted}
		}
		q.drain(t, cloud)
		if q.errs != nil || time.Since(began) != 20*time.Minute || !strings.Contains(continued, `"CONTINUE"`) || len(lambda) != q.runs-1 || q.runs < 4 {
			t.Errorf("after %v, %d runs and the errors %v ECS was told %s", time.Since(began), q.runs, q.errs, continued)
		}
	})
}

func TestAPauseIsRolledBackBeforeItEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		cloud := &fakeAWS{}
		var at time.Duration
		cloud.answer = func(_ int, c awsCall) awsAnswer {
			if strings.Contains(c.body, `"ROLLBACK"`) {
				at = time.Since(began)
			}
			return awsAnswer{status: http.StatusOK, body: `{}`}
		}
		q := &lambdaQueue{decider: forAsLongAs(t, 3*time.Hour), timeout: 15 * time.Minute, payloads: [][]byte{pausePayload(t, 10*time.Minute)}}
		q.drain(t, cloud)
		if q.errs != nil || at != 9*time.Minute {
			t.Errorf("after %v with the errors %v", at, q.errs)
		}
	})
}

func TestReportersRefuseWhatIsNotTheirs(t *testing.T) {
	cfg := awsOnLoopback(t, &fakeAWS{})
	for _, c := range []Contract{CodeDeploy, ECS, ECSPause} {
		e := Execution{Contract: c, DeploymentID: "d", ID: "x"}
		if err := NewCodeDeployReporter(cfg).Report(t.Context(), e, Succeeded); (err == nil) != (c == CodeDeploy) || err != nil && judge(err) != final {
			t.Errorf("CodeDeploy's reporter, of an execution for %v: %v", c, err)
		}
		if err := NewECSReporter(cfg).Report(t.Context(), e, Succeeded); (err == nil) != (c == ECSPause) || err != nil && judge(err) != final {
			t.Errorf("ECS's reporter, of an execution for %v: %v", c, err)
		}
	}
}
