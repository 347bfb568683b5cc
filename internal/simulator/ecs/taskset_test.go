package ecs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// cart is a service that CodeDeploy deploys.
func cart() ecs.Service {
	return ecs.Service{
		Cluster: "cluster", Name: "cart", TaskDefinition: "cart:1", DesiredCount: 2, Controller: ecs.ControllerCodeDeploy,
		TargetGroups: [2]ecs.TargetGroup{{Name: "tg-1", ARN: "arn:tg-1"}},
	}
}

// adopt adds the cart, which runs already.
func (w *world) adopt(t *testing.T) {
	t.Helper()
	w.tasks.mu.Lock()
	w.tasks.running["cart"] = "2 cart:1 in tg-1"
	w.tasks.mu.Unlock()
	if err := w.AdoptService(cart(), "cart"); err != nil {
		t.Fatal(err)
	}
}

func (w *world) primary(t *testing.T) ecs.TaskSet {
	t.Helper()
	set, err := w.PrimaryTaskSet("cluster", "cart")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func cartSet(definition string) ecs.TaskSetRequest {
	return ecs.TaskSetRequest{Cluster: "cluster", Service: "cart", TaskDefinition: definition, TargetGroup: "tg-2", ExternalID: "d-123456789"}
}

func TestCodeDeployTakesAServiceFromOneTaskSetToAnother(t *testing.T) {
	inBubble(t, "blue, both, green", func(t *testing.T) {
		w := newWorld(t, setup{})
		w.adopt(t)
		blue := w.primary(t)
		green, err := w.CreateTaskSet(t.Context(), cartSet("cart:2"))
		if err != nil {
			t.Fatal(err)
		}
		want := ecs.TaskSet{
			TaskDefinition: "cart:2", TargetGroup: ecs.TargetGroup{Name: "tg-2"}, ExternalID: "d-123456789",
			Status: ecs.TaskSetActive, Desired: 2, Running: 2, Created: w.began, Updated: w.began,
		}
		if diff := cmp.Diff(want, green, cmpopts.IgnoreFields(ecs.TaskSet{}, "ID")); diff != "" {
			t.Errorf("green (-want +got):\n%s", diff)
		}
		if got := w.primary(t); got.ID != blue.ID {
			t.Errorf("primary before the shift: %v", got)
		}
		if err := w.UpdateServicePrimaryTaskSet(green.ID); err != nil {
			t.Fatal(err)
		}
		if got := w.primary(t); got.ID != green.ID {
			t.Errorf("primary after the shift: %v", got)
		}
		if err := w.DeleteTaskSet(t.Context(), blue.ID); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"1 shop:1 in tg-1", "2 cart:2 in tg-2"}, w.tasks.list()); diff != "" {
			t.Errorf("running (-want +got):\n%s", diff)
		}
	})
}

func TestATaskSetThatDoesNotStartLeavesNothing(t *testing.T) {
	inBubble(t, "its tasks fail", func(t *testing.T) {
		w := newWorld(t, setup{})
		w.adopt(t)
		w.tasks.err = errors.New("no such image")
		if _, err := w.CreateTaskSet(t.Context(), cartSet("cart:2")); err == nil || !strings.Contains(err.Error(), "no such image") {
			t.Errorf("got %v", err)
		}
		w.tasks.err = nil
		if got := w.primary(t); got.TaskDefinition != "cart:1" || got.Running != 2 {
			t.Errorf("primary: %v", got)
		}
	})
}

func TestATaskSetThatCannotBeEndedStays(t *testing.T) {
	inBubble(t, "and can be ended later", func(t *testing.T) {
		w := newWorld(t, setup{})
		w.adopt(t)
		blue := w.primary(t)
		w.tasks.stopErr = errors.New("it won't stop")
		if err := w.DeleteTaskSet(t.Context(), blue.ID); err == nil {
			t.Error("it was deleted")
		}
		w.tasks.stopErr = nil
		if err := w.DeleteTaskSet(t.Context(), blue.ID); err != nil {
			t.Error(err)
		}
		if _, err := w.PrimaryTaskSet("cluster", "cart"); code(err) != ecs.InvalidParameter {
			t.Errorf("it is still primary: %v", err)
		}
	})
}

