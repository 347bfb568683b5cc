package strictyaml

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// place is where a mistake stands, as the parser counts, and how many bytes of the line belong to it.
type place struct{ line, column, width int }

// mistake says in the file's own words what the parser says in the words of its grammar. It gives false where the
// mistake is another one.
type mistake func(d *document, e *yaml.LoadError) (place, string, bool)

// mistakes are tried in order. The parser tells where it gave up; most of them stand elsewhere.
var mistakes = []mistake{
	tabIndentation, controlCharacter, unclosedQuote, unknownEscape, bareSign, bareName, unclosedBracket, looseText, missingColon, misplacedLine, other,
}

// syntax explains why the parser gave up.
func (d *document) syntax(err error) Problem {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return d.problem(1, 1, 1, "not YAML: "+strings.TrimPrefix(err.Error(), "yaml: "))
	}
	for _, m := range mistakes {
		if at, message, ok := m(d, load); ok {
			return d.problem(at.line, at.column, at.width, message)
		}
	}
	return d.problem(1, 1, 1, "not YAML: "+load.Message)
}

func (d *document) at(m yaml.Mark, width int) place { return place{m.Line, m.Column, width} }

// from gives the text of a line from a mark on.
func (d *document) from(m yaml.Mark) string {
	line := d.line(m.Line)
	return line[d.byteColumn(m.Line, m.Column)-1:]
}

// before gives the text of a line up to a mark.
func (d *document) before(m yaml.Mark) string {
	line := d.line(m.Line)
	return line[:d.byteColumn(m.Line, m.Column)-1]
}

func tabIndentation(d *document, e *yaml.LoadError) (place, string, bool) {
	line := d.line(e.Mark.Line)
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	tab := strings.IndexByte(indent, '\t')
	if tab < 0 || strings.Contains(e.ContextMsg, "quoted") {
		return place{}, "", false
	}
	return place{e.Mark.Line, tab + 1, 1}, "the line is indented with a tab; YAML takes spaces only", true
}

func controlCharacter(d *document, e *yaml.LoadError) (place, string, bool) {
	if e.Stage != yaml.ReaderStage {
		return place{}, "", false
	}
	// The reader reads ahead of the parser, and has no place of its own to tell.
	for i, line := range d.lines {
		column := 0
		for _, r := range line {
			column++
			if !readable(r) {
				return place{i + 1, column, utf8.RuneLen(r)}, fmt.Sprintf("the file holds the control character %U", r), true
			}
		}
	}
	return place{}, "", false
}

// readable says whether YAML allows a character: https://yaml.org/spec/1.2.2/#51-character-set
func readable(r rune) bool {
	switch {
	case r == '\t', r == 0x85, r >= 0x20 && r <= 0x7E, r >= 0xA0 && r <= 0xD7FF:
		return true
	}
	return r >= 0xE000 && r != 0xFEFF && r <= 0xFFFD || r >= 0x10000
}

func unclosedQuote(d *document, e *yaml.LoadError) (place, string, bool) {
	return d.at(e.ContextMark, 1), "the quote that opens here is never closed",
		e.ContextMsg == "while scanning a quoted scalar" && strings.HasPrefix(e.Message, "found unexpected")
}

