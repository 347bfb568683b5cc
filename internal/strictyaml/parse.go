// Package strictyaml reads YAML files that people write by hand: it keeps the position of every value, refuses what
// it doesn't know, and shows everything that is wrong at once, each with its line, a caret and the nearest valid
// name.
//
// A file is parsed into a tree of Nodes, then decoded into Go structs by their yaml tags. Types that have rules of
// their own implement NodeDecoder. Values may hold {{ names }}: those that are known when the file is read (Static)
// are filled in as the file is decoded, typed; those that are known later stay in a Text or a Value, which fill
// values and never structure.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits on what is read. A plan of a few hundred checks is some 50 kB with some 5,000 nodes; past these limits a
// file is a mistake or an attack (aliases that multiply), and reading it would cost the time that the answer needs.
const (
	MaxSize  = 1 << 20 // bytes
	MaxNodes = 50_000  // with aliases followed
	MaxDepth = 64
)

// Parse reads the one YAML document in src. The file's name is for positions only. The error is Problems.
func Parse(file string, src []byte) (Node, error) {
	doc := &document{file: file}
	if len(src) > MaxSize {
		return Node{}, doc.whole(fmt.Sprintf("the file has %d bytes; at most %d (1 MiB) are read", len(src), MaxSize))
	}
	if !utf8.Valid(src) {
		return Node{}, doc.whole("the file is not UTF-8 text")
	}
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	doc.lines = splitLines(string(src))
	doc.ascii = isASCII(src)
	doc.marks = markLongLines(doc.lines)

	dec := yaml.NewDecoder(bytes.NewReader(src))
	var root yaml.Node
	if err := dec.Decode(&root); errors.Is(err, io.EOF) || (err == nil && root.Kind == 0) {
		return Node{}, doc.whole("the file is empty")
	} else if err != nil {
		return Node{}, Problems{doc.syntax(err)}
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil && second.Kind != 0 {
		return Node{}, Problems{doc.problem(second.Line, second.Column, 3, "a second document starts here; a file holds one")}
	} else if err != nil && !errors.Is(err, io.EOF) {
		return Node{}, Problems{doc.syntax(err)}
	}

	if isImplicitNull(root.Content[0]) {
		return Node{}, doc.whole("the file is empty")
	}
	budget := MaxNodes
	node, problem := doc.resolve(root.Content[0], 0, &budget, nil)
	if problem != nil {
		return Node{}, Problems{*problem}
	}
	return node, nil
}

// document is what the nodes of one file share.
type document struct {
	file  string
	lines []string
	// The parser counts characters; everything here counts bytes. To find a byte takes a walk over the line, except
	// where bytes and characters are one, or marks in long lines shorten the way: a file may be one line.
	ascii bool
	marks map[int][]int
}

// splitLines ends a line where the YAML parser does, for else its line numbers are not ours.
func splitLines(src string) []string {
	for _, lineBreak := range []string{"\r\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if strings.Contains(src, lineBreak) {
			src = strings.ReplaceAll(src, lineBreak, "\n")
		}
	}
	return strings.Split(src, "\n")
}

func (d *document) whole(message string) Problems {
	return Problems{{Position: Position{File: d.file, Line: 1, Column: 1}, Rule: RuleSyntax, Message: message, Width: 1}}
}

// problem takes the parser's line and column, which counts characters, and a width in bytes.
func (d *document) problem(line, column, width int, message string) Problem {
	p := Problem{Position: d.position(line, column), Rule: RuleSyntax, Message: oneLine(message), Width: width}
	p.Source = d.line(p.Line)
	return p
}

// position stays inside of the file: the parser may stop on the line after the last one.
func (d *document) position(line, column int) Position {
	if line < 1 {
		line, column = 1, 1
	}
	if last := len(d.lines); line > last {
		line, column = last, len(d.lines[last-1])+1
	}
	return Position{File: d.file, Line: line, Column: d.byteColumn(line, column)}
}

// line gives the text of a line, and nothing for a line that isn't there.
func (d *document) line(number int) string {
	if number < 1 || number > len(d.lines) {
		return ""
	}
	return d.lines[number-1]
}

// byteColumn gives the column in bytes of a column in characters, at most that of the line's end. Both count from 1.
func (d *document) byteColumn(number, column int) int {
	line := d.line(number)
	if d.ascii {
		return min(max(column, 1), len(line)+1)
	}
	start, skip := 0, max(column, 1)-1
	if marks := d.marks[number]; len(marks) > 0 {
		mark := min(skip/markEvery, len(marks)-1)
		start, skip = marks[mark], skip-mark*markEvery
	}
	for i := range line[start:] {
		if skip == 0 {
			return start + i + 1
		}
		skip--
	}
	return len(line) + 1
}

// markEvery is how many characters of a long line stand between two marks.
const markEvery = 256

// markLongLines notes for each long line, by its number, at which bytes its characters 0, 256, 512, … start.
func markLongLines(lines []string) map[int][]int {
	marks := map[int][]int{}
	for i, line := range lines {
		if len(line) < 4*markEvery {
			continue
		}
		count := 0
		for at := range line {
			if count%markEvery == 0 {
				marks[i+1] = append(marks[i+1], at)
			}
			count++
		}
	}
	return marks
}

func isASCII(src []byte) bool {
	for _, b := range src {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// resolve follows aliases, within limits, so that no other code has to know of them. A value keeps the position where
// it is written, which for an alias is the anchor's.
func (d *document) resolve(y *yaml.Node, depth int, budget *int, open []*yaml.Node) (Node, *Problem) {
	at := func(message string) *Problem { return d.problemAt(y, 1, message) }
	if *budget--; *budget < 0 {
		return Node{}, at(fmt.Sprintf("the file has over %d values, with aliases followed", MaxNodes))
	}
	if depth > MaxDepth {
		return Node{}, at(fmt.Sprintf("values are nested over %d deep", MaxDepth))
	}
	if y.Kind == yaml.AliasNode {
		for _, ancestor := range open {
			if ancestor == y.Alias {
				return Node{}, at(fmt.Sprintf("the alias *%s stands inside its own anchor", y.Value))
			}
		}
		return d.resolve(y.Alias, depth+1, budget, open)
	}
	if problem := d.refuse(y); problem != nil {
		return Node{}, problem
	}
	n := Node{doc: d, yaml: y}
	if len(y.Content) > 0 {
		n.children = make([]Node, 0, len(y.Content))
	}
	open = append(open, y)
	for i, child := range y.Content {
		if y.Kind == yaml.MappingNode && i%2 == 0 && isMergeKey(child) {
			return Node{}, d.problemAt(child, 2, "merge keys (<<) are not part of the language; anchors and aliases are")
		}
		c, problem := d.resolve(child, depth+1, budget, open)
		if problem != nil {
			return Node{}, problem
		}
		n.children = append(n.children, c)
	}
	return n, nil
}

func isMergeKey(y *yaml.Node) bool { return y.Kind == yaml.ScalarNode && y.Tag == "!!merge" }

// isImplicitNull finds a null that nobody wrote: what a lone --- is followed by.
func isImplicitNull(y *yaml.Node) bool {
	return y.Kind == yaml.ScalarNode && y.Tag == "!!null" && y.Value == "" && y.Anchor == ""
}
