package completion_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/usage"
	"github.com/greenlight-deploy/greenlight/internal/usage/completion"
)

var update = flag.Bool("update", false, "write what the code says now into testdata")

// program has every sort of flag and argument, and texts with what shells read in them.
func program() usage.Program {
	return usage.Program{
		Name: "tool", Summary: "does it",
		Commands: []usage.Command{
			{
				Name: "run", Summary: "Run a plan's checks: all [of them]", Operands: usage.Values{Files: true},
				Flags: []usage.Flag{
					{Name: "json", Usage: "one document"},
					{Name: "stage", Value: "stage", Usage: "the stage, by CodeDeploy's name", Values: usage.Values{Words: []string{"Before", "After"}}},
					{Name: "url", Value: "URL", Usage: `where: a\b [c]`},
					{Name: "var", Value: "name=value", Usage: "a variable", Repeats: true},
					{Name: "w", Usage: "write"},
				},
			},
			{
				Name: "policy", Summary: "Print $policy",
				Flags: []usage.Flag{
					{Name: "event", Value: "file", Usage: "the event", Values: usage.Values{Files: true}},
					{Name: "feature", Value: "name,name…", Usage: "what for", Values: usage.Values{Words: []string{"ecs", "logs"}, List: true}},
				},
			},
			{Name: "schema", Summary: "Print a schema", Operands: usage.Values{Words: []string{"plan", "cases"}}},
		},
	}
}

func TestTheScriptOfEachShell(t *testing.T) {
	for _, shell := range completion.Shells() {
		var got strings.Builder
		if err := completion.Write(&got, shell, program()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", shell+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestAnUnknownShellIsNamedWithThoseThatAreKnown(t *testing.T) {
	err := completion.Write(new(strings.Builder), "tcsh", program())
	if err == nil || err.Error() != `no completion is written for the shell "tcsh": the shells are bash, zsh, fish, powershell` {
		t.Errorf("got %v", err)
	}
}
