package simulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/endpoint"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// FaultKind is what goes wrong.
type FaultKind string

// What can go wrong. The first befall requests to the AWS endpoint, the next the invocations of a function, the
// tasks of a side, the changes of a listener, and the AWS endpoint as a whole.
const (
	Throttle   FaultKind = "throttle"    // ThrottlingException, or what the service calls it
	Break      FaultKind = "error"       // 500
	DropBefore FaultKind = "drop_before" // the connection is reset, and nothing done
	DropAfter  FaultKind = "drop_after"  // what was asked is done, and its answer lost
	Hang       FaultKind = "hang"        // there is no answer
	Garbage    FaultKind = "garbage"     // 200 with what is neither JSON nor XML
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

// Sides that a fault may befall.
const (
	// Green is the version that a deployment brings, from when it begins until the next one does.
	Green = "green"
	// Blue is the version that served production when the deployment began.
	Blue = "blue"
)

// Fault is something that goes wrong, from a moment on and until another.
type Fault struct {
	Kind FaultKind
	// Subject is what it befalls: an operation or empty for all, a function, [Blue] or [Green], or a listener.
	Subject string
	// By is how long, where the kind says so. ClockSkew may be below 0.
	By time.Duration
	// Rate is the share of requests that it befalls, above 0 to 1; 0 means all. It is for requests to APIs and targets.
	Rate float64
	// Times ends it after so many requests or invocations; 0 doesn't.
	Times int
	// At is the lifecycle event or stage with which it begins, the next time that a deployment comes to it, a rollback
	// included, be it that there is nothing to do at it; empty: at once.
	At string
	// For ends it that long after it has begun, or where it befalls requests to an API that long after the first of them, on
	// the scenario's clock; 0 doesn't.
	For time.Duration
}

// Standing is a fault with how far it has come.
type Standing struct {
	Fault
	// Begun is false until the event of At.
	Begun bool
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
	green   string // the target group of what is green now
}

func newFaults(sim *Simulator) *faults {
	f := &faults{sim: sim, green: TargetGroupTwo}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

func (f *faults) close() {
	f.cancel()
	f.ending.Wait()
}

// Inject has something go wrong. Its error says what is wrong with the fault itself.
func (s *Simulator) Inject(fault Fault) error { return s.disturbances.inject(fault) }

// CheckFault says what [Simulator.Inject] would find wrong with a fault.
func (s *Simulator) CheckFault(fault Fault) error {
	f := s.disturbances
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.check(newDisturbance(fault, s.config.Clock))
}

// ClearFaults ends all faults, also those that haven't begun.
func (s *Simulator) ClearFaults() { s.disturbances.clear() }

// Faults lists the faults that are in force, and then those that wait for their event. What is over isn't there any more.
func (s *Simulator) Faults() []Standing {
	f := s.disturbances
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prune()
	var list []Standing
	for _, d := range f.active {
		list = append(list, Standing{d.Fault, true})
	}
	for _, d := range f.waiting {
		list = append(list, Standing{d.Fault, false})
	}
	return list
}

func (f *faults) inject(fault Fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := newDisturbance(fault, f.sim.config.Clock)
	err := f.check(d)
	switch {
	case err != nil:
	case fault.At != "":
		f.waiting = append(f.waiting, d)
	default:
		err = f.begin(d)
	}
	if err != nil {
		return fmt.Errorf("injecting the fault %s: %w", fault.Kind, err)
	}
	return nil
}

// check refuses a fault that could never begin, or that makes no sense.
func (f *faults) check(d *disturbance) error {
	switch {
	case d.At != "" && !slices.Contains(f.moments(), d.At):
		return fmt.Errorf("no deployment of this scenario comes to %s; they come to %s", d.At, strings.Join(f.moments(), ", "))
	case d.By < 0 && d.Kind != ClockSkew, d.For < 0:
		return fmt.Errorf("its times are %v and %v; they must not be below 0", d.By, d.For)
	case d.Rate < 0 || d.Rate > 1 || d.Times < 0:
		return fmt.Errorf("its rate is %v and its times are %d; they go from 0 to 1, and from 0", d.Rate, d.Times)
	}
	_, err := f.find(d)
	return err
}

// moments are the events or stages that a deployment may come to.
func (f *faults) moments() []string {
	var names []string
	if f.sim.config.ECS != nil {
		for _, stage := range ecs.Stages() {
			names = append(names, string(stage))
		}
		return names
	}
	platform := codedeploy.PlatformECS
	if f.sim.config.Alias != nil {
		platform = codedeploy.PlatformLambda
	}
	for _, event := range platform.Events() {
		names = append(names, string(event))
	}
	return names
}

// reached begins the faults of an event or stage.
func (f *faults) reached(event string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = slices.DeleteFunc(f.waiting, func(d *disturbance) bool {
		if d.At != event {
			return false
		}
		_ = f.begin(d) // what can be wrong with it was found when it was injected
		return true
	})
}

// began notes in which target group a deployment's green is, and has the faults of sides follow.
func (f *faults) began(green string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if green == f.green || green != TargetGroupOne && green != TargetGroupTwo { // else it is another service's
		return
	}
	f.green = green
	for _, d := range f.active {
		if d.Subject == Blue || d.Subject == Green {
			d.stop()
			_ = f.befall(d) // as it did before
		}
	}
}

// greenGroup is the target group of what is green now.
func (f *faults) greenGroup() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.green
}

// begin puts a fault in force; the caller holds the lock.
func (f *faults) begin(d *disturbance) error {
	if err := f.befall(d); err != nil {
		return err
	}
	f.active = append(f.active, d)
	f.applyToEndpoint()
	if d.For > 0 && !d.isOfRequests() {
		f.endLater(d)
	}
	return nil
}

// befall has a fault reach what it befalls.
func (f *faults) befall(d *disturbance) error {
	inject, err := f.find(d)
	if err != nil || inject == nil {
		return err
	}
	injected, err := inject()
	if err != nil {
		return err
	}
	d.injected = injected
	return nil
}

// find gives what puts a fault where it befalls; nil for those of requests and of the endpoint, which are looked up
// there.
func (f *faults) find(d *disturbance) (inject func() (injection, error), err error) {
	switch d.Kind {
	case Throttle, Break, DropBefore, DropAfter, Hang, Garbage, Slow, ClockSkew, VerifySignatures:
		return nil, nil
	case ThrottleFunction, Duplicate, Lose, Kill, ColdStart:
		return f.findFunction(d)
	case Unhealthy, SlowTarget, Reset, Flap:
		return f.findSide(d)
	case Spread, Revert:
		return f.findListener(d)
	}
	return nil, errors.New("there is no fault of that name")
}

func (f *faults) findFunction(d *disturbance) (inject func() (injection, error), err error) {
	fault := lambda.Fault{Times: d.Times}
	switch d.Kind {
	case ThrottleFunction:
		fault.Throttled = true
	case Duplicate:
		fault.Duplicated = true
	case Lose:
		fault.Lost = true
	case Kill:
		fault.Killed, fault.KillAfter = true, d.By
	case ColdStart:
		fault.ColdStart = d.By
	}
	var names []string
	for _, v := range f.sim.functions.Functions() {
		names = append(names, v.Function.Name)
	}
	if !slices.Contains(names, d.Subject) {
		return nil, fmt.Errorf("there is no function %q; there are %s", d.Subject, cmp.Or(strings.Join(names, ", "), "none"))
	}
	return func() (injection, error) { return f.sim.functions.Inject(d.Subject, fault) }, fault.Validate()
}

func (f *faults) findSide(d *disturbance) (inject func() (injection, error), err error) {
	// A target that is slow or resets is to be found out by its users, or by a hook, and not by the health check alone.
	fault := elb.TargetFault{Rate: d.Rate, SpareHealthChecks: true}
	switch d.Kind {
	case Unhealthy:
		fault.Unhealthy = true
	case SlowTarget:
		fault.Slow = d.By
	case Reset:
		fault.Reset = true
	case Flap:
		fault.Flapping = d.By
	}
	if f.sim.config.Alias != nil {
		return nil, fmt.Errorf("there is no side %q: a Lambda function is deployed, which has no targets", d.Subject)
	}
	group := f.sim.service.group(map[string]string{Green: f.green, Blue: otherGroup(f.green)}[d.Subject])
	if group == nil {
		return nil, fmt.Errorf("there is no side %q; there are %s and %s", d.Subject, Blue, Green)
	}
	return func() (injection, error) { return group.Inject(fault) }, nil
}

func (f *faults) findListener(d *disturbance) (inject func() (injection, error), err error) {
	fault := elb.RouteFault{Spread: d.By}
	if d.Kind == Revert {
		fault = elb.RouteFault{RevertAfter: d.By}
	}
	var named []faulty
	var names []string
	for _, r := range f.sim.routes() {
		if r.Name() == d.Subject {
			named = append(named, r)
		}
		names = append(names, r.Name())
	}
	if len(named) == 0 {
		return nil, fmt.Errorf("there is no listener %q; there are %s", d.Subject, cmp.Or(strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), ", "), "none"))
	}
	return func() (injection, error) {
		var all injections
		for _, r := range named {
			injected, err := r.Inject(fault)
			if err != nil {
				all.End()
				return nil, err
			}
			all = append(all, injected)
		}
		return all, nil
	}, nil
}

