package network_test

import (
	"context"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
)

func TestAReasonNamesTheTimeoutOfThePlan(t *testing.T) {
	begins := time.Now()
	for _, tt := range []struct {
		left, timeout, want time.Duration
		why                 string
	}{
		{time.Second, time.Second, time.Second, "nothing has passed"},
		{990 * time.Millisecond, time.Second, time.Second, "a busy machine took a hundredth"},
		{950 * time.Millisecond, time.Second, time.Second, "or a twentieth"},
		{949 * time.Millisecond, time.Second, 949 * time.Millisecond, "more than that was asked for something else"},
		{time.Second, 0, time.Second, "the timeout isn't known"},
		{2 * time.Second, time.Second, 2 * time.Second, "there is more than it: what the reason says has passed"},
	} {
		ctx, cancel := context.WithDeadline(t.Context(), begins.Add(tt.left))
		if got := network.TimeFrom(ctx, check.Scope{Timeout: tt.timeout}, begins); got != tt.want {
			t.Errorf("%s: of %s, %s are left: got %s, want %s", tt.why, tt.timeout, tt.left, got, tt.want)
		}
		cancel()
	}
	if got := network.TimeFrom(t.Context(), check.Scope{Timeout: time.Second}, begins); got != 0 {
		t.Errorf("without an end, got %s", got)
	}
}
