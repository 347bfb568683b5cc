// Package openapi holds answers against a contract: an OpenAPI document, 3.0 or 3.1, of which it reads what answers are described by,
// their statuses, headers and bodies. Requests, links, callbacks and security are left to others.
//
// What describes an answer and can't be honoured is wrong when the document is read, at its line.
//
// https://spec.openapis.org/oas/v3.0.4.html
// https://spec.openapis.org/oas/v3.1.1.html
package openapi

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/greenlight-deploy/greenlight/internal/jsonschema"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Document is a contract. It is safe for concurrent use.
type Document struct {
	mu         sync.Mutex
	d          *strictyaml.Decoder
	root       jsonschema.Document
	schemas    *jsonschema.Compiler
	dialect    jsonschema.Dialect
	operations []*Operation
}

// methods are the keys of a path that are operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// ReadFile reads a document, and the files that it refers to as far as they are needed. The error is strictyaml.Problems where the
// document is wrong.
func ReadFile(file string) (*Document, error) {
	root, err := Load(file)
	if err != nil {
		return nil, err
	}
	return Read(root, Load)
}

// Load reads a file that holds a document or schemas, as YAML or JSON.
func Load(file string) (jsonschema.Document, error) {
	text, err := os.ReadFile(file)
	var path *os.PathError
	if errors.As(err, &path) {
		return jsonschema.Document{}, fmt.Errorf("reading the file %q: %w", file, path.Err)
	}
	if err != nil {
		return jsonschema.Document{}, fmt.Errorf("reading the file %q: %w", file, err)
	}
	root, err := strictyaml.Parse(file, text)
	return jsonschema.Document{Name: file, Root: root}, err
}

// Read reads a document that is parsed already, as ReadFile does.
func Read(root jsonschema.Document, load jsonschema.Load) (*Document, error) {
	doc := &Document{d: strictyaml.NewDecoder(strictyaml.Names{}), root: root}
	if doc.version() {
		doc.schemas = jsonschema.NewCompiler(doc.d, doc.dialect, load)
		doc.paths()
	}
	if err := doc.d.Err(); err != nil {
		return nil, err
	}
	return doc, nil
}

func (doc *Document) version() bool {
	if !doc.root.Root.IsMapping() {
		doc.d.Mismatch(doc.root.Root, "an OpenAPI document")
		return false
	}
	at, ok := doc.root.Root.Get("openapi")
	switch {
	case !ok:
		doc.d.Problem(doc.root.Root, `this is no OpenAPI document of version 3: it has no key "openapi"`)
		return false
	case isVersion(at.Text(), "3.0"):
		doc.dialect = jsonschema.OpenAPI30
	case isVersion(at.Text(), "3.1"):
		doc.dialect = jsonschema.OpenAPI31
	default:
		doc.d.Problem(at, "OpenAPI %s is not known: versions 3.0 and 3.1 are", at.Text())
		return false
	}
	const same = "https://spec.openapis.org/oas/3.1/dialect/base"
	if at, ok := doc.root.Root.Get("jsonSchemaDialect"); ok && at.Text() != same && at.Text() != "https://json-schema.org/draft/2020-12/schema" {
		doc.d.Problem(at, "jsonSchemaDialect: %q is not known: %s is", at.Text(), same)
	}
	return true
}

func isVersion(s, minor string) bool { return s == minor || strings.HasPrefix(s, minor+".") }

// paths lists the operations.
func (doc *Document) paths() {
	all, ok := doc.root.Root.Get("paths")
	if !ok {
		doc.d.Problem(doc.root.Root, `"paths" is missing: the document describes no answers`)
		return
	}
	if !all.IsMapping() {
		doc.d.Mismatch(all, "a mapping of paths")
		return
	}
	servers := doc.servers(doc.root.Root, []string{""})
	for _, pair := range all.Pairs() {
		path := pair.Key.Text()
		switch {
		case strings.HasPrefix(path, "x-"):
		case !strings.HasPrefix(path, "/"):
			doc.d.Problem(pair.Key, "%q is not a path: it begins with /", path)
		default:
			doc.path(path, pair.Value, servers)
		}
	}
}

