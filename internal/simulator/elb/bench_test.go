package elb_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// BenchmarkRequests compares a target asked directly with the same target behind the load
// balancer: one request after the other shows the latency that is added, many at once the
// requests per second that one machine gives. Client, load balancer and target share it.
func BenchmarkRequests(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "blue") }))
	defer server.Close()
	lb := elb.New(elb.Config{})
	defer lb.Close()
	g, err := lb.CreateTargetGroup(elb.TargetGroupConfig{Name: "blue"})
	if err != nil {
		b.Fatal(err)
	}
	if err := g.Register(server.URL); err != nil {
		b.Fatal(err)
	}
	if err := g.WaitHealthy(b.Context(), server.URL); err != nil {
		b.Fatal(err)
	}
	l, err := lb.CreateListener(elb.ListenerConfig{Name: "production", Weights: map[string]int{"blue": 1}})
	if err != nil {
		b.Fatal(err)
	}
	for priority := 1; priority <= 5; priority++ { // rules that are evaluated and not met
		if _, err := l.CreateRule(elb.RuleConfig{
			Priority: priority, Action: fixed("x"), Conditions: []elb.Condition{{Field: elb.PathPattern, Values: []string{"/img/*"}}},
		}); err != nil {
			b.Fatal(err)
		}
	}
	for _, way := range []struct{ name, url string }{{"direct", server.URL}, {"balanced", l.URL()}} {
		b.Run("one by one/"+way.name, func(b *testing.B) { oneByOne(b, way.url) })
		b.Run("32 at once/"+way.name, func(b *testing.B) { atOnce(b, way.url) })
	}
}

// oneByOne reports the median and the 99th percentile of the latency.
func oneByOne(b *testing.B, url string) {
	c := &http.Client{Transport: &http.Transport{}}
	defer c.CloseIdleConnections()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := fetch(b.Context(), c, url); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "µs-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "µs-p99")
}

// atOnce reports requests per second over 32 connections.
func atOnce(b *testing.B, url string) {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer c.CloseIdleConnections()
	b.SetParallelism(max(1, 32/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := fetch(b.Context(), c, url); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func fetch(ctx context.Context, c *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
