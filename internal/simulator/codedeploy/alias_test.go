package codedeploy_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// aliased is an alias of a function with the versions 1 and 2. It remembers the percentages that
// version 2 was given.
type aliased struct {
	mu      sync.Mutex
	current string
	weights map[string]float64
	second  []int
}

func (a *aliased) CurrentVersion() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current
}

func (a *aliased) Weights() map[string]float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.weights)
}

func (a *aliased) Shift(version string, weight float64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if version != "1" && version != "2" {
		return fmt.Errorf("ResourceNotFoundException: Function not found: checkout:%s", version)
	}
	if weight == 1 {
		a.current, a.weights = version, map[string]float64{version: 1}
	} else {
		a.weights = map[string]float64{a.current: 1 - weight, version: weight}
	}
	a.second = append(a.second, int(100*a.weights["2"]))
	return nil
}

func (a *aliased) history() []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]int{}, a.second...)
}

// addFunction gives the world a function, whose alias is at version 1, and a deployment group for
// it.
func (w *world) addFunction(t *testing.T, edits ...func(*codedeploy.Group)) *aliased {
	t.Helper()
	w.alias = &aliased{current: "1", weights: map[string]float64{"1": 1}}
	group := codedeploy.Group{
		Application: "checkout", Name: "functions", Platform: codedeploy.PlatformLambda,
		AutoRollback: codedeploy.AutoRollback{codedeploy.DeploymentFailure},
	}
	for _, edit := range edits {
		edit(&group)
	}
	if err := w.CreateGroup(group); err != nil {
		t.Fatal(err)
	}
	return w.alias
}

// findAlias is the world's Lambda service.
func (w *world) findAlias(function, name string) (codedeploy.Alias, error) {
	if w.alias == nil || function != "checkout" || name != "live" {
		return nil, errors.New("ResourceNotFoundException: Cannot find alias arn: " + function + ":" + name)
	}
	return w.alias, nil
}

func lambdaSpec(hooks map[codedeploy.Event]string) codedeploy.AppSpec {
	return codedeploy.AppSpec{
		Lambda: &codedeploy.FunctionVersions{Function: "checkout", Alias: "live", CurrentVersion: "1", TargetVersion: "2"}, Hooks: hooks,
	}
}

// lambdaHooks names a function for both events of Lambda that take one.
func lambdaHooks() map[codedeploy.Event]string {
	return map[codedeploy.Event]string{
		codedeploy.BeforeAllowTraffic: "BeforeAllowTraffic", codedeploy.AfterAllowTraffic: "AfterAllowTraffic",
	}
}