func TestWhatATaskSetIsRefusedFor(t *testing.T) {
	w := newWorld(t, setup{})
	w.adopt(t)
	request := func(edit func(*ecs.TaskSetRequest)) error {
		r := cartSet("cart:2")
		edit(&r)
		_, err := w.CreateTaskSet(t.Context(), r)
		return err
	}
	update := func(u ecs.Update) error {
		_, err := w.UpdateService("cluster", "cart", u)
		return err
	}
	tests := []struct {
		why  string
		err  error
		code string
	}{
		{"ECS deploys the service itself", request(func(r *ecs.TaskSetRequest) { r.Service = "shop" }), ecs.InvalidParameter},
		{"there is no such service", request(func(r *ecs.TaskSetRequest) { r.Service = "x" }), ecs.ServiceNotFound},
		{"there is no such cluster", request(func(r *ecs.TaskSetRequest) { r.Cluster = "x" }), ecs.ClusterNotFound},
		{"there is no such task set to prefer", w.UpdateServicePrimaryTaskSet("ecs-svc/1"), ecs.TaskSetNotFound},
		{"there is no such task set to end", w.DeleteTaskSet(t.Context(), "ecs-svc/1"), ecs.TaskSetNotFound},
		{"CodeDeploy alone changes what runs", update(ecs.Update{TaskDefinition: "cart:2"}), ecs.InvalidParameter},
		{"CodeDeploy alone deploys anew", update(ecs.Update{Force: true}), ecs.InvalidParameter},
		{"CodeDeploy has its own way to shift", update(ecs.Update{Deployment: &ecs.DeploymentConfiguration{}}), ecs.InvalidParameter},
		{"how many tasks there are to be may change", update(ecs.Update{DesiredCount: 3}), ""},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if got := code(test.err); got != test.code {
				t.Errorf("got %v", test.err)
			}
		})
	}
}

func TestADeletedServiceEndsWithItsTasks(t *testing.T) {
	tests := []struct {
		why  string
		name string
		set  func(t *testing.T, w *world)
	}{
		{"one that ECS deploys", "shop", func(*testing.T, *world) {}},
		{"in the middle of a deployment", "shop", func(t *testing.T, w *world) {
			arn := w.update(t)
			w.until(t, arn, ecs.TestTrafficShift)
		}},
		{"one that CodeDeploy deploys", "cart", func(*testing.T, *world) {}},
		{"with both sides up", "cart", func(t *testing.T, w *world) {
			if _, err := w.CreateTaskSet(t.Context(), cartSet("cart:2")); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, test := range tests {
		inBubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, setup{service: func(s *ecs.Service) {
				s.Deployment.Hooks = []ecs.Hook{{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PostTestTrafficShift}}}
			}})
			w.adopt(t)
			test.set(t, w)
			if err := w.DeleteService("cluster", test.name, false); code(err) != ecs.InvalidParameter {
				t.Errorf("without force: %v", err)
			}
			if err := w.DeleteService("cluster", test.name, true); err != nil {
				t.Fatal(err)
			}
			if err := w.DeleteService("cluster", test.name, true); code(err) != ecs.ServiceNotActive {
				t.Errorf("a second time: %v", err)
			}
			settle()
			for _, left := range w.tasks.list() {
				if strings.Contains(left, test.name) {
					t.Errorf("%s still runs", left)
				}
			}
			again := w.definition()
			again.Name = test.name
			if _, err := w.CreateService(again); err != nil {
				t.Errorf("its name can't be used again: %v", err)
			}
			w.Close()
		})
	}
}

// settle waits until everything in the bubble waits.
func settle() { synctest.Wait() }

// until waits until the deployment has passed a stage.
func (w *world) until(t *testing.T, arn string, stage ecs.Stage) {
	t.Helper()
	settle()
	d, err := w.Deployment(arn)
	if err != nil || !slices.Contains(passed(d), stage) {
		t.Fatalf("it is at %s (%v)", d.Stage, err)
	}
}
