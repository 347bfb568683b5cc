package plan_test

import (
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

const fingerprinted = `version: 1
vars: {sku: 42}
budget: 10m
identity: {http: GET /version, expect: {body: x}}
stages:
  AfterAllowTestTraffic:
    checks:
      - {name: a, http: "GET /{{ vars.sku }}", expect: {status: 200}}
  AfterAllowTraffic:
    checks: [{tcp: "b:1"}]
`

func TestAFingerprintTellsWhatAStageAsksFromSomethingElse(t *testing.T) {
	fingerprint := func(vars map[string]string, text string) string {
		p, err := language(vars).Parse(plan.Source{Name: "plan.yaml", Text: []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		return p.Stage(lifecycle.AfterAllowTestTraffic).Fingerprint
	}
	own := fingerprint(nil, fingerprinted)
	for _, tt := range []struct {
		why, old, changed string
		same              bool
	}{
		{"a comment", "version: 1", "# why\nversion: 1 # one", true},
		{"another way to write it", "{name: a,", "{'name': \"a\",", true},
		{"another stage", "b:1", "b:2", true},
		{"another check", "GET /{{", "HEAD /{{", false},
		{"what is expected", "status: 200", "status: 201", false},
		{"text in the place of a number", "status: 200", `status: "200"`, false},
		{"a variable", "sku: 42", "sku: 43", false},
		{"what all stages take", "budget: 10m", "budget: 11m", false},
		{"a rule", "budget: 10m", "budget: 10m\non_inconclusive: pass", false},
		{"how green is known", "body: x", "body: y", false},
		{"where green is", "budget: 10m", "budget: 10m\ngreen: shop", false},
	} {
		if got := fingerprint(nil, replaced(t, fingerprinted, tt.old, tt.changed)); (got == own) != tt.same {
			t.Errorf("%s: %s, of %s the same plan: want same to be %t", tt.why, got, own, tt.same)
		}
	}
	if fingerprint(map[string]string{"sku": "43"}, fingerprinted) == own {
		t.Error("a variable that is set from outside doesn't change it")
	}
}

func replaced(t *testing.T, text, old, changed string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q isn't once in the plan", old)
	}
	return strings.Replace(text, old, changed, 1)
}
