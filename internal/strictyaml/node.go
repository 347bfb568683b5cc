package strictyaml

import (
	"strconv"

	"go.yaml.in/yaml/v4"
)

// Node is a value of the file with its place in it.
type Node struct {
	doc      *document
	yaml     *yaml.Node
	children []Node
	// filled is the text of a scalar whose static names have been filled in, with the tag that it then has.
	filled *scalar
}

type scalar struct{ text, tag string }

// Pair is a key of a mapping with its value.
type Pair struct{ Key, Value Node }

// Position is where the value starts.
func (n Node) Position() Position {
	if n.doc == nil {
		return Position{}
	}
	return n.doc.position(n.yaml.Line, n.yaml.Column)
}

// IsZero says that there is no node at all.
func (n Node) IsZero() bool { return n.yaml == nil }

// IsMapping, IsSequence, IsScalar and IsNull say what the value is. Null is what `key:` without a value is.
func (n Node) IsMapping() bool  { return n.yaml != nil && n.yaml.Kind == yaml.MappingNode }
func (n Node) IsSequence() bool { return n.yaml != nil && n.yaml.Kind == yaml.SequenceNode }
func (n Node) IsScalar() bool   { return n.yaml != nil && n.yaml.Kind == yaml.ScalarNode && !n.IsNull() }
func (n Node) IsNull() bool {
	return n.yaml == nil || n.yaml.Kind == yaml.ScalarNode && n.tag() == "!!null"
}

// IsString says that the value is text: quoted, or plain text that YAML takes for nothing else.
func (n Node) IsString() bool { return n.IsScalar() && !n.IsNumber() && !n.IsBool() }

// IsNumber and IsBool say what a plain scalar is taken for.
func (n Node) IsNumber() bool { return n.IsScalar() && (n.tag() == "!!int" || n.tag() == "!!float") }
func (n Node) IsBool() bool   { return n.IsScalar() && n.tag() == "!!bool" }

// Text is a scalar as it is written, without quotes, its static names filled in.
func (n Node) Text() string {
	if n.filled != nil {
		return n.filled.text
	}
	if n.yaml == nil {
		return ""
	}
	return n.yaml.Value
}

// Items are the values of a sequence.
func (n Node) Items() []Node {
	if !n.IsSequence() {
		return nil
	}
	return n.children
}

// Pairs are the keys and values of a mapping, in the order of the file.
func (n Node) Pairs() []Pair {
	if !n.IsMapping() {
		return nil
	}
	pairs := make([]Pair, 0, len(n.children)/2)
	for i := 0; i+1 < len(n.children); i += 2 {
		pairs = append(pairs, Pair{Key: n.children[i], Value: n.children[i+1]})
	}
	return pairs
}

// Get finds a key of a mapping.
func (n Node) Get(key string) (Node, bool) {
	for _, p := range n.Pairs() {
		if p.Key.Text() == key {
			return p.Value, true
		}
	}
	return Node{}, false
}

// Describe says what the value is, for "found …": a mapping, a list, the number 3, "text".
func (n Node) Describe() string {
	switch {
	case n.IsNull():
		return "nothing"
	case n.IsMapping():
		return "a mapping"
	case n.IsSequence():
		return "a list"
	case n.IsNumber():
		return "the number " + cut(n.Text(), 40)
	case n.IsBool():
		return n.Text()
	}
	return strconv.Quote(cut(n.Text(), 40))
}

func (n Node) tag() string {
	if n.filled != nil {
		return n.filled.tag
	}
	return n.yaml.Tag
}

func (n Node) problem(message string) Problem {
	if n.doc == nil {
		return Problem{Message: oneLine(message)}
	}
	return n.doc.problem(n.yaml.Line, n.yaml.Column, n.width(), message)
}
