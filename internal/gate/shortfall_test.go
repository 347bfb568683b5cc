package gate_test

import (
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// What is told in advance is about the execution's time, and none of it passes while it is told.
func TestAShortfallIsThatOfAnExecutionThatBeginsThen(t *testing.T) {
	begins := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	once := gate.Execution{Stage: lifecycle.AfterAllowTestTraffic, Asked: asks(planned("a", passes(0)))}
	overSeveral := once
	overSeveral.CanSuspend, overSeveral.Until = true, begins.Add(1500*ms)
	for _, tt := range []struct {
		why  string
		e    gate.Execution
		call time.Duration
		want string
	}{
		{"time enough", once, 2 * second, ""},
		{"too little", once, 1300 * ms, "the checks of AfterAllowTestTraffic may take 2s, and 1.3s are left before the answer is due: 700ms too few; give the function a longer timeout, or the stage a budget that bounds them"},
		{"too little for several calls", overSeveral, time.Minute, "the checks of AfterAllowTestTraffic may take 2s, and 1.5s are left before the answer is due: 500ms too few; let the hook take longer, or the stage a budget that bounds them"},
		{"nothing is asked", gate.Execution{}, second, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if got := gate.Shortfall(tt.e, begins, tt.call); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
