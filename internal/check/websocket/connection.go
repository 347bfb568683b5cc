package websocketcheck

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6455 has it show that a server speaks the protocol; nothing is secured by it
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// maxHeader bounds the head of the handshake's answer, in bytes.
const maxHeader = 64 << 10

// connection is one asking.
type connection struct {
	check  *Check
	asking *network.Asking
	scope  check.Scope
	lookup strictyaml.Lookup

	side      check.Side
	request   *http.Request
	transport *http.Transport
	key       string
	shown     string // the URL, of ws or wss

	began  time.Time
	status int
	size   int64
	found  expect.Mismatches

	stream io.ReadWriteCloser
	frames *bufio.Reader
	over   bool // a close frame was sent
}

// prepare makes the handshake's request and what it is sent with.
func (x *connection) prepare() error {
	u, side, err := x.target()
	if err != nil {
		return err
	}
	x.shown = "ws" + strings.TrimPrefix(u.String(), "http")
	config, client, err := x.check.Connection.TLS.Config(x.asking.Network, x.lookup)
	if err != nil {
		return err
	}
	if config.ServerName == "" {
		config.ServerName = network.Hostname(side.Host)
	}
	x.transport = &http.Transport{
		DialContext: x.asking.Network.Dial, Proxy: x.asking.Network.Proxy, TLSClientConfig: config, Protocols: new(http.Protocols),
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader, OnProxyConnectResponse: network.ProxyAnswer,
	}
	x.transport.Protocols.SetHTTP1(true)
	if u.Scheme == "https" {
		x.asking.Client = client
	}
	x.side = side
	header, host, err := x.header(side)
	x.request = &http.Request{Method: http.MethodGet, URL: u, Host: host, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	return err
}

// target gives the URL of the handshake, of http or https, and the side that it leads to.
func (x *connection) target() (*url.URL, check.Side, error) {
	c := &x.check.Connection
	written, err := c.target().ExpandFunc(x.lookup, network.EscapeURL)
	if err != nil {
		return nil, check.Side{}, err
	}
	if !c.URL.IsZero() && !strings.HasPrefix(written, "/") {
		u, err := network.ParseURL(written, schemes...)
		if err != nil {
			return nil, check.Side{}, err
		}
		u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
		return u, network.SideAt(u, c.URL.Names(), x.scope), nil
	}
	path, err := network.ParsePath(written)
	if err != nil {
		return nil, check.Side{}, err
	}
	if x.scope.Green.URL == "" {
		return nil, check.Side{}, network.NoGreen(x.scope.Lookup)
	}
	green, err := network.ParseURL(x.scope.Green.URL, "http", "https")
	if err != nil {
		return nil, check.Side{}, fmt.Errorf("green's URL: %w", err)
	}
	u, err := network.JoinURL(green, path)
	return u, x.scope.Green, err
}

func (x *connection) header(side check.Side) (http.Header, string, error) {
	h, host := http.Header{}, side.Host
	for name, values := range side.Headers {
		h[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if x.scope.UserAgent != "" {
		h.Set("User-Agent", x.scope.UserAgent)
	}
	for _, entry := range x.check.Connection.Headers {
		value, err := entry.Value.Expand(x.lookup)
		if err != nil {
			return nil, "", err
		}
		if !network.IsHeaderValue(value) {
			return nil, "", fmt.Errorf("%s: the value of the header %s holds a line break or another control character", entry.At, entry.Key)
		}
		if name := http.CanonicalHeaderKey(entry.Key); name == "Host" {
			host = value
		} else {
			h.Set(name, value)
		}
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	x.key = base64.StdEncoding.EncodeToString(random[:])
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	h.Set("Sec-WebSocket-Version", "13")
	h.Set("Sec-WebSocket-Key", x.key)
	if len(x.check.Connection.Subprotocols) > 0 {
		h.Set("Sec-WebSocket-Protocol", strings.Join(x.check.Connection.Subprotocols, ", "))
	}
	return h, host, nil
}

func (x *connection) run(ctx context.Context) check.Result {
	x.began = time.Now()
	defer x.transport.CloseIdleConnections()
	answer, err := x.transport.RoundTrip(x.request.WithContext(x.asking.Trace.In(ctx)))
	if err != nil {
		return x.problem(ctx, err, "").Result()
	}
	defer func() { _ = answer.Body.Close() }()
	x.status = answer.StatusCode
	if result, ok := x.handshake(answer); !ok {
		return result
	}
	if x.status == http.StatusSwitchingProtocols {
		if result, ok := x.exchange(ctx, answer); !ok {
			return result
		}
	}
	x.asking.Trace.Finish()
	if x.check.Expect.Duration != nil {
		m, err := x.check.Expect.Duration.Judge(x.asking.Trace.Took(x.began), x.lookup)
		x.found.Add(err, m)
	}
	return network.Judged(&x.found)
}

func (x *connection) problem(ctx context.Context, err error, stage string) network.Problem {
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, http.ErrSchemeMismatch), network.NotTLS(err):
		return network.Wrong("the server doesn't speak TLS on this port: should the URL begin with ws://?")
	case strings.Contains(err.Error(), "malformed HTTP"):
		return network.Wrong("the answer is not HTTP: %s", network.Plainly(err))
	}
	return x.asking.Problem(ctx, err, stage)
}

// handshake judges its answer; it gives false where the check is over.
func (x *connection) handshake(answer *http.Response) (check.Result, bool) {
	e := &x.check.Expect
	if m := x.judgeStatus(answer); m != nil {
		result := check.Result{Outcome: check.Failed, Reason: m.String()}
		if fromLoadBalancer(answer) {
			result.Reason += " (from the load balancer itself)"
			result.Retry = check.RetrySpreading
		}
		return result, false
	}
	if answer.StatusCode == http.StatusSwitchingProtocols {
		if reason := x.misspoken(answer.Header); reason != "" {
			return network.Wrong("the handshake is not one of WebSocket: %s", reason).Result(), false
		}
	}
	for i := range e.Headers {
		h := &e.Headers[i]
		subject, values := "header "+strings.ToLower(h.Key), answer.Header.Values(h.Key)
		m, err := h.Value.Judge(subject, strings.Join(values, ", "), x.lookup)
		if len(values) == 0 {
			m, err = h.Value.Missing(subject, x.lookup)
		}
		x.found.Add(err, m)
	}
	if e.Subprotocol != nil {
		chosen := answer.Header.Get("Sec-WebSocket-Protocol")
		m, err := e.Subprotocol.Judge("the subprotocol", chosen, x.lookup)
		if chosen == "" {
			m, err = e.Subprotocol.Missing("the subprotocol", x.lookup)
		}
		x.found.Add(err, m)
	}
	if e.Certificate != nil {
		state := answer.TLS
		if state == nil {
			x.found.Add(nil, &expect.Mismatch{Subject: "certificate", Got: "missing, the connection isn't one of wss", Expected: "one"})
		} else {
			all, err := e.Certificate.Judge(state.PeerCertificates[0], x.asking.Network.Now(), x.lookup)
			x.found.Add(err, all...)
		}
	}
	return check.Result{}, true
}

func (x *connection) judgeStatus(answer *http.Response) *expect.Mismatch {
	if x.check.Expect.Status != nil {
		return x.check.Expect.Status.Judge(answer.StatusCode)
	}
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	return &expect.Mismatch{Subject: "status", Got: strconv.Itoa(answer.StatusCode), Expected: "101"}
}

// fromLoadBalancer says that an Application Load Balancer made the answer itself, as it does while its rules spread:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func fromLoadBalancer(answer *http.Response) bool {
	switch answer.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return strings.HasPrefix(answer.Header.Get("Server"), "awselb/")
	}
	return false
}

