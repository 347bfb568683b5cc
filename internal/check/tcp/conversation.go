package tcpcheck

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func number(i int) string { return strconv.Itoa(i) }

// conversation is one connection, and what was said on it.
type conversation struct {
	check    *Check
	asking   *network.Asking
	endpoint network.Endpoint
	lookup   strictyaml.Lookup

	conn net.Conn
	// unread is what has come and belongs to no line that was taken yet; left is how much more is read.
	unread []byte
	left   int
	began  time.Time
	found  expect.Mismatches
}

func (t *conversation) run(ctx context.Context) check.Result {
	t.began = time.Now()
	conn, err := t.asking.Connect(ctx, t.endpoint.Address)
	if err != nil {
		return t.asking.Problem(ctx, err, "").Result()
	}
	defer func() { _ = conn.Close() }()
	t.conn = conn
	if t.check.Probe.TLS != nil && !t.check.startsLater() {
		if result, ok := t.secure(ctx); !ok {
			return result
		}
	}
	for _, turn := range t.check.turns() {
		if result, ok := t.take(ctx, turn); !ok {
			return result
		}
	}
	t.asking.Trace.Finish()
	if t.check.Expect.Duration != nil {
		m, err := t.check.Expect.Duration.Judge(t.asking.Trace.Took(t.began), t.lookup)
		t.found.Add(err, m)
	}
	return network.Judged(&t.found)
}

// secure makes the connection one of TLS. What came before the handshake and wasn't waited for would be taken for a part
// of what is secured: that is an attack, or a server that speaks out of turn.
func (t *conversation) secure(ctx context.Context) (check.Result, bool) {
	if len(t.unread) > 0 {
		return network.Wrong("before the TLS handshake the server said %s, out of turn", expect.Quote(string(t.unread))).Result(), false
	}
	options := t.check.Probe.TLS
	if options == nil {
		options = &network.TLS{}
	}
	secured, err := t.asking.Secure(ctx, t.conn, options, t.endpoint, t.lookup, nil)
	switch {
	case network.ThisSide(err):
		return network.Unasked(err).Result(), false
	case err != nil:
		return t.asking.Problem(ctx, err, "").Result(), false
	}
	t.conn = secured
	t.certificate(secured)
	return check.Result{}, true
}

func (t *conversation) certificate(secured *tls.Conn) {
	if t.check.Expect.Certificate == nil {
		return
	}
	all, err := t.check.Expect.Certificate.Judge(secured.ConnectionState().PeerCertificates[0], t.asking.Network.Now(), t.lookup)
	t.found.Add(err, all...)
}

// take is one turn; it gives false where the conversation is over.
func (t *conversation) take(ctx context.Context, turn turn) (check.Result, bool) {
	t.asking.Answered = false
	if !turn.Send.IsZero() {
		text, err := turn.Send.Bytes(t.lookup)
		if err != nil {
			return network.Unasked(err).Result(), false
		}
		if _, err := t.conn.Write(text); err != nil {
			return t.asking.Problem(ctx, err, "connected, sending").Result(), false
		}
		t.asking.Trace.Sent()
	}
	if turn.Expect != nil {
		await := t.await
		if turn.Expect.line == nil {
			await = t.awaitBytes
		}
		if result, ok := await(ctx, turn); !ok {
			return result, false
		}
	}
	if turn.StartTLS {
		return t.secure(ctx)
	}
	return check.Result{}, true
}

// awaitBytes reads until as many bytes have come as are expected, or one that isn't expected has. What follows them is left to
// the next turn.
func (t *conversation) awaitBytes(ctx context.Context, turn turn) (check.Result, bool) {
	want, err := turn.Expect.bytes.Expand(t.lookup)
	if err != nil {
		return network.Unasked(err).Result(), false
	}
	for {
		if at, wrong := differs(want, t.unread); wrong {
			m := turn.Expect.mismatch(turn.subject, want, t.unread, at)
			m.Got += " (" + ordinal(at) + " differs)"
			return failed(m), false
		}
		if len(t.unread) >= len(want) {
			t.unread = t.unread[len(want):]
			return check.Result{}, true
		}
		if err := t.read(); err != nil {
			return t.unheardBytes(ctx, turn, want, err), false
		}
	}
}

