package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/simulatortest"
)

// The test's binary is the function as well: the simulator starts it as Lambda starts bootstrap.
func TestMain(m *testing.M) {
	simulatortest.Main(m, map[string]func(){"hook": main})
}

// shop is a version of the service. The broken one is healthy for the load balancer, and has lost its cart.
func shop(version string) http.Handler {
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, version) }
	mux.HandleFunc("/{$}", page)
	switch version {
	case "broken":
	case "moved":
		mux.Handle("/cart", http.RedirectHandler("/", http.StatusFound))
	default:
		mux.HandleFunc("/cart", page)
	}
	return mux
}

// asked has the hook called at an event or stage.
func asked(at string) func(simulatortest.URLs) map[string]simulatortest.Function {
	return func(u simulatortest.URLs) map[string]simulatortest.Function {
		return map[string]simulatortest.Function{
			at: {Main: "hook", Env: map[string]string{"ALB_URL": u.Test, "ROUTES": "/, /cart"}, Timeout: time.Minute},
		}
	}
}

func TestCodeDeployLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	const at = "AfterAllowTestTraffic"
	sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: shop, Customers: 10, Hooks: asked(at)})
	if good := sim.Deploy("v2"); good.Status != simulatortest.Succeeded || good.Event(at).Status != simulatortest.Succeeded {
		t.Errorf("the good version's deployment is\n%s", good)
	}
	for version, why := range map[string]string{"broken": "/cart: status 404, want 200", "moved": "/cart: status 302, want 200"} {
		bad := sim.Deploy(version)
		if bad.Event(at).Status != simulatortest.Failed || bad.Rollback == nil || bad.Rollback.Status != simulatortest.Succeeded {
			t.Errorf("the bad version's deployment is\n%s", bad)
		}
		sim.AwaitLog(`"status":"Failed","reason":"GET `+sim.Test+why+`"`, time.Minute)
		if met := sim.Met(version); met.Requests > 0 {
			t.Errorf("%d customers met the version %s", met.Requests, version)
		}
	}
}

func TestAmazonECSLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	const at = "POST_TEST_TRAFFIC_SHIFT"
	sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: shop, Customers: 10, ECS: &simulatortest.ECS{}, Hooks: asked(at)})
	if good := sim.Deploy("v2"); good.Status != simulatortest.Succeeded || good.Event(at).Status != simulatortest.Succeeded {
		t.Errorf("the good version's deployment is\n%s", good)
	}
	bad := sim.Deploy("broken")
	if last := bad.Events[len(bad.Events)-1]; bad.Event(at).Status != simulatortest.Failed || !last.Rollback || last.Status != simulatortest.Succeeded {
		t.Errorf("the bad version's deployment is\n%s", bad)
	}
	sim.AwaitLog(`"status":"Failed","reason":"GET `+sim.Test+`/cart: status 404, want 200"`, time.Minute)
	if met := sim.Met("broken"); met.Requests > 0 {
		t.Errorf("%d customers met the bad version", met.Requests)
	}
}

func TestWithoutTheTestListenersAddressNothingPasses(t *testing.T) {
	const at = "AfterAllowTestTraffic"
	sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: shop, Hooks: func(simulatortest.URLs) map[string]simulatortest.Function {
		return map[string]simulatortest.Function{at: {Main: "hook", Timeout: time.Minute}}
	}})
	if d := sim.Deploy("v2"); d.Event(at).Status != simulatortest.Failed {
		t.Errorf("the deployment is\n%s", d)
	}
	sim.AwaitLog("set ALB_URL to the URL of the test listener", time.Minute)
}