func unknownEscape(d *document, e *yaml.LoadError) (place, string, bool) {
	if e.ContextMsg != "while scanning a quoted scalar" {
		return place{}, "", false
	}
	escape, _ := splitRunes(d.from(e.Mark), 2)
	if !strings.HasPrefix(escape, `\`) {
		return d.at(e.Mark, 1), `the escape is not complete: \x takes two digits, \u four, \U eight`, true
	}
	return d.at(e.Mark, len(escape)), fmt.Sprintf(`between double quotes \ starts an escape, and %s is none: use single quotes, or write \%s`, escape, escape), true
}

// bareSign is text that begins with a character that YAML takes for itself.
func bareSign(d *document, e *yaml.LoadError) (place, string, bool) {
	mark := e.Mark
	switch {
	case e.ContextMsg == "while scanning a block scalar", strings.HasPrefix(e.ContextMsg, "while scanning an a"):
		mark = e.ContextMark
	case e.Message != "found character that cannot start any token" && !strings.HasPrefix(e.Message, "unknown anchor"):
		return place{}, "", false
	}
	text := scalarText(d.from(mark))
	at := d.at(mark, len(text))
	switch sign, _ := splitRunes(text, 1); {
	case sign == ">":
		return at, quoteComparison(">", text), true
	case sign == "|" && e.ContextMsg == "while scanning a block scalar":
		return at, "after | the text begins on the next line; to begin with a |, quote it", true
	case sign == "*":
		return at, fmt.Sprintf("%s is an alias, and there is no anchor for it; if it is text, quote it", text), true
	case sign == "&":
		return at, "YAML takes & for the start of an anchor; if it is text, quote it", true
	case sign != "":
		return at, fmt.Sprintf("a text can't begin with %s: quote it", sign), true
	}
	return place{}, "", false
}

func quoteComparison(sign, text string) string {
	if sign == ">" {
		return fmt.Sprintf("YAML takes a bare > for the start of a folded text: quote the comparison: %q", text)
	}
	return fmt.Sprintf("YAML takes a bare ! for the start of a tag: quote the comparison: %q", text)
}

// bareName is a {{ name }} without quotes where more text follows it.
func bareName(d *document, e *yaml.LoadError) (place, string, bool) {
	line := d.line(e.Mark.Line)
	start := bareBraces(line)
	if start < 0 || e.Stage == yaml.ComposerStage {
		return place{}, "", false
	}
	text := scalarText(line[start:])
	return place{e.Mark.Line, utf8.RuneCountInString(line[:start]) + 1, len(text)}, quoteNames(text), true
}

func quoteNames(text string) string {
	return fmt.Sprintf("YAML takes a bare {{ for the start of a mapping: quote the text: %q", text)
}

// bareBraces finds {{ where a value starts, outside of quotes and comments; -1 where there is none.
func bareBraces(line string) int {
	quote, starts := byte(0), true
	for i := range len(line) {
		switch c := line[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && starts:
			quote, starts = c, false
		case c == '#' && (i == 0 || line[i-1] == ' '):
			return -1
		case starts && strings.HasPrefix(line[i:], "{{"):
			return i
		case c != ' ':
			starts = strings.IndexByte(":-,[{?", c) >= 0
		}
	}
	return -1
}

func unclosedBracket(d *document, e *yaml.LoadError) (place, string, bool) {
	what, closing := "list", "]"
	switch e.ContextMsg {
	case "while parsing a flow sequence":
	case "while parsing a flow mapping":
		what, closing = "mapping", "}"
	default:
		return place{}, "", false
	}
	if e.Mark.Line != e.ContextMark.Line {
		return d.at(e.ContextMark, 1), fmt.Sprintf("the %s that opens here is not closed: no %s before line %d", what, closing, e.Mark.Line), true
	}
	return d.at(e.Mark, 1), fmt.Sprintf("expected , or %s in the %s that opens in column %d", closing, what, len(d.before(e.ContextMark))+1), true
}

// looseText is a value that goes on after it has ended: `a: b: c`, `a: "b" c`.
func looseText(d *document, e *yaml.LoadError) (place, string, bool) {
	before := strings.TrimSpace(d.before(e.Mark))
	switch {
	case e.Message == "mapping values are not allowed in this context" && strings.Contains(before+" ", ": "):
		return d.at(e.Mark, 1), "a second colon on the line: quote the text that holds it", true
	case e.Message == "did not find expected key" && strings.Trim(before, "- ") != "":
		return d.at(e.Mark, 1), "nothing can follow here: the value has ended; quote the whole text", true
	}
	return place{}, "", false
}

func missingColon(d *document, e *yaml.LoadError) (place, string, bool) {
	return d.at(e.ContextMark, len(scalarText(d.from(e.ContextMark)))), "expected a key with a colon and a space after it",
		e.Message == "could not find expected ':'"
}

func misplacedLine(d *document, e *yaml.LoadError) (place, string, bool) {
	line := d.line(e.Mark.Line)
	at := place{max(e.Mark.Line, 1), len(line) - len(strings.TrimLeft(line, " ")) + 1, 1}
	switch e.Message {
	case "mapping values are not allowed in this context":
		return at, "the line is indented too far: the value above it has ended", true
	case "did not find expected key":
		if strings.HasPrefix(strings.TrimSpace(line), "- ") {
			return at, "a list item stands where a key is expected", true
		}
		return at, "the line's indentation fits none of the lines above it", true
	case "did not find expected '-' indicator":
		return at, "expected a list item (-) here, as above; is the indentation right?", true
	case "block sequence entries are not allowed in this context":
		return at, "a list can't begin here: put it on a line of its own", true
	}
	return place{}, "", false
}

func other(d *document, e *yaml.LoadError) (place, string, bool) {
	at := d.at(e.Mark, 1)
	switch {
	case strings.HasPrefix(d.line(at.line), "%"):
		return at, "directives (%) are not part of the language", true
	case strings.Contains(e.Message, "max depth"), strings.Contains(e.Message, "exceeded"):
		return at, fmt.Sprintf("values are nested over %d deep", MaxDepth), true
	case e.Message == "did not find expected node content":
		return at, "expected a value here", true
	case strings.HasPrefix(e.ContextMsg, "while scanning a tag"), strings.HasPrefix(e.ContextMsg, "while parsing a tag"), e.Message == "found undefined tag handle":
		return at, "tags (!) are not part of the language; if it is text, quote it", true
	}
	return at, "not YAML: " + e.Message, true
}

// refuse finds what is YAML but isn't part of the language, or what YAML takes for something that nobody means.
func (d *document) refuse(y *yaml.Node) *Problem {
	const suspect = yaml.TaggedStyle | yaml.FoldedStyle | yaml.FlowStyle
	if y.Style&suspect == 0 {
		return nil
	}
	text := func() string { return scalarText(d.from(yaml.Mark{Line: y.Line, Column: y.Column})) }
	switch {
	case y.Style&yaml.TaggedStyle != 0 && strings.HasPrefix(y.Tag, "!="):
		return d.problemAt(y, len(text()), quoteComparison("!", text()))
	case y.Style&yaml.TaggedStyle != 0:
		return d.problemAt(y, len(y.Tag), fmt.Sprintf("tags (%s) are not part of the language", y.Tag))
	case y.Style&yaml.FoldedStyle != 0 && strings.TrimSpace(y.Value) == "" && strings.ContainsAny(text(), "123456789"):
		// >5 announces a folded text that is indented by 5, and none follows.
		return d.problemAt(y, len(text()), quoteComparison(">", text()))
	case startsWithBraces(y):
		return d.problemAt(y, len(text()), quoteNames(text()))
	}
	return nil
}

// startsWithBraces finds {{: a mapping whose first key is a mapping, which no file has a use for.
func startsWithBraces(y *yaml.Node) bool {
	if y.Kind != yaml.MappingNode || y.Style&yaml.FlowStyle == 0 || len(y.Content) == 0 {
		return false
	}
	key := y.Content[0]
	return key.Kind == yaml.MappingNode && key.Line == y.Line && key.Column == y.Column+1
}

func (d *document) problemAt(y *yaml.Node, width int, message string) *Problem {
	p := d.problem(y.Line, y.Column, width, message)
	return &p
}

// scalarText guesses where the text that a user meant ends: at a comma, a bracket, a comment or the end of the line.
func scalarText(s string) string {
	if strings.HasPrefix(s, "{{") {
		if end := strings.Index(s, "}}"); end >= 0 {
			rest := scalarText(s[end+2:])
			return s[:end+2+len(rest)]
		}
	}
	if i := strings.IndexAny(s, ",]}"); i >= 0 {
		s = s[:i]
	}
	if i := strings.Index(s, " #"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimRight(s, " \t")
}
