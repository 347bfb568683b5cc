package jsonschema

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// wrong tells of one rule that a value breaks.
func (r *reading) wrong(keyword string, at strictyaml.Node) func(*place, string, string) []*expect.Mismatch {
	position := at.Position()
	return func(p *place, got, expected string) []*expect.Mismatch {
		return []*expect.Mismatch{{Subject: p.String(), Got: got, Expected: expected + " (" + keyword + ")", At: position}}
	}
}

func nothing(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
	return []*expect.Mismatch{{Subject: p.String(), Got: expect.Show(v), Expected: "nothing there (the schema is false)"}}
}

func unlessNull(rules []rule) rule {
	return func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		var found []*expect.Mismatch
		for _, rule := range rules {
			if v != nil {
				found = append(found, rule(e, p, v, seen)...)
			}
		}
		return found
	}
}

var types = []string{"null", "boolean", "object", "array", "number", "string", "integer"}

func readType(r *reading, at strictyaml.Node) {
	var wanted []string
	items := []strictyaml.Node{at}
	if at.IsSequence() {
		items = at.Items()
	}
	if at.IsSequence() && r.dialect == OpenAPI30 {
		r.d.Problem(at, "type: in OpenAPI 3.0 it is one type; nullable: true adds null")
		return
	}
	for _, item := range items {
		name := r.text(item)
		switch {
		case name == "" && at.IsNull():
			r.d.Problem(at, `type: quote it: "null"; null alone is nothing in YAML`)
			return
		case !slices.Contains(types, name) || name == "null" && r.dialect == OpenAPI30:
			r.d.Problem(item, "%s", strictyaml.Unknown("type", name, types))
			return
		}
		wanted = append(wanted, name)
	}
	wrong := r.wrong("type", at)
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		if slices.ContainsFunc(wanted, func(name string) bool { return isOf(v, name) }) {
			return nil
		}
		return wrong(p, expect.Show(v), strings.Join(wanted, " or "))
	})
}

func isOf(v any, name string) bool {
	switch v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return name == "number" || name == "integer" && expect.IsWhole(v)
}

func readEnum(r *reading, at strictyaml.Node) {
	if !at.IsSequence() {
		r.d.Mismatch(at, "a list of values")
		return
	}
	var values []any
	var shown []string
	for _, item := range at.Items() {
		values = append(values, r.value(item))
		shown = append(shown, expect.Show(values[len(values)-1]))
	}
	wrong, expected := r.wrong("enum", at), strings.Join(shown, ", ")
	const longest = 100
	if len(expected) > longest {
		expected = fmt.Sprintf("one of %d values", len(values))
	} else if len(values) != 1 {
		expected = "one of " + expected
	}
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		if slices.ContainsFunc(values, func(one any) bool { return expect.Equal(v, one) }) {
			return nil
		}
		return wrong(p, expect.Show(v), expected)
	})
}

func readConst(r *reading, at strictyaml.Node) {
	value, wrong := r.value(at), r.wrong("const", at)
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		if expect.Equal(v, value) {
			return nil
		}
		return wrong(p, expect.Show(v), expect.Show(value))
	})
}

func readMultipleOf(r *reading, at strictyaml.Node) {
	by, ok := r.number(at)
	if !ok {
		return
	}
	if order, _ := expect.CompareNumbers(by, int64(0)); order <= 0 {
		r.d.Problem(at, "multipleOf: must be more than 0")
		return
	}
	wrong := r.wrong("multipleOf", at)
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		if !isOf(v, "number") || expect.IsMultiple(v, by) {
			return nil
		}
		return wrong(p, expect.Show(v), "a multiple of "+expect.Show(by))
	})
}

func readMinimum(r *reading, at strictyaml.Node) {
	r.bound("minimum", at, r.excludes("exclusiveMinimum"), 1)
}

func readMaximum(r *reading, at strictyaml.Node) {
	r.bound("maximum", at, r.excludes("exclusiveMaximum"), -1)
}

func readExclusiveMinimum(r *reading, at strictyaml.Node) {
	r.exclusive("minimum", "exclusiveMinimum", at, 1)
}

func readExclusiveMaximum(r *reading, at strictyaml.Node) {
	r.exclusive("maximum", "exclusiveMaximum", at, -1)
}

// excludes says that OpenAPI 3.0's word beside a bound, true or false, excludes the bound itself.
func (r *reading) excludes(keyword string) bool {
	at, ok := r.n.Get(keyword)
	return ok && r.dialect == OpenAPI30 && strings.EqualFold(at.Text(), "true")
}

func (r *reading) exclusive(beside, keyword string, at strictyaml.Node, sign int) {
	if r.dialect != OpenAPI30 {
		r.bound(keyword, at, true, sign)
		return
	}
	if _, ok := r.n.Get(beside); r.boolean(at) && !ok {
		r.d.Problem(at, "%s: says nothing without %s", keyword, beside)
	}
}

