package elb

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// Priorities of rules; the lowest is evaluated first:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html#listener-rule-priority.
const (
	MinPriority = 1
	MaxPriority = 50000
)

// RuleConfig is a rule's configuration.
type RuleConfig struct {
	Name       string // how counts and observers call it; default listener/priority
	Priority   int    // [MinPriority] to [MaxPriority], another for each of a listener's rules
	Conditions []Condition
	Action     Action
}

// Rule says what is done with the requests of a listener that meet all its conditions.
type Rule struct {
	route
	listener *Listener

	// Guarded by the listener's rule lock.
	priority   int
	conditions []Condition
	predicates []predicate
}

// CreateRule adds a rule to the listener.
func (l *Listener) CreateRule(config RuleConfig) (*Rule, error) {
	if config.Name == "" {
		config.Name = fmt.Sprintf("%s/%d", l.name, config.Priority)
	}
	r := &Rule{
		route:    route{lb: l.lb, name: config.Name, kind: "rule", secure: l.secure, arn: newRuleARN(l.arn)},
		listener: l, priority: config.Priority,
	}
	if err := l.addRule(r, config); err != nil {
		return nil, fmt.Errorf("creating rule %q: %w", config.Name, err)
	}
	return r, nil
}

func (l *Listener) addRule(r *Rule, config RuleConfig) (err error) {
	l.lb.mu.Lock()
	defer l.lb.mu.Unlock()
	if l.lb.listeners[l.name] != l {
		return errorf(CodeListenerNotFound, "there is no listener %q any more", l.name)
	}
	if r.current, err = r.compileAction(config.Action); err != nil {
		return err
	}
	if r.predicates, err = compileConditions(config.Conditions); err != nil {
		return err
	}
	r.conditions = cloneConditions(config.Conditions)
	if err := checkPriority(config.Priority); err != nil {
		return err
	}
	l.rulesMu.Lock()
	defer l.rulesMu.Unlock()
	at, taken := slices.BinarySearchFunc(l.rules, config.Priority, func(r *Rule, p int) int { return cmp.Compare(r.priority, p) })
	if taken {
		return errorf(CodePriorityInUse, "priority %d is in use by rule %q", config.Priority, l.rules[at].name)
	}
	l.rules = slices.Insert(slices.Clone(l.rules), at, r)
	return nil
}

// Rules lists the listener's rules in the order in which they are evaluated. The default
// action, which comes after them, is the listener's own.
func (l *Listener) Rules() []*Rule {
	l.rulesMu.RLock()
	defer l.rulesMu.RUnlock()
	return slices.Clone(l.rules)
}

// Listener is the listener whose rule it is.
func (r *Rule) Listener() *Listener { return r.listener }

// Priority is the rule's place in the order of evaluation.
func (r *Rule) Priority() int {
	r.listener.rulesMu.RLock()
	defer r.listener.rulesMu.RUnlock()
	return r.priority
}

// Conditions are all met by the requests that the rule takes.
func (r *Rule) Conditions() []Condition {
	r.listener.rulesMu.RLock()
	defer r.listener.rulesMu.RUnlock()
	return cloneConditions(r.conditions)
}

// SetConditions replaces the rule's conditions.
func (r *Rule) SetConditions(conditions []Condition) error {
	return r.Modify(conditions, nil)
}

// Modify replaces the rule's conditions, its action or both; nil keeps what is there. Where
// either is refused, both stay.
func (r *Rule) Modify(conditions []Condition, action *Action) error {
	var predicates []predicate
	if conditions != nil {
		var err error
		if predicates, err = compileConditions(conditions); err != nil {
			return fmt.Errorf("changing rule %q: %w", r.name, err)
		}
	}
	if action != nil {
		if err := r.SetAction(*action); err != nil {
			return err
		}
	}
	if conditions != nil {
		r.listener.rulesMu.Lock()
		defer r.listener.rulesMu.Unlock()
		r.conditions, r.predicates = cloneConditions(conditions), predicates
	}
	return nil
}

// SetRulePriorities gives rules of the listener other priorities, all at once: they may
// change places. Rules that aren't named keep theirs.
func (l *Listener) SetRulePriorities(priorities map[*Rule]int) error {
	l.rulesMu.Lock()
	defer l.rulesMu.Unlock()
	taken := map[int]*Rule{}
	for _, r := range l.rules {
		priority, changes := priorities[r]
		if !changes {
			priority = r.priority
		}
		if err := checkPriority(priority); err != nil {
			return fmt.Errorf("changing the priority of rule %q: %w", r.name, err)
		}
		if other := taken[priority]; other != nil {
			return fmt.Errorf("changing priorities of listener %q: %w", l.name,
				errorf(CodePriorityInUse, "rules %q and %q would both have %d", other.name, r.name, priority))
		}
		taken[priority] = r
	}
	for r := range priorities {
		if !slices.Contains(l.rules, r) {
			return fmt.Errorf("changing priorities of listener %q: %w", l.name, errorf(CodeRuleNotFound, "rule %q is none of its rules", r.name))
		}
	}
	for priority, r := range taken {
		r.priority = priority
	}
	l.rules = slices.SortedFunc(slices.Values(l.rules), func(a, b *Rule) int { return cmp.Compare(a.priority, b.priority) })
	return nil
}

func checkPriority(priority int) error {
	if priority < MinPriority || priority > MaxPriority {
		return errorf(CodeValidation, "priority %d is out of range: %d to %d", priority, MinPriority, MaxPriority)
	}
	return nil
}

// Delete takes the rule out. Deleting it twice is no error.
func (r *Rule) Delete() {
	r.listener.rulesMu.Lock()
	defer r.listener.rulesMu.Unlock()
	r.listener.rules = slices.DeleteFunc(slices.Clone(r.listener.rules), func(other *Rule) bool { return other == r })
}

// routeOf finds the rule that a request meets first, else the default action.
func (l *Listener) routeOf(req *http.Request) *route {
	l.rulesMu.RLock()
	defer l.rulesMu.RUnlock()
	for _, rule := range l.rules {
		if rule.meets(req) {
			return &rule.route
		}
	}
	return &l.route
}

// meets tells whether all conditions are true; the caller holds the listener's rule lock.
func (r *Rule) meets(req *http.Request) bool {
	for _, is := range r.predicates {
		if !is(req) {
			return false
		}
	}
	return true
}

func cloneConditions(conditions []Condition) []Condition {
	list := make([]Condition, len(conditions))
	for i, c := range conditions {
		list[i] = c.clone()
	}
	return list
}
