package expect

import (
	"fmt"
	"strings"
)

// Mismatches collects what is false of one answer. The zero value is ready.
type Mismatches struct {
	all []*Mismatch
	err error
}

// Add takes what came of judging: mismatches, of which any may be nil, and the error of a name without a value.
func (m *Mismatches) Add(err error, all ...*Mismatch) {
	if err != nil && m.err == nil {
		m.err = err
	}
	for _, one := range all {
		if one != nil {
			m.all = append(m.all, one)
		}
	}
}

// All are the mismatches so far.
func (m *Mismatches) All() []*Mismatch { return m.all }

// Err is the first error: what isn't false then isn't known to be true either.
func (m *Mismatches) Err() error { return m.err }

// String tells what is false, the first few of it.
func (m *Mismatches) String() string {
	const most = 3
	var parts []string
	for _, one := range m.all[:min(most, len(m.all))] {
		parts = append(parts, one.String())
	}
	if more := len(m.all) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}
