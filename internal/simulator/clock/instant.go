package clock

import (
	"slices"
	"sync"
	"time"
)

// quiet is how long nothing may have happened before time leaps. What is part of a deployment says
// that it is under way; this is for what can't, such as a client that is about to ask.
const quiet = 250 * time.Microsecond

// Instant returns a clock that starts at the present and leaps over waits: when nothing real is
// under way ([Work]) and somebody waits ([Timer]), its time becomes the end of the earliest
// wait. Otherwise it keeps real time. A deployment on it takes as long as its functions do, and
// its events bear the times that they would have had.
func Instant() Clock { return &instantClock{} }

type instantClock struct {
	mu      sync.Mutex
	leapt   time.Duration // how far the clock is ahead of real time
	working int
	waits   []*wait     // in the order of their ends
	alarm   *time.Timer // for the earliest wait, or for the end of the quiet before a leap; nil before the first wait
	// stirred is when, in real time, something last happened: a wait or work began or ended.
	stirred time.Time
}

// wait is somebody's wait. It ends in real time or by a leap over it; a leap goes to the end of
// one that is awaited.
type wait struct {
	end     time.Time
	awaited bool
	due     chan time.Time
	over    bool // and awaited, so that it counts as work until it is stopped
}

func (c *instantClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *instantClock) now() time.Time { return time.Now().Add(c.leapt) }

func (c *instantClock) After(d time.Duration) <-chan time.Time {
	return c.begin(d, false).due
}

func (c *instantClock) timer(d time.Duration, awaited bool) (due <-chan time.Time, stop func()) {
	w := c.begin(d, awaited)
	return w.due, func() { c.end(w) }
}

func (c *instantClock) begin(d time.Duration, awaited bool) *wait {
	w := &wait{awaited: awaited, due: make(chan time.Time, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	w.end = c.now().Add(d)
	i, _ := slices.BinarySearchFunc(c.waits, w, func(a, b *wait) int {
		if a.end.After(b.end) {
			return 1
		}
		return -1 // what began earlier comes first where both end at once
	})
	c.waits = slices.Insert(c.waits, i, w)
	if awaited {
		c.stir()
	} else {
		c.setAlarm()
	}
	return w
}

func (c *instantClock) end(w *wait) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.waits, w); i >= 0 {
		c.waits = slices.Delete(c.waits, i, i+1)
	}
	if w.over {
		w.over = false
		c.working--
	}
	if w.awaited {
		c.stir()
	}
}

func (c *instantClock) work(n int) (undo func()) {
	add := func(n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.working += n
		c.stir()
	}
	add(n)
	return sync.OnceFunc(func() { add(-n) })
}

// stir puts the next leap off; the caller holds the lock.
func (c *instantClock) stir() {
	c.stirred = time.Now()
	c.setAlarm()
}

// setAlarm has the clock look again when the next thing may be due; the caller holds the lock.
func (c *instantClock) setAlarm() {
	if len(c.waits) == 0 {
		return
	}
	next := c.waits[0].end.Sub(c.now())
	if c.mayLeap() {
		next = min(next, quiet-time.Since(c.stirred))
	}
	next = max(next, 1)
	if c.alarm == nil {
		c.alarm = time.AfterFunc(next, c.ring)
		return
	}
	c.alarm.Reset(next)
}

func (c *instantClock) mayLeap() bool {
	return c.working == 0 && slices.ContainsFunc(c.waits, func(w *wait) bool { return w.awaited })
}

// ring ends the waits whose time is up, and leaps where it has been quiet for long enough.
func (c *instantClock) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mayLeap() && time.Since(c.stirred) >= quiet {
		earliest := slices.IndexFunc(c.waits, func(w *wait) bool { return w.awaited })
		c.leapt += max(0, c.waits[earliest].end.Sub(c.now()))
	}
	now := c.now()
	for len(c.waits) > 0 && !c.waits[0].end.After(now) {
		w := c.waits[0]
		c.waits = slices.Delete(c.waits, 0, 1)
		if w.awaited {
			w.over = true
			c.working++
		}
		w.due <- now
	}
	c.setAlarm()
}
