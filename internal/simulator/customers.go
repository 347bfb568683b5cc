package simulator

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// Customers send requests to the production listener, or invocations to the alias that is deployed. What they meet is
// in [Simulator.Traffic] and [Simulator.Invocations].
//
// They come all the time, evenly, at their rate in real time: what answers them is real. On a clock that leaps no time
// passes between the steps of a shift, so there they come in rounds: one at the start and one each time that production
// is routed otherwise, of as many as come in a second. The clock doesn't leap before a round has been answered.
type Customers struct {
	// Rate is how many come in a second of real time, above 0 and up to [MaxRate].
	Rate float64
	// Path is what they ask the listener for; default that of [Simulator.ProductionURL].
	Path string
	// Header is that of their requests. Host in it is the request's host.
	Header http.Header
	// Payload is the event of their invocations; default {}.
	Payload json.RawMessage
}

// MaxRate is the highest rate at which customers come.
const MaxRate = 1000

// How many customers may be waiting for an answer at once: those who come then are late. Each invocation at once is a
// process of its own.
const (
	requestsAtOnce    = 256
	invocationsAtOnce = 8
)

// customers are those of a scenario. A nil one is nobody.
type customers struct {
	Customers
	clock clock.Clock
	send  func(context.Context)
	look  func() TrafficSample
	close func()
	turns chan struct{}

	ctx    context.Context
	cancel context.CancelFunc

	under sync.WaitGroup // way: all that runs

	mu      sync.Mutex
	stopped bool
	settled chan struct{} // closed when the latest round, and those before it, have been answered
	history []TrafficSample
}

// TrafficSample is what had come at one moment since the start.
type TrafficSample struct {
	Time        time.Time // simulated
	Requests    []elb.Count
	Invocations []InvocationCount
}

// While customers come all the time, what has come is noted so often, in real time, and so many of the notes are kept.
const (
	sampling   = 500 * time.Millisecond
	maxSamples = 600
)

// TrafficHistory is what had come at even moments since customers come, the oldest first: the last five minutes of it,
// in real time. Without customers, and on a clock that leaps, there is none.
func (s *Simulator) TrafficHistory() []TrafficSample {
	c := s.customers.Load()
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.history)
}

// SendTraffic has customers come until the simulator is closed. On a clock that leaps it returns after their first
// round. Further calls add nobody.
func (s *Simulator) SendTraffic(ctx context.Context, c Customers) error {
	if !(c.Rate > 0 && c.Rate <= MaxRate) { // NaN is neither
		return fmt.Errorf("sending traffic: %g customers a second are not above 0 and up to %d", c.Rate, MaxRate)
	}
	made := &customers{Customers: c, clock: s.config.Clock, look: func() TrafficSample {
		return TrafficSample{s.Now(), s.Traffic(), s.Invocations()}
	}}
	made.ctx, made.cancel = context.WithCancel(context.Background())
	if s.config.Alias != nil {
		made.invoke(s)
	} else {
		made.request(s)
	}
	if !s.customers.CompareAndSwap(nil, made) {
		return nil
	}
	if clock.Leaps(s.config.Clock) {
		made.rerouted()
		return made.settle(ctx)
	}
	made.start(made.come)
	return nil
}

// SettleTraffic waits for the customers' round that is under way, where there is one.
func (s *Simulator) SettleTraffic(ctx context.Context) error { return s.customers.Load().settle(ctx) }

func (c *customers) invoke(s *Simulator) {
	payload := c.Payload
	if len(payload) == 0 {
		payload = json.RawMessage("{}")
	}
	c.turns, c.close = make(chan struct{}, invocationsAtOnce), func() {}
	c.send = func(ctx context.Context) { _, _ = s.InvokeAlias(ctx, payload) } // what goes wrong is counted
}

func (c *customers) request(s *Simulator) {
	transport := &http.Transport{
		MaxIdleConnsPerHost: requestsAtOnce, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it is the simulator's own listener, on loopback
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	base, _ := url.Parse(s.ProductionURL()) // it is one
	base = base.ResolveReference(&url.URL{Path: c.Path})
	c.turns, c.close = make(chan struct{}, requestsAtOnce), transport.CloseIdleConnections
	c.send = func(ctx context.Context) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String(), http.NoBody)
		if err != nil {
			return
		}
		request.Header = c.Header.Clone() // nil is empty
		request.Host = c.Header.Get("Host")
		response, err := client.Do(request)
		if err != nil { // the load balancer has counted it
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

// start runs f, unless the customers have been told to leave.
func (c *customers) start(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.under.Go(f)
	}
}

// come sends customers at their rate.
func (c *customers) come() {
	ticker := time.NewTicker(time.Duration(float64(time.Second) / c.Rate))
	defer ticker.Stop()
	noting := time.NewTicker(sampling)
	defer noting.Stop()
	c.note()
	for {
		select {
		case <-ticker.C:
			c.one(&c.under)
		case <-noting.C:
			c.note()
		case <-c.ctx.Done():
			return
		}
	}
}

// note keeps what has come so far.
func (c *customers) note() {
	sample := c.look()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, sample)
	if over := len(c.history) - maxSamples; over > 0 {
		c.history = slices.Delete(c.history, 0, over)
	}
}

// one sends a customer as soon as there is a turn.
func (c *customers) one(group *sync.WaitGroup) {
	select {
	case c.turns <- struct{}{}:
	case <-c.ctx.Done():
		return
	}
	group.Go(func() {
		defer func() { <-c.turns }()
		c.send(c.ctx)
	})
}

// rerouted sends a round, on a clock that leaps.
func (c *customers) rerouted() {
	if c == nil || !clock.Leaps(c.clock) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	answered, before, settled := clock.Work(c.clock), c.settled, make(chan struct{})
	c.settled = settled
	c.under.Go(func() {
		defer close(settled)
		defer answered()
		var round sync.WaitGroup
		for range int(math.Ceil(c.Rate)) {
			c.one(&round)
		}
		round.Wait()
		if before != nil {
			<-before
		}
	})
}

func (c *customers) settle(ctx context.Context) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	settled := c.settled
	c.mu.Unlock()
	if settled == nil {
		return nil
	}
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the customers' answers: %w", context.Cause(ctx))
	}
}

// leave ends the traffic, with what is under way.
func (c *customers) leave() {
	if c == nil {
		return
	}
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	c.cancel()
	c.under.Wait()
	c.close()
}
