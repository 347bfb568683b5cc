//go:build unix

package lambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// publish makes a version that differs from those before it.
func publish(t *testing.T, s *lambda.Service, f lambda.Function, what string) lambda.Version {
	t.Helper()
	f.Description = what
	if err := s.Update(f); err != nil {
		t.Fatal(err)
	}
	v, err := s.Publish(f.Name, "")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func codeOf(err error) string {
	refused := new(lambda.APIError)
	if !errors.As(err, &refused) {
		return fmt.Sprintf("no APIError: %v", err)
	}
	return refused.Code
}

func TestAPublishedVersionStaysWhatItWas(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := function(t, "run")
	f.Env["STAGE"] = "old"
	create(t, s, f)
	first, err := s.Publish("hook", "the first")
	if err != nil || first.Number != "1" || first.Description != "the first" {
		t.Fatalf("got version %q (%s), %v", first.Number, first.Description, err)
	}
	f.Env = map[string]string{bootstrapVariable: "run", "STAGE": "new"}
	if err := s.Update(f); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"hook":         {"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "STAGE=new"},
		"hook:$LATEST": {"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "STAGE=new"},
		"hook:1":       {"AWS_LAMBDA_FUNCTION_VERSION=1", "STAGE=old"},
	} {
		result, err := s.Invoke(t.Context(), name, []byte(`{"Do":"environment"}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range want {
			if !strings.Contains(string(result.Payload), `"`+entry+`"`) {
				t.Errorf("%s: %q is missing in %s", name, entry, result.Payload)
			}
		}
	}
}

func TestAVersionIsOnlyPublishedOfSomethingNew(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := function(t, "run")
	create(t, s, f)
	numbers := func() string {
		v, err := s.Publish("hook", "")
		if err != nil {
			t.Fatal(err)
		}
		return v.Number
	}
	if got := numbers() + numbers(); got != "11" {
		t.Errorf("without a change in between, versions %s were published", got)
	}
	if err := s.Update(f); err != nil {
		t.Fatal(err)
	}
	if got := numbers(); got != "1" {
		t.Errorf("an update with nothing new made version %s", got)
	}
	f.MemoryMB = 256
	if err := s.Update(f); err != nil {
		t.Fatal(err)
	}
	if got := numbers(); got != "2" {
		t.Errorf("an update made version %s", got)
	}
	versions, err := s.Versions(s.ARN("hook"))
	if err != nil || len(versions) != 3 || versions[0].Number != "$LATEST" || versions[2].Number != "2" {
		t.Errorf("versions %+v, %v", versions, err)
	}
}

func TestAnUpdateEndsTheIdleSandboxes(t *testing.T) {
	s, r := start(t, lambda.Config{})
	f := function(t, "run")
	create(t, s, f)
	invoke(t, s, "echo", "")
	if err := s.Update(f); err != nil {
		t.Fatal(err)
	}
	invoke(t, s, "echo", "")
	<-r.invocations
	if second := <-r.invocations; !second.Cold {
		t.Error("the updated function ran in the old sandbox")
	}
}

func TestAFunctionLearnsHowItWasCalled(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := function(t, "run")
	create(t, s, f)
	publish(t, s, f, "new")
	if _, err := s.CreateAlias(lambda.AliasConfig{Function: "hook", Name: "live", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hook", "hook:1", "hook:live", "hook:$LATEST"} {
		result, err := s.Invoke(t.Context(), s.ARN(name), []byte(`{"Do":"headers"}`))
		if err != nil {
			t.Fatal(err)
		}
		var header http.Header
		if err := json.Unmarshal(result.Payload, &header); err != nil {
			t.Fatal(err)
		}
		if got := header.Get("Lambda-Runtime-Invoked-Function-Arn"); got != s.ARN(name) {
			t.Errorf("called as %s, it was told %s", s.ARN(name), got)
		}
	}
}

func TestAnAliasSharesInvocationsOutByWeight(t *testing.T) {
	next := 0.0
	s, _ := start(t, lambda.Config{Random: func() float64 { return next }})
	f := webhook(t, echo)
	create(t, s, f)
	publish(t, s, f, "one")
	publish(t, s, f, "two")
	_, err := s.CreateAlias(lambda.AliasConfig{Function: "hook", Name: "live", Version: "1", AdditionalVersionWeights: map[string]float64{"2": 0.1}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why    string
		random float64
		want   string
	}{
		{"below the weight it is the additional version", 0, "2"},
		{"just below as well", 0.0999, "2"},
		{"at the weight it is the main version", 0.1, "1"},
		{"and so above", 0.9999, "1"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			next = test.random
			result, err := s.Invoke(t.Context(), "hook:live", []byte(`{}`))
			if err != nil || result.Version != test.want {
				t.Errorf("version %s ran, want %s (%v)", result.Version, test.want, err)
			}
		})
	}
}

func TestTheShareOfAnAliasIsAboutItsWeight(t *testing.T) {
	s := lambda.New(lambda.Config{}) // more invocations than a recorder holds
	t.Cleanup(s.Close)
	f := webhook(t, echo)
	create(t, s, f)
	publish(t, s, f, "one")
	publish(t, s, f, "two")
	if _, err := s.CreateAlias(lambda.AliasConfig{Function: "hook", Name: "live", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	alias, err := s.Alias("hook", "live")
	if err != nil {
		t.Fatal(err)
	}
	if err := alias.Shift("2", 0.5); err != nil {
		t.Fatal(err)
	}
	const runs = 300
	second := 0
	for range runs {
		result, err := s.Invoke(t.Context(), "hook:live", []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		if result.Version == "2" {
			second++
		}
	}
	// Beyond nine standard deviations of a fair coin, this is no chance.
	if second < 72 || second > 228 {
		t.Errorf("%d of %d invocations got the version with half of the weight", second, runs)
	}
}

func TestADeploymentMovesAnAlias(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := webhook(t, echo)
	create(t, s, f)
	for _, what := range []string{"one", "two"} {
		publish(t, s, f, what)
	}
	if _, err := s.CreateAlias(lambda.AliasConfig{Function: "hook", Name: "live", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	alias, err := s.Alias(s.ARN("hook"), "live")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why     string
		target  string
		weight  float64
		current string
		weights map[string]float64
	}{
		{"a canary leaves the current version", "2", 0.1, "1", map[string]float64{"1": 0.9, "2": 0.1}},
		{"a step more", "2", 0.5, "1", map[string]float64{"1": 0.5, "2": 0.5}},
		{"back to nothing", "2", 0, "1", map[string]float64{"1": 1}},
		{"again", "2", 0.2, "1", map[string]float64{"1": 0.8, "2": 0.2}},
		{"rolled back to the current version", "1", 1, "1", map[string]float64{"1": 1}},
		{"all at once makes the target current", "2", 1, "2", map[string]float64{"2": 1}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if err := alias.Shift(test.target, test.weight); err != nil {
				t.Fatal(err)
			}
			if got := alias.CurrentVersion(); got != test.current {
				t.Errorf("the current version is %s, want %s", got, test.current)
			}
			if diff := cmp.Diff(test.weights, alias.Weights(), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Errorf("weights (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("but not to what isn't there", func(t *testing.T) {
		for _, weight := range []float64{0, 0.5, 1} {
			if got := codeOf(alias.Shift("9", weight)); got != "ResourceNotFoundException" {
				t.Errorf("weight %v: got %s", weight, got)
			}
		}
		if got := codeOf(alias.Shift("1", 1.5)); got != "InvalidParameterValueException" {
			t.Errorf("got %s", got)
		}
		if got := alias.CurrentVersion(); got != "2" {
			t.Errorf("a refused shift moved the alias to %s", got)
		}
	})
}

func TestWhatLambdaRefusesInAnAlias(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := webhook(t, echo)
	create(t, s, f)
	publish(t, s, f, "one")
	publish(t, s, f, "two")
	if _, err := s.CreateAlias(lambda.AliasConfig{Function: "hook", Name: "taken", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why   string
		alias lambda.AliasConfig
		code  string
	}{
		{"a name is taken once", lambda.AliasConfig{Name: "taken", Version: "1"}, "ResourceConflictException"},
		{"a name isn't a number, which is a version", lambda.AliasConfig{Name: "12", Version: "1"}, "ValidationException"},
		{"a name has no dot", lambda.AliasConfig{Name: "a.b", Version: "1"}, "ValidationException"},
		{"the version must be there", lambda.AliasConfig{Name: "a", Version: "3"}, "ResourceNotFoundException"},
		{"the function must be there", lambda.AliasConfig{Function: "other", Name: "a", Version: "1"}, "ResourceNotFoundException"},
		{"the additional version must be there", lambda.AliasConfig{Name: "a", Version: "1", AdditionalVersionWeights: map[string]float64{"3": 0.1}}, "ResourceNotFoundException"},
		{"a weight is a share", lambda.AliasConfig{Name: "a", Version: "1", AdditionalVersionWeights: map[string]float64{"2": 10}}, "InvalidParameterValueException"},
		{"two versions are the most", lambda.AliasConfig{Name: "a", Version: "1", AdditionalVersionWeights: map[string]float64{"2": 0.1, "1": 0.1}}, "InvalidParameterValueException"},
		{"they must differ", lambda.AliasConfig{Name: "a", Version: "1", AdditionalVersionWeights: map[string]float64{"1": 0.1}}, "InvalidParameterValueException"},
		{"$LATEST takes no part in sharing", lambda.AliasConfig{Name: "a", Version: "$LATEST", AdditionalVersionWeights: map[string]float64{"1": 0.1}}, "InvalidParameterValueException"},
		{"on neither side", lambda.AliasConfig{Name: "a", Version: "1", AdditionalVersionWeights: map[string]float64{"$LATEST": 0.1}}, "InvalidParameterValueException"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if test.alias.Function == "" {
				test.alias.Function = "hook"
			}
			_, err := s.CreateAlias(test.alias)
			if got := codeOf(err); got != test.code {
				t.Errorf("got %s, want %s: %v", got, test.code, err)
			}
		})
	}
	t.Run("but $LATEST alone may have an alias", func(t *testing.T) {
		if _, err := s.CreateAlias(lambda.AliasConfig{Function: "hook", Name: "dev", Version: "$LATEST"}); err != nil {
			t.Error(err)
		}
	})
	t.Run("and an unknown qualifier is no function", func(t *testing.T) {
		for _, name := range []string{"hook:3", "hook:gone", s.ARN("hook:gone")} {
			if _, err := s.Invoke(t.Context(), name, []byte("{}")); codeOf(err) != "ResourceNotFoundException" {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestAnUpdateIsCheckedAsACreationIs(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := webhook(t, echo)
	if err := s.Update(f); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("a function that isn't there: %v", err)
	}
	create(t, s, f)
	f.MemoryMB = 1
	if err := s.Update(f); err == nil || !strings.Contains(err.Error(), `updating function "hook": memory of 1 MB is out of range`) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Invoke(t.Context(), "hook", []byte("{}")); err != nil {
		t.Errorf("after refused updates: %v", err)
	}
}

func TestAnAliasThatWasDeletedHasNoTraffic(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := webhook(t, echo)
	create(t, s, f)
	publish(t, s, f, "one")
	if _, err := s.Alias("hook", "live"); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("before it was created: %v", err)
	}
	if _, err := s.CreateAlias(lambda.AliasConfig{Function: "hook", Name: "live", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	alias, err := s.Alias("hook", "live")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteAlias("hook", "live"); err != nil {
		t.Fatal(err)
	}
	if alias.CurrentVersion() != "" || len(alias.Weights()) != 0 || codeOf(alias.Shift("1", 1)) != "ResourceNotFoundException" {
		t.Errorf("it points to %q with %v", alias.CurrentVersion(), alias.Weights())
	}
}

func TestVersionsMayBeginWithANumberOfOnesOwn(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	create(t, s, function(t, "run"))
	if v, err := s.PublishAs("hook", 41, "the live one"); err != nil || v.Number != "41" || v.Description != "the live one" {
		t.Fatalf("got version %q (%s), %v", v.Number, v.Description, err)
	}
	if v, err := s.PublishAs("hook", 43, ""); err != nil || v.Number != "43" {
		t.Errorf("got version %q, %v: nothing has changed, and a number was asked for", v.Number, err)
	}
	if _, err := s.PublishAs("hook", 43, ""); err == nil || !strings.Contains(err.Error(), "the last version is 43") {
		t.Errorf("a number twice: got %v", err)
	}
	if _, err := s.PublishAs("none", 1, ""); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("of a function that isn't there: got %v", err)
	}
	if v := publish(t, s, function(t, "run"), "another"); v.Number != "44" {
		t.Errorf("the next version is %s, want 44", v.Number)
	}
}

func TestWhoFollowsAliasesHearsOfChangedRoutesAlone(t *testing.T) {
	var heard []map[string]float64
	s, _ := start(t, lambda.Config{Rerouted: func(a lambda.AliasConfig) { heard = append(heard, a.Weights()) }})
	f := function(t, "run")
	create(t, s, f)
	publish(t, s, f, "one")
	publish(t, s, f, "two")
	if _, err := s.CreateAlias(lambda.AliasConfig{Function: "hook", Name: "live", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	alias, err := s.Alias("hook", "live")
	if err != nil {
		t.Fatal(err)
	}
	for _, weight := range []float64{0.25, 0.25, 1, 1} {
		if err := alias.Shift("2", weight); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.UpdateAlias("hook", "live", "", func(a *lambda.AliasConfig) { a.Description = "other words" }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]float64{{"1": 1}, {"1": 0.75, "2": 0.25}, {"2": 1}}, heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