func (w *world) createLambda(t *testing.T, spec codedeploy.AppSpec) string {
	t.Helper()
	id, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "checkout", Group: "functions", AppSpec: spec})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestADeploymentToLambdaShiftsTheAlias(t *testing.T) {
	bubble(t, "between its hooks", func(t *testing.T) {
		w := newWorld(t, nil)
		alias := w.addFunction(t)
		var mu sync.Mutex
		seen := map[string]int{}
		w.hook = func(c call) {
			mu.Lock()
			seen[c.Function] = int(100 * alias.Weights()["2"])
			mu.Unlock()
			_ = w.report(c, "Succeeded")
		}
		d := w.wait(t, w.createLambda(t, lambdaSpec(lambdaHooks())))
		if d.Status != codedeploy.Succeeded || statuses(d) != "SSS" || d.Config != "CodeDeployDefault.LambdaAllAtOnce" {
			t.Errorf("%s with %s: %s, %v", d.Status, d.Config, statuses(d), d.Error)
		}
		if diff := cmp.Diff(map[string]int{"BeforeAllowTraffic": 0, "AfterAllowTraffic": 100}, seen); diff != "" {
			t.Errorf("version 2's weight as the hooks saw it (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]float64{"2": 1}, alias.Weights()); diff != "" {
			t.Errorf("weights (-want +got):\n%s", diff)
		}
	})
	bubble(t, "without hooks these events are skipped", func(t *testing.T) {
		w := newWorld(t, nil)
		w.addFunction(t)
		if d := w.wait(t, w.createLambda(t, lambdaSpec(nil))); statuses(d) != "-S-" {
			t.Errorf("%s: %s", d.Status, statuses(d))
		}
	})
}

func TestAFailedHookTakesTheAliasBack(t *testing.T) {
	tests := []struct {
		at       codedeploy.Event
		statuses string
		weights  []int
	}{
		{codedeploy.BeforeAllowTraffic, "F--", []int{0}},
		{codedeploy.AfterAllowTraffic, "SSF", []int{10, 100, 0}},
	}
	for _, test := range tests {
		bubble(t, string(test.at), func(t *testing.T) {
			w := newWorld(t, nil)
			alias := w.addFunction(t, func(g *codedeploy.Group) { g.Config = codedeploy.Canary("canary", 10, time.Minute) })
			w.failAt(string(test.at))
			d := w.wait(t, w.createLambda(t, lambdaSpec(lambdaHooks())))
			if d.Status != codedeploy.Failed || statuses(d) != test.statuses || d.Rollback == nil {
				t.Fatalf("%s: %s, rollback %v", d.Status, statuses(d), d.Rollback)
			}
			back := w.wait(t, d.Rollback.DeploymentID)
			if back.Status != codedeploy.Succeeded || back.Creator != codedeploy.CreatorRollback || statuses(back) != "-S-" || back.AppSpec.Lambda.TargetVersion != "1" {
				t.Errorf("rollback to %s by %s %s: %s", back.AppSpec.Lambda.TargetVersion, back.Creator, back.Status, statuses(back))
			}
			if diff := cmp.Diff(test.weights, alias.history()); diff != "" {
				t.Errorf("version 2's weights (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAliasCanBeStoppedInMidShift(t *testing.T) {
	for name, test := range map[string]struct {
		rollback bool
		want     map[string]float64
	}{
		"with a rollback": {true, map[string]float64{"1": 1}},
		"where it is":     {false, map[string]float64{"1": 0.9, "2": 0.1}},
	} {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(t, nil)
			alias := w.addFunction(t, func(g *codedeploy.Group) { g.Config = codedeploy.Canary("canary", 10, time.Hour) })
			id := w.createLambda(t, lambdaSpec(nil))
			synctest.Wait()
			if diff := cmp.Diff(map[string]float64{"1": 0.9, "2": 0.1}, alias.Weights()); diff != "" {
				t.Fatalf("in mid-shift (-want +got):\n%s", diff)
			}
			if err := w.StopDeployment(id, test.rollback); err != nil {
				t.Fatal(err)
			}
			if d := w.wait(t, id); d.Rollback != nil {
				w.wait(t, d.Rollback.DeploymentID)
			}
			if diff := cmp.Diff(test.want, alias.Weights()); diff != "" {
				t.Errorf("in the end (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAliasThatIsNotAsTheAppSpecSaysFailsTheDeployment(t *testing.T) {
	tests := []struct {
		why      string
		edit     func(*codedeploy.FunctionVersions)
		statuses string
		message  string
	}{
		{"an unknown function", func(v *codedeploy.FunctionVersions) { v.Function = "x" }, "---", "Cannot find alias arn: x:live"},
		{"an unknown alias", func(v *codedeploy.FunctionVersions) { v.Alias = "x" }, "---", "Cannot find alias arn: checkout:x"},
		{"another current version", func(v *codedeploy.FunctionVersions) { v.CurrentVersion = "7" }, "---", "CurrentVersion is 7, but the alias points to version 1"},
		{"an unknown target version", func(v *codedeploy.FunctionVersions) { v.TargetVersion = "7" }, "SF-", "checkout:7"},
	}
	for _, test := range tests {
		bubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, nil)
			alias := w.addFunction(t)
			spec := lambdaSpec(lambdaHooks())
			test.edit(spec.Lambda)
			d := w.wait(t, w.createLambda(t, spec))
			if d.Status != codedeploy.Failed || d.Error.Code != "INVALID_LAMBDA_CONFIGURATION" || !strings.Contains(d.Error.Message, test.message) || statuses(d) != test.statuses {
				t.Errorf("%s: %s, %v", d.Status, statuses(d), d.Error)
			}
			if d.Rollback != nil {
				w.wait(t, d.Rollback.DeploymentID)
			}
			if diff := cmp.Diff(map[string]float64{"1": 1}, alias.Weights()); diff != "" {
				t.Errorf("weights (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAppSpecOfTheOtherPlatformIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.addFunction(t)
	_, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "checkout", Group: "functions", AppSpec: codedeploy.AppSpec{TaskDefinition: "shop:2"}})
	wantCode(t, err, codedeploy.InvalidRevision)
	_, err = w.CreateDeployment(codedeploy.DeploymentRequest{Application: "shop", Group: "shop-group", AppSpec: lambdaSpec(nil)})
	wantCode(t, err, codedeploy.InvalidRevision)
}

func TestTheSDKSeesADeploymentToLambda(t *testing.T) {
	w, reached := paused(t)
	w.addFunction(t)
	client, _ := serve(t, w, 1)
	created, err := client.CreateDeployment(t.Context(), &sdk.CreateDeploymentInput{
		ApplicationName: aws.String("checkout"), DeploymentGroupName: aws.String("functions"),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeString, String_: &types.RawString{Content: aws.String(lambdaAppSpecYAML)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := created.DeploymentId
	if _, err := client.PutLifecycleEventHookExecutionStatus(t.Context(), reportOf(<-reached, types.LifecycleEventStatusSucceeded)); err != nil {
		t.Fatal(err)
	}
	after := <-reached
	list, err := client.ListDeploymentTargets(t.Context(), &sdk.ListDeploymentTargetsInput{DeploymentId: id})
	if err != nil || len(list.TargetIds) != 1 || list.TargetIds[0] != "checkout" {
		t.Fatalf("got %v, %v", list, err)
	}
	batch, err := client.BatchGetDeploymentTargets(t.Context(), &sdk.BatchGetDeploymentTargetsInput{DeploymentId: id, TargetIds: list.TargetIds})
	if err != nil {
		t.Fatal(err)
	}
	target := batch.DeploymentTargets[0]
	if target.DeploymentTargetType != types.DeploymentTargetTypeLambdaTarget || target.EcsTarget != nil || *target.LambdaTarget.TargetArn != "arn:aws:lambda:us-east-1:123456789012:function:checkout:live" {
		t.Fatalf("got %+v", target)
	}
	f := target.LambdaTarget.LambdaFunctionInfo
	if *f.FunctionName != "checkout" || *f.FunctionAlias != "live" || *f.CurrentVersion != "1" || *f.TargetVersion != "2" || f.TargetVersionWeight != 100 {
		t.Errorf("got %+v", f)
	}
	if events := target.LambdaTarget.LifecycleEvents; len(events) != 3 || events[2].Status != types.LifecycleEventStatusInProgress {
		t.Errorf("events: %+v", events)
	}
	got, err := client.GetDeployment(t.Context(), &sdk.GetDeploymentInput{DeploymentId: id})
	if err != nil || got.DeploymentInfo.ComputePlatform != types.ComputePlatformLambda || got.DeploymentInfo.LoadBalancerInfo != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	group, err := client.GetDeploymentGroup(t.Context(), &sdk.GetDeploymentGroupInput{ApplicationName: aws.String("checkout"), DeploymentGroupName: aws.String("functions")})
	if err != nil || group.DeploymentGroupInfo.ComputePlatform != types.ComputePlatformLambda || group.DeploymentGroupInfo.EcsServices != nil {
		t.Errorf("got %+v, %v", group, err)
	}
	if _, err := client.PutLifecycleEventHookExecutionStatus(t.Context(), reportOf(after, types.LifecycleEventStatusSucceeded)); err != nil {
		t.Fatal(err)
	}
	w.wait(t, *id)
}
