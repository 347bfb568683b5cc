package clock

import (
	"fmt"
	"time"
)

// Slowest and Fastest bound the speed of an accelerated clock.
const (
	Slowest = 1
	Fastest = 1000
)

// Accelerated returns a clock that starts at the present and runs speed times as fast as
// the clock of package time: an hour's wait takes 3.6 s at 1000. What receives from After
// gets the time of the real clock; Now tells the simulated one. An error means that speed
// is outside of [Slowest] to [Fastest].
func Accelerated(speed float64) (Clock, error) {
	if !(speed >= Slowest && speed <= Fastest) { // NaN is neither
		return nil, fmt.Errorf("a clock can't run at %gx: its speed is %dx to %dx", speed, Slowest, Fastest)
	}
	if speed == Slowest {
		return Real(), nil
	}
	return acceleratedClock{began: time.Now(), speed: speed}, nil
}

type acceleratedClock struct {
	began time.Time
	speed float64
}

func (c acceleratedClock) Now() time.Time {
	return c.began.Add(time.Duration(float64(time.Since(c.began)) * c.speed))
}

// After rounds up, so that a wait is never over before its time on this clock.
func (c acceleratedClock) After(d time.Duration) <-chan time.Time {
	return time.After(time.Duration(float64(d)/c.speed) + 1)
}
