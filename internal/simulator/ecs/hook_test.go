package ecs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// at is a service with these hooks alone.
func at(hooks ...ecs.Hook) func(*ecs.Service) {
	return func(s *ecs.Service) { s.Deployment.Hooks = hooks }
}

func TestHowAFunctionsAnswerDecides(t *testing.T) {
	const unparsed = "ECS was unable to parse the response from hook due to "
	tests := []struct {
		why, answer string
		err         error
		want        string // in the reason; empty for success
	}{
		{"the documented word", succeeded, nil, ""},
		{"further fields are nobody's business", `{"hookStatus":"SUCCEEDED","reason":"Validation passed"}`, nil, ""},
		{"a hook that says no", failed, nil, "Lifecycle hook target hook returned FAILED status."},
		{"a function that failed answers with its error", `{"errorMessage":"boom","errorType":"Error"}`, nil, unparsed + "HookStatus must not be null"},
		{"a function that returns nothing", `null`, nil, unparsed + "HookStatus must not be null"},
		{"no answer at all", ``, nil, unparsed + "HookStatus must not be null"},
		{"a status of null", `{"hookStatus":null}`, nil, unparsed + "HookStatus must not be null"},
		{"CodeDeploy's word", `{"hookStatus":"Succeeded"}`, nil, unparsed + `HookStatus "Succeeded" is none of SUCCEEDED, FAILED and IN_PROGRESS`},
		{"a bare string", `"SUCCEEDED"`, nil, unparsed + "the answer is not of the documented form"},
		{"a delay that is a duration", `{"hookStatus":"IN_PROGRESS","callBackDelay":"30s"}`, nil, unparsed + "the answer is not of the documented form"},
		{"a delay below 0", `{"hookStatus":"IN_PROGRESS","callBackDelay":-1}`, nil, unparsed + "callBackDelay -1 is below 0"},
		{"a function that isn't there", ``, errors.New("ResourceNotFoundException: Function not found"), "ECS was unable to invoke hook target hook due to ResourceNotFoundException"},
	}
	for _, test := range tests {
		inBubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, setup{
				service:  at(hook(ecs.PostTestTrafficShift)),
				function: func(context.Context, call) (string, error) { return test.answer, test.err },
			})
			d := w.deploy(t)
			if test.want == "" {
				if d.Status != ecs.Successful {
					t.Errorf("got %s: %s", d.Status, d.StatusReason)
				}
				return
			}
			prefix := "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. "
			if d.Status != ecs.RollbackSuccessful || !strings.HasPrefix(d.StatusReason, prefix+test.want) {
				t.Errorf("got %s: %s", d.Status, d.StatusReason)
			}
			if d.Hooks[0].Status != ecs.HookFailed {
				t.Errorf("the hook is %s", d.Hooks[0].Status)
			}
		})
	}
}

// countdown answers IN_PROGRESS with these words, and then SUCCEEDED.
func countdown(answers ...string) func(context.Context, call) (string, error) {
	calls := 0
	return func(context.Context, call) (string, error) {
		calls++
		if calls > len(answers) {
			return succeeded, nil
		}
		return answers[calls-1], nil
	}
}

func TestAFunctionInProgressIsCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{
			service:  at(hook(ecs.PostScaleUp)),
			function: countdown(`{"hookStatus":"IN_PROGRESS"}`, `{"hookStatus":"IN_PROGRESS","callBackDelay":60}`, `{"hookStatus":"IN_PROGRESS","callBackDelay":0}`),
		})
		d := w.deploy(t)
		var times []time.Duration
		ids := map[string]bool{}
		for _, c := range w.called() {
			times = append(times, c.After)
			ids[c.ExecutionID] = true
		}
		// The default is 30 s, also in place of 0.
		want := []time.Duration{0, 30 * time.Second, 90 * time.Second, 2 * time.Minute}
		if d.Status != ecs.Successful || !slices.Equal(times, want) {
			t.Errorf("%s after calls at %v, want %v", d.Status, times, want)
		}
		if len(ids) != 1 || d.Hooks[0].Calls != 4 {
			t.Errorf("%d executions, %d calls: it is one hook run", len(ids), d.Hooks[0].Calls)
		}
	})
}

