package series

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Aggregate is how the numbers of a series become one.
type Aggregate string

// The aggregates.
const (
	// Each judges every number by itself: none may be wrong.
	Each Aggregate = "each"
	Avg  Aggregate = "avg"
	Max  Aggregate = "max"
	Min  Aggregate = "min"
	Sum  Aggregate = "sum"
	Last Aggregate = "last"
)

var aggregates = []Aggregate{Each, Avg, Max, Min, Sum, Last}

// DecodeNode reads one of the words.
func (a *Aggregate) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	if word := Aggregate(n.Text()); n.IsScalar() && slices.Contains(aggregates, word) {
		*a = word
		return
	}
	words := make([]string, len(aggregates))
	for i, word := range aggregates {
		words[i] = string(word)
	}
	d.Mismatch(n, "one of "+strings.Join(words, ", "))
}

// JSONSchema describes the words.
func (*Aggregate) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(aggregates...)
}

// of makes one number of several. There is at least one.
func (a Aggregate) of(values []float64) float64 {
	switch a {
	case Max:
		return slices.Max(values)
	case Min:
		return slices.Min(values)
	case Last:
		return values[len(values)-1]
	}
	total := sum(values)
	if a == Avg {
		total.Quo(total, new(big.Rat).SetInt64(int64(len(values))))
	}
	f, _ := total.Float64()
	return f
}

// sum adds numbers as they are written, and not by the binary fractions that are near to them: three times 0.1 is 0.3, which
// is not more than 0.3.
func sum(values []float64) *big.Rat {
	total := new(big.Rat)
	for _, v := range values {
		if one, ok := new(big.Rat).SetString(strconv.FormatFloat(v, 'g', -1, 64)); ok {
			total.Add(total, one)
		}
	}
	return total
}

// title names the number: "sum of requests over 3m".
func (a Aggregate) title(f filled) string {
	if f.window.Steps == 1 {
		return f.name
	}
	return string(a) + " of " + f.name + " over " + strictyaml.Duration(f.window.Length()).String()
}

func showValue(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return expect.ShowNumber(v)
}