// bound keeps numbers at least (sign 1) or at most (-1) at a bound, or beyond it.
func (r *reading) bound(keyword string, at strictyaml.Node, excluded bool, sign int) {
	limit, ok := r.number(at)
	if !ok {
		return
	}
	expected := map[int]string{1: ">", -1: "<"}[sign]
	if !excluded {
		expected += "="
	}
	expected += " " + expect.Show(limit)
	wrong := r.wrong(keyword, at)
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		if !isOf(v, "number") {
			return nil
		}
		order, comparable := expect.CompareNumbers(v, limit)
		if comparable && (order*sign > 0 || order == 0 && !excluded) {
			return nil
		}
		return wrong(p, expect.Show(v), expected)
	})
}

func readMinLength(r *reading, at strictyaml.Node) { r.length("minLength", at, 1) }
func readMaxLength(r *reading, at strictyaml.Node) { r.length("maxLength", at, -1) }

func (r *reading) length(keyword string, at strictyaml.Node, sign int) {
	r.counted(keyword, at, sign, "character", func(v any) (int, bool) {
		s, ok := v.(string)
		return utf8.RuneCountInString(s), ok
	})
}

// counted keeps how many there are of something at least (sign 1) or at most (-1) at a bound.
func (r *reading) counted(keyword string, at strictyaml.Node, sign int, unit string, count func(any) (int, bool)) {
	limit, ok := r.count(at)
	if !ok {
		return
	}
	wrong, expected := r.wrong(keyword, at), map[int]string{1: "at least ", -1: "at most "}[sign]+many(limit, unit)
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		n, applies := count(v)
		if !applies || (n-limit)*sign >= 0 {
			return nil
		}
		return wrong(p, expect.Show(v)+" of "+many(n, unit), expected)
	})
}

func many(n int, unit string) string {
	switch {
	case n == 1:
		return "1 " + unit
	case unit == "property":
		return fmt.Sprintf("%d properties", n)
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func readPattern(r *reading, at strictyaml.Node) {
	re, ok := r.regexp(at, r.text(at))
	if !ok {
		return
	}
	wrong := r.wrong("pattern", at)
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		if s, ok := v.(string); ok && !re.MatchString(s) {
			return wrong(p, expect.Show(v), "~ "+re.String())
		}
		return nil
	})
}

// regexp compiles what JavaScript calls a regular expression, as far as Go's matcher, which takes no more than the time of reading,
// has it too: neither looking around nor referring back.
func (r *reading) regexp(at strictyaml.Node, pattern string) (*regexp.Regexp, bool) {
	re, err := regexp.Compile(strings.ReplaceAll(pattern, `\/`, `/`))
	if err != nil {
		r.d.Problem(at, "%s is not a regular expression that can be matched here: %s", expect.Quote(pattern), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, err == nil
}

func readFormat(r *reading, at strictyaml.Node) {
	name := r.text(at)
	fits, asserted := formats()[name]
	if !asserted {
		return // by the standard a word that isn't known says nothing
	}
	wrong := r.wrong("format", at)
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		if fits(v) {
			return nil
		}
		return wrong(p, expect.Show(v), name)
	})
}

// text, boolean, number and count read what keywords take.
func (r *reading) text(n strictyaml.Node) string {
	n = r.filled(n)
	if !n.IsScalar() {
		return ""
	}
	return n.Text()
}

func (r *reading) boolean(n strictyaml.Node) bool {
	if n = r.filled(n); !n.IsBool() {
		r.d.Mismatch(n, "true or false")
	}
	return n.IsBool() && strings.EqualFold(n.Text(), "true")
}

func (r *reading) number(n strictyaml.Node) (any, bool) {
	if n = r.filled(n); !n.IsNumber() {
		r.d.Mismatch(n, "a number")
		return nil, false
	}
	value := r.value(n)
	_, ok := expect.CompareNumbers(value, value)
	if !ok {
		r.d.Problem(n, "%s is not a number that can be compared", n.Text())
	}
	return value, ok
}

func (r *reading) count(n strictyaml.Node) (int, bool) {
	value, ok := r.number(n)
	if !ok {
		return 0, false
	}
	switch v := value.(type) {
	case int64:
		if v >= 0 && v <= 1<<31 {
			return int(v), true
		}
	case float64:
		if v >= 0 && v <= 1<<31 && v == float64(int(v)) {
			return int(v), true
		}
	}
	r.d.Mismatch(n, "a whole number from 0 on")
	return 0, false
}

func (r *reading) filled(n strictyaml.Node) strictyaml.Node {
	if !r.in.Filled {
		return n
	}
	n, _ = r.d.Static(n)
	return n
}

// value reads any value, as expect.ParseJSON gives it.
func (r *reading) value(n strictyaml.Node) any {
	switch n = r.filled(n); {
	case n.IsMapping():
		m := map[string]any{}
		for _, pair := range n.Pairs() {
			m[pair.Key.Text()] = r.value(pair.Value)
		}
		return m
	case n.IsSequence():
		list := make([]any, 0, len(n.Items()))
		for _, item := range n.Items() {
			list = append(list, r.value(item))
		}
		return list
	case n.IsNull():
		return nil
	case n.IsBool():
		return strings.EqualFold(n.Text(), "true")
	case n.IsNumber():
		if v, err := expect.ParseJSON([]byte(n.Text())); err == nil {
			return v
		}
		return json.Number(n.Text()) // YAML writes some numbers in ways of its own: what can't be compared is told by number
	}
	return n.Text()
}
