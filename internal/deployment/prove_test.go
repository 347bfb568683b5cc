package deployment_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
)

// drift changes where a listener of a world by CodeDeploy leads.
func drift(t *testing.T, w world, arn string, one, two int) world {
	t.Helper()
	for i, listener := range []string{prodARN, testARN} {
		if listener == arn {
			w.set("DescribeListeners>Listeners>"+strconv.Itoa(i)+">DefaultActions", tree(t, forward(one, two)))
		}
	}
	return w.set(rules(arn)+">0>Actions", tree(t, forward(one, two)))
}

func TestGreenIsProvenByListenersAndTargets(t *testing.T) {
	const health = "DescribeTargetHealth>TargetHealthDescriptions"
	for _, tt := range []struct {
		why, event   string
		set          string // green
		change       func(*testing.T, world)
		shown, retry bool
		reason       string
	}{
		{why: "all is as it should be", event: "AfterAllowTestTraffic", shown: true, reason: "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy"},
		{
			why: "the test listener leads to production's group", event: "AfterAllowTestTraffic",
			change: func(t *testing.T, w world) { drift(t, w, testARN, 100, 0) },
			reason: "the test listener forwards to tg-1, which also has 100 % of production traffic: the deployment hasn't moved test traffic to tg-2, or something has moved it back",
		},
		{
			why: "the test listener leads to both", event: "BeforeAllowTraffic", change: func(t *testing.T, w world) { drift(t, w, testARN, 50, 50) },
			reason: "the test listener forwards 50 % to tg-2, which is green's, and 50 % to tg-1: a check may be answered by either",
		},
		{
			why: "production has moved before its time", event: "AfterAllowTestTraffic", change: func(t *testing.T, w world) { drift(t, w, prodARN, 90, 10) },
			reason: "tg-2, which is to be tested, has 10 % of production traffic already: something has moved it before its time",
		},
		{
			why: "the shift was moved back", event: "AfterAllowTraffic", change: func(t *testing.T, w world) { drift(t, w, prodARN, 100, 0) },
			reason: "production forwards 0 % to tg-2, which is green's, and 100 % to tg-1: the deployment hasn't moved production, or something has moved it back",
		},
		{
			why: "weights need not add up to 100", event: "AfterAllowTestTraffic", change: func(t *testing.T, w world) { drift(t, w, testARN, 0, 7) },
			shown: true, reason: "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy",
		},
		{
			why: "one group alone needs no weight", event: "AfterAllowTestTraffic", change: func(t *testing.T, w world) {
				w.set(rules(testARN)+">0>Actions", tree(t, `[{"Type": "forward", "TargetGroupArn": "`+tg2+`"}]`))
			},
			shown: true, reason: "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy",
		},
		{
			why: "weights that are all 0 lead nowhere", event: "AfterAllowTestTraffic", change: func(t *testing.T, w world) { drift(t, w, testARN, 0, 0) },
			reason: "the test listener forwards to tg-1, which also has 100 % of production traffic: the deployment hasn't moved test traffic to tg-2, or something has moved it back",
		},
		{
			why: "the test listener leads elsewhere", event: "AfterAllowTestTraffic", set: "http://green.example", change: func(t *testing.T, w world) {
				w.set(rules(testARN)+">0>Actions", tree(t, `[{"Type": "fixed-response"}]`))
			}, reason: "no rule of the test listener forwards to tg-1 or tg-2",
		},
		{
			why: "a target has just been registered", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) {
				w.set(health+">1>TargetHealth", map[string]any{"State": "initial", "Description": "Initial health checks in progress"})
			}, retry: true, reason: "tg-2, which is green's, has 1 of 2 targets healthy: 10.0.0.2:80 is initial Initial health checks in progress",
		},
		{
			why: "a target is unhealthy", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) {
				w.set(health+">0>TargetHealth", map[string]any{"State": "unhealthy", "Description": "Health checks failed with these codes: [500]"})
			}, retry: true, reason: "tg-2, which is green's, has 1 of 2 targets healthy: 10.0.0.1:80 is unhealthy Health checks failed with these codes: [500]",
		},
		{
			why: "no target is registered yet", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) { w.set(health, []any{}) }, retry: true,
			reason: "tg-2, which is green's, has no targets",
		},
		{
			why: "one that drains doesn't count", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) { w.set(health+">0>TargetHealth", map[string]any{"State": "draining"}) },
			shown: true, reason: "tg-2 has all test traffic and no production traffic; 1 of 1 targets healthy",
		},
		{
			why: "one without health checks counts as healthy", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) { w.set(health+">0>TargetHealth", map[string]any{"State": "unavailable"}) },
			shown: true, reason: "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy",
		},
		{
			why: "a group that isn't in use never becomes healthy", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) {
				w.set(health, []any{map[string]any{"TargetHealth": map[string]any{"State": "unused", "Description": "Target group is not configured to receive traffic"}}})
			}, reason: "tg-2, which is green's, has 0 of 1 targets healthy: a target is unused Target group is not configured to receive traffic",
		},
		{
			why: "ECS and CodeDeploy disagree", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) {
				w.set("DescribeServices>services>0>taskSets>1>loadBalancers>0>targetGroupArn", tg1)
			}, reason: "ECS has the task set of this deployment in tg-1, and CodeDeploy calls that in tg-2 green",
		},
		{
			why: "the task sets say that green is what production leads to", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) {
				w.set("DescribeServices>services>0>taskSets>1>loadBalancers>0>targetGroupArn", tg1)
				w.without("BatchGetDeploymentTargets>deploymentTargets>0>ecsTarget>taskSetsInfo")
			}, reason: "the test listener forwards to tg-2: the deployment hasn't moved test traffic to tg-1, or something has moved it back",
		},
		{
			why: "no task set tells, and green is the one without production", event: "AfterAllowTestTraffic", change: func(_ *testing.T, w world) {
				w.without("BatchGetDeploymentTargets>deploymentTargets>0>ecsTarget>taskSetsInfo").without("DescribeServices")
			}, shown: true, reason: "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy",
		},
		{
			why: "green is set to the production listener", event: "AfterAllowTestTraffic", set: "http://LB.example/api",
			reason: "green is set to http://LB.example/api, and that is the production listener, where blue answers until AfterAllowTraffic: set it to the test listener, or leave it out and it is found",
		},
		{
			why: "in the end that is right", event: "AfterAllowTraffic", set: "http://lb.example:80",
			shown: true, reason: "tg-2 has all production traffic; 2 of 2 targets healthy",
		},
		{
			why: "green is set to the test listener", event: "AfterAllowTestTraffic", set: "http://lb.example:8080",
			shown: true, reason: "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy",
		},
		{
			why: "no task set tells, and after the shift production proves nothing", event: "AfterAllowTraffic", change: func(_ *testing.T, w world) {
				w.without("BatchGetDeploymentTargets>deploymentTargets>0>ecsTarget>taskSetsInfo").without("DescribeServices")
			}, reason: "which group is green's is known from production's listener alone: neither ECS's task sets nor CodeDeploy's tell",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := onECS(t, tt.event)
			if tt.change != nil {
				tt.change(t, w)
			}
			d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{Green: tt.set})
			if d.err != nil || !d.CanProve() {
				t.Fatalf("it can't be proven: %v; %s", d.err, d.Found)
			}
			want := deployment.Proof{Shown: tt.shown, Retry: tt.retry, Reason: tt.reason}
			if d.proof != want {
				t.Errorf("\n got %+v\nwant %+v", d.proof, want)
			}
		})
	}
}

