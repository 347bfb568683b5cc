// Package planschema holds the JSON Schema of plans, with every kind of check that this binary has. It is made of the
// definitions that the parser decodes into, and of their comments, by `go test ./internal/plan/planschema -update`; the
// tests see to it that it is current, and that it agrees with the parser. So nothing of what makes it is in the binary.
package planschema

import _ "embed" // the schema

//go:embed greenlight.schema.json
var schema string

// FileName is what a schema that stands beside a plan is called.
const FileName = "greenlight.schema.json"

// Modeline is the comment by which editors find the schema that stands beside a plan, at its top.
//
// https://github.com/redhat-developer/yaml-language-server#using-inlined-schema
const Modeline = "# yaml-language-server: $schema=./" + FileName

// Text is the JSON Schema of plans, for editors. What it refuses the parser refuses as well; the parser knows more.
func Text() string { return schema }
