package jsonschema

import (
	"strconv"
	"strings"
)

// place is where a value stands in a document, as a JSON path that selects it.
type place struct {
	parent *place
	name   string // of a member, or of the document
	index  int
	isItem bool
}

func (p *place) member(name string) *place { return &place{parent: p, name: name} }
func (p *place) item(i int) *place         { return &place{parent: p, index: i, isItem: true} }

// String writes $.items[2].price, and $['a b'] where a name needs quotes.
func (p *place) String() string {
	var steps []*place
	for ; p.parent != nil; p = p.parent {
		steps = append(steps, p)
	}
	var b strings.Builder
	b.WriteString(p.name)
	for i := len(steps) - 1; i >= 0; i-- {
		switch step := steps[i]; {
		case step.isItem:
			b.WriteString("[" + strconv.Itoa(step.index) + "]")
		case isPlain(step.name):
			b.WriteString("." + step.name)
		default:
			b.WriteString("[" + quoted(step.name) + "]")
		}
	}
	return b.String()
}

func isPlain(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// quoted writes a name as RFC 9535 has it between brackets, on one line, cut to what a person reads.
func quoted(name string) string {
	const longest = 40
	runes := []rune(name)
	if len(runes) > longest {
		runes = append(runes[:longest], '…')
	}
	s := strconv.Quote(string(runes))
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`), "'", `\'`) + "'"
}
