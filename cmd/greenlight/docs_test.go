package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/yamlfmt"
)

// Every example of a plan in the documentation is one that greenlight takes.
func TestThePlansInTheDocumentationAreRight(t *testing.T) {
	pages := documentation(t)
	t.Chdir("testdata/docs") // where the files are that the examples name
	found := 0
	for _, p := range pages {
		for _, e := range p.in("yaml") {
			found++
			source := e.plan()
			language := language(nil, registry.Environment{CommandLine: true})
			if _, err := language.Parse(plan.Source{Name: filepath.Base(p.name), Text: []byte(source), Include: shown(p.in("yaml"))}); err != nil {
				t.Errorf("%s:%d: %v, in:\n%s", e.page, e.line, err, source)
			}
		}
	}
	if found == 0 {
		t.Error("the documentation has no example of a plan")
	}
}

// shown includes the examples of a page that begin with a file's name: # health.yaml
type shown []example

func (s shown) Resolve(file string) (string, error) { return file, nil }

func (s shown) Read(name string) (plan.Source, error) {
	for _, e := range s {
		if strings.HasPrefix(e.text, "# "+name+"\n") {
			return plan.Source{Name: name, Text: []byte(e.text)}, nil
		}
	}
	return plan.Source{}, fmt.Errorf("the page shows no %s", name)
}

// The cases that docs/testing.md shows are those of the plan that it shows, and as it says.
func TestTheCasesInTheDocumentationAreAsTheySay(t *testing.T) {
	p := pageNamed(t, "docs/testing.md")
	folder := t.TempDir()
	if err := errors.Join(
		os.WriteFile(filepath.Join(folder, "greenlight.test.yaml"), []byte(p.in("yml")[0].text), 0o600),
		os.WriteFile(filepath.Join(folder, "greenlight.yaml"), []byte(p.in("yaml")[0].text), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	suite, err := plantest.ReadFile(filepath.Join(folder, "greenlight.test.yaml"), languageOver)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	printed := slices.IndexFunc(p.examples, func(e example) bool { return e.fenced && e.language == "" })
	report, err := suite.Run(t.Context(), func(r plantest.Result) { fmt.Fprintf(&out, "ok    %s  \n", r.Case.Name) })
	if err != nil || report.Failed() > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	fmt.Fprintf(&out, "never failed in any case: %s\nok    greenlight.test.yaml: %d cases  \n", report.NeverFailed[0].Name, len(report.Results))
	if got := regexp.MustCompile(`[0-9.]+s\n`).ReplaceAllString(p.examples[printed].text, "\n"); got != out.String() {
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
	for _, p := range documentation(t) {
		for _, e := range p.in("yaml") {
			if out, err := yamlfmt.Source(p.name, []byte(e.text)); err != nil || string(out) != e.text {
				t.Errorf("%s:%d: greenlight fmt changes an example, %v:\n%s", e.page, e.line, err, cmp.Diff(e.text, string(out)))
			}
		}
	}
}
