package elb_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

func TestATargetsHealthFollowsTheThresholds(t *testing.T) {
	var status atomic.Int64
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(int(status.Load()))
	})
	clock := newManual()
	lb := balancer(t, elb.Config{Clock: clock})
	g, err := lb.CreateTargetGroup(elb.TargetGroupConfig{
		Name: "blue", HealthCheck: elb.HealthCheck{Path: "/health", HealthyThreshold: 3, Interval: 7 * time.Second, Matcher: "200,204"},
	})
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		why    string
		answer int
		want   elb.Health
	}{
		{"one failed check decides nothing", 500, elb.Initial},
		{"a new target needs one check", 204, elb.Healthy},
		{"one failed check is below the threshold of two", 404, elb.Healthy},
		{"a passed one starts the count anew", 200, elb.Healthy},
		{"first of two", 404, elb.Healthy},
		{"two failed in a row", 301, elb.Unhealthy},
		{"an unhealthy target needs three", 200, elb.Unhealthy},
		{"second of three", 200, elb.Unhealthy},
		{"three passed in a row", 200, elb.Healthy},
	}
	status.Store(int64(steps[0].answer))
	if err := g.Register(target); err != nil {
		t.Fatal(err)
	}
	for i, step := range steps {
		w := <-clock.waits // the check is done
		if w.d != 7*time.Second {
			t.Errorf("the next check comes in %v", w.d)
		}
		if got := g.Targets()[0]; got.State != step.want {
			t.Errorf("check %d (%s): %+v, want %s", i, step.why, got, step.want)
		}
		if i+1 < len(steps) {
			status.Store(int64(steps[i+1].answer))
			w.due <- time.Now()
		}
	}
}

func TestAGroupOfUnhealthyTargetsFailsOpen(t *testing.T) {
	clock := newManual()
	lb := balancer(t, elb.Config{Clock: clock})
	sick := upstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	g := group(t, lb, "blue")
	if err := g.Register(sick); err != nil {
		t.Fatal(err)
	}
	l := listener(t, lb, map[string]int{"blue": 1})
	first := <-clock.waits
	if resp, _ := get(t, l.URL()); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a target that was never healthy got traffic: %s", resp.Status)
	}
	first.due <- time.Now()
	<-clock.waits
	if resp, _ := get(t, l.URL()); resp.StatusCode != http.StatusTeapot {
		t.Errorf("got %s, want the unhealthy target's answer", resp.Status)
	}
	healthy := upstream(t, saying("well"))
	if err := g.Register(healthy); err != nil {
		t.Fatal(err)
	}
	if err := g.WaitHealthy(t.Context(), healthy); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if resp, _ := get(t, l.URL()); resp.StatusCode != http.StatusOK {
			t.Errorf("got %s, though a target is healthy", resp.Status)
		}
	}
}

func TestWaitingForHealthEndsWithTheReason(t *testing.T) {
	clock := newManual()
	lb := balancer(t, elb.Config{Clock: clock})
	sick := upstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	g := group(t, lb, "blue")
	if err := g.Register(sick); err != nil {
		t.Fatal(err)
	}
	<-clock.waits
	ctx, cancel := context.WithCancelCause(t.Context())
	impatient := errors.New("no patience left")
	cancel(impatient)
	err := g.WaitHealthy(ctx, sick)
	if !errors.Is(err, impatient) || !strings.Contains(err.Error(), "Health checks failed with these codes: [500]") {
		t.Errorf("got %v", err)
	}
	waited := make(chan error)
	go func() { waited <- g.WaitHealthy(t.Context(), sick) }()
	if err := g.Deregister(t.Context(), sick); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err == nil || !strings.Contains(err.Error(), "not registered") {
		t.Errorf("got %v for a target that has left", err)
	}
}

func TestWhatATargetGroupRefuses(t *testing.T) {
	tests := []struct {
		why    string
		config elb.TargetGroupConfig
		want   string
	}{
		{"a name is needed", elb.TargetGroupConfig{}, "needs a name"},
		{"names are unique", elb.TargetGroupConfig{Name: "blue"}, "needs a name"},
		{"a path starts with a slash", elb.TargetGroupConfig{Name: "x", HealthCheck: elb.HealthCheck{Path: "health"}}, "slash"},
		{"times are positive", elb.TargetGroupConfig{Name: "x", HealthCheck: elb.HealthCheck{Interval: -1}}, "above 0"},
		{"codes are numbers", elb.TargetGroupConfig{Name: "x", HealthCheck: elb.HealthCheck{Matcher: "2xx"}}, `"2xx" is neither`},
		{"codes end at 499", elb.TargetGroupConfig{Name: "x", HealthCheck: elb.HealthCheck{Matcher: "200-500"}}, "200 to 499"},
		{"ranges rise", elb.TargetGroupConfig{Name: "x", HealthCheck: elb.HealthCheck{Matcher: "200,399-300"}}, `"399-300"`},
	}
	lb := balancer(t, elb.Config{})
	g := group(t, lb, "blue")
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if _, err := lb.CreateTargetGroup(test.config); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	for _, base := range []string{"", "127.0.0.1:80", "https://127.0.0.1:443", "http://127.0.0.1:80/path", "http://[::1"} {
		if err := g.Register(base); err == nil {
			t.Errorf("target %q was taken", base)
		}
	}
}
