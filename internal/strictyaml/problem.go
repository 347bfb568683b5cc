package strictyaml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Position is a place in a file. Line and Column count from 1; Column counts bytes, as Go's tools do.
// The zero Position is "nowhere": a value that was made in code.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String gives file:line:column, the form that editors and CI systems link.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Rule is a kind of problem, by which programs group and filter them. It is an interface of its own: rules are added,
// never renamed.
type Rule string

// The kinds of problem.
const (
	RuleSyntax       Rule = "syntax"        // it isn't YAML, or YAML that is no part of the language
	RuleUnknownKey   Rule = "unknown-key"   // a key, or a word in the place of one, that isn't known there
	RuleDuplicateKey Rule = "duplicate-key" // a key that is set twice
	RuleMissingKey   Rule = "missing-key"   // a key that is required
	RuleType         Rule = "type"          // a list where a number is wanted
	RuleName         Rule = "name"          // what stands between {{ and }}
	RuleValue        Rule = "value"         // all else
)

// Rules are all of them, with what they are about.
func Rules() map[Rule]string {
	return map[Rule]string{
		RuleSyntax: "The file is not YAML, or holds what is no part of the language", RuleUnknownKey: "A key is not known where it stands",
		RuleDuplicateKey: "A key is set twice", RuleMissingKey: "A required key is missing", RuleType: "A value is of another type than the one wanted",
		RuleName: "A name between {{ and }} is wrong", RuleValue: "A value is not one that is allowed",
	}
}

// Problem is one thing that is wrong in a file.
type Problem struct {
	Position
	// Rule says what kind of problem it is.
	Rule Rule `json:"rule,omitempty"`
	// Message says in one line what is wrong and what would be right.
	Message string `json:"message"`
	// Source is the text of the line, for the excerpt; empty when there is none to show.
	Source string `json:"source,omitempty"`
	// Width is how many bytes of Source, from Column on, the caret underlines. Less than 1 is taken for 1.
	Width int `json:"-"`
}

// Error gives the problem on one line, without the excerpt.
func (p Problem) Error() string {
	if p.Position == (Position{}) {
		return p.Message
	}
	return p.String() + ": " + p.Message
}

// Excerpt shows the line with a caret under the place, or nothing where there is no line to show.
// A long line is cut around the place.
func (p Problem) Excerpt() string {
	if strings.TrimSpace(p.Source) == "" || p.Column < 1 || p.Column > len(p.Source)+1 {
		return ""
	}
	const most = 60
	before, cutBefore := lastRunes(p.Source[:p.Column-1], most)
	marked, _ := splitRunes(p.Source[p.Column-1:][:min(max(p.Width, 1), len(p.Source)-p.Column+1)], most)
	rest, more := splitRunes(p.Source[p.Column-1:], most)
	before, rest = visible(before), visible(rest)
	if cutBefore {
		_, before = splitRunes(before, 1)
		before = "…" + before
	}
	if more != "" {
		rest, _ = splitRunes(rest, most-1)
		rest += "…"
	}
	gutter := fmt.Sprintf("%4d | ", p.Line)
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, before)
	tail := max(utf8.RuneCountInString(marked)-1, 0)
	return gutter + before + rest + "\n" + strings.Repeat(" ", len(gutter)-2) + "| " + pad + "^" + strings.Repeat("~", tail)
}

// splitRunes cuts a text after so many characters.
func splitRunes(s string, n int) (string, string) {
	for i := range s {
		if n == 0 {
			return s[:i], s[i:]
		}
		n--
	}
	return s, ""
}

// lastRunes gives the last characters of a text, at most so many, and whether there were more.
func lastRunes(s string, n int) (string, bool) {
	start := len(s)
	for ; n > 0 && start > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:start])
		start -= size
	}
	return s[start:], start > 0
}

// visible puts the replacement character for what a terminal would obey instead of show; tabs stay.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == ' ' || unicode.IsGraphic(r) {
			return r
		}
		return utf8.RuneError
	}, s)
}

// oneLine escapes what would break a message's line, or what a terminal would obey: keys and texts of a file may hold
// line breaks and control characters.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsGraphic(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// Problems is everything that is wrong in a file, in the order of the file. It is an error when it isn't empty.
type Problems []Problem

// Error gives the first problem on one line and how many more there are: it has to fit a verdict's reason.
func (ps Problems) Error() string {
	switch len(ps) {
	case 0:
		return "no problems"
	case 1:
		return ps[0].Error()
	case 2:
		return ps[0].Error() + " (and 1 more problem)"
	default:
		return fmt.Sprintf("%s (and %d more problems)", ps[0].Error(), len(ps)-1)
	}
}

// sorted orders problems by position and drops repeats: one value may be decoded by more than one rule.
func (ps Problems) sorted() Problems {
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return slices.CompactFunc(out, func(a, b Problem) bool { return a.Position == b.Position && a.Message == b.Message })
}
