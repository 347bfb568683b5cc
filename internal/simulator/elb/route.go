package elb

import (
	"fmt"
	"maps"
	"sync"
	"time"
)

// route is where an action is in force: a rule, or a listener for what no rule took.
type route struct {
	lb     *LoadBalancer
	name   string
	kind   string // listener or rule, for errors
	arn    string
	secure bool // whether clients speak HTTPS

	mu      sync.Mutex
	current *handling
	faults  []*routeFault
	// While a change spreads, the former handling answers still, and less and less.
	former    *handling
	changedAt time.Time
	owed      float64 // the part of a request that the current handling is behind by
}

// Name is how counts and observers call it.
func (r *route) Name() string { return r.name }

// ARN is its Amazon Resource Name.
func (r *route) ARN() string { return r.arn }

// Weights returns the weight of each target group of the forward, unused ones included;
// it is empty where the action is another.
func (r *route) Weights() map[string]int {
	if weights := r.Action().Forward; weights != nil {
		return weights
	}
	return map[string]int{}
}

// SetWeights replaces the action by a forward to these target groups, each with a weight of
// 0 to [MaxWeight]. Requests that are under way end where they are.
func (r *route) SetWeights(weights map[string]int) error {
	return r.SetAction(Action{Forward: weights})
}

// Action returns what is done with a request.
func (r *route) Action() Action {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.action.clone()
}

// SetAction replaces the action.
func (r *route) SetAction(a Action) error {
	r.lb.mu.Lock()
	next, err := r.compileAction(a)
	var before Action
	if err == nil {
		// Under the load balancer's lock, so that no group is deleted in between.
		before = r.swap(next)
	}
	r.lb.mu.Unlock()
	if err != nil {
		return fmt.Errorf("changing %s %q: %w", r.kind, r.name, err)
	}
	if next.action.equal(before) {
		return nil
	}
	// First, so that a change is told before its revert, which comes no less than its time after it.
	r.announce(before, next.action)
	r.revertLater(before)
	return nil
}

func (r *route) announce(before, now Action) {
	if r.lb.config.Weighted != nil && now.Forward != nil && !maps.Equal(before.Forward, now.Forward) {
		r.lb.config.Weighted(r.name, maps.Clone(now.Forward))
	}
}

// swap puts the next handling into force and returns the former action.
func (r *route) swap(next *handling) Action {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.current
	if r.spread() > 0 && !before.action.equal(next.action) {
		r.former, r.changedAt, r.owed = before, r.lb.config.Clock.Now(), 0
	}
	r.current = next
	return before.action
}

// next returns the action for the next request, and its target group where that is a forward.
func (r *route) next() (Action, *TargetGroup) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.inForce()
	return h.action, h.choose()
}

// inForce is the current handling, or the former for some requests while a change spreads.
// As with weights, the share is kept exactly instead of by chance.
func (r *route) inForce() *handling {
	if r.former == nil {
		return r.current
	}
	elapsed, spread := r.lb.config.Clock.Now().Sub(r.changedAt), r.spread()
	if elapsed >= spread {
		r.former = nil
		return r.current
	}
	if r.owed += float64(elapsed) / float64(spread); r.owed >= 1 {
		r.owed--
		return r.current
	}
	return r.former
}
