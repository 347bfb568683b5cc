package elb

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// DefaultDeregistrationDelay is how long a target that leaves may take to finish its
// requests: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay.
const DefaultDeregistrationDelay = 300 * time.Second

// TargetGroupConfig is a target group's configuration.
type TargetGroupConfig struct {
	Name                string
	Port                int // of targets that are registered by address alone in the API; default 80
	HealthCheck         HealthCheck
	DeregistrationDelay time.Duration // default [DefaultDeregistrationDelay]
}

// TargetGroup is a set of targets that share a health check.
type TargetGroup struct {
	lb   *LoadBalancer
	name string
	arn  string
	port int

	metrics *metrics

	mu       sync.Mutex
	health   HealthCheck
	codes    matcher
	delay    time.Duration
	targets  []*target
	draining []*target // have left, and finish their requests
	faults   []*targetFault
	turn     int
	changed  *clock.Signal // fired and renewed when a target's health changes or a target leaves
	waiting  int           // how many wait for a target to be healthy
	// waitingChanged is closed and renewed when waiting changes.
	waitingChanged *clock.Signal
}

type target struct {
	base     string // as registered: scheme://host:port
	url      *url.URL
	cancel   context.CancelFunc
	upstream *upstream
	// registered is real time, as that which the start of a process takes.
	registered time.Time

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
	if config.Port == 0 {
		config.Port = 80
	}
	if config.DeregistrationDelay == 0 {
		config.DeregistrationDelay = DefaultDeregistrationDelay
	}
	lb.mu.Lock()
	defer lb.mu.Unlock()
	if config.Name == "" || lb.groups[config.Name] != nil {
		return nil, fmt.Errorf("creating target group %q: %w", config.Name, errorf(CodeDuplicateTargetGroup, "it needs a name that no other group has"))
	}
	g := &TargetGroup{
		lb: lb, name: config.Name, arn: lb.arn("targetgroup", config.Name, newID()),
		health: health, codes: codes, delay: config.DeregistrationDelay, port: config.Port,
		changed: clock.NewSignal(lb.config.Clock), waitingChanged: clock.NewSignal(lb.config.Clock),
		metrics: newMetrics(lb.config.Clock.Now(), lb.config.MetricRetention),
	}
	lb.groups[config.Name] = g
	return g, nil
}

// Name is the group's name.
func (g *TargetGroup) Name() string { return g.name }

// ARN is the group's Amazon Resource Name.
func (g *TargetGroup) ARN() string { return g.arn }

// Port is the port of targets that are registered by their address alone.
func (g *TargetGroup) Port() int { return g.port }

// InUse tells whether a listener or a rule forwards to the group, be it with weight 0.
func (g *TargetGroup) InUse() bool {
	g.lb.mu.Lock()
	defer g.lb.mu.Unlock()
	return g.lb.userOf(g.name) != ""
}

// HealthCheck is how the group checks its targets, defaults filled in.
func (g *TargetGroup) HealthCheck() HealthCheck {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.health
}

// SetHealthCheck changes how the group checks its targets, from each one's next check on.
func (g *TargetGroup) SetHealthCheck(h HealthCheck) error {
	health, codes, err := h.normalize()
	if err != nil {
		return fmt.Errorf("changing target group %q: %w", g.name, errorf(CodeValidation, "%v", err))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.health, g.codes = health, codes
	return nil
}

// DeregistrationDelay is how long a target that leaves may take to finish its requests.
func (g *TargetGroup) DeregistrationDelay() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.delay
}

// SetDeregistrationDelay changes that for targets that leave from now on: 0 and up.
func (g *TargetGroup) SetDeregistrationDelay(delay time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.delay = delay
}

// recount tells the metrics how many targets are in which state; the caller holds the lock.
func (g *TargetGroup) recount() {
	g.metrics.hosts(g.lb.config.Clock.Now(), len(g.withHealth(Healthy)), len(g.withHealth(Unhealthy)))
}

// DeleteTargetGroup takes a target group out, with its targets at once. A group that an
// action forwards to can't be deleted.
func (lb *LoadBalancer) DeleteTargetGroup(name string) error {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	g := lb.groups[name]
	if g == nil {
		return nil // deleting twice is no error for AWS either
	}
	if user := lb.userOf(name); user != "" {
		return fmt.Errorf("deleting target group %q: %w", name, errorf(CodeResourceInUse, "%s forwards to it", user))
	}
	delete(lb.groups, name)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.targets {
		t.cancel()
		t.upstream.close()
	}
	g.targets = nil
	g.change()
	return nil
}

