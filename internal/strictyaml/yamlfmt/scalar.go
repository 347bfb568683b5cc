package yamlfmt

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// scalar reads the scalar that begins here.
func (s *scanner) scalar(n *yaml.Node) error {
	t := token{kind: scalar, line: s.line, column: s.column}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		s.block(&t)
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		if !s.quoted(&t) {
			return s.problem("the quoted text has no layout")
		}
	case !s.plain(&t, n.Value):
		return s.problem("the text has no layout: quote it")
	}
	if t.kind == scalar && t.line == t.last && s.isKey(s.column) {
		column := t.column
		if last := len(s.tokens) - 1; last >= 0 && s.tokens[last].kind == anchor && s.tokens[last].line == t.line {
			column = s.tokens[last].column
		}
		s.opens(collection{column, false})
	}
	t.open = s.open
	s.tokens = append(s.tokens, t)
	return nil
}

// close ends a scalar before the scanner's place, and cuts it into its lines.
func (s *scanner) close(t *token) {
	t.last, t.end = s.line, s.column
	if t.last == t.line {
		t.text = string(s.lines[t.line][t.column:t.end])
		return
	}
	t.text = string(s.lines[t.line][t.column:])
	for line := t.line + 1; line < t.last; line++ {
		t.more = append(t.more, string(s.lines[line]))
	}
	t.more = append(t.more, string(s.lines[t.last][:t.end]))
	for i := range t.more {
		t.more[i] = strings.TrimLeft(t.more[i], " \t")
	}
	if t.quote == '"' {
		return // the space before the end of a line may be an escaped one
	}
	t.text = strings.TrimRight(t.text, " \t")
	for i := range t.more[:len(t.more)-1] {
		t.more[i] = strings.TrimRight(t.more[i], " \t")
	}
}

// quoted reads to the closing quote.
func (s *scanner) quoted(t *token) bool {
	t.quote = s.at(s.column)
	for s.column++; s.line < len(s.lines); s.line, s.column = s.line+1, 0 {
		for s.column < len(s.lines[s.line]) {
			switch r := s.at(s.column); {
			case r == '\\' && t.quote == '"', r == '\'' && t.quote == '\'' && s.at(s.column+1) == '\'':
				s.column += 2
			case r == t.quote:
				s.column++
				s.close(t)
				return true
			default:
				s.column++
			}
		}
	}
	return false
}

// plain reads a text without quotes, whose value is known: it differs from what is written in white space only.
func (s *scanner) plain(t *token, value string) bool {
	for _, r := range value {
		if r == ' ' || r == '\n' || r == '\t' {
			continue
		}
		if !s.skipSpace() || s.at(s.column) != r {
			return false
		}
		s.column++
	}
	s.close(t)
	return true
}

// block reads a text after | or >: its first line with what is said there of it, and all that are indented below.
func (s *scanner) block(t *token) {
	t.kind = block
	t.text = strings.TrimRight(string(s.lines[s.line][s.column:]), " \t")
	head, _, _ := strings.Cut(t.text, " ")
	outer := 0
	if len(s.open) > 0 {
		outer = s.open[len(s.open)-1].column
	}
	var indentation int
	if at := strings.IndexFunc(head, unicode.IsDigit); at >= 0 {
		t.digit = int(head[at] - '0')
		indentation = outer + t.digit
	} else {
		indentation = s.indentationBelow()
	}
	s.line++
	filled := 0 // lines up to the last that counts
	for ; s.line < len(s.lines); s.line++ {
		line := s.lines[s.line]
		spaces := leadingSpaces(line)
		if spaces < min(indentation, len(line)) {
			break
		}
		t.more = append(t.more, string(line[min(indentation, len(line)):]))
		if len(line) > indentation || strings.Contains(head, "+") {
			filled = len(t.more)
		}
	}
	if s.line == len(s.lines) && filled > 0 && strings.Contains(head, "+") {
		filled-- // behind the last line break there is no line
	}
	s.line -= len(t.more) - filled
	t.more = t.more[:filled]
	t.last, t.end = s.line-1, 0
	s.column = 0
}

// indentationBelow is that of the first line below that isn't empty, where a text begins.
func (s *scanner) indentationBelow() int {
	outer := -1
	if len(s.open) > 0 {
		outer = s.open[len(s.open)-1].column
	}
	most := max(outer+1, 1)
	for _, line := range s.lines[s.line+1:] {
		spaces := leadingSpaces(line)
		most = max(most, spaces)
		if spaces < len(line) {
			break
		}
	}
	return most
}

func leadingSpaces(line []rune) int {
	n := 0
	for n < len(line) && line[n] == ' ' {
		n++
	}
	return n
}
