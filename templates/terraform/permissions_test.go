// Package terraform holds the Terraform module against greenlight's code: its IAM statements are written from there.
package terraform

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

var update = flag.Bool("update", false, "write what the module and its tests read anew")

// call is an action that greenlight's code calls, as the module reads it: its resource is a template of Terraform's.
type call struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Why      string `json:"why"`
	// Platforms are those whose deployments take it; without any, all do.
	Platforms []string `json:"platforms,omitempty"`
}

// variables are what the module's templates have for the placeholders of the code's tables.
var variables = strings.NewReplacer(
	"PARTITION", "${partition}", "REGION", "${region}", "ACCOUNT", "${account}", "APPLICATION", "${application}", "GROUP", "${group}",
	"CLUSTER", "${cluster}", "SERVICE", "${service}", "FUNCTION", "${function}", "DEPLOYED", "${deployed}", "BUCKET", "${bucket}", "KEY", "${key}", "NAME", "${name}",
)

// platforms are the deployment package's, as the module spells them.
var platforms = map[deployment.Platform]string{
	deployment.CodeDeployECS: "ecs", deployment.CodeDeployLambda: "lambda", deployment.ECS: "ecs",
}

// calls are all features that a gate's roles may need.
func calls() map[string][]call {
	all := map[string][]call{}
	for _, f := range doctor.Features() {
		if f.Name == doctor.FeatureDoctor {
			continue // for people, not for a role of the gate's
		}
		for _, a := range f.Actions {
			all[f.Name] = append(all[f.Name], call{a.Name, variables.Replace(a.Resource), a.Why, platformsOf(a)})
		}
	}
	for _, a := range planstore.Actions() {
		all["plan-"+a.Scheme] = append(all["plan-"+a.Scheme], call{a.Name, keyed(a.Name, a.Resource), a.Why, nil})
	}
	for _, a := range secret.Actions() {
		all["secret-"+a.Scheme] = append(all["secret-"+a.Scheme], call{a.Name, keyed(a.Name, a.Resource), a.Why, nil})
	}
	return all
}

// keyed is the resource's template of what lies in AWS. Keys are given by their ARNs.
func keyed(action, resource string) string {
	if strings.HasPrefix(action, "kms:") {
		return "${kms_key_arn}"
	}
	return variables.Replace(resource)
}

func described(a doctor.Action) []deployment.Platform {
	for _, d := range deployment.Actions() {
		if d.Name == a.Name && d.Resource == a.Resource && d.Why == a.Why {
			return d.Platforms
		}
	}
	return nil
}

func platformsOf(a doctor.Action) []string {
	var names []string
	for _, p := range described(a) {
		names = append(names, platforms[p])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestTheModulesPermissionsAreTheCodes(t *testing.T) {
	holds(t, "permissions.json", calls())
}

// A part of a role that the module's tests plan: the generator knows one place at a time, and not which platform is deployed there.
type part struct {
	features []string
	platform deployment.Platform
	at       doctor.Place
}

// scenarios are the roles that the module's tests plan, by what the code says that they need.
var scenarios = map[string][]part{
	"codedeploy-ecs": {
		{[]string{doctor.FeatureCodeDeploy}, deployment.CodeDeployECS, shop(doctor.Place{Application: "shop", Group: "production", Cluster: "main", Service: "web"})},
		{[]string{doctor.FeatureHandOver, doctor.FeatureLogs}, "", shop(doctor.Place{Function: gate})},
	},
	"codedeploy-lambda": {
		{[]string{doctor.FeatureCodeDeploy}, deployment.CodeDeployLambda, shop(doctor.Place{Application: "shop", Group: "production", Deployed: "checkout"})},
		{[]string{doctor.FeatureHandOver, doctor.FeatureLogs}, "", shop(doctor.Place{Function: gate})},
	},
	"ecs": {
		{[]string{doctor.FeatureECS, doctor.FeatureLogs}, "", shop(doctor.Place{Cluster: "main", Service: "web", Function: gate})},
	},
	"everything": {
		{[]string{doctor.FeatureCodeDeploy}, deployment.CodeDeployECS, shop(doctor.Place{Application: "shop", Group: "production", Cluster: "main", Service: "web"})},
		{[]string{doctor.FeatureCodeDeploy}, deployment.CodeDeployLambda, shop(doctor.Place{Application: "till", Group: "production", Deployed: "checkout"})},
		{[]string{doctor.FeatureECS, doctor.FeaturePause}, "", shop(doctor.Place{Cluster: "main", Service: "web", Function: gate})},
		{[]string{doctor.FeatureECS, doctor.FeaturePause}, "", shop(doctor.Place{Cluster: "main", Service: "api", Function: gate})},
		{
			[]string{doctor.FeatureHandOver, doctor.FeatureLogs, doctor.FeatureVPC, "targets", "lambda", "alarms", "cloudwatch", "prometheus"},
			"", shop(doctor.Place{Function: gate}),
		},
	},
	"invoke": {
		{[]string{doctor.FeatureInvoke}, "", shop(doctor.Place{Function: gate})},
	},
}

const gate = "CodeDeployHook_greenlight"

// shop is a place in the account that the module's tests pretend to be in.
func shop(p doctor.Place) doctor.Place {
	p.Region, p.Account = "eu-west-1", "123456789012"
	return p
}

func TestTheModulesTestsExpectWhatThePolicyGeneratorSays(t *testing.T) {
	expected := map[string][]string{}
	for name, parts := range scenarios {
		for _, part := range parts {
			policy, err := doctor.NewPolicy(part.features, part.at)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range policy.Statement {
				for _, action := range s.Action {
					for _, resource := range s.Resource {
						if part.takes(action) {
							expected[name] = append(expected[name], action+" "+resource)
						}
					}
				}
			}
		}
		slices.Sort(expected[name])
		expected[name] = slices.Compact(expected[name])
	}
	holds(t, "tests/expected.json", expected)
}

// takes says whether an action is for the part's platform.
func (p part) takes(action string) bool {
	for _, a := range deployment.Actions() {
		if a.Name == action && p.platform != "" {
			return slices.Contains(a.Platforms, p.platform)
		}
	}
	return true
}

// holds compares a file with what the code says, or writes it.
func holds(t *testing.T, file string, want any) {
	t.Helper()
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text.String(), string(got)); diff != "" {
		t.Errorf("%s isn't what the code calls (-code +file); go test ./templates/terraform -update writes it:\n%s", file, diff)
	}
}
