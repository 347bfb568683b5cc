// Package cdk holds the CDK library's IAM statements against the code that makes the calls.
package cdk

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/planstore"
	"github.com/greenlight-deploy/greenlight/internal/secret"
)

var update = flag.Bool("update", false, "write what is read by the library anew")

// statementsFile is what the library makes the roles' policies of.
const statementsFile = "src/statements.json"

// An action is one that greenlight's code calls, as the library reads it.
type action struct {
	Name     string `json:"name"`
	Resource string `json:"resource"`
	Why      string `json:"why"`
	// Platforms are those whose deployments take it; all where there are none.
	Platforms []string `json:"platforms,omitempty"`
	// Optional says that greenlight works without it, and says what is missing.
	Optional bool `json:"optional,omitempty"`
}

// deployed is what stands for the function that is deployed.
const deployed = "DEPLOYED"

// platforms are the deployment package's, as the library spells them.
var platforms = map[deployment.Platform]string{
	deployment.CodeDeployECS: "codedeploy-ecs", deployment.CodeDeployLambda: "codedeploy-lambda", deployment.ECS: "ecs",
}

// TestStatementsAreThoseOfTheCode fails where the code calls what the library's roles don't allow, or no longer calls what they do.
func TestStatementsAreThoseOfTheCode(t *testing.T) {
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(statements()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(statementsFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(statementsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("%s isn't what the code calls (-code +file); go test ./templates/cdk -update writes it, and the library's tests show what it changes:\n%s", statementsFile, diff)
	}
}

func TestStatementsHaveNoPlaceholderThatTheLibraryDoesntFillIn(t *testing.T) {
	known := []string{"PARTITION", "REGION", "ACCOUNT", "APPLICATION", "GROUP", "CLUSTER", "SERVICE", "FUNCTION", deployed, "BUCKET", "KEY", "NAME"}
	for feature, actions := range statements() {
		for _, a := range actions {
			for _, word := range strings.FieldsFunc(a.Resource, func(r rune) bool { return r < 'A' || r > 'Z' }) {
				if !slices.Contains(known, word) {
					t.Errorf("%s: %s is for %s, and the library has nothing for %s", feature, a.Name, a.Resource, word)
				}
			}
		}
	}
}

// statements are the features that a gate's roles may need, with what they call.
func statements() map[string][]action {
	all := map[string][]action{}
	for _, f := range doctor.Features() {
		if f.Name == doctor.FeatureDoctor {
			continue // for people, not for a role of the gate's
		}
		for _, a := range f.Actions {
			all[f.Name] = append(all[f.Name], described(a))
		}
	}
	for _, a := range planstore.Actions() {
		name := "plan-" + a.Scheme
		all[name] = append(all[name], action{Name: a.Name, Resource: a.Resource, Why: a.Why, Optional: a.Optional})
	}
	for _, a := range secret.Actions() {
		name := "secret-" + a.Scheme
		all[name] = append(all[name], action{Name: a.Name, Resource: a.Resource, Why: a.Why, Optional: a.Optional})
	}
	return all
}

// described is an action of doctor's table, with the platforms that the deployment package's has for it.
func described(a doctor.Action) action {
	out := action{Name: a.Name, Resource: a.Resource, Why: a.Why, Optional: a.Optional}
	for _, of := range deployment.Actions() {
		if of.Name != a.Name || of.Resource != a.Resource || of.Why != a.Why {
			continue
		}
		for _, p := range of.Platforms {
			out.Platforms = append(out.Platforms, platforms[p])
		}
	}
	return out
}
