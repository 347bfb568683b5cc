package main

import (
	"strings"
	"testing"
)

func TestBudgetsAreJudgedWithATolerance(t *testing.T) {
	for _, tt := range []struct {
		why  string
		got  float64
		want string
	}{
		{"below the limit", 59.9, within},
		{"the limit itself may be reached", 60, within},
		{"a little over", 60.1, over},
		{"a third over is still tolerated", 80, over},
		{"more than a third over", 80.1, broken},
		{"a gate that costs less than nothing is noise, and within", -0.2, within},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if got := (judged{limit: 60, got: tt.got}).state(); got != tt.want {
				t.Errorf("%v of 60 is %q, want %q", tt.got, got, tt.want)
			}
		})
	}
}

func TestOnlyBrokenBudgetsFailTheCheck(t *testing.T) {
	kept := judged{"zip", "MB", 6, 5}
	tolerated := judged{"resident", "MB", 20, 21}
	lost := judged{"first event", "ms", 60, 100}
	for _, tt := range []struct {
		why     string
		check   bool
		budgets []judged
		want    int
	}{
		{"all are kept", true, []judged{kept}, exitMeasured},
		{"over, but by less than a third", true, []judged{kept, tolerated}, exitMeasured},
		{"one is broken", true, []judged{kept, lost, tolerated}, exitBroken},
		{"broken, but nobody asked", false, []judged{lost}, exitMeasured},
		{"nothing could be measured against a budget", true, nil, exitMeasured},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var stderr strings.Builder
			if got := (options{check: tt.check}).verdict(tt.budgets, &stderr); got != tt.want {
				t.Errorf("exit code %d, want %d", got, tt.want)
			}
			told := strings.Contains(stderr.String(), "first event: 100.0 ms, the budget is 60.0 ms")
			if wanted := len(brokenOf(tt.budgets)) > 0; told != wanted {
				t.Errorf("said %q", stderr.String())
			}
		})
	}
}
