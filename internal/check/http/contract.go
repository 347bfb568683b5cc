package httpcheck

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/jsonschema"
	"github.com/greenlight-deploy/greenlight/internal/openapi"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Schema expects a body that is JSON, and valid by a JSON Schema: one that stands in the plan, or the path of a file.
//
// https://json-schema.org/draft/2020-12
type Schema struct{ *jsonschema.Schema }

// schemaFile is a file that is read once for all checks of a plan.
type schemaFile string

// readSchema is what came of reading one.
type readSchema struct {
	schema *jsonschema.Schema
	err    error
}

// DecodeNode reads a mapping as a schema, and a text as the path of a file with one.
func (s *Schema) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch {
	case n.IsMapping():
		c := jsonschema.NewCompiler(d, jsonschema.Draft2020, openapi.Load)
		s.Schema = c.Whole(jsonschema.Document{Root: n, Filled: true})
	case n.IsString():
		at, ok := d.Static(n)
		if !ok {
			return
		}
		file := at.Text()
		read := d.Once(schemaFile(file), func() any {
			schema, err := loadSchema(file)
			return readSchema{schema, err}
		}).(readSchema)
		refuse(d, n, read.err)
		s.Schema = read.schema
	default:
		d.Mismatch(n, "a JSON Schema, or the path of a file with one")
	}
}

// JSONSchema describes it as far as one schema can describe all others.
func (*Schema) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return &strictyaml.Schema{Type: strictyaml.Types{"object", "string"}}
}

func loadSchema(file string) (*jsonschema.Schema, error) {
	doc, err := openapi.Load(file)
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(strictyaml.Names{})
	schema := jsonschema.NewCompiler(d, jsonschema.Draft2020, openapi.Load).Whole(doc)
	return schema, d.Err()
}

// refuse tells what is wrong with a file where it is, and that it can't be read where the plan names it.
func refuse(d *strictyaml.Decoder, n strictyaml.Node, err error) {
	var problems strictyaml.Problems
	switch {
	case errors.As(err, &problems):
		d.Add(problems)
	case err != nil:
		d.Problem(n, "%s", err)
	}
}

// OpenAPI expects answers as an OpenAPI document describes them: its status, headers and body.
type OpenAPI struct {
	// File is the document's path.
	File string `yaml:"file,required"`
	// Operation is the operationId of what is asked, where the request's method and path don't say.
	Operation string `yaml:"operation"`

	doc *openapi.Document
	op  *openapi.Operation
	at  strictyaml.Position
}

// openapiFile is a document that is read once for all checks of a plan.
type openapiFile string

// readDocument is what came of reading one.
type readDocument struct {
	doc *openapi.Document
	err error
}

// DecodeNode reads the path of a file, or {file, operation}, and the document.
func (o *OpenAPI) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	o.at = n.Position()
	at := n
	if n.IsMapping() {
		type fields OpenAPI
		d.Fields(n, (*fields)(o))
		at, _ = n.Get("file")
	} else {
		d.Decode(n, &o.File)
	}
	if o.File == "" {
		return
	}
	read := d.Once(openapiFile(o.File), func() any {
		doc, err := openapi.ReadFile(o.File)
		return readDocument{doc, err}
	}).(readDocument)
	refuse(d, at, read.err)
	if o.doc = read.doc; o.doc == nil || o.Operation == "" {
		return
	}
	named, _ := n.Get("operation")
	if o.op = o.doc.Named(o.Operation); o.op == nil {
		d.Problem(named, "operation: %s", strictyaml.Unknown("operationId", o.Operation, o.doc.Names()))
		return
	}
	refuse(d, named, o.op.Compile())
}

// JSONSchema describes it.
func (*OpenAPI) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Scalar(), d.Fields(&OpenAPI{}))
}

// validateFor finds the operation of a request when the plan is read, as far as its path is known then. Where it isn't, all that a
// request of its method may be answered by has to be sound.
func (o *OpenAPI) validateFor(d *strictyaml.Decoder, n strictyaml.Node, request *Request) {
	if o.doc == nil || o.Operation != "" || request.target().IsZero() {
		return
	}
	literal, known := request.target().Literal()
	u, err := url.Parse(literal)
	switch {
	case !known || err != nil:
		refuse(d, n, o.doc.CompileAll(request.method()))
		return
	case request.Redirects.Max > 0:
		return // the answer that is judged may be another path's
	}
	op := o.doc.Find(request.method(), u.EscapedPath())
	if op == nil && (u.Host == "" || !strings.Contains(u.Path, "/")) {
		d.Problem(n, "openapi: %s", o.unknown(request.method(), u.EscapedPath()))
		return
	}
	if op != nil {
		refuse(d, n, op.Compile())
	}
}

func (o *OpenAPI) unknown(method, path string) string {
	s := fmt.Sprintf("%s describes no %s %s", o.File, method, path)
	if others := o.doc.Methods(path); len(others) > 0 {
		s += "; the path has " + strings.Join(others, ", ")
	}
	return s
}

// judge holds an answer against what its request may be answered by.
func (o *OpenAPI) judge(x *exchange, base string) ([]*expect.Mismatch, error) {
	op := o.op
	if op == nil {
		paths := x.hop.paths(base)
		for _, path := range paths {
			if op = o.doc.Find(x.hop.method, path); op != nil {
				break
			}
		}
		if op == nil {
			return []*expect.Mismatch{{Subject: "operation", Got: "unknown", Expected: "one of the contract: " + o.unknown(x.hop.method, paths[0]), At: o.at}}, nil
		}
	}
	return op.Judge(openapi.Answer{Status: x.answer.StatusCode, Header: x.answer.Header, Body: x.body, NoBody: x.hop.method == "HEAD"})
}

// paths are those that a contract may know a request by: what follows green's base URL, and the whole.
func (h *hop) paths(base string) []string {
	whole := h.url.EscapedPath()
	if u, err := url.Parse(base); err == nil && base != "" && network.SameOrigin(u, h.url) {
		if rest, ok := strings.CutPrefix(whole, strings.TrimRight(u.EscapedPath(), "/")); ok && strings.HasPrefix(rest, "/") && rest != whole {
			return []string{rest, whole}
		}
	}
	return []string{whole}
}
