package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/report"
)

func TestASummarySaysWhatDecidedAndThenWhatElseIsWrong(t *testing.T) {
	v := check.Verdict{
		Outcome: check.Failed, Reason: "cart: $.total is 19.9, expected 59.7", Stage: lifecycle.ValidateService, Deployment: "d-ABC", Duration: 1200 * time.Millisecond,
		Checks: []check.Report{
			{Name: "health", Outcome: check.Passed},
			{Name: "slow", Outcome: check.Failed, Warn: true, Reason: "duration is 2s, expected < 1s"},
			{Name: "cart", Outcome: check.Failed, Reason: "$.total is 19.9, expected 59.7"},
			{Name: "late", Outcome: check.Inconclusive, Cancelled: true},
			{Name: "search", Outcome: check.Inconclusive, Reason: "connection refused"},
		},
	}
	want := `greenlight: failed at ValidateService of d-ABC: cart: $.total is 19.9, expected 59.7
  failed: cart: $.total is 19.9, expected 59.7
  inconclusive: search: connection refused
  failed, warns only: slow: duration is 2s, expected < 1s
  1 of 5 checks passed in 1.2s
`
	if diff := cmp.Diff(want, report.Summary(v, 4096)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestASummaryOfASuccessIsTwoLines(t *testing.T) {
	got := report.Summary(check.Verdict{Succeeded: true, Reason: "health passed", Checks: []check.Report{{Name: "health"}}}, 4096)
	if want := "greenlight: succeeded: health passed\n  1 of 1 checks passed in <1ms\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestASummaryFitsWhereOnlyTheEndIsKept(t *testing.T) {
	for _, checks := range []int{1, 9, 10, 11, 1000} {
		v := check.Verdict{Outcome: check.Failed, Reason: strings.Repeat("ü", 5000)}
		for i := range checks {
			v.Checks = append(v.Checks, check.Report{Name: fmt.Sprint("check ", i), Outcome: check.Failed, Reason: strings.Repeat("long ", 1000)})
		}
		got := report.Summary(v, 4096)
		if len(got) > 4096 || !strings.HasPrefix(got, "greenlight: failed: ü") || !strings.HasSuffix(got, fmt.Sprintf("\n  0 of %d checks passed in <1ms\n", checks)) {
			t.Errorf("%d checks: %d bytes: %s", checks, len(got), got)
		}
		told, more := strings.Count(got, "\n  failed: check "), 0
		if i := strings.Index(got, "  and "); i >= 0 {
			if _, err := fmt.Sscanf(got[i:], "  and %d more", &more); err != nil {
				t.Error(err)
			}
		}
		if told+more != checks || told == 0 {
			t.Errorf("%d checks: %d are told, and %d more", checks, told, more)
		}
	}
}

func TestASummaryShowsNoControlCharacters(t *testing.T) {
	got := report.Summary(check.Verdict{Outcome: check.Failed, Reason: "a\x1b[2Jb", Checks: []check.Report{{Name: "n\rn", Outcome: check.Failed, Reason: "r\x07"}}}, 4096)
	if strings.ContainsAny(got, "\x1b\x07\r") {
		t.Errorf("got %q", got)
	}
}
