package codedeploy_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

func TestTheBuiltInConfigurationsShiftTrafficAsTheirNamesSay(t *testing.T) {
	linear := []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}
	tests := []struct {
		name     string
		duration time.Duration // of AllowTraffic
		weights  []int         // green's in production
	}{
		{"ECSAllAtOnce", 0, []int{100}},
		{"ECSCanary10Percent15Minutes", 15 * time.Minute, []int{10, 100}},
		{"ECSCanary10Percent5Minutes", 5 * time.Minute, []int{10, 100}},
		{"ECSLinear10PercentEvery1Minutes", 9 * time.Minute, linear},
		{"ECSLinear10PercentEvery3Minutes", 27 * time.Minute, linear},
		{"LambdaAllAtOnce", 0, []int{100}},
		{"LambdaCanary10Percent10Minutes", 10 * time.Minute, []int{10, 100}},
		{"LambdaCanary10Percent15Minutes", 15 * time.Minute, []int{10, 100}},
		{"LambdaCanary10Percent30Minutes", 30 * time.Minute, []int{10, 100}},
		{"LambdaCanary10Percent5Minutes", 5 * time.Minute, []int{10, 100}},
		{"LambdaLinear10PercentEvery10Minutes", 90 * time.Minute, linear},
		{"LambdaLinear10PercentEvery1Minute", 9 * time.Minute, linear},
		{"LambdaLinear10PercentEvery2Minutes", 18 * time.Minute, linear},
		{"LambdaLinear10PercentEvery3Minutes", 27 * time.Minute, linear},
	}
	var names []string
	for _, c := range codedeploy.BuiltInConfigs() {
		names = append(names, c.Name)
	}
	var want []string
	for _, test := range tests {
		name := "CodeDeployDefault." + test.name
		want = append(want, name)
		bubble(t, test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			request := codedeploy.DeploymentRequest{
				Application: "shop", Group: "shop-group", Config: name, AppSpec: codedeploy.AppSpec{TaskDefinition: "shop:2"},
			}
			var alias *aliased
			if name[len("CodeDeployDefault.")] == 'L' {
				alias = w.addFunction(t)
				request.Application, request.Group, request.AppSpec = "checkout", "functions", lambdaSpec(nil)
			}
			id, err := w.CreateDeployment(request)
			if err != nil {
				t.Fatal(err)
			}
			d := w.wait(t, id)
			if got := d.Event(codedeploy.AllowTraffic).Duration(); got != test.duration || d.Config != name || d.Status != codedeploy.Succeeded {
				t.Errorf("%s %s after %v, want %v", d.Config, d.Status, got, test.duration)
			}
			weights := w.production.history()
			if alias != nil {
				weights = alias.history()
			}
			if diff := cmp.Diff(test.weights, weights); diff != "" {
				t.Errorf("green's weights (-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestALinearShiftEndsWithWhatIsLeft(t *testing.T) {
	got := codedeploy.Linear("x", 30, time.Minute).Steps
	want := []codedeploy.Step{{Percent: 30, Wait: time.Minute}, {Percent: 60, Wait: time.Minute}, {Percent: 90, Wait: time.Minute}, {Percent: 100}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestOwnConfigurationsAreMadeAndUnmade(t *testing.T) {
	w := newWorld(t, func(g *codedeploy.Group) { g.Config = codedeploy.Canary("careful", 1, time.Hour) })
	slow := codedeploy.Linear("slow", 20, time.Minute)
	if err := w.CreateDeploymentConfig(slow); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why  string
		do   error
		code string
	}{
		{"its name is taken", w.CreateDeploymentConfig(slow), codedeploy.DeploymentConfigAlreadyExists},
		{"it has no name", w.CreateDeploymentConfig(codedeploy.Canary("", 10, 1)), codedeploy.DeploymentConfigNameRequired},
		{"its name is too long", w.CreateDeploymentConfig(codedeploy.Canary(fmt.Sprintf("%0101d", 1), 10, 1)), codedeploy.InvalidDeploymentConfigName},
		{"its name is AWS's", w.CreateDeploymentConfig(codedeploy.Canary("CodeDeployDefault.X", 10, 1)), codedeploy.InvalidDeploymentConfigName},
		{"it shifts nothing", w.CreateDeploymentConfig(codedeploy.Linear("none", 0, 1)), codedeploy.InvalidTrafficRoutingConfiguration},
		{"what is AWS's can't be deleted", w.DeleteDeploymentConfig("CodeDeployDefault.ECSAllAtOnce"), codedeploy.InvalidOperation},
		{"a group uses it", w.DeleteDeploymentConfig("careful"), codedeploy.DeploymentConfigInUse},
		{"nobody is named", w.DeleteDeploymentConfig(""), codedeploy.DeploymentConfigNameRequired},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) { wantCode(t, test.do, test.code) })
	}
	if err := w.DeleteDeploymentConfig("slow"); err != nil {
		t.Error(err)
	}
	if err := w.CreateDeploymentConfig(slow); err != nil {
		t.Errorf("after it was deleted: %v", err)
	}
}

func TestAConfigurationOfTheOtherPlatformIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.CreateDeployment(codedeploy.DeploymentRequest{
		Application: "shop", Group: "shop-group", AppSpec: codedeploy.AppSpec{TaskDefinition: "shop:2"}, Config: "CodeDeployDefault.LambdaAllAtOnce",
	})
	wantCode(t, err, codedeploy.InvalidTrafficRoutingConfiguration)
}

// midShift starts a canary and returns once green has its first tenth and nothing moves.
func midShift(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t, func(g *codedeploy.Group) { g.Config = codedeploy.Canary("canary", 10, time.Hour) })
	id := w.create(t, nil)
	synctest.Wait()
	if diff := cmp.Diff(map[string]int{"tg-1": 90, "tg-2": 10}, w.production.Weights()); diff != "" {
		t.Fatalf("weights in mid-shift (-want +got):\n%s", diff)
	}
	return w, id
}

