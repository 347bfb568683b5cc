package expect

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Number compares a number that was measured, in the unit of what measures it: <= 5. What is no number (NaN, an infinity)
// is never what was expected, also under !=.
type Number struct{ quantity[float64] }

// DecodeNode reads a number or a comparison with one.
func (e *Number) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	e.decode(d, n, "a number, as in <= 5", parseMeasured)
}

// JSONSchema describes a number, or a comparison with one.
func (*Number) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(
		&strictyaml.Schema{Type: strictyaml.Types{"number"}},
		strictyaml.Matching(`((<=|>=|!=|<|>)[ \t]*)?`+decimalPattern),
	)
}

const decimalPattern = `[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?`

// Judge compares a number. The subject names it in the Mismatch.
func (e *Number) Judge(subject string, got float64, lookup strictyaml.Lookup) (*Mismatch, error) {
	if math.IsNaN(got) || math.IsInf(got, 0) {
		want, err := operandOf(e.written, e.known, lookup, parseMeasured)
		if err != nil {
			return nil, err
		}
		return &Mismatch{
			Subject: subject, Expected: e.op.with(ShowNumber(want)), Got: ShowNumber(got) + ", which is not a number that can be compared",
			At: e.operand.Position(),
		}, nil
	}
	return e.judge(subject, got, lookup, parseMeasured, ShowNumber)
}

// ShowNumber writes a number in full, without an exponent where it is of a size that people read.
func ShowNumber(f float64) string {
	if size := math.Abs(f); size != 0 && (size >= 1e15 || size < 1e-6) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func parseMeasured(s string) (float64, error) {
	text := strings.TrimSpace(s)
	if n, ok := parseNumber(text); ok {
		f, _ := n.exact.Float64()
		if !math.IsInf(f, 0) {
			return f, nil
		}
	}
	digits := text[:len(text)-len(strings.TrimLeft(text, "+-.0123456789"))]
	if unit := text[len(digits):]; unit != "" && strings.ContainsAny(digits, "0123456789") {
		return 0, fmt.Errorf("%s has the unit %s: write a number alone, in the unit of what is measured", Quote(s), cut(strings.TrimSpace(unit)))
	}
	return 0, fmt.Errorf("%s is not a number", Quote(s))
}

// Change compares how much a number differs from another one: in percent of the other one, <= +10%, or in the unit of
// both, <= 5. What is more than another one of 0 is more by any percentage.
type Change struct {
	written
	known *change
}

type change struct {
	by      *big.Rat
	percent bool
	text    string
}

// DecodeNode reads a comparison. No measured number differs from another one by exactly so much.
func (e *Change) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !e.written.decode(d, n, "a comparison, as in <= 10%") {
		return
	}
	if !e.op.orders() {
		d.Problem(n, "write how much it may differ as a comparison with <, <=, > or >=, as in <= 10%%")
		return
	}
	if literal, ok := e.operand.Literal(); ok {
		known, err := parseChange(literal)
		if err != nil {
			d.Problem(n, "%s", err)
			return
		}
		e.known = &known
	}
}

// JSONSchema describes a comparison with a number or a percentage.
func (*Change) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Matching(`(<=|>=|<|>)[ \t]*` + decimalPattern + ` *%?`)
}

func parseChange(s string) (change, error) {
	text := strings.TrimSpace(s)
	digits, percent := strings.CutSuffix(text, "%")
	n, ok := parseNumber(strings.TrimPrefix(digits, "+"))
	if !ok {
		return change{}, fmt.Errorf("%s is neither a number nor a percentage, as in 10%%", Quote(s))
	}
	return change{n.exact, percent, text}, nil
}

// Judge compares a number with another one. The subject names the number in the Mismatch, than names the other one.
func (e *Change) Judge(subject string, got float64, than string, base float64, lookup strictyaml.Lookup) (*Mismatch, error) {
	want, err := operandOf(e.written, e.known, lookup, parseChange)
	if err != nil {
		return nil, err
	}
	a, okA := numberOf(got)
	b, okB := numberOf(base)
	m := &Mismatch{
		Subject: "the change of " + subject, Expected: e.op.with(want.text),
		Got: fmt.Sprintf("unknown (it is %s, %s is %s)", ShowNumber(got), than, ShowNumber(base)), At: e.operand.Position(),
	}
	if !okA || !okB {
		return m, nil
	}
	differs := new(big.Rat).Sub(a.exact, b.exact)
	order, shows := differs.Cmp(want.by), signed(differs)
	if want.percent {
		order, shows = relative(differs, b.exact, want.by)
	}
	if e.op.holds(order) {
		return nil, nil
	}
	m.Got = fmt.Sprintf("%s (it is %s, %s is %s)", shows, ShowNumber(got), than, ShowNumber(base))
	return m, nil
}

