package elb

import (
	"sync"
	"time"
)

// DefaultMetricRetention is how long target groups remember their metrics.
const DefaultMetricRetention = 3 * time.Hour

// Resolution is the finest time window of metrics, which begin and end with full seconds.
const Resolution = time.Second

// Metrics is what a target group did over a time window, in the terms of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html.
type Metrics struct {
	// Requests counts those for which a target was chosen: RequestCount.
	Requests int
	// Target counts the targets' answers by the first digit of their status: Target[5] is
	// HTTPCode_Target_5XX_Count.
	Target [6]int
	// ELB counts the load balancer's own answers by status: 502, 503 and 504 are
	// HTTPCode_ELB_5XX_Count, 460 are clients that left.
	ELB map[int]int
	// ResponseTime is TargetResponseTime.
	ResponseTime Durations
	// HealthyHosts and UnhealthyHosts are HealthyHostCount and UnHealthyHostCount.
	HealthyHosts, UnhealthyHosts Extent
}

// ELB5xx is the number of 5xx answers that the load balancer made: HTTPCode_ELB_5XX_Count.
func (m Metrics) ELB5xx() int {
	sum := 0
	for status, n := range m.ELB {
		if status/100 == 5 {
			sum += n
		}
	}
	return sum
}

// Durations is a summary of times, from the request sent to the answer's header, in real
// time.
type Durations struct {
	Count         int
	Sum, Min, Max time.Duration
}

// Mean is the average, 0 of none.
func (d Durations) Mean() time.Duration {
	if d.Count == 0 {
		return 0
	}
	return d.Sum / time.Duration(d.Count)
}

func (d *Durations) add(o Durations) {
	if o.Count == 0 {
		return
	}
	if d.Count == 0 || o.Min < d.Min {
		d.Min = o.Min
	}
	d.Max = max(d.Max, o.Max)
	d.Count, d.Sum = d.Count+o.Count, d.Sum+o.Sum
}

// Extent is the least and the most of a number over a window.
type Extent struct{ Min, Max int }

// metrics are kept by the second, for seconds in which something happened.
type metrics struct {
	retention time.Duration

	mu      sync.Mutex
	seconds []second
	health  []hostCount // at least one: the state at the start of what is remembered
}

type second struct {
	at        time.Time
	requests  int
	target    [6]int
	elb       map[int]int
	durations Durations
}

type hostCount struct {
	since              time.Time
	healthy, unhealthy int
}

func newMetrics(now time.Time, retention time.Duration) *metrics {
	return &metrics{retention: retention, health: []hostCount{{since: now}}}
}

// answered records an answer of a target.
func (m *metrics) answered(now time.Time, status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.second(now)
	s.requests++
	if class := status / 100; class < len(s.target) {
		s.target[class]++
	}
	s.durations.add(Durations{1, took, took, took})
}

// failed records an answer of the load balancer's own.
func (m *metrics) failed(now time.Time, status int, targetChosen bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.second(now)
	if targetChosen {
		s.requests++
	}
	if s.elb == nil {
		s.elb = map[int]int{}
	}
	s.elb[status]++
}

// maxHealthChanges bounds the memory of target groups whose targets come and go by the thousand.
const maxHealthChanges = 4096

// hosts records a change of the targets' health.
func (m *metrics) hosts(now time.Time, healthy, unhealthy int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.health[len(m.health)-1]
	if last.healthy == healthy && last.unhealthy == unhealthy {
		return
	}
	m.health = append(m.health, hostCount{now, healthy, unhealthy})
	// The last change before the horizon is the state at the horizon.
	for len(m.health) > maxHealthChanges || len(m.health) > 1 && !m.health[1].since.After(now.Add(-m.retention)) {
		m.health = m.health[1:]
	}
}

// second returns the record of now, and forgets what is older than the retention. A clock
// that went back writes into the last one: seconds stay in order.
func (m *metrics) second(now time.Time) *second {
	at := now.Truncate(Resolution)
	if n := len(m.seconds); n > 0 && !at.After(m.seconds[n-1].at) {
		return &m.seconds[n-1]
	}
	old := 0
	for old < len(m.seconds) && m.seconds[old].at.Before(at.Add(-m.retention)) {
		old++
	}
	m.seconds = append(m.seconds[old:], second{at: at})
	return &m.seconds[len(m.seconds)-1]
}

// Metrics sums up what happened from one time up to, and without, another. Seconds that
// have begun by from count fully. A zero time leaves that end open.
func (g *TargetGroup) Metrics(from, to time.Time) Metrics {
	m := g.metrics
	m.mu.Lock()
	defer m.mu.Unlock()
	from = from.Truncate(Resolution)
	sum := Metrics{ELB: map[int]int{}}
	for _, s := range m.seconds {
		if s.at.Before(from) || !to.IsZero() && !s.at.Before(to) {
			continue
		}
		sum.Requests += s.requests
		for class, n := range s.target {
			sum.Target[class] += n
		}
		for status, n := range s.elb {
			sum.ELB[status] += n
		}
		sum.ResponseTime.add(s.durations)
	}
	sum.HealthyHosts, sum.UnhealthyHosts = m.extents(from, to)
	return sum
}

// extents finds the states that were in force within the window.
func (m *metrics) extents(from, to time.Time) (healthy, unhealthy Extent) {
	first := 0
	for i, h := range m.health {
		if !h.since.After(from) {
			first = i
		}
	}
	for i, h := range m.health[first:] {
		switch {
		case i == 0:
			healthy, unhealthy = Extent{h.healthy, h.healthy}, Extent{h.unhealthy, h.unhealthy}
		case to.IsZero() || h.since.Before(to):
			healthy.include(h.healthy)
			unhealthy.include(h.unhealthy)
		}
	}
	return healthy, unhealthy
}

func (e *Extent) include(n int) { e.Min, e.Max = min(e.Min, n), max(e.Max, n) }
