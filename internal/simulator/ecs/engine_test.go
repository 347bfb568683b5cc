package ecs_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

func TestABlueGreenDeploymentPassesItsStagesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{service: func(s *ecs.Service) { s.Deployment.BakeTime = 10 * time.Minute }})
		d := w.deploy(t)
		if d.Status != ecs.Successful || d.StatusReason != "" || d.Rollback != nil {
			t.Errorf("got %s: %s", d.Status, d.StatusReason)
		}
		if diff := cmp.Diff(ecs.Stages()[1:], passed(d)); diff != "" {
			t.Errorf("stages, all but RECONCILE_SERVICE (-want +got):\n%s", diff)
		}
		// What hooks are told follows the documented payloads: weights only where they move.
		want := []string{
			"PRE_SCALE_UP - -", "POST_SCALE_UP - -", "TEST_TRAFFIC_SHIFT 100/0 -", "POST_TEST_TRAFFIC_SHIFT - -",
			"PRE_PRODUCTION_TRAFFIC_SHIFT - 0/100", "PRODUCTION_TRAFFIC_SHIFT - 100/0", "POST_PRODUCTION_TRAFFIC_SHIFT - -",
		}
		if diff := cmp.Diff(want, w.told()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"0:100"}, w.production.history()); diff != "" {
			t.Errorf("production's weights (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"0:100"}, w.test.history()); diff != "" {
			t.Errorf("test's weights (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"1 shop:2 in tg-2"}, w.tasks.list()); diff != "" {
			t.Errorf("tasks (-want +got):\n%s", diff)
		}
		if took := d.Finished.Sub(d.Started); took != 10*time.Minute {
			t.Errorf("it took %v, want the bake time", took)
		}
		if d.Target.Running != 1 || d.Target.ProductionWeight != 100 || d.Source.Running != 0 || d.Source.ProductionWeight != 0 {
			t.Errorf("target %+v, source %+v", d.Target, d.Source)
		}
	})
}

func TestTheNextDeploymentGoesBackToTheFirstTargetGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		first := w.deploy(t)
		arn, err := w.UpdateService("cluster", "shop", ecs.Update{Force: true})
		if err != nil {
			t.Fatal(err)
		}
		second := w.wait(t, arn)
		if second.Source.ARN != first.Target.ARN || second.Target.TargetGroup.Name != "tg-1" {
			t.Errorf("from %+v to %+v", second.Source, second.Target)
		}
		if diff := cmp.Diff([]string{"0:100", "100:0"}, w.production.history()); diff != "" {
			t.Errorf("production's weights (-want +got):\n%s", diff)
		}
	})
}

func TestProductionTrafficFollowsTheStrategy(t *testing.T) {
	pre, shift := "PRE_PRODUCTION_TRAFFIC_SHIFT - ", "PRODUCTION_TRAFFIC_SHIFT - "
	tests := []struct {
		why     string
		config  ecs.DeploymentConfiguration
		weights []string // of tg-1 and tg-2
		told    []string
		took    time.Duration
	}{
		{"blue/green moves all at once", ecs.DeploymentConfiguration{Strategy: ecs.BlueGreen}, []string{"0:100"}, []string{pre + "0/100", shift + "100/0"}, 0},
		{
			"a canary moves a share, bakes, and moves the rest without another wait",
			ecs.DeploymentConfiguration{Strategy: ecs.Canary},
			[]string{"95:5", "0:100"},
			[]string{pre + "0/100", shift + "5/95", pre + "5/95", shift + "100/0"},
			10 * time.Minute,
		},
		{
			"tenths of a percent fit into the weights of a rule, which end at 999",
			ecs.DeploymentConfiguration{Strategy: ecs.Canary, Canary: &ecs.Steps{Percent: 0.1, Bake: time.Minute}},
			[]string{"999:1", "0:100"},
			[]string{pre + "0/100", shift + "0.1/99.9", pre + "0.1/99.9", shift + "100/0"},
			time.Minute,
		},
		{
			"a canary of 100 percent is one step",
			ecs.DeploymentConfiguration{Strategy: ecs.Canary, Canary: &ecs.Steps{Percent: 100, Bake: time.Minute}},
			[]string{"0:100"},
			[]string{pre + "0/100", shift + "100/0"},
			0,
		},
		{
			"a linear shift bakes after each step but the last, which takes what is left",
			ecs.DeploymentConfiguration{Strategy: ecs.Linear, Linear: &ecs.Steps{Percent: 40, Bake: 5 * time.Minute}},
			[]string{"60:40", "20:80", "0:100"},
			[]string{pre + "0/100", shift + "40/60", pre + "40/60", shift + "80/20", pre + "80/20", shift + "100/0"},
			10 * time.Minute,
		},
		{
			"the bake time comes on top",
			ecs.DeploymentConfiguration{Strategy: ecs.Linear, Linear: &ecs.Steps{Percent: 50, Bake: time.Minute}, BakeTime: time.Hour},
			[]string{"50:50", "0:100"},
			[]string{pre + "0/100", shift + "50/50", pre + "50/50", shift + "100/0"},
			time.Hour + time.Minute,
		},
	}
	for _, test := range tests {
		inBubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, setup{service: func(s *ecs.Service) {
				s.Deployment = test.config
				s.Deployment.Hooks = []ecs.Hook{hook(ecs.PreProductionTrafficShift, ecs.ProductionTrafficShift)}
			}})
			d := w.deploy(t)
			if d.Status != ecs.Successful {
				t.Fatalf("got %s: %s", d.Status, d.StatusReason)
			}
			if diff := cmp.Diff(test.weights, w.production.history()); diff != "" {
				t.Errorf("weights (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.told, w.told()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if took := d.Finished.Sub(d.Started); took != test.took {
				t.Errorf("it took %v, want %v", took, test.took)
			}
		})
	}
}

func TestALinearShiftOfTenPercentHasTenSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{service: func(s *ecs.Service) { s.Deployment = ecs.DeploymentConfiguration{Strategy: ecs.Linear} }})
		d := w.deploy(t)
		if got := len(w.production.history()); got != 10 {
			t.Errorf("%d steps: %q", got, w.production.history())
		}
		if took := d.Finished.Sub(d.Started); took != 9*6*time.Minute {
			t.Errorf("it took %v, want nine waits of 6 minutes", took)
		}
	})
}

func TestAFailedHookRollsBackThroughTheShiftStagesItHadReached(t *testing.T) {
	tests := []struct {
		why              string
		at               ecs.Stage
		back             []string // the calls after the failure
		production, test []string
	}{
		{"before green runs there is nothing to take back", ecs.PreScaleUp, nil, nil, nil},
		{"green runs without traffic", ecs.PostScaleUp, nil, nil, nil},
		{"test traffic is on its way", ecs.TestTrafficShift, []string{"TEST_TRAFFIC_SHIFT 0/100 -"}, nil, []string{"0:100", "100:0"}},
		{"test traffic is on green", ecs.PostTestTrafficShift, []string{"TEST_TRAFFIC_SHIFT 0/100 -"}, nil, []string{"0:100", "100:0"}},
		{"production is still on blue", ecs.PreProductionTrafficShift, []string{"TEST_TRAFFIC_SHIFT 0/100 -"}, nil, []string{"0:100", "100:0"}},
		{
			"production is on green: it comes first", ecs.PostProductionTrafficShift,
			[]string{"PRODUCTION_TRAFFIC_SHIFT - 0/100", "TEST_TRAFFIC_SHIFT 0/100 -"},
			[]string{"0:100", "100:0"},
			[]string{"0:100", "100:0"},
		},
	}
	for _, test := range tests {
		inBubble(t, test.why, func(t *testing.T) {
			forward := true
			w := newWorld(t, setup{function: func(_ context.Context, c call) (string, error) {
				if c.Stage == test.at && forward {
					forward = false
					return failed, nil
				}
				return succeeded, nil
			}})
			d := w.deploy(t)
			reason := "Service deployment rolled back because " + string(test.at) + " lifecycle hook(s) failed. Lifecycle hook target hook returned FAILED status."
			if d.Status != ecs.RollbackSuccessful || d.StatusReason != reason {
				t.Errorf("got %s: %s", d.Status, d.StatusReason)
			}
			if d.Rollback == nil || d.Rollback.RevisionARN != d.Source.ARN || d.Rollback.Reason != reason {
				t.Errorf("rollback %+v", d.Rollback)
			}
			told := w.told()
			failedAt := slices.IndexFunc(told, func(s string) bool { return strings.HasPrefix(s, string(test.at)+" ") })
			if diff := cmp.Diff(append([]string{}, test.back...), told[failedAt+1:]); diff != "" {
				t.Errorf("calls of the rollback (-want +got):\n%s", diff)
			}
			for _, c := range w.called() {
				if c.Details.Target != d.Target.ARN || c.ResourceARN != d.ARN {
					t.Errorf("%s: target %s of %s, want green's throughout", c.Stage, c.Details.Target, c.ResourceARN)
				}
			}
			if diff := cmp.Diff(append([]string{}, test.production...), w.production.history()); diff != "" {
				t.Errorf("production's weights (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{}, test.test...), w.test.history()); diff != "" {
				t.Errorf("test's weights (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"1 shop:1 in tg-1"}, w.tasks.list()); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARollbackGoesOnWhateverItsHooksAnswer(t *testing.T) {
	inBubble(t, "where traffic moves before the hooks", func(t *testing.T) {
		rollBackAgainstHooks(t, setup{function: failAt(ecs.ProductionTrafficShift)})
	})
	inBubble(t, "and where it moves after them", func(t *testing.T) {
		live := false
		rollBackAgainstHooks(t, setup{config: func(c *ecs.Config) { c.ShiftAfterHooks = true }, function: func(_ context.Context, c call) (string, error) {
			if live || c.Stage == ecs.PostProductionTrafficShift {
				live = true
				return failed, nil
			}
			return succeeded, nil
		}})
	})
}

func rollBackAgainstHooks(t *testing.T, set setup) {
	t.Helper()
	w := newWorld(t, set)
	d := w.deploy(t)
	if d.Status != ecs.RollbackFailed || !strings.Contains(d.StatusReason, "PRODUCTION_TRAFFIC_SHIFT lifecycle hook(s) failed") {
		t.Errorf("got %s: %s", d.Status, d.StatusReason)
	}
	if got := w.production.history(); !slices.Equal(got, []string{"0:100", "100:0"}) {
		t.Errorf("production's weights %q: a hook must not keep traffic on green", got)
	}
	if got := w.test.history(); !slices.Equal(got, []string{"0:100", "100:0"}) {
		t.Errorf("test's weights %q", got)
	}
	if got := w.tasks.list(); !slices.Equal(got, []string{"1 shop:1 in tg-1"}) {
		t.Errorf("tasks %q", got)
	}
}

func TestARollbackThatCannotMoveTrafficKeepsGreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w *world
		w = newWorld(t, setup{function: func(_ context.Context, c call) (string, error) {
			if c.Stage != ecs.PostProductionTrafficShift {
				return succeeded, nil
			}
			w.production.mu.Lock()
			defer w.production.mu.Unlock()
			w.production.err = errors.New("no permission")
			return failed, nil
		}})
		d := w.deploy(t)
		if d.Status != ecs.RollbackFailed || d.Target.ProductionWeight != 100 || d.Source.ProductionWeight != 0 {
			t.Errorf("got %s: %s with %+v", d.Status, d.StatusReason, d.Target)
		}
		if got := w.tasks.list(); !slices.Equal(got, []string{"1 shop:1 in tg-1", "1 shop:2 in tg-2"}) {
			t.Errorf("tasks %q: green must not end while it serves", got)
		}
		w.production.err = nil
		arn, err := w.UpdateService("cluster", "shop", ecs.Update{TaskDefinition: "shop:3", Deployment: &ecs.DeploymentConfiguration{}})
		if err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, arn); d.Status != ecs.Successful || d.Stages[0].Stage != ecs.ReconcileService || !slices.Equal(w.tasks.list(), []string{"1 shop:3 in tg-2"}) {
			t.Errorf("the next one: %s: %s through %v with %q", d.Status, d.StatusReason, passed(d), w.tasks.list())
		}
	})
}

func TestWhatAWSLeavesOpenIsASwitch(t *testing.T) {
	inBubble(t, "a rollback may call the hooks of every shift", func(t *testing.T) {
		w := newWorld(t, setup{config: func(c *ecs.Config) { c.RollbackEveryShift = true }, function: failAt(ecs.PreScaleUp)})
		w.deploy(t)
		want := []string{"PRE_SCALE_UP - -", "PRODUCTION_TRAFFIC_SHIFT - 0/100", "TEST_TRAFFIC_SHIFT 0/100 -"}
		if diff := cmp.Diff(want, w.told()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
	for _, after := range []bool{false, true} {
		name := "by default traffic has moved when the hooks of a shift run"
		want := map[ecs.Stage]int{ecs.TestTrafficShift: 1, ecs.ProductionTrafficShift: 1}
		if after {
			name = "traffic may move after the hooks of a shift"
			want = map[ecs.Stage]int{ecs.TestTrafficShift: 0, ecs.ProductionTrafficShift: 0}
		}
		inBubble(t, name, func(t *testing.T) {
			got := map[ecs.Stage]int{}
			var w *world
			w = newWorld(t, setup{config: func(c *ecs.Config) { c.ShiftAfterHooks = after }, function: func(_ context.Context, c call) (string, error) {
				switch c.Stage {
				case ecs.TestTrafficShift:
					got[c.Stage] = len(w.test.history())
				case ecs.ProductionTrafficShift:
					got[c.Stage] = len(w.production.history())
				}
				return succeeded, nil
			}})
			w.deploy(t)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rules changed before the hooks ran (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheHooksOfAServicesCreation(t *testing.T) {
	tests := []struct {
		why    string
		choice ecs.CreationHooks
		want   []string
	}{
		{"by default those of PRE_SCALE_UP", ecs.CreationPreScaleUp, []string{"PRE_SCALE_UP - -"}},
		{"none", ecs.CreationNone, []string{}},
		{"all, with green alone in the weights", ecs.CreationAll, []string{
			"PRE_SCALE_UP - -", "POST_SCALE_UP - -", "TEST_TRAFFIC_SHIFT 100/none -", "POST_TEST_TRAFFIC_SHIFT - -",
			"PRE_PRODUCTION_TRAFFIC_SHIFT - 0/none", "PRODUCTION_TRAFFIC_SHIFT - 100/none", "POST_PRODUCTION_TRAFFIC_SHIFT - -",
		}},
	}
	for _, test := range tests {
		inBubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, setup{creates: true, config: func(c *ecs.Config) { c.CreationHooks = test.choice }, service: func(s *ecs.Service) {
				s.DesiredCount = 3
				s.Deployment.Strategy, s.Deployment.BakeTime = ecs.Linear, time.Hour
			}})
			d := w.wait(t, w.newest(t).ARN)
			if d.Status != ecs.Successful || d.Source != nil || d.Finished != d.Started {
				t.Errorf("got %s: %s after %v, from %v", d.Status, d.StatusReason, d.Finished.Sub(d.Started), d.Source)
			}
			if diff := cmp.Diff(test.want, w.told()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if got := w.production.history(); !slices.Equal(got, []string{"100:0"}) {
				t.Errorf("production's weights %q, want all on the first target group", got)
			}
			if got := w.tasks.list(); !slices.Equal(got, []string{"3 shop:1 in tg-1"}) {
				t.Errorf("tasks %q", got)
			}
		})
	}
}

func TestACreationThatFailsHasNothingToGoBackTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{creates: true, config: func(c *ecs.Config) { c.CreationHooks = ecs.CreationAll }, function: failAt(ecs.PostScaleUp)})
		d := w.wait(t, w.newest(t).ARN)
		if d.Status != ecs.RollbackFailed || d.StatusReason != "No rollback candidate was found to run the rollback." {
			t.Errorf("got %s: %s", d.Status, d.StatusReason)
		}
		if !strings.Contains(d.Rollback.Reason, "POST_SCALE_UP lifecycle hook(s) failed") || d.Rollback.RevisionARN != "" {
			t.Errorf("rollback %+v", d.Rollback)
		}
		if got := w.tasks.list(); len(got) != 0 {
			t.Errorf("tasks are left: %q", got)
		}
	})
}

func TestWhatGoesWrongBesidesHooksRollsBack(t *testing.T) {
	tests := []struct {
		why, want string
		edit      func(*world)
	}{
		{"green doesn't start", "SCALE_UP failed: no such image", func(w *world) { w.tasks.err = errors.New("no such image") }},
		{"green doesn't become healthy in a day", "its tasks were not healthy within 24h0m0s", func(w *world) { w.tasks.hang = true }},
		{"the test rule can't be changed", "The rule arn:test could not be changed: no permission", func(w *world) { w.test.err = errors.New("no permission") }},
		{"the production rule can't be changed", "The rule arn:production could not be changed: no permission", func(w *world) { w.production.err = errors.New("no permission") }},
	}
	for _, test := range tests {
		inBubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, setup{})
			test.edit(w)
			d := w.deploy(t)
			if d.Status != ecs.RollbackSuccessful && d.Status != ecs.RollbackFailed || !strings.Contains(d.StatusReason, test.want) {
				t.Errorf("got %s: %s", d.Status, d.StatusReason)
			}
			if !strings.HasPrefix(d.Rollback.Reason, "Service deployment rolled back because ") {
				t.Errorf("the rollback's reason is %q", d.Rollback.Reason)
			}
			if got := w.tasks.list(); !slices.Equal(got, []string{"1 shop:1 in tg-1"}) {
				t.Errorf("tasks %q", got)
			}
		})
	}
}

func TestWithoutATestRuleTheTestStagesArePassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{service: func(s *ecs.Service) { s.Test = nil }})
		d := w.deploy(t)
		if d.Status != ecs.Successful || len(w.test.history()) != 0 {
			t.Errorf("got %s, test's weights %q", d.Status, w.test.history())
		}
		if !slices.Contains(w.told(), "TEST_TRAFFIC_SHIFT - -") {
			t.Errorf("calls %q", w.told())
		}
	})
}

