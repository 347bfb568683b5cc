package deployment_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// sound holds a description against what must always hold, whatever AWS left out.
func sound(t testing.TB, d described) {
	t.Helper()
	green, blue := d.Green, d.Blue
	switch {
	case d.err != nil && len(d.err.Error()) < 20:
		t.Errorf("the error says little: %v", d.err)
	case green.TargetGroupARN != "" && green.TargetGroupARN == blue.TargetGroupARN:
		t.Errorf("both are %s", green.TargetGroupARN)
	case green.FunctionARN != "" && green.FunctionARN == blue.FunctionARN:
		t.Errorf("both are %s", green.FunctionARN)
	case green.Revision != "" && green.Revision == blue.Revision:
		t.Errorf("both are %s", green.Revision)
	case green.URL != "" && green.URL == blue.URL && green.Host == blue.Host && green.PathPrefix == blue.PathPrefix && reflect.DeepEqual(green.Headers, blue.Headers):
		t.Errorf("both answer at %s", green.URL)
	case d.Closed != "" && d.CanProve():
		t.Error("it is closed, and to be proven")
	case d.proof.Shown && (green.URL == "" && green.FunctionARN == "" || !d.Stage.GreenAnswers() || d.Stage == ""):
		t.Errorf("green is proven at %s, and isn't known", d.Stage)
	case d.Found == "" || strings.ContainsRune(d.Found, '\n'):
		t.Errorf("found is no line: %q", d.Found)
	}
	for _, name := range deployment.Names() {
		value, err := d.Lookup(name)
		if (err == nil) == (value == nil || value == "") {
			t.Errorf("%s is %v with %v", name, value, err)
		}
	}
	if d.err == nil && d.Closed == "" && d.Stage == "" {
		t.Error("the stage isn't known, and that is no error")
	}
}

func TestWithoutAnySinglePartADescriptionIsSoundOrAnErrorSaysWhatIsMissing(t *testing.T) {
	every := everyExecution(t)
	for _, name := range []string{ // one for each way of finding green
		"CodeDeploy on ECS at BeforeInstall", "CodeDeploy on ECS at AfterAllowTestTraffic", "CodeDeploy on ECS at AfterAllowTraffic",
		"CodeDeploy on Lambda at BeforeAllowTraffic", "ECS at POST_TEST_TRAFFIC_SHIFT", "ECS at POST_PRODUCTION_TRAFFIC_SHIFT", "a pause of ECS",
	} {
		at := every[name]
		t.Run(name, func(t *testing.T) {
			for _, path := range at.world.paths() {
				t.Run("without "+path, func(t *testing.T) {
					d := describe(t, &cloud{world: at.world.clone().without(path)}, at.execution, deployment.Settings{Function: self})
					sound(t, d)
					if wrong := mistaken(d); wrong != "" {
						t.Error(wrong)
					}
				})
			}
		})
	}
}

// mistaken says what a description has that isn't so in any of the worlds: less may be known, and nothing else.
func mistaken(d described) string {
	switch {
	case d.Green.TargetGroup != "" && d.Green.TargetGroup != "tg-2":
		return "green is taken for " + d.Green.TargetGroup
	case d.Green.Version != "" && d.Green.Version != "2":
		return "green is taken for version " + d.Green.Version
	case d.Rollback:
		return "it is taken for a rollback"
	}
	return ""
}

// In these worlds something is wrong with the listeners. No part that AWS leaves out may make that look right.
func TestWithoutAnySinglePartNothingWrongIsProven(t *testing.T) {
	for name, at := range map[string]struct {
		world     world
		execution hook.Execution
	}{
		"the test listener leads to blue":         {drift(t, onECS(t, "AfterAllowTestTraffic"), testARN, 100, 0), codeDeployed()},
		"production leads to green too early":     {drift(t, onECS(t, "BeforeAllowTraffic"), prodARN, 0, 100), codeDeployed()},
		"production was moved back":               {drift(t, onECS(t, "AfterAllowTraffic"), prodARN, 100, 0), codeDeployed()},
		"ECS's test rule leads to blue":           {drift(t, byECS(t, "POST_TEST_TRAFFIC_SHIFT"), testRule, 100, 0), ecsExecution("POST_TEST_TRAFFIC_SHIFT")},
		"ECS's production rule was moved back":    {drift(t, byECS(t, "POST_PRODUCTION_TRAFFIC_SHIFT"), prodRule, 100, 0), ecsExecution("POST_PRODUCTION_TRAFFIC_SHIFT")},
		"the alias leads to green before it must": {onLambda(t, "BeforeAllowTraffic").set("GetAlias>FunctionVersion", "2"), codeDeployed()},
	} {
		t.Run(name, func(t *testing.T) {
			if d := describe(t, &cloud{world: at.world.clone()}, at.execution, deployment.Settings{}); !d.CanProve() || d.proof.Shown {
				t.Fatalf("with all parts the proof is %+v", d.proof)
			}
			for _, path := range at.world.paths() {
				d := describe(t, &cloud{world: at.world.clone().without(path)}, at.execution, deployment.Settings{})
				sound(t, d)
				if d.proof.Shown {
					t.Errorf("without %s it is proven: %s", path, d.proof.Reason)
				}
			}
		})
	}
}

// FuzzDescribe puts values of all kinds in the place of parts of the answers.
func FuzzDescribe(f *testing.F) {
	worlds := []struct {
		world     world
		execution hook.Execution
	}{
		{onECS(f, "AfterAllowTestTraffic"), codeDeployed()},
		{onECS(f, "AfterAllowTraffic"), codeDeployed()},
		{onLambda(f, "BeforeAllowTraffic"), codeDeployed()},
		{byECS(f, "POST_TEST_TRAFFIC_SHIFT"), ecsExecution("POST_TEST_TRAFFIC_SHIFT")},
		{byECS(f, "PRODUCTION_TRAFFIC_SHIFT"), ecsPause()},
	}
	for seed := range uint64(40) {
		f.Add(seed, uint8(seed), uint8(1+seed%3))
	}
	values := []any{"", "x", "arn:", ":", "/", "d-ABC", tg1, tg2, prodARN, 0, 1, -1, 1e300, true, []any{}, map[string]any{}, []any{nil}, []any{""}}
	f.Fuzz(func(t *testing.T, seed uint64, which, edits uint8) {
		at := worlds[int(which)%len(worlds)]
		w, random := at.world.clone(), rand.New(rand.NewPCG(seed, 0))
		for range edits % 8 {
			paths := w.paths()
			w.set(paths[random.IntN(len(paths))], values[random.IntN(len(values))])
		}
		var d described
		synctest.Test(t, func(t *testing.T) {
			c := &cloud{world: w}
			d.Deployment, d.err = deployment.Describe(t.Context(), c.clients(), at.execution, deployment.Settings{Function: self, Stage: lifecycle.Stage("")})
			if d.CanProve() {
				d.proof = d.Prove(t.Context())
			}
		})
		sound(t, d)
	})
}
