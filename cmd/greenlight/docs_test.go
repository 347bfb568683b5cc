package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/plan"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Every example of a plan in the documentation is one that greenlight takes. Those that show a list of checks alone are
// read as a plan's.
func TestThePlansInTheDocumentationAreRight(t *testing.T) {
	pages := []string{"../../README.md"}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/checks/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	texts := map[string][]byte{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		texts[page] = text
	}
	t.Chdir("testdata/docs") // where the files are that the examples name
	found := 0
	for _, page := range pages {
		text := texts[page]
		for _, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
			found++
			source := block[1]
			if !strings.HasPrefix(source, "version:") {
				source = "version: 1\n" + source
			}
			if _, err := language(nil, nil).Parse(plan.Source{Name: filepath.Base(page), Text: []byte(source)}); err != nil {
				t.Errorf("%v, in:\n%s", err, source)
			}
		}
	}
	if found == 0 {
		t.Error("the documentation has no example of a plan")
	}
}
