package codedeploy_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// queueing is a world whose group queues, with a first deployment in its BeforeInstall hook and a
// second one behind it.
func queueing(t *testing.T) (w *world, first, second string, hook call) {
	t.Helper()
	w = newWorld(t, func(g *codedeploy.Group) { g.Queue = true })
	reached := make(chan call, 8)
	w.hook = func(c call) { reached <- c }
	first = w.create(t, map[codedeploy.Event]string{codedeploy.AfterInstall: "f"})
	hook = <-reached
	second = w.create(t, nil)
	synctest.Wait()
	return w, first, second, hook
}

func (w *world) status(t *testing.T, id string) codedeploy.Status {
	t.Helper()
	d, err := w.Deployment(id)
	if err != nil {
		t.Fatal(err)
	}
	return d.Status
}

func TestAGroupThatQueuesRunsDeploymentsOneAfterTheOther(t *testing.T) {
	bubble(t, "the second goes on from where the first ended", func(t *testing.T) {
		w, first, second, hook := queueing(t)
		if got := w.status(t, second); got != codedeploy.Queued {
			t.Errorf("the second is %s while the first runs", got)
		}
		if err := w.report(hook, "Succeeded"); err != nil {
			t.Fatal(err)
		}
		one, two := w.wait(t, first), w.wait(t, second)
		if two.Status != codedeploy.Succeeded || two.Original.ID != one.Replacement.ID {
			t.Errorf("%s from %s, and the first went to %s", two.Status, two.Original.ID, one.Replacement.ID)
		}
	})
	bubble(t, "a rollback goes before what is queued", func(t *testing.T) {
		w, first, second, hook := queueing(t)
		if err := w.report(hook, "Failed"); err != nil {
			t.Fatal(err)
		}
		back := w.wait(t, w.wait(t, first).Rollback.DeploymentID)
		two := w.wait(t, second)
		if two.Started.Before(back.Completed) || two.Original.ID != "blue" || two.Status != codedeploy.Succeeded {
			t.Errorf("%s from %s, begun %v after the rollback's end", two.Status, two.Original.ID, two.Started.Sub(back.Completed))
		}
	})
	bubble(t, "one that is stopped in the queue never runs", func(t *testing.T) {
		w, first, second, hook := queueing(t)
		third := w.create(t, nil)
		if err := w.StopDeployment(second, true); err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, second); d.Status != codedeploy.Stopped || d.Rollback != nil || !d.Started.IsZero() || statuses(d) != "--------" {
			t.Errorf("%s: %s, rollback %v", d.Status, statuses(d), d.Rollback)
		}
		if err := w.report(hook, "Succeeded"); err != nil {
			t.Fatal(err)
		}
		if one, three := w.wait(t, first), w.wait(t, third); one.Status != codedeploy.Succeeded || three.Status != codedeploy.Succeeded {
			t.Errorf("the first %s, the third %s", one.Status, three.Status)
		}
	})
	bubble(t, "closing ends what is queued", func(t *testing.T) {
		w, first, second, _ := queueing(t)
		w.Close()
		if one, two := w.wait(t, first), w.wait(t, second); one.Status != codedeploy.Stopped || two.Status != codedeploy.Stopped || !two.Started.IsZero() {
			t.Errorf("the first %s, the second %s", one.Status, two.Status)
		}
	})
}

func TestOldDeploymentsAreForgotten(t *testing.T) {
	bubble(t, "but not what runs", func(t *testing.T) {
		w := newWorldWith(t, func(c *codedeploy.Config) { c.History = 2 }, nil)
		hooks := map[codedeploy.Event]string{codedeploy.AfterInstall: "f"}
		var ids []string
		for range 4 {
			ids = append(ids, w.deploy(t, hooks).ID)
		}
		for i, id := range ids {
			_, err := w.Deployment(id)
			report := w.report(w.calls[i], "Succeeded")
			if i < 2 {
				wantCode(t, err, codedeploy.DeploymentDoesNotExist)
				wantCode(t, report, codedeploy.DeploymentDoesNotExist)
				continue
			}
			if err != nil {
				t.Errorf("deployment %d: %v", i, err)
			}
			wantCode(t, report, codedeploy.LifecycleEventAlreadyCompleted)
		}
	})
}

