package simulatortest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/simulatortest"
)

func TestMain(m *testing.M) {
	simulatortest.Main(m, map[string]func(){
		"check": check, "crash": func() { panic("the hook is broken") },
		"price": func() { lambda.Start(price) }, "invoke": invoke, "stage": func() { lambda.Start(stage) },
	})
}

// check is a hook as a team writes it: it asks green, and says no when green isn't well.
func check() {
	hook.Start(func(ctx context.Context, _ hook.Execution) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, os.Getenv("GREEN"), nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("green answers %d", answer.StatusCode)
		}
		return nil
	})
}

// service has a version that is ill, and others that are well.
func service(version string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if version == "ill" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = fmt.Fprint(w, version)
	})
}

func hooks(main string) func(u simulatortest.URLs) map[string]simulatortest.Function {
	return func(u simulatortest.URLs) map[string]simulatortest.Function {
		return map[string]simulatortest.Function{
			"AfterAllowTestTraffic": {Main: main, Env: map[string]string{"GREEN": u.Test}, Timeout: 20 * time.Second},
		}
	}
}

func TestAGoodVersionGoesThroughAndABadOneIsRolledBack(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("deployments", func(t *testing.T) {
		sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: service, Hooks: hooks("check")})

		good := sim.Deploy("v2")
		if good.Status != simulatortest.Succeeded || good.Event("AfterAllowTestTraffic").Status != simulatortest.Succeeded || good.Rollback != nil {
			t.Errorf("the good version's deployment is\n%s", good)
		}
		if good.Event("BeforeInstall").Status != simulatortest.Skipped {
			t.Errorf("an event without a hook wasn't skipped:\n%s", good)
		}

		bad := sim.Deploy("ill")
		if bad.Status != simulatortest.Failed || bad.Event("AfterAllowTestTraffic").Status != simulatortest.Failed {
			t.Errorf("the bad version's deployment is\n%s", bad)
		}
		if bad.Rollback == nil || bad.Rollback.Status != simulatortest.Succeeded {
			t.Errorf("the rollback is %v", bad.Rollback)
		}
		sim.AwaitLog("green answers 418", time.Minute)
	})
}

func TestWithoutRollbackAFailedDeploymentStaysAsItIs(t *testing.T) {
	sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: service, Hooks: hooks("check"), WithoutRollback: true})
	if d := sim.Deploy("ill"); d.Status != simulatortest.Failed || d.Rollback != nil {
		t.Errorf("the deployment is\n%s\nwith the rollback %v", d, d.Rollback)
	}
}

func TestAHookThatNeverAnswersFailsWhenItsTimeIsUp(t *testing.T) {
	sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Service: service, Hooks: hooks("crash"), HookTimeout: 300 * time.Millisecond})
	d := sim.Deploy("v2")
	if e := d.Event("AfterAllowTestTraffic"); e.Status != simulatortest.Failed || e.Message == "" {
		t.Errorf("the event is %+v, want one that failed with a message", e)
	}
}

// price is a function of which some versions are ill.
func price(_ context.Context, order struct{ Pieces int }) (int, error) {
	if os.Getenv("VERSION") == "ill" {
		return 0, errors.New("the price list is missing")
	}
	return order.Pieces * 20, nil
}

