package codedeploy_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listener is a listener that remembers where its traffic has been.
type listener struct {
	name    string
	mu      sync.Mutex
	weights map[string]int
	green   []int // each weight that tg-2 was given
	err     error
}

func newListener(name string) *listener {
	return &listener{name: name, weights: map[string]int{"tg-1": 100, "tg-2": 0}}
}

func (l *listener) ARN() string { return "arn:aws:elasticloadbalancing:::listener/" + l.name }

func (l *listener) Routes() []codedeploy.Route { return []codedeploy.Route{l} }

func (l *listener) Weights() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.weights)
}

func (l *listener) SetWeights(weights map[string]int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	l.weights = maps.Clone(weights)
	l.green = append(l.green, weights["tg-2"])
	return nil
}

func (l *listener) history() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.green)
}

// cluster is an ECS that starts nothing.
type cluster struct {
	mu      sync.Mutex
	started int
	running map[string]string // target group by task set
	err     error
	hang    bool
	delErr  error
}

func (c *cluster) CreateTaskSet(ctx context.Context, r codedeploy.TaskSetRequest) (codedeploy.TaskSet, error) {
	if c.hang {
		<-ctx.Done()
		return codedeploy.TaskSet{}, fmt.Errorf("waiting for health: %w", context.Cause(ctx))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return codedeploy.TaskSet{}, c.err
	}
	c.started++
	set := codedeploy.TaskSet{ID: fmt.Sprintf("ecs-svc/%d", c.started), TaskDefinition: r.TaskDefinition, TargetGroup: r.TargetGroup, Tasks: 1}
	c.running[set.ID] = r.TargetGroup
	return set, nil
}

func (c *cluster) UpdateServicePrimaryTaskSet(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, runs := c.running[id]; !runs {
		return fmt.Errorf("no task set %s", id)
	}
	return nil
}

func (c *cluster) DeleteTaskSet(_ context.Context, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.delErr != nil {
		return c.delErr
	}
	if _, runs := c.running[id]; !runs {
		return fmt.Errorf("no task set %s", id)
	}
	delete(c.running, id)
	return nil
}

func (c *cluster) sets() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.running)
}

// call is an event that a hook has received.
type call struct {
	Function                      string `json:"-"`
	DeploymentID                  string `json:"DeploymentId"`
	LifecycleEventHookExecutionID string `json:"LifecycleEventHookExecutionId"`
}

// world is a deployment group with all that surrounds it.
type world struct {
	*codedeploy.Service
	ecs              *cluster
	production, test *listener
	alias            *aliased // nil where there is no function
	// hook is the behaviour of all functions; it runs in a goroutine of its own.
	hook func(call)

	mu      sync.Mutex
	calls   []call
	changes []codedeploy.Change
	// onChange is told of each change; it is set before the first deployment.
	onChange func(codedeploy.Change)
}

func newWorld(t *testing.T, edit func(*codedeploy.Group)) *world {
	t.Helper()
	return newWorldWith(t, func(*codedeploy.Config) {}, edit)
}

func newWorldWith(t *testing.T, configure func(*codedeploy.Config), edit func(*codedeploy.Group)) *world {
	t.Helper()
	w := &world{
		ecs:        &cluster{running: map[string]string{"blue": "tg-1"}},
		production: newListener("production"), test: newListener("test"),
	}
	w.hook = func(c call) { _ = w.report(c, "Succeeded") }
	config := codedeploy.Config{
		ECS: w.ecs, Alias: w.findAlias,
		Invoke: func(function string, payload []byte) error {
			if function == "unknown" {
				return errors.New("ResourceNotFoundException: Function not found")
			}
			c := call{Function: function}
			if err := json.Unmarshal(payload, &c); err != nil {
				return err
			}
			w.mu.Lock()
			w.calls = append(w.calls, c)
			w.mu.Unlock()
			go w.hook(c)
			return nil
		},
		Changed: func(c codedeploy.Change) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.changes = append(w.changes, c)
			if w.onChange != nil {
				w.onChange(c)
			}
		},
	}
	configure(&config)
	w.Service = codedeploy.New(config)
	group := codedeploy.Group{
		Application: "shop", Name: "shop-group", Cluster: "cluster", Service: "shop",
		TargetGroups: [2]string{"tg-1", "tg-2"},
		Primary:      codedeploy.TaskSet{ID: "blue", TaskDefinition: "shop:1", TargetGroup: "tg-1", Tasks: 1},
		Production:   w.production, Test: w.test,
		AutoRollback: codedeploy.AutoRollback{codedeploy.DeploymentFailure},
	}
	if edit != nil {
		edit(&group)
	}
	if err := w.CreateGroup(group); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func (w *world) report(c call, status string) error {
	return w.PutLifecycleEventHookExecutionStatus(c.DeploymentID, c.LifecycleEventHookExecutionID, status)
}

