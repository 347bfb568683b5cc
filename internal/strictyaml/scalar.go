package strictyaml

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// locate finds the place in the file of a byte of a scalar's text, so that a caret can stand under one name of a long
// text. It gives false where text and file differ too much to say: folded texts, texts whose names are filled in.
func (n Node) locate(offset int) (Position, bool) {
	if n.doc == nil || n.filled != nil || n.yaml.Kind != yaml.ScalarNode || offset < 0 || offset > len(n.yaml.Value) {
		return Position{}, false
	}
	if n.yaml.Style&yaml.LiteralStyle != 0 {
		return n.locateInLines(offset)
	}
	at := n.Position()
	span, ok := n.span(offset)
	if !ok {
		return Position{}, false
	}
	at.Column += span
	return at, true
}

// locateInLines is for texts after |, whose lines stand in the file as they are, indented.
func (n Node) locateInLines(offset int) (Position, bool) {
	before := strings.Count(n.yaml.Value[:offset], "\n")
	text := strings.Split(n.yaml.Value, "\n")[before]
	line := n.yaml.Line + 1 + before
	source := n.doc.line(line)
	if !strings.HasSuffix(source, text) {
		return Position{}, false
	}
	inLine := offset - (strings.LastIndexByte(n.yaml.Value[:offset], '\n') + 1)
	return Position{File: n.doc.file, Line: line, Column: len(source) - len(text) + inLine + 1}, true
}

// span counts the bytes from a scalar's start in the file, its quote included, to a byte of its text. It gives false
// where the text goes on on another line.
func (n Node) span(offset int) (int, bool) {
	line := n.doc.line(n.yaml.Line)
	start := n.Position().Column - 1
	source, text := line[start:], n.yaml.Value
	quote := byte(0)
	if n.yaml.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && source != "" {
		quote, source = source[0], source[1:]
	}
	at := 0
	for done := 0; done < offset; {
		if at >= len(source) {
			return 0, false
		}
		if width := escapeWidth(source[at:], quote); width > 0 {
			_, size := utf8.DecodeRuneInString(text[done:])
			at, done = at+width, done+size
			continue
		}
		if source[at] != text[done] {
			return 0, false
		}
		at, done = at+1, done+1
	}
	if quote != 0 {
		at++
	}
	return at, at <= len(line)-start
}

// escapeWidth is how many bytes an escape takes, which stands for one character; 0 where there is none.
func escapeWidth(source string, quote byte) int {
	switch {
	case quote == '\'' && strings.HasPrefix(source, "''"):
		return 2
	case quote != '"' || source[0] != '\\' || len(source) < 2:
		return 0
	}
	switch source[1] {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}

// width is how many bytes of its first line a scalar takes in the file.
func (n Node) width() int {
	if n.yaml.Kind != yaml.ScalarNode || n.yaml.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return 1
	}
	span, ok := n.span(len(n.yaml.Value))
	if !ok {
		rest := n.doc.line(n.yaml.Line)[n.Position().Column-1:]
		return len(strings.TrimRight(rest, " \t"))
	}
	if n.yaml.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		span++
	}
	return max(span, 1)
}
