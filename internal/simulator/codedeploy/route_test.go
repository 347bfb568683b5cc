package codedeploy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// ruled is a listener with rules beside its default action.
type ruled struct {
	*listener
	rules []*listener
}

func (r ruled) Routes() []codedeploy.Route {
	routes := []codedeploy.Route{r.listener}
	for _, rule := range r.rules {
		routes = append(routes, rule)
	}
	return routes
}

// rule is a rule that forwards there.
func rule(name string, weights map[string]int) *listener {
	r := newListener(name)
	r.weights = weights
	return r
}

func TestAllOfAListenerThatForwardsToThePairMoves(t *testing.T) {
	tests := []struct {
		why          string
		before, then map[string]int
	}{
		{"a rule that forwards to the pair", map[string]int{"tg-1": 1, "tg-2": 0}, map[string]int{"tg-1": 0, "tg-2": 100}},
		{"a rule that forwards to blue alone", map[string]int{"tg-1": 1}, map[string]int{"tg-1": 0, "tg-2": 100}},
		{"another service's rule stays", map[string]int{"cart": 1}, map[string]int{"cart": 1}},
		{"a rule that shares with another service stays", map[string]int{"tg-1": 1, "cart": 1}, map[string]int{"tg-1": 1, "cart": 1}},
		{"a rule that forwards nowhere stays", map[string]int{}, map[string]int{}},
	}
	for _, test := range tests {
		bubble(t, test.why, func(t *testing.T) {
			moved := rule("admin", test.before)
			w := newWorld(t, nil)
			if err := w.CreateGroup(codedeploy.Group{
				Application: "shop", Name: "ruled", TargetGroups: [2]string{"tg-1", "tg-2"},
				Primary:    codedeploy.TaskSet{ID: "blue", TaskDefinition: "shop:1", TargetGroup: "tg-1"},
				Production: ruled{newListener("production"), []*listener{moved}},
			}); err != nil {
				t.Fatal(err)
			}
			id, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "shop", Group: "ruled", AppSpec: codedeploy.AppSpec{TaskDefinition: "shop:2"}})
			if err != nil {
				t.Fatal(err)
			}
			if d := w.wait(t, id); d.Status != codedeploy.Succeeded {
				t.Fatalf("%s: %v", d.Status, d.Error)
			}
			if diff := cmp.Diff(test.then, moved.Weights()); diff != "" {
				t.Errorf("its weights (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAListenerThatIsNotOnBlueFailsTheDeploymentBeforeGreenIsStarted(t *testing.T) {
	astray := map[string]int{"tg-1": 0, "tg-2": 100}
	tests := []struct {
		why  string
		edit func(w *world, g *codedeploy.Group)
		arn  string
	}{
		{"the production listener", func(w *world, _ *codedeploy.Group) { w.production.weights = astray }, "listener/production"},
		{"the test listener", func(w *world, _ *codedeploy.Group) { w.test.weights = astray }, "listener/test"},
		{"a rule", func(w *world, g *codedeploy.Group) {
			g.Production = ruled{w.production, []*listener{rule("admin", astray)}}
		}, "listener/admin"},
		{"a listener of another service", func(w *world, _ *codedeploy.Group) { w.test.weights = map[string]int{"cart": 1} }, "listener/test"},
	}
	for _, test := range tests {
		bubble(t, test.why, func(t *testing.T) {
			w := newWorld(t, nil)
			group := codedeploy.Group{
				Application: "shop", Name: "astray", TargetGroups: [2]string{"tg-1", "tg-2"}, Production: w.production, Test: w.test,
				Primary:      codedeploy.TaskSet{ID: "blue", TaskDefinition: "shop:1", TargetGroup: "tg-1"},
				AutoRollback: codedeploy.AutoRollback{codedeploy.DeploymentFailure},
			}
			test.edit(w, &group)
			if err := w.CreateGroup(group); err != nil {
				t.Fatal(err)
			}
			id, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "shop", Group: "astray", AppSpec: codedeploy.AppSpec{TaskDefinition: "shop:2"}})
			if err != nil {
				t.Fatal(err)
			}
			d := w.wait(t, id)
			want := "Primary taskset target group must be behind listener arn:aws:elasticloadbalancing:::" + test.arn
			if statuses(d) != "-F------" || d.Error.Code != "ELASTIC_LOAD_BALANCING_INVALID" || !strings.HasSuffix(d.Error.Message, want) {
				t.Errorf("%s: %v", statuses(d), d.Error)
			}
			if d.Rollback != nil || len(w.ecs.sets()) != 1 {
				t.Errorf("rollback %v, task sets %v; nothing was changed", d.Rollback, w.ecs.sets())
			}
		})
	}
}