func TestStepsOfProductionAreNoFaultWhereECSMakesThem(t *testing.T) {
	const strategy = "DescribeServiceDeployments>serviceDeployments>0>deploymentConfiguration>strategy"
	for _, tt := range []struct {
		why, stage, strategy string
		production           int
		shown                bool
	}{
		{"a canary asks before each step", "PRE_PRODUCTION_TRAFFIC_SHIFT", "CANARY", 10, true},
		{"so does a linear deployment", "PRE_PRODUCTION_TRAFFIC_SHIFT", "LINEAR", 40, true},
		{"blue/green has no steps", "PRE_PRODUCTION_TRAFFIC_SHIFT", "BLUE_GREEN", 10, false},
		{"all of production is no step", "PRE_PRODUCTION_TRAFFIC_SHIFT", "CANARY", 100, false},
		{"the shift may be anywhere", "PRODUCTION_TRAFFIC_SHIFT", "BLUE_GREEN", 100, true},
		{"before it there is no step", "POST_TEST_TRAFFIC_SHIFT", "CANARY", 10, false},
		{"after it all must be green's", "POST_PRODUCTION_TRAFFIC_SHIFT", "CANARY", 90, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := byECS(t, tt.stage).set(strategy, tt.strategy).set(rules(prodRule)+">0>Actions", tree(t, forward(100-tt.production, tt.production)))
			d := describe(t, &cloud{world: w}, ecsExecution(tt.stage), deployment.Settings{})
			if d.err != nil || d.proof.Shown != tt.shown {
				t.Errorf("proof %+v with %v", d.proof, d.err)
			}
		})
	}
}

