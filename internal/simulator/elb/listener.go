package elb

import (
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"time"
)

// MaxWeight is the largest weight of a target group:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html#rule-action-types.
const MaxWeight = 999

// ListenerConfig is a listener's configuration.
type ListenerConfig struct {
	Name string // how counts and observers call it
	// Address to listen on; the default is a free port of 127.0.0.1.
	Address string
	// Weights are the target groups of the default action, a weighted forward.
	Weights map[string]int
}

// Listener accepts requests and forwards them to its target groups.
type Listener struct {
	lb     *LoadBalancer
	name   string
	arn    string
	port   string
	url    string
	server *http.Server
	proxy  *httputil.ReverseProxy

	mu     sync.Mutex
	shares []share
}

// share is one target group's part of a listener's requests.
type share struct {
	group  *TargetGroup
	weight int
	credit int
}

// CreateListener opens a listener, HTTP/1.1 without TLS.
func (lb *LoadBalancer) CreateListener(config ListenerConfig) (*Listener, error) {
	if config.Address == "" {
		config.Address = "127.0.0.1:0"
	}
	l := &Listener{lb: lb, name: config.Name, arn: lb.arn("listener/app", lb.config.Name, newID()+"/"+newID())}
	shares, err := l.resolve(config.Weights)
	if err != nil {
		return nil, fmt.Errorf("creating listener %q: %w", config.Name, err)
	}
	l.shares = shares
	lb.mu.Lock()
	defer lb.mu.Unlock()
	switch {
	case lb.closed:
		return nil, fmt.Errorf("creating listener %q: %w", config.Name, errClosed)
	case config.Name == "" || lb.listeners[config.Name] != nil:
		return nil, fmt.Errorf("creating listener %q: it needs a name that no other listener has", config.Name)
	}
	socket, err := new(net.ListenConfig).Listen(lb.ctx, "tcp", config.Address)
	if err != nil {
		return nil, fmt.Errorf("creating listener %q: %w", config.Name, err)
	}
	l.url = "http://" + socket.Addr().String()
	if _, l.port, err = net.SplitHostPort(socket.Addr().String()); err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("creating listener %q: %w", config.Name, err)
	}
	quiet := log.New(io.Discard, "", 0) // broken connections are counted, not printed
	l.proxy = &httputil.ReverseProxy{
		Transport: lb.transport, Rewrite: l.rewrite,
		ModifyResponse: l.answered, ErrorHandler: l.unanswered, ErrorLog: quiet,
		FlushInterval: -1,
	}
	l.server = &http.Server{Handler: l, ErrorLog: quiet, ReadHeaderTimeout: time.Minute, IdleTimeout: lb.config.IdleTimeout}
	lb.listeners[config.Name] = l
	lb.running.Go(func() { _ = l.server.Serve(socket) })
	return l, nil
}

// Name is the listener's name.
func (l *Listener) Name() string { return l.name }

// ARN is the listener's Amazon Resource Name.
func (l *Listener) ARN() string { return l.arn }

// URL is where the listener listens: http://127.0.0.1:port.
func (l *Listener) URL() string { return l.url }

// Weights returns the weight of each target group of the listener, unused ones included.
func (l *Listener) Weights() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.weightsLocked()
}

// SetWeights replaces the default action by a forward to these target groups, each with a
// weight of 0 to [MaxWeight]. Requests that are under way end where they are.
func (l *Listener) SetWeights(weights map[string]int) error {
	shares, err := l.resolve(weights)
	if err != nil {
		return fmt.Errorf("changing listener %q: %w", l.name, err)
	}
	l.mu.Lock()
	changed := !maps.Equal(weights, l.weightsLocked())
	l.shares = shares
	l.mu.Unlock()
	if changed && l.lb.config.Weighted != nil {
		l.lb.config.Weighted(l.name, maps.Clone(weights))
	}
	return nil
}

func (l *Listener) weightsLocked() map[string]int {
	weights := make(map[string]int, len(l.shares))
	for _, s := range l.shares {
		weights[s.group.name] = s.weight
	}
	return weights
}

func (l *Listener) resolve(weights map[string]int) ([]share, error) {
	l.lb.mu.Lock()
	defer l.lb.mu.Unlock()
	if len(weights) == 0 {
		return nil, fmt.Errorf("a forward needs at least one target group")
	}
	var shares []share
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		group, weight := l.lb.groups[name], weights[name]
		if group == nil {
			return nil, fmt.Errorf("there is no target group %q", name)
		}
		if weight < 0 || weight > MaxWeight {
			return nil, fmt.Errorf("weight %d of target group %q is out of range: 0 to %d", weight, name, MaxWeight)
		}
		shares = append(shares, share{group: group, weight: weight})
	}
	return shares, nil
}

// choose returns the target group of the next request, nil where all weights are 0. It
// keeps to the weights exactly over each round, instead of by chance: each group gains
// its weight in credit, and the richest pays for the request.
func (l *Listener) choose() *TargetGroup {
	l.mu.Lock()
	defer l.mu.Unlock()
	var richest *share
	sum := 0
	for i := range l.shares {
		s := &l.shares[i]
		if s.weight == 0 {
			continue
		}
		sum += s.weight
		s.credit += s.weight
		if richest == nil || s.credit > richest.credit {
			richest = s
		}
	}
	if richest == nil {
		return nil
	}
	richest.credit -= sum
	return richest.group
}
