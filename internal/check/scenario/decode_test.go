package scenariocheck_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

var update = flag.Bool("update", false, "write what the code says now into testdata")

// TestWrongScenarios reads pairs of <case>.yaml, a check, and <case>.want: all that is wrong with it. Renew the texts with
// -update, and read the difference.
func TestWrongScenarios(t *testing.T) {
	const path = "testdata/wrong.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var files []txtar.File
	for i := 0; i < len(archive.Files); i++ {
		in := archive.Files[i]
		name := strings.TrimSuffix(in.Name, ".yaml")
		want := txtar.File{Name: name + ".want"}
		if i+1 < len(archive.Files) && archive.Files[i+1].Name == want.Name {
			want.Data = archive.Files[i+1].Data
			i++
		}
		t.Run(name, func(t *testing.T) {
			_, err := tryDecode(string(in.Data), httpcheck.Network{})
			got := problems(err)
			if diff := cmp.Diff(string(want.Data), got); diff != "" && !*update {
				t.Errorf("what is said of the scenario (-want +got):\n%s", diff)
			}
			want.Data = []byte(got)
		})
		files = append(files, in, want)
	}
	if *update {
		archive.Files = files
		if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// problems shows an error as the command line does.
func problems(err error) string {
	var all strictyaml.Problems
	if !errors.As(err, &all) {
		return fmt.Sprintf("not Problems: %v\n", err)
	}
	var b strings.Builder
	for _, p := range all {
		b.WriteString(p.Error() + "\n")
		if excerpt := p.Excerpt(); excerpt != "" {
			b.WriteString(excerpt + "\n")
		}
	}
	return b.String()
}
