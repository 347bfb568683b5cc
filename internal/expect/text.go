package expect

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Text expects something of a text: that it is another, that it differs (!=), that a regular expression matches
// somewhere in it (~, in Go's syntax, https://pkg.go.dev/regexp/syntax), or that it is a number that is less or more
// than another (<, <=, >, >=).
//
// A value that is known only when a check runs stands for itself in a regular expression; one that is known when the
// plan is read is a part of it.
type Text struct {
	written
	re     *regexp.Regexp
	number *number
}

// DecodeNode reads a text, number or boolean as it is written.
func (t *Text) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !t.written.decode(d, n, "text or a comparison") {
		return
	}
	literal, known := t.operand.Literal()
	switch {
	case t.op == matches && known:
		re, err := compileRegexp(literal)
		if err != nil {
			d.Problem(n, "%s", err)
		}
		t.re = re
	case t.op.orders() && known:
		number, err := parseOperand(t.op, literal)
		if err != nil {
			d.Problem(n, "%s", err)
			return
		}
		t.number = &number
	}
}

// Position is where the expectation stands.
func (t *Text) Position() strictyaml.Position { return t.operand.Position() }

// IsPattern says that a regular expression is searched for, so that more text may make it true.
func (t *Text) IsPattern() bool { return t.op == matches }

// Judge compares a text. The subject names it in the Mismatch.
func (t *Text) Judge(subject, got string, lookup strictyaml.Lookup) (*Mismatch, error) {
	verdict, err := t.judge(got, lookup)
	if err != nil || verdict.holds {
		return nil, err
	}
	return &Mismatch{Subject: subject, Expected: verdict.expected, Got: Quote(got) + verdict.because, At: t.Position()}, nil
}

// Missing is the Mismatch of a text that isn't there.
func (t *Text) Missing(subject string, lookup strictyaml.Lookup) (*Mismatch, error) {
	verdict, err := t.judge("", lookup)
	if err != nil {
		return nil, err
	}
	return &Mismatch{Subject: subject, Expected: verdict.expected, Got: missing, At: t.Position()}, nil
}

// judgement is what came of one comparison.
type judgement struct {
	holds    bool
	expected string
	// because says why values of this sort can't be compared: ", which is not a number".
	because string
}

func (t *Text) judge(got string, lookup strictyaml.Lookup) (judgement, error) {
	switch {
	case t.op == matches:
		re, err := t.regexp(lookup)
		if err != nil {
			return judgement{}, err
		}
		return judgement{holds: re.MatchString(got), expected: t.op.with(cut(strictyaml.OneLine(re.String())))}, nil
	case t.op.orders():
		return t.order(got, lookup)
	}
	want, err := t.operand.Expand(lookup)
	if err != nil {
		return judgement{}, err
	}
	return judgement{holds: compare(t.op, got, want), expected: t.op.with(Quote(want))}, nil
}

func (t *Text) order(got string, lookup strictyaml.Lookup) (judgement, error) {
	want, err := operandOf(t.written, t.number, lookup, func(s string) (number, error) { return parseOperand(t.op, s) })
	if err != nil {
		return judgement{}, err
	}
	j := judgement{expected: t.op.with(want.text)}
	value, ok := parseNumber(got)
	if !ok {
		j.because = ", which is not a number"
		return j, nil
	}
	j.holds = t.op.holds(value.compare(want))
	return j, nil
}

func (t *Text) regexp(lookup strictyaml.Lookup) (*regexp.Regexp, error) {
	if t.re != nil {
		return t.re, nil
	}
	pattern, err := t.operand.ExpandFunc(lookup, func(_, value string) string { return regexp.QuoteMeta(value) })
	if err != nil {
		return nil, err
	}
	re, err := compileRegexp(pattern)
	if err != nil {
		return nil, at(t.Position(), err)
	}
	return re, nil
}

func compileRegexp(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%s is not a regular expression: %s", Quote(pattern), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

func parseOperand(op operator, s string) (number, error) {
	value, ok := parseNumber(s)
	if !ok {
		return number{}, fmt.Errorf(`%s compares numbers, and %s is none; a text that begins with %[1]s is written {{ "%[1]s" }}…`, op, Quote(s))
	}
	return value, nil
}