// misspoken says what of an answer with 101 is against RFC 6455, 4.1.
func (x *connection) misspoken(h http.Header) string {
	sum := sha1.Sum([]byte(x.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see the import
	chosen := h.Get("Sec-WebSocket-Protocol")
	switch {
	case !strings.EqualFold(h.Get("Upgrade"), "websocket"):
		return "upgrade is " + expect.Quote(h.Get("Upgrade"))
	case !slices.ContainsFunc(strings.Split(strings.Join(h.Values("Connection"), ","), ","), func(s string) bool {
		return strings.EqualFold(strings.TrimSpace(s), "upgrade")
	}):
		return "connection is " + expect.Quote(h.Get("Connection"))
	case h.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]):
		return "sec-websocket-accept doesn't belong to the key that was sent"
	case h.Get("Sec-WebSocket-Extensions") != "":
		return "the server chose the extension " + expect.Quote(h.Get("Sec-WebSocket-Extensions")) + ", and none was offered"
	case chosen != "" && !slices.Contains(x.check.Connection.Subprotocols, chosen):
		return "the server chose the subprotocol " + expect.Quote(chosen) + ", which wasn't offered"
	}
	return ""
}

// exchange takes the steps; it gives false where the check is over.
func (x *connection) exchange(ctx context.Context, answer *http.Response) (check.Result, bool) {
	stream, ok := answer.Body.(io.ReadWriteCloser)
	if !ok {
		return network.Wrong("the connection can't be written to").Result(), false
	}
	x.stream, x.frames = stream, bufio.NewReader(stream)
	for i := range x.check.Connection.Exchange {
		if result, ok := x.step(ctx, &x.check.Connection.Exchange[i]); !ok {
			result.Reason = fmt.Sprintf("step %d: %s", i+1, result.Reason)
			return result, false
		}
	}
	// That it is over is told for the server's sake: nothing depends on whether it hears it.
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	_ = x.send(closing, []byte{1000 >> 8, 1000 & 0xff})
	stop()
	return check.Result{}, true
}

