package expect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strings"
)

// ParseJSON reads one JSON value: nil, bool, int64, float64, string, []any, map[string]any, and json.Number for numbers
// that fit neither int64 nor float64, so that large ids stay exact. The error says where the text stops being JSON.
func ParseJSON(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errors.New("it is empty")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, notJSON(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("after a JSON value, more follows at byte %d", dec.InputOffset())
	}
	return numbers(value), nil
}

func notJSON(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		return errors.New("it ends in the middle of JSON")
	case errors.As(err, &syntax):
		return fmt.Errorf("%w, at byte %d", syntax, syntax.Offset)
	}
	return err
}

// numbers gives the numbers in a tree their types, in place.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		if f, err := v.Float64(); err == nil && !isWhole(v) && !math.IsInf(f, 0) {
			return f
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	}
	return v
}

// isWhole says that the number is written as a whole one.
func isWhole(n json.Number) bool {
	for _, c := range n.String() {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

// equal compares JSON values; numbers by value.
func equal(a, b any) bool {
	if x, ok := numberOf(a); ok {
		y, ok := numberOf(b)
		return ok && x.compare(y) == 0
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key := range a {
			other, there := b[key]
			if !there || !equal(a[key], other) {
				return false
			}
		}
		return true
	case nil, bool, string, json.Number:
		return a == b
	}
	return false
}

// Equal says that two values of ParseJSON are the same; numbers by value, whatever their size.
func Equal(a, b any) bool { return equal(a, b) }

// CompareNumbers compares two values of ParseJSON, as cmp.Compare does, where both are numbers.
func CompareNumbers(a, b any) (int, bool) {
	x, isNumber := numberOf(a)
	y, otherIs := numberOf(b)
	if !isNumber || !otherIs {
		return 0, false
	}
	return x.compare(y), true
}

// IsMultiple says that one number is another one taken a whole number of times, exactly: 0.3 is a multiple of 0.1.
func IsMultiple(of, by any) bool {
	x, isNumber := numberOf(of)
	y, otherIs := numberOf(by)
	return isNumber && otherIs && y.exact.Sign() != 0 && new(big.Rat).Quo(x.exact, y.exact).IsInt()
}

// IsWhole says that a value is a number without a fraction: 1 and 1.0 are.
func IsWhole(v any) bool {
	n, isNumber := numberOf(v)
	return isNumber && n.exact.IsInt()
}

// Show writes any value of ParseJSON as JSON would, on one line, cut to what a person reads.
func Show(v any) string { return show(v) }