// A service's listeners lead to its first version from the beginning: that must not keep it from being created. But the test listener's must, too, and
// where only the list says that it is the first, it may be one that rested for longer than the list goes back.
func TestTheFirstVersionOfAServiceMayHaveProduction(t *testing.T) {
	const sources, counted = "DescribeServiceDeployments>serviceDeployments>0>sourceServiceRevisions", "ListServiceDeployments>serviceDeployments"
	all := tree(t, forward(0, 100))
	for _, tt := range []struct {
		why, stage string
		change     func(world)
		denied     []string
		shown      bool
		reason     string
	}{
		{"before production is shifted", "POST_TEST_TRAFFIC_SHIFT", nil, nil, true, "tg-2 has all test traffic and 100 % of production traffic, as the service's first version; 2 of 2 targets healthy"},
		{"at the last moment before", "PRE_PRODUCTION_TRAFFIC_SHIFT", nil, nil, true, "tg-2 has all test traffic and 100 % of production traffic, as the service's first version; 2 of 2 targets healthy"},
		{"after it", "POST_PRODUCTION_TRAFFIC_SHIFT", nil, nil, true, "tg-2 has all production traffic; 2 of 2 targets healthy"},
		{"the test listener leads elsewhere", "POST_TEST_TRAFFIC_SHIFT", func(w world) { w.set(rules(testRule)+">0>Actions", tree(t, forward(100, 0))) }, nil, false, "the test listener forwards to tg-1: the deployment hasn't moved test traffic to tg-2, or something has moved it back"},
		{"the list alone says that it is the first", "POST_TEST_TRAFFIC_SHIFT", nil, []string{"DescribeServiceDeployments"}, false, "tg-2, which is to be tested, has 100 % of production traffic already: something has moved it before its time"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := byECS(t, tt.stage).set(sources, []any{}).set(counted, []any{map[string]any{"serviceDeploymentArn": "a"}}).set(rules(prodRule)+">0>Actions", all)
			if tt.change != nil {
				tt.change(w)
			}
			d := describe(t, &cloud{world: w, denied: tt.denied}, ecsExecution(tt.stage), deployment.Settings{})
			if d.err != nil || !d.First || d.proof.Shown != tt.shown || d.proof.Reason != tt.reason {
				t.Errorf("\n got %+v with %v\nwant %t: %s", d.proof, d.err, tt.shown, tt.reason)
			}
		})
	}
}

func TestAnAliasProvesTheVersion(t *testing.T) {
	for _, tt := range []struct {
		why, event, alias string
		shown             bool
		reason            string
	}{
		{"a canary left over", "BeforeAllowTraffic", `{"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}`, false, "version 2 of checkout, which is to be tested, has 10 % of the traffic of alias live already"},
		{"another version's canary", "BeforeAllowTraffic", `{"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"3": 0.1}}}`, true, "version 2 of checkout has no traffic of alias live"},
		{"moved back", "AfterAllowTraffic", `{"FunctionVersion": "1"}`, false, "version 2 of checkout has 0 % of the traffic of alias live, which leads to version 1: the deployment hasn't moved it, or something has moved it back"},
		{"not all of it", "AfterAllowTraffic", `{"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.25}}}`, false, "version 2 of checkout has 75 % of the traffic of alias live, which leads to version 2: the deployment hasn't moved it, or something has moved it back"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := onLambda(t, tt.event)
			w["GetAlias"] = tree(t, tt.alias)
			d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{})
			if want := (deployment.Proof{Shown: tt.shown, Reason: tt.reason}); d.err != nil || d.proof != want {
				t.Errorf("got %+v with %v\nwant %+v", d.proof, d.err, want)
			}
		})
	}
}

func TestAProofReadsAnewAndSaysWhatItCanNotRead(t *testing.T) {
	for _, tt := range []struct {
		why     string
		world   world
		execute hook.Execution
		denied  string
		reason  string
	}{
		{"rules", onECS(t, "AfterAllowTestTraffic"), codeDeployed(), "DescribeRules", "could not read the rules of the production listener (elasticloadbalancing:DescribeRules): AccessDenied: "},
		{"health", byECS(t, "POST_TEST_TRAFFIC_SHIFT"), ecsExecution("POST_TEST_TRAFFIC_SHIFT"), "DescribeTargetHealth", "could not read the targets of tg-2 (elasticloadbalancing:DescribeTargetHealth): AccessDenied: "},
		{"the alias", onLambda(t, "BeforeAllowTraffic"), codeDeployed(), "GetAlias", "could not read alias live of function checkout (lambda:GetAlias): AccessDeniedException: "},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &cloud{world: tt.world}
				d, err := deployment.Describe(t.Context(), c.clients(), tt.execute, deployment.Settings{})
				if err != nil || !d.Prove(t.Context()).Shown {
					t.Fatalf("it isn't proven at first: %v", err)
				}
				c.mu.Lock()
				c.denied = []string{tt.denied}
				c.mu.Unlock()
				if p := d.Prove(t.Context()); p.Shown || p.Retry || !strings.HasPrefix(p.Reason, tt.reason) {
					t.Errorf("got %+v", p)
				}
			})
		})
	}
}

func TestWithoutListenersNothingIsProven(t *testing.T) {
	d := deployment.Deployment{Green: deployment.Side{URL: "http://green.example"}}
	if p := d.Prove(t.Context()); d.CanProve() || p.Shown || p.Reason == "" {
		t.Errorf("got %+v", p)
	}
}
