package plantest

import (
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// described is the schema as the definitions and their comments have it.
func described(d *strictyaml.Describer) *strictyaml.Schema {
	return d.Document("Cases for greenlight test", &file{})
}

// JSONSchema describes the cases, one at least. That their names differ is the Decoder's to say.
func (*caseList) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.ListOf(strictyaml.Of[caseFile](d), 1)
}

// JSONSchema describes a case.
func (*caseFile) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema { return d.Fields(&caseFile{}) }

// JSONSchema describes what a version answers.
func (*side) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	r := d.Define("rule", func() *strictyaml.Schema {
		s := d.Fields(&rule{})
		s.Property("answers").MinItems = 1
		s.OneOf = []*strictyaml.Schema{strictyaml.Needs("answer"), strictyaml.Needs("answers")}
		return s
	})
	return strictyaml.AnyOf(&strictyaml.Schema{Enum: []any{wordRefused}}, strictyaml.ListOf(r, 0))
}

// JSONSchema describes a request.
func (*pattern) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Matching(`([A-Z0-9_-]+ +)?(/[^ #]*|\*)`)
}

// JSONSchema describes an answer: its status, or a mapping.
func (*answer) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&answer{})
	s.Not = strictyaml.AnyOf(strictyaml.Needs("body", "json"), strictyaml.Needs("body", "base64"), strictyaml.Needs("json", "base64"))
	var with []*strictyaml.Schema
	for _, key := range append([]string{"status", "headers"}, bodies...) {
		with = append(with, strictyaml.Needs(key))
	}
	s.DependentSchemas = map[string]*strictyaml.Schema{"error": {Not: strictyaml.AnyOf(with...)}}
	return strictyaml.AnyOf(strictyaml.Of[status](d), s)
}

// JSONSchema describes a body in base64. That it is whole is the Decoder's to say.
func (*encoded) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Matching(`[A-Za-z0-9+/\s]*[=\s]*`)
}

// JSONSchema describes a status.
func (*status) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Between(200, 599)
}

// JSONSchema describes how long an answer takes. That it is at most 10s is the Decoder's to say.
func (*delay) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Of[strictyaml.Duration](d)
}

// JSONSchema describes what happens in place of an answer.
func (*failure) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(failReset, failClosed, failTimeout)
}

// JSONSchema describes an outcome.
func (*outcome) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(outcomes...)
}

// JSONSchema describes what comes of a check that isn't asked: an outcome, or a mapping.
func (*result) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Of[outcome](d), d.Fields(&result{}))
}

// JSONSchema describes what is expected: an outcome, or a mapping.
func (*expectation) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Of[outcome](d), d.Fields(&expectation{}))
}

// JSONSchema describes a line of text.
func (*name) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	text := &strictyaml.Schema{Type: strictyaml.Types{"string"}, Pattern: `\S`}
	return strictyaml.AnyOf(text, &strictyaml.Schema{Type: strictyaml.Types{"number", "boolean"}})
}

// JSONSchema describes a stage.
func (*stage) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(lifecycle.Names()...)
}

// JSONSchema describes the version of the language.
func (*version) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Between(Version, Version)
}
