package expect

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ohler55/ojg/jp"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// JSON expects something of the values that JSON paths select (RFC 9535, as github.com/ohler55/ojg/jp reads it).
//
// A path of names and indexes alone selects one value, which is compared. One with a wildcard, slice, filter, union or
// descent may select several: an expected list is compared with the list of them, in the order of the document (of a
// mapping: of its keys); any other expectation must hold for each. A path that selects nothing is false, also
// under !=.
//
// Literals are compared with their type: 1 is 1.0, and isn't "1". Among comparisons, <, <=, > and >= take numbers and
// texts that are numbers; != means different as text and as number; ~ matches texts, and numbers and booleans as
// JSON writes them.
type JSON []jsonRule

// jsonRule is one path with what is expected there.
type jsonRule struct {
	path   jp.Expr
	text   string
	single bool
	at     strictyaml.Position
	want   jsonWant
}

// DecodeNode reads a mapping of paths to what is expected there.
func (j *JSON) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsMapping() && len(n.Pairs()) == 0 {
		d.Problem(n, "no JSON path is given")
	}
	var wants strictyaml.Map[jsonWant]
	d.Decode(n, &wants)
	for _, pair := range n.Pairs() {
		i := slices.IndexFunc(wants, func(e strictyaml.Entry[jsonWant]) bool { return e.At == pair.Key.Position() })
		if i < 0 {
			continue // what is wrong with the key is already noted
		}
		path, err := parsePath(wants[i].Key)
		if err != "" {
			d.Problem(pair.Key, "%s", err)
			continue
		}
		*j = append(*j, jsonRule{path: path, text: wants[i].Key, single: single(path), at: wants[i].At, want: wants[i].Value})
	}
}

// parsePath reads a JSON path; the second value says what is wrong with it.
func parsePath(s string) (jp.Expr, string) {
	if !strings.HasPrefix(s, "$") {
		return nil, "a JSON path begins with $, as in $." + strings.TrimLeft(cut(s), "@.")
	}
	path, err := jp.ParseString(s)
	if err != nil && strings.Contains(err.Error(), "CompileScript") {
		return nil, Quote(s) + " holds a script (…), which is not part of the language; filters ?(…) are"
	}
	if err != nil {
		return nil, Quote(s) + " is not a JSON path: " + strictyaml.OneLine(err.Error())
	}
	descents := 0
	for _, f := range path {
		switch f := f.(type) {
		case jp.Descent:
			descents++
		case *jp.Filter:
			descents += strings.Count(f.String(), "..")
		}
	}
	if descents > 1 {
		// Each multiplies the work by the size of the answer: two take minutes on an answer made for it.
		return nil, Quote(s) + " looks into all depths (..) more than once; name the way to one of them"
	}
	if _, ends := path[len(path)-1].(jp.Descent); ends {
		return nil, Quote(s) + " ends in ..: write what to look for after it"
	}
	return path, ""
}

// single says that the path can select one value at most.
func single(path jp.Expr) bool {
	for _, f := range path {
		switch f.(type) {
		case jp.Root, jp.Child, jp.Nth, jp.Bracket:
		default:
			return false
		}
	}
	return true
}

// Judge compares what the paths select in a value of ParseJSON. It tells every rule that is false.
func (j JSON) Judge(doc any, lookup strictyaml.Lookup) ([]*Mismatch, error) {
	var all []*Mismatch
	for _, rule := range j {
		m, err := rule.judge(doc, lookup)
		if err != nil {
			return all, err
		}
		if m != nil {
			all = append(all, m)
		}
	}
	return all, nil
}

func (r jsonRule) judge(doc any, lookup strictyaml.Lookup) (*Mismatch, error) {
	selected := r.selectFrom(doc)
	if len(selected) == 0 {
		verdict, err := r.want.judge(nil, lookup)
		if err != nil {
			return nil, err
		}
		return r.mismatch(r.text, missing, verdict), nil
	}
	if r.want.isList() && !r.single {
		values := make([]any, len(selected))
		for i := range selected {
			values[i] = selected[i].value
		}
		selected = []located{{path: r.text, value: values}}
	}
	for _, s := range selected {
		verdict, err := r.want.judge(s.value, lookup)
		if err != nil {
			return nil, err
		}
		if !verdict.holds {
			return r.mismatch(s.path, show(s.value)+verdict.because, verdict), nil
		}
	}
	return nil, nil
}

