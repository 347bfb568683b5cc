package network

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// Trace notes when the parts of an exchange happened. The transport tells of them from goroutines of its own, some of
// them after it has given up.
type Trace struct {
	mu    sync.Mutex
	start time.Time

	dnsStart, dnsEnd         time.Time
	connectStart, connectEnd time.Time
	tlsStart, tlsEnd         time.Time
	got, sent                time.Time
	firstByte, end           time.Time
	remote                   string
}

// NewTrace begins an exchange now.
func NewTrace() *Trace { return &Trace{start: time.Now()} }

// first keeps the time of what happens several times when it first does, last when it last does.
func (t *Trace) first(at *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}

func (t *Trace) last(at *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*at = time.Now()
}

// Hooks are to be put into the context of the exchange: a net.Dialer and an http.Transport call them.
func (t *Trace) Hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { t.first(&t.dnsStart) },
		DNSDone:      func(httptrace.DNSDoneInfo) { t.last(&t.dnsEnd) },
		ConnectStart: func(string, string) { t.first(&t.connectStart) },
		ConnectDone: func(_, _ string, err error) {
			// Of several addresses, one is enough.
			if err == nil {
				t.last(&t.connectEnd)
			}
		},
		TLSHandshakeStart: func() { t.first(&t.tlsStart) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				t.last(&t.tlsEnd)
			}
		},
		GotConn: func(info httptrace.GotConnInfo) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.got = time.Now()
			if address := info.Conn.RemoteAddr(); address != nil {
				t.remote = address.String()
			}
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				t.first(&t.sent)
			}
		},
		GotFirstResponseByte: func() { t.first(&t.firstByte) },
	}
}

// In gives a context in which the parts of the exchange are noted.
func (t *Trace) In(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, t.Hooks())
}

// connected notes a connection that no transport made.
func (t *Trace) connected(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connectEnd = time.Now()
	if address := conn.RemoteAddr(); address != nil {
		t.remote = address.String()
	}
}

// Sent notes that what is asked has been written, where no transport does.
func (t *Trace) Sent() { t.first(&t.sent) }

// Received notes the first byte of an answer.
func (t *Trace) Received() { t.first(&t.firstByte) }

// Finish ends the exchange. Only the first call counts.
func (t *Trace) Finish() { t.first(&t.end) }

// Answered says that a byte of an answer came.
func (t *Trace) Answered() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.firstByte.IsZero()
}

// Connected says that there was a connection to send the request on.
func (t *Trace) Connected() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.got.IsZero()
}

// Timings are the parts of the time, and the address that answered.
func (t *Trace) Timings() (check.Timings, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return check.Timings{
		DNS:       between(t.dnsStart, t.dnsEnd),
		Connect:   between(t.connectStart, t.connectEnd),
		TLS:       between(t.tlsStart, t.tlsEnd),
		FirstByte: between(t.start, t.firstByte),
		Total:     between(t.start, t.end),
	}, t.remote
}

// Stage says how far an exchange came that has no answer.
func (t *Trace) Stage() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.sent.IsZero() && !t.connectStart.IsZero():
		return "connected in " + Shown(between(t.connectStart, t.connectEnd)) + ", request sent"
	case !t.sent.IsZero():
		return "connected, request sent"
	case !t.got.IsZero():
		return "connected, sending the request"
	case !t.tlsStart.IsZero():
		return "connected, in the TLS handshake"
	case !t.dnsStart.IsZero() && t.dnsEnd.IsZero():
		return "looking the host up"
	}
	return "connecting"
}

func between(from, to time.Time) time.Duration {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return to.Sub(from)
}

// Shown rounds a time to what a reader takes in.
func Shown(d time.Duration) string {
	switch {
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(time.Millisecond)
	default:
		d = d.Round(time.Microsecond)
	}
	return d.String()
}

// Took is the time from a moment to the end of the exchange; 0 where it has none yet.
func (t *Trace) Took(since time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return between(since, t.end)
}
