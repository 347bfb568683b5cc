package expect

import (
	"cmp"
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// quantity is what Duration and Size have in common: a number with a unit, compared.
type quantity[T cmp.Ordered] struct {
	written
	// known is the operand, where it is known when the plan is read.
	known *T
}

func (q *quantity[T]) decode(d *strictyaml.Decoder, n strictyaml.Node, expected string, parse func(string) (T, error)) {
	if !q.written.decode(d, n, expected) {
		return
	}
	if q.op == matches {
		d.Problem(n, "~ matches text; compare %s with <, <=, > or >=", expected)
		return
	}
	literal, ok := q.operand.Literal()
	if !ok {
		return
	}
	value, err := parse(literal)
	if err != nil {
		d.Problem(n, "%s", err)
		return
	}
	q.known = &value
}

func (q *quantity[T]) judge(subject string, got T, lookup strictyaml.Lookup, parse func(string) (T, error), show func(T) string) (*Mismatch, error) {
	want, err := operandOf(q.written, q.known, lookup, parse)
	if err != nil || compare(q.op, got, want) {
		return nil, err
	}
	return &Mismatch{Subject: subject, Expected: q.op.with(show(want)), Got: show(got), At: q.operand.Position()}, nil
}

// atLeast judges a value of which only a part could be measured. It is settled where all larger values would be judged
// alike.
func (q *quantity[T]) atLeast(subject string, got T, lookup strictyaml.Lookup, parse func(string) (T, error), show func(T) string) (m *Mismatch, settled bool, err error) {
	m, err = q.judge(subject, got, lookup, parse, show)
	switch {
	case err != nil:
		return nil, false, err
	case m == nil:
		return nil, q.op == greater || q.op == greaterEqual, nil
	}
	m.Got = "over " + m.Got
	return m, q.op == less || q.op == lessEqual, nil
}

func at(p strictyaml.Position, err error) error {
	if p.Line == 0 {
		return err
	}
	return fmt.Errorf("%s: %w", p, err)
}

// Duration compares a length of time: < 300ms.
type Duration struct{ quantity[time.Duration] }

// DecodeNode reads a comparison. A duration is never exactly another, so that a literal is a mistake.
func (e *Duration) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	e.decode(d, n, "a duration, as in < 300ms", parseDuration)
	if e.known != nil && (e.op == equals || e.op == differs) {
		d.Problem(n, "no duration is %s to the nanosecond: write < %[1]s", strictyaml.Duration(*e.known))
	}
}

// Judge compares what was measured.
func (e *Duration) Judge(got time.Duration, lookup strictyaml.Lookup) (*Mismatch, error) {
	return e.judge("duration", got, lookup, parseDuration, showDuration)
}

// JudgeAtLeast judges a time that has not ended yet. It is settled where waiting longer can't change the judgement.
func (e *Duration) JudgeAtLeast(got time.Duration, lookup strictyaml.Lookup) (m *Mismatch, settled bool, err error) {
	return e.atLeast("duration", got, lookup, parseDuration, showDuration)
}

func parseDuration(s string) (time.Duration, error) {
	d, err := strictyaml.ParseDuration(s)
	if err == nil && d < 0 {
		return 0, fmt.Errorf("%q is negative, which no time is", s)
	}
	return d, err
}

// showDuration rounds to what is worth reading: three digits, about.
func showDuration(d time.Duration) string {
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if d >= 100*unit && d%unit != 0 {
			d = d.Round(unit)
			break
		}
		if d >= unit && d%(unit/100) != 0 {
			d = d.Round(unit / 100)
			break
		}
	}
	return strictyaml.Duration(d).String()
}

// Size compares a number of bytes: < 100kB.
type Size struct{ quantity[strictyaml.Size] }

// DecodeNode reads a size or a comparison with one.
func (e *Size) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	e.decode(d, n, "a size, as in < 100kB", strictyaml.ParseSize)
}

// Judge compares a number of bytes.
func (e *Size) Judge(bytes int64, lookup strictyaml.Lookup) (*Mismatch, error) {
	return e.judge("size", strictyaml.Size(bytes), lookup, strictyaml.ParseSize, strictyaml.Size.String)
}

// JudgeAtLeast judges a size of which more is to come. It is settled where more can't change the judgement.
func (e *Size) JudgeAtLeast(bytes int64, lookup strictyaml.Lookup) (m *Mismatch, settled bool, err error) {
	return e.atLeast("size", strictyaml.Size(bytes), lookup, strictyaml.ParseSize, strictyaml.Size.String)
}
