package yamlfmt

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// kind is what a token is.
type kind int

const (
	scalar  kind = iota // in any style but the block ones, over any number of lines
	block               // a text after | or >
	dash                // of an item
	colon               // between a key and its value
	open                // [ or {
	closing             // ] or }
	comma
	anchor // of an anchor or an alias
	marker // --- or ...
	comment
)

// token is a piece of a file that stays in one.
type token struct {
	kind kind
	// text is that of the first line, more that of those after it. Those of a block are without their indentation.
	text string
	more []string
	// line and column say where it begins, last and end where it ends; from 0 on.
	line, column int
	last, end    int
	// open are the block collections that the token is in.
	open []collection
	// digit is a block's own indentation, where one is written.
	digit int
	// quote is what a scalar is quoted by; 0 where it isn't.
	quote rune
}

// collection is a mapping or list in block style, by the column at which its entries begin.
type collection struct {
	column int
	list   bool
}

// scanned is a file in its tokens, and the tree that they stand for.
type scanned struct {
	root   *yaml.Node
	tokens []token
	// unended says that a block ends the file, without a line break: it is a part of the text, where there is one.
	unended bool
}

// comments are the texts of all comments, in order.
func (s *scanned) comments() []string {
	var all []string
	for _, t := range s.tokens {
		if t.kind == comment {
			all = append(all, t.text)
		} else if _, note, ok := strings.Cut(t.text, " #"); ok && t.kind == block {
			all = append(all, note)
		}
	}
	return all
}

// scanner reads a text whose tree is known: the tree says where scalars begin and what they are, so that all between them
// is punctuation.
type scanner struct {
	name         string
	lines        [][]rune
	line, column int
	scalars      []*yaml.Node // those to come, in the order of the file
	anchored     bool         // the next of them has had its anchor
	open         []collection
	depth        int // of brackets
	tokens       []token
}

func scan(name, src string) (*scanned, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(src), &root); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	s := &scanner{name: name}
	for line := range strings.SplitSeq(src, "\n") {
		s.lines = append(s.lines, []rune(line))
		if at := strings.IndexAny(line, "\u0085\u2028\u2029"); at >= 0 {
			s.line, s.column = len(s.lines)-1, len([]rune(line[:at]))
			return nil, s.problem("YAML takes this character for the end of the line: write it as an escape between double quotes")
		}
	}
	if root.Content[0].Kind == yaml.ScalarNode {
		return nil, s.problem("the file is a single value, which has no layout")
	}
	s.gather(&root)
	for s.skipSpace() {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	last := s.tokens[len(s.tokens)-1]
	return &scanned{root: &root, tokens: s.tokens, unended: last.kind == block && last.last == len(s.lines)-1}, nil
}

// gather finds the scalars that somebody wrote: a key without a value has one that isn't there.
func (s *scanner) gather(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && !isAbsent(n) {
		s.scalars = append(s.scalars, n)
	}
	for _, child := range n.Content {
		s.gather(child)
	}
}

const quotedOrBlock = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func isAbsent(n *yaml.Node) bool { return n.Value == "" && n.Style&quotedOrBlock == 0 }

func (s *scanner) problem(message string) error {
	text := s.lines[min(s.line, len(s.lines)-1)]
	before := string(text[:min(s.column, len(text))])
	return strictyaml.Problems{{
		Position: strictyaml.Position{File: s.name, Line: s.line + 1, Column: len(before) + 1},
		Rule:     strictyaml.RuleSyntax, Message: message, Source: string(text), Width: 1,
	}}
}

