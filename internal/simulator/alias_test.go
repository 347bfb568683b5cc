//go:build unix

package simulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// webhook is a version of a function that answers with a text, or fails where the text is "ill".
func webhook(t *testing.T, says string) lambda.Function {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if says == "ill" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `"`+says+`"`)
	}))
	t.Cleanup(server.Close)
	return lambda.Function{Webhook: server.URL, Timeout: time.Minute}
}

// startAlias starts a scenario in which version 7 of a function is live.
func startAlias(t *testing.T, versions map[int]lambda.Function) *scenario {
	t.Helper()
	s := startInstant(t, func(c *simulator.Config) {
		c.Tasks, c.Blue = nil, ""
		c.Alias = &simulator.FunctionAlias{Function: "shop", Name: "live"}
		c.Deployment = codedeploy.Canary("canary", 10, 5*time.Minute)
	})
	if err := s.CreateAlias(7, versions); err != nil {
		t.Fatal(err)
	}
	return s
}

// routed lists where the timeline has the alias send invocations.
func routed(s *scenario) (weights []map[string]float64) {
	for _, entry := range s.Timeline().Entries() {
		if what, ok := entry.What.(simulator.AliasChanged); ok {
			weights = append(weights, what.Weights)
		}
	}
	return weights
}

func TestTheDeployedAliasRoutesItsCustomers(t *testing.T) {
	s := startAlias(t, map[int]lambda.Function{7: webhook(t, "seven"), 9: webhook(t, "nine")})
	if err := s.SendTraffic(t.Context(), simulator.Customers{Rate: 20, Payload: []byte(`{"sku":42}`)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]simulator.InvocationCount{{Version: "7", Invocations: 20}}, s.Invocations()); diff != "" {
		t.Errorf("before the deployment (-want +got):\n%s", diff)
	}
	outcome, err := s.DeployVersion(t.Context(), "9", nil)
	if err != nil || outcome.Deployment.Status != codedeploy.Succeeded {
		t.Fatalf("%+v, %v", outcome.Deployment.Error, err)
	}
	took(t, "the canary", outcome.Deployment.Event(codedeploy.AllowTraffic).Duration(), 5*time.Minute)
	if err := s.SettleTraffic(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]float64{{"7": 1}, {"7": 0.9, "9": 0.1}, {"9": 1}}, routed(s)); diff != "" {
		t.Errorf("the alias's weights (-want +got):\n%s", diff)
	}
	counts := s.Invocations()
	if len(counts) != 2 || counts[0].Invocations+counts[1].Invocations != 60 || counts[1].Invocations < 20 || counts[0].Errors+counts[1].Errors != 0 {
		t.Errorf("three rounds of 20 customers met %+v", counts)
	}
	result, err := s.InvokeAlias(t.Context(), []byte("{}"))
	if err != nil || string(result.Payload) != `"nine"` || result.Version != "9" {
		t.Errorf("the alias then gives %s of version %s, %v", result.Payload, result.Version, err)
	}
	for _, entry := range s.Timeline().Entries() {
		if what, ok := entry.What.(simulator.FunctionInvoked); ok {
			t.Errorf("the timeline has a customer's invocation: %+v", what)
		}
	}
}

func TestWhatWentWrongForTheAliassCustomersIsCounted(t *testing.T) {
	s := startAlias(t, map[int]lambda.Function{7: webhook(t, "seven")})
	number, err := s.PublishVersion(webhook(t, "ill"))
	if err != nil || number != "8" {
		t.Fatalf("version %q, %v", number, err)
	}
	if err := s.SendTraffic(t.Context(), simulator.Customers{Rate: 5}); err != nil {
		t.Fatal(err)
	}
	outcome, err := s.DeployVersion(t.Context(), number, map[codedeploy.Event]string{codedeploy.AfterAllowTraffic: "nobody"})
	if err != nil || outcome.Deployment.Status != codedeploy.Failed || outcome.Rollback == nil || outcome.Rollback.Status != codedeploy.Succeeded {
		t.Fatalf("%+v, rolled back by %+v, %v", outcome.Deployment, outcome.Rollback, err)
	}
	if err := s.SettleTraffic(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]float64{{"7": 1}, {"7": 0.9, "8": 0.1}, {"8": 1}, {"7": 1}}, routed(s)); diff != "" {
		t.Errorf("the alias's weights (-want +got):\n%s", diff)
	}
	if err := s.Inject(simulator.Fault{Kind: simulator.ThrottleFunction, Subject: "shop", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.InvokeAlias(t.Context(), []byte("{}")); err == nil || !strings.Contains(err.Error(), "TooManyRequestsException") {
		t.Errorf("throttled: got %v", err)
	}
	for _, c := range s.Invocations() {
		switch {
		case c.Version == "" && c.Errors != 1, c.Version == "7" && c.Errors != 0, c.Version == "8" && c.Errors != c.Invocations:
			t.Errorf("counted %+v", c)
		}
	}
}

func TestAnAliasNeedsAScenarioThatDeploysOne(t *testing.T) {
	s := start(t, nil)
	if err := s.CreateAlias(1, nil); err == nil {
		t.Error("an alias was created beside a service")
	}
	if _, err := s.PublishVersion(lambda.Function{}); err == nil {
		t.Error("a version was published beside a service")
	}
	if _, err := s.InvokeAlias(t.Context(), []byte("{}")); err == nil {
		t.Error("an alias was invoked beside a service")
	}
	if _, err := s.DeployVersion(t.Context(), "2", nil); err == nil {
		t.Error("a version was deployed beside a service")
	}
	_, err := simulator.Start(t.Context(), simulator.Config{Alias: &simulator.FunctionAlias{}, ECS: &simulator.ECSDeployments{}})
	if err == nil || !strings.Contains(err.Error(), "not by ECS") {
		t.Errorf("an alias that ECS deploys: got %v", err)
	}
}
