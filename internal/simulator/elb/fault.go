package elb

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
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

// SetFault switches what goes wrong with the changes that follow.
func (r *route) SetFault(f RouteFault) error {
	if f.Spread < 0 || f.RevertAfter < 0 {
		return fmt.Errorf("setting a fault of %s %q: its times must not be below 0: %+v", r.kind, r.name, f)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = f
	if f.Spread == 0 {
		r.former = nil
	}
	return nil
}

// revertLater puts the action from before a change back, where a fault says so.
func (r *route) revertLater(before Action) {
	r.mu.Lock()
	after := r.fault.RevertAfter
	r.fault.RevertAfter = 0
	r.mu.Unlock()
	if after == 0 {
		return
	}
	r.lb.run(func(ctx context.Context) {
		due, stop := clock.Timer(r.lb.config.Clock, after)
		defer stop()
		select {
		case <-due:
			// Where a target group of old is gone, infrastructure code fails as well.
			_ = r.SetAction(before)
		case <-ctx.Done():
		}
	})
}

// TargetFault is what goes wrong between the load balancer and one target. The zero value
// is no fault.
type TargetFault struct {
	// Slow is how much longer the target takes to answer, in real time, as all that happens on
	// sockets. At the load balancer's idle timeout the answer is 504.
	Slow time.Duration
	// Reset breaks the connection before the target answers: 502.
	Reset bool
	// Rate is the share of requests that Slow and Reset meet, above 0 to 1; 0 means all.
	Rate float64
	// SpareHealthChecks keeps Slow and Reset from health checks: the target looks well.
	SpareHealthChecks bool
	// Unhealthy fails all health checks, whatever the target answers.
	Unhealthy bool
	// Flapping fails health checks for this long, on the load balancer's clock, lets them
	// through for as long, and so on. The target's state follows at the thresholds.
	Flapping time.Duration
}

// targetFault is a fault in force. The group's mutex guards it.
type targetFault struct {
	TargetFault
	since time.Time
	owed  float64
}

// SetFault switches what goes wrong with a target, which must be registered.
func (g *TargetGroup) SetFault(base string, f TargetFault) error {
	if f.Slow < 0 || f.Flapping < 0 || f.Rate < 0 || f.Rate > 1 {
		return fmt.Errorf("setting a fault of target %s: times must not be below 0, and the rate between 0 and 1: %+v", base, f)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.targets, func(t *target) bool { return t.base == base })
	if i < 0 {
		return fmt.Errorf("setting a fault of target %s: it is not registered in %s", base, g.name)
	}
	if f.Rate == 0 {
		f.Rate = 1
	}
	g.targets[i].fault = targetFault{TargetFault: f, since: g.lb.config.Clock.Now()}
	return nil
}

// requestFault is what the next request to the target meets.
func (g *TargetGroup) requestFault(t *target) TargetFault {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.fault.Slow == 0 && !t.fault.Reset {
		return TargetFault{}
	}
	if t.fault.owed += t.fault.Rate; t.fault.owed < 1 {
		return TargetFault{}
	}
	t.fault.owed--
	return t.fault.TargetFault
}

// checkFault is what a health check of the target meets.
func (g *TargetGroup) checkFault(t *target) TargetFault {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := t.fault.TargetFault
	if f.SpareHealthChecks {
		f.Slow, f.Reset = 0, false
	}
	if f.Flapping > 0 {
		phase := g.lb.config.Clock.Now().Sub(t.fault.since) / f.Flapping
		f.Unhealthy = f.Unhealthy || phase%2 == 0
	}
	return f
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
	if err := e.group.requestFault(e.target).meet(r.Context(), c.lb.config.IdleTimeout); err != nil {
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