// skipSpace goes on to the next token, and says whether there is one.
func (s *scanner) skipSpace() bool {
	for ; s.line < len(s.lines); s.line, s.column = s.line+1, 0 {
		for ; s.column < len(s.lines[s.line]); s.column++ {
			if !isSpace(s.lines[s.line][s.column]) {
				return true
			}
		}
	}
	return false
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' }

// at gives a character of the line; 0 behind its end.
func (s *scanner) at(column int) rune {
	if column >= len(s.lines[s.line]) {
		return 0
	}
	return s.lines[s.line][column]
}

// next reads one token.
func (s *scanner) next() error {
	r := s.at(s.column)
	switch begins := s.begins(); {
	case r == '#':
		s.take(comment, len(s.lines[s.line])-s.column)
		return nil
	case begins && r == '&' && !s.anchored:
		s.anchored = true
		return s.anchor()
	case begins:
		n := s.scalars[0]
		s.anchored, s.scalars = false, s.scalars[1:]
		return s.scalar(n)
	}
	return s.punctuation(r)
}

// begins says that the next scalar begins here.
func (s *scanner) begins() bool {
	if len(s.scalars) == 0 {
		return false
	}
	n := s.scalars[0]
	return s.anchored || n.Line == s.line+1 && n.Column == s.column+1
}

func (s *scanner) punctuation(r rune) error {
	beforeSpace := s.at(s.column+1) == 0 || isSpace(s.at(s.column+1))
	switch {
	case s.column == 0 && s.depth == 0 && s.marks():
		s.open = nil
		s.take(marker, 3)
	case r == '-' && beforeSpace && s.depth == 0:
		s.opens(collection{s.column, true})
		s.take(dash, 1)
	case r == ':':
		if s.depth == 0 && !s.afterKey() {
			return s.problem("a key is a single value: neither a list nor a mapping, nor nothing")
		}
		s.take(colon, 1)
	case r == ',':
		s.take(comma, 1)
	case r == '[', r == '{':
		s.depth++
		s.take(open, 1)
	case r == ']', r == '}':
		s.depth--
		s.take(closing, 1)
	case r == '&', r == '*':
		return s.anchor()
	case r == '?' && beforeSpace:
		return s.problem("a key after ? has no layout: write the key before its colon")
	default:
		return s.problem(fmt.Sprintf("%q has no layout here: write the value without it", r))
	}
	return nil
}

// marks says that the line begins or ends a document.
func (s *scanner) marks() bool {
	r := s.at(0)
	return (r == '-' || r == '.') && s.at(1) == r && s.at(2) == r
}

// afterKey says that what stands before on the line can be a key.
func (s *scanner) afterKey() bool {
	if len(s.tokens) == 0 {
		return false
	}
	before := s.tokens[len(s.tokens)-1]
	return before.last == s.line && (before.kind == scalar || before.kind == anchor)
}

// anchor reads &name or *name.
func (s *scanner) anchor() error {
	width := 1
	for isWord(s.at(s.column + width)) {
		width++
	}
	if after := s.at(s.column + width); width == 1 || after != 0 && !isSpace(after) && !strings.ContainsRune(",]}:", after) {
		return s.problem("the name of an anchor is made of letters, digits, - and _")
	}
	if s.isKey(s.column + width) { // an alias, or the anchor of a key that is empty
		s.opens(collection{s.column, false})
	}
	s.take(anchor, width)
	return nil
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// isKey says that what ends before the column is the key of a block mapping.
func (s *scanner) isKey(column int) bool {
	for isSpace(s.at(column)) {
		column++
	}
	return s.depth == 0 && s.at(column) == ':' && (s.at(column+1) == 0 || isSpace(s.at(column+1)))
}

// opens notes where an entry begins, and leaves the collections that it isn't in. The items of a list may begin in the
// column of the key that the list belongs to.
func (s *scanner) opens(c collection) {
	open := slices.Clone(s.open)
	for len(open) > 0 {
		top := open[len(open)-1]
		if top.column < c.column || top.column == c.column && (c.list || !top.list) {
			break
		}
		open = open[:len(open)-1]
	}
	if len(open) == 0 || open[len(open)-1] != c {
		open = append(open, c)
	}
	s.open = open
}

// take makes a token of so many characters.
func (s *scanner) take(k kind, width int) {
	text := string(s.lines[s.line][s.column : s.column+width])
	s.tokens = append(s.tokens, token{
		kind: k, text: strings.TrimRight(text, " \t"), line: s.line, column: s.column, last: s.line, end: s.column + width, open: s.open,
	})
	s.column += width
}