func TestADeploymentWaitsToBeContinued(t *testing.T) {
	wait := func(g *codedeploy.Group) { g.RerouteWait = time.Hour }
	hooks := map[codedeploy.Event]string{codedeploy.AfterAllowTestTraffic: "test", codedeploy.BeforeAllowTraffic: "before"}
	bubble(t, "before production's traffic is shifted", func(t *testing.T) {
		w := newWorld(t, wait)
		id := w.create(t, hooks)
		synctest.Wait()
		d, err := w.Deployment(id)
		if err != nil || d.Status != codedeploy.Ready || statuses(d) != "-S-SSppp" {
			t.Fatalf("%s: %s, %v", d.Status, statuses(d), err)
		}
		wantCode(t, w.ContinueDeployment(id, codedeploy.TerminationWait), codedeploy.DeploymentIsNotInReadyState)
		wantCode(t, w.ContinueDeployment(id, "x"), codedeploy.InvalidDeploymentWaitType)
		wantCode(t, w.ContinueDeployment("d-ABCDEFGH0", codedeploy.ReadyWait), codedeploy.DeploymentDoesNotExist)
		if err := w.ContinueDeployment(id, codedeploy.ReadyWait); err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, id); d.Status != codedeploy.Succeeded || !d.Completed.Equal(d.Created) {
			t.Errorf("%s after %v", d.Status, d.Completed.Sub(d.Created))
		}
		wantCode(t, w.ContinueDeployment(id, codedeploy.ReadyWait), codedeploy.DeploymentAlreadyCompleted)
	})
	bubble(t, "and is stopped when nobody does", func(t *testing.T) {
		w := newWorld(t, wait)
		d := w.wait(t, w.create(t, hooks))
		if d.Status != codedeploy.Stopped || d.Completed.Sub(d.Created) != time.Hour || statuses(d) != "-S-SS---" || d.Rollback != nil || d.Error.Code != "TIMEOUT" {
			t.Errorf("%s after %v: %s, %v", d.Status, d.Completed.Sub(d.Created), statuses(d), d.Error)
		}
		if len(w.production.history()) != 0 {
			t.Errorf("production's traffic was shifted: %v", w.production.history())
		}
	})
	bubble(t, "and stopping it then rolls back where the group says so", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) {
			g.RerouteWait, g.AutoRollback = time.Hour, codedeploy.AutoRollback{codedeploy.DeploymentStopOnRequest}
		})
		d := w.wait(t, w.create(t, hooks))
		if d.Rollback == nil || w.wait(t, d.Rollback.DeploymentID).Status != codedeploy.Succeeded {
			t.Errorf("rollback: %+v", d.Rollback)
		}
		if diff := cmp.Diff(map[string]string{"blue": "tg-1"}, w.ecs.sets()); diff != "" {
			t.Errorf("task sets (-want +got):\n%s", diff)
		}
	})
	bubble(t, "before blue is ended", func(t *testing.T) {
		w := newWorld(t, func(g *codedeploy.Group) { g.TerminationWait = time.Hour })
		id := w.create(t, nil)
		synctest.Wait()
		if len(w.ecs.sets()) != 2 || w.status(t, id) != codedeploy.InProgress {
			t.Fatalf("%s with %v", w.status(t, id), w.ecs.sets())
		}
		wantCode(t, w.ContinueDeployment(id, codedeploy.ReadyWait), codedeploy.DeploymentIsNotInReadyState)
		if err := w.ContinueDeployment(id, ""); err != nil {
			t.Fatal(err)
		}
		if d := w.wait(t, id); d.Status != codedeploy.Succeeded || !d.Completed.Equal(d.Created) {
			t.Errorf("%s after %v", d.Status, d.Completed.Sub(d.Created))
		}
	})
}
