package main

import (
	goast "go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// A page is a page of the documentation: the README, what is below docs, and the READMEs of the templates and examples.
type page struct {
	name     string // from the repository's root
	examples []example
	spans    []string // code within sentences
}

// An example is a block of code of a page.
type example struct {
	page, text string
	line       int
	fenced     bool
	language   string // that the fence names
}

// plan is an example of a plan as a file has it: those that show a list of checks or stages alone leave out the version.
func (e example) plan() string {
	if regexp.MustCompile(`(?m)^version:`).MatchString(e.text) {
		return e.text
	}
	return "version: 1\n" + e.text
}

// repository is the root, from the folder of these tests.
const repository = "../.."

// documentation reads all pages.
func documentation(t *testing.T) []page {
	t.Helper()
	names := []string{"README.md", "examples/README.md"}
	templates, err := filepath.Glob(filepath.Join(repository, "templates", "*", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range templates {
		names = append(names, strings.TrimPrefix(filepath.ToSlash(name), repository+"/"))
	}
	if err := filepath.WalkDir(filepath.Join(repository, "docs"), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(name) == ".md" {
			names = append(names, strings.TrimPrefix(filepath.ToSlash(name), repository+"/"))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	pages := make([]page, 0, len(names))
	for _, name := range names {
		pages = append(pages, pageNamed(t, name))
	}
	return pages
}

// pageNamed is one page.
func pageNamed(t *testing.T, name string) page {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPage(name, source)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// in gives the examples whose fence names a language.
func (p page) in(language string) []example {
	return slices.DeleteFunc(slices.Clone(p.examples), func(e example) bool { return e.language != language })
}

func readPage(name string, source []byte) (page, error) {
	p := page{name: name}
	err := ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			p.examples = append(p.examples, newExample(name, source, n.Lines(), true, string(n.Language(source))))
		case *ast.CodeBlock:
			p.examples = append(p.examples, newExample(name, source, n.Lines(), false, ""))
		case *ast.CodeSpan:
			var span strings.Builder
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				if t, is := c.(*ast.Text); is {
					span.Write(t.Segment.Value(source))
				}
			}
			p.spans = append(p.spans, strings.Join(strings.Fields(span.String()), " "))
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return p, err
}

func newExample(page string, source []byte, lines *text.Segments, fenced bool, language string) example {
	e := example{page: page, text: string(lines.Value(source)), fenced: fenced, language: language}
	if lines.Len() > 0 {
		e.line = strings.Count(string(source[:lines.At(0).Start]), "\n") + 1
	}
	return e
}

func TestCodeIsFoundWhereverMarkdownHasIt(t *testing.T) {
	source := "Text with `greenlight\nrun`.\n\n    indented\n      more\n\n1. In a list:\n\n       in the list\n\n```yaml\nversion: 1\n```\n\n    after the fence\n"
	p, err := readPage("page.md", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	want := []example{
		{"page.md", "indented\n  more\n", 4, false, ""},
		{"page.md", "in the list\n", 9, false, ""},
		{"page.md", "version: 1\n", 12, true, "yaml"},
		{"page.md", "after the fence\n", 15, false, ""},
	}
	if !slices.Equal(p.examples, want) {
		t.Errorf("got %+v", p.examples)
	}
	if !slices.Equal(p.spans, []string{"greenlight run"}) {
		t.Errorf("the spans are %q", p.spans)
	}
}

// literals are all texts in the Go files of folders that aren't tests.
func literals(folders ...string) ([]string, error) {
	var all []string
	for _, folder := range folders {
		if err := filepath.WalkDir(filepath.Join(repository, folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			goast.Inspect(file, func(n goast.Node) bool {
				if literal, is := n.(*goast.BasicLit); is && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						all = append(all, text)
					}
				}
				return true
			})
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}
