package strictyaml

import (
	"maps"
	"slices"
	"strings"
)

// Value is any YAML value whose texts may hold {{ names }}: a JSON body, an expected JSON value, a variable. Numbers
// are int64, or float64 where they are written with a fraction or an exponent.
type Value struct {
	tree any // nil, bool, int64, float64, Text, []any, map[string]any of the same
	at   Position
	set  bool
}

// IsZero says that there is no value, as where a key is missing. An explicit null isn't zero.
func (v Value) IsZero() bool { return !v.set }

// Position is where the value starts.
func (v Value) Position() Position { return v.at }

// Text gives the value where it is text.
func (v Value) Text() (Text, bool) {
	t, ok := v.tree.(Text)
	return t, ok
}

// Expand fills the names in, and gives plain Go values: nil, bool, int64, float64, string, []any, map[string]any.
func (v Value) Expand(lookup Lookup) (any, error) { return expand(v.tree, lookup) }

func expand(tree any, lookup Lookup) (any, error) {
	switch t := tree.(type) {
	case Text:
		return t.Value(lookup)
	case []any:
		out := make([]any, len(t))
		for i := range t {
			var err error
			if out[i], err = expand(t[i], lookup); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(t))
		// In order, so that of several names without a value it is always the same that the error tells of.
		for _, key := range slices.Sorted(maps.Keys(t)) {
			var err error
			if out[key], err = expand(t[key], lookup); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return tree, nil
}

// DecodeNode reads any value.
func (v *Value) DecodeNode(d *Decoder, n Node) {
	*v = Value{tree: d.tree(n), at: n.Position(), set: true}
}

func (d *Decoder) tree(n Node) any {
	switch {
	case n.IsNull():
		return nil
	case n.IsSequence():
		list := make([]any, len(n.children))
		for i, item := range n.children {
			list[i] = d.tree(item)
		}
		return list
	case n.IsMapping():
		var pairs Map[Value]
		pairs.DecodeNode(d, n)
		m := make(map[string]any, len(pairs))
		for _, p := range pairs {
			m[p.Key] = p.Value.tree
		}
		return m
	case n.IsBool():
		return strings.EqualFold(n.Text(), "true")
	case n.IsNumber():
		number, _ := d.number(n)
		return number
	}
	if value, ok := d.whole(n); ok {
		return textsOf(value, n.Position())
	}
	parts, ok := d.parts(n)
	if !ok {
		return nil
	}
	return Text{parts: parts, at: n.Position()}
}

// textsOf makes the texts of a plain value Texts, so that a tree has one type for them.
func textsOf(value any, at Position) any {
	switch v := value.(type) {
	case string:
		return Text{parts: []part{{literal: v}}, at: at}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = textsOf(v[i], at)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key := range v {
			out[key] = textsOf(v[key], at)
		}
		return out
	}
	return value
}