// unheardBytes is the outcome where not all of the bytes came. That those that did are right proves nothing.
func (t *conversation) unheardBytes(ctx context.Context, turn turn, want []network.Octet, err error) check.Result {
	closed, full := errors.Is(err, io.EOF), errors.Is(err, errTooMuch)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return network.Cancelled().Result()
	case len(t.unread) == 0, !closed && !full:
		return t.asking.Problem(ctx, err, "connected, waiting for "+turn.subject).Result()
	}
	m := turn.Expect.mismatch(turn.subject, want, t.unread, len(t.unread))
	if full {
		m.Got += ", and " + err.Error()
	} else {
		m.Got += ", after which the connection was closed"
	}
	return failed(m)
}

// await reads until the expectation is true, or can't become true any more.
func (t *conversation) await(ctx context.Context, turn turn) (check.Result, bool) {
	expected := turn.Expect.line
	var said []byte // whole lines that did not match
	for {
		line, whole := t.next()
		if whole || expected.IsPattern() && len(line) > 0 {
			m, err := expected.Judge(turn.subject, strings.TrimRight(string(line), "\r\n"), t.lookup)
			switch {
			case err != nil:
				return network.Unasked(err).Result(), false
			case m == nil:
				t.unread = t.unread[len(line):]
				return check.Result{}, true
			case whole && !expected.IsPattern():
				return failed(m), false
			}
		}
		if whole {
			said, t.unread = append(said, line...), t.unread[len(line):]
			continue
		}
		if err := t.read(); err != nil {
			return t.unheard(ctx, turn, said, err)
		}
	}
}

// next gives the line that has come first, with its end, or as much of it as has come.
func (t *conversation) next() (line []byte, whole bool) {
	if end := bytes.IndexByte(t.unread, '\n'); end >= 0 {
		return t.unread[:end+1], true
	}
	return t.unread, false
}

var errTooMuch = fmt.Errorf("over %d KiB came, the most that is read", MaxAnswer>>10)

func (t *conversation) read() error {
	if t.left == 0 {
		return errTooMuch
	}
	part := make([]byte, min(4<<10, t.left))
	n, err := t.conn.Read(part)
	if n > 0 {
		t.asking.Trace.Received()
		t.asking.Answered = true
		t.unread, t.left = append(t.unread, part[:n]...), t.left-n
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// unheard is the outcome where what was expected didn't come. Of a server that said something whole, and something else,
// it is a wrong answer.
func (t *conversation) unheard(ctx context.Context, turn turn, said []byte, err error) (check.Result, bool) {
	expected := turn.Expect.line
	closed, full := errors.Is(err, io.EOF), errors.Is(err, errTooMuch)
	all := string(said) + string(t.unread)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return network.Cancelled().Result(), false
	case all == "", len(said) == 0 && !closed && !full:
		return t.asking.Problem(ctx, err, "connected, waiting for "+turn.subject).Result(), false
	}
	m, judging := expected.Judge(turn.subject, strings.TrimRight(all, "\r\n"), t.lookup)
	switch {
	case judging != nil:
		return network.Unasked(judging).Result(), false
	case m == nil && !expected.IsPattern(): // a last line without an end
		t.unread = nil
		return check.Result{}, true
	case m == nil: // the lines together match, and none of them
		m, _ = expected.Missing(turn.subject, t.lookup)
	}
	m.Got = expect.Quote(all)
	switch {
	case closed:
		m.Got += ", after which the connection was closed"
	case full:
		m.Got += ", and " + err.Error()
	default:
		m.Got += ", and nothing more came" + t.asking.WithinTime()
	}
	return failed(m), false
}

func failed(m *expect.Mismatch) check.Result {
	return check.Result{Outcome: check.Failed, Reason: m.String()}
}
