// Package jsonschema judges JSON values by JSON Schemas: those of draft 2020-12, which OpenAPI 3.1 has as well, of draft 7, and of
// OpenAPI 3.0. A schema is compiled when a plan is read, from a tree that knows its positions, so that what is wrong with it
// stands at its line: an unknown keyword, a reference that leads nowhere, a regular expression that can't be one. What can't be
// judged as it is meant is wrong in that sense too, rather than left out.
//
// A value that isn't valid is told by the path to what is wrong in it, and by the rule that says so.
//
// https://json-schema.org/draft/2020-12/json-schema-core
// https://json-schema.org/draft/2020-12/json-schema-validation
package jsonschema

import (
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Dialect says which keywords there are, and what they mean.
type Dialect int

// The dialects. A schema that names another one by $schema is wrong.
const (
	// Draft2020 is JSON Schema 2020-12.
	Draft2020 Dialect = iota
	// Draft7 is JSON Schema draft 7. https://json-schema.org/draft-07/json-schema-validation
	Draft7
	// OpenAPI30 is the Schema Object of OpenAPI 3.0. https://spec.openapis.org/oas/v3.0.4.html#schema-object
	OpenAPI30
	// OpenAPI31 is Draft2020 with the keywords that OpenAPI adds. https://spec.openapis.org/oas/v3.1.1.html#schema-object
	OpenAPI31
)

func (d Dialect) isOpenAPI() bool { return d == OpenAPI30 || d == OpenAPI31 }

// Schema is a compiled schema. The zero Schema takes anything.
type Schema struct {
	at    strictyaml.Position
	rules []rule
	// inPlace are the schemas that judge the same value: a way from one of them back to it has no end.
	inPlace []inPlace
	// tracks: a schema of the document asks what others have looked at.
	tracks bool
}

type inPlace struct {
	of   *Schema
	node strictyaml.Node
}

// rule judges a value at its place. It tells what is wrong, and notes in seen what it has looked at.
type rule func(e *evaluation, at *place, v any, seen *seen) []*expect.Mismatch

const (
	// most is how many mismatches are told: a list of a thousand items is wrong in a thousand places.
	most = 10
	// maxSteps bounds how often a value is held against a schema. It is some tenths of a second; a body of a megabyte that isn't made
	// to take long takes a fifth of it.
	maxSteps = 1_000_000
	// maxDepth bounds how deep schemas lie within one another, references followed.
	maxDepth = 2000
)

// Judge holds a value of expect.ParseJSON against the schema, and tells the first few things that are wrong.
func (s *Schema) Judge(doc any) []*expect.Mismatch {
	return s.JudgeAt("$", doc)
}

// JudgeAt is Judge for a value that is told under another name than $.
func (s *Schema) JudgeAt(root string, doc any) []*expect.Mismatch {
	e := &evaluation{tracks: s.tracks}
	found, _ := e.judge(s, &place{name: root}, doc)
	if e.stopped != "" {
		return []*expect.Mismatch{{Subject: root, Got: e.stopped, Expected: "a value that can be held against its schema", At: s.at}}
	}
	return found
}

// evaluation is one judging.
type evaluation struct {
	tracks  bool
	steps   int
	depth   int
	stopped string // why it was given up
}

func (e *evaluation) judge(s *Schema, at *place, v any) ([]*expect.Mismatch, *seen) {
	e.steps++
	e.depth++
	defer func() { e.depth-- }()
	switch {
	case e.stopped != "":
	case e.steps > maxSteps:
		e.stopped = fmt.Sprintf("too large for its schema: over %d comparisons", maxSteps)
	case e.depth > maxDepth:
		e.stopped = fmt.Sprintf("nested too deeply for its schema: over %d levels", maxDepth)
	}
	if e.stopped != "" {
		return []*expect.Mismatch{{Subject: at.String(), Got: e.stopped}}, nil
	}
	var looked *seen
	if e.tracks {
		looked = &seen{}
	}
	var found []*expect.Mismatch
	for _, rule := range s.rules {
		if found = append(found, rule(e, at, v, looked)...); len(found) >= most {
			return found[:most], looked
		}
	}
	return found, looked
}

// valid says whether a value fits, for rules that ask no more.
func (e *evaluation) valid(s *Schema, at *place, v any) (bool, *seen) {
	found, looked := e.judge(s, at, v)
	return len(found) == 0, looked
}

// seen is which parts of a value schemas have looked at, for unevaluatedProperties and unevaluatedItems. A nil seen notes
// nothing.
type seen struct {
	properties map[string]bool
	items      map[int]bool
}

func (s *seen) property(name string) {
	if s == nil {
		return
	}
	if s.properties == nil {
		s.properties = map[string]bool{}
	}
	s.properties[name] = true
}

func (s *seen) item(i int) {
	if s == nil {
		return
	}
	if s.items == nil {
		s.items = map[int]bool{}
	}
	s.items[i] = true
}

func (s *seen) add(other *seen) {
	if s == nil || other == nil {
		return
	}
	for name := range other.properties {
		s.property(name)
	}
	for i := range other.items {
		s.item(i)
	}
}
