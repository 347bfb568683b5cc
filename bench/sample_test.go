package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSampleGivesQuantiles(t *testing.T) {
	for _, tt := range []struct {
		why    string
		sample sample
		q      float64
		want   float64
	}{
		{"nothing was measured", nil, 0.5, 0},
		{"one value is every quantile", sample{7}, 0.25, 7},
		{"the middle one of three, in any order", sample{9, 1, 4}, 0.5, 4},
		{"between the middle two of four", sample{4, 1, 3, 2}, 0.5, 2.5},
		{"an outlier doesn't move the median", sample{1, 2, 3, 4, 1000}, 0.5, 3},
		{"the least", sample{3, 1, 2}, 0, 1},
		{"the most", sample{3, 1, 2}, 1, 3},
		{"a quarter of the way through four steps", sample{10, 20, 30, 40, 50}, 0.25, 20},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if got := tt.sample.quantile(tt.q); got != tt.want {
				t.Errorf("quantile(%v) of %v is %v, want %v", tt.q, tt.sample, got, tt.want)
			}
		})
	}
}

func TestQuantileLeavesTheOrderOfMeasurementAlone(t *testing.T) {
	s := sample{3, 1, 2}
	s.median()
	if diff := cmp.Diff(sample{3, 1, 2}, s); diff != "" {
		t.Errorf("the sample changed (-was +is):\n%s", diff)
	}
}

func TestDurationsAreMilliseconds(t *testing.T) {
	var s sample
	s.add(1500 * time.Microsecond)
	if diff := cmp.Diff(sample{1.5}, s); diff != "" {
		t.Error(diff)
	}
}

func TestLessPairsRounds(t *testing.T) {
	// The second round met a busy machine: each side's figure says little, their difference is as before.
	gate, bare := sample{3, 103, 3}, sample{2, 102, 2}
	if diff := cmp.Diff(sample{1, 1, 1}, gate.less(bare)); diff != "" {
		t.Error(diff)
	}
}

func TestOverPairsRounds(t *testing.T) {
	gate, bare := sample{3, 30, 3}, sample{2, 20, 2}
	if diff := cmp.Diff(sample{1.5, 1.5, 1.5}, gate.over(bare)); diff != "" {
		t.Error(diff)
	}
}
