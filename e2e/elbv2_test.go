//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// balancer is what the CLI tells of the load balancer, by names in place of ARNs.
type balancer struct {
	Listeners map[string]map[string]int // weights by target group, by listener
	Rules     map[string]map[string]int // those of the listener's one rule
	Attached  map[string]bool           // whether the load balancer uses the target group
	Targets   map[string][]string       // states, by target group
	TaskSets  map[string]float64        // traffic weights that CodeDeploy tells, by target group
}

// forwards are actions as the API writes them.
type forwards []struct {
	Type          string
	ForwardConfig struct {
		TargetGroups []struct {
			TargetGroupARN string
			Weight         int
		}
	}
}

func (f forwards) weights(names map[string]string) map[string]int {
	weights := map[string]int{}
	for _, action := range f {
		for _, group := range action.ForwardConfig.TargetGroups {
			weights[names[group.TargetGroupARN]] = group.Weight
		}
	}
	return weights
}

// describe asks the CLI for everything about the load balancer, and CodeDeploy for what it says of the same.
func (c *cloud) describe(t *testing.T, deployment string) balancer {
	t.Helper()
	b := balancer{
		Listeners: map[string]map[string]int{}, Rules: map[string]map[string]int{}, Attached: map[string]bool{},
		Targets: map[string][]string{}, TaskSets: map[string]float64{},
	}
	var balancers struct {
		LoadBalancers []struct{ LoadBalancerARN, DNSName string }
	}
	c.ask(t, &balancers, "elbv2", "describe-load-balancers")
	if len(balancers.LoadBalancers) != 1 {
		t.Fatalf("there are the load balancers %+v, want one", balancers)
	}
	arn, host := balancers.LoadBalancers[0].LoadBalancerARN, balancers.LoadBalancers[0].DNSName
	names := c.describeGroups(t, arn, &b)
	var listeners struct {
		Listeners []struct {
			ListenerARN    string
			Port           int
			DefaultActions forwards
		}
	}
	c.ask(t, &listeners, "elbv2", "describe-listeners", "--load-balancer-arn", arn)
	called := map[string]string{c.ProductionURL(): "production", c.TestURL(): "test"}
	for _, l := range listeners.Listeners {
		name := called[fmt.Sprintf("http://%s:%d", host, l.Port)]
		b.Listeners[name] = l.DefaultActions.weights(names)
		var rules struct{ Rules []struct{ Actions forwards } }
		c.ask(t, &rules, "elbv2", "describe-rules", "--listener-arn", l.ListenerARN)
		if len(rules.Rules) != 1 {
			t.Fatalf("listener %s has the rules %+v, want its default one alone", name, rules)
		}
		b.Rules[name] = rules.Rules[0].Actions.weights(names)
	}
	var target struct {
		DeploymentTarget struct {
			ECSTarget struct {
				TaskSetsInfo []struct {
					TrafficWeight float64
					TargetGroup   struct{ Name string }
				}
			}
		}
	}
	c.ask(t, &target, "deploy", "get-deployment-target", "--deployment-id", deployment, "--target-id", "default:service")
	for _, set := range target.DeploymentTarget.ECSTarget.TaskSetsInfo {
		b.TaskSets[set.TargetGroup.Name] = set.TrafficWeight
	}
	return b
}

// describeGroups describes the target groups with their targets, and gives their names by ARN.
func (c *cloud) describeGroups(t *testing.T, balancer string, b *balancer) map[string]string {
	t.Helper()
	var groups struct {
		TargetGroups []struct {
			TargetGroupARN, TargetGroupName string
			LoadBalancerARNs                []string
		}
	}
	c.ask(t, &groups, "elbv2", "describe-target-groups")
	names := map[string]string{}
	for _, g := range groups.TargetGroups {
		names[g.TargetGroupARN] = g.TargetGroupName
		b.Attached[g.TargetGroupName] = strings.Join(g.LoadBalancerARNs, " ") == balancer
		var health struct {
			TargetHealthDescriptions []struct{ TargetHealth struct{ State string } }
		}
		c.ask(t, &health, "elbv2", "describe-target-health", "--target-group-arn", g.TargetGroupARN)
		b.Targets[g.TargetGroupName] = []string{}
		for _, d := range health.TargetHealthDescriptions {
			b.Targets[g.TargetGroupName] = append(b.Targets[g.TargetGroupName], d.TargetHealth.State)
		}
	}
	return names
}

func TestTheCLIShowsTheLoadBalancerAsTheDeploymentHasIt(t *testing.T) {
	t.Parallel()
	c := startCloud(t, func(config *simulator.Config) {
		config.Deployment = codedeploy.Canary("a long canary", 10, time.Hour)
	})
	if err := c.CreateFunction(pythonHook(t, hookName, "hook.py", c.TestURL())); err != nil {
		t.Fatal(err)
	}
	id := c.deploy(t, "good")
	c.await(t, "the canary", func(what simulator.Happening) bool {
		changed, is := what.(simulator.WeightsChanged)
		return is && changed.Listener == simulator.ProductionListener && changed.Weights[simulator.TargetGroupTwo] == 10
	})
	shifted, green := map[string]int{"tg-1": 90, "tg-2": 10}, map[string]int{"tg-1": 0, "tg-2": 100}
	want := balancer{
		Listeners: map[string]map[string]int{"production": shifted, "test": green},
		Rules:     map[string]map[string]int{"production": shifted, "test": green},
		Attached:  map[string]bool{"tg-1": true, "tg-2": true},
		Targets:   map[string][]string{"tg-1": {"healthy"}, "tg-2": {"healthy"}},
		TaskSets:  map[string]float64{"tg-1": 90, "tg-2": 10},
	}
	if diff := cmp.Diff(want, c.describe(t, id)); diff != "" {
		t.Errorf("during the canary (-want +got):\n%s", diff)
	}
	c.ask(t, nil, "deploy", "stop-deployment", "--deployment-id", id, "--auto-rollback-enabled")
	outcome, err := c.Wait(t.Context(), id)
	if err != nil || outcome.Rollback == nil {
		t.Fatalf("the deployment ended as %+v (%v), want it rolled back", outcome, err)
	}
	blue := map[string]int{"tg-1": 100, "tg-2": 0}
	want = balancer{
		Listeners: map[string]map[string]int{"production": blue, "test": blue},
		Rules:     map[string]map[string]int{"production": blue, "test": blue},
		Attached:  map[string]bool{"tg-1": true, "tg-2": true},
		Targets:   map[string][]string{"tg-1": {"healthy"}, "tg-2": {}},
		TaskSets:  map[string]float64{"tg-1": 100, "tg-2": 0},
	}
	if diff := cmp.Diff(want, c.describe(t, id)); diff != "" {
		t.Errorf("after the rollback (-want +got):\n%s", diff)
	}
}