// userOf names a listener or rule that forwards to the group; the caller holds the lock.
func (lb *LoadBalancer) userOf(group string) string {
	for _, l := range lb.listeners {
		routes := []*route{&l.route}
		for _, r := range l.Rules() {
			routes = append(routes, &r.route)
		}
		for _, r := range routes {
			if _, uses := r.Action().Forward[group]; uses {
				return r.kind + " " + r.name
			}
		}
	}
	return ""
}

// Register adds a target, given by its base URL (http://host:port), and starts to check
// its health.
func (g *TargetGroup) Register(base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return fmt.Errorf("registering a target in %s: %w", g.name, err)
	}
	if u.Scheme != "http" || u.Host == "" || base != u.Scheme+"://"+u.Host {
		return fmt.Errorf("registering target %q in %s: %w", base, g.name, errorf(CodeInvalidTarget, "a target is given as http://host:port"))
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
	t := &target{base: base, url: u, cancel: cancel, registered: time.Now(), upstream: g.lb.newUpstream(u), health: Initial}
	g.targets = append(g.targets, t)
	done := clock.Work(g.lb.config.Clock)
	g.lb.running.Go(func() {
		defer done()
		g.checkUntil(ctx, t)
	})
	return nil
}

// Deregister takes a target out and waits until its requests are over, at most for the
// deregistration delay. A target that isn't there is no error.
func (g *TargetGroup) Deregister(ctx context.Context, base string) error {
	t := g.remove(base)
	if t == nil {
		return nil
	}
	return g.drain(ctx, t)
}

// StartDeregister takes a target out and lets it finish its requests, as
// [TargetGroup.Deregister] does, without waiting for that.
func (g *TargetGroup) StartDeregister(base string) {
	if t := g.remove(base); t != nil {
		g.lb.run(func(ctx context.Context) { _ = g.drain(ctx, t) })
	}
}

// remove takes a target out of the rotation; nil where there is none.
func (g *TargetGroup) remove(base string) *target {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.targets, func(t *target) bool { return t.base == base })
	if i < 0 {
		return nil
	}
	t := g.targets[i]
	g.targets = slices.Delete(g.targets, i, i+1)
	g.draining = append(g.draining, t)
	g.recount()
	t.cancel()
	t.upstream.close()
	t.drained = make(chan struct{})
	if t.inFlight == 0 {
		close(t.drained)
	}
	g.change()
	return t
}

// drain waits until the requests of a target that has left are over.
func (g *TargetGroup) drain(ctx context.Context, t *target) error {
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.draining = slices.DeleteFunc(g.draining, func(other *target) bool { return other == t })
	}()
	defer clock.Work(g.lb.config.Clock)() // the requests are real
	over, stop := clock.Timer(g.lb.config.Clock, g.DeregistrationDelay())
	defer stop()
	select {
	case <-t.drained:
		return nil
	case <-over:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the requests of target %s to end: %w", t.base, context.Cause(ctx))
	}
}

// Draining lists the base URLs of targets that have left and finish their requests.
func (g *TargetGroup) Draining() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]string, len(g.draining))
	for i, t := range g.draining {
		list[i] = t.base
	}
	return list
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
	defer g.await()()
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
		changes, resume := changed.Wait()
		select {
		case <-changes:
		case <-ctx.Done():
			resume()
			return g.unhealthyError(base, ctx)
		case <-g.lb.ctx.Done():
			resume()
			return fmt.Errorf("waiting for target %s to be healthy: %w", base, errClosed)
		}
		resume()
	}
}

// change wakes who waits for a target's health; the caller holds the lock.
func (g *TargetGroup) change() {
	g.changed.Fire()
	g.changed = clock.NewSignal(g.lb.config.Clock)
}

func (g *TargetGroup) unhealthyError(base string, ctx context.Context) error {
	err := context.Cause(ctx)
	for _, t := range g.Targets() {
		if t.URL == base && t.Reason != "" {
			return fmt.Errorf("waiting for target %s to be healthy: %w; the last health check of %s saw: %s", base, err, g.HealthCheck().Path, t.Reason)
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
