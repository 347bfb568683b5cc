package elb

import "strings"

// Wildcards of a pattern; other symbols are bytes.
const (
	anyOne  = -1 - iota // ? matches exactly one character
	anyMany             // * matches none or more
)

// pattern is a compiled match evaluation with wildcards:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#rule-condition-types-basics.
type pattern struct {
	symbols []int
	fold    bool // compare without case
}

// compilePattern compiles text. Where escapes is set, a backslash takes a wildcard
// behind it literally, which query string conditions alone have.
func compilePattern(text string, fold, escapes bool) pattern {
	if fold {
		text = strings.ToLower(text)
	}
	p := pattern{fold: fold}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case escapes && c == '\\' && i+1 < len(text) && (text[i+1] == '*' || text[i+1] == '?' || text[i+1] == '\\'):
			i++
			p.symbols = append(p.symbols, int(text[i]))
		case c == '*':
			p.symbols = append(p.symbols, anyMany)
		case c == '?':
			p.symbols = append(p.symbols, anyOne)
		default:
			p.symbols = append(p.symbols, int(c))
		}
	}
	return p
}

// match tells whether the pattern matches all of text, in time linear to the product of
// their lengths: on a mismatch it is enough to let the last * take one character more.
func (p pattern) match(text string) bool {
	if p.fold {
		text = strings.ToLower(text)
	}
	s, t := 0, 0
	star, taken := -1, 0
	for t < len(text) {
		switch {
		case s < len(p.symbols) && p.symbols[s] == anyMany:
			star, taken = s, t
			s++
		case s < len(p.symbols) && (p.symbols[s] == anyOne || p.symbols[s] == int(text[t])):
			s++
			t++
		case star >= 0:
			taken++
			s, t = star+1, taken
		default:
			return false
		}
	}
	for s < len(p.symbols) && p.symbols[s] == anyMany {
		s++
	}
	return s == len(p.symbols)
}