func TestADeploymentIsStopped(t *testing.T) {
	tests := []struct {
		why       string
		stop      ecs.StopType
		status    ecs.Status
		requested ecs.Status
		tasks     []string
	}{
		{"by default with a rollback", "", ecs.RollbackSuccessful, ecs.RollbackRequested, []string{"1 shop:1 in tg-1"}},
		{"with a rollback", ecs.StopRollback, ecs.RollbackSuccessful, ecs.RollbackRequested, []string{"1 shop:1 in tg-1"}},
		{"where it stands", ecs.StopAbort, ecs.Stopped, ecs.StopRequested, []string{"1 shop:1 in tg-1", "1 shop:2 in tg-2"}},
	}
	for _, test := range tests {
		inBubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, setup{service: func(s *ecs.Service) { s.Deployment.BakeTime = time.Hour }})
			arn := w.update(t)
			synctest.Wait()
			if d := w.newest(t); d.Stage != ecs.BakeTime {
				t.Fatalf("it is at %s", d.Stage)
			}
			if err := w.StopServiceDeployment(arn, test.stop); err != nil {
				t.Fatal(err)
			}
			d := w.wait(t, arn)
			if d.Status != test.status || !strings.Contains(d.StatusReason, "StopServiceDeployment") {
				t.Errorf("got %s: %s", d.Status, d.StatusReason)
			}
			if got := w.tasks.list(); !slices.Equal(got, test.tasks) {
				t.Errorf("tasks %q", got)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if !slices.ContainsFunc(w.changes, func(c ecs.Change) bool { return c.Deployment.Status == test.requested }) {
				t.Errorf("it was never %s", test.requested)
			}
			if d.Stopped.IsZero() != (test.status != ecs.Stopped) {
				t.Errorf("stopped at %v", d.Stopped)
			}
		})
	}
}

func TestAStopReachesGreenWhileItStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		w.tasks.hang = true
		arn := w.update(t)
		synctest.Wait()
		if err := w.StopServiceDeployment(arn, ecs.StopRollback); err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, arn); d.Status != ecs.RollbackSuccessful || d.StatusReason != "Service deployment rolled back because of a StopServiceDeployment request." {
			t.Errorf("got %s: %s", d.Status, d.StatusReason)
		}
	})
}

func TestWhatAStopRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		d := w.deploy(t)
		for _, test := range []struct {
			why, arn, want string
			stop           ecs.StopType
		}{
			{"an unknown deployment", "arn:nothing", ecs.ServiceDeploymentNotFound, ""},
			{"one that is over", d.ARN, ecs.Conflict, ""},
			{"an unknown type", d.ARN, ecs.InvalidParameter, "NOW"},
		} {
			if err := w.StopServiceDeployment(test.arn, test.stop); code(err) != test.want {
				t.Errorf("%s: got %v, want %s", test.why, err, test.want)
			}
		}
	})
}

func TestANewDeploymentStopsTheOneThatRunsAndReconciles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{service: func(s *ecs.Service) { s.Deployment.BakeTime = time.Hour }})
		first := w.update(t)
		synctest.Wait()
		arn, err := w.UpdateService("", "arn:aws:ecs:us-east-1:123456789012:service/cluster/shop", ecs.Update{TaskDefinition: "shop:3"})
		if err != nil {
			t.Fatal(err)
		}
		second := w.wait(t, arn)
		if d := w.wait(t, first); d.Status != ecs.Stopped || d.StatusReason != "A new service deployment was started." {
			t.Errorf("the first one: %s: %s", d.Status, d.StatusReason)
		}
		if second.Status != ecs.Successful || second.Stages[0].Stage != ecs.ReconcileService || second.Source.TaskDefinition != "shop:1" {
			t.Errorf("got %s: %s from %s through %v", second.Status, second.StatusReason, second.Source.TaskDefinition, passed(second))
		}
		if !slices.Contains(w.told(), "RECONCILE_SERVICE 100/0 100/0") {
			t.Errorf("calls %q", w.told())
		}
		if diff := cmp.Diff([]string{"0:100", "100:0", "0:100"}, w.production.history()); diff != "" {
			t.Errorf("production's weights (-want +got):\n%s", diff)
		}
		if got := w.tasks.list(); !slices.Equal(got, []string{"1 shop:3 in tg-2"}) {
			t.Errorf("tasks %q", got)
		}
	})
}