// invoke is a hook of a function's deployment: it invokes what FUNCTION names.
func invoke() {
	hook.Start(func(ctx context.Context, _ hook.Execution) error {
		url := os.Getenv("AWS_ENDPOINT_URL") + "/2015-03-31/functions/" + os.Getenv("FUNCTION") + "/invocations"
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"Pieces": 1}`))
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		if string(text) != "20" {
			return fmt.Errorf("one piece costs %s", text)
		}
		return nil
	})
}

// stage is a hook of ECS.
func stage(ctx context.Context) (map[string]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, os.Getenv("GREEN"), http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return map[string]string{"hookStatus": "FAILED"}, nil
	}
	return map[string]string{"hookStatus": "SUCCEEDED"}, nil
}

func prices(version string) simulatortest.Function {
	return simulatortest.Function{Main: "price", Env: map[string]string{"VERSION": version}, Timeout: 20 * time.Second}
}

// asking has the deployment of a function ask a version at an event.
func asking(event string, whom func(simulatortest.URLs) string) func(u simulatortest.URLs) map[string]simulatortest.Function {
	return func(u simulatortest.URLs) map[string]simulatortest.Function {
		return map[string]simulatortest.Function{event: {Main: "invoke", Env: map[string]string{"FUNCTION": whom(u)}, Timeout: 20 * time.Second}}
	}
}

func newest(u simulatortest.URLs) string { return u.Newest }
func alias(u simulatortest.URLs) string  { return u.Alias }

func TestAFunctionsVersionsAreDeployed(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("deployments", func(t *testing.T) {
		sim := simulatortest.Start(t, simulatortest.Config{
			Live: "v1", Function: prices, Hooks: asking("BeforeAllowTraffic", newest), Customers: 10,
			Steps: []simulatortest.Step{{Percent: 10, Wait: 5 * time.Minute}, {Percent: 100}},
		})
		good := sim.Deploy("v2")
		if good.Status != simulatortest.Succeeded || good.Event("BeforeAllowTraffic").Status != simulatortest.Succeeded {
			t.Errorf("the good version's deployment is\n%s", good)
		}
		if e := good.Event("AllowTraffic"); e.End.Sub(e.Start) < 5*time.Minute {
			t.Errorf("the canary took %v of simulated time", e.End.Sub(e.Start))
		}
		if answer := sim.Invoke(`{"Pieces": 3}`); answer != "60" {
			t.Errorf("three pieces cost %s", answer)
		}
		// Three rounds of ten came, before, at 10 % and after; and the invocation above.
		if one, two := sim.Met("v1"), sim.Met("v2"); one.Requests+two.Requests != 31 || two.Requests < 11 || one.Failed+two.Failed != 0 {
			t.Errorf("v1 met %+v, v2 %+v", one, two)
		}
		bad := sim.Deploy("ill")
		if bad.Event("BeforeAllowTraffic").Status != simulatortest.Failed || bad.Rollback == nil || bad.Rollback.Status != simulatortest.Succeeded {
			t.Errorf("the bad version's deployment is\n%s", bad)
		}
		if met := sim.Met("ill"); met != (simulatortest.Met{}) {
			t.Errorf("customers met the bad version: %+v", met)
		}
		sim.AwaitLog("the price list is missing", time.Minute)
	})
}

func TestWhatCustomersMetOfABadVersionIsCounted(t *testing.T) {
	sim := simulatortest.Start(t, simulatortest.Config{Live: "v1", Function: prices, Hooks: asking("AfterAllowTraffic", alias), Customers: 10})
	bad := sim.Deploy("ill")
	if bad.Event("AfterAllowTraffic").Status != simulatortest.Failed || bad.Rollback == nil {
		t.Errorf("the bad version's deployment is\n%s", bad)
	}
	// Three rounds of ten came, and the hook itself.
	if one, ill := sim.Met("v1"), sim.Met("ill"); one.Failed != 0 || ill.Failed != ill.Requests || one.Requests+ill.Requests != 31 {
		t.Errorf("v1 met %+v, the bad version %+v", one, ill)
	}
}

func TestAmazonECSDeploysByItself(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("deployments", func(t *testing.T) {
		sim := simulatortest.Start(t, simulatortest.Config{
			Live: "v1", Service: service, Customers: 10,
			ECS: &simulatortest.ECS{Canary: &simulatortest.Shift{Percent: 10, Bake: 10 * time.Minute}, Bake: time.Hour},
			Hooks: func(u simulatortest.URLs) map[string]simulatortest.Function {
				return map[string]simulatortest.Function{
					"POST_TEST_TRAFFIC_SHIFT": {Main: "stage", Env: map[string]string{"GREEN": u.Test}, Timeout: 20 * time.Second},
				}
			},
		})
		good := sim.Deploy("v2")
		if good.Status != simulatortest.Succeeded || good.Error != "" {
			t.Errorf("the good version's deployment is\n%s", good)
		}
		if e := good.Event("PRODUCTION_TRAFFIC_SHIFT"); e.Percent != 10 || e.End.Sub(e.Start) < 10*time.Minute {
			t.Errorf("the canary is %+v", e)
		}
		if met := sim.Met("v2"); met.Requests < 10 || met.Failed != 0 {
			t.Errorf("v2 met %+v", met)
		}
		bad := sim.Deploy("ill")
		if bad.Status != simulatortest.Failed || bad.Event("POST_TEST_TRAFFIC_SHIFT").Status != simulatortest.Failed || bad.Error == "" {
			t.Errorf("the bad version's deployment is\n%s", bad)
		}
		if last := bad.Events[len(bad.Events)-1]; !last.Rollback || last.Status != simulatortest.Succeeded {
			t.Errorf("it wasn't taken back:\n%s", bad)
		}
		if met := sim.Met("ill"); met != (simulatortest.Met{}) {
			t.Errorf("customers met the bad version: %+v", met)
		}
	})
}

func TestADeploymentByECSShowsItsWayBack(t *testing.T) {
	sim := simulatortest.Start(t, simulatortest.Config{
		Live: "v1", Service: service, ECS: &simulatortest.ECS{Linear: &simulatortest.Shift{Percent: 50}},
		Hooks: func(u simulatortest.URLs) map[string]simulatortest.Function {
			return map[string]simulatortest.Function{"POST_PRODUCTION_TRAFFIC_SHIFT": {Main: "crash"}}
		},
	})
	d := sim.Deploy("v2")
	for _, want := range []string{d.ID + " Failed: ", "\n  PRODUCTION_TRAFFIC_SHIFT 50% Succeeded", "\n  PRODUCTION_TRAFFIC_SHIFT, back Succeeded"} {
		if !strings.Contains(d.String(), want) {
			t.Errorf("%q isn't in\n%s", want, d)
		}
	}
}
