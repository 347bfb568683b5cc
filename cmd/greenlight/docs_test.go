package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
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
		blocks := yamlBlock.FindAllStringSubmatch(string(text), -1)
		for _, block := range blocks {
			found++
			source := block[1]
			if !regexp.MustCompile(`(?m)^version:`).MatchString(source) {
				source = "version: 1\n" + source
			}
			language := language(nil, registry.Environment{CommandLine: true})
			if _, err := language.Parse(plan.Source{Name: filepath.Base(page), Text: []byte(source), Include: shown(blocks)}); err != nil {
				t.Errorf("%v, in:\n%s", err, source)
			}
		}
	}
	if found == 0 {
		t.Error("the documentation has no example of a plan")
	}
}

// shown includes the examples of a page that begin with a file's name: # health.yaml
type shown [][]string

func (s shown) Resolve(file string) (string, error) { return file, nil }

func (s shown) Read(name string) (plan.Source, error) {
	for _, block := range s {
		if strings.HasPrefix(block[1], "# "+name+"\n") {
			return plan.Source{Name: name, Text: []byte(block[1])}, nil
		}
	}
	return plan.Source{}, fmt.Errorf("the page shows no %s", name)
}
