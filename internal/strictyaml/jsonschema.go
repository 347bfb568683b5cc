package strictyaml

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Schema is a JSON Schema, draft 2020-12, as far as files for a Decoder need one. The zero Schema takes anything.
//
// https://json-schema.org/draft/2020-12/json-schema-core
type Schema struct {
	Dialect     string `json:"$schema,omitempty"`
	Ref         string `json:"$ref,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`

	Type    Types    `json:"type,omitempty"`
	Enum    []any    `json:"enum,omitempty"`
	Pattern string   `json:"pattern,omitempty"`
	Minimum *float64 `json:"minimum,omitempty"`
	Maximum *float64 `json:"maximum,omitempty"`

	Items    *Schema `json:"items,omitempty"`
	MinItems int     `json:"minItems,omitempty"`

	Properties    Properties `json:"properties,omitempty"`
	PropertyNames *Schema    `json:"propertyNames,omitempty"`
	MinProperties int        `json:"minProperties,omitempty"`
	// Additional is for the keys that Properties doesn't have; with Closed there may be none.
	Additional        *Schema             `json:"-"`
	Closed            bool                `json:"-"`
	Required          []string            `json:"required,omitempty"`
	DependentRequired map[string][]string `json:"dependentRequired,omitempty"`
	DependentSchemas  map[string]*Schema  `json:"dependentSchemas,omitempty"`

	AllOf []*Schema `json:"allOf,omitempty"`
	AnyOf []*Schema `json:"anyOf,omitempty"`
	OneOf []*Schema `json:"oneOf,omitempty"`
	Not   *Schema   `json:"not,omitempty"`

	Defs map[string]*Schema `json:"$defs,omitempty"`
}

// MarshalJSON writes the schema.
func (s *Schema) MarshalJSON() ([]byte, error) {
	type plain Schema // without this method
	whole := struct {
		*plain
		Additional any `json:"additionalProperties,omitempty"`
	}{plain: (*plain)(s)}
	switch {
	case s.Closed:
		whole.Additional = json.RawMessage("false")
	case s.Additional != nil:
		whole.Additional = s.Additional
	}
	return json.Marshal(whole)
}

// Types are the types that a value may have, in the words of JSON Schema.
type Types []string

// MarshalJSON writes one type as itself, and several as a list.
func (t Types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// Properties are the keys of a mapping, in the order in which they are explained.
type Properties []Property

// Property is one key.
type Property struct {
	Name   string
	Schema *Schema
}

// MarshalJSON writes the properties as an object, in their order.
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, property := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(property.Name)
		if err != nil {
			return nil, fmt.Errorf("writing the name of the property %q: %w", property.Name, err)
		}
		value, err := json.Marshal(property.Schema)
		if err != nil {
			return nil, fmt.Errorf("writing the property %s: %w", property.Name, err)
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Property gives the schema of a key. It panics where there is none: who asks has the struct before him.
func (s *Schema) Property(name string) *Schema {
	for _, p := range s.Properties {
		if p.Name == name {
			return p.Schema
		}
	}
	panic(fmt.Sprintf("strictyaml: the schema has no property %q", name))
}

// SetProperty replaces what is said of a key's value, and leaves its description.
func (s *Schema) SetProperty(name string, value *Schema) {
	old := s.Property(name)
	description := old.Description
	*old = *value
	old.Description = description
}

// filled is how a {{ name }} begins. What it stands for isn't known to a schema.
const filled = `\{\{`

// Unfilled takes keys: names between {{ and }} fill in values, never keys.
func Unfilled() *Schema { return &Schema{Not: &Schema{Pattern: `\{\{.*\}\}`}} }

// Filled takes a text with a {{ name }} in place of any scalar.
func Filled() *Schema { return &Schema{Type: Types{"string"}, Pattern: filled} }

// Scalar takes any scalar: where text is wanted, a number or true is text as well.
func Scalar() *Schema { return &Schema{Type: Types{"string", "number", "boolean"}} }

// NonEmpty takes any scalar but the empty text.
func NonEmpty() *Schema { return scalarWith(`[\s\S]`) }

// NonBlank takes any scalar but a text of nothing but white space.
func NonBlank() *Schema { return scalarWith(`\S`) }

func scalarWith(pattern string) *Schema {
	return AnyOf(&Schema{Type: Types{"string"}, Pattern: pattern}, &Schema{Type: Types{"number", "boolean"}})
}

// Words takes one of a few words.
func Words[T ~string](words ...T) *Schema {
	values := make([]any, len(words))
	for i, w := range words {
		values[i] = string(w)
	}
	return &Schema{AnyOf: []*Schema{{Enum: values}, Filled()}}
}

// Matching takes a text that one of some regular expressions matches as a whole.
func Matching(patterns ...string) *Schema {
	all := filled
	for _, p := range patterns {
		all += "|^(" + p + ")$"
	}
	return &Schema{Type: Types{"string"}, Pattern: all}
}

// Between takes whole numbers within bounds, which are included.
func Between(least, most float64) *Schema {
	return &Schema{AnyOf: []*Schema{{Type: Types{"integer"}, Minimum: &least, Maximum: &most}, Filled()}}
}

// AtLeast takes whole numbers from a bound on, which is included.
func AtLeast(least float64) *Schema {
	return &Schema{AnyOf: []*Schema{{Type: Types{"integer"}, Minimum: &least}, Filled()}}
}

// AnyOf takes what one of the schemas takes.
func AnyOf(schemas ...*Schema) *Schema { return &Schema{AnyOf: schemas} }

// Needs takes mappings that have the keys.
func Needs(keys ...string) *Schema { return &Schema{Required: keys} }

// ListOf takes lists of at least so many items.
func ListOf(item *Schema, atLeast int) *Schema {
	return &Schema{Type: Types{"array"}, Items: item, MinItems: atLeast}
}