// relative compares a difference from a base with a percentage, and shows it as one.
func relative(differs, base, want *big.Rat) (order int, shows string) {
	if base.Sign() == 0 {
		if differs.Sign() == 0 {
			return new(big.Rat).Cmp(want), "0%"
		}
		return differs.Sign(), "beyond any percentage"
	}
	percent := new(big.Rat).Quo(differs, new(big.Rat).Abs(base))
	percent.Mul(percent, big.NewRat(100, 1))
	return percent.Cmp(want), signed(percent) + "%"
}

// signed writes a difference with its sign, to four digits: the two numbers stand beside it in full.
func signed(r *big.Rat) string {
	f, _ := r.Float64()
	text := strconv.FormatFloat(f, 'g', 4, 64)
	if size := math.Abs(f); size >= 1e4 && size < 1e15 {
		text = strconv.FormatFloat(f, 'f', 0, 64)
	}
	if f > 0 {
		return "+" + text
	}
	return text
}

// Portion compares how many of a whole there are: with a count, >= 2, or with a share, >= 50%. There is no share of nothing.
type Portion struct {
	written
	known *portion
}

type portion struct {
	of    *big.Rat
	share bool
	text  string
}

// DecodeNode reads a count, a share, or a comparison with one.
func (e *Portion) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !e.written.decode(d, n, "a count or a share, as in >= 2 or >= 50%") {
		return
	}
	if e.op == matches {
		d.Problem(n, "~ matches text; compare a count or a share with <, <=, > or >=")
		return
	}
	if literal, ok := e.operand.Literal(); ok {
		known, err := parsePortion(literal)
		if err != nil {
			d.Problem(n, "%s", err)
			return
		}
		e.known = &known
	}
}

// JSONSchema describes a count, a share, or a comparison with one.
func (*Portion) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	least := 0.0
	return strictyaml.AnyOf(
		&strictyaml.Schema{Type: strictyaml.Types{"integer"}, Minimum: &least},
		strictyaml.Matching(`((<=|>=|!=|<|>)[ \t]*)?([0-9]+|([0-9]+\.?[0-9]*|\.[0-9]+) *%)`),
	)
}

// All is the Portion that a whole with nothing lacking is: 100%.
func All() Portion {
	text := "100%"
	return Portion{written{operand: strictyaml.Literal(text)}, &portion{big.NewRat(100, 1), true, text}}
}

func parsePortion(s string) (portion, error) {
	text := strings.TrimSpace(s)
	digits, share := strings.CutSuffix(text, "%")
	digits = strings.TrimSpace(digits)
	n, ok := parseNumber(digits)
	switch {
	case !ok || strings.Trim(digits, "0123456789.") != "":
		return portion{}, fmt.Errorf("%s is neither a count nor a share, as in 2 or 50%%", Quote(s))
	case share && n.exact.Cmp(big.NewRat(100, 1)) > 0:
		return portion{}, fmt.Errorf("%s is more than there is: a share is 100%% at most", Quote(s))
	case !share && !n.exact.IsInt():
		return portion{}, fmt.Errorf("%s is no count: write a whole number, or a share with %%", Quote(s))
	}
	return portion{n.exact, share, text}, nil
}

// Judge compares how many there are of a whole.
func (e *Portion) Judge(subject string, part, whole int, lookup strictyaml.Lookup) (*Mismatch, error) {
	want, err := operandOf(e.written, e.known, lookup, parsePortion)
	if err != nil {
		return nil, err
	}
	got := new(big.Rat).SetInt64(int64(part))
	if want.share && whole > 0 {
		got.Mul(got, big.NewRat(100, int64(whole)))
	}
	if (whole > 0 || !want.share) && e.op.holds(got.Cmp(want.of)) {
		return nil, nil
	}
	return &Mismatch{Subject: subject, Expected: e.op.with(want.text), Got: fmt.Sprintf("%d of %d", part, whole), At: e.operand.Position()}, nil
}
