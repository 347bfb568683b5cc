package elb

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"sync"
	"time"
)

// keptConnections is how many idle connections to a target are kept.
const keptConnections = 64

// upstream holds the idle connections to one target. A request without a body is written and its
// answer read by the goroutine that serves the client: what [http.Transport] does between two
// goroutines of its own for each connection is most of what a load balancer would add to a request.
// Requests with a body, which may be answered before they are sent, and upgrades are the transport's.
type upstream struct {
	address string
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	timeout time.Duration // until the answer's header, and for an idle connection

	mu     sync.Mutex
	idle   []*upstreamConn
	closed bool
}

type upstreamConn struct {
	net.Conn
	in    *bufio.Reader
	out   *bufio.Writer
	since time.Time // when it became idle
}

func (lb *LoadBalancer) newUpstream(target *url.URL) *upstream {
	return &upstream{
		address: net.JoinHostPort(target.Hostname(), cmp.Or(target.Port(), "80")),
		dial:    lb.transport.DialContext, timeout: lb.config.IdleTimeout,
	}
}

func (g *TargetGroup) closeUpstreams() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.targets {
		t.upstream.close()
	}
}

// simple tells whether a request can be exchanged by an [upstream].
func simple(r *http.Request) bool {
	return (r.Body == nil || r.Body == http.NoBody) && r.Header.Get("Upgrade") == "" && r.Header.Get("Expect") == ""
}

// exchange sends a request and reads the answer's header. The body reads on.
func (u *upstream) exchange(r *http.Request) (*http.Response, error) {
	for {
		conn, reused, err := u.take(r.Context())
		if err != nil {
			return nil, err
		}
		resp, unused, err := u.ask(conn, r)
		if err == nil {
			return resp, nil
		}
		_ = conn.Close()
		// A target may close an idle connection at any time. One that has said nothing to a request
		// on it hasn't seen the request.
		if !reused || !unused || r.Context().Err() != nil {
			return nil, err
		}
	}
}

// ask makes the exchange on a connection; unused says that the target ended it without a byte.
func (u *upstream) ask(conn *upstreamConn, r *http.Request) (resp *http.Response, unused bool, err error) {
	ctx := r.Context()
	cancelled := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		if err != nil && !cancelled() {
			err = context.Cause(ctx)
		}
	}()
	_ = conn.SetReadDeadline(time.Now().Add(u.timeout))
	if err := r.Write(conn.out); err != nil {
		return nil, true, err
	}
	if err := conn.out.Flush(); err != nil {
		return nil, true, err
	}
	if _, err := conn.in.Peek(1); err != nil {
		timeout := net.Error(nil)
		return nil, !errors.As(err, &timeout) || !timeout.Timeout(), err
	}
	for {
		if resp, err = http.ReadResponse(conn.in, r); err != nil {
			return nil, false, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			break
		}
		if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.Got1xxResponse != nil {
			if err := trace.Got1xxResponse(resp.StatusCode, textproto.MIMEHeader(resp.Header)); err != nil {
				return nil, false, err
			}
		}
	}
	_ = conn.SetReadDeadline(time.Time{})
	body := &upstreamBody{ReadCloser: resp.Body, upstream: u, conn: conn, cancelled: cancelled, reusable: !resp.Close}
	if resp.Body == http.NoBody {
		body.end(true) // the client may have the whole answer, and ask again, before anybody reads on
	}
	resp.Body = body
	return resp, false, nil
}

// take returns an idle connection, the one that was used last, or else a new one.
func (u *upstream) take(ctx context.Context) (conn *upstreamConn, reused bool, err error) {
	u.mu.Lock()
	for len(u.idle) > 0 {
		conn = u.idle[len(u.idle)-1]
		u.idle = u.idle[:len(u.idle)-1]
		if time.Since(conn.since) < u.timeout {
			u.mu.Unlock()
			return conn, true, nil
		}
		_ = conn.Close()
	}
	u.mu.Unlock()
	dialled, err := u.dial(ctx, "tcp", u.address)
	if err != nil {
		return nil, false, err
	}
	return &upstreamConn{Conn: dialled, in: bufio.NewReader(dialled), out: bufio.NewWriter(dialled)}, false, nil
}

// put keeps a connection for the next request.
func (u *upstream) put(conn *upstreamConn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed || len(u.idle) >= keptConnections {
		_ = conn.Close()
		return
	}
	conn.since = time.Now()
	u.idle = append(u.idle, conn)
}

// close ends the idle connections, and each of the others after its request.
func (u *upstream) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for _, conn := range u.idle {
		_ = conn.Close()
	}
	u.idle = nil
}

// upstreamBody gives its connection back when it has been read to its end.
type upstreamBody struct {
	io.ReadCloser
	upstream  *upstream
	conn      *upstreamConn
	cancelled func() bool // whether the request was still wanted; not called twice
	reusable  bool
	over      bool
}

func (b *upstreamBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end(errors.Is(err, io.EOF))
	}
	return n, err
}

func (b *upstreamBody) Close() error {
	b.end(false) // what wasn't read would be taken for the next answer
	return nil
}

func (b *upstreamBody) end(whole bool) {
	if b.over {
		return
	}
	b.over = true
	if wanted := b.cancelled(); wanted && whole && b.reusable && b.conn.in.Buffered() == 0 {
		b.upstream.put(b.conn)
		return
	}
	_ = b.conn.Close()
}
