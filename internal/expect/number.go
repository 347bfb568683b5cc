package expect

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// number is a number of any size, compared by value: 1 is 1.0, and large whole numbers are exact.
type number struct {
	text  string
	exact *big.Rat
}

// maxDigits bounds what a number written in an answer can cost: 1e999999999 would fill the memory when it is written out.
const maxDigits = 400

// parseNumber reads a decimal number, as JSON has them. Those that would take over maxDigits digits are none.
func parseNumber(s string) (number, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxDigits || strings.Trim(s, "+-.eE0123456789") != "" {
		return number{}, false
	}
	if at := strings.IndexAny(s, "eE"); at >= 0 {
		exponent, err := strconv.Atoi(s[at+1:])
		if err != nil || max(exponent, -exponent) > maxDigits {
			return number{}, false
		}
	}
	exact, ok := new(big.Rat).SetString(s)
	return number{text: s, exact: exact}, ok
}

// numberOf takes a value that is a number.
func numberOf(v any) (number, bool) {
	switch v := v.(type) {
	case int:
		return number{strconv.Itoa(v), new(big.Rat).SetInt64(int64(v))}, true
	case int64:
		return number{strconv.FormatInt(v, 10), new(big.Rat).SetInt64(v)}, true
	case float64:
		// The shortest decimal form, so that the 0.1 of an answer is the 0.1 of a plan.
		return parseNumber(strconv.FormatFloat(v, 'g', -1, 64))
	case json.Number:
		return parseNumber(v.String())
	}
	return number{}, false
}

func (n number) compare(other number) int { return n.exact.Cmp(other.exact) }
