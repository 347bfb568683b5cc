//go:build !function

package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// excerpts are the folders whose Go files pages may show pieces of, as they stand there.
var excerpts = []string{"templates/go", "hook", "simulatortest"}

// The Go of the documentation is a piece of a file, or it compiles. What such a piece needs of its surroundings is
// supplied: a package, imports, and the check that a page leaves to its reader.
func TestTheGoInTheDocumentationStandsInAFileOrCompiles(t *testing.T) {
	files := goFiles(t)
	var own []example
	shown := 0
	for _, p := range documentation(t) {
		for _, e := range p.in("go") {
			if strings.Contains(files, "\n"+e.text) {
				shown++
				continue
			}
			own = append(own, e)
		}
	}
	if shown == 0 || len(own) == 0 {
		t.Errorf("%d examples are pieces of files, and %d aren't", shown, len(own))
	}
	compile(t, own)
}

func goFiles(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range excerpts {
		if err := filepath.WalkDir(filepath.Join(repository, folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" {
				return err
			}
			text, err := os.ReadFile(name)
			fmt.Fprintf(&all, "\n%s", text)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// surroundings are what examples use without importing it.
var surroundings = map[string]string{
	"context": "context", "testing": "testing", "time": "time",
	"hook":          "github.com/greenlight-deploy/greenlight/hook",
	"simulatortest": "github.com/greenlight-deploy/greenlight/simulatortest",
}

// compile has the go command judge examples, each as a package of its own that is laid over the repository. None is a main
// package, which would be linked.
func compile(t *testing.T, examples []example) {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	arguments := []string{"build", "-overlay", filepath.Join(t.TempDir(), "overlay.json")}
	for i, e := range examples {
		folder := fmt.Sprintf("documented%d", i)
		for name, text := range map[string]string{"shown.go": complete(e), "reader.go": ofTheReader} {
			laid := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(laid, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			overlay.Replace[filepath.Join(root, folder, name)] = laid
		}
		arguments = append(arguments, "./"+folder)
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(arguments[2], text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		for i, e := range examples {
			t.Logf("documented%d is %s:%d", i, e.page, e.line)
		}
		t.Errorf("%v\n%s", err, out)
	}
}

const ofTheReader = `package shown

import "context"

var _ = smokeTest

func smokeTest(context.Context) error { return nil }
`

// complete gives an example its package clause, and the imports that it uses where it has none.
func complete(e example) string {
	if rest, whole := strings.CutPrefix(e.text, "package main\n"); whole {
		return "package shown\n" + rest
	}
	var b strings.Builder
	b.WriteString("package shown\n\nimport (\n")
	for name, path := range surroundings {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(e.text) {
			fmt.Fprintf(&b, "\t%q\n", path)
		}
	}
	return b.String() + ")\n\n" + e.text
}
