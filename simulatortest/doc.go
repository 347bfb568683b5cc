// Package simulatortest runs whole CodeDeploy deployments in a Go test, so that a team sees its hook let a good version
// through and stop a bad one before the hook meets a real deployment.
//
// A test brings the service, one http.Handler for each version, and the hooks. A hook is any program that speaks the
// Lambda Runtime API; most often it is the team's own main, which the test's binary then is as well:
//
//	func TestMain(m *testing.M) {
//		simulatortest.Main(m, map[string]func(){"hook": main})
//	}
//
//	func TestABadVersionIsStopped(t *testing.T) {
//		sim := simulatortest.Start(t, simulatortest.Config{
//			Live: "v1", Service: shop,
//			Hooks: func(u simulatortest.URLs) map[string]simulatortest.Hook {
//				return map[string]simulatortest.Hook{
//					"AfterAllowTestTraffic": {Main: "hook", Env: map[string]string{"ALB_URL": u.Test}},
//				}
//			},
//		})
//		if d := sim.Deploy("v2-broken"); d.Event("AfterAllowTestTraffic").Status != simulatortest.Failed {
//			t.Errorf("the broken version went through:\n%s", d)
//		}
//	}
//
// Load balancer, Lambda and CodeDeploy run on loopback and end with the test; nothing reaches AWS. What is simulated is
// described in docs/simulator.md.
package simulatortest
