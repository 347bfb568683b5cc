package openapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/jsonschema"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Operation is one method of one path, and what it may answer.
type Operation struct {
	Method, Path, ID string

	doc    *Document
	in     jsonschema.Document
	at     strictyaml.Node // its responses
	routes []route

	compiled  bool
	err       error
	responses map[string]*response
}

// String names the operation: GET /pets/{id}.
func (op *Operation) String() string { return op.Method + " " + op.Path }

// Compile reads what the operation may answer. The error, strictyaml.Problems, is what is wrong with it, or can't be honoured.
func (op *Operation) Compile() error {
	op.doc.mu.Lock()
	defer op.doc.mu.Unlock()
	if op.compiled {
		return op.err
	}
	op.compiled = true
	op.responses = map[string]*response{}
	for _, pair := range op.at.Pairs() {
		status := pair.Key.Text()
		switch {
		case strings.HasPrefix(status, "x-"):
		case !isStatus(status):
			op.doc.d.Problem(pair.Key, "%q is not a status: they are written as in 200, 2XX or default", status)
		default:
			op.responses[strings.ToUpper(status)] = op.response(pair.Value)
		}
	}
	if len(op.at.Pairs()) == 0 {
		op.doc.d.Problem(op.at, "the operation describes no answers: its responses are empty")
	}
	// A document is wrong with any operation of it that was found wrong.
	op.err = op.doc.d.Err()
	return op.err
}

func isStatus(s string) bool {
	if s == "default" {
		return true
	}
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	rest := s[1:]
	return rest == "XX" || rest == "xx" || strings.Trim(rest, "0123456789") == ""
}

// response is one answer that is described.
type response struct {
	headers []header
	content []content
}

// header is one that an answer has, or may have.
type header struct {
	name     string
	required bool
	types    []string // of its value, where the schema says so
	items    []string // of the items, where that is a list
	json     bool
	schema   *jsonschema.Schema // nil: any
	at       strictyaml.Position
}

// content is the body of one media type, which may be a range such as text/*.
type content struct {
	mediaType string
	schema    *jsonschema.Schema // nil: any
	asText    bool
	// unjudged: the schema is of a value that the body has to be parsed for by rules that aren't known here.
	unjudged bool
}

func (op *Operation) response(n strictyaml.Node) *response {
	in, n, ok := op.doc.follow(op.in, n)
	if !ok || !op.only(n, "an answer", "description", "headers", "content", "links", "summary") {
		return &response{}
	}
	r := &response{}
	if all, ok := n.Get("headers"); ok && op.isMapping(all, "a mapping of headers") {
		for _, pair := range all.Pairs() {
			// By the standard a Content-Type that is described here says nothing: content does.
			if name := pair.Key.Text(); !strings.EqualFold(name, "content-type") {
				r.headers = append(r.headers, op.header(in, name, pair.Value))
			}
		}
	}
	if all, ok := n.Get("content"); ok && op.isMapping(all, "a mapping of media types") {
		for _, pair := range all.Pairs() {
			r.content = append(r.content, op.content(in, pair))
		}
		if len(r.content) > 0 && !slices.ContainsFunc(r.content, func(c content) bool { return !c.unjudged }) {
			op.doc.d.Problem(all, "content: no body of these media types can be held against its schema: JSON can, and text whose schema is a string")
		}
	}
	return r
}

func (op *Operation) isMapping(n strictyaml.Node, expected string) bool {
	if !n.IsMapping() {
		op.doc.d.Mismatch(n, expected)
	}
	return n.IsMapping()
}

// only refuses keys that an object of the document doesn't have: a misspelled one would leave out what it should say.
func (op *Operation) only(n strictyaml.Node, what string, keys ...string) bool {
	if !op.isMapping(n, what) {
		return false
	}
	for _, pair := range n.Pairs() {
		if key := pair.Key.Text(); !slices.Contains(keys, key) && !strings.HasPrefix(key, "x-") {
			op.doc.d.Problem(pair.Key, "%s", strictyaml.Unknown("key of "+what, key, keys))
		}
	}
	return true
}