func TestHookDetailsComeBackWithTheNextCall(t *testing.T) {
	for _, test := range []struct {
		why     string
		replace bool
		last    map[string]any
	}{
		{"merged into those that are configured, as documented", false, map[string]any{"bucket": "b", "seen": 2.0, "first": true}},
		{"or replaced", true, map[string]any{"seen": 2.0}},
	} {
		inBubble(t, test.why, func(t *testing.T) {
			configured := hook(ecs.PostScaleUp, ecs.PostTestTrafficShift)
			configured.Details = json.RawMessage(`{"bucket":"b","seen":0}`)
			answers := countdown(
				`{"hookStatus":"IN_PROGRESS"}`,
				`{"hookStatus":"IN_PROGRESS","hookDetails":{"seen":1,"first":true}}`,
				`{"hookStatus":"IN_PROGRESS","hookDetails":{"seen":2}}`,
			)
			w := newWorld(t, setup{service: at(configured), config: func(c *ecs.Config) { c.ReplaceHookDetails = test.replace }, function: answers})
			w.deploy(t)
			var got []map[string]any
			for _, c := range w.called() {
				got = append(got, c.HookDetails)
			}
			start := map[string]any{"bucket": "b", "seen": 0.0}
			second := map[string]any{"bucket": "b", "seen": 1.0, "first": true}
			if test.replace {
				second = map[string]any{"seen": 1.0, "first": true}
			}
			// The last call is that of the second stage: nothing is carried over.
			want := []map[string]any{start, start, second, test.last, start}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("hookDetails (-want +got):\n%s", diff)
			}
		})
	}
	inBubble(t, "without any, the event has no such key", func(t *testing.T) {
		w := newWorld(t, setup{service: at(hook(ecs.PostScaleUp))})
		w.deploy(t)
		if got := w.called()[0].HookDetails; got != nil {
			t.Errorf("got %v", got)
		}
	})
}

func TestHooksHaveATimeout(t *testing.T) {
	hang := func(ctx context.Context, _ call) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	forever := func(context.Context, call) (string, error) {
		return `{"hookStatus":"IN_PROGRESS","callBackDelay":7}`, nil
	}
	tests := []struct {
		why      string
		hook     ecs.Hook
		function func(context.Context, call) (string, error)
		status   ecs.Status
		want     string
		after    time.Duration
	}{
		{"a day by default, then a rollback", ecs.Hook{Function: "hook"}, forever, ecs.RollbackSuccessful, "POST_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target hook timed out.", 24 * time.Hour},
		{"in the middle of a call", ecs.Hook{Function: "hook", Timeout: time.Minute}, hang, ecs.RollbackSuccessful, "Lifecycle hook target hook timed out.", time.Minute},
		{"or it goes on", ecs.Hook{Function: "hook", Timeout: 5 * time.Minute, OnTimeout: ecs.ActionContinue}, forever, ecs.Successful, "", 5 * time.Minute},
		{"a pause too", ecs.Hook{Type: ecs.TargetPause, Timeout: 10 * time.Minute}, nil, ecs.RollbackSuccessful, "Service deployment rolled back because POST_SCALE_UP pause hook timed out.", 10 * time.Minute},
		{"a pause may go on", ecs.Hook{Type: ecs.TargetPause, Timeout: 20160 * time.Minute, OnTimeout: ecs.ActionContinue}, nil, ecs.Successful, "", 14 * 24 * time.Hour},
	}
	for _, test := range tests {
		inBubble(t, test.why, func(t *testing.T) {
			test.hook.Stages = []ecs.Stage{ecs.PostScaleUp}
			w := newWorld(t, setup{service: at(test.hook), function: test.function})
			d := w.deploy(t)
			if d.Status != test.status || !strings.Contains(d.StatusReason, test.want) {
				t.Errorf("got %s: %s", d.Status, d.StatusReason)
			}
			if took := d.Finished.Sub(d.Started); took != test.after || d.Hooks[0].Status != ecs.HookTimedOut {
				t.Errorf("the hook is %s after %v, want %v", d.Hooks[0].Status, took, test.after)
			}
		})
	}
}

