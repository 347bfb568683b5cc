// Package gocomment reads the comments of structs' fields from their source, for the descriptions of a JSON Schema. It
// is for tests, which see to it that a schema is current, and not linked into the binary.
package gocomment

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// Read reads the comments of the packages of a module whose root is a folder. The result is for
// strictyaml.NewDescriber; it finds the packages that are named by their paths below the module's.
func Read(root, module string, packages ...string) (func(of reflect.Type, field string) string, error) {
	comments := map[string]string{}
	for _, name := range packages {
		folder := filepath.Join(root, filepath.FromSlash(name))
		files, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("reading the comments of %s: %w", name, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
				continue
			}
			tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, file.Name()), nil, parser.ParseComments)
			if err != nil {
				return nil, fmt.Errorf("reading the comments of %s: %w", name, err)
			}
			collect(tree, module+"/"+name, comments)
		}
	}
	return func(of reflect.Type, field string) string { return comments[of.PkgPath()+"."+of.Name()+"."+field] }, nil
}

// collect notes the comments of a file's structs, by package, type and field.
func collect(tree *ast.File, path string, comments map[string]string) {
	ast.Inspect(tree, func(n ast.Node) bool {
		declared, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if structure, ok := declared.Type.(*ast.StructType); ok {
			for _, field := range structure.Fields.List {
				text := cmp.Or(field.Doc.Text(), field.Comment.Text())
				for _, name := range field.Names {
					comments[path+"."+declared.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
				}
			}
		}
		return true
	})
}
