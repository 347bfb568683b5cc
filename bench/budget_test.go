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

func TestASlowerMachineGivesALimitInMillisecondsAsMuchMoreTime(t *testing.T) {
	for _, tt := range []struct {
		why       string
		pace, got float64
		want      string
	}{
		{"its peer took twice as long", 2, 120, within},
		{"and the tolerance stays a third", 2, 160.1, broken},
		{"a faster one takes nothing away", 0.5, 60, within},
		{"nor does a pace that isn't known", 0, 60.1, over},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if got := (judged{limit: 60, got: tt.got, pace: tt.pace}).state(); got != tt.want {
				t.Errorf("%v of 60 × %v is %q, want %q", tt.got, tt.pace, got, tt.want)
			}
		})
	}
	if got, want := (judged{"first event", "ms", 60, 200, 2}).String(), "first event: 200.0 ms, the budget is 60.0 ms × 2.00"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOnlyBrokenBudgetsFailTheCheck(t *testing.T) {
	kept := judged{"zip", "MB", 6, 5, 0}
	tolerated := judged{"resident", "MB", 20, 21, 0}
	lost := judged{"first event", "ms", 60, 100, 0}
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
