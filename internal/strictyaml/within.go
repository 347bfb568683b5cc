package strictyaml

import "strings"

// Names gives the names that {{ }} may hold in what is decoded: a language inside of a value, such as an expression,
// knows the same names, and refuses others when the file is read.
func (d *Decoder) Names() Names { return d.names }

// Skip gives the text without the first bytes of its literal beginning, of which there must be as many: what is
// left when an operator or a method in front has been read.
func (t Text) Skip(bytes int) Text {
	if bytes == 0 {
		return t
	}
	rest := append([]part{{literal: t.parts[0].literal[bytes:]}}, t.parts[1:]...)
	if rest[0].literal == "" && len(rest) > 1 {
		rest = rest[1:]
	}
	return Text{parts: rest, at: t.at}
}

// ExpandFunc fills the names in as Expand does, each with what fill makes of its value and of the text before it: a
// text with a syntax of its own (a URL, a regular expression) escapes there what would otherwise become structure.
func (t Text) ExpandFunc(lookup Lookup, fill func(before, value string) string) (string, error) {
	if literal, known := t.Literal(); known {
		return literal, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		value, err := Text{parts: []part{p}, at: t.at}.Expand(lookup)
		if err != nil {
			return "", err
		}
		b.WriteString(fill(b.String(), value))
	}
	return b.String(), nil
}

// Once gives what build makes of a key the first time that anything in the file asks for it: what several values refer to, such as
// another file, is read once. The key's type should be the caller's own.
func (d *Decoder) Once(key any, build func() any) any {
	made, there := d.once[key]
	if !there {
		made = build()
		if d.once == nil {
			d.once = map[any]any{}
		}
		d.once[key] = made
	}
	return made
}

// Add notes problems that another Decoder found, in another file.
func (d *Decoder) Add(problems Problems) { d.problems = append(d.problems, problems...) }
