// Package dashboard shows a running simulation as a page: deployments and their events as CodeDeploy's console has them,
// the same as a picture over time, where listeners send traffic and who answered it, and what the functions wrote. The
// page holds all that it needs and works offline.
package dashboard

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

//go:embed page
var page embed.FS

// Simulation is what is shown; *simulator.Simulator is one.
type Simulation interface {
	Timeline() *simulator.Timeline
	Traffic() []elb.Count
	ProductionURL() string
	TestURL() string
	// ProductionRule and TestRule say what requests must have besides, empty where that is nothing.
	ProductionRule() string
	TestRule() string
	EndpointURL() string
	// Alias is what is deployed, nil where that is a service, and Invocations those of it.
	Alias() *simulator.FunctionAlias
	Invocations() []simulator.InvocationCount
	// TrafficHistory is what had come at moments before, the oldest first.
	TrafficHistory() []simulator.TrafficSample
	// Now is the simulated time.
	Now() time.Time
}

// maxLines is how many lines of the functions' logs are kept for those who open the page later.
const maxLines = 2000

// sampling is how often traffic is counted while somebody looks.
const sampling = 500 * time.Millisecond

// Dashboard serves the page. It is an http.Handler.
type Dashboard struct {
	simulation Simulation
	mux        *http.ServeMux

	mu    sync.Mutex
	lines []numbered
	count map[string]int // of lines by function
	next  int            // the number of the next line
	more  chan struct{}  // closed and renewed with each line
}

// numbered is a line with its number among all that there ever were.
type numbered struct {
	lambda.LogLine
	number int
}

// New makes a dashboard of a simulation.
func New(s Simulation) *Dashboard {
	d := &Dashboard{simulation: s, mux: http.NewServeMux(), count: map[string]int{}, more: make(chan struct{})}
	d.mux.HandleFunc("GET /{$}", d.file("page/index.html", "text/html; charset=utf-8"))
	d.mux.HandleFunc("GET /dashboard.css", d.file("page/dashboard.css", "text/css; charset=utf-8"))
	d.mux.HandleFunc("GET /dashboard.js", d.file("page/dashboard.js", "text/javascript; charset=utf-8"))
	d.mux.HandleFunc("GET /happenings", d.happenings)
	return d
}

// Log takes a line of a function's log, which gets the simulated time, as all that the page shows has it. It never
// blocks, and fits lambda.Config.Logs.
func (d *Dashboard) Log(line lambda.LogLine) {
	line.Time = d.simulation.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, numbered{line, d.next})
	d.count[line.Function]++
	d.next++
	if len(d.lines) > maxLines {
		d.forget()
	}
	close(d.more)
	d.more = make(chan struct{})
}

// forget drops the oldest line of the function that has written most, so that a function that customers invoke all the
// time leaves the others theirs; the caller holds the lock.
func (d *Dashboard) forget() {
	most := ""
	for function, n := range d.count {
		if n > d.count[most] {
			most = function
		}
	}
	oldest := slices.IndexFunc(d.lines, func(l numbered) bool { return l.Function == most })
	d.lines = slices.Delete(d.lines, oldest, oldest+1)
	d.count[most]--
}

// ServeHTTP answers with the page, its parts, and what happens.
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	d.mux.ServeHTTP(w, r)
}

func (d *Dashboard) file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		content, err := page.ReadFile(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(content)
	}
}

// happenings is a stream of server-sent events: all that has happened, then each thing as it happens.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
func (d *Dashboard) happenings(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s := &stream{out: w, control: http.NewResponseController(w), stop: cancel}
	hello := map[string]string{
		"production": d.simulation.ProductionURL(), "productionRule": d.simulation.ProductionRule(),
		"test": d.simulation.TestURL(), "testRule": d.simulation.TestRule(), "aws": d.simulation.EndpointURL(),
	}
	if alias := d.simulation.Alias(); alias != nil {
		hello["alias"], hello["customers"] = alias.String(), aliasName(*alias)
	}
	s.send("hello", hello)
	var sources sync.WaitGroup
	sources.Go(func() { d.sendLogs(ctx, s) })
	sources.Go(func() { d.sendTraffic(ctx, s) })
	// What the timeline counts at each change would make a picture of even samples uneven.
	sampled := len(d.simulation.TrafficHistory()) > 0
	for entry := range d.simulation.Timeline().Watch(ctx) {
		if kind, data := encode(entry); kind != "" && (!sampled || kind != trafficKind) {
			s.send(kind, data)
		}
	}
	cancel() // the simulation is over, or nobody looks any more
	sources.Wait()
}

func (d *Dashboard) sendLogs(ctx context.Context, s *stream) {
	for seen := 0; ; {
		d.mu.Lock()
		from, _ := slices.BinarySearchFunc(d.lines, seen, func(l numbered, number int) int { return l.number - number })
		news, more := slices.Clone(d.lines[from:]), d.more
		seen = d.next
		d.mu.Unlock()
		for _, line := range news {
			s.send("log", newLogLine(line.LogLine))
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

func (d *Dashboard) sendTraffic(ctx context.Context, s *stream) {
	ticker := time.NewTicker(sampling)
	defer ticker.Stop()
	for _, sample := range d.simulation.TrafficHistory() {
		s.send(trafficKind, d.traffic(sample))
	}
	for {
		s.send(trafficKind, d.traffic(simulator.TrafficSample{
			Time: d.simulation.Now(), Requests: d.simulation.Traffic(), Invocations: d.simulation.Invocations(),
		}))
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (d *Dashboard) traffic(s simulator.TrafficSample) trafficData {
	if alias := d.simulation.Alias(); alias != nil {
		return newInvocations(s.Time, simulator.InvocationsCounted{Alias: *alias, Counts: s.Invocations})
	}
	return newTraffic(s.Time, s.Requests)
}

// stream writes server-sent events from several goroutines.
type stream struct {
	mu      sync.Mutex
	out     http.ResponseWriter
	control *http.ResponseController
	stop    func()
}

func (s *stream) send(kind string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		text, _ = json.Marshal(map[string]string{"error": err.Error()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = fmt.Fprintf(s.out, "event: %s\ndata: %s\n\n", kind, text)
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil {
		s.stop()
	}
}