func (doc *Document) path(path string, n strictyaml.Node, servers []string) {
	in, n, ok := doc.follow(doc.root, n)
	if !ok {
		return
	}
	if !n.IsMapping() {
		doc.d.Mismatch(n, "a mapping of methods to operations")
		return
	}
	servers = doc.servers(n, servers)
	for _, pair := range n.Pairs() {
		method := pair.Key.Text()
		if !slices.Contains(methods, method) {
			continue
		}
		responses, ok := pair.Value.Get("responses")
		if !ok || !responses.IsMapping() {
			doc.d.Problem(pair.Key, "the operation describes no answers: it has no responses")
			continue
		}
		id, _ := pair.Value.Get("operationId")
		op := &Operation{doc: doc, in: in, at: responses, Method: strings.ToUpper(method), Path: path, ID: id.Text()}
		op.routes = routes(path, doc.servers(pair.Value, servers))
		if earlier := doc.Named(op.ID); op.ID != "" && earlier != nil {
			doc.d.Problem(id, "operationId: %q is that of %s too", op.ID, earlier)
		}
		doc.operations = append(doc.operations, op)
	}
}

// servers are the paths that stand before all paths, where n says so; else those of what holds it.
func (doc *Document) servers(n strictyaml.Node, outer []string) []string {
	list, ok := n.Get("servers")
	if !ok || len(list.Items()) == 0 {
		return outer
	}
	var paths []string
	for _, item := range list.Items() {
		at, _ := item.Get("url")
		paths = append(paths, serverPath(at.Text()))
	}
	return paths
}

// serverPath is the path of a server's URL, which may be relative, and may hold {variables} anywhere.
func serverPath(url string) string {
	if _, rest, absolute := strings.Cut(url, "://"); absolute {
		_, path, _ := strings.Cut(rest, "/")
		url = "/" + path
	}
	return strings.TrimRight("/"+strings.Trim(url, "/"), "/")
}

// follow gives what a reference leads to, and what isn't one as it is.
func (doc *Document) follow(in jsonschema.Document, n strictyaml.Node) (jsonschema.Document, strictyaml.Node, bool) {
	const mostRefs = 100
	for range mostRefs {
		ref, ok := n.Get("$ref")
		if !ok {
			return in, n, true
		}
		other, _, to, err := doc.schemas.Find(in, ref.Text())
		if err != nil {
			doc.d.Problem(ref, "$ref: %s", err)
			return in, n, false
		}
		in, n = other, to
	}
	doc.d.Problem(n, "$ref: the references lead round in a circle")
	return in, n, false
}

// Named finds the operation of an operationId; nil where there is none.
func (doc *Document) Named(id string) *Operation {
	for _, op := range doc.operations {
		if op.ID == id {
			return op
		}
	}
	return nil
}

// Names lists the operationIds.
func (doc *Document) Names() []string {
	var ids []string
	for _, op := range doc.operations {
		if op.ID != "" {
			ids = append(ids, op.ID)
		}
	}
	return ids
}

// Find finds the operation of a method and a path, which may have a server's path in front; nil where there is none. Of several that
// fit, one is taken before another whose path has a {parameter} where it has none.
func (doc *Document) Find(method, path string) *Operation {
	var best *Operation
	var bestRoute route
	for _, op := range doc.operations {
		if op.Method != method {
			continue
		}
		for _, r := range op.routes {
			if r.fits(path) && (best == nil || r.closer(bestRoute)) {
				best, bestRoute = op, r
			}
		}
	}
	return best
}

// Methods are those that a path has, where it has any.
func (doc *Document) Methods(path string) []string {
	var all []string
	for _, op := range doc.operations {
		if slices.ContainsFunc(op.routes, func(r route) bool { return r.fits(path) }) && !slices.Contains(all, op.Method) {
			all = append(all, op.Method)
		}
	}
	return all
}

// CompileAll compiles all operations of a method.
func (doc *Document) CompileAll(method string) error {
	for _, op := range doc.operations {
		if op.Method == method {
			if err := op.Compile(); err != nil {
				return err
			}
		}
	}
	return nil
}