// failAt makes the hook of that function report Failed.
func (w *world) failAt(function string) {
	w.hook = func(c call) {
		if c.Function == function {
			_ = w.report(c, "Failed")
			return
		}
		_ = w.report(c, "Succeeded")
	}
}

func allHooks() map[codedeploy.Event]string {
	hooks := map[codedeploy.Event]string{}
	for _, event := range codedeploy.Events() {
		if event.Hookable() {
			hooks[event] = string(event)
		}
	}
	return hooks
}

func (w *world) create(t *testing.T, hooks map[codedeploy.Event]string) string {
	t.Helper()
	id, err := w.CreateDeployment(codedeploy.DeploymentRequest{
		Application: "shop", Group: "shop-group", AppSpec: codedeploy.AppSpec{TaskDefinition: "shop:2", Hooks: hooks},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) wait(t *testing.T, id string) codedeploy.Deployment {
	t.Helper()
	d, err := w.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) deploy(t *testing.T, hooks map[codedeploy.Event]string) codedeploy.Deployment {
	t.Helper()
	return w.wait(t, w.create(t, hooks))
}

// statuses is one letter for each event: Succeeded, Failed, sKipped, Pending, InProgress.
func statuses(d codedeploy.Deployment) string {
	letters := map[codedeploy.EventStatus]string{
		codedeploy.EventSucceeded: "S", codedeploy.EventFailed: "F", codedeploy.EventSkipped: "-",
		codedeploy.EventPending: "p", codedeploy.EventInProgress: "i",
	}
	text := ""
	for _, e := range d.Events {
		text += letters[e.Status]
	}
	return text
}

// world's tests run in a bubble: waits of an hour are over at once, and times are exact.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestADeploymentRunsItsEventsInOrder(t *testing.T) {
	bubble(t, "with all hooks", func(t *testing.T) {
		w := newWorld(t, nil)
		w.hook = func(c call) {
			<-time.After(10 * time.Second) // fake time: how long a hook takes
			_ = w.report(c, "Succeeded")
		}
		began := time.Now()
		d := w.deploy(t, allHooks())
		if d.Status != codedeploy.Succeeded || d.Creator != "user" || statuses(d) != "SSSSSSSS" {
			t.Fatalf("%s by %s: %s, %v", d.Status, d.Creator, statuses(d), d.Error)
		}
		var order []codedeploy.Event
		at := began
		for _, e := range d.Events {
			order = append(order, e.Name)
			want := time.Duration(0)
			if e.Name.Hookable() {
				want = 10 * time.Second
			}
			if !e.Start.Equal(at) || e.Duration() != want {
				t.Errorf("%s began at %v and took %v, want %v and %v", e.Name, e.Start.Sub(began), e.Duration(), at.Sub(began), want)
			}
			at = e.End
		}
		want := []codedeploy.Event{
			"BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic",
			"AfterAllowTestTraffic", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
		}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]string{"ecs-svc/1": "tg-2"}, w.ecs.sets()); diff != "" {
			t.Errorf("task sets (-want +got):\n%s", diff)
		}
		if !d.Completed.Equal(began.Add(50 * time.Second)) {
			t.Errorf("it ended after %v", d.Completed.Sub(began))
		}
	})
	bubble(t, "without hooks these events are skipped", func(t *testing.T) {
		w := newWorld(t, nil)
		if d := w.deploy(t, nil); statuses(d) != "-S-S--S-" || d.Status != codedeploy.Succeeded {
			t.Errorf("%s: %s", d.Status, statuses(d))
		}
	})
	bubble(t, "without a test listener there is no test traffic", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) { g.Test = nil })
		if d := w.deploy(t, nil); statuses(d) != "-S----S-" || d.Status != codedeploy.Succeeded {
			t.Errorf("%s: %s", d.Status, statuses(d))
		}
	})
	bubble(t, "the next one goes back to the first target group", func(t *testing.T) {
		w := newWorld(t, nil)
		w.deploy(t, nil)
		d := w.deploy(t, nil)
		if d.Original.TargetGroup != "tg-2" || d.Replacement.TargetGroup != "tg-1" {
			t.Errorf("from %s to %s", d.Original.TargetGroup, d.Replacement.TargetGroup)
		}
		if diff := cmp.Diff(map[string]int{"tg-1": 100, "tg-2": 0}, w.production.Weights()); diff != "" {
			t.Errorf("weights (-want +got):\n%s", diff)
		}
	})
}

