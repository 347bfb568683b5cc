//go:build unix

package simulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// produced counts the requests that each target group has answered on the production listener.
func produced(s *scenario) map[string]int {
	byGroup := map[string]int{}
	for _, c := range s.Traffic() {
		if c.Listener == simulator.ProductionListener {
			byGroup[c.TargetGroup] += c.Requests
		}
	}
	return byGroup
}

func TestOnAClockThatLeapsCustomersComeInRounds(t *testing.T) {
	s := startInstant(t, func(c *simulator.Config) { c.Deployment = codedeploy.Canary("canary", 50, 5*time.Minute) })
	if err := s.SendTraffic(t.Context(), simulator.Customers{Rate: 7.5}); err != nil {
		t.Fatal(err)
	}
	if got := produced(s)[simulator.TargetGroupOne]; got != 8 {
		t.Errorf("blue had %d customers before the deployment, want 8", got)
	}
	outcome := s.deploy(t, spec("shop:2"))
	took(t, "the canary", outcome.Deployment.Event(codedeploy.AllowTraffic).Duration(), 5*time.Minute)
	if err := s.SettleTraffic(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := produced(s)
	if one, two := got[simulator.TargetGroupOne], got[simulator.TargetGroupTwo]; one+two != 24 || one < 8 || two < 8 {
		t.Errorf("of three rounds of 8, the second by halves, %d went to blue and %d to green", one, two)
	}
}

// asked is a service that tells of its customers' requests.
func asked(t *testing.T, handler http.HandlerFunc) func(*simulator.Config) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cart" {
			handler(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return func(c *simulator.Config) {
		c.HealthCheck = elb.HealthCheck{Interval: 10 * time.Millisecond}
		c.Tasks = func(context.Context, string) (simulator.Task, error) {
			return simulator.Task{URL: server.URL, Stop: func() error { return nil }}, nil
		}
	}
}

func TestCustomersComeAllTheTime(t *testing.T) {
	requests := make(chan *http.Request)
	s := start(t, asked(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case requests <- r.Clone(context.WithoutCancel(r.Context())):
		case <-r.Context().Done():
		}
	}))
	customers := simulator.Customers{Rate: 200, Path: "/cart", Header: http.Header{"X-Shop": {"a"}, "Host": {"shop.example"}}}
	for range 2 { // a second time adds nobody
		if err := s.SendTraffic(t.Context(), customers); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		if r := <-requests; r.Host != "shop.example" || r.Header.Get("X-Shop") != "a" {
			t.Errorf("a customer asked %s with %v", r.Host, r.Header)
		}
	}
}

func TestCustomersWhoWaitAreSentAwayAtTheEnd(t *testing.T) {
	waiting := make(chan struct{}, 1)
	s := start(t, asked(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case waiting <- struct{}{}:
		default: // enough of them wait
		}
		<-r.Context().Done()
	}))
	if err := s.SendTraffic(t.Context(), simulator.Customers{Rate: simulator.MaxRate, Path: "/cart"}); err != nil {
		t.Fatal(err)
	}
	<-waiting // closing the simulator, in the test's cleanup, would wait for ever
}

func TestARateMustBePossible(t *testing.T) {
	s := start(t, nil)
	for _, rate := range []float64{0, -1, simulator.MaxRate + 1} {
		if err := s.SendTraffic(t.Context(), simulator.Customers{Rate: rate}); err == nil {
			t.Errorf("%g a second were taken", rate)
		}
	}
}
