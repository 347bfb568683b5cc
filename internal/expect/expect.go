// Package expect holds expectations: what must be true of an answer. Each is a type that is decoded from a plan, where
// everything that can be known to be wrong with it is told at its place: a number without its unit, a bad regular
// expression, an expression that names what isn't there. A check then judges what it saw with it, and gets nil, or a
// Mismatch that says what was expected and what was there instead.
//
// One rule runs through all of them: a literal means equality, and a text that begins with one of <, <=, >, >=, != and
// ~ is a comparison, typed by what it is compared with. The operator is the one that is written in the plan: a value
// that is filled in for a {{ name }} can't become one. What isn't there (a header, a JSON path, a member) is never
// what was expected, also under !=: missing data doesn't pass.
//
// Judging gives an error, in place of a Mismatch, where a {{ name }} has no value: then nothing is known of the answer.
package expect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Mismatch is an expectation that was false.
type Mismatch struct {
	// Subject is what was judged: "status", "header etag", "$.items[2].price".
	Subject string
	// Expected is the expectation, as it is written with its names filled in; empty where the subject says it all.
	Expected string
	// Got is what was there, on one line, long values cut.
	Got string
	// At is where the expectation stands in its file.
	At strictyaml.Position
}

// String says it on one line: status is 500, expected 2xx.
func (m *Mismatch) String() string {
	s := m.Subject + " is " + m.Got
	if m.Expected != "" {
		s += ", expected " + m.Expected
	}
	return s
}

// longest is how many characters of a value a Mismatch shows: two of them fit a line that people read.
const longest = 80

// missing is what a Mismatch shows where there is no value.
const missing = "missing"

// Quote shows text on one line, in quotes, control characters escaped, cut to what a person reads.
func Quote(s string) string { return strconv.Quote(cut(s)) }

func cut(s string) string {
	// A character takes up to four bytes; what lies behind can't be shown, and needn't be looked at.
	head := s
	if len(head) > 4*longest+4 {
		head = head[:4*longest+4]
	}
	runes := []rune(head)
	if len(runes) <= longest && len(head) == len(s) {
		return s
	}
	return string(runes[:min(longest-1, len(runes))]) + "…"
}

// show writes any value as JSON would, cut, on one line.
func show(v any) string {
	switch v := v.(type) {
	case string:
		return Quote(v)
	case json.Number:
		return cut(v.String())
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return cut(fmt.Sprint(v)) // a value that JSON doesn't have, such as a map with keys of any type
	}
	return cut(strings.TrimSpace(b.String()))
}