func TestADeploymentThatWaitsStartsFromWhatThenServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		w.tasks.held = make(chan struct{})
		first := w.update(t)
		synctest.Wait() // the first is at CLEAN_UP, where no request stops it
		second, err := w.UpdateService("cluster", "shop", ecs.Update{TaskDefinition: "shop:3"})
		if err != nil {
			t.Fatal(err)
		}
		third, err := w.UpdateService("cluster", "shop", ecs.Update{TaskDefinition: "shop:4"})
		if err != nil {
			t.Fatal(err)
		}
		close(w.tasks.held)
		if d := w.wait(t, first); d.Status != ecs.Successful {
			t.Errorf("the first one: %s: %s", d.Status, d.StatusReason)
		}
		if d := w.wait(t, second); d.Status != ecs.Stopped || len(d.Stages) != 0 {
			t.Errorf("the second one: %s: %s after %v", d.Status, d.StatusReason, passed(d))
		}
		d := w.wait(t, third)
		if d.Status != ecs.Successful || d.Source.TaskDefinition != "shop:2" || d.Target.TargetGroup.Name != "tg-1" {
			t.Errorf("the third one: %s: %s from %+v to %+v", d.Status, d.StatusReason, d.Source, d.Target)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, c := range w.changes {
			if c.Deployment.ARN == second && c.Deployment.Status == ecs.InProgress {
				t.Error("the second one was in progress, though it was to stop before it began")
			}
		}
	})
}

func TestAStopThatComesTooLateChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w *world
		second := make(chan string, 1)
		w = newWorld(t, setup{config: func(config *ecs.Config) {
			config.Changed = func(c ecs.Change) {
				if c.Deployment.Target.TaskDefinition != "shop:2" || c.Stage == nil || c.Stage.Stage != ecs.CleanUp || c.Stage.Status != ecs.StageInProgress {
					return
				}
				// Another update comes before green is made the revision that serves; the stop
				// that it asks for has to wait until this change is told.
				go func() {
					arn, err := w.UpdateService("cluster", "shop", ecs.Update{TaskDefinition: "shop:3"})
					if err != nil {
						t.Error(err)
					}
					second <- arn
				}()
				for list, err := w.Deployments("cluster", "shop"); err == nil && len(list) < 2; list, err = w.Deployments("cluster", "shop") {
					runtime.Gosched()
				}
			}
		}})
		first := w.deploy(t)
		d := w.wait(t, <-second)
		if first.Status != ecs.Successful || d.Status != ecs.Successful || d.Source.TaskDefinition != "shop:2" {
			t.Errorf("%s, then %s: %s from %+v", first.Status, d.Status, d.StatusReason, d.Source)
		}
	})
}

func TestARollbackEndsBeforeTheNextDeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{function: func(_ context.Context, c call) (string, error) {
			switch {
			case c.Stage == ecs.PostTestTrafficShift && c.After == 0:
				return failed, nil
			case c.Stage == ecs.TestTrafficShift && c.Details.Test[c.Details.Target] == 0 && c.After < time.Minute:
				return `{"hookStatus":"IN_PROGRESS"}`, nil
			}
			return succeeded, nil
		}})
		first := w.update(t)
		synctest.Wait()
		second, err := w.UpdateService("cluster", "shop", ecs.Update{TaskDefinition: "shop:3"})
		if err != nil {
			t.Fatal(err)
		}
		if d, _ := w.Deployment(first); d.Status != ecs.RollbackInProgress {
			t.Errorf("the first one is %s", d.Status)
		}
		if err := w.StopServiceDeployment(first, ecs.StopAbort); code(err) != ecs.Conflict {
			t.Errorf("a rollback can be stopped: %v", err)
		}
		back, next := w.wait(t, first), w.wait(t, second)
		if back.Status != ecs.RollbackSuccessful || next.Status != ecs.Successful || next.Started.Before(back.Finished) {
			t.Errorf("%s at %v, then %s from %v", back.Status, back.Finished, next.Status, next.Started)
		}
	})
}

