package elb_test

import (
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// moving is a clock that the test moves, and whose waits it ends.
type moving struct {
	*manual
	mu  sync.Mutex
	now time.Time
}

func newMoving() *moving {
	return &moving{manual: newManual(), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (m *moving) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *moving) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// tally asks n times and counts the answers by body.
func tally(t *testing.T, l *elb.Listener, n int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range n {
		_, body := get(t, l.URL())
		got[body]++
	}
	return got
}

// must gives what was asked for, or ends the test.
func must[T any](answer T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

func TestAChangeSpreadsOverTheTimeThatItsFaultSays(t *testing.T) {
	clock := newMoving()
	lb := balancer(t, elb.Config{Clock: clock})
	group(t, lb, "blue", upstream(t, saying("blue")))
	group(t, lb, "green", upstream(t, saying("green")))
	l := listener(t, lb, map[string]int{"blue": 1, "green": 0})
	spread := must(l.Inject(elb.RouteFault{Spread: time.Minute}))(t)
	if err := l.SetWeights(map[string]int{"blue": 0, "green": 1}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"blue": 0, "green": 1}, l.Weights()); diff != "" {
		t.Errorf("the API shows the new weights at once (-want +got):\n%s", diff)
	}
	steps := []struct {
		after time.Duration
		want  map[string]int
	}{
		{0, map[string]int{"blue": 8}},
		{15 * time.Second, map[string]int{"blue": 6, "green": 2}},
		{15 * time.Second, map[string]int{"blue": 4, "green": 4}},
		{15 * time.Second, map[string]int{"blue": 2, "green": 6}},
		{15 * time.Second, map[string]int{"green": 8}},
	}
	for _, step := range steps {
		clock.advance(step.after)
		if diff := cmp.Diff(step.want, tally(t, l, 8)); diff != "" {
			t.Errorf("%v later (-want +got):\n%s", step.after, diff)
		}
	}
	if err := l.SetWeights(map[string]int{"blue": 1, "green": 0}); err != nil {
		t.Fatal(err)
	}
	spread.End()
	if diff := cmp.Diff(map[string]int{"blue": 2}, tally(t, l, 2)); diff != "" {
		t.Errorf("without the fault the change is there (-want +got):\n%s", diff)
	}
}

func TestInfrastructureCodePutsAListenerBackOnce(t *testing.T) {
	clock := newMoving()
	heard := make(chan map[string]int, 8)
	lb := balancer(t, elb.Config{Clock: clock, Weighted: func(_ string, w map[string]int) {
		if len(clock.waits) > 0 {
			t.Error("the time until the revert runs before the change is told")
		}
		heard <- w
	}})
	group(t, lb, "blue")
	group(t, lb, "green")
	before, after := map[string]int{"blue": 1, "green": 0}, map[string]int{"blue": 0, "green": 1}
	l := listener(t, lb, before)
	revert := must(l.Inject(elb.RouteFault{RevertAfter: time.Minute}))(t)
	if err := l.SetWeights(before); err != nil { // no change, so nothing to revert
		t.Fatal(err)
	}
	if err := l.SetWeights(after); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, <-heard); diff != "" {
		t.Errorf("the change (-want +got):\n%s", diff)
	}
	w := <-clock.waits
	if w.d != time.Minute {
		t.Errorf("it waits %v", w.d)
	}
	w.due <- clock.Now()
	if diff := cmp.Diff(before, <-heard); diff != "" {
		t.Errorf("reverted (-want +got):\n%s", diff)
	}
	for !revert.Over() {
		runtime.Gosched() // it is told of the revert before it is over
	}
	if err := l.SetWeights(after); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, <-heard); diff != "" {
		t.Errorf("the second change (-want +got):\n%s", diff)
	}
	select {
	case w := <-clock.waits:
		t.Errorf("something more is to come in %v", w.d)
	default:
	}
}

