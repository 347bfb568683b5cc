package gate_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// clockwatcher is a check that tells when it believes that the execution began, and since when it holds.
type clockwatcher struct {
	start time.Time
	told  []string
}

func (*clockwatcher) Title() string { return "clockwatcher" }

func (c *clockwatcher) Run(_ context.Context, scope check.Scope) check.Result {
	held := "not held"
	if !scope.Held.IsZero() {
		held = "held since " + scope.Held.Sub(c.start).String()
	}
	c.told = append(c.told, "began at "+scope.Began.Sub(c.start).String()+", "+held)
	if len(c.told) == 1 {
		return check.Result{Outcome: check.Failed, Reason: "not yet"}
	}
	return check.Result{Outcome: check.Passed}
}

func TestAChecksScopeSaysWhenTheExecutionBeganAndSinceWhenTheCheckHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clockwatcher{start: time.Now()}
		v, _ := run(t.Context(), asks(&plan.Check{
			Name: "a", Check: c, Timeout: time.Second, Retry: plan.DefaultRetry(),
			Eventually: &plan.Eventually{Within: time.Minute, Every: 10 * time.Second}, For: &plan.For{Lasting: 40 * time.Second, Every: 20 * time.Second},
		}))
		if !v.Succeeded {
			t.Error(v.Reason)
		}
		want := "began at 0s, not held; began at 0s, not held; began at 0s, held since 10s; began at 0s, held since 10s"
		if got := strings.Join(c.told, "; "); got != want {
			t.Errorf("it was told %s, want %s", got, want)
		}
	})
}
