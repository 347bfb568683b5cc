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
	lines []lambda.LogLine
	first int           // index of lines[0] among all lines
	more  chan struct{} // closed and renewed with each line
}

// New makes a dashboard of a simulation.
func New(s Simulation) *Dashboard {
	d := &Dashboard{simulation: s, mux: http.NewServeMux(), more: make(chan struct{})}
	d.mux.HandleFunc("GET /{$}", d.file("page/index.html", "text/html; charset=utf-8"))
	d.mux.HandleFunc("GET /dashboard.css", d.file("page/dashboard.css", "text/css; charset=utf-8"))
	d.mux.HandleFunc("GET /dashboard.js", d.file("page/dashboard.js", "text/javascript; charset=utf-8"))
	d.mux.HandleFunc("GET /happenings", d.happenings)
	return d
}

// Log takes a line of a function's log. It never blocks, and fits lambda.Config.Logs.
func (d *Dashboard) Log(line lambda.LogLine) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
	if over := len(d.lines) - maxLines; over > 0 {
		d.lines = slices.Delete(d.lines, 0, over)
		d.first += over
	}
	close(d.more)
	d.more = make(chan struct{})
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
	s.send("hello", map[string]string{
		"production": d.simulation.ProductionURL(), "productionRule": d.simulation.ProductionRule(),
		"test": d.simulation.TestURL(), "testRule": d.simulation.TestRule(), "aws": d.simulation.EndpointURL(),
	})
	var sources sync.WaitGroup
	sources.Go(func() { d.sendLogs(ctx, s) })
	sources.Go(func() { d.sendTraffic(ctx, s) })
	for entry := range d.simulation.Timeline().Watch(ctx) {
		s.sendEntry(entry)
	}
	cancel() // the simulation is over, or nobody looks any more
	sources.Wait()
}

func (d *Dashboard) sendLogs(ctx context.Context, s *stream) {
	for seen := 0; ; {
		d.mu.Lock()
		from := max(seen-d.first, 0)
		news, more := slices.Clone(d.lines[min(from, len(d.lines)):]), d.more
		seen = d.first + len(d.lines)
		d.mu.Unlock()
		for _, line := range news {
			s.send("log", newLogLine(line))
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
	for {
		s.send("traffic", newTraffic(time.Now(), d.simulation.Traffic()))
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// stream writes server-sent events from several goroutines.
type stream struct {
	mu      sync.Mutex
	out     http.ResponseWriter
	control *http.ResponseController
	stop    func()
}

func (s *stream) sendEntry(e simulator.Entry) {
	if kind, data := encode(e); kind != "" {
		s.send(kind, data)
	}
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