func TestHooksOfAStageRunSideBySide(t *testing.T) {
	named := func(name string) ecs.Hook { return ecs.Hook{Function: name, Stages: []ecs.Stage{ecs.PostScaleUp}} }
	inBubble(t, "the stage ends with the slowest", func(t *testing.T) {
		w := newWorld(t, setup{service: at(named("a"), named("b"), named("c")), function: func(_ context.Context, c call) (string, error) {
			if c.After == 0 {
				return fmt.Sprintf(`{"hookStatus":"IN_PROGRESS","callBackDelay":%d}`, 10*(c.Function[0]-'a'+1)), nil
			}
			return succeeded, nil
		}})
		d := w.deploy(t)
		if took := d.Finished.Sub(d.Started); d.Status != ecs.Successful || took != 30*time.Second {
			t.Errorf("%s after %v", d.Status, took)
		}
	})
	inBubble(t, "one that fails ends the others, a pause as well", func(t *testing.T) {
		pause := ecs.Hook{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PostScaleUp}}
		w := newWorld(t, setup{service: at(named("slow"), pause, named("bad")), function: func(ctx context.Context, c call) (string, error) {
			if c.Function == "slow" {
				<-ctx.Done()
				return "", ctx.Err()
			}
			if c.After < time.Second {
				return `{"hookStatus":"IN_PROGRESS"}`, nil
			}
			return failed, nil
		}})
		d := w.deploy(t)
		if took := d.Finished.Sub(d.Started); took != 30*time.Second || !strings.Contains(d.StatusReason, "target bad returned FAILED") {
			t.Errorf("%s after %v: %s", d.Status, took, d.StatusReason)
		}
		if len(d.Hooks) != 3 || slices.ContainsFunc(d.Hooks, func(h ecs.HookRun) bool { return h.Status != ecs.HookFailed }) {
			t.Errorf("hooks %+v", d.Hooks)
		}
	})
}

func TestAPauseWaitsForSomebody(t *testing.T) {
	tests := []struct {
		action ecs.Action
		status ecs.Status
		hook   ecs.HookStatus
		reason string
	}{
		{"", ecs.Successful, ecs.HookSucceeded, ""},
		{ecs.ActionContinue, ecs.Successful, ecs.HookSucceeded, ""},
		{ecs.ActionRollback, ecs.RollbackSuccessful, ecs.HookFailed, "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT pause hook was answered with ROLLBACK."},
	}
	for _, test := range tests {
		inBubble(t, "answered with "+string(test.action), func(t *testing.T) {
			w := newWorld(t, setup{service: at(ecs.Hook{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PostTestTrafficShift}})})
			arn := w.update(t)
			synctest.Wait()
			d := w.newest(t)
			if d.Status != ecs.InProgress || len(d.Hooks) != 1 || d.Hooks[0].Status != ecs.HookAwaitingAction || !strings.HasPrefix(d.Hooks[0].ID, "ecs-pause-") {
				t.Fatalf("got %s with hooks %+v", d.Status, d.Hooks)
			}
			if d.Source.TestWeight != 0 || d.Source.ProductionWeight != 100 || d.Target.TestWeight != 100 || d.Target.ProductionWeight != 0 {
				t.Errorf("traffic at the pause: source %+v, target %+v", d.Source, d.Target)
			}
			if err := w.ContinueServiceDeployment(arn, d.Hooks[0].ID, test.action); err != nil {
				t.Fatal(err)
			}
			if err := w.ContinueServiceDeployment(arn, d.Hooks[0].ID, test.action); code(err) != ecs.InvalidParameter {
				t.Errorf("a second answer: %v", err)
			}
			d = w.wait(t, arn)
			if d.Status != test.status || d.StatusReason != test.reason || d.Hooks[0].Status != test.hook {
				t.Errorf("got %s: %s with the hook %s", d.Status, d.StatusReason, d.Hooks[0].Status)
			}
		})
	}
}

func TestALinearShiftPausesBeforeEachStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{service: func(s *ecs.Service) {
			s.Deployment = ecs.DeploymentConfiguration{
				Strategy: ecs.Linear, Linear: &ecs.Steps{Percent: 20},
				Hooks: []ecs.Hook{{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PreProductionTrafficShift}}},
			}
		}})
		arn := w.update(t)
		ids := map[string]bool{}
		for step := range 5 {
			synctest.Wait()
			if got := len(w.production.history()); got != step {
				t.Fatalf("%d shifts before pause %d", got, step+1)
			}
			id := w.newest(t).Hooks[0].ID
			ids[id] = true
			if err := w.ContinueServiceDeployment(arn, id, ecs.ActionContinue); err != nil {
				t.Fatal(err)
			}
		}
		if d := w.wait(t, arn); d.Status != ecs.Successful || len(ids) != 5 {
			t.Errorf("%s after %d hook ids", d.Status, len(ids))
		}
	})
}

func TestWhatContinuingRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{service: at(ecs.Hook{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PreScaleUp}})})
		over := w.update(t)
		synctest.Wait()
		id := w.newest(t).Hooks[0].ID
		if err := w.ContinueServiceDeployment(over, id, ecs.ActionRollback); err != nil {
			t.Fatal(err)
		}
		w.wait(t, over)
		arn, err := w.UpdateService("cluster", "shop", ecs.Update{Force: true})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		paused := w.newest(t).Hooks[0].ID
		neighbour := w.definition()
		neighbour.Name = "neighbour"
		neighbour.Deployment.Hooks = []ecs.Hook{{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PreScaleUp}}}
		other, err := w.CreateService(neighbour)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		tests := []struct {
			why, arn, id string
			action       ecs.Action
			code, want   string
		}{
			{"an unknown deployment", "arn:nothing", paused, "", ecs.ServiceDeploymentNotFound, "The service deployment does not exist."},
			{"an id of another form", arn, "e8d5a28f", "", ecs.InvalidParameter, "Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}"},
			{"a hook that is over", arn, id, "", ecs.InvalidParameter, "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN"},
			{"a hook of another deployment", other, paused, "", ecs.InvalidParameter, "not associated with the given Resource ARN"},
			{"a deployment that is over", over, paused, "", ecs.InvalidParameter, "Continuing a service deployment is not allowed for service deployment in terminal states."},
			{"an unknown action", arn, paused, "STOP", ecs.InvalidParameter, `Invalid action "STOP". Valid values are: CONTINUE, ROLLBACK`},
		}
		for _, test := range tests {
			err := w.ContinueServiceDeployment(test.arn, test.id, test.action)
			if code(err) != test.code || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: got %v", test.why, err)
			}
		}
		if err := w.ContinueServiceDeployment(arn, paused, ""); err != nil {
			t.Errorf("after all these it can't be continued: %v", err)
		}
		w.wait(t, arn)
	})
}

func TestNoticesAreThoseOfEventBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{
			service: at(
				ecs.Hook{Type: ecs.TargetPause, Timeout: 10 * time.Minute, OnTimeout: ecs.ActionContinue, Stages: []ecs.Stage{ecs.PostTestTrafficShift}},
				hook(ecs.PreScaleUp), ecs.Hook{Function: "bad", Stages: []ecs.Stage{ecs.PostProductionTrafficShift}},
			),
			function: func(_ context.Context, c call) (string, error) {
				if c.Function == "bad" {
					return failed, nil
				}
				return succeeded, nil
			},
		})
		d := w.deploy(t)
		var got []string
		for _, n := range w.noticed() {
			got = append(got, strings.Join([]string{n.Detail.EventType, n.Detail.EventName, string(n.Detail.HookType), string(n.Detail.Stage)}, " "))
		}
		want := []string{
			"INFO HOOK_IN_PROGRESS AWS_LAMBDA PRE_SCALE_UP", "INFO HOOK_SUCCEEDED AWS_LAMBDA PRE_SCALE_UP",
			"INFO HOOK_AWAITING_ACTION PAUSE POST_TEST_TRAFFIC_SHIFT", "ERROR HOOK_TIMED_OUT PAUSE POST_TEST_TRAFFIC_SHIFT",
			"INFO HOOK_IN_PROGRESS AWS_LAMBDA POST_PRODUCTION_TRAFFIC_SHIFT", "ERROR HOOK_FAILED AWS_LAMBDA POST_PRODUCTION_TRAFFIC_SHIFT",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
		text, err := json.Marshal(w.noticed()[2])
		if err != nil {
			t.Fatal(err)
		}
		var notice map[string]any
		if err := json.Unmarshal(text, &notice); err != nil {
			t.Fatal(err)
		}
		detail := notice["detail"].(map[string]any)
		delete(notice, "id")
		hookID := detail["hookId"].(string)
		delete(detail, "hookId")
		// Time in a bubble begins at midnight of 2000-01-01.
		wanted := map[string]any{
			"version": "0", "detail-type": "ECS Hook State Change", "source": "aws.ecs", "account": "123456789012",
			"time": "2000-01-01T00:00:00Z", "region": "us-east-1", "resources": []any{d.ARN},
			"detail": map[string]any{
				"eventType": "INFO", "eventName": "HOOK_AWAITING_ACTION", "hookType": "PAUSE",
				"expiresAt": "2000-01-01T00:10:00Z", "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT",
				"clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/cluster", "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/cluster/shop",
				"serviceDeploymentArn": d.ARN, "updatedAt": "2000-01-01T00:00:00Z",
			},
		}
		if diff := cmp.Diff(wanted, notice); diff != "" || !strings.HasPrefix(hookID, "ecs-pause-") {
			t.Errorf("hook %s, notice (-want +got):\n%s", hookID, diff)
		}
	})
}

