package check_test

import (
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

func TestOutcomesAreOrderedByGravityAndHaveWords(t *testing.T) {
	if check.Passed >= check.Inconclusive || check.Inconclusive >= check.Failed {
		t.Error("the worst of several outcomes isn't the largest")
	}
	for outcome, want := range map[check.Outcome]string{
		check.Passed: "passed", check.Inconclusive: "inconclusive", check.Failed: "failed", 7: "Outcome(7)",
	} {
		if got := outcome.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestARefusedExecutionHasFailed(t *testing.T) {
	v := check.Refused("why")
	if v.Succeeded || v.Outcome != check.Failed || v.Reason != "why" || v.Checks == nil {
		t.Errorf("the verdict is %+v", v)
	}
}
