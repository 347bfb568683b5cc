package bundle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// unpacked writes the files of an archive to a new folder.
func unpacked(t *testing.T, archive string) string {
	t.Helper()
	folder := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(folder, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func language() plan.Language {
	return plan.Language{Kinds: registry.Kinds(registry.Environment{}), Names: deployment.Names()}
}

const shared = `
-- deploy/shop.yaml --
version: 1
checks:
  - include: common/health.yaml
  - scenario:
      - include: common/sign-in.yaml
      - http: GET /accounts/{{ account }}
-- deploy/common/health.yaml --
version: 1
checks: [http: GET /health, include: more/answers.yaml]
-- deploy/common/more/answers.yaml --
version: 1
checks: [http: {path: /, tls: {ca: nowhere.pem}}]
-- deploy/common/sign-in.yaml --
version: 1
checks:
  - scenario:
      - http: POST /login
        capture: {account: $.id}
`

func TestAPlanIsPackedWithWhatItIncludes(t *testing.T) {
	folder := unpacked(t, shared)
	files, err := Plan(filepath.Join(folder, "deploy", "shop.yaml"), language())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	function := t.TempDir()
	for _, f := range files {
		names = append(names, f.Name)
		path := filepath.Join(function, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{plan.FileName, "common/health.yaml", "common/more/answers.yaml", "common/sign-in.yaml"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("what is packed (-want +got):\n%s", diff)
	}
	source, err := plan.ReadFile(filepath.Join(function, plan.FileName))
	if err != nil {
		t.Fatal(err)
	}
	p, err := language().Parse(source)
	if err != nil {
		t.Fatalf("the function can't read what was packed: %v", err)
	}
	if got := len(p.Anywhere().Checks); got != 3 {
		t.Errorf("the function reads %d checks, want 3", got)
	}
}

func TestAnIncludedFileThatTheFunctionWouldNotFindIsRefused(t *testing.T) {
	for _, tt := range []struct{ why, archive, want string }{
		{"outside", "-- deploy/shop.yaml --\nversion: 1\nchecks: [include: ../common.yaml]\n-- common.yaml --\nversion: 1\nchecks: [http: /]\n", "common.yaml, which the plan includes: it lies outside of the plan's folder"},
		{"missing", "-- deploy/shop.yaml --\nversion: 1\nchecks: [scenario: [include: gone.yaml]]\n", "gone.yaml: no such file or directory"},
		{"of a name that is taken", "-- deploy/shop.yaml --\nversion: 1\nchecks: [include: greenlight.yaml]\n-- deploy/greenlight.yaml --\nversion: 1\nchecks: [http: /]\n", "in the function greenlight.yaml is another file"},
	} {
		_, err := Plan(filepath.Join(unpacked(t, tt.archive), "deploy", "shop.yaml"), language())
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.why, err, tt.want)
		}
	}
}
