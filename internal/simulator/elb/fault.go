package elb

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// RouteFault is what goes wrong with changes of a listener's default action or of a rule.
// The zero value is no fault.
type RouteFault struct {
	// Spread is how long a change takes to reach all of the load balancer: until then
	// requests are handled the former way, at first all, then evenly fewer. Reading the
	// weights shows the new ones at once, as the API does.
	Spread time.Duration
	// RevertAfter is how long after the next change something else, such as infrastructure
	// code that knows nothing of the deployment, puts the former action back. It happens once.
	RevertAfter time.Duration
}

// Injected is a fault in force.
type Injected struct {
	end  func()
	over atomic.Bool
}

// End takes the fault back. What it has done stays done. It may be called more than once.
func (i *Injected) End() { i.end() }

// Over tells that the fault will do no more: it was taken back, or is one that happens once, and has happened.
func (i *Injected) Over() bool { return i.over.Load() }

// routeFault is a fault of a route in force. The route's mutex guards it.
type routeFault struct {
	RouteFault
	*Injected
	ended     context.Context // ends with the fault
	reverting bool            // its change has come
}

// Inject has a fault befall the changes that follow, beside the faults that are there: the longest spread counts, and
// each change may be reverted by several.
func (r *route) Inject(f RouteFault) (*Injected, error) {
	if f.Spread < 0 || f.RevertAfter < 0 {
		return nil, fmt.Errorf("injecting a fault into %s %q: its times must not be below 0: %+v", r.kind, r.name, f)
	}
	ended, cancel := context.WithCancel(r.lb.ctx)
	added := &routeFault{RouteFault: f, Injected: &Injected{}, ended: ended}
	added.end = func() {
		cancel()
		added.over.Store(true)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.faults = slices.DeleteFunc(r.faults, func(other *routeFault) bool { return other == added })
		if r.spread() == 0 {
			r.former = nil
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, added)
	return added.Injected, nil
}

// spread is how long a change takes; the caller holds the lock.
func (r *route) spread() time.Duration {
	var longest time.Duration
	for _, f := range r.faults {
		longest = max(longest, f.Spread)
	}
	return longest
}

// revertLater puts the action from before a change back, where a fault says so.
func (r *route) revertLater(before Action) {
	r.mu.Lock()
	var due []*routeFault
	for _, f := range r.faults {
		if f.RevertAfter > 0 && !f.reverting {
			f.reverting = true
			due = append(due, f)
		}
	}
	r.mu.Unlock()
	for _, f := range due {
		// The wait begins here and not in the goroutine, so that no clock leaps ahead of it.
		due, stop := clock.Timer(r.lb.config.Clock, f.RevertAfter)
		r.lb.run(func(context.Context) {
			defer stop()
			select {
			case <-due:
				// Where a target group of old is gone, infrastructure code fails as well.
				_ = r.SetAction(before)
				f.over.Store(true)
			case <-f.ended.Done():
			}
		})
	}
}

// TargetFault is what goes wrong between the load balancer and the targets of a group. The zero value
// is no fault.
type TargetFault struct {
	// Slow is how much longer a target takes to answer, in real time, as all that happens on
	// sockets. At the load balancer's idle timeout the answer is 504.
	Slow time.Duration
	// Reset breaks the connection before a target answers: 502.
	Reset bool
	// Rate is the share of requests that Slow and Reset meet, above 0 to 1; 0 means all.
	Rate float64
	// SpareHealthChecks keeps Slow and Reset from health checks: the targets look well.
	SpareHealthChecks bool
	// Unhealthy fails all health checks, whatever a target answers.
	Unhealthy bool
	// Flapping fails health checks for this long, on the load balancer's clock, lets them
	// through for as long, and so on. A target's state follows at the thresholds.
	Flapping time.Duration
}

// targetFault is a fault in force. The group's mutex guards it.
type targetFault struct {
	TargetFault
	since time.Time
	owed  float64 // the part of a request that the fault is behind by
}

// Inject has a fault befall all targets of the group, also those that are registered later, beside the faults that are
// there: their delays add up, and each has a share of its own.
func (g *TargetGroup) Inject(f TargetFault) (*Injected, error) {
	if f.Slow < 0 || f.Flapping < 0 || f.Rate < 0 || f.Rate > 1 {
		return nil, fmt.Errorf("injecting a fault into target group %s: times must not be below 0, and the rate between 0 and 1: %+v", g.name, f)
	}
	if f.Rate == 0 {
		f.Rate = 1
	}
	added, injected := &targetFault{TargetFault: f, since: g.lb.config.Clock.Now()}, &Injected{}
	injected.end = func() {
		injected.over.Store(true)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.faults = slices.DeleteFunc(g.faults, func(other *targetFault) bool { return other == added })
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, added)
	return injected, nil
}

// rounding is how far a sum of shares may be below 1 and count as 1: ten tenths are a little less in binary.
const rounding = 1e-9

// requestFault is what the next request meets.
func (g *TargetGroup) requestFault() TargetFault {
	g.mu.Lock()
	defer g.mu.Unlock()
	var met TargetFault
	for _, f := range g.faults {
		if f.Slow == 0 && !f.Reset {
			continue
		}
		if f.owed += f.Rate; f.owed < 1-rounding {
			continue
		}
		f.owed--
		met.Slow, met.Reset = met.Slow+f.Slow, met.Reset || f.Reset
	}
	return met
}

// checkFault is what a health check meets.
func (g *TargetGroup) checkFault() TargetFault {
	g.mu.Lock()
	defer g.mu.Unlock()
	var met TargetFault
	for _, f := range g.faults {
		if !f.SpareHealthChecks {
			met.Slow, met.Reset = met.Slow+f.Slow, met.Reset || f.Reset
		}
		met.Unhealthy = met.Unhealthy || f.Unhealthy
		if f.Flapping > 0 {
			phase := g.lb.config.Clock.Now().Sub(f.since) / f.Flapping
			met.Unhealthy = met.Unhealthy || phase%2 == 0
		}
	}
	return met
}

var errReset = fmt.Errorf("reading the target's answer: %w", syscall.ECONNRESET)

// meet suffers the fault before a request goes out, at most until limit.
func (f TargetFault) meet(ctx context.Context, limit time.Duration) error {
	if f.Slow > 0 {
		timer := time.NewTimer(min(f.Slow, limit))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if f.Slow >= limit {
			return fmt.Errorf("waiting for the target's answer: %w", os.ErrDeadlineExceeded)
		}
	}
	if f.Reset {
		return errReset
	}
	return nil
}

// connection carries requests to targets, through their faults.
type connection struct{ lb *LoadBalancer }

// RoundTrip implements http.RoundTripper.
func (c connection) RoundTrip(r *http.Request) (*http.Response, error) {
	e := exchangeOf(r)
	if err := e.group.requestFault().meet(r.Context(), c.lb.config.IdleTimeout); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	if simple(r) {
		return e.target.upstream.exchange(r)
	}
	return c.lb.transport.RoundTrip(r)
}
