package clock

import "time"

// leaper is a clock whose time may leap over waits.
type leaper interface {
	timer(d time.Duration, awaited bool) (due <-chan time.Time, stop func())
	// work counts n more that work until undo is called.
	work(n int) (undo func())
}

// Leaps tells whether a clock's time may leap over waits, ahead of what is real.
func Leaps(c Clock) bool {
	_, leaps := c.(leaper)
	return leaps
}

// Timer starts a wait that something depends on, such as a deployment. In difference to
// [Clock.After], a clock that leaps may leap to its end, and no further until stop is called.
// The caller calls stop when it doesn't wait any more, whether the time was up or not.
func Timer(c Clock, d time.Duration) (due <-chan time.Time, stop func()) {
	return timer(c, d, true)
}

// BackgroundTimer is [Timer] for a wait that nothing depends on, such as that between two health
// checks of a target that serves: time doesn't leap to its end, but may leap past it.
func BackgroundTimer(c Clock, d time.Duration) (due <-chan time.Time, stop func()) {
	return timer(c, d, false)
}

func timer(c Clock, d time.Duration, awaited bool) (due <-chan time.Time, stop func()) {
	if l, leaps := c.(leaper); leaps {
		return l.timer(d, awaited)
	}
	return c.After(d), func() {}
}

// Work says that something is under way that isn't a wait, such as a function that runs, until
// done is called: a clock that leaps keeps real time meanwhile. done may be called more than once.
func Work(c Clock) (done func()) { return work(c, 1) }

// Rest says that who has said to be working waits, until resume is called. resume may be called
// more than once.
func Rest(c Clock) (resume func()) { return work(c, -1) }

func work(c Clock, n int) (undo func()) {
	if l, leaps := c.(leaper); leaps {
		return l.work(n)
	}
	return func() {}
}
