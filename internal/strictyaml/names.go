package strictyaml

import (
	"fmt"
	"slices"
	"strings"
)

// Static fills in the names of a scalar that are known when the file is read. It notes a problem, and gives false,
// where the scalar holds others: the value is needed now. Other nodes come back as they are.
func (d *Decoder) Static(n Node) (Node, bool) {
	if !n.IsScalar() || n.filled != nil || !strings.Contains(n.Text(), "{{") {
		return n, true
	}
	if value, ok := d.whole(n); ok {
		return d.fillWhole(n, value)
	}
	parts, ok := d.parts(n)
	if !ok {
		return n, false
	}
	t := Text{parts: parts}
	literal, ok := t.Literal()
	if !ok {
		d.Note(RuleName, n, "{{ %s }} is known only when a check runs, and this value is needed when the file is read", t.Names()[0])
		return n, false
	}
	n.filled = &scalar{text: literal, tag: "!!str"}
	return n, true
}

func (d *Decoder) fillWhole(n Node, value any) (Node, bool) {
	if t, isText := value.(Text); isText {
		literal, ok := t.Literal()
		if !ok {
			d.Problem(n, "%s is {{ %s }}, which is known only when a check runs, and this value is needed when the file is read", n.Text(), t.Names()[0])
			return n, false
		}
		value = literal
	}
	tag := "!!str"
	switch value.(type) {
	case int, int64:
		tag = "!!int"
	case float64:
		tag = "!!float"
	case bool:
		tag = "!!bool"
	}
	text, err := textOf(value)
	if err != nil {
		d.Note(RuleName, n, "%s is %s: a single value is needed here", n.Text(), sortOf(value))
		return n, false
	}
	n.filled = &scalar{text: text, tag: tag}
	return n, true
}

// sortOf says what a value is that can't stand in a text.
func sortOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	}
	return fmt.Sprintf("a %T", value)
}

// whole gives the value of a scalar that is one static name and nothing else: it keeps its type.
func (d *Decoder) whole(n Node) (any, bool) {
	// A filled text is final: its braces are the user's data, not names.
	if n.filled != nil || !strings.HasPrefix(n.Text(), "{{") {
		return nil, false
	}
	b, _ := nextBraces(n.Text(), 0)
	if b.end != len(n.Text()) || !isName(b.inside) {
		return nil, false
	}
	return d.static(b.inside)
}

// static reaches into the static values: vars.user.id.
func (d *Decoder) static(name string) (any, bool) {
	var at any = d.names.Static
	for key := range strings.SplitSeq(name, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = m[key]; !ok {
			return nil, false
		}
	}
	return at, true
}

// parts splits a scalar at its names, and fills in the static ones.
func (d *Decoder) parts(n Node) ([]part, bool) {
	text := n.Text()
	if n.filled != nil || !strings.Contains(text, "{{") {
		return []part{{literal: text}}, true
	}
	s := splitter{d: d, n: n, sound: true}
	at := 0
	for b, ok := nextBraces(text, 0); ok; b, ok = nextBraces(text, at) {
		s.literal(text[at:b.start])
		if b.end < 0 {
			s.wrong(b.start, 2, `{{ has no }} after it; write {{ "{{" }} for the characters themselves`)
			at = b.start + 2
			continue
		}
		s.braces(b)
		at = b.end
	}
	s.literal(text[at:])
	if s.parts == nil {
		s.parts = []part{{}}
	}
	return s.parts, s.sound
}

// splitter gathers the parts of one scalar.
type splitter struct {
	d     *Decoder
	n     Node
	parts []part
	sound bool
}

func (s *splitter) literal(text string) {
	if last := len(s.parts) - 1; last >= 0 && s.parts[last].name == "" {
		s.parts[last].literal += text
	} else if text != "" {
		s.parts = append(s.parts, part{literal: text})
	}
}

// text takes the parts of another text, whose names keep their places.
func (s *splitter) text(t Text) {
	for _, p := range t.parts {
		if p.name == "" {
			s.literal(p.literal)
		} else {
			s.parts = append(s.parts, p)
		}
	}
}

func (s *splitter) wrong(offset, width int, format string, args ...any) {
	s.d.noteAt(RuleName, s.n, offset, width, format, args...)
	s.sound = false
}

// braces reads what stands between {{ and }}.
func (s *splitter) braces(b braces) {
	name, width := b.inside, b.end-b.start
	switch {
	case isQuoted(name):
		s.literal(name[1 : len(name)-1])
		return
	case name == "":
		s.wrong(b.start, width, "there is no name between {{ and }}")
		return
	case !isName(name):
		s.wrong(b.start, width, "{{ %s }} is not a name such as green.url; only names stand between {{ and }}", cut(name, 60))
		return
	case slices.Contains(s.d.names.Later, name):
		at, ok := s.n.locate(b.start)
		if !ok {
			at = s.n.Position()
		}
		s.parts = append(s.parts, part{name: name, at: at})
		return
	}
	value, ok := s.d.static(name)
	if why, early := s.d.names.NotYet[name]; early && !ok {
		s.wrong(b.start, width, "{{ %s }} has no value yet: it %s", name, why)
		return
	}
	if !ok {
		s.wrong(b.start, width, "%s", Unknown("name", name, s.d.known()))
		return
	}
	if t, isText := value.(Text); isText {
		s.text(t)
		return
	}
	text, err := textOf(value)
	if err != nil {
		s.wrong(b.start, width, "{{ %s }} is %s, and can't stand in the middle of a text", name, sortOf(value))
		return
	}
	s.literal(text)
}

// known lists every name that could have been meant.
func (d *Decoder) known() []string {
	names := slices.Clone(d.names.Later)
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for key, value := range m {
			if inner, ok := value.(map[string]any); ok {
				walk(prefix+key+".", inner)
			} else {
				names = append(names, prefix+key)
			}
		}
	}
	walk("", d.names.Static)
	return names
}