func TestAHookSeesTheTrafficOfItsEvent(t *testing.T) {
	bubble(t, "in a deployment that succeeds", func(t *testing.T) {
		w := newWorld(t, nil)
		var mu sync.Mutex
		got := map[string][3]int{}
		w.hook = func(c call) {
			mu.Lock()
			got[c.Function] = [3]int{len(w.ecs.sets()), w.test.Weights()["tg-2"], w.production.Weights()["tg-2"]}
			mu.Unlock()
			_ = w.report(c, "Succeeded")
		}
		w.deploy(t, allHooks())
		want := map[string][3]int{ // task sets, green's weight at the test and the production listener
			"BeforeInstall":         {1, 0, 0},
			"AfterInstall":          {2, 0, 0},
			"AfterAllowTestTraffic": {2, 100, 0},
			"BeforeAllowTraffic":    {2, 100, 0},
			"AfterAllowTraffic":     {2, 100, 100},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seen (-want +got):\n%s", diff)
		}
	})
}

func TestAHookGetsItsTwoIDs(t *testing.T) {
	bubble(t, "and nothing else", func(t *testing.T) {
		w := newWorld(t, nil)
		d := w.deploy(t, allHooks())
		seen := map[string]bool{}
		for _, c := range w.calls {
			raw, err := base64.StdEncoding.DecodeString(c.LifecycleEventHookExecutionID)
			if err != nil || len(raw) == 0 || len(c.LifecycleEventHookExecutionID) < 250 {
				t.Errorf("execution id %q: %v", c.LifecycleEventHookExecutionID, err)
			}
			if c.DeploymentID != d.ID {
				t.Errorf("deployment id %q, want %q", c.DeploymentID, d.ID)
			}
			seen[c.LifecycleEventHookExecutionID] = true
		}
		if len(seen) != 5 {
			t.Errorf("%d execution ids for five hooks", len(seen))
		}
	})
}

