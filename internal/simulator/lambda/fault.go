package lambda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Fault is how a function's invocations go wrong. Its members work together; the zero value
// is no fault. [Service.Inject] switches it.
type Fault struct {
	// Throttled refuses to run the function, as at its limit of concurrency: whoever waits
	// for the answer gets TooManyRequestsException; an asynchronous event is tried again after
	// 1 second and then after twice the wait each time, up to 5 minutes, for 6 hours:
	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
	Throttled bool
	// Duplicated delivers each asynchronous event twice, side by side, under one request
	// id, which Lambda's queue may do without any error (the same page).
	Duplicated bool
	// Lost accepts an event and never runs it. Whoever waits for the answer gets
	// ServiceException.
	Lost bool
	// Killed ends the runtime by SIGKILL, as Lambda does when its memory is exceeded, once
	// it has been given the event and KillAfter has passed: real time, 0 or more. A function
	// that has answered and gone idle sooner lives; one with a KillAfter of 0 gets to do nothing.
	Killed    bool
	KillAfter time.Duration
	// ColdStart makes the init of each cold start that much longer, in simulated time. 0
	// to 10 seconds: after that Lambda itself gives an init up.
	ColdStart time.Duration
	// Times ends the fault after so many invocations, further tries counted; 0 leaves it
	// until it is taken back.
	Times int
}

// Validate says what is out of range.
func (f Fault) Validate() error {
	switch {
	case f.KillAfter < 0:
		return fmt.Errorf("KillAfter is %v; it must be 0 or more", f.KillAfter)
	case f.ColdStart < 0 || f.ColdStart > initTimeout:
		return fmt.Errorf("ColdStart is %v; it must be from 0 to %v", f.ColdStart, initTimeout)
	case f.Times < 0:
		return fmt.Errorf("Times is %d; it must be 0 or more", f.Times)
	}
	return nil
}

// Injected is a fault in force.
type Injected struct {
	service  *Service
	function *function
	fault    Fault
	left     int // of its Times; the service's lock guards it, and ended
	ended    bool
}

// Inject has a fault befall the function's invocations that begin from now on, beside the faults that are there: each
// counts for itself, the earliest kill and all delays of a cold start count.
func (s *Service) Inject(function string, fault Fault) (*Injected, error) {
	if err := fault.Validate(); err != nil {
		return nil, fmt.Errorf("injecting a fault into %q: %w", function, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.functionLocked(function)
	if err != nil {
		return nil, fmt.Errorf("injecting a fault into %q: %w", function, err)
	}
	added := &Injected{service: s, function: f, fault: fault, left: fault.Times}
	f.faults = append(f.faults, added)
	return added, nil
}

// End takes the fault back. It may be called more than once.
func (i *Injected) End() {
	i.service.mu.Lock()
	defer i.service.mu.Unlock()
	i.ended = true
	i.function.faults = slices.DeleteFunc(i.function.faults, func(other *Injected) bool { return other == i })
}

// Over tells that the fault befalls no invocation any more: it was taken back, or has befallen as many as its Times.
func (i *Injected) Over() bool {
	i.service.mu.Lock()
	defer i.service.mu.Unlock()
	return i.ended
}

// takeFault is what befalls the next invocation.
func (s *Service) takeFault(f *function) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var met Fault
	for _, i := range f.faults {
		met = met.with(i.fault)
		if i.fault.Times > 0 {
			i.left--
			i.ended = i.left == 0
		}
	}
	f.faults = slices.DeleteFunc(f.faults, func(i *Injected) bool { return i.ended })
	return met
}

// with is both faults at once.
func (f Fault) with(other Fault) Fault {
	if other.Killed {
		if !f.Killed || other.KillAfter < f.KillAfter {
			f.KillAfter = other.KillAfter
		}
		f.Killed = true
	}
	f.Throttled, f.Duplicated, f.Lost = f.Throttled || other.Throttled, f.Duplicated || other.Duplicated, f.Lost || other.Lost
	f.ColdStart = min(f.ColdStart+other.ColdStart, initTimeout)
	return f
}

// refusal is what whoever waits for the answer gets in place of it, nil where the function
// runs.
func (f Fault) refusal() error {
	switch {
	case f.Throttled:
		return &APIError{"TooManyRequestsException", "Rate Exceeded."}
	case f.Lost:
		return &APIError{"ServiceException", "The event was lost before the function got it."}
	}
	return nil
}

// killer returns the context of an invocation that the fault may end, and what to call once
// the runtime has the event. stop gives both back.
func (f Fault) killer(ctx context.Context) (killed context.Context, delivered, stop func()) {
	if !f.Killed {
		return ctx, func() {}, func() {}
	}
	killed, cancel := context.WithCancelCause(ctx)
	if f.KillAfter == 0 {
		return killed, func() { cancel(errKilled) }, func() { cancel(nil) }
	}
	timer := time.AfterFunc(time.Hour, func() { cancel(errKilled) })
	timer.Stop()
	return killed, func() { timer.Reset(f.KillAfter) }, func() { timer.Stop(); cancel(nil) }
}

// wasKilled tells whether a fault ended the invocation. It did even where the runtime was
// quick enough to answer before it was seen to.
func wasKilled(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errKilled) }
