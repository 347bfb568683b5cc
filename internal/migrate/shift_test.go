package migrate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/migrate"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// The simulator has AWS's table of built-in configurations; each of those for ECS is read from its name as the table has it.
func TestTheNameOfABuiltInConfigurationSaysHowTrafficShifts(t *testing.T) {
	tried := 0
	for _, c := range codedeploy.BuiltInConfigs() {
		got, err := migrate.ParseShift(c.Name)
		if c.Platform != codedeploy.PlatformECS {
			if err == nil {
				t.Errorf("%s is taken, and isn't for ECS", c.Name)
			}
			continue
		}
		tried++
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		want := migrate.Shift{Name: c.Name}
		if len(c.Steps) > 1 {
			step := &migrate.Step{Percent: c.Steps[0].Percent, Wait: c.Steps[0].Wait}
			if len(c.Steps) == 2 {
				want.Canary = step
			} else {
				want.Linear = step
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.Name, diff)
		}
	}
	if tried < 5 {
		t.Errorf("%d configurations for ECS were tried", tried)
	}
	if got, err := migrate.ParseShift("ECSCanary25Percent2Minutes"); err != nil || got.Canary == nil || *got.Canary != (migrate.Step{Percent: 25, Wait: 2 * time.Minute}) {
		t.Errorf("without the prefix: %+v, %v", got, err)
	}
	if _, err := migrate.ParseShift("Custom"); err == nil {
		t.Error("a configuration of one's own is taken, and its name says nothing")
	}
}