func TestAFailedHookRollsBack(t *testing.T) {
	tests := []struct {
		at               codedeploy.Event
		statuses         string
		rollback         string // statuses, empty for none
		production, test []int  // green's weights
	}{
		{codedeploy.BeforeInstall, "F-------", "", nil, nil},
		{codedeploy.AfterInstall, "SSF-----", "---S--S-", []int{0}, []int{0}},
		{codedeploy.AfterAllowTestTraffic, "SSSSF---", "---S--S-", []int{0}, []int{100, 0}},
		{codedeploy.BeforeAllowTraffic, "SSSSSF--", "---S--S-", []int{0}, []int{100, 0}},
		{codedeploy.AfterAllowTraffic, "SSSSSSSF", "---S--S-", []int{100, 0}, []int{100, 0}},
	}
	for _, test := range tests {
		bubble(t, string(test.at), func(t *testing.T) {
			w := newWorld(t, nil)
			w.failAt(string(test.at))
			d := w.deploy(t, allHooks())
			if d.Status != codedeploy.Failed || statuses(d) != test.statuses {
				t.Errorf("%s: %s, want %s", d.Status, statuses(d), test.statuses)
			}
			if d.Error == nil || d.Error.Code != "HOOK_EXECUTION_FAILURE" || !strings.Contains(d.Error.Message, string(test.at)) {
				t.Errorf("error %v", d.Error)
			}
			if e := d.Event(test.at); e.ErrorCode != "ScriptFailed" || e.Message == "" {
				t.Errorf("diagnostics %q: %q", e.ErrorCode, e.Message)
			}
			if test.rollback == "" {
				if d.Rollback != nil {
					t.Errorf("it was rolled back: %+v", d.Rollback)
				}
				return
			}
			if d.Rollback == nil {
				t.Fatal("there is no rollback")
			}
			back := w.wait(t, d.Rollback.DeploymentID)
			if back.Status != codedeploy.Succeeded || back.Creator != "codeDeployRollback" || back.Rollback.TriggeringDeploymentID != d.ID || statuses(back) != test.rollback {
				t.Errorf("rollback %s by %s of %s: %s, want %s", back.Status, back.Creator, back.Rollback.TriggeringDeploymentID, statuses(back), test.rollback)
			}
			if back.AppSpec.TaskDefinition != "shop:1" {
				t.Errorf("it goes back to %s", back.AppSpec.TaskDefinition)
			}
			if diff := cmp.Diff([][]int{test.production, test.test}, [][]int{w.production.history(), w.test.history()}); diff != "" {
				t.Errorf("green's weights in production and test (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]string{"blue": "tg-1"}, w.ecs.sets()); diff != "" {
				t.Errorf("task sets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithoutAutomaticRollbackAllStaysAsItIs(t *testing.T) {
	none := func(g *codedeploy.Group) { g.AutoRollback = nil }
	bubble(t, "green keeps the test traffic", func(t *testing.T) {
		w := newWorld(t, none)
		w.failAt("AfterAllowTestTraffic")
		d := w.deploy(t, allHooks())
		if d.Rollback != nil || len(w.ecs.sets()) != 2 || w.test.Weights()["tg-2"] != 100 || w.production.Weights()["tg-2"] != 0 {
			t.Errorf("rollback %v, task sets %v, weights %v and %v", d.Rollback, w.ecs.sets(), w.test.Weights(), w.production.Weights())
		}
	})
	bubble(t, "the next deployment takes the place of what was left", func(t *testing.T) {
		w := newWorld(t, none)
		w.failAt("AfterAllowTestTraffic")
		w.deploy(t, allHooks())
		w.failAt("nothing")
		if d := w.deploy(t, allHooks()); d.Status != codedeploy.Succeeded || d.Original.ID != "blue" {
			t.Errorf("%s from %s: %v", d.Status, d.Original.ID, d.Error)
		}
		if diff := cmp.Diff(map[string]string{"ecs-svc/2": "tg-2"}, w.ecs.sets()); diff != "" {
			t.Errorf("task sets (-want +got):\n%s", diff)
		}
	})
	bubble(t, "green that serves production already goes on to", func(t *testing.T) {
		w := newWorld(t, none)
		w.failAt("AfterAllowTraffic")
		w.deploy(t, allHooks())
		w.failAt("nothing")
		if d := w.deploy(t, allHooks()); d.Status != codedeploy.Succeeded || d.Original.ID != "ecs-svc/1" {
			t.Errorf("%s from %s: %v", d.Status, d.Original.ID, d.Error)
		}
		if diff := cmp.Diff(map[string]string{"ecs-svc/2": "tg-1"}, w.ecs.sets()); diff != "" {
			t.Errorf("task sets (-want +got):\n%s", diff)
		}
	})
}

func TestRollbacksCallTheHooksWhereTheGroupSaysSo(t *testing.T) {
	bubble(t, "and succeed with them", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) { g.RollbackHooks = true })
		first := true
		w.hook = func(c call) {
			if c.Function == "AfterAllowTraffic" && first {
				first = false
				_ = w.report(c, "Failed")
				return
			}
			_ = w.report(c, "Succeeded")
		}
		d := w.deploy(t, allHooks())
		if back := w.wait(t, d.Rollback.DeploymentID); statuses(back) != "S-SSSSSS" || back.Status != codedeploy.Succeeded {
			t.Errorf("%s: %s", back.Status, statuses(back))
		}
	})
	bubble(t, "but a rollback that fails isn't rolled back", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) { g.RollbackHooks = true })
		w.failAt("AfterInstall")
		d := w.deploy(t, allHooks())
		if back := w.wait(t, d.Rollback.DeploymentID); back.Status != codedeploy.Failed || back.Rollback.DeploymentID != "" {
			t.Errorf("%s, rolled back by %q", back.Status, back.Rollback.DeploymentID)
		}
	})
}

