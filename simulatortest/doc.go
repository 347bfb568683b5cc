// Package simulatortest runs whole blue/green deployments in a Go test, so that a team sees its hook let a good version
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
//			Hooks: func(u simulatortest.URLs) map[string]simulatortest.Function {
//				return map[string]simulatortest.Function{
//					"AfterAllowTestTraffic": {Main: "hook", Env: map[string]string{"ALB_URL": u.Test}},
//				}
//			},
//		})
//		if d := sim.Deploy("v2-broken"); d.Event("AfterAllowTestTraffic").Status != simulatortest.Failed {
//			t.Errorf("the broken version went through:\n%s", d)
//		}
//	}
//
// CodeDeploy shifts the alias of a Lambda function where the test brings one in place of the service, and customers meet
// its versions as the shift has it:
//
//	func TestHalfOfTheCustomersMeetTheCanary(t *testing.T) {
//		sim := simulatortest.Start(t, simulatortest.Config{
//			Live: "v1", Customers: 50,
//			Steps: []simulatortest.Step{{Percent: 50, Wait: 10 * time.Minute}, {Percent: 100}},
//			Function: func(version string) simulatortest.Function {
//				return simulatortest.Function{Main: "price", Env: map[string]string{"VERSION": version}}
//			},
//		})
//		sim.Deploy("v2")
//		if met := sim.Met("v2"); met.Failed > 0 {
//			t.Errorf("%d of %d invocations went wrong", met.Failed, met.Requests)
//		}
//	}
//
// Amazon ECS deploys the service itself where ECS says how; its hooks are by stage:
//
//	func TestTheCanaryIsTakenBack(t *testing.T) {
//		sim := simulatortest.Start(t, simulatortest.Config{
//			Live: "v1", Service: shop,
//			ECS: &simulatortest.ECS{Canary: &simulatortest.Shift{Percent: 10, Bake: 10 * time.Minute}},
//			Hooks: func(u simulatortest.URLs) map[string]simulatortest.Function {
//				return map[string]simulatortest.Function{
//					"POST_TEST_TRAFFIC_SHIFT": {Main: "stage", Env: map[string]string{"GREEN": u.Test}},
//				}
//			},
//		})
//		if d := sim.Deploy("v2-broken"); d.Event("POST_TEST_TRAFFIC_SHIFT").Status != simulatortest.Failed {
//			t.Errorf("the broken version went through:\n%s", d)
//		}
//	}
//
// Load balancer, Lambda, CodeDeploy and ECS run on loopback and end with the test; nothing reaches AWS. Simulated waits
// are leapt over, so that a canary of an hour takes as long as its hooks do. What is simulated is described in
// docs/simulator.md.
package simulatortest
