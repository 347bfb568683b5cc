package gate

import (
	"context"
	"sync"
	"time"
)

// round says when a call of an execution that can suspend ends: it begins no run that it may have no time for, and where
// whoever calls can call back, it isn't held open while there is nothing to ask. What runs is never cut off by its end. The
// zero round has no end.
type round struct {
	can       bool
	last      time.Time // when all that was asked must have come to its end; zero: there is no such time
	callsBack bool
	callback  time.Duration

	mu       sync.Mutex
	limit    int // of what may run at once
	expected int // to start in this phase
	asking   int
	waiting  map[*run]time.Time // until when
	tight    bool               // a run waits for longer than this round has time for
	ended    bool
	over     chan struct{} // closed when the round has ended
}

// open makes a round of a call with this deadline, zero for one that has none.
func (r *round) open(deadline time.Time, callsBack bool, callback time.Duration) {
	r.can, r.callsBack, r.callback = true, callsBack, callback
	if !deadline.IsZero() {
		// A check that doesn't stop is waited for, and what came of it must still be written down.
		r.last = deadline.Add(-RoundReserve)
	}
	r.waiting, r.over = map[*run]time.Time{}, make(chan struct{})
}

// RoundReserve is how long before its deadline a call of an execution that goes on in another one has all its answers.
const RoundReserve = 2 * StopGrace

// expect says how many runs are about to start, and how many of them at once.
func (r *round) expect(n, limit int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected, r.limit = n, limit
}

// starts says whether a run may start, or go on, in this round.
func (r *round) starts(next *run) bool {
	if !r.can {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected--
	if now := time.Now(); !next.due.After(now) && !r.hasRoom(now, next) {
		r.end()
	}
	if r.ended {
		return false
	}
	r.asking++
	r.endIfTight()
	return true
}

// stops says that a run is over.
func (r *round) stops() {
	if !r.can {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking--
	r.endIfIdle()
}

// wait waits until a run is due, or ctx ends. It gives false where the run is left to another round.
func (r *round) wait(ctx context.Context, waits *run) bool {
	if !waits.due.After(time.Now()) {
		return true
	}
	until := waits.due
	if r.can {
		until = r.rests(waits)
	}
	if left := time.Until(until); left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.over:
		case <-ctx.Done():
		}
	}
	return !r.can || r.resumes(waits, until.Equal(waits.due))
}

// rests notes that a run waits, and gives the time until which it does so in this round.
func (r *round) rests(waits *run) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking--
	r.waiting[waits] = waits.due
	r.tight = r.tight || r.callsBack && !r.hasRoom(waits.due, waits)
	r.endIfTight()
	r.endIfIdle()
	if r.last.IsZero() {
		return waits.due
	}
	return earlier(waits.due, r.last.Add(-waits.longest()))
}

// resumes notes that a run no longer waits, and says whether it is asked in this round: not where it wasn't due yet when
// there was no room for it any more.
func (r *round) resumes(waited *run, due bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, waited)
	if !due || !r.hasRoom(time.Now(), waited) {
		r.end()
	}
	if r.ended {
		return false
	}
	r.asking++
	return true
}

// hasRoom says that a run that begins then is over in time.
func (r *round) hasRoom(begins time.Time, asked *run) bool {
	return r.last.IsZero() || !begins.Add(asked.longest()).After(r.last)
}

func (r *round) end() {
	if !r.ended {
		r.ended = true
		close(r.over)
	}
}

// endIfTight ends a round that has no time for what a run waits for, once all others that have a place have been asked: those left
// out would have the next call made at once.
func (r *round) endIfTight() {
	if r.tight && (r.expected <= 0 || r.asking+len(r.waiting) >= r.limit) {
		r.end()
	}
}

// endIfIdle ends a round in which all that is left is to wait, for so long that it is worth another call.
func (r *round) endIfIdle() {
	if !r.callsBack || r.asking > 0 || len(r.waiting) == 0 || r.expected > 0 && len(r.waiting) < r.limit {
		return
	}
	for _, due := range r.waiting {
		if time.Until(due) < r.callback {
			return
		}
	}
	r.end()
}