func TestBlueThatCannotBeEndedIsReconciledNextTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		w.tasks.stopErr = errors.New("busy")
		if d := w.deploy(t); d.Status != ecs.Successful {
			t.Errorf("got %s: %s", d.Status, d.StatusReason)
		}
		w.tasks.stopErr = nil
		arn, err := w.UpdateService("cluster", "shop", ecs.Update{TaskDefinition: "shop:3"})
		if err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, arn); d.Status != ecs.Successful || d.Stages[0].Stage != ecs.ReconcileService {
			t.Errorf("got %s through %v", d.Status, passed(d))
		}
		if got := w.tasks.list(); !slices.Equal(got, []string{"1 shop:3 in tg-1"}) {
			t.Errorf("tasks %q", got)
		}
		if arn, err = w.UpdateService("cluster", "shop", ecs.Update{Force: true}); err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, arn); d.Stages[0].Stage != ecs.PreScaleUp {
			t.Errorf("once reconciled, it reconciles again: %v", passed(d))
		}
	})
}

func TestAnUpdateThatChangesNoTasksDeploysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		arn, err := w.UpdateService("cluster", "shop", ecs.Update{TaskDefinition: "shop:1", Deployment: &ecs.DeploymentConfiguration{BakeTime: time.Minute}})
		if err != nil || arn != "" {
			t.Errorf("got %q, %v", arn, err)
		}
		if d := w.deploy(t); d.Configuration.BakeTime != time.Minute || len(w.called()) != 0 {
			t.Errorf("the new configuration is not used: %+v", d.Configuration)
		}
	})
}

func TestCloseStopsADeploymentWhereItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{service: func(s *ecs.Service) { s.Deployment.BakeTime = time.Hour }})
		arn := w.update(t)
		synctest.Wait()
		w.Close()
		if d := w.wait(t, arn); d.Status != ecs.Stopped || d.StatusReason != "the ECS scheduler was shut down" {
			t.Errorf("got %s: %s", d.Status, d.StatusReason)
		}
		if _, err := w.UpdateService("cluster", "shop", ecs.Update{Force: true}); code(err) != ecs.ServerError {
			t.Errorf("an update got %v", err)
		}
	})
}

func TestOldDeploymentsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{config: func(c *ecs.Config) { c.KeepDeployments = 2 }})
		var arns []string
		for range 6 {
			arn, err := w.UpdateService("cluster", "shop", ecs.Update{Force: true})
			if err != nil {
				t.Fatal(err)
			}
			w.wait(t, arn)
			arns = append(arns, arn)
		}
		list, err := w.Deployments("cluster", "shop")
		if err != nil {
			t.Fatal(err)
		}
		var kept []string
		for _, d := range list {
			kept = append(kept, d.ARN)
		}
		if !slices.Equal(kept, []string{arns[5], arns[4]}) {
			t.Errorf("kept %q of %q", kept, arns)
		}
		if _, err := w.Deployment(arns[0]); code(err) != ecs.ServiceDeploymentNotFound {
			t.Errorf("the first one: %v", err)
		}
	})
}

func TestChangesTellTheWholeStoryInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		w.deploy(t)
		w.mu.Lock()
		defer w.mu.Unlock()
		var stages []string
		for _, c := range w.changes {
			if c.Stage != nil {
				stages = append(stages, string(c.Stage.Stage)+" "+string(c.Stage.Status))
			}
		}
		var want []string
		for _, stage := range ecs.Stages()[1:] {
			want = append(want, string(stage)+" IN_PROGRESS", string(stage)+" SUCCEEDED")
		}
		if diff := cmp.Diff(want, stages); diff != "" {
			t.Errorf("stages (-want +got):\n%s", diff)
		}
		if first, last := w.changes[0].Deployment.Status, w.changes[len(w.changes)-1].Deployment.Status; first != ecs.Pending || last != ecs.Successful {
			t.Errorf("from %s to %s", first, last)
		}
	})
}