func TestATargetsFaultMeetsItsShareOfRequests(t *testing.T) {
	tests := []struct {
		why   string
		fault elb.TargetFault
		idle  time.Duration // the load balancer's patience
		want  map[int]int   // of 8, by status
	}{
		{"a broken target", elb.TargetFault{Reset: true}, 0, map[int]int{502: 8}},
		{"one that breaks every fourth time", elb.TargetFault{Reset: true, Rate: 0.25}, 0, map[int]int{200: 6, 502: 2}},
		{"one slower than the load balancer's patience", elb.TargetFault{Slow: time.Hour}, time.Millisecond, map[int]int{504: 8}},
		{"one that is a little slow", elb.TargetFault{Slow: time.Nanosecond}, 0, map[int]int{200: 8}},
		{"a sound one", elb.TargetFault{}, 0, map[int]int{200: 8}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			clock := newMoving()
			lb := balancer(t, elb.Config{Clock: clock, IdleTimeout: tt.idle})
			target := upstream(t, saying("blue"))
			g, err := lb.CreateTargetGroup(elb.TargetGroupConfig{Name: "blue"})
			if err != nil {
				t.Fatal(err)
			}
			l := listener(t, lb, map[string]int{"blue": 1})
			if err := g.Register(target); err != nil {
				t.Fatal(err)
			}
			// With so little patience health checks may fail, and then the group fails open.
			for g.Targets()[0].State == elb.Initial {
				(<-clock.waits).due <- clock.Now()
			}
			must(g.Inject(tt.fault))(t)
			got := map[int]int{}
			for range 8 {
				resp, _ := do(t, client(), mustPost(t, l.URL()))
				got[resp.StatusCode]++
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

func mustPost(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestHealthChecksMeetATargetsFault(t *testing.T) {
	tests := []struct {
		why     string
		fault   elb.TargetFault
		timeout time.Duration
		states  []elb.Health // after one check each
		says    string
	}{
		{"flagged", elb.TargetFault{Unhealthy: true}, 0, []elb.Health{elb.Healthy, elb.Unhealthy}, "Health checks failed"},
		{"broken", elb.TargetFault{Reset: true}, 0, []elb.Health{elb.Healthy, elb.Unhealthy}, "connection reset"},
		{"too slow", elb.TargetFault{Slow: time.Hour}, 50 * time.Millisecond, []elb.Health{elb.Healthy, elb.Unhealthy}, "Request timed out"},
		{"broken, and it doesn't show", elb.TargetFault{Reset: true, SpareHealthChecks: true}, 0, []elb.Health{elb.Healthy, elb.Healthy}, ""},
		{"flapping", elb.TargetFault{Flapping: time.Minute}, 0, []elb.Health{elb.Healthy, elb.Unhealthy, elb.Healthy, elb.Healthy, elb.Healthy, elb.Unhealthy}, "Health checks failed"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			clock := newMoving()
			lb := balancer(t, elb.Config{Clock: clock})
			g, err := lb.CreateTargetGroup(elb.TargetGroupConfig{
				Name: "blue", HealthCheck: elb.HealthCheck{Interval: 30 * time.Second, Timeout: tt.timeout, HealthyThreshold: 1},
			})
			if err != nil {
				t.Fatal(err)
			}
			target := upstream(t, saying("blue"))
			if err := g.Register(target); err != nil {
				t.Fatal(err)
			}
			w := <-clock.waits
			for g.Targets()[0].State != elb.Healthy { // where the first check was out of time
				w.due <- clock.Now()
				w = <-clock.waits
			}
			must(g.Inject(tt.fault))(t)
			var got []elb.Health
			for range tt.states {
				w.due <- clock.Now()
				w = <-clock.waits
				got = append(got, g.Targets()[0].State)
				clock.advance(30 * time.Second)
			}
			if diff := cmp.Diff(tt.states, got); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			if reason := g.Targets()[0].Reason; !strings.Contains(reason, tt.says) || tt.says == "" && reason != "" {
				t.Errorf("reason %q, want %q", reason, tt.says)
			}
		})
	}
}

func TestARevertThatIsTakenBackDoesNotHappen(t *testing.T) {
	clock := newMoving()
	heard := make(chan map[string]int, 8)
	lb := balancer(t, elb.Config{Clock: clock, Weighted: func(_ string, w map[string]int) { heard <- w }})
	group(t, lb, "blue")
	group(t, lb, "green")
	l := listener(t, lb, map[string]int{"blue": 1, "green": 0})
	revert := must(l.Inject(elb.RouteFault{RevertAfter: time.Minute}))(t)
	after := map[string]int{"blue": 0, "green": 1}
	if err := l.SetWeights(after); err != nil {
		t.Fatal(err)
	}
	<-heard
	<-clock.waits
	revert.End()
	lb.Close() // what waits has ended
	if diff := cmp.Diff(after, l.Weights()); diff != "" || len(heard) != 0 {
		t.Errorf("it was put back (-want +got):\n%s", diff)
	}
}

// A second fault must not have the first begin anew: neither its share, nor its phase.
func TestFaultsOfAGroupKeepTheirStateBesideEachOther(t *testing.T) {
	clock := newMoving()
	lb := balancer(t, elb.Config{Clock: clock})
	g := group(t, lb, "blue", upstream(t, saying("blue")))
	l := listener(t, lb, map[string]int{"blue": 1})
	must(g.Inject(elb.TargetFault{Reset: true, Rate: 0.5}))(t)
	var got []int
	for range 3 {
		slow := must(g.Inject(elb.TargetFault{Slow: time.Nanosecond, Rate: 0.1}))(t)
		for range 3 {
			resp, _ := do(t, client(), mustPost(t, l.URL()))
			got = append(got, resp.StatusCode)
		}
		slow.End()
	}
	if diff := cmp.Diff([]int{200, 502, 200, 502, 200, 502, 200, 502, 200}, got); diff != "" {
		t.Errorf("every second request, whatever else begins and ends (-want +got):\n%s", diff)
	}
}

// A target's first check decides, so that a fault of its group must be there before it.
func TestAFaultOfAGroupBefallsTargetsThatAreRegisteredLater(t *testing.T) {
	clock := newMoving()
	lb := balancer(t, elb.Config{Clock: clock})
	g := must(lb.CreateTargetGroup(elb.TargetGroupConfig{Name: "green"}))(t)
	fault := must(g.Inject(elb.TargetFault{Unhealthy: true}))(t)
	if err := g.Register(upstream(t, saying("green"))); err != nil {
		t.Fatal(err)
	}
	w := <-clock.waits
	if got := g.Targets()[0].State; got != elb.Initial {
		t.Errorf("after its first check it is %s", got)
	}
	fault.End()
	w.due <- clock.Now()
	<-clock.waits
	if got := g.Targets()[0].State; got != elb.Healthy {
		t.Errorf("after the fault it is %s", got)
	}
}

func TestWhatAFaultRefuses(t *testing.T) {
	lb := balancer(t, elb.Config{})
	g := group(t, lb, "blue")
	l := listener(t, lb, map[string]int{"blue": 1})
	if _, err := l.Inject(elb.RouteFault{Spread: -1}); err == nil {
		t.Error("a negative time was taken")
	}
	if _, err := g.Inject(elb.TargetFault{Rate: 1.5}); err == nil || !strings.Contains(err.Error(), "between 0 and 1") {
		t.Errorf("got %v for a rate above 1", err)
	}
}
