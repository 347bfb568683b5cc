package strictyaml_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

var update = flag.Bool("update", false, "write what the code says now into testdata")

// TestProblems reads every archive in testdata: pairs of <case>.yaml and <case>.want, the text that a user sees. The
// archive's comment says what its cases have in common. Renew the texts with -update, and read the difference.
func TestProblems(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i+1 < len(archive.Files); i += 2 {
				in, want := archive.Files[i], &archive.Files[i+1]
				name := strings.TrimSuffix(in.Name, ".yaml")
				if want.Name != name+".want" {
					t.Fatalf("%s is followed by %s", in.Name, want.Name)
				}
				t.Run(name, func(t *testing.T) {
					got := shown(read(string(in.Data), new(plan)))
					if *update {
						want.Data = []byte(got)
						return
					}
					if diff := cmp.Diff(string(want.Data), got); diff != "" {
						t.Errorf("what the user sees (-want +got):\n%s", diff)
					}
				})
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// shown renders an error as the command line does: each problem with its excerpt.
func shown(err error) string {
	if err == nil {
		return "fine\n"
	}
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return "not Problems: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.Error() + "\n")
		if excerpt := p.Excerpt(); excerpt != "" {
			b.WriteString(excerpt + "\n")
		}
	}
	return b.String()
}