func TestARollbackGoesToTheLastRevisionThatWorked(t *testing.T) {
	bubble(t, "with its hooks", func(t *testing.T) {
		w := newWorld(t, nil)
		good := w.deploy(t, map[codedeploy.Event]string{codedeploy.AfterInstall: "good"})
		w.failAt("AfterInstall")
		bad := w.deploy(t, allHooks())
		back := w.wait(t, bad.Rollback.DeploymentID)
		if diff := cmp.Diff(good.AppSpec.Content(), back.AppSpec.Content()); diff != "" {
			t.Errorf("AppSpec (-want +got):\n%s", diff)
		}
	})
}

func TestAHookThatNeverReportsFailsAfterItsHour(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"AWS's": 0, "one of the group's": time.Minute} {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(t, func(g *codedeploy.Group) { g.HookTimeout = timeout })
			w.hook = func(call) {}
			d := w.deploy(t, allHooks())
			want := timeout
			if want == 0 {
				want = time.Hour
			}
			e := d.Event(codedeploy.BeforeInstall)
			if e.Status != codedeploy.EventFailed || e.Duration() != want || e.ErrorCode != "ScriptTimedOut" {
				t.Errorf("%s after %v with %s", e.Status, e.Duration(), e.ErrorCode)
			}
			if d.Status != codedeploy.Failed || !strings.Contains(d.Error.Message, "did not report") {
				t.Errorf("%s: %v", d.Status, d.Error)
			}
			wantCode(t, w.report(w.calls[0], "Succeeded"), codedeploy.LifecycleEventAlreadyCompleted)
		})
	}
}

func TestAFunctionThatDoesNotExistFailsTheEventAtOnce(t *testing.T) {
	bubble(t, "unknown", func(t *testing.T) {
		w := newWorld(t, nil)
		d := w.deploy(t, map[codedeploy.Event]string{codedeploy.AfterInstall: "unknown"})
		e := d.Event(codedeploy.AfterInstall)
		if e.Status != codedeploy.EventFailed || e.Duration() != 0 || d.Error.Code != "INVALID_LAMBDA_FUNCTION" || !strings.Contains(e.Message, "Function not found") {
			t.Errorf("%s after %v: %v", e.Status, e.Duration(), d.Error)
		}
	})
}

func TestWhatGoesWrongBesidesHooks(t *testing.T) {
	tests := []struct {
		why      string
		edit     func(*world)
		code     string
		message  string
		statuses string
	}{
		{"green can't be started", func(w *world) { w.ecs.err = errors.New("no capacity") }, "ECS_UPDATE_ERROR", "no capacity", "-F------"},
		{"green never gets healthy", func(w *world) { w.ecs.hang = true }, "TIMEOUT", "to become healthy. This time out period is 60 minutes.", "-F------"},
		{"the test listener can't be changed", func(w *world) { w.test.err = errors.New("rule gone") }, "ELASTIC_LOAD_BALANCING_INVALID", "rule gone", "-S-F----"},
		{"the production listener can't be changed", func(w *world) { w.production.err = errors.New("rule gone") }, "ELASTIC_LOAD_BALANCING_INVALID", "rule gone", "-S-S--F-"},
		{"blue can't be ended", func(w *world) { w.ecs.delErr = errors.New("stuck") }, "ECS_UPDATE_ERROR", "stuck", "-S-S--S-"},
	}
	for _, test := range tests {
		bubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, nil)
			test.edit(w)
			d := w.deploy(t, nil)
			if d.Status != codedeploy.Failed || d.Error.Code != test.code || !strings.Contains(d.Error.Message, test.message) || statuses(d) != test.statuses {
				t.Errorf("%s with %v: %s, want %s", d.Status, d.Error, statuses(d), test.statuses)
			}
			// With blue half gone there is nothing to go back to.
			if rolledBack := d.Rollback != nil; rolledBack == (test.code == "ECS_UPDATE_ERROR" && test.message == "stuck") {
				t.Errorf("rolled back: %v", rolledBack)
			}
		})
	}
}

