package clock_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

func TestAnAcceleratedClockDividesWaitsAndMultipliesTime(t *testing.T) {
	for _, speed := range []float64{1, 2.5, 100, 1000} {
		synctest.Test(t, func(t *testing.T) {
			c, err := clock.Accelerated(speed)
			if err != nil {
				t.Fatal(err)
			}
			began, real := c.Now(), time.Now()
			<-c.After(time.Hour)
			if passed := c.Now().Sub(began); passed < time.Hour || passed > time.Hour+time.Millisecond {
				t.Errorf("at %gx an hour took %v of the clock's own time", speed, passed)
			}
			want := time.Duration(float64(time.Hour) / speed)
			if took := time.Since(real); took < want || took > want+time.Microsecond {
				t.Errorf("at %gx an hour took %v of real time, want %v", speed, took, want)
			}
		})
	}
}

func TestAWaitOfNothingIsOverAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := clock.Accelerated(1000)
		if err != nil {
			t.Fatal(err)
		}
		began := c.Now()
		<-c.After(0)
		<-c.After(-time.Hour)
		if passed := c.Now().Sub(began); passed > time.Millisecond {
			t.Errorf("it took %v", passed)
		}
	})
}

func TestASpeedOutOfRangeIsRefused(t *testing.T) {
	for _, speed := range []float64{0, -1, 0.5, 1000.5, math.Inf(1), math.NaN()} {
		if _, err := clock.Accelerated(speed); err == nil {
			t.Errorf("%g was taken", speed)
		}
	}
}
