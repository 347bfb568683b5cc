// Package hooks_test holds README.md against the folder.
package hooks_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What is copied into another module can import nothing that is internal to this one. README.md says what isn't to be copied.
func TestTheProgramsCanBeCopiedOut(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if filepath.Base(name) == "permissions_test.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if strings.Contains(i.Path.Value, "/internal/") {
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
	}
}

// The lines that README.md has changed in the gate's template are where it says, at the indentation that it shows.
func TestTheLinesToChangeAreInTheGatesTemplate(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	gate, err := os.ReadFile("../sam/gate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yml\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("README.md shows no lines to change")
	}
	for line := range strings.Lines(string(block[1])) {
		key, _, _ := strings.Cut(line, ":")
		if added := strings.TrimSpace(key); added == "ALB_URL" || added == "ROUTES" {
			continue
		}
		if !strings.Contains(string(gate), "\n"+key+":") {
			t.Errorf("gate.yaml has no line %q", key)
		}
	}
}