func TestADeploymentCanBeStopped(t *testing.T) {
	hang := func(w *world) (reached chan call) {
		reached = make(chan call, 1)
		w.hook = func(c call) {
			if c.Function == "AfterAllowTestTraffic" {
				reached <- c
				return
			}
			_ = w.report(c, "Succeeded")
		}
		return reached
	}
	for name, rollback := range map[string]bool{"with a rollback": true, "where it is": false} {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(t, nil)
			reached := hang(w)
			id := w.create(t, allHooks())
			c := <-reached
			if err := w.StopDeployment(id, rollback); err != nil {
				t.Fatal(err)
			}
			d := w.wait(t, id)
			if d.Status != codedeploy.Stopped || d.Error.Code != "MANUAL_STOP" || statuses(d) != "SSSSF---" {
				t.Errorf("%s with %v: %s", d.Status, d.Error, statuses(d))
			}
			if (d.Rollback != nil) != rollback {
				t.Errorf("rollback: %+v", d.Rollback)
			}
			if rollback && w.wait(t, d.Rollback.DeploymentID).Status != codedeploy.Succeeded {
				t.Error("the rollback failed")
			}
			wantCode(t, w.report(c, "Succeeded"), codedeploy.LifecycleEventAlreadyCompleted)
			wantCode(t, w.StopDeployment(id, false), codedeploy.DeploymentAlreadyCompleted)
		})
	}
	bubble(t, "with a rollback because the group says so", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) {
			g.AutoRollback = codedeploy.AutoRollback{codedeploy.DeploymentStopOnRequest}
		})
		reached := hang(w)
		id := w.create(t, allHooks())
		<-reached
		if err := w.StopDeployment(id, false); err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, id); d.Rollback == nil {
			t.Error("there is no rollback")
		}
	})
	bubble(t, "while blue waits for its end", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) { g.TerminationWait = time.Hour })
		id := w.create(t, nil)
		synctest.Wait()
		if w.production.Weights()["tg-2"] != 100 {
			t.Fatal("production isn't on green yet")
		}
		if err := w.StopDeployment(id, true); err != nil {
			t.Fatal(err)
		}
		w.wait(t, w.wait(t, id).Rollback.DeploymentID)
		if diff := cmp.Diff(map[string]string{"blue": "tg-1"}, w.ecs.sets()); diff != "" {
			t.Errorf("task sets (-want +got):\n%s", diff)
		}
		if w.production.Weights()["tg-1"] != 100 {
			t.Errorf("production is at %v", w.production.Weights())
		}
	})
}

func TestTrafficIsShiftedAsTheConfigurationSays(t *testing.T) {
	bubble(t, "in steps with waits", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) {
			g.Config = codedeploy.DeploymentConfig{Name: "Canary", Steps: []codedeploy.Step{{Percent: 10, Wait: 5 * time.Minute}, {Percent: 100}}}
		})
		d := w.deploy(t, nil)
		if got := d.Event(codedeploy.AllowTraffic).Duration(); got != 5*time.Minute || d.Config != "Canary" {
			t.Errorf("%s took %v", d.Config, got)
		}
		if diff := cmp.Diff([]int{10, 100}, w.production.history()); diff != "" {
			t.Errorf("green's weights (-want +got):\n%s", diff)
		}
	})
	bubble(t, "and the end of blue waits its time", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) { g.TerminationWait = 20 * time.Minute })
		began := time.Now()
		if d := w.deploy(t, nil); d.Completed.Sub(began) != 20*time.Minute {
			t.Errorf("it ended after %v", d.Completed.Sub(began))
		}
	})
}

func TestAHookForTestTrafficWithoutATestListener(t *testing.T) {
	for name, test := range map[string]struct {
		setting  codedeploy.WithoutTestListener
		statuses string
		calls    int
	}{
		"is skipped":                {codedeploy.SkipHook, "-S----S-", 0},
		"is called":                 {codedeploy.RunHook, "-S--S-S-", 1},
		"is refused as the default": {codedeploy.RefuseHook, "", 0},
	} {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(t, func(g *codedeploy.Group) { g.Test, g.WithoutTestListener = nil, test.setting })
			id, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "shop", Group: "shop-group", AppSpec: codedeploy.AppSpec{
				TaskDefinition: "shop:2", Hooks: map[codedeploy.Event]string{codedeploy.AfterAllowTestTraffic: "f"},
			}})
			if test.statuses == "" {
				wantCode(t, err, codedeploy.InvalidRevision)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := w.wait(t, id); statuses(d) != test.statuses || len(w.calls) != test.calls {
				t.Errorf("%s with %d calls", statuses(d), len(w.calls))
			}
		})
	}
}

