package simulatortest_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/simulatortest"
)

func TestMain(m *testing.M) {
	simulatortest.Main(m, map[string]func(){"check": check, "crash": func() { panic("the hook is broken") }})
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

func hooks(main string) func(u simulatortest.URLs) map[string]simulatortest.Hook {
	return func(u simulatortest.URLs) map[string]simulatortest.Hook {
		return map[string]simulatortest.Hook{
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
