package terraform

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// Lambda gives a function's environment 4096 bytes, and the examples' plans go there.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const environmentLimit = 4096

func TestTheExamplesPlansAreRightAndFitTheFunctionsEnvironment(t *testing.T) {
	plans, err := filepath.Glob("examples/*/greenlight.yaml")
	if err != nil || len(plans) != 3 {
		t.Fatal("the examples have plans", plans, err)
	}
	for _, path := range plans {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		language := plan.Language{Kinds: registry.Kinds(registry.Environment{}), Names: deployment.Names()}
		if _, err := language.Parse(plan.Source{Name: path, Text: text}); err != nil {
			t.Error(err)
		}
		if len(text) > environmentLimit-len(plan.EnvPlan) {
			t.Errorf("%s has %d bytes", path, len(text))
		}
	}
}
