package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// soon bounds what a leap takes of real time.
const soon = 10 * time.Millisecond

func TestAnInstantClockLeapsOverWhatSomebodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		began, real := c.Now(), time.Now()
		due, stop := clock.Timer(c, time.Hour)
		defer stop()
		<-due
		if passed := c.Now().Sub(began); passed < time.Hour || passed > time.Hour+soon {
			t.Errorf("the hour took %v of the clock's own time", passed)
		}
		if took := time.Since(real); took > soon {
			t.Errorf("the hour took %v of real time", took)
		}
	})
}

func TestAnInstantClockLeapsFromWaitToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		began := c.Now()
		late, stopLate := clock.Timer(c, 2*time.Hour)
		defer stopLate()
		early, stopEarly := clock.Timer(c, time.Hour)
		<-early
		stopEarly()
		if passed := c.Now().Sub(began); passed > time.Hour+soon {
			t.Errorf("the first wait ended after %v", passed)
		}
		done := clock.Work(c) // what the first wait's end set going
		time.Sleep(time.Second)
		select {
		case <-late:
			t.Error("time leapt while something real was under way")
		default:
		}
		done()
		<-late
		if passed := c.Now().Sub(began); passed < 2*time.Hour || passed > 2*time.Hour+soon {
			t.Errorf("the second wait ended after %v", passed)
		}
	})
}

func TestAnInstantClockKeepsRealTimeWhileSomethingRealIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		real := time.Now()
		done := clock.Work(c)
		defer done()
		due, stop := clock.Timer(c, time.Minute)
		defer stop()
		<-due
		if took := time.Since(real); took < time.Minute || took > time.Minute+soon {
			t.Errorf("the minute took %v of real time", took)
		}
	})
}

func TestAnInstantClockDoesNotLeapToWhatNobodyWaitsFor(t *testing.T) {
	tests := []struct {
		why  string
		wait func(clock.Clock) <-chan time.Time
	}{
		{"somebody only looks again now and then", func(c clock.Clock) <-chan time.Time { return c.After(time.Hour) }},
		{"it goes on in the background", func(c clock.Clock) <-chan time.Time {
			due, _ := clock.BackgroundTimer(c, time.Hour)
			return due
		}},
		{"the wait was given up", func(c clock.Clock) <-chan time.Time {
			due, stop := clock.Timer(c, time.Hour)
			stop()
			return due
		}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clock.Instant()
				began := c.Now()
				due := test.wait(c)
				time.Sleep(time.Minute)
				if passed := c.Now().Sub(began); passed != time.Minute {
					t.Errorf("in a minute %v passed", passed)
				}
				select {
				case <-due:
					t.Error("the wait is over")
				default:
				}
			})
		})
	}
}

func TestAWaitThatNobodyDependsOnEndsWhenTimeLeapsPastIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		now, later := c.After(time.Minute), c.After(2*time.Hour)
		due, stop := clock.Timer(c, time.Hour)
		defer stop()
		<-due
		<-now
		select {
		case <-later:
			t.Error("so did one that comes later")
		default:
		}
	})
}

func TestWorkMayBeSaidToBeDoneTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		done := clock.Work(c)
		done()
		done()
		defer clock.Work(c)()
		due, stop := clock.Timer(c, time.Hour)
		defer stop()
		time.Sleep(time.Second)
		select {
		case <-due:
			t.Error("time leapt while something real was under way")
		default:
		}
	})
}

func TestAClockThatDoesNotLeapHasTimersAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		real := time.Now()
		defer clock.Work(clock.Real())()
		due, stop := clock.Timer(clock.Real(), time.Hour)
		defer stop()
		if <-due; time.Since(real) != time.Hour {
			t.Errorf("it took %v", time.Since(real))
		}
	})
}
