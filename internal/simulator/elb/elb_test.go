package elb_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manual is a clock that stands still: each wait is handed to the test.
type manual struct{ waits chan wait }

type wait struct {
	d   time.Duration
	due chan time.Time
}

func newManual() *manual { return &manual{make(chan wait, 16)} }

func (*manual) Now() time.Time { return time.Now() }

func (m *manual) After(d time.Duration) <-chan time.Time {
	w := wait{d, make(chan time.Time, 1)}
	m.waits <- w
	return w.due
}

// upstream starts a target and returns its base URL.
func upstream(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func balancer(t *testing.T, config elb.Config) *elb.LoadBalancer {
	t.Helper()
	lb := elb.New(config)
	t.Cleanup(lb.Close)
	return lb
}

// group makes a target group with one healthy target for each base URL.
func group(t *testing.T, lb *elb.LoadBalancer, name string, targets ...string) *elb.TargetGroup {
	t.Helper()
	g, err := lb.CreateTargetGroup(elb.TargetGroupConfig{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		if err := g.Register(target); err != nil {
			t.Fatal(err)
		}
		if err := g.WaitHealthy(t.Context(), target); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func listener(t *testing.T, lb *elb.LoadBalancer, weights map[string]int) *elb.Listener {
	t.Helper()
	l, err := lb.CreateListener(elb.ListenerConfig{Name: "production", Weights: weights})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// client has no proxy and keeps no connections.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// reply is an answer without its body.
type reply struct {
	Status        string
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

func get(t *testing.T, url string) (r reply, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, client(), req)
}

func do(t *testing.T, c *http.Client, req *http.Request) (r reply, body string) {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.Status, resp.StatusCode, resp.Header, resp.ContentLength}, string(text)
}

func TestRequestsAreSharedByWeight(t *testing.T) {
	tests := []struct {
		why     string
		weights map[string]int
		want    map[string]int // of 40 requests
	}{
		{"before a deployment the unused group has no traffic", map[string]int{"blue": 100, "green": 0}, map[string]int{"blue": 40}},
		{"after the shift it is the other way round", map[string]int{"blue": 0, "green": 100}, map[string]int{"green": 40}},
		{"a canary gets its tenth exactly", map[string]int{"blue": 90, "green": 10}, map[string]int{"blue": 36, "green": 4}},
		{"weights are shares, not percentages", map[string]int{"blue": 3, "green": 1}, map[string]int{"blue": 30, "green": 10}},
	}
	lb := balancer(t, elb.Config{})
	group(t, lb, "blue", upstream(t, saying("blue")))
	group(t, lb, "green", upstream(t, saying("green")))
	l := listener(t, lb, map[string]int{"blue": 1})
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if err := l.SetWeights(test.weights); err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for range 40 {
				_, body := get(t, l.URL())
				got[body]++
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.weights, l.Weights()); diff != "" {
				t.Errorf("weights (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTargetsOfAGroupTakeTurns(t *testing.T) {
	lb := balancer(t, elb.Config{})
	group(t, lb, "blue", upstream(t, saying("one")), upstream(t, saying("two")))
	l := listener(t, lb, map[string]int{"blue": 1})
	got := map[string]int{}
	for range 10 {
		_, body := get(t, l.URL())
		got[body]++
	}
	if diff := cmp.Diff(map[string]int{"one": 5, "two": 5}, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestAWeightsObserverHearsOfChangesOnly(t *testing.T) {
	var heard []map[string]int
	lb := balancer(t, elb.Config{Weighted: func(name string, weights map[string]int) {
		if name != "production" {
			t.Errorf("listener %q", name)
		}
		heard = append(heard, weights)
	}})
	group(t, lb, "blue")
	group(t, lb, "green")
	l := listener(t, lb, map[string]int{"blue": 1, "green": 0})
	for _, weights := range []map[string]int{{"blue": 1, "green": 0}, {"blue": 0, "green": 1}, {"blue": 0, "green": 1}} {
		if err := l.SetWeights(weights); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]map[string]int{{"blue": 0, "green": 1}}, heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

func TestATargetSeesWhoAskedAndHow(t *testing.T) {
	seen := make(chan *http.Request, 8)
	lb := balancer(t, elb.Config{})
	group(t, lb, "blue", upstream(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.Clone(context.Background()) }))
	<-seen // the health check
	l := listener(t, lb, map[string]int{"blue": 1})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, l.URL()+"/a%2Fb?q=1;2", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "shop.example"
	req.Header.Set("X-Forwarded-For", "203.0.113.7")
	req.Header.Set("X-Forwarded-Proto", "gopher")
	req.Header.Set("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678")
	req.Header.Set("User-Agent", "test/1")
	resp, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	got := <-seen
	if got.Host != "shop.example" || got.Method != http.MethodPut || got.RequestURI != "/a%2Fb?q=1;2" || got.ContentLength != 4 {
		t.Errorf("got %s %s for host %s with %d bytes", got.Method, got.RequestURI, got.Host, got.ContentLength)
	}
	port := l.URL()[strings.LastIndex(l.URL(), ":")+1:]
	for name, want := range map[string]string{
		"X-Forwarded-For":   `^203\.0\.113\.7, 127\.0\.0\.1$`,
		"X-Forwarded-Proto": `^http$`,
		"X-Forwarded-Port":  "^" + port + "$",
		"X-Forwarded-Host":  `^$`,
		"X-Amzn-Trace-Id":   `^Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678$`,
		"User-Agent":        `^test/1$`,
	} {
		if value := got.Header.Get(name); !regexp.MustCompile(want).MatchString(value) {
			t.Errorf("%s is %q, want it to match %s", name, value, want)
		}
	}
}

// hijack takes the connection over, except from health checks.
func hijack(f func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("User-Agent") == "ELB-HealthChecker/2.0" {
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer func() { _ = conn.Close() }()
		f(conn)
	}
}

func TestTheLoadBalancerAnswersForTargetsThatDont(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	tests := []struct {
		why    string
		target http.HandlerFunc // nil: gone after its health check
		idle   time.Duration    // the load balancer's patience
		status string
	}{
		{"the target refuses connections", nil, 0, "502 Bad Gateway"},
		{"the target resets the connection", hijack(func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }), 0, "502 Bad Gateway"},
		{"the target closes without an answer", hijack(func(net.Conn) {}), 0, "502 Bad Gateway"},
		{"the target doesn't speak HTTP", hijack(func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example\r\n") }), 0, "502 Bad Gateway"},
		{"the target keeps silent", hijack(func(net.Conn) { <-release }), 100 * time.Millisecond, "504 Gateway Timeout"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			lb := balancer(t, elb.Config{IdleTimeout: test.idle})
			handler := test.target
			if handler == nil {
				handler = saying("")
			}
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			group(t, lb, "blue", server.URL)
			if test.target == nil {
				server.Close()
			}
			l := listener(t, lb, map[string]int{"blue": 1})
			resp, _ := get(t, l.URL())
			if resp.Status != test.status || resp.Header.Get("Server") != "awselb/2.0" {
				t.Errorf("got %s from %q, want %s from the load balancer", resp.Status, resp.Header.Get("Server"), test.status)
			}
			want := []elb.Count{{Listener: "production", TargetGroup: "blue", Target: server.URL, Requests: 1, Made: map[int]int{resp.StatusCode: 1}}}
			if diff := cmp.Diff(want, lb.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLoadBalancersPagesAreThoseOfAnALB(t *testing.T) {
	lb := balancer(t, elb.Config{})
	group(t, lb, "empty")
	l := listener(t, lb, map[string]int{"empty": 1})
	resp, body := get(t, l.URL())
	want := "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n" +
		"<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	if resp.ContentLength != 162 || resp.Header.Get("Content-Type") != "text/html" {
		t.Errorf("%d bytes of %q, want 162 of text/html", resp.ContentLength, resp.Header.Get("Content-Type"))
	}
}

func TestWithNothingToForwardToTheAnswerIs503(t *testing.T) {
	lb := balancer(t, elb.Config{})
	group(t, lb, "blue", upstream(t, saying("blue")))
	group(t, lb, "empty")
	l := listener(t, lb, map[string]int{"blue": 1})
	for why, weights := range map[string]map[string]int{
		"all weights are 0":                      {"blue": 0, "empty": 0},
		"a group without targets has all":        {"blue": 0, "empty": 1},
		"a group without targets keeps its part": {"blue": 1, "empty": 998},
	} {
		t.Run(why, func(t *testing.T) {
			if err := l.SetWeights(weights); err != nil {
				t.Fatal(err)
			}
			if resp, _ := get(t, l.URL()); resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("got %s", resp.Status)
			}
		})
	}
}

func TestAnswersAreCountedByListenerGroupTargetAndClass(t *testing.T) {
	lb := balancer(t, elb.Config{})
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/404":
			w.WriteHeader(http.StatusNotFound)
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	group(t, lb, "blue", target)
	l := listener(t, lb, map[string]int{"blue": 1})
	test, err := lb.CreateListener(elb.ListenerConfig{Name: "test", Weights: map[string]int{"blue": 1}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/", "/404", "/500"} {
		get(t, l.URL()+path)
	}
	get(t, test.URL())
	want := []elb.Count{
		{Listener: "production", TargetGroup: "blue", Target: target, Requests: 4, Class: [6]int{2: 2, 4: 1, 5: 1}, Made: map[int]int{}},
		{Listener: "test", TargetGroup: "blue", Target: target, Requests: 1, Class: [6]int{2: 1}, Made: map[int]int{}},
	}
	if diff := cmp.Diff(want, lb.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestATargetThatLeavesFinishesItsRequests(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	lb := balancer(t, elb.Config{Clock: newManual()})
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(arrived)
			<-release
			_, _ = io.WriteString(w, "done")
		}
	})
	g := group(t, lb, "blue", target)
	l := listener(t, lb, map[string]int{"blue": 1})
	answer := make(chan string)
	go func() {
		_, body := get(t, l.URL()+"/slow")
		answer <- body
	}()
	<-arrived
	left := make(chan error, 1)
	go func() { left <- g.Deregister(t.Context(), target) }()
	for len(g.Targets()) > 0 { // out of the rotation at once
		select {
		case err := <-left:
			t.Fatalf("it left with a request under way: %v", err)
		default:
		}
	}
	if resp, _ := get(t, l.URL()); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new request got %s", resp.Status)
	}
	select {
	case err := <-left:
		t.Fatalf("it left with a request under way: %v", err)
	default:
	}
	close(release)
	if body := <-answer; body != "done" {
		t.Errorf("the slow request got %q", body)
	}
	if err := <-left; err != nil {
		t.Error(err)
	}
}

func TestATargetLeavesAtTheEndOfTheDeregistrationDelay(t *testing.T) {
	clock := newManual()
	lb := balancer(t, elb.Config{Clock: clock})
	arrived := make(chan struct{})
	target := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(arrived)
			<-r.Context().Done()
		}
	})
	g := group(t, lb, "blue", target)
	<-clock.waits // the next health check
	l := listener(t, lb, map[string]int{"blue": 1})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, l.URL()+"/slow", nil)
		if resp, err := client().Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-arrived
	left := make(chan error, 1)
	go func() { left <- g.Deregister(t.Context(), target) }()
	w := <-clock.waits
	if w.d != elb.DefaultDeregistrationDelay {
		t.Errorf("it may take %v, want %v", w.d, elb.DefaultDeregistrationDelay)
	}
	w.due <- time.Now()
	if err := <-left; err != nil {
		t.Error(err)
	}
	cancel()
	<-gone
}

func TestAClientThatLeavesIsCountedAs460(t *testing.T) {
	arrived := make(chan struct{})
	lb := balancer(t, elb.Config{})
	target := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(arrived)
			<-r.Context().Done()
		}
	})
	g := group(t, lb, "blue", target)
	l := listener(t, lb, map[string]int{"blue": 1})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(l.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-arrived
	_ = conn.Close()
	// It leaves when its requests are over, and then they have been counted.
	if err := g.Deregister(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	if got := lb.Counts()[0].Made[elb.StatusClientClosed]; got != 1 {
		t.Errorf("counts: %+v", lb.Counts())
	}
}

func TestABrokenBodyReachesTheClientBroken(t *testing.T) {
	lb := balancer(t, elb.Config{})
	group(t, lb, "blue", upstream(t, hijack(func(c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
	})))
	l := listener(t, lb, map[string]int{"blue": 1})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(l.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, err := io.ReadAll(resp.Body); err == nil || string(body) != "only this" {
		t.Errorf("got %q, %v; want the beginning and an error", body, err)
	}
}

func TestWhatAListenerRefuses(t *testing.T) {
	lb := balancer(t, elb.Config{})
	group(t, lb, "blue")
	l := listener(t, lb, map[string]int{"blue": 1})
	tests := []struct {
		why     string
		weights map[string]int
		want    string
	}{
		{"a forward has a group", map[string]int{}, "at least one target group"},
		{"the group exists", map[string]int{"red": 1}, `no target group "red"`},
		{"weights end at 999", map[string]int{"blue": 1000}, "0 to 999"},
		{"weights aren't negative", map[string]int{"blue": -1}, "0 to 999"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if err := l.SetWeights(test.weights); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if diff := cmp.Diff(map[string]int{"blue": 1}, l.Weights()); diff != "" {
		t.Errorf("weights have changed (-want +got):\n%s", diff)
	}
	if _, err := lb.CreateListener(elb.ListenerConfig{Name: "production", Weights: map[string]int{"blue": 1}}); err == nil {
		t.Error("two listeners have one name")
	}
}

func TestAClosedLoadBalancerTakesNothingMore(t *testing.T) {
	lb := elb.New(elb.Config{})
	g := group(t, lb, "blue")
	lb.Close()
	if err := g.Register("http://127.0.0.1:1"); err == nil {
		t.Error("it registered a target")
	}
	if _, err := lb.CreateListener(elb.ListenerConfig{Name: "late", Weights: map[string]int{"blue": 1}}); err == nil {
		t.Error("it opened a listener")
	}
}
