package registry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
)

func TestEachKindIsFoundInTheDocumentation(t *testing.T) {
	docs := filepath.Join("..", "..", "..", "docs")
	plan, err := os.ReadFile(filepath.Join(docs, "plan.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, kind := range registry.Kinds(registry.Environment{}) {
		if seen[kind.Key] {
			t.Errorf("two kinds have the key %s", kind.Key)
		}
		seen[kind.Key] = true
		if kind.Timeout <= 0 || kind.New() == kind.New() {
			t.Errorf("%s has a timeout of %s, or gives one check twice", kind.Key, kind.Timeout)
		}
		page := "[checks/" + kind.Key + ".md](checks/" + kind.Key + ".md)"
		if _, err := os.Stat(filepath.Join(docs, "checks", kind.Key+".md")); err != nil {
			t.Errorf("%s has no page: %v", kind.Key, err)
		}
		if row := "\n| `" + kind.Key + "` | "; !strings.Contains(string(plan), row) || !strings.Contains(string(plan), page) {
			t.Errorf("%s has no row in the table of kinds of docs/plan.md, or one that leads to no page", kind.Key)
		}
	}
}
