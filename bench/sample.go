package main

import (
	"slices"
	"time"
)

// sample is what was measured, once for each start.
type sample []float64

// add appends a duration in milliseconds.
func (s *sample) add(d time.Duration) { *s = append(*s, milliseconds(d)) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// quantile gives the value below which the part q (0 to 1) of the sample lies, interpolated between neighbours; 0 of
// an empty sample.
func (s sample) quantile(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	at := q * float64(len(sorted)-1)
	below := int(at)
	if below == len(sorted)-1 {
		return sorted[below]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}

func (s sample) median() float64 { return s.quantile(0.5) }

// less gives the differences to another sample, pair by pair. Two that were measured one after the other share the
// machine's mood, which the difference of two medians would keep.
func (s sample) less(other sample) sample {
	n := min(len(s), len(other))
	differences := make(sample, n)
	for i := range n {
		differences[i] = s[i] - other[i]
	}
	return differences
}

// over gives the quotients by another sample, pair by pair.
func (s sample) over(other sample) sample {
	n := min(len(s), len(other))
	quotients := make(sample, n)
	for i := range n {
		quotients[i] = s[i] / other[i]
	}
	return quotients
}
