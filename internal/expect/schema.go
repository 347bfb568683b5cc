package expect

import "github.com/greenlight-deploy/greenlight/internal/strictyaml"

// What comparisons begin with, in regular expressions. What a name fills in isn't known to a schema.
const (
	ordering = `(<=|>=|<|>)[ \t]*`
	anyOrder = `(<=|>=|<|>|!=)[ \t]*`
)

// JSONSchema describes a comparison with a duration.
func (*Duration) JSONSchema(*strictyaml.Describer) *strictyaml.Schema { return durations() }

// JSONSchema describes a comparison with the time that is left.
func (*expiry) JSONSchema(*strictyaml.Describer) *strictyaml.Schema { return durations() }

func durations() *strictyaml.Schema {
	s := strictyaml.Matching(ordering + "(" + strictyaml.DurationPattern() + "|-?0)")
	s.Not = &strictyaml.Schema{Pattern: `^` + ordering + `\+?$`}
	return s
}

// JSONSchema describes a size, or a comparison with one.
func (*Size) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Matching("(" + anyOrder + ")?" + strictyaml.SizePattern())
}

// JSONSchema describes a status, or several of which one must fit. That a range doesn't end before it begins is the
// Decoder's to say.
func (*Status) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	const code, class = `\s*0*[1-5][0-9]{2}\s*`, `[1-5][xX]{2}`
	least, most := 100.0, 599.0
	number := &strictyaml.Schema{Type: strictyaml.Types{"integer"}, Minimum: &least, Maximum: &most}
	one := code + `(\.\.` + code + `)?|` + class
	return strictyaml.AnyOf(
		number, strictyaml.Matching("("+anyOrder+")?("+one+")"),
		strictyaml.ListOf(strictyaml.AnyOf(number, strictyaml.Matching(one)), 1),
	)
}

// JSONSchema describes a text, or a comparison. What may follow an operator is the Decoder's to say.
func (*Text) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	s := strictyaml.Scalar()
	s.Not = &strictyaml.Schema{Type: strictyaml.Types{"string"}, Pattern: `^(<=|>=|!=|<|>|~)[ \t]*$`}
	return s
}

// JSONSchema describes what is expected at JSON paths. What a path may be is the Decoder's to say.
func (*JSON) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return &strictyaml.Schema{
		Type: strictyaml.Types{"object"}, MinProperties: 1, Additional: &strictyaml.Schema{},
		PropertyNames: &strictyaml.Schema{Pattern: `^\$`, Not: strictyaml.Unfilled().Not},
	}
}

// JSONSchema describes what is expected of a certificate.
func (*Certificate) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Certificate{})
	s.MinProperties = 1
	return s
}

// JSONSchema describes an expression, or a list of them. What an expression may be is the Decoder's to say.
func (*Assert) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	expression := &strictyaml.Schema{Type: strictyaml.Types{"string"}, Pattern: `\S`}
	return strictyaml.AnyOf(expression, strictyaml.ListOf(expression, 1))
}
