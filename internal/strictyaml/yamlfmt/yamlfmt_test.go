package yamlfmt_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/yamlfmt"
)

// corpus are all files for strictyaml that the project has, by where they are from: examples, documentation, test data.
func corpus(t testing.TB) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir("../../..", func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".yaml", ".md", ".txtar":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			gather(texts, path, string(text))
		}
		return nil
	})
	if err != nil || len(texts) < 100 {
		t.Fatalf("%d files were found: %v", len(texts), err)
	}
	return texts
}

func gather(texts map[string]string, path, text string) {
	switch filepath.Ext(path) {
	case ".yaml":
		if !strings.Contains(text, "[[ .") { // a template is no YAML before it is filled in
			texts[path] = text
		}
	case ".md":
		for i, fenced := range regexp.MustCompile("(?s)```ya?ml\n(.*?)```").FindAllStringSubmatch(text, -1) {
			texts[path+"#"+string(rune('a'+i))] = fenced[1]
		}
	case ".txtar":
		for _, file := range txtar.Parse([]byte(text)).Files {
			if strings.HasSuffix(file.Name, ".yaml") {
				texts[path+"#"+file.Name] = string(file.Data)
			}
		}
	}
}

func TestNothingIsLostOfAnyFile(t *testing.T) {
	formatted := 0
	for path, text := range corpus(t) {
		if _, err := strictyaml.Parse(path, []byte(text)); err != nil {
			continue
		}
		out, err := yamlfmt.Source(path, []byte(text))
		if err != nil {
			if !strings.Contains(err.Error(), "has no layout") && !strings.Contains(err.Error(), "for the end of the line") {
				t.Errorf("%v, of\n%s", err, text)
			}
			continue
		}
		formatted++
		again, err := yamlfmt.Source(path, out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(out), string(again)); diff != "" {
			t.Errorf("%s isn't left alone the second time (-first +second):\n%s", path, diff)
		}
		if diff := cmp.Diff(fmt.Sprint(said(text)), fmt.Sprint(said(string(out)))); diff != "" { // NaN isn't NaN
			t.Errorf("%s says something else (-before +after):\n%s", path, diff)
		}
		if before, after := commentsOf(t, text), commentsOf(t, string(out)); before != after {
			t.Errorf("%s has %d comments, and had %d, in\n%s", path, after, before, out)
		}
	}
	if formatted < 100 {
		t.Errorf("%d files say little", formatted)
	}
}

// said is what a file says to whoever reads YAML.
func said(text string) any {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return "nothing, for a key stands there twice"
	}
	return value
}

// commentsOf counts the lines of comments as the YAML library finds them, which knows nothing of this package.
func commentsOf(t *testing.T, text string) int {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	count := 0
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			count += strings.Count(c, "#")
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(&root)
	return count
}

var update = flag.Bool("update", false, "write what the code does now into testdata")

// TestLayouts reads every archive in testdata: pairs of <case>.yaml and <case>.want, the layout, or why there is none.
func TestLayouts(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var files []txtar.File
		for i := 0; i < len(archive.Files); i++ {
			in := archive.Files[i]
			name := strings.TrimSuffix(in.Name, ".yaml")
			want := ""
			if i+1 < len(archive.Files) && archive.Files[i+1].Name == name+".want" {
				i++
				want = string(archive.Files[i].Data)
			}
			out, err := yamlfmt.Source("f.yaml", in.Data)
			if err != nil {
				out = []byte(err.Error() + "\n")
			}
			if files = append(files, in, txtar.File{Name: name + ".want", Data: out}); *update {
				continue
			}
			if diff := cmp.Diff(want, string(out)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if *update {
			archive.Files = files
			if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLineBreaksAndAByteOrderMarkAreNormalized(t *testing.T) {
	out, err := yamlfmt.Source("f.yaml", []byte("\uFEFFa: 1\r\nb: |\r\n  x\r\n  y\r\n"))
	if want := "a: 1\nb: |\n  x\n  y\n"; err != nil || string(out) != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}

// FuzzSource: whatever is YAML is laid out without loss, or refused with its place; and once.
func FuzzSource(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	archives, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(string(file.Data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := yamlfmt.Source("f.yaml", []byte(text))
		var refused strictyaml.Problems
		if errors.As(err, &refused) {
			return
		}
		if err != nil {
			t.Fatalf("%v\n%q", err, text)
		}
		again, err := yamlfmt.Source("f.yaml", out)
		if err != nil || string(again) != string(out) {
			t.Fatalf("%q becomes %q, and then %q, %v", text, out, again, err)
		}
	})
}

func TestALineFourTimesAsLongCostsAboutFourTimesAsMuch(t *testing.T) {
	allocated := func(items int) uint64 {
		src := []byte("a: [" + strings.Repeat("b, ", items) + "]\n")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := yamlfmt.Source("f.yaml", src); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if short, long := allocated(1000), allocated(4000); long > 8*short {
		t.Errorf("a line takes %d bytes of memory, and one four times as long %d", short, long)
	}
}