func TestWhatAServiceRefuses(t *testing.T) {
	function := func(edit func(*ecs.Hook)) func(*ecs.Service) {
		h := hook(ecs.PostScaleUp)
		edit(&h)
		return at(h)
	}
	tests := []struct {
		why, want string
		edit      func(*ecs.Service)
	}{
		{"no name", "needs a name", func(s *ecs.Service) { s.Name = "" }},
		{"no task definition", "needs a task definition", func(s *ecs.Service) { s.TaskDefinition = "" }},
		{"a count below 0", "-1 is below 0", func(s *ecs.Service) { s.DesiredCount = -1 }},
		{"one target group twice", "two target groups", func(s *ecs.Service) { s.TargetGroups[1] = s.TargetGroups[0] }},
		{"no rule", "needs a production listener rule", func(s *ecs.Service) { s.Production = nil }},
		{"one rule for both", "cannot be used as both production and test listener rules: arn:production", func(s *ecs.Service) { s.Test = s.Production }},
		{"a name twice", "Creation of service was not idempotent", func(*ecs.Service) {}},
		{"a rolling update", `strategy "ROLLING"`, func(s *ecs.Service) { s.Deployment.Strategy = "ROLLING" }},
		{"a bake time of more than a day", "bake time 24h1m0s", func(s *ecs.Service) { s.Deployment.BakeTime = 1441 * time.Minute }},
		{"linear steps of less than 3 percent", "LINEAR percentage 2.9", func(s *ecs.Service) {
			s.Deployment.Strategy, s.Deployment.Linear = ecs.Linear, &ecs.Steps{Percent: 2.9}
		}},
		{"hundredths of a percent", "CANARY percentage 0.15", func(s *ecs.Service) {
			s.Deployment.Strategy, s.Deployment.Canary = ecs.Canary, &ecs.Steps{Percent: 0.15}
		}},
		{"more than all", "CANARY percentage 100.1", func(s *ecs.Service) {
			s.Deployment.Strategy, s.Deployment.Canary = ecs.Canary, &ecs.Steps{Percent: 100.1}
		}},
		{"a bake below 0", "CANARY bake time -1m0s", func(s *ecs.Service) {
			s.Deployment.Strategy, s.Deployment.Canary = ecs.Canary, &ecs.Steps{Percent: 5, Bake: -time.Minute}
		}},
		{"another strategy's steps", "only for that strategy", func(s *ecs.Service) { s.Deployment.Canary = &ecs.Steps{Percent: 5} }},
		{"an unknown type of hook", "Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE", function(func(h *ecs.Hook) { h.Type = "SNS" })},
		{"no function", "needs a function", function(func(h *ecs.Hook) { h.Function = "" })},
		{"a pause with a function", "takes no hookTargetArn", function(func(h *ecs.Hook) { h.Type = ecs.TargetPause })},
		{"a pause where a rollback passes", "Invalid lifecycle stage provided for Pause Hook", at(ecs.Hook{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.TestTrafficShift}})},
		{"no stage", "at least one lifecycle stage", function(func(h *ecs.Hook) { h.Stages = nil })},
		{"a stage without hooks", `"BAKE_TIME" is not a lifecycle stage that takes a hook`, function(func(h *ecs.Hook) { h.Stages = []ecs.Stage{ecs.BakeTime} })},
		{"CodeDeploy's event", `"AfterInstall" is not a lifecycle stage`, function(func(h *ecs.Hook) { h.Stages = []ecs.Stage{"AfterInstall"} })},
		{"details that aren't an object", "not a JSON object", function(func(h *ecs.Hook) { h.Details = json.RawMessage(`[1]`) })},
		{"less than a minute", "timeout 30s", function(func(h *ecs.Hook) { h.Timeout = 30 * time.Second })},
		{"a function that may take more than a day", "1 to 1440 whole minutes", function(func(h *ecs.Hook) { h.Timeout = 1441 * time.Minute })},
		{"a pause of more than 14 days", "1 to 20160 whole minutes", at(ecs.Hook{Type: ecs.TargetPause, Timeout: 20161 * time.Minute, Stages: []ecs.Stage{ecs.PreScaleUp}})},
		{"an unknown action", `timeout action "STOP"`, function(func(h *ecs.Hook) { h.OnTimeout = "STOP" })},
		{"eleven functions", "11 hooks of type AWS_LAMBDA are too many: at most 10", at(slices.Repeat([]ecs.Hook{hook(ecs.PreScaleUp)}, 11)...)},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			w := newWorld(t, setup{})
			service := w.definition()
			test.edit(&service)
			_, err := w.CreateService(service)
			if code(err) != ecs.InvalidParameter || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func FuzzAnAnswerEitherDecidesOrFailsTheHook(f *testing.F) {
	for _, seed := range []string{succeeded, failed, "", "null", `{"hookStatus":"IN_PROGRESS","callBackDelay":1}`, `{"hookStatus":{}}`, `[`, `{"hookStatus":"SUCCEEDED"} x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		var said struct {
			Status *string `json:"hookStatus"`
		}
		valid := json.Unmarshal([]byte(answer), &said) == nil && said.Status != nil && *said.Status == "SUCCEEDED"
		synctest.Test(t, func(t *testing.T) {
			first := true
			w := newWorld(t, setup{service: at(hook(ecs.PostScaleUp)), function: func(context.Context, call) (string, error) {
				if first {
					first = false
					return answer, nil
				}
				return failed, nil
			}})
			if d := w.deploy(t); d.Status == ecs.Successful && !valid {
				t.Errorf("%q let the deployment through", answer)
			}
		})
	})
}
