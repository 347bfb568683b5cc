// Package clock is the time that the simulator's services live in.
//
// A simulated deployment is mostly waiting: an hour for a hook's answer, minutes
// between the steps of a traffic shift, a minute before Lambda tries an event again.
// Each service therefore takes a [Clock] instead of asking package time, so that a
// scenario may run its waits at another speed. What happens in a real process or on a
// real socket (a function's timeout, a target's answer) is not the clock's business and
// keeps real time.
package clock

import "time"

// Clock tells the time and wakes those who wait.
type Clock interface {
	// Now is the present, as timestamps of simulated events show it.
	Now() time.Time
	// After returns a channel that receives once d has passed. A channel that nobody
	// holds any more costs nothing.
	After(d time.Duration) <-chan time.Time
}

// Real returns the clock of package time.
func Real() Clock { return realClock{} }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
