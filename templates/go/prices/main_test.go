package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/simulatortest"
)

// The test's binary is the function as well: the simulator starts it as Lambda starts bootstrap.
func TestMain(m *testing.M) {
	simulatortest.Main(m, map[string]func(){"hook": main})
}

// shop is a version of the service. All are healthy for the load balancer.
func shop(version string) http.Handler {
	prices := map[string]string{
		"free":  `[{"sku": "apple", "cents": 0}, {"sku": "pear", "cents": 30}]`,
		"empty": `[]`,
		"more":  `[{"sku": "apple", "cents": 25}, {"sku": "pear", "cents": 30}, {"sku": "plum", "cents": 15}]`,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, version) })
	if version == "broken" {
		return mux
	}
	mux.HandleFunc("/prices", func(w http.ResponseWriter, _ *http.Request) {
		if text, special := prices[version]; special {
			_, _ = fmt.Fprint(w, text)
			return
		}
		_, _ = fmt.Fprint(w, `[{"sku": "apple", "cents": 25}, {"sku": "pear", "cents": 30}]`)
	})
	return mux
}

// asked has the hook called at an event or stage. Nobody tells it where green is.
func asked(at string) func(simulatortest.URLs) map[string]simulatortest.Function {
	return func(simulatortest.URLs) map[string]simulatortest.Function {
		return map[string]simulatortest.Function{at: {Main: "hook", Timeout: time.Minute}}
	}
}

// bad are versions that are stopped, and why.
var bad = map[string]string{
	"free":   "green asks 0 cents for apple, blue 25 (1 of 2 products differ)",
	"empty":  "green doesn't sell apple (2 of 2 products differ)",
	"broken": "green's prices: GET ",
}

func TestCodeDeployLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	const at = "AfterAllowTestTraffic"
	sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: shop, Customers: 10, Hooks: asked(at)})
	if good := sim.Deploy("v2"); good.Status != simulatortest.Succeeded || good.Event(at).Status != simulatortest.Succeeded {
		t.Fatalf("the good version's deployment is\n%s", good)
	}
	sim.AwaitLog(`"status":"Succeeded","reason":"green asks what blue asks for all 2 products"`, time.Minute)
	sim.AwaitLog(`"compared":2,"different":[]}`, time.Minute)
	for version, why := range bad {
		d := sim.Deploy(version)
		if d.Event(at).Status != simulatortest.Failed || d.Rollback == nil || d.Rollback.Status != simulatortest.Succeeded {
			t.Errorf("the bad version's deployment is\n%s", d)
		}
		sim.AwaitLog(`"status":"Failed","reason":"`+why, time.Minute)
		if met := sim.Met(version); met.Requests > 0 {
			t.Errorf("%d customers met the version %s", met.Requests, version)
		}
	}
	if d := sim.Deploy("more"); d.Status != simulatortest.Succeeded {
		t.Errorf("a version that sells more is\n%s", d)
	}
}

func TestAmazonECSLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	const at = "POST_TEST_TRAFFIC_SHIFT"
	sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: shop, Customers: 10, ECS: &simulatortest.ECS{}, Hooks: asked(at)})
	if good := sim.Deploy("v2"); good.Status != simulatortest.Succeeded || good.Event(at).Status != simulatortest.Succeeded {
		t.Fatalf("the good version's deployment is\n%s", good)
	}
	for version, why := range bad {
		d := sim.Deploy(version)
		if last := d.Events[len(d.Events)-1]; d.Event(at).Status != simulatortest.Failed || !last.Rollback || last.Status != simulatortest.Succeeded {
			t.Errorf("the bad version's deployment is\n%s", d)
		}
		sim.AwaitLog(`"status":"Failed","reason":"`+why, time.Minute)
		if met := sim.Met(version); met.Requests > 0 {
			t.Errorf("%d customers met the version %s", met.Requests, version)
		}
	}
}

// Where the listeners don't lead to green and blue there is nothing to compare: blue would be compared with itself.
func TestAtAnEventWithoutTestTrafficNothingPasses(t *testing.T) {
	tests := []struct {
		at, why string
		ecs     *simulatortest.ECS
	}{
		{"AfterInstall", "finding green: the test listener leads to ", nil},
		{"AfterAllowTraffic", "finding green: the production listener leads to the new version already", nil},
		{"POST_SCALE_UP", "finding green: the test listener leads to ", &simulatortest.ECS{}},
		{"POST_PRODUCTION_TRAFFIC_SHIFT", "finding green: the production listener leads to the new version already", &simulatortest.ECS{}},
	}
	for _, tt := range tests {
		t.Run(tt.at, func(t *testing.T) {
			sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: shop, ECS: tt.ecs, Hooks: asked(tt.at)})
			if d := sim.Deploy("v2"); d.Event(tt.at).Status != simulatortest.Failed {
				t.Errorf("the deployment is\n%s", d)
			}
			sim.AwaitLog(tt.why, time.Minute)
		})
	}
}

func TestPricesAreCompared(t *testing.T) {
	apple, pear := price{"apple", 25}, price{"pear", 30}
	tests := []struct {
		why         string
		green, blue []price
		want        hook.Status
		says        string
	}{
		{"the same in another order", []price{pear, apple}, []price{apple, pear}, hook.Succeeded, "all 2 products"},
		{"a price that differs", []price{{"apple", 26}}, []price{apple}, hook.Failed, "green asks 26 cents for apple, blue 25"},
		{"a product for nothing is none that is missing", []price{{"apple", 0}}, []price{apple}, hook.Failed, "green asks 0 cents for apple"},
		{"a product that is gone", []price{pear}, []price{apple, pear}, hook.Failed, "green doesn't sell apple (1 of 2 products differ)"},
		{"a blue without prices proves nothing", []price{apple}, nil, hook.Failed, "nothing to compare with"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if v := compare(tt.green, tt.blue); v.Status != tt.want || !strings.Contains(v.Reason, tt.says) {
				t.Errorf("%s: %s, want %s with %q", v.Status, v.Reason, tt.want, tt.says)
			}
		})
	}
}
