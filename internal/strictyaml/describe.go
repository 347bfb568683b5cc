package strictyaml

import (
	"fmt"
	"path"
	"reflect"
	"strings"
	"unicode"
)

// SelfDescriber is a type whose schema can't be read from its definition: it decodes itself, or has rules that its
// fields don't show. It describes at least what it takes; what a schema can't say is for the Decoder alone.
type SelfDescriber interface {
	JSONSchema(d *Describer) *Schema
}

// Comments finds the comment of a struct's field, which becomes the description of its key.
type Comments func(of reflect.Type, field string) string

// Describer makes JSON Schemas of the definitions that a Decoder decodes into.
type Describer struct {
	comments Comments
	defs     map[string]*Schema
	of       map[string]reflect.Type
}

// NewDescriber makes a Describer.
func NewDescriber(comments Comments) *Describer {
	return &Describer{comments: comments, defs: map[string]*Schema{}, of: map[string]reflect.Type{}}
}

// Document is the schema of whole files that are decoded into a value like dst, a pointer. A SelfDescriber is asked as
// it is, with what it holds.
func (d *Describer) Document(title string, dst any) *Schema {
	var s Schema
	if own, ok := dst.(SelfDescriber); ok {
		s = *own.JSONSchema(d)
	} else {
		s = *d.describe(reflect.TypeOf(dst).Elem())
	}
	s.Dialect, s.Title, s.Defs = "https://json-schema.org/draft/2020-12/schema", title, d.defs
	return &s
}

// Of is the schema of what is decoded into a value of type T.
func Of[T any](d *Describer) *Schema { return d.schemaOf(reflect.TypeFor[T]()) }

// schemaOf describes a type. Types with a name are described once, and referred to.
func (d *Describer) schemaOf(t reflect.Type) *Schema {
	if t.Kind() == reflect.Pointer {
		return d.schemaOf(t.Elem())
	}
	_, own := reflect.New(t).Interface().(SelfDescriber)
	if t.Name() == "" || strings.Contains(t.Name(), "[") || !own && t.Kind() != reflect.Struct {
		return d.describe(t)
	}
	name := d.nameOf(t)
	if d.of[name] == nil {
		d.of[name] = t
		d.defs[name] = d.describe(t)
	}
	return Reference(name)
}

// nameOf is what a type is called in the schema: by its own name, and where another package's type has that already,
// with its package's folder in front.
func (d *Describer) nameOf(t reflect.Type) string {
	for _, name := range []string{uncapitalized(t.Name()), path.Base(t.PkgPath()) + t.Name()} {
		if other, taken := d.of[name]; !taken && d.defs[name] == nil || other == t {
			return name
		}
	}
	panic(fmt.Sprintf("strictyaml: %v would have the name of another definition in a schema", t))
}

// uncapitalized writes the first word of a name in lower case: Duration is duration, TLS is tls.
func uncapitalized(name string) string {
	rest := strings.TrimLeftFunc(name, unicode.IsUpper)
	first := len(name) - len(rest)
	if first > 1 && rest != "" {
		first-- // the last of several capitals begins the next word
	}
	return strings.ToLower(name[:first]) + name[first:]
}

// Define describes something once, under a name of its own, and refers to it.
func (d *Describer) Define(name string, describe func() *Schema) *Schema {
	if d.defs[name] == nil {
		d.defs[name] = &Schema{} // what it holds may refer to it
		d.defs[name] = describe()
	}
	return Reference(name)
}

// Reference is what Define under that name gives.
func Reference(name string) *Schema { return &Schema{Ref: "#/$defs/" + name} }

