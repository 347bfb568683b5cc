package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// FaultKind is what goes wrong.
type FaultKind string

// What can go wrong. The first befall requests to CodeDeploy's and ECS's API, the next the invocations of a function, the
// tasks of a side, the changes of a listener, and the AWS endpoint as a whole.
const (
	Throttle   FaultKind = "throttle"    // ThrottlingException
	Break      FaultKind = "error"       // 500
	DropBefore FaultKind = "drop_before" // the connection is reset, and nothing done
	DropAfter  FaultKind = "drop_after"  // what was asked is done, and its answer lost
	Hang       FaultKind = "hang"        // there is no answer
	Garbage    FaultKind = "garbage"     // 200 with what isn't JSON
	Slow       FaultKind = "slow"        // the answer comes By later, in real time

	ThrottleFunction FaultKind = "throttle_function"
	Duplicate        FaultKind = "duplicate"  // asynchronous events are delivered twice
	Lose             FaultKind = "lose"       // events are accepted, and never run
	Kill             FaultKind = "kill"       // the runtime is killed, as at the end of its memory, By after it has the event
	ColdStart        FaultKind = "cold_start" // cold starts take By longer

	Unhealthy  FaultKind = "unhealthy" // health checks fail
	SlowTarget FaultKind = "slow_target"
	Reset      FaultKind = "reset" // connections are reset before an answer
	Flap       FaultKind = "flap"  // health checks fail for By, succeed for By, and so on

	Spread FaultKind = "spread" // changes of a listener take By to reach all requests
	Revert FaultKind = "revert" // something puts back what a listener did before, By after the next change

	ClockSkew        FaultKind = "clock_skew"        // AWS's clock is By ahead of everybody's
	VerifySignatures FaultKind = "verify_signatures" // requests must be signed with the functions' credentials
)

// Fault is something that goes wrong, from a moment on and until another.
type Fault struct {
	Kind FaultKind
	// Subject is what it befalls: an operation or empty for all, a function, a target group, or a listener.
	Subject string
	// By is how long, where the kind says so. ClockSkew may be below 0.
	By time.Duration
	// Rate is the share of requests that it befalls, above 0 to 1; 0 means all. It is for requests to APIs and targets.
	Rate float64
	// Times ends it after so many requests or invocations; 0 doesn't.
	Times int
	// At is the lifecycle event or stage at whose beginning it begins; empty: at once.
	At string
	// For ends it that long after it has begun, or where it befalls requests to an API that long after the first of them, on
	// the scenario's clock; 0 doesn't.
	For time.Duration
}

// faults are those that are in force, and those that wait for their event.
type faults struct {
	sim    *Simulator
	ctx    context.Context
	cancel context.CancelFunc
	ending sync.WaitGroup

	mu      sync.Mutex
	active  []*disturbance
	waiting []*disturbance
	// What functions and listeners were last told: to be told again would have them start to count anew.
	functions map[string]lambda.Fault
	listeners map[string]elb.RouteFault
}

// disturbance is a fault with what it has done.
type disturbance struct {
	Fault
	clock clock.Clock
	met   atomic.Int64              // requests that it befell
	first atomic.Pointer[time.Time] // when it befell the first
}

func newFaults(sim *Simulator) *faults {
	f := &faults{sim: sim, functions: map[string]lambda.Fault{}, listeners: map[string]elb.RouteFault{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

func (f *faults) close() {
	f.cancel()
	f.ending.Wait()
}

// Inject has something go wrong. Its error says what is wrong with the fault itself.
func (s *Simulator) Inject(fault Fault) error {
	return s.disturbances.inject(&disturbance{Fault: fault, clock: s.config.Clock})
}

// ClearFaults ends all faults, also those that haven't begun.
func (s *Simulator) ClearFaults() error { return s.disturbances.clear() }

// InForce lists the faults that have begun, and then those that wait for their event.
func (s *Simulator) InForce() []Fault {
	f := s.disturbances
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []Fault
	for _, fault := range slices.Concat(f.active, f.waiting) {
		list = append(list, fault.Fault)
	}
	return list
}

func (f *faults) inject(fault *disturbance) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault.At != "" {
		f.waiting = append(f.waiting, fault)
		return nil
	}
	return f.begin(fault)
}

// reached begins the faults of an event or stage.
func (f *faults) reached(event string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = slices.DeleteFunc(f.waiting, func(fault *disturbance) bool {
		if fault.At != event {
			return false
		}
		_ = f.begin(fault) // what can be wrong with it was found when it was injected, but for functions that are gone
		return true
	})
}

// begin puts a fault in force; the caller holds the lock.
func (f *faults) begin(fault *disturbance) error {
	f.active = append(f.active, fault)
	if err := f.apply(); err != nil {
		f.active = slices.DeleteFunc(f.active, func(other *disturbance) bool { return other == fault })
		return errors.Join(fmt.Errorf("injecting the fault %s: %w", fault.Kind, err), f.apply())
	}
	if fault.For > 0 && fault.middleware() == nil {
		f.endLater(fault)
	}
	return nil
}

func (f *faults) endLater(fault *disturbance) {
	due, stop := clock.Timer(f.sim.config.Clock, fault.For)
	f.ending.Go(func() {
		defer stop()
		select {
		case <-due:
			f.mu.Lock()
			defer f.mu.Unlock()
			f.active = slices.DeleteFunc(f.active, func(other *disturbance) bool { return other == fault })
			_ = f.apply()
		case <-f.ctx.Done():
		}
	})
}

func (f *faults) clear() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active, f.waiting = nil, nil
	return f.apply()
}

// apply makes what is in force the truth; the caller holds the lock.
func (f *faults) apply() error {
	f.applyToAPI()
	f.applyToEndpoint()
	return errors.Join(f.applyToFunctions(), f.applyToListeners(), f.applyToTargets(TargetGroupOne), f.applyToTargets(TargetGroupTwo))
}

// applyToAPI nests the faults, so that a request meets each in the order in which they began.
func (f *faults) applyToAPI() {
	var chain []codedeploy.Fault
	for _, fault := range f.active {
		if made := fault.middleware(); made != nil {
			chain = append(chain, made)
		}
	}
	all := func(next http.Handler) http.Handler {
		for _, fault := range slices.Backward(chain) {
			next = fault(next)
		}
		return next
	}
	f.sim.faults.Inject(all)
	f.sim.ecsFaults.Inject(all)
}

// middleware is the fault of requests to an API, nil for other kinds.
func (f *disturbance) middleware() codedeploy.Fault {
	made, ok := map[FaultKind]codedeploy.Fault{
		Throttle: codedeploy.Throttle(), Break: codedeploy.InternalError(), DropBefore: codedeploy.DropBefore(),
		DropAfter: codedeploy.DropAfter(), Hang: codedeploy.Hang(), Garbage: codedeploy.Garbage(), Slow: codedeploy.Slow(f.By),
	}[f.Kind]
	if !ok {
		return nil
	}
	made = f.limited(made)
	if f.Rate > 0 {
		made = codedeploy.Rate(f.Rate, made)
	}
	if f.Subject != "" {
		made = codedeploy.Only(f.Subject, made)
	}
	return made
}

// limited ends a fault after so many requests and after its time, also where it is put in force anew because of another.
func (f *disturbance) limited(made codedeploy.Fault) codedeploy.Fault {
	return func(next http.Handler) http.Handler {
		faulty := made(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if f.isOver() {
				next.ServeHTTP(w, r)
				return
			}
			faulty.ServeHTTP(w, r)
		})
	}
}

