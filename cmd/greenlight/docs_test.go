package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/yamlfmt"
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

// The cases that docs/testing.md shows are those of the plan that it shows, and as it says.
func TestTheCasesInTheDocumentationAreAsTheySay(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cases := regexp.MustCompile("(?s)```yml\n(# greenlight.test.yaml.*?)```").FindSubmatch(page)
	if err := errors.Join(
		os.WriteFile(filepath.Join(folder, "greenlight.test.yaml"), cases[1], 0o600),
		os.WriteFile(filepath.Join(folder, "greenlight.yaml"), yamlBlock.FindSubmatch(page)[1], 0o600),
	); err != nil {
		t.Fatal(err)
	}
	suite, err := plantest.ReadFile(filepath.Join(folder, "greenlight.test.yaml"), languageOver)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	shown := regexp.MustCompile("(?s)```\n(ok .*?)```").FindSubmatch(page)
	report, err := suite.Run(t.Context(), func(r plantest.Result) { fmt.Fprintf(&out, "ok    %s  \n", r.Case.Name) })
	if err != nil || report.Failed() > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	fmt.Fprintf(&out, "never failed in any case: %s\nok    greenlight.test.yaml: %d cases  \n", report.NeverFailed[0].Name, len(report.Results))
	if got := regexp.MustCompile(`[0-9.]+s\n`).ReplaceAllString(string(shown[1]), "\n"); got != out.String() {
		t.Errorf("the page shows\n%s, and what is printed is\n%s", got, out.String())
	}
}

// Every plan, case and scenario of the documentation and of the examples is laid out as greenlight fmt does it.
func TestExamplesAreLaidOutByFmt(t *testing.T) {
	examples, err := filepath.Glob("../../examples/*/*.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatal("there are no examples", err)
	}
	for _, path := range append(examples, "../../internal/demo/greenlight.yaml", "../../internal/simulator/scenario/example.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out, err := yamlfmt.Source(path, text)
		if err != nil || string(out) != string(text) {
			t.Errorf("%s: greenlight fmt -w changes it, %v:\n%s", path, err, cmp.Diff(string(text), string(out)))
		}
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
			if out, err := yamlfmt.Source(page, []byte(block[1])); err != nil || string(out) != block[1] {
				t.Errorf("%s: greenlight fmt changes an example, %v:\n%s", page, err, cmp.Diff(block[1], string(out)))
			}
		}
	}
}
