package clock

import "sync"

// Signal wakes all who wait for it, once. On a clock that leaps, time stands between [Signal.Fire]
// and the moment when they are awake: it can't be up for what was in time.
type Signal struct {
	clock Clock
	fired chan struct{}

	mu      sync.Mutex
	waiting int
	waking  []func() // ends the work of waking one of them
}

// NewSignal returns a signal that hasn't fired.
func NewSignal(c Clock) *Signal { return &Signal{clock: c, fired: make(chan struct{})} }

// Fire wakes who waits. Whoever waits later doesn't wait at all. Only the first call counts.
func (s *Signal) Fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasFired() {
		return
	}
	for range s.waiting {
		s.waking = append(s.waking, Work(s.clock))
	}
	close(s.fired)
}

// Fired is for who isn't part of what the clock keeps time for, and waits all the same.
func (s *Signal) Fired() <-chan struct{} { return s.fired }

func (s *Signal) hasFired() bool {
	select {
	case <-s.fired:
		return true
	default:
		return false
	}
}

// Wait is called by who has said to be working ([Work]), before it waits for fired, maybe along
// with other things. Until it calls resume it counts as resting.
func (s *Signal) Wait() (fired <-chan struct{}, resume func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasFired() {
		return s.fired, func() {}
	}
	s.waiting++
	rested := Rest(s.clock)
	return s.fired, sync.OnceFunc(func() {
		rested()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waiting--
		if n := len(s.waking); n > 0 {
			s.waking[n-1]()
			s.waking = s.waking[:n-1]
		}
	})
}
