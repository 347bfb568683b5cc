package rehearsal

import (
	"slices"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// TryServiceByCodeDeploy deploys a good version of a service, which must go through, and a bad one, which must fail on the test listener
// and be taken back. spec is the AppSpec for a version; why must stand in the verdict's line; called are IAM actions that the
// function must have taken, all of them allowed by its role.
func (r *Rehearsal) TryServiceByCodeDeploy(t *testing.T, spec func(version string) codedeploy.AppSpec, why, called []string) {
	t.Helper()
	deploy := func(version string) simulator.Outcome {
		outcome, err := r.Deploy(t.Context(), spec(version))
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	if good := deploy("2"); good.Deployment.Status != codedeploy.Succeeded || r.production(t) != TaskDefinition("2") {
		t.Fatalf("the good version: %+v; production is %s", good.Deployment, r.production(t))
	}
	bad := deploy("3")
	var failedAt []codedeploy.Event
	for _, e := range bad.Deployment.Events {
		if e.Status == codedeploy.EventFailed {
			failedAt = append(failedAt, e.Name)
		}
	}
	if bad.Deployment.Status != codedeploy.Failed || !slices.Equal(failedAt, []codedeploy.Event{codedeploy.AfterAllowTestTraffic}) {
		t.Errorf("the bad version ended as %s, failed at %v", bad.Deployment.Status, failedAt)
	}
	if bad.Rollback == nil || bad.Rollback.Status != codedeploy.Succeeded || r.production(t) != TaskDefinition("2") {
		t.Errorf("it wasn't rolled back: %+v; production is %s", bad.Rollback, r.production(t))
	}
	r.saidNo(t, why, called)
}

// TryServiceByECS is TryServiceByCodeDeploy for a service that ECS deploys itself.
func (r *Rehearsal) TryServiceByECS(t *testing.T, why, called []string) {
	t.Helper()
	deploy := func(version string) ecs.Deployment {
		d, err := r.DeployService(t.Context(), TaskDefinition(version))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if good := deploy("2"); good.Status != ecs.Successful || r.production(t) != TaskDefinition("2") {
		t.Fatalf("the good version: %s %s; production is %s", good.Status, good.StatusReason, r.production(t))
	}
	bad := deploy("3")
	failed := slices.IndexFunc(bad.Stages, func(run ecs.StageRun) bool { return run.Status == ecs.StageFailed })
	if bad.Status != ecs.RollbackSuccessful || failed < 0 || bad.Stages[failed].Stage != ecs.PostTestTrafficShift {
		t.Errorf("the bad version ended as %s: %+v", bad.Status, bad.Stages)
	}
	if r.production(t) != TaskDefinition("2") {
		t.Errorf("it wasn't rolled back: production is %s", r.production(t))
	}
	r.saidNo(t, why, called)
}

// Prices is a function that is deployed: one that tells a price.
type Prices struct {
	// Costing is the version that tells this price.
	Costing func(price string) lambda.Function
	// Event asks it.
	Event string
	// Live is what the version at the start tells, Good a price as well; Bad is none.
	Live, Good, Bad string
}

// TryFunction is TryServiceByCodeDeploy for a function, whose bad version must fail before the alias is shifted.
func (r *Rehearsal) TryFunction(t *testing.T, prices Prices, why, called []string) {
	t.Helper()
	if err := r.CreateAlias(1, map[int]lambda.Function{1: prices.Costing(prices.Live)}); err != nil {
		t.Fatal(err)
	}
	deploy := func(price string) simulator.Outcome {
		number, err := r.PublishVersion(prices.Costing(price))
		if err != nil {
			t.Fatal(err)
		}
		outcome, err := r.DeployVersion(t.Context(), number, r.world.Hooks)
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	live := func() string {
		result, err := r.InvokeAlias(t.Context(), []byte(prices.Event))
		if err != nil {
			t.Fatal(err)
		}
		return string(result.Payload)
	}
	if len(r.world.Hooks) != 2 {
		t.Errorf("the alias has the hooks %v, and CodeDeploy calls at two events", r.world.Hooks)
	}
	if good := deploy(prices.Good); good.Deployment.Status != codedeploy.Succeeded || !strings.Contains(live(), prices.Good) {
		t.Fatalf("the good version: %+v; live is %s", good.Deployment, live())
	}
	bad := deploy(prices.Bad)
	if bad.Deployment.Status != codedeploy.Failed || bad.Deployment.Events[0].Status != codedeploy.EventFailed {
		t.Errorf("the bad version: %+v", bad.Deployment)
	}
	if bad.Rollback == nil || bad.Rollback.Status != codedeploy.Succeeded || !strings.Contains(live(), prices.Good) {
		t.Errorf("it wasn't rolled back: %+v; live is %s", bad.Rollback, live())
	}
	r.saidNo(t, why, called)
}

// saidNo fails the test where no verdict says why, or the function's role didn't allow what it called.
func (r *Rehearsal) saidNo(t *testing.T, why, called []string) {
	t.Helper()
	r.says(t, append([]string{`"msg":"verdict"`, `"status":"Failed"`}, why...)...)
	r.guard.settle(t, called...)
}