func (f *faults) endLater(d *disturbance) {
	due, stop := clock.Timer(f.sim.config.Clock, d.For)
	f.ending.Go(func() {
		defer stop()
		select {
		case <-due:
			f.mu.Lock()
			defer f.mu.Unlock()
			f.end(d)
		case <-d.ended:
		case <-f.ctx.Done():
		}
	})
}

// end takes a fault out of force; the caller holds the lock.
func (f *faults) end(d *disturbance) {
	if !slices.Contains(f.active, d) {
		return
	}
	d.stop()
	close(d.ended)
	f.active = slices.DeleteFunc(f.active, func(other *disturbance) bool { return other == d })
	f.applyToEndpoint()
}

// prune ends what is over by itself; the caller holds the lock.
func (f *faults) prune() {
	for _, d := range slices.Clone(f.active) {
		if d.isOver() {
			f.end(d)
		}
	}
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = nil
	for _, d := range slices.Clone(f.active) {
		f.end(d)
	}
}

func (f *faults) applyToEndpoint() {
	var skew time.Duration
	verify := false
	for _, d := range f.active {
		switch d.Kind {
		case ClockSkew:
			skew += d.By
		case VerifySignatures:
			verify = true
		}
	}
	f.sim.services.SetClock(skew, verify)
}

// before has a request to the endpoint meet the faults, in the order in which they began.
func (f *faults) before(s endpoint.Service, operation string, next http.Handler) http.Handler {
	f.mu.Lock()
	met := slices.Clone(f.active)
	f.mu.Unlock()
	for _, d := range slices.Backward(met) {
		if d.isOfRequests() && (d.Subject == "" || d.Subject == operation) {
			next = d.before(s, next)
		}
	}
	return next
}