// isOver counts a request, and tells whether it is one too many or too late.
func (f *disturbance) isOver() bool {
	now := f.clock.Now()
	f.first.CompareAndSwap(nil, &now)
	return f.Times > 0 && f.met.Add(1) > int64(f.Times) || f.For > 0 && now.Sub(*f.first.Load()) >= f.For
}

func (f *faults) applyToEndpoint() {
	var skew time.Duration
	verify := false
	for _, fault := range f.active {
		switch fault.Kind {
		case ClockSkew:
			skew += fault.By
		case VerifySignatures:
			verify = true
		}
	}
	f.sim.services.SetClock(skew, verify)
}

func (f *faults) applyToFunctions() error {
	byName := map[string]lambda.Fault{}
	for _, v := range f.sim.functions.Functions() {
		byName[v.Function.Name] = lambda.Fault{}
	}
	for _, fault := range f.active {
		made, ok := byName[fault.Subject]
		switch fault.Kind {
		case ThrottleFunction:
			made.Throttled = true
		case Duplicate:
			made.Duplicated = true
		case Lose:
			made.Lost = true
		case Kill:
			made.Killed, made.KillAfter = true, fault.By
		case ColdStart:
			made.ColdStart = fault.By
		default:
			continue
		}
		if !ok {
			return fmt.Errorf("there is no function %q", fault.Subject)
		}
		made.Times = fault.Times
		byName[fault.Subject] = made
	}
	var errs []error
	for name, fault := range byName {
		if fault != f.functions[name] {
			errs = append(errs, f.sim.functions.Inject(name, fault))
		}
	}
	f.functions = byName
	return errors.Join(errs...)
}

func (f *faults) applyToListeners() error {
	byName := map[string]elb.RouteFault{}
	for _, fault := range f.active {
		made := byName[fault.Subject]
		switch fault.Kind {
		case Spread:
			made.Spread = fault.By
		case Revert:
			made.RevertAfter = fault.By
		default:
			continue
		}
		byName[fault.Subject] = made
	}
	var errs []error
	known := map[string]elb.RouteFault{}
	for _, l := range f.sim.routes() {
		known[l.Name()] = byName[l.Name()]
		if known[l.Name()] != f.listeners[l.Name()] {
			errs = append(errs, l.SetFault(known[l.Name()]))
		}
	}
	f.listeners = known
	for name := range byName {
		if _, ok := known[name]; !ok {
			errs = append(errs, fmt.Errorf("there is no listener %q", name))
		}
	}
	return errors.Join(errs...)
}

// applyToTargets lets a group's targets meet what is in force.
func (f *faults) applyToTargets(name string) error {
	group := f.sim.service.group(name)
	if group == nil {
		return nil
	}
	var made elb.TargetFault
	for _, fault := range f.active {
		if fault.Subject != name {
			continue
		}
		switch fault.Kind {
		case Unhealthy:
			made.Unhealthy = true
		case SlowTarget:
			made.Slow, made.Rate = fault.By, fault.Rate
		case Reset:
			made.Reset, made.Rate = true, fault.Rate
		case Flap:
			made.Flapping = fault.By
		}
	}
	// A target that is slow or resets is to be found out by its users, or by a hook, and not by the health check alone.
	made.SpareHealthChecks = made.Slow > 0 || made.Reset
	var errs []error
	for _, t := range group.Targets() {
		errs = append(errs, group.SetFault(t.URL, made))
	}
	return errors.Join(errs...)
}

// registered lets a new target meet what is in force for its group.
func (f *faults) registered(group string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.applyToTargets(group) // a target that has left meanwhile has no faults
}