func (r jsonRule) mismatch(path, got string, verdict judgement) *Mismatch {
	return &Mismatch{Subject: cut(path), Expected: verdict.expected, Got: got, At: r.at}
}

// located is a selected value with the path to it.
type located struct {
	path  string
	at    jp.Expr
	value any
}

func (r jsonRule) selectFrom(doc any) []located {
	if r.single {
		values := r.path.Get(doc)
		if len(values) == 0 {
			return nil
		}
		return []located{{path: r.text, value: values[0]}}
	}
	places := r.path.Locate(doc, 0)
	selected := make([]located, len(places))
	for i, place := range places {
		selected[i] = located{path: place.String(), at: place, value: place.First(doc)}
	}
	if meetsMappings(r.path) {
		// They have no order of their own, and a judgement must not depend on chance.
		slices.SortStableFunc(selected, func(a, b located) int { return slices.CompareFunc(a.at, b.at, compareFrags) })
	}
	return selected
}

// meetsMappings says that the path may select several values of a mapping without naming them.
func meetsMappings(path jp.Expr) bool {
	return slices.ContainsFunc(path, func(f jp.Frag) bool {
		switch f.(type) {
		case jp.Wildcard, jp.Descent, *jp.Filter:
			return true
		}
		return false
	})
}

func compareFrags(a, b jp.Frag) int {
	switch a := a.(type) {
	case jp.Nth:
		if b, ok := b.(jp.Nth); ok {
			return cmp.Compare(a, b)
		}
	case jp.Child:
		if b, ok := b.(jp.Child); ok {
			return cmp.Compare(a, b)
		}
	}
	return 0
}

// jsonWant is what is expected at a path: a comparison, where a text begins with an operator, or else a value.
type jsonWant struct {
	comparison *Text
	value      strictyaml.Value
}

// DecodeNode reads any value.
func (w *jsonWant) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if op, _ := splitOperator(n.Text()); n.IsScalar() && op != equals {
		w.comparison = &Text{}
		d.Decode(n, w.comparison)
		return
	}
	d.Decode(n, &w.value)
}

func (w *jsonWant) isList() bool {
	if w.comparison != nil {
		return false
	}
	// Names don't change what a list is; without values for them it is still one.
	value, err := w.value.Expand(func(string) (any, error) { return nil, nil })
	_, list := value.([]any)
	return err == nil && list
}

func (w *jsonWant) judge(got any, lookup strictyaml.Lookup) (judgement, error) {
	if w.comparison != nil {
		return w.compare(got, lookup)
	}
	want, err := w.value.Expand(lookup)
	if err != nil {
		return judgement{}, err
	}
	return judgement{holds: equal(got, want), expected: show(want)}, nil
}

func (w *jsonWant) compare(got any, lookup strictyaml.Lookup) (judgement, error) {
	text, scalar := scalarText(got)
	if w.comparison.op == differs {
		return w.differ(text, lookup)
	}
	verdict, err := w.comparison.judge(text, lookup)
	if err == nil && !scalar {
		verdict.holds = false
		verdict.because = ", which " + string(w.comparison.op) + " can't compare"
	}
	return verdict, err
}

// differ decides !=: a value that is the same in any reading is the same.
func (w *jsonWant) differ(text string, lookup strictyaml.Lookup) (judgement, error) {
	want, err := w.comparison.operand.Expand(lookup)
	if err != nil {
		return judgement{}, err
	}
	verdict := judgement{holds: text != want, expected: differs.with(cut(strictyaml.OneLine(want)))}
	if a, ok := parseNumber(text); ok {
		if b, ok := parseNumber(want); ok {
			verdict.holds = a.compare(b) != 0
		}
	}
	return verdict, nil
}

// scalarText writes a value that isn't a list, mapping or null as text. What is none of them is written as JSON.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case nil:
		return "null", false
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", false
	}
	switch v.(type) {
	case []any, map[string]any:
		return string(text), false
	}
	return string(text), true
}