func (d *Describer) describe(t reflect.Type) *Schema {
	fresh := reflect.New(t).Interface()
	if own, ok := fresh.(SelfDescriber); ok {
		return own.JSONSchema(d)
	}
	if _, ok := fresh.(NodeDecoder); ok {
		panic(fmt.Sprintf("strictyaml: %v decodes itself, and must describe itself: it needs a method JSONSchema", t))
	}
	switch t.Kind() {
	case reflect.Struct:
		return d.Fields(fresh)
	case reflect.Slice:
		return ListOf(d.schemaOf(t.Elem()), 0)
	case reflect.String:
		return Scalar()
	case reflect.Bool:
		return AnyOf(&Schema{Type: Types{"boolean"}}, Filled())
	case reflect.Int, reflect.Int64:
		return AnyOf(&Schema{Type: Types{"integer"}}, Filled())
	}
	panic(fmt.Sprintf("strictyaml: no rule for fields of type %v", t))
}

// Fields describes a mapping that is read into several structs at once, as Decoder.Fields reads it. Each dst is a
// pointer.
func (d *Describer) Fields(dsts ...any) *Schema {
	s := &Schema{Type: Types{"object"}, Closed: true}
	for _, dst := range dsts {
		t := reflect.TypeOf(dst).Elem()
		l := &layout{}
		l.add(t, nil)
		for _, f := range l.fields {
			owner := t
			if outer := f.index[:len(f.index)-1]; len(outer) > 0 {
				owner = t.FieldByIndex(outer).Type
			}
			declared := t.FieldByIndex(f.index)
			value := *d.schemaOf(declared.Type)
			value.Description = d.comments(owner, declared.Name)
			s.Properties = append(s.Properties, Property{f.name, &value})
			if f.required {
				s.Required = append(s.Required, f.name)
			}
		}
	}
	return s
}

// magnitude matches what a duration is made of: days in front, and what time.ParseDuration takes.
func magnitude(digit string) string {
	return strings.ReplaceAll(`((N+|N*\.N+)d)?(((N+\.?N*|\.N+)(ns|us|µs|μs|ms|s|m|h))+)?`, "N", digit)
}

// DurationPattern matches durations that aren't negative. DurationPattern and SizePattern are for types that hold more
// than a quantity, such as a comparison with one.
func DurationPattern() string { return `\+?` + magnitude("[0-9]") }

// PositiveDuration takes durations that have a digit above 0.
func PositiveDuration() *Schema {
	s := Matching(DurationPattern())
	s.Not = &Schema{Pattern: `^[^1-9{]*$`}
	return s
}

// SizePattern matches sizes.
func SizePattern() string { return `([0-9]+|[0-9]*\.[0-9]+) *(B|[kK]B|MB|GB|KiB|MiB|GiB)` }

// JSONSchema describes a duration. That it is at most 100 years is the Decoder's to say.
func (*Duration) JSONSchema(*Describer) *Schema {
	zero := 0.0
	return AnyOf(
		&Schema{
			Type: Types{"string"}, Pattern: filled + `|^` + DurationPattern() + `$|^-` + magnitude("0") + `$|^0$`,
			Not: &Schema{Pattern: `^[+-]?$`},
		},
		&Schema{Type: Types{"integer"}, Minimum: &zero, Maximum: &zero},
	)
}

// JSONSchema describes a size. That it is at most a petabyte is the Decoder's to say.
func (*Size) JSONSchema(*Describer) *Schema {
	return Matching(SizePattern())
}

// JSONSchema describes text: any scalar.
func (*Text) JSONSchema(*Describer) *Schema { return Scalar() }

// JSONSchema describes any value.
func (*Value) JSONSchema(*Describer) *Schema { return &Schema{} }

// JSONSchema describes a mapping whose keys are the user's own.
func (*Map[T]) JSONSchema(d *Describer) *Schema {
	return &Schema{Type: Types{"object"}, Additional: Of[T](d), PropertyNames: Unfilled()}
}

// JSONSchema describes a list, or its only item.
func (*OneOrMany[T]) JSONSchema(d *Describer) *Schema { return AnyOf(Of[T](d), ListOf(Of[T](d), 1)) }
