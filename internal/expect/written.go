package expect

import (
	"cmp"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// operator is what a comparison begins with.
type operator string

const (
	equals       operator = "" // a literal
	less         operator = "<"
	lessEqual    operator = "<="
	greater      operator = ">"
	greaterEqual operator = ">="
	differs      operator = "!="
	matches      operator = "~"
)

// operators are tried in this order: the longer of two that begin alike comes first.
var operators = []operator{lessEqual, greaterEqual, differs, less, greater, matches}

// splitOperator finds the operator that a text begins with, and how many bytes it takes with the spaces behind it.
func splitOperator(s string) (operator, int) {
	for _, op := range operators {
		if rest, ok := strings.CutPrefix(s, string(op)); ok {
			return op, len(s) - len(strings.TrimLeft(rest, " \t"))
		}
	}
	return equals, 0
}

// orders says that the operator needs values that can be ordered.
func (op operator) orders() bool {
	return op == less || op == lessEqual || op == greater || op == greaterEqual
}

// holds says whether the comparison is true of two values; order is that of the first to the second, as cmp.Compare
// gives it.
func (op operator) holds(order int) bool {
	switch op {
	case less:
		return order < 0
	case lessEqual:
		return order <= 0
	case greater:
		return order > 0
	case greaterEqual:
		return order >= 0
	case differs:
		return order != 0
	}
	return order == 0
}

// with shows a comparison: the operator, and what it compares with.
func (op operator) with(operand string) string {
	if op == equals {
		return operand
	}
	return string(op) + " " + operand
}

// written is an expectation as it stands in the plan.
type written struct {
	op      operator
	operand strictyaml.Text
}

// decode reads a scalar. The operator is looked for in what is written, before names are filled in. It gives false
// where there is nothing to go on with, which is noted then.
func (w *written) decode(d *strictyaml.Decoder, n strictyaml.Node, expected string) bool {
	if !n.IsScalar() {
		d.Mismatch(n, expected)
		return false
	}
	op, skip := splitOperator(n.Text())
	var text strictyaml.Text
	d.Decode(n, &text)
	if text.IsZero() {
		return false
	}
	*w = written{op: op, operand: text.Skip(skip)}
	if literal, known := w.operand.Literal(); known && literal == "" && op != equals {
		d.Problem(n, "%s compares with nothing: write a value after it", op)
		return false
	}
	return true
}

// operandOf gives the operand as a T: what was parsed when the plan was read, or the names filled in and parsed now.
func operandOf[T any](w written, known *T, lookup strictyaml.Lookup, parse func(string) (T, error)) (T, error) {
	if known != nil {
		return *known, nil
	}
	var zero T
	text, err := w.operand.Expand(lookup)
	if err != nil {
		return zero, err
	}
	value, err := parse(text)
	if err != nil {
		return zero, at(w.operand.Position(), err)
	}
	return value, nil
}

// compare judges values of an ordered type.
func compare[T cmp.Ordered](op operator, got, want T) bool { return op.holds(cmp.Compare(got, want)) }
