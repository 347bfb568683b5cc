package lifecycle_test

import (
	"slices"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

func TestBothNamesOfAStageAreOneStage(t *testing.T) {
	for _, tt := range []struct {
		codeDeploy, ecs string // empty: it has no such stage
		want            lifecycle.Stage
		greenAnswers    bool
		why             string
	}{
		{"", "RECONCILE_SERVICE", lifecycle.ReconcileService, false, "nothing is deployed yet"},
		{"BeforeInstall", "PRE_SCALE_UP", lifecycle.BeforeInstall, false, "green does not exist"},
		{"AfterInstall", "POST_SCALE_UP", lifecycle.AfterInstall, false, "no listener leads to green"},
		{"", "TEST_TRAFFIC_SHIFT", lifecycle.TestTrafficShift, false, "the test listener is about to lead to green"},
		{"AfterAllowTestTraffic", "POST_TEST_TRAFFIC_SHIFT", lifecycle.AfterAllowTestTraffic, true, "the test listener leads to green"},
		{"BeforeAllowTraffic", "PRE_PRODUCTION_TRAFFIC_SHIFT", lifecycle.BeforeAllowTraffic, true, "it still does"},
		{"", "PRODUCTION_TRAFFIC_SHIFT", lifecycle.ProductionTrafficShift, true, "production begins to"},
		{"AfterAllowTraffic", "POST_PRODUCTION_TRAFFIC_SHIFT", lifecycle.AfterAllowTraffic, true, "production does"},
		{"ValidateService", "", lifecycle.ValidateService, true, "the instance serves"},
	} {
		t.Run(string(tt.want), func(t *testing.T) {
			for _, name := range []string{tt.codeDeploy, tt.ecs} {
				if name == "" {
					continue
				}
				if got, ok := lifecycle.ParseStage(name); !ok || got != tt.want {
					t.Errorf("%s is %q, %t, want %s", name, got, ok, tt.want)
				}
				if !slices.Contains(lifecycle.Names(), name) {
					t.Errorf("%s isn't among the names", name)
				}
			}
			if got := tt.want.ECS(); got != tt.ecs {
				t.Errorf("ECS calls it %q, want %q", got, tt.ecs)
			}
			if got := tt.want.GreenAnswers(); got != tt.greenAnswers {
				t.Errorf("green answers: %t, want %t: %s", got, tt.greenAnswers, tt.why)
			}
		})
	}
}

func TestWhatIsNoStageIsNotTakenForOne(t *testing.T) {
	for _, name := range []string{"", "afterinstall", "AllowTraffic", "Install", "BeforeBlockTraffic", " AfterInstall"} {
		if got, ok := lifecycle.ParseStage(name); ok || got != "" {
			t.Errorf("%q is taken for %s", name, got)
		}
	}
}

func TestGreenIsAskedAtAnUnknownStage(t *testing.T) {
	if !lifecycle.Stage("").GreenAnswers() {
		t.Error("at an unknown stage, no check would run, and the deployment would go on unchecked")
	}
}

func TestNamesComeInTheOrderOfADeploymentAndOnce(t *testing.T) {
	names := lifecycle.Names()
	if names[0] != "RECONCILE_SERVICE" || names[len(names)-1] != "ValidateService" {
		t.Errorf("the names are %v", names)
	}
	slices.Sort(names)
	if once := slices.Compact(slices.Clone(names)); len(once) != len(names) {
		t.Errorf("a name is there twice: %v", names)
	}
}
