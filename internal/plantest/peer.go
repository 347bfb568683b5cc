package plantest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// The names at which both versions answer in a case: reasons are the same each time, whatever the ports are.
const (
	greenHost = "green"
	blueHost  = "blue"
)

// peer is one version: a server on loopback that answers by its script.
type peer struct {
	side
	host     string
	listener net.Listener
	server   *http.Server
	serving  sync.WaitGroup // the server, and its handlers

	mu         sync.Mutex
	closed     bool
	over       chan struct{} // closed with the peer
	given      []int         // how often each rule has answered
	unscripted []string
}

func newPeer(ctx context.Context, host string, s side) (*peer, error) {
	p := &peer{side: s, host: host, given: make([]int, len(s.rules)), over: make(chan struct{})}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening as %s: %w", host, err)
	}
	p.listener = listener
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	p.serving.Go(func() { _ = p.server.Serve(listener) })
	return p, nil
}

func (p *peer) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	close(p.over)
	_ = p.server.Close()
	p.serving.Wait()
}

// ServeHTTP gives the next answer of the first rule that a request fits.
func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.begin() {
		return
	}
	defer p.serving.Done()
	// Only when all of a request is read does the server see that its client leaves.
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	next, ok := p.next(r)
	if !ok {
		http.Error(w, "the case has no answer to this request", http.StatusNotImplemented)
		return
	}
	if !wait(r.Context(), time.Duration(next.After)) {
		return
	}
	switch next.Error {
	case failTimeout:
		select {
		case <-r.Context().Done():
		case <-p.over:
		}
	case failReset, failClosed:
		hangUp(w, next.Error == failReset)
	default:
		next.write(w)
	}
}

// begin notes that a request is answered; it gives false where nobody waits for that any more.
func (p *peer) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.serving.Add(1)
	}
	return !p.closed
}

func (p *peer) next(r *http.Request) (answer, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.IndexFunc(p.rules, func(rule rule) bool { return rule.Request.matches(r) })
	if at < 0 {
		asked := r.Method + " " + r.URL.RequestURI()
		if !slices.Contains(p.unscripted, asked) {
			p.unscripted = append(p.unscripted, asked)
		}
		return answer{}, false
	}
	answers := p.rules[at].answers()
	turn := min(p.given[at], len(answers)-1)
	p.given[at]++
	return answers[turn], true
}

// wait lets a time pass, and gives false where the client leaves before.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hangUp closes a connection without an answer: in good order, or by a reset.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // the client has left
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (a *answer) write(w http.ResponseWriter) {
	body := []byte(a.Body.String())
	switch {
	case !a.JSON.IsZero():
		value, _ := a.JSON.Expand(nil) // the cases' language has no names
		body, _ = json.Marshal(value)  // a value of YAML, which JSON has as well
		w.Header().Set("Content-Type", "application/json")
	case a.Base64 != nil:
		body = a.Base64
	}
	for _, h := range a.Headers {
		w.Header().Del(h.Key)
		for _, line := range h.Value {
			w.Header().Add(h.Key, line.String())
		}
	}
	w.WriteHeader(int(a.Status))
	_, _ = w.Write(body) // a client that has left doesn't matter
}

// unasked are the requests whose answers weren't all asked for, of the first rules so many.
func (p *peer) unasked(rules int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for i, rule := range p.rules[:min(rules, len(p.rules))] {
		if given, scripted := p.given[i], len(rule.answers()); given < scripted {
			all = append(all, fmt.Sprintf("%s of %s: %d of %d answers were asked for", rule.Request.text, p.host, given, scripted))
		}
	}
	return all
}

// network leads to both versions, and to nobody else.
func network(green, blue *peer) httpcheck.Network {
	return httpcheck.Network{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		for _, p := range []*peer{green, blue} {
			switch {
			case address != p.host+":80":
			case p.refused:
				return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
			default:
				return new(net.Dialer).DialContext(ctx, "tcp", p.listener.Addr().String())
			}
		}
		return nil, fmt.Errorf("a case reaches green and blue alone, not %s: give what comes of the check by results", strictyaml.OneLine(address))
	}}
}
