package deployment_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
)

// described is what Describe gives in a world, and how many round trips one after the other it took.
type described struct {
	deployment.Deployment
	err   error
	trips int
	proof deployment.Proof
	calls []string
}

func describe(t *testing.T, c *cloud, e hook.Execution, s deployment.Settings) (d described) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		d.Deployment, d.err = deployment.Describe(t.Context(), c.clients(), e, s)
		d.trips = int(time.Since(begun).Round(roundTrip) / roundTrip)
		if d.CanProve() {
			d.proof = d.Prove(t.Context())
		}
		d.calls = c.called()
	})
	return d
}

func TestADeploymentToECSIsFoundAtEachEvent(t *testing.T) {
	for _, tt := range []struct{ event, green, blue, found, proof string }{
		{
			"BeforeInstall", "", "http://lb.example",
			"BeforeInstall of d-ABC (shop/production on ECS): green is tg-2, blue tg-1; 2 of 2 targets healthy", "",
		},
		{
			"AfterInstall", "", "http://lb.example",
			"AfterInstall of d-ABC (shop/production on ECS): green is tg-2, blue tg-1; 2 of 2 targets healthy", "",
		},
		{
			"AfterAllowTestTraffic", "http://lb.example:8080", "http://lb.example",
			"AfterAllowTestTraffic of d-ABC (shop/production on ECS): green is tg-2 at http://lb.example:8080 (test listener), blue tg-1; 2 of 2 targets healthy",
			"tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy",
		},
		{
			"BeforeAllowTraffic", "http://lb.example:8080", "http://lb.example",
			"BeforeAllowTraffic of d-ABC (shop/production on ECS): green is tg-2 at http://lb.example:8080 (test listener), blue tg-1; 2 of 2 targets healthy",
			"tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy",
		},
		{
			"AfterAllowTraffic", "http://lb.example", "",
			"AfterAllowTraffic of d-ABC (shop/production on ECS): green is tg-2 at http://lb.example (production listener), blue tg-1; 2 of 2 targets healthy",
			"tg-2 has all production traffic; 2 of 2 targets healthy",
		},
	} {
		t.Run(tt.event, func(t *testing.T) {
			d := describe(t, &cloud{world: onECS(t, tt.event)}, codeDeployed(), deployment.Settings{Function: self})
			if d.err != nil {
				t.Fatal(d.err)
			}
			if d.Green.URL != tt.green || d.Blue.URL != tt.blue || d.Found != tt.found {
				t.Errorf("green is at %q, blue at %q:\n got %s\nwant %s", d.Green.URL, d.Blue.URL, d.Found, tt.found)
			}
			if d.proof.Reason != tt.proof || d.proof.Shown != (tt.proof != "") {
				t.Errorf("proof %+v, want %q", d.proof, tt.proof)
			}
			if d.trips > 4 {
				t.Errorf("it took %d round trips", d.trips)
			}
			if d.Green.TaskDefinition != greenDef || d.Green.Image != "shop@sha256:2" || d.Blue.TaskDefinition != blueDef || d.Blue.Image != "shop@sha256:1" {
				t.Errorf("green runs %s, %s; blue %s, %s", d.Green.TaskDefinition, d.Green.Image, d.Blue.TaskDefinition, d.Blue.Image)
			}
			if d.Cluster != "prod" || d.Service != "shop" || d.Description != "release 2" || d.Creator != "user" || d.Rollback || d.First || d.Closed != "" {
				t.Errorf("it is %+v", d.Deployment)
			}
		})
	}
}

func TestADeploymentToLambdaIsFoundAtEachEvent(t *testing.T) {
	for event, proof := range map[string]string{
		"BeforeAllowTraffic": "version 2 of checkout has no traffic of alias live", "AfterAllowTraffic": "version 2 of checkout has all traffic of alias live",
	} {
		t.Run(event, func(t *testing.T) {
			d := describe(t, &cloud{world: onLambda(t, event)}, codeDeployed(), deployment.Settings{Function: self})
			if d.err != nil {
				t.Fatal(d.err)
			}
			const function = "arn:aws:lambda:eu-west-1:123456789012:function:checkout:"
			if d.Green.FunctionARN != function+"2" || d.Blue.FunctionARN != function+"1" || d.Green.Version != "2" || string(d.Stage) != event {
				t.Errorf("it is %+v", d.Deployment)
			}
			if !d.proof.Shown || d.proof.Reason != proof {
				t.Errorf("proof %+v", d.proof)
			}
			if d.trips > 4 {
				t.Errorf("it took %d round trips", d.trips)
			}
			want := event + " of d-ABC (shop/functions on Lambda): green is " + function + "2, blue " + function + "1"
			if d.Found != want {
				t.Errorf("\n got %s\nwant %s", d.Found, want)
			}
		})
	}
}

func TestADeploymentByECSIsFoundAtEachStage(t *testing.T) {
	for _, tt := range []struct{ stage, green, blue, proof string }{
		{"RECONCILE_SERVICE", "", "http://lb.example", ""},
		{"PRE_SCALE_UP", "", "http://lb.example", ""},
		{"POST_SCALE_UP", "", "http://lb.example", ""},
		{"TEST_TRAFFIC_SHIFT", "", "http://lb.example", ""},
		{"POST_TEST_TRAFFIC_SHIFT", "http://lb.example:8080", "http://lb.example", "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy"},
		{"PRE_PRODUCTION_TRAFFIC_SHIFT", "http://lb.example:8080", "http://lb.example", "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy"},
		{"PRODUCTION_TRAFFIC_SHIFT", "http://lb.example:8080", "", "tg-2 has all test traffic and no production traffic; 2 of 2 targets healthy"},
		{"POST_PRODUCTION_TRAFFIC_SHIFT", "http://lb.example", "", "tg-2 has all production traffic; 2 of 2 targets healthy"},
	} {
		t.Run(tt.stage, func(t *testing.T) {
			d := describe(t, &cloud{world: byECS(t, tt.stage)}, ecsExecution(tt.stage), deployment.Settings{})
			if d.err != nil {
				t.Fatal(d.err)
			}
			if d.Green.URL != tt.green || d.Blue.URL != tt.blue {
				t.Errorf("green is at %q, blue at %q: %s", d.Green.URL, d.Blue.URL, d.Found)
			}
			if tt.green == "http://lb.example:8080" && d.Green.Headers.Get("X-Test") != "green" {
				t.Errorf("requests to green carry %v", d.Green.Headers)
			}
			if d.proof.Reason != tt.proof || d.proof.Shown != (tt.proof != "") {
				t.Errorf("proof %+v, want %q", d.proof, tt.proof)
			}
			if d.trips > 4 {
				t.Errorf("it took %d round trips", d.trips)
			}
			if d.Green.TargetGroup != "tg-2" || d.Blue.TargetGroup != "tg-1" || d.Green.Image != "shop@sha256:2" || d.Blue.Image != "shop@sha256:1" ||
				d.Green.Revision != greenRev || d.Blue.Revision != blueRev || d.Cluster != "prod" || d.Service != "shop" || d.Rollback || d.First {
				t.Errorf("it is %+v", d.Deployment)
			}
		})
	}
}

// describeTwice describes with the same clients, as a warm function does, and counts the calls.
func describeTwice(t *testing.T, c *cloud) map[string]int {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clients := c.clients()
		for range 2 {
			if _, err := deployment.Describe(t.Context(), clients, codeDeployed(), deployment.Settings{}); err != nil {
				t.Fatal(err)
			}
		}
	})
	counts := map[string]int{}
	for _, call := range c.calls {
		counts[call]++
	}
	return counts
}
