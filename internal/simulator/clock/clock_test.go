package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

func TestTheRealClockIsPackageTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Real()
		began := time.Now()
		if !c.Now().Equal(began) {
			t.Errorf("it is %v, want %v", c.Now(), began)
		}
		if woken := <-c.After(time.Hour); woken.Sub(began) != time.Hour {
			t.Errorf("it woke after %v", woken.Sub(began))
		}
	})
}
