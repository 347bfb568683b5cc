package elb_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

func TestMetricsAreReadOverTimeWindows(t *testing.T) {
	clock := newMoving()
	lb := balancer(t, elb.Config{Clock: clock, MetricRetention: 10 * time.Minute})
	start := clock.Now()
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/404":
			w.WriteHeader(http.StatusNotFound)
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
		case "/reset":
			panic(http.ErrAbortHandler)
		}
	})
	g, err := lb.CreateTargetGroup(elb.TargetGroupConfig{Name: "blue"})
	if err != nil {
		t.Fatal(err)
	}
	l := listener(t, lb, map[string]int{"blue": 1})
	get(t, l.URL()) // no target yet
	clock.advance(time.Minute)
	if err := g.Register(target); err != nil {
		t.Fatal(err)
	}
	if err := g.WaitHealthy(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/404", "/500", "/reset"} {
		get(t, l.URL()+path)
	}
	clock.advance(time.Minute)
	get(t, l.URL())

	minute := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	tests := []struct {
		why      string
		from, to time.Time
		want     elb.Metrics
	}{
		{"before there was a target", minute(0), minute(1), elb.Metrics{ELB: map[int]int{503: 1}}},
		{"in the second minute", minute(1), minute(2), elb.Metrics{
			Requests: 4, Target: [6]int{2: 1, 4: 1, 5: 1}, ELB: map[int]int{502: 1}, ResponseTime: elb.Durations{Count: 3}, HealthyHosts: elb.Extent{Min: 1, Max: 1},
		}},
		{"later on", minute(2), time.Time{}, elb.Metrics{Requests: 1, Target: [6]int{2: 1}, ELB: map[int]int{}, ResponseTime: elb.Durations{Count: 1}, HealthyHosts: elb.Extent{Min: 1, Max: 1}}},
		{"all the time", time.Time{}, time.Time{}, elb.Metrics{
			Requests: 5, Target: [6]int{2: 2, 4: 1, 5: 1}, ELB: map[int]int{502: 1, 503: 1}, ResponseTime: elb.Durations{Count: 4}, HealthyHosts: elb.Extent{Min: 0, Max: 1},
		}},
		{"when nothing happened", minute(3), minute(4), elb.Metrics{ELB: map[int]int{}, HealthyHosts: elb.Extent{Min: 1, Max: 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			got := g.Metrics(tt.from, tt.to)
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(elb.Durations{}, "Sum", "Min", "Max")); diff != "" {
				t.Errorf("metrics (-want +got):\n%s", diff)
			}
			d := got.ResponseTime
			if d.Count > 0 && (d.Min <= 0 || d.Min > d.Mean() || d.Mean() > d.Max || d.Max > d.Sum) {
				t.Errorf("response times don't fit together: %+v", d)
			}
			if got.ELB5xx() != got.ELB[502]+got.ELB[503] {
				t.Errorf("%d 5xx answers of the load balancer: %v", got.ELB5xx(), got.ELB)
			}
		})
	}

	clock.advance(11 * time.Minute)
	get(t, l.URL())
	if got := g.Metrics(time.Time{}, time.Time{}); got.Requests != 1 {
		t.Errorf("%d requests, want the last only: the others are older than the retention", got.Requests)
	}
}

func TestUnhealthyHostsAreCountedApart(t *testing.T) {
	clock := newMoving()
	lb := balancer(t, elb.Config{Clock: clock})
	start := clock.Now()
	target := upstream(t, saying("blue"))
	g := group(t, lb, "blue", target)
	must(g.Inject(elb.TargetFault{Unhealthy: true}))(t)
	for range 2 { // the default threshold
		clock.advance(time.Minute)
		(<-clock.waits).due <- clock.Now()
	}
	<-clock.waits
	want := elb.Metrics{ELB: map[int]int{}, HealthyHosts: elb.Extent{Min: 0, Max: 1}, UnhealthyHosts: elb.Extent{Min: 0, Max: 1}}
	if diff := cmp.Diff(want, g.Metrics(start, time.Time{})); diff != "" {
		t.Errorf("since the start (-want +got):\n%s", diff)
	}
	want.HealthyHosts, want.UnhealthyHosts = elb.Extent{}, elb.Extent{Min: 1, Max: 1}
	if diff := cmp.Diff(want, g.Metrics(clock.Now(), time.Time{})); diff != "" {
		t.Errorf("now (-want +got):\n%s", diff)
	}
	if err := g.Deregister(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	if got := g.Metrics(clock.Now().Add(time.Second), time.Time{}).UnhealthyHosts; got != (elb.Extent{}) {
		t.Errorf("a target that has left is counted: %+v", got)
	}
}