// send writes a frame, and nothing behind one that closes the connection.
func (x *connection) send(o opcode, payload []byte) error {
	if x.over {
		return nil
	}
	x.over = o == closing
	return writeFrame(x.stream, o, payload)
}

// step takes one of them, and ends what it waits for when its time is up.
func (x *connection) step(ctx context.Context, s *Step) (check.Result, bool) {
	sent, sends, err := s.sends(x.lookup)
	if err != nil {
		return network.Unasked(err).Result(), false
	}
	waiting := ctx
	if s.Expect != nil && s.Expect.Within > 0 {
		var cancel func()
		waiting, cancel = context.WithTimeout(ctx, time.Duration(s.Expect.Within))
		defer cancel()
	}
	stop := context.AfterFunc(waiting, func() { _ = x.stream.Close() })
	defer stop()
	x.asking.Answered = false
	if sends {
		if err := x.send(sent.opcode, sent.payload); err != nil {
			return x.unheard(ctx, waiting, s, err), false
		}
	}
	if s.Expect == nil {
		return check.Result{}, true
	}
	return x.await(ctx, waiting, s)
}

// await reads until a message fits, or as many have come as may be skipped.
func (x *connection) await(ctx, waiting context.Context, s *Step) (check.Result, bool) {
	for skipped := 0; ; skipped++ {
		got, err := readMessage(x.frames, func(o opcode, payload []byte) { _ = x.send(o, payload) })
		if err != nil {
			return x.ended(ctx, waiting, s, err)
		}
		x.asking.Answered = true
		x.size += int64(len(got.payload))
		found := s.Expect.judge(got, x.lookup)
		switch {
		case len(found.All()) == 0 && found.Err() == nil:
			return check.Result{}, true
		case len(found.All()) == 0, skipped >= s.Expect.Skip:
			result := network.Judged(found)
			if skipped > 0 {
				result.Reason += fmt.Sprintf(", as of %d messages before it", skipped)
			}
			return result, false
		}
	}
}

// ended is what it means that no message came: that the server closed the connection may be what was expected.
func (x *connection) ended(ctx, waiting context.Context, s *Step, err error) (check.Result, bool) {
	var end closed
	if !errors.As(err, &end) {
		return x.unheard(ctx, waiting, s, err), false
	}
	m := &expect.Mismatch{Subject: "the connection", Got: end.Error(), Expected: "a message"}
	switch {
	case s.Expect.Close == end.code:
		return check.Result{}, true
	case s.Expect.Close != 0:
		m.Expected = strconv.Itoa(s.Expect.Close)
	}
	return check.Result{Outcome: check.Failed, Reason: m.String()}, false
}

func (x *connection) unheard(ctx, waiting context.Context, s *Step, err error) check.Result {
	var bad protocolError
	switch {
	case errors.As(err, &bad):
		return network.Wrong("the server speaks against the protocol: %s", bad).Result()
	case ctx.Err() == nil && waiting.Err() != nil:
		return network.Silent("%s didn't come within %s", s.Expect.named(), s.Expect.Within).Result()
	case ctx.Err() != nil:
		return x.problem(ctx, ctx.Err(), "connected, waiting for a message").Result()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return network.Silent("the connection broke without a close frame").Result()
	}
	return x.problem(ctx, err, "").Result()
}

// named says what is waited for.
func (m *Message) named() string {
	switch {
	case m.Close != 0:
		return "the end of the connection"
	case m.Skip > 0:
		return "a message that fits"
	}
	return "a message"
}
