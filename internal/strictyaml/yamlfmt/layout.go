package yamlfmt

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// step is how much deeper each depth stands, in columns.
const step = 2

// line is a line of the layout.
type line struct {
	code    []byte
	comment string
	// source is the line that it was before, -1 where it is one of a scalar's that follow its first; column is where its
	// comment stood there, and gap how far behind the code.
	source, column, gap int
}

// layouter writes tokens in lines.
type layouter struct {
	tokens []token
	lines  []line
	open   []bracket
	at     int   // the column at which keys and values of the line's innermost entry stand
	column int   // the old column of the line's first token
	before token // the token before
	next   int   // behind the comments that the last one stood among
}

// bracket is one that is open. What is in it stands a step behind at, unless on its line.
type bracket struct{ at, column int }

// layOut gives the lines of a file.
func layOut(s *scanned) []string {
	l := &layouter{tokens: s.tokens}
	for i, t := range s.tokens {
		if i == 0 || t.line > l.before.last {
			l.begin(i)
		}
		l.add(i)
		l.before = t
	}
	alignComments(l.lines)
	text := make([]string, len(l.lines))
	for i, line := range l.lines {
		text[i] = string(line.code)
		if line.comment != "" {
			text[i] += strings.Repeat(" ", line.gap) + line.comment
		}
	}
	return text
}

// begin begins the line of a token, after an empty one where there was one before.
func (l *layouter) begin(i int) {
	t := l.tokens[i]
	if i > 0 && t.line > l.before.last+1 {
		l.lines = append(l.lines, line{source: -1})
	}
	var indentation int
	switch {
	case t.kind == comment:
		indentation = l.comment(i)
	case len(l.open) > 0:
		indentation = l.inBrackets(t)
	default:
		indentation = depth(t)
	}
	l.at, l.column = indentation, t.column
	l.lines = append(l.lines, line{code: bytes.Repeat([]byte(" "), indentation), source: t.line})
}

// depth is the new column of a token that begins a line outside of brackets.
func depth(t token) int {
	for i, c := range t.open {
		if c.column > t.column || c.column == t.column && (i == len(t.open)-1 || t.open[i+1].column > t.column) {
			return i * step
		}
	}
	return len(t.open) * step
}

// inBrackets is the new column of a token that begins a line between brackets.
func (l *layouter) inBrackets(t token) int {
	inner := l.open[len(l.open)-1]
	if t.kind == closing && t.column <= inner.column {
		return inner.at
	}
	return inner.at + step
}

// comment is the new column of a comment on a line of its own: that of what it stood in line with, of the lines after it
// and before it.
func (l *layouter) comment(i int) int {
	t := l.tokens[i]
	if len(l.open) > 0 {
		return l.open[len(l.open)-1].at + step
	}
	type place struct{ column, depth int }
	var places []place
	for n, c := range t.open {
		places = append(places, place{c.column, n * step})
	}
	for l.next = max(l.next, i+1); l.next < len(l.tokens) && l.tokens[l.next].kind == comment; {
		l.next++
	}
	if l.next < len(l.tokens) && l.tokens[l.next].kind != marker {
		places = append(places, place{l.tokens[l.next].column, depth(l.tokens[l.next])})
	}
	best := place{-1, 0}
	for _, p := range places {
		if p.column <= t.column && p.column >= best.column {
			best = p
		}
	}
	return best.depth
}

// add writes a token behind what its line has.
func (l *layouter) add(i int) {
	t := l.tokens[i]
	here := &l.lines[len(l.lines)-1]
	first := i == 0 || t.line > l.before.last
	if t.kind == comment {
		here.comment, here.column = t.text, t.column
		if !first {
			here.gap = t.column - l.before.end
		}
		return
	}
	if !first && spaced(l.before, t) {
		here.code = append(here.code, ' ')
	}
	if t.kind == dash || t.kind == scalar || t.kind == anchor {
		if !first && len(l.open) == 0 && l.before.kind == dash {
			l.at = utf8.RuneCount(here.code)
		}
	}
	switch t.kind {
	case open:
		l.open = append(l.open, bracket{l.at, l.columnOf(t)})
	case closing:
		l.open = l.open[:len(l.open)-1]
	}
	if t.kind == scalar && len(t.more) == 0 {
		t.text = doubleQuoted(t)
	}
	here.code = append(here.code, t.text...)
	l.continued(t)
}

// columnOf is the old column of what a bracket stands in: of its line, within others, and else of its entry.
func (l *layouter) columnOf(t token) int {
	if len(l.open) == 0 && len(t.open) > 0 {
		return t.open[len(t.open)-1].column
	}
	return l.column
}

// continued writes the lines of a scalar behind its first.
func (l *layouter) continued(t token) {
	if len(t.more) == 0 {
		return
	}
	indentation := len(t.open) * step
	switch {
	case t.digit > 0:
		indentation = (len(t.open)-1)*step + t.digit
	case len(l.open) > 0:
		indentation = l.open[len(l.open)-1].at + step
	}
	for _, text := range t.more {
		if text != "" {
			text = strings.Repeat(" ", max(indentation, 0)) + text
		}
		l.lines = append(l.lines, line{code: []byte(text), source: -1})
	}
	l.lines[len(l.lines)-1].source = t.last
}

// spaced says that there is a space between two tokens of a line.
func spaced(before, t token) bool {
	switch {
	case t.kind == colon:
		return before.kind == anchor // a colon could be a part of its name
	case before.text == "{" && t.text == "{" && t.kind == open:
		return true // {{ would be the start of a name
	case before.kind == open, t.kind == closing, t.kind == comma:
		return false
	}
	return true
}

// doubleQuoted writes a text that stands between single quotes between double ones, where it has nothing that would have to
// be escaped there.
func doubleQuoted(t token) string {
	if t.quote != '\'' {
		return t.text
	}
	inside := strings.ReplaceAll(t.text[1:len(t.text)-1], "''", "'")
	if strings.ContainsAny(inside, `"\`) || strings.ContainsFunc(inside, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return t.text
	}
	return `"` + inside + `"`
}

// alignComments puts the comments of neighbouring lines, where they stood in one column, into one column again. Others stay
// as far behind their line as they were.
func alignComments(lines []line) {
	for i := 0; i < len(lines); {
		end := i + 1
		if !lines[i].trails() {
			i = end
			continue
		}
		for end < len(lines) && lines[end].follows(lines[end-1]) {
			end++
		}
		align(lines[i:end])
		i = end
	}
}

// trails says that a comment stands behind something.
func (l line) trails() bool { return l.comment != "" && len(bytes.TrimSpace(l.code)) > 0 }

// follows says that the comment stood below another.
func (l line) follows(above line) bool {
	return l.comment != "" && l.source == above.source+1 && l.column == above.column && above.source >= 0
}

func align(lines []line) {
	width, gap := 0, lines[0].gap
	for _, l := range lines {
		if l.trails() {
			width, gap = max(width, utf8.RuneCount(l.code)), min(gap, l.gap)
		}
	}
	for i := range lines {
		if !lines[i].trails() {
			lines[i].code = nil
		}
		lines[i].gap = width + gap - utf8.RuneCount(lines[i].code)
	}
}
