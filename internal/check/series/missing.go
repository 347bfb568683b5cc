package series

import (
	"math"
	"strconv"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Missing says what a gap means.
type Missing struct {
	word missingWord
	// value stands in each gap, where word is empty and set is true.
	value float64
	set   bool
}

type missingWord string

const (
	missingInconclusive missingWord = "inconclusive"
	missingFail         missingWord = "fail"
	missingPass         missingWord = "pass"
	missingSkip         missingWord = "skip"
)

var missingWords = []missingWord{missingFail, missingInconclusive, missingSkip, missingPass}

// DecodeNode reads a number, or one of the words.
func (m *Missing) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	if n.IsNumber() {
		value, err := strconv.ParseFloat(n.Text(), 64)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			d.Problem(n, "%s is not a number that can be compared", n.Text())
			return
		}
		*m = Missing{value: value, set: true}
		return
	}
	for _, word := range missingWords {
		if n.IsScalar() && n.Text() == string(word) {
			*m = Missing{word: word}
			return
		}
	}
	d.Mismatch(n, "a number, fail, inconclusive, skip or pass")
}

// JSONSchema describes a number, or one of the words.
func (*Missing) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(&strictyaml.Schema{Type: strictyaml.Types{"number"}}, strictyaml.Words(missingWords...))
}

// skips says that gaps are left out.
func (m Missing) skips() bool { return m.word == missingSkip || m.word == missingPass }