func TestAGroupRunsOneDeploymentAtATime(t *testing.T) {
	bubble(t, "and refuses a second one", func(t *testing.T) {
		w := newWorld(t, nil)
		reached := make(chan call, 1)
		w.hook = func(c call) { reached <- c }
		id := w.create(t, map[codedeploy.Event]string{codedeploy.BeforeInstall: "f"})
		c := <-reached
		_, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "shop", Group: "shop-group", AppSpec: codedeploy.AppSpec{TaskDefinition: "shop:3"}})
		wantCode(t, err, codedeploy.DeploymentLimitExceeded)
		if err := w.report(c, "Succeeded"); err != nil {
			t.Fatal(err)
		}
		w.wait(t, id)
		w.deploy(t, nil)
	})
}

func TestWhatAReportIsAnswered(t *testing.T) {
	bubble(t, "by CodeDeploy", func(t *testing.T) {
		w := newWorld(t, nil)
		reached := make(chan call, 1)
		w.hook = func(c call) { reached <- c }
		id := w.create(t, map[codedeploy.Event]string{codedeploy.BeforeInstall: "f"})
		c := <-reached
		execution := c.LifecycleEventHookExecutionID
		tests := []struct{ why, deployment, execution, status, code string }{
			{"no deployment", "", execution, "Succeeded", codedeploy.DeploymentIDRequired},
			{"not a deployment's id", "d-12", execution, "Succeeded", codedeploy.InvalidDeploymentID},
			{"small letters", "d-abcdefghi", execution, "Succeeded", codedeploy.InvalidDeploymentID},
			{"an unknown deployment", "d-ABCDEFGH0", execution, "Succeeded", codedeploy.DeploymentDoesNotExist},
			{"no execution", id, "", "Succeeded", codedeploy.InvalidLifecycleEventHookExecutionID},
			{"an unknown execution", id, "AAAA", "Succeeded", codedeploy.InvalidLifecycleEventHookExecutionID},
			{"no status", id, execution, "", codedeploy.InvalidLifecycleEventHookExecutionStatus},
			{"a status that hooks don't report", id, execution, "Skipped", codedeploy.InvalidLifecycleEventHookExecutionStatus},
			{"the first good report", id, execution, "Succeeded", ""},
			{"a second one", id, execution, "Failed", codedeploy.LifecycleEventAlreadyCompleted},
		}
		for _, test := range tests {
			err := w.PutLifecycleEventHookExecutionStatus(test.deployment, test.execution, test.status)
			if test.code == "" && err != nil {
				t.Errorf("%s: %v", test.why, err)
			} else if test.code != "" {
				wantCode(t, err, test.code)
			}
		}
		if d := w.wait(t, id); d.Status != codedeploy.Succeeded {
			t.Errorf("the second report counted: %s", d.Status)
		}
		wantCode(t, w.report(c, "Failed"), codedeploy.LifecycleEventAlreadyCompleted)
	})
}

