package strictyaml

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Lookup finds the value of a name that stood between {{ and }}. Its error says why there is none, and is shown.
type Lookup func(name string) (any, error)

// Text is text that may hold {{ names }} whose values are known later.
type Text struct {
	parts []part
	at    Position
}

// part is literal text or, where name is set, the place of a value.
type part struct {
	literal, name string
	at            Position // of a name
}

// Literal makes a Text of words that mean themselves.
func Literal(s string) Text { return Text{parts: []part{{literal: s}}} }

// Position is where the text stands in its file.
func (t Text) Position() Position { return t.at }

// IsZero says that there is no text, as where a key is missing. An empty text in a file isn't zero.
func (t Text) IsZero() bool { return t.parts == nil }

// Literal gives the text where it holds no names.
func (t Text) Literal() (string, bool) {
	if len(t.parts) == 0 {
		return "", true
	}
	if len(t.parts) == 1 && t.parts[0].name == "" {
		return t.parts[0].literal, true
	}
	return "", false
}

// String shows the text as it was written, names and all.
func (t Text) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.name != "" {
			b.WriteString("{{ " + p.name + " }}")
		} else {
			b.WriteString(p.literal)
		}
	}
	return b.String()
}

// Names lists the names that the text holds.
func (t Text) Names() []string {
	var names []string
	for _, p := range t.parts {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	return names
}

// Expand fills the names in. The error says which name has no value, and where it stands.
func (t Text) Expand(lookup Lookup) (string, error) {
	if literal, ok := t.Literal(); ok {
		return literal, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		value, err := p.value(lookup)
		if err != nil {
			return "", err
		}
		text, err := textOf(value)
		if err != nil {
			return "", p.wrap(err)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// Value fills the names in, and keeps the type of a value where the text is one name and nothing else.
func (t Text) Value(lookup Lookup) (any, error) {
	if len(t.parts) == 1 && t.parts[0].name != "" {
		return t.parts[0].value(lookup)
	}
	return t.Expand(lookup)
}

func (p part) value(lookup Lookup) (any, error) {
	value, err := lookup(p.name)
	if err != nil {
		return nil, p.wrap(err)
	}
	return value, nil
}

func (p part) wrap(err error) error { return &NameError{At: p.at, Name: p.name, Err: err} }

// NameError is a name that could not be filled in: it has no value, or one that can't stand where the name stands.
type NameError struct {
	At   Position
	Name string
	Err  error
}

// Error says where the name stands, and what is wrong with it.
func (e *NameError) Error() string { return fmt.Sprintf("%s: {{ %s }}: %s", e.At, e.Name, e.Err) }

// Unwrap gives what is wrong.
func (e *NameError) Unwrap() error { return e.Err }

// textOf writes a value into a text, numbers in full: an id that JSON gave as a float64 has no exponent in a path.
func textOf(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case bool, int, int64, uint64, fmt.Stringer:
		return fmt.Sprint(v), nil
	case nil:
		return "", errors.New("the value is null, and can't stand in a text")
	case []any:
		return "", errors.New("the value is a list, and can't stand in the middle of a text")
	case map[string]any:
		return "", errors.New("the value is a mapping, and can't stand in the middle of a text")
	}
	return "", fmt.Errorf("a value of type %T can't stand in a text", value)
}

// DecodeNode reads a scalar: numbers and booleans are taken as they are written.
func (t *Text) DecodeNode(d *Decoder, n Node) {
	if !n.IsScalar() {
		d.Mismatch(n, "text")
		return
	}
	parts, ok := d.parts(n)
	if !ok {
		return
	}
	*t = Text{parts: parts, at: n.Position()}
}