func TestAShiftCanBeStoppedHalfway(t *testing.T) {
	bubble(t, "and rolled back", func(t *testing.T) {
		w, id := midShift(t)
		if err := w.StopDeployment(id, true); err != nil {
			t.Fatal(err)
		}
		d := w.wait(t, id)
		back := w.wait(t, d.Rollback.DeploymentID)
		if d.Status != codedeploy.Stopped || statuses(d) != "-S-S--F-" || back.Status != codedeploy.Succeeded {
			t.Errorf("%s: %s; rollback %s", d.Status, statuses(d), back.Status)
		}
		if !back.Completed.Equal(d.Completed) {
			t.Errorf("the rollback took %v: it goes all the way at once", back.Completed.Sub(d.Completed))
		}
		if diff := cmp.Diff([]int{10, 0}, w.production.history()); diff != "" {
			t.Errorf("green's weights (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]string{"blue": "tg-1"}, w.ecs.sets()); diff != "" {
			t.Errorf("task sets (-want +got):\n%s", diff)
		}
	})
	bubble(t, "and left there", func(t *testing.T) {
		w, id := midShift(t)
		if err := w.StopDeployment(id, false); err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, id); d.Rollback != nil {
			t.Errorf("it was rolled back: %+v", d.Rollback)
		}
		if diff := cmp.Diff(map[string]int{"tg-1": 90, "tg-2": 10}, w.production.Weights()); diff != "" {
			t.Errorf("weights (-want +got):\n%s", diff)
		}
		if len(w.ecs.sets()) != 2 {
			t.Errorf("task sets: %v", w.ecs.sets())
		}
	})
	bubble(t, "and the next deployment takes the traffic back before it ends what was left", func(t *testing.T) {
		w, id := midShift(t)
		if err := w.StopDeployment(id, false); err != nil {
			t.Fatal(err)
		}
		w.wait(t, id)
		if d := w.deploy(t, nil); d.Status != codedeploy.Succeeded {
			t.Fatalf("%s: %v", d.Status, d.Error)
		}
		if diff := cmp.Diff([][]int{{10, 0, 10, 100}, {100, 0, 100}}, [][]int{w.production.history(), w.test.history()}); diff != "" {
			t.Errorf("green's weights in production and test (-want +got):\n%s", diff)
		}
	})
}