func TestChangesAreToldInOrder(t *testing.T) {
	bubble(t, "to the observer", func(t *testing.T) {
		w := newWorld(t, nil)
		w.deploy(t, map[codedeploy.Event]string{codedeploy.AfterInstall: "f"})
		var got []string
		for _, c := range w.changes {
			if c.Event != nil {
				got = append(got, string(c.Event.Name)+" "+string(c.Event.Status))
			} else if text := string(c.Deployment.Status); len(got) == 0 || got[len(got)-1] != text {
				got = append(got, text)
			}
		}
		want := []string{
			"Created", "InProgress", "BeforeInstall Skipped", "Install InProgress", "InProgress", "Install Succeeded",
			"AfterInstall InProgress", "AfterInstall Succeeded", "AllowTestTraffic InProgress", "AllowTestTraffic Succeeded",
			"AfterAllowTestTraffic Skipped", "BeforeAllowTraffic Skipped", "AllowTraffic InProgress", "InProgress", "AllowTraffic Succeeded",
			"AfterAllowTraffic Skipped", "InProgress", "Succeeded",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}

func TestClosingStopsADeploymentWithoutARollback(t *testing.T) {
	bubble(t, "in the middle of a hook", func(t *testing.T) {
		w := newWorld(t, nil)
		reached := make(chan call, 1)
		w.hook = func(c call) { reached <- c }
		id := w.create(t, map[codedeploy.Event]string{codedeploy.AfterInstall: "f"})
		<-reached
		w.Close()
		if d := w.wait(t, id); d.Status != codedeploy.Stopped || d.Rollback != nil {
			t.Errorf("%s, rollback %v", d.Status, d.Rollback)
		}
		if _, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "shop", Group: "shop-group", AppSpec: codedeploy.AppSpec{TaskDefinition: "x"}}); err == nil {
			t.Error("a closed service took a deployment")
		}
	})
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	refused := new(codedeploy.APIError)
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestWhatADeploymentGroupMayBe(t *testing.T) {
	tests := []struct {
		why  string
		edit func(*codedeploy.Group)
		want string
	}{
		{"it has a name", func(g *codedeploy.Group) { g.Name = "" }, "names"},
		{"it has two target groups", func(g *codedeploy.Group) { g.TargetGroups[1] = "tg-1" }, "two target groups"},
		{"its primary is in one of them", func(g *codedeploy.Group) { g.Primary.TargetGroup = "tg-3" }, `"tg-3"`},
		{"it has a production listener", func(g *codedeploy.Group) { g.Production = nil }, "production listener"},
		{"its shift ends at 100", func(g *codedeploy.Group) {
			g.Config = codedeploy.DeploymentConfig{Name: "x", Steps: []codedeploy.Step{{Percent: 50}}}
		}, "100 percent, not 50"},
		{"its shift rises", func(g *codedeploy.Group) {
			g.Config = codedeploy.DeploymentConfig{Name: "x", Steps: []codedeploy.Step{{Percent: 50}, {Percent: 20}, {Percent: 100}}}
		}, "must rise"},
		{"there is one of its name", func(*codedeploy.Group) {}, "has it already"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			w := newWorld(t, nil)
			group := codedeploy.Group{
				Application: "shop", Name: "shop-group", TargetGroups: [2]string{"tg-1", "tg-2"},
				Primary: codedeploy.TaskSet{ID: "blue", TargetGroup: "tg-1"}, Production: w.production,
			}
			test.edit(&group)
			if err := w.CreateGroup(group); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestWhatADeploymentMayAskFor(t *testing.T) {
	good := codedeploy.AppSpec{TaskDefinition: "shop:2"}
	tests := []struct {
		why     string
		request codedeploy.DeploymentRequest
		code    string
	}{
		{"no application", codedeploy.DeploymentRequest{AppSpec: good}, codedeploy.ApplicationNameRequired},
		{"an unknown application", codedeploy.DeploymentRequest{Application: "x", Group: "shop-group", AppSpec: good}, codedeploy.ApplicationDoesNotExist},
		{"no group", codedeploy.DeploymentRequest{Application: "shop", AppSpec: good}, codedeploy.DeploymentGroupNameRequired},
		{"an unknown group", codedeploy.DeploymentRequest{Application: "shop", Group: "x", AppSpec: good}, codedeploy.DeploymentGroupDoesNotExist},
		{"an unknown configuration", codedeploy.DeploymentRequest{Application: "shop", Group: "shop-group", AppSpec: good, Config: "x"}, codedeploy.DeploymentConfigDoesNotExist},
		{"nothing to deploy", codedeploy.DeploymentRequest{Application: "shop", Group: "shop-group"}, codedeploy.InvalidRevision},
		{"a hook that needs a test listener", codedeploy.DeploymentRequest{Application: "shop", Group: "shop-group", AppSpec: codedeploy.AppSpec{
			TaskDefinition: "shop:2", Hooks: map[codedeploy.Event]string{codedeploy.AfterAllowTestTraffic: "f"},
		}}, codedeploy.InvalidRevision},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			w := newWorld(t, func(g *codedeploy.Group) { g.Test = nil })
			_, err := w.CreateDeployment(test.request)
			wantCode(t, err, test.code)
		})
	}
}
