package elb

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"
)

// DefaultDeregistrationDelay is how long a target that leaves may take to finish its
// requests: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay.
const DefaultDeregistrationDelay = 300 * time.Second

// TargetGroupConfig is a target group's configuration.
type TargetGroupConfig struct {
	Name                string
	HealthCheck         HealthCheck
	DeregistrationDelay time.Duration // default [DefaultDeregistrationDelay]
}

// TargetGroup is a set of targets that share a health check.
type TargetGroup struct {
	lb     *LoadBalancer
	name   string
	arn    string
	health HealthCheck
	codes  matcher
	delay  time.Duration

	mu      sync.Mutex
	targets []*target
	turn    int
	changed chan struct{} // closed and renewed when a target's health changes or a target leaves
}

type target struct {
	base   string // as registered: scheme://host:port
	url    *url.URL
	cancel context.CancelFunc

	// Guarded by the group's mutex.
	health         Health
	problem        string
	passed, failed int
	inFlight       int
	drained        chan struct{} // set when the target leaves; closed at its last request's end
}

// CreateTargetGroup adds a target group without targets.
func (lb *LoadBalancer) CreateTargetGroup(config TargetGroupConfig) (*TargetGroup, error) {
	health, codes, err := config.HealthCheck.normalize()
	if err != nil {
		return nil, fmt.Errorf("creating target group %q: %w", config.Name, err)
	}
	if config.DeregistrationDelay == 0 {
		config.DeregistrationDelay = DefaultDeregistrationDelay
	}
	lb.mu.Lock()
	defer lb.mu.Unlock()
	if config.Name == "" || lb.groups[config.Name] != nil {
		return nil, fmt.Errorf("creating target group %q: it needs a name that no other group has", config.Name)
	}
	g := &TargetGroup{
		lb: lb, name: config.Name, arn: lb.arn("targetgroup", config.Name, newID()),
		health: health, codes: codes, delay: config.DeregistrationDelay, changed: make(chan struct{}),
	}
	lb.groups[config.Name] = g
	return g, nil
}

// Name is the group's name.
func (g *TargetGroup) Name() string { return g.name }

// ARN is the group's Amazon Resource Name.
func (g *TargetGroup) ARN() string { return g.arn }

// Register adds a target, given by its base URL (http://host:port), and starts to check
// its health.
func (g *TargetGroup) Register(base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return fmt.Errorf("registering a target in %s: %w", g.name, err)
	}
	if u.Scheme != "http" || u.Host == "" || base != u.Scheme+"://"+u.Host {
		return fmt.Errorf("registering target %q in %s: a target is given as http://host:port", base, g.name)
	}
	// The lock order is load balancer, then group; holding the former keeps Close away.
	g.lb.mu.Lock()
	defer g.lb.mu.Unlock()
	if g.lb.closed {
		return fmt.Errorf("registering target %s in %s: %w", base, g.name, errClosed)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.ContainsFunc(g.targets, func(t *target) bool { return t.base == base }) {
		return nil // registering twice is no error for AWS either
	}
	ctx, cancel := context.WithCancel(g.lb.ctx)
	t := &target{base: base, url: u, cancel: cancel, health: Initial}
	g.targets = append(g.targets, t)
	g.lb.running.Go(func() { g.checkUntil(ctx, t) })
	return nil
}

// Deregister takes a target out and waits until its requests are over, at most for the
// deregistration delay. A target that isn't there is no error.
func (g *TargetGroup) Deregister(ctx context.Context, base string) error {
	g.mu.Lock()
	i := slices.IndexFunc(g.targets, func(t *target) bool { return t.base == base })
	if i < 0 {
		g.mu.Unlock()
		return nil
	}
	t := g.targets[i]
	g.targets = slices.Delete(g.targets, i, i+1)
	t.cancel()
	t.drained = make(chan struct{})
	if t.inFlight == 0 {
		close(t.drained)
	}
	close(g.changed)
	g.changed = make(chan struct{})
	g.mu.Unlock()

	select {
	case <-t.drained:
		return nil
	case <-g.lb.config.Clock.After(g.delay):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the requests of target %s to end: %w", base, context.Cause(ctx))
	}
}

// TargetHealth is one target's state.
type TargetHealth struct {
	URL    string
	State  Health
	Reason string // why the last check failed, empty otherwise
}

// Targets lists the targets with their health.
func (g *TargetGroup) Targets() []TargetHealth {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]TargetHealth, len(g.targets))
	for i, t := range g.targets {
		list[i] = TargetHealth{t.base, t.health, t.problem}
	}
	return list
}

// WaitHealthy returns when the target is healthy. Its error tells what the last health
// check saw, where ctx ends before or the target leaves the group.
func (g *TargetGroup) WaitHealthy(ctx context.Context, base string) error {
	for {
		g.mu.Lock()
		changed := g.changed
		i := slices.IndexFunc(g.targets, func(t *target) bool { return t.base == base })
		var seen TargetHealth
		if i >= 0 {
			seen = TargetHealth{base, g.targets[i].health, g.targets[i].problem}
		}
		g.mu.Unlock()
		if i < 0 {
			return fmt.Errorf("waiting for target %s to be healthy: it is not registered in %s", base, g.name)
		}
		if seen.State == Healthy {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return g.unhealthyError(base, ctx)
		case <-g.lb.ctx.Done():
			return fmt.Errorf("waiting for target %s to be healthy: %w", base, errClosed)
		}
	}
}

func (g *TargetGroup) unhealthyError(base string, ctx context.Context) error {
	err := context.Cause(ctx)
	for _, t := range g.Targets() {
		if t.URL == base && t.Reason != "" {
			return fmt.Errorf("waiting for target %s to be healthy: %w; the last health check of %s saw: %s", base, err, g.health.Path, t.Reason)
		}
	}
	return fmt.Errorf("waiting for target %s to be healthy: %w", base, err)
}

// pick returns the target for the next request, nil where the group has none, and counts
// the request in; done must be called at its end.
func (g *TargetGroup) pick() (t *target, done func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	able := g.withHealth(Healthy)
	if len(able) == 0 {
		// With nothing but unhealthy targets a load balancer fails open:
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
		able = g.withHealth(Unhealthy)
	}
	if len(able) == 0 {
		return nil, nil
	}
	g.turn++
	t = able[g.turn%len(able)]
	t.inFlight++
	return t, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if t.inFlight--; t.inFlight == 0 && t.drained != nil {
			close(t.drained)
		}
	}
}

// withHealth lists the targets of one state; the caller holds the lock.
func (g *TargetGroup) withHealth(h Health) []*target {
	var list []*target
	for _, t := range g.targets {
		if t.health == h {
			list = append(list, t)
		}
	}
	return list
}
