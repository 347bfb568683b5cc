package jsonschema

import (
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// keyword is one word of the language.
type keyword struct {
	name string
	// judges: values can be wrong by it.
	judges bool
	// read compiles it; nil where it is read with another, or says nothing of values.
	read func(*reading, strictyaml.Node)
}

// keywordsOf gives a dialect's keywords in the order in which they are judged: the plainest first, and last what asks what all
// others have looked at.
func keywordsOf(d Dialect) []keyword {
	words := []keyword{
		{"type", true, readType},
		{"enum", true, readEnum},
		{"multipleOf", true, readMultipleOf},
		{"minimum", true, readMinimum},
		{"maximum", true, readMaximum},
		{"exclusiveMinimum", true, readExclusiveMinimum},
		{"exclusiveMaximum", true, readExclusiveMaximum},
		{"minLength", true, readMinLength},
		{"maxLength", true, readMaxLength},
		{"pattern", true, readPattern},
		{"format", true, readFormat},
		{"required", true, readRequired},
		{"minProperties", true, readMinProperties},
		{"maxProperties", true, readMaxProperties},
		{"minItems", true, readMinItems},
		{"maxItems", true, readMaxItems},
		{"uniqueItems", true, readUniqueItems},
		{"properties", true, readProperties},
		{"additionalProperties", true, readAdditionalProperties},
		{"items", true, readItems},
		{"$ref", true, readRef},
		{"allOf", true, readAllOf},
		{"anyOf", true, readAnyOf},
		{"oneOf", true, readOneOf},
		{"not", true, readNot},
		{"title", false, nil},
		{"description", false, nil},
		{"default", false, nil},
		{"deprecated", false, nil},
		{"readOnly", false, nil},
		{"writeOnly", false, nil},
	}
	if d != OpenAPI30 {
		words = append(words, []keyword{
			{"$schema", false, readDialect},
			{"$id", false, readID},
			{"$comment", false, nil},
			{"definitions", false, readDefinitions},
			{"const", true, readConst},
			{"patternProperties", true, readPatternProperties},
			{"propertyNames", true, readPropertyNames},
			{"contains", true, readContains},
			{"if", true, readIf},
			{"then", true, nil},
			{"else", true, nil},
			{"contentEncoding", false, nil},
			{"contentMediaType", false, nil},
			{"examples", false, nil},
		}...)
	}
	switch d {
	case Draft7:
		words = append(words, keyword{"additionalItems", true, nil}, keyword{"dependencies", true, readDependencies})
	case Draft2020, OpenAPI31:
		words = append(words, []keyword{
			{"$defs", false, readDefinitions},
			{"$anchor", false, nil},
			{"prefixItems", true, readPrefixItems},
			{"minContains", true, nil},
			{"maxContains", true, nil},
			{"dependentRequired", true, readDependentRequired},
			{"dependentSchemas", true, readDependentSchemas},
			{"contentSchema", false, nil},
			{"unevaluatedProperties", true, readUnevaluatedProperties},
			{"unevaluatedItems", true, readUnevaluatedItems},
		}...)
	}
	if d.isOpenAPI() {
		words = append(words, keyword{"discriminator", false, readDiscriminator}, keyword{"xml", false, nil}, keyword{"externalDocs", false, nil},
			keyword{"example", false, nil})
	}
	if d == OpenAPI30 {
		words = append(words, keyword{"nullable", true, nil})
	}
	return words
}

func (c *Compiler) knows(name string) bool {
	return strings.HasPrefix(name, "x-") || slices.ContainsFunc(c.words, func(k keyword) bool { return k.name == name })
}

// unknown says what is wrong with a keyword that the dialect doesn't have, or that isn't honoured.
func (c *Compiler) unknown(name string) string {
	switch name {
	case "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary":
		return name + " can't be honoured here: refer to schemas by $ref"
	case "nullable":
		return `nullable is OpenAPI 3.0's: here it is type: [string, "null"]`
	}
	names := make([]string, len(c.words))
	for i, k := range c.words {
		names[i] = k.name
	}
	message := strictyaml.Unknown("keyword", name, names)
	if before, _, long := strings.Cut(message, ": valid here"); long {
		return before + " of a schema; words of your own begin with x-"
	}
	return message
}

func readDialect(r *reading, at strictyaml.Node) {
	switch _, known := r.named(r.n); {
	case !known && r.dialect == OpenAPI31:
		r.d.Problem(at, "$schema: schemas of OpenAPI 3.1 are read as those of draft 2020-12")
	case !known:
		r.d.Problem(at, "$schema: %q is not known: drafts 2020-12 (https://json-schema.org/draft/2020-12/schema) and 7 (http://json-schema.org/draft-07/schema#) are", at.Text())
	}
}

// readID lets a document have a name, and no part of one: references would start from there.
func readID(r *reading, at strictyaml.Node) {
	if r.n.Position() != r.in.Root.Position() {
		r.d.Problem(at, "$id: a part of a document can't have a name of its own here: refer to it by $anchor or by its path")
	}
}

func readDefinitions(r *reading, at strictyaml.Node) {
	if !at.IsMapping() {
		r.d.Mismatch(at, "a mapping of names to schemas")
		return
	}
	for _, pair := range at.Pairs() {
		r.part(pair.Value)
	}
}

func readRef(r *reading, at strictyaml.Node) {
	s, ok := r.follow(at)
	if !ok {
		return
	}
	r.schema.inPlace = append(r.schema.inPlace, inPlace{s, at})
	r.add(all(s))
}

// readDiscriminator takes it for the hint that it is beside oneOf or anyOf, which judge by themselves. Alone it stands for a choice
// among schemas that aren't named here.
func readDiscriminator(r *reading, at strictyaml.Node) {
	_, one := r.n.Get("oneOf")
	_, some := r.n.Get("anyOf")
	if !one && !some {
		r.d.Problem(at, "discriminator: without oneOf or anyOf beside it can't be honoured: list the schemas that there are to choose from")
	}
}
