package simulator

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/endpoint"
)

// injection is a fault in force in a service of the simulator's.
type injection interface {
	End()
	Over() bool
}

// injections are a fault in force in several places at once: a listener and the rule of its name. It is over once it has
// done all that it does in one of them.
type injections []injection

// End ends it everywhere.
func (list injections) End() {
	for _, i := range list {
		i.End()
	}
}

// Over tells that it is over in one of its places.
func (list injections) Over() bool { return slices.ContainsFunc(list, injection.Over) }

// disturbance is a fault with what it has done.
type disturbance struct {
	Fault
	clock clock.Clock
	ended chan struct{}
	// injected is what it is where it befalls; nil for faults of requests and of the endpoint.
	injected injection

	// How far a fault of requests has come.
	mu    sync.Mutex
	met   int       // requests that it befell
	owed  float64   // the part of a request that it is behind by
	first time.Time // when it befell the first
}

func newDisturbance(fault Fault, c clock.Clock) *disturbance {
	return &disturbance{Fault: fault, clock: c, ended: make(chan struct{})}
}

// stop takes it back from where it befalls.
func (d *disturbance) stop() {
	if d.injected != nil {
		d.injected.End()
	}
}

// isOver tells that it befalls nothing any more.
func (d *disturbance) isOver() bool {
	if d.injected != nil {
		return d.injected.Over()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.isOfRequests() && d.isSpent(d.clock.Now())
}

// isSpent tells that its requests or its time are over; the caller holds the lock.
func (d *disturbance) isSpent(now time.Time) bool {
	return d.Times > 0 && d.met >= d.Times || d.For > 0 && !d.first.IsZero() && now.Sub(d.first) >= d.For
}

// isOfRequests tells that it befalls requests to the endpoint.
func (d *disturbance) isOfRequests() bool { return d.middleware() != nil }

func (d *disturbance) middleware() endpoint.Fault {
	switch d.Kind {
	case Throttle:
		return endpoint.Throttle()
	case Break:
		return endpoint.InternalError()
	case DropBefore:
		return endpoint.DropBefore()
	case DropAfter:
		return endpoint.DropAfter()
	case Hang:
		return endpoint.Hang()
	case Garbage:
		return endpoint.Garbage()
	case Slow:
		return endpoint.Slow(d.By)
	}
	return nil
}

// before stands before a service and befalls its share of what gets to it.
func (d *disturbance) before(s endpoint.Service, next http.Handler) http.Handler {
	faulty := d.middleware()(s, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.befalls() {
			faulty.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// befalls tells whether a request is one of those that it befalls, and counts it. A share is kept exactly, in place of
// by chance.
func (d *disturbance) befalls() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock.Now()
	if d.isSpent(now) {
		return false
	}
	if d.Rate > 0 {
		// Ten tenths are a little less than 1 in binary.
		if d.owed += d.Rate; d.owed < 1-1e-9 {
			return false
		}
		d.owed--
	}
	d.met++
	if d.first.IsZero() {
		d.first = now
	}
	return true
}