// https://spec.openapis.org/oas/v3.0.4.html#header-object
func (op *Operation) header(in jsonschema.Document, name string, n strictyaml.Node) header {
	h := header{name: name, at: n.Position()}
	in, n, ok := op.doc.follow(in, n)
	if !ok || !op.only(n, "a header", "description", "required", "deprecated", "style", "explode", "schema", "content", "example", "examples",
		"allowEmptyValue", "allowReserved") {
		return h
	}
	if at, ok := n.Get("required"); ok {
		if !at.IsBool() {
			op.doc.d.Mismatch(at, "true or false")
		}
		h.required = strings.EqualFold(at.Text(), "true")
	}
	if at, ok := n.Get("style"); ok && at.Text() != "simple" {
		op.doc.d.Problem(at, "style: a header's is simple")
	}
	schema, hasSchema := n.Get("schema")
	if media, ok := n.Get("content"); ok && op.isMapping(media, "a mapping of one media type") {
		if len(media.Pairs()) != 1 || hasSchema {
			op.doc.d.Problem(media, "content: a header has one media type, or a schema")
			return h
		}
		schema, hasSchema = media.Pairs()[0].Value.Get("schema")
		h.json = isJSON(media.Pairs()[0].Key.Text())
	}
	if !hasSchema {
		return h
	}
	h.schema = op.doc.schemas.Compile(in, schema)
	h.types, h.items = op.types(in, schema), nil
	if !h.json && slices.Contains(h.types, "object") {
		op.doc.d.Problem(schema, "schema: a header that is a mapping can't be held against its schema; content: {application/json: …} can")
	}
	if slices.Contains(h.types, "array") {
		if inner, at, ok := op.doc.follow(in, schema); ok {
			if items, ok := at.Get("items"); ok {
				h.items = op.types(inner, items)
			}
		}
	}
	return h
}

// types are those that a schema names.
func (op *Operation) types(in jsonschema.Document, schema strictyaml.Node) []string {
	_, n, ok := op.doc.follow(in, schema)
	if !ok {
		return nil
	}
	at, ok := n.Get("type")
	if !ok {
		return nil
	}
	if !at.IsSequence() {
		return []string{at.Text()}
	}
	var all []string
	for _, item := range at.Items() {
		all = append(all, item.Text())
	}
	return all
}

// https://spec.openapis.org/oas/v3.0.4.html#media-type-object
func (op *Operation) content(in jsonschema.Document, pair strictyaml.Pair) content {
	c := content{mediaType: strings.ToLower(strings.TrimSpace(pair.Key.Text()))}
	if !op.only(pair.Value, "a media type", "schema", "example", "examples", "encoding") {
		return c
	}
	schema, ok := pair.Value.Get("schema")
	if !ok {
		return c
	}
	if len(schema.Pairs()) == 0 && schema.IsMapping() {
		return c // says nothing
	}
	c.asText = !isJSON(c.mediaType)
	types := op.types(in, schema)
	// A range takes JSON as well, which is parsed then.
	isRange := strings.HasSuffix(c.mediaType, "/*")
	if c.asText && !isRange && !slices.Equal(types, []string{"string"}) {
		c.unjudged = true
		return c
	}
	c.schema = op.doc.schemas.Compile(in, schema)
	return c
}

// isJSON says that bodies of a media type are JSON.
func isJSON(mediaType string) bool {
	mediaType, _, _ = strings.Cut(strings.ToLower(mediaType), ";")
	mediaType = strings.TrimSpace(mediaType)
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

// described lists the statuses, for reasons.
func (op *Operation) described() string {
	var all []string
	for status := range op.responses {
		all = append(all, status)
	}
	slices.Sort(all)
	return fmt.Sprintf("one that %s describes: %s", op, strings.Join(all, ", "))
}
