package elb

import (
	"cmp"
	"slices"
	"sync"
)

// Count is how many requests took one way through the load balancer.
type Count struct {
	Listener    string
	Rule        string // empty for the listener's default action
	TargetGroup string // empty where no group had a weight, or the action is no forward
	Target      string // base URL, empty where the group had no target
	Requests    int
	// Class counts the targets' answers by the first digit of their status: Class[2] for
	// 2xx. Informational answers aren't counted.
	Class [6]int
	// Made counts the load balancer's own answers by status: 502, 503 and 504, 460 for
	// clients that left without one, fixed responses and redirects.
	Made map[int]int
}

// place is a way through the load balancer.
type place struct{ listener, rule, group, target string }

// traffic counts requests.
type traffic struct {
	mu     sync.Mutex
	counts map[place]*Count
}

// add counts one request that ended in status, which the load balancer made or a target.
func (t *traffic) add(at place, status int, made bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[place]*Count{}
	}
	c := t.counts[at]
	if c == nil {
		c = &Count{Listener: at.listener, Rule: at.rule, TargetGroup: at.group, Target: at.target, Made: map[int]int{}}
		t.counts[at] = c
	}
	c.Requests++
	switch class := status / 100; {
	case made:
		c.Made[status]++
	case class < len(c.Class):
		c.Class[class]++
	}
}

// Counts returns what was counted so far, in the order of listener, rule, target group
// and target.
func (lb *LoadBalancer) Counts() []Count {
	lb.traffic.mu.Lock()
	defer lb.traffic.mu.Unlock()
	list := make([]Count, 0, len(lb.traffic.counts))
	for _, c := range lb.traffic.counts {
		copied := *c
		copied.Made = make(map[int]int, len(c.Made))
		for status, n := range c.Made {
			copied.Made[status] = n
		}
		list = append(list, copied)
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Listener, b.Listener), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.TargetGroup, b.TargetGroup), cmp.Compare(a.Target, b.Target))
	})
	return list
}
