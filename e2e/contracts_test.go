//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Whole deployments, each with the packaged function as its hook: every contract, several rounds, hand-overs, pauses, rollbacks,
// first deployments, wrong wiring. They are the scenarios of the examples and of the command line's scripts, in which
// greenlight as it is built for a terminal is the hook.
func TestThePackagedFunctionServesEveryContract(t *testing.T) {
	greenlight := buildCommandLine(t)
	folders := map[string]string{}
	examples, err := filepath.Glob("../examples/*/scenario.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range examples {
		folder := filepath.Join(t.TempDir(), "example")
		if err := os.CopyFS(folder, os.DirFS(filepath.Dir(path))); err != nil {
			t.Fatal(err)
		}
		folders[filepath.Base(filepath.Dir(path))] = folder
	}
	scripts, err := filepath.Glob("../cmd/greenlight/testdata/script/hook_*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range scripts {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		if err := txtar.Write(archive, folder); err != nil {
			t.Fatal(err)
		}
		folders[strings.TrimSuffix(filepath.Base(path), ".txtar")] = folder
	}
	if len(examples) < 3 || len(scripts) < 3 {
		t.Fatalf("there are %d examples and %d scripts", len(examples), len(scripts))
	}
	bootstrap := filepath.Join(unpack(t), "bootstrap")
	for name, folder := range folders {
		for _, scenario := range withFunctions(t, folder, bootstrap) {
			t.Run(name+"/"+filepath.Base(scenario), func(t *testing.T) {
				t.Parallel()
				cmd := exec.CommandContext(t.Context(), greenlight, "simulate", scenario, "--logs")
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("it didn't end as expected: %v:\n%s", err, out)
				}
			})
		}
	}
}

// withFunctions puts the bootstrap into the place of greenlight as the function of each scenario in a folder.
func withFunctions(t *testing.T, folder, bootstrap string) (scenarios []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\nfunctions:") {
			continue // an AppSpec, or a plan
		}
		const itself = `command: ["{{ greenlight }}"]`
		if !strings.Contains(string(text), itself) {
			t.Fatalf("%s has a function that isn't greenlight", path)
		}
		changed := strings.ReplaceAll(string(text), itself, `command: ["`+bootstrap+`"]`)
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		scenarios = append(scenarios, path)
	}
	return scenarios
}
