package gate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

const hidden = "hunter2"

func hide(s string) string { return strings.ReplaceAll(s, hidden, "***") }

// tells has a check say its secret in all that it may say.
type tells struct{ result check.Result }

func (tells) Title() string { return "tells" }

func (c tells) Run(_ context.Context, scope check.Scope) check.Result {
	if _, err := scope.Lookup("secrets.token"); err != nil {
		return check.Result{Outcome: check.Failed, Reason: err.Error()}
	}
	return c.result
}

// prepared gives the scope that has the secret.
func prepared(_ context.Context, scope check.Scope) (check.Scope, error) {
	scope.Lookup = func(string) (any, error) { return hidden, nil }
	return scope, nil
}

func TestNothingThatACheckSaysOfASecretLeavesTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		said := check.Result{
			Outcome: check.Inconclusive, Reason: "is " + hidden, Retry: check.RetryNoAnswer,
			Warning: "left behind: " + hidden,
			Requests: []check.Request{{
				Step: hidden, Method: "GET", URL: "http://h/" + hidden, Remote: hidden, Err: hidden,
				Transcript: &check.Transcript{RequestBody: hidden, AnswerHeaders: []check.Header{{Name: "Echo", Value: hidden}}, AnswerBody: hidden},
			}},
		}
		panics := planned("panics", step{instead: func(context.Context) check.Result { panic(hidden) }})
		asked := &plan.Stage{Checks: []*plan.Check{
			{Name: "tells", Timeout: time.Second, Retry: plan.DefaultRetry(), Eventually: &plan.Eventually{Within: time.Hour, Every: 10 * time.Minute}, Check: tells{said}},
			panics,
		}, KeepGoing: true, Callback: time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		v := gate.Run(ctx, gate.Execution{
			Asked: asked, Found: "green is " + hidden, CanSuspend: true, CallsBack: true, Until: time.Now().Add(2 * time.Hour), Prepare: prepared,
			Scope:   check.Scope{Mask: hide},
			Observe: func(e gate.Event) { seen = append(seen, fmt.Sprintf("%+v %+v", e, e.Report)) },
		})
		if v.Suspended == nil {
			t.Fatalf("it isn't suspended: %+v", v)
		}
		texts := append(seen, fmt.Sprintf("%+v", v), string(v.Suspended.State), v.Suspended.Reason)
		for _, text := range texts {
			if strings.Contains(text, hidden) {
				t.Errorf("the secret is in %s", text)
			}
		}
		if !strings.Contains(string(v.Suspended.State), "is ***") {
			t.Errorf("the state has not the reason: %s", v.Suspended.State)
		}
	})
}

func TestASecretThatIsMissingFailsBeforeAnyCheck(t *testing.T) {
	c := planned("c", passes(0))
	v := gate.Run(t.Context(), gate.Execution{
		Asked: asks(c), Scope: check.Scope{Mask: hide},
		Prepare: func(_ context.Context, s check.Scope) (check.Scope, error) {
			return s, errors.New("secrets.token:\nmissing, not " + hidden)
		},
		Prove: func(context.Context) check.Result { panic("it is asked whether green is green") },
	})
	if v.Succeeded || v.Outcome != check.Failed || v.Reason != "secrets.token: missing, not ***" || times(c) != 0 {
		t.Errorf("%s: %s, after %d runs", v.Outcome, v.Reason, times(c))
	}
}

func TestSecretsAreFetchedWithinTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := planned("c", passes(0))
		began := time.Now()
		v := gate.Run(t.Context(), gate.Execution{
			Asked: &plan.Stage{Checks: []*plan.Check{c}, Budget: 3 * second},
			Prepare: func(ctx context.Context, s check.Scope) (check.Scope, error) {
				<-ctx.Done()
				return s, ctx.Err()
			},
		})
		if v.Outcome != check.Failed || time.Since(began) != 3*second {
			t.Errorf("%s after %s: %s", v.Outcome, time.Since(began), v.Reason)
		}
	})
}

func TestWhereNothingIsAskedNoSecretIsFetched(t *testing.T) {
	v := gate.Run(t.Context(), gate.Execution{
		Asked: asks(planned("c", passes(0))), Rollback: true,
		Prepare: func(context.Context, check.Scope) (check.Scope, error) { panic("a secret is fetched for a rollback") },
	})
	if !v.Succeeded {
		t.Error(v.Reason)
	}
}
