// Package elb is the load balancer: listeners on loopback in front of target groups, as
// an Application Load Balancer has them.
//
// A listener, with TLS and HTTP/2 or without, hands each request to the first of its rules
// whose conditions are met, and what no rule takes to its default action. A forward sends it
// to one of its target groups, by weight; during a blue/green deployment the group that gets
// no traffic stays attached with weight 0. A target group checks its targets' health and
// spreads its requests over the healthy ones. What goes wrong between the load balancer and
// a target is answered as a load balancer answers it: 502, 503 or 504, with its own Server
// header and small HTML page. Every request is counted by listener, rule, target group and
// target, so that one can say afterwards what production was served by, and measured by
// target group over time. Changes that spread slowly or are reverted, and targets that are
// slow, broken or flapping, are faults that can be switched while it runs.
package elb

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// Defaults of an Application Load Balancer:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html.
const (
	// DefaultIdleTimeout is how long a target may keep silent before the answer is 504.
	DefaultIdleTimeout = 60 * time.Second
	// DefaultConnectTimeout is how long connecting to a target may take before the answer is 504.
	DefaultConnectTimeout = 10 * time.Second
)

// Config is a load balancer's configuration. The zero value works.
type Config struct {
	Name           string        // default simulator
	Region         string        // default us-east-1
	AccountID      string        // default 123456789012
	IdleTimeout    time.Duration // default [DefaultIdleTimeout]
	ConnectTimeout time.Duration // default [DefaultConnectTimeout]
	// Clock keeps the intervals of health checks and the draining of targets.
	Clock clock.Clock
	// Weighted is told when the weights of a listener, or of a rule, have changed, with its
	// name. It must not block.
	Weighted func(name string, weights map[string]int)
	// MetricRetention is how long target groups remember their metrics, on Clock; default
	// [DefaultMetricRetention].
	MetricRetention time.Duration
}

// LoadBalancer holds listeners and target groups. Close it.
type LoadBalancer struct {
	config    Config
	id        string // the random end of its ARN
	transport *http.Transport
	checks    *http.Transport // of health checks
	authority func() (*authority, error)
	ctx       context.Context
	cancel    context.CancelFunc
	running   sync.WaitGroup
	traffic   traffic
	buffers   sync.Pool // of *[]byte, what bodies are copied through

	mu        sync.Mutex
	closed    bool
	groups    map[string]*TargetGroup
	listeners map[string]*Listener
}

// New returns a load balancer without listeners.
func New(config Config) *LoadBalancer {
	if config.Name == "" {
		config.Name = "simulator"
	}
	if config.Region == "" {
		config.Region = "us-east-1"
	}
	if config.AccountID == "" {
		config.AccountID = "123456789012"
	}
	if config.IdleTimeout == 0 {
		config.IdleTimeout = DefaultIdleTimeout
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = DefaultConnectTimeout
	}
	if config.MetricRetention == 0 {
		config.MetricRetention = DefaultMetricRetention
	}
	if config.Clock == nil {
		config.Clock = clock.Real()
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &LoadBalancer{
		config: config, id: newID(), ctx: ctx, cancel: cancel,
		authority: sync.OnceValues(newAuthority), // only those who use TLS pay for it
		transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: config.ConnectTimeout}).DialContext,
			ResponseHeaderTimeout: config.IdleTimeout,
			DisableCompression:    true, // a load balancer hands bodies on as they are
			MaxIdleConnsPerHost:   64,
			IdleConnTimeout:       config.IdleTimeout,
		},
		checks: &http.Transport{
			DialContext: (&net.Dialer{Timeout: config.ConnectTimeout}).DialContext,
			// A health check opens a connection of its own. A transport that keeps connections would
			// also remember each target that there ever was.
			DisableKeepAlives: true,
		},
		groups:    map[string]*TargetGroup{},
		listeners: map[string]*Listener{},
	}
}

// Close ends all listeners and health checks, with the requests that are under way.
func (lb *LoadBalancer) Close() {
	lb.mu.Lock()
	lb.closed = true
	for _, l := range lb.listeners {
		_ = l.server.Close()
	}
	lb.mu.Unlock()
	lb.cancel()
	lb.running.Wait()
	lb.transport.CloseIdleConnections()
	for _, g := range lb.TargetGroups() {
		g.closeUpstreams()
	}
}

// run starts what ends with the load balancer; a closed one starts nothing.
func (lb *LoadBalancer) run(f func(context.Context)) {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	if !lb.closed {
		lb.running.Go(func() { f(lb.ctx) })
	}
}

// Name is the load balancer's name.
func (lb *LoadBalancer) Name() string { return lb.config.Name }

// ARN is the load balancer's Amazon Resource Name.
func (lb *LoadBalancer) ARN() string { return lb.arn("loadbalancer/app", lb.config.Name, lb.id) }

// SiblingARN makes an ARN for another load balancer of the account. Its listeners are opened by this
// one, on the same address and with the same target groups: see ListenerConfig.LoadBalancerARN.
func (lb *LoadBalancer) SiblingARN(name string) string {
	return lb.arn("loadbalancer/app", name, newID())
}

// Listeners lists the listeners by name.
func (lb *LoadBalancer) Listeners() []*Listener {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	return sortedValues(lb.listeners)
}

// TargetGroups lists the target groups by name.
func (lb *LoadBalancer) TargetGroups() []*TargetGroup {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	return sortedValues(lb.groups)
}

func sortedValues[T any](m map[string]T) []T {
	list := make([]T, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[name])
	}
	return list
}

func (lb *LoadBalancer) arn(kind, name, id string) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s/%s/%s", lb.config.Region, lb.config.AccountID, kind, name, id)
}

// newID is the random end of an ARN: 16 hexadecimal digits.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	return fmt.Sprintf("%x", b)
}
