package action_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// The action's inputs reach its scripts by variables, never as part of a command: what an input holds can't become one.
func TestTheActionsInputsAndOutputsAreThoseOfItsScripts(t *testing.T) {
	text, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Inputs  map[string]struct{ Description, Default string }
		Outputs map[string]struct{ Value string }
		Runs    struct {
			Steps []struct {
				ID, Run string
				Dir     string `yaml:"working-directory"`
				Env     map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	input := regexp.MustCompile(`^\$\{\{ inputs\.([a-z-]+) \}\}$`)
	variable := regexp.MustCompile(`GREENLIGHT_ACTION_[A-Z_]+`)
	var used []string
	for _, step := range action.Runs.Steps {
		name := regexp.MustCompile(`^bash "\$GITHUB_ACTION_PATH/(action/[a-z]+\.sh)"$`).FindStringSubmatch(step.Run)
		if name == nil {
			t.Fatalf("the step runs %q, and should run a script of the action", step.Run)
		}
		script, err := os.ReadFile("../" + name[1])
		if err != nil {
			t.Fatal(err)
		}
		read := slices.Compact(slices.Sorted(slices.Values(variable.FindAllString(string(script), -1))))
		if diff := cmp.Diff(slices.Sorted(maps.Keys(step.Env)), read); diff != "" {
			t.Errorf("%s (-set +read):\n%s", name[1], diff)
		}
		for _, value := range append(slices.Collect(maps.Values(step.Env)), step.Dir) {
			if found := input.FindStringSubmatch(value); found != nil {
				used = append(used, found[1])
			}
		}
		if step.ID == "run" {
			for output, o := range action.Outputs {
				if o.Value != "${{ steps.run.outputs."+output+" }}" || !strings.Contains(string(script), output+"=") {
					t.Errorf("the output %s is %s, which %s doesn't write", output, o.Value, name[1])
				}
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(action.Inputs)), slices.Sorted(slices.Values(used))); diff != "" {
		t.Errorf("inputs (-declared +used):\n%s", diff)
	}
	page, err := os.ReadFile("../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(action.Inputs)), slices.Collect(maps.Keys(action.Outputs))) {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/install.md doesn't say what %s is", name)
		}
	}
}
