package grpccheck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// maxHeader bounds the head and the trailer of an answer, in bytes; gRPC's own servers keep to 8 KiB.
const maxHeader = 64 << 10

// call is one asking.
type call struct {
	check  *Check
	scope  check.Scope
	asking *network.Asking
	lookup strictyaml.Lookup

	endpoint  network.Endpoint
	service   string
	request   *http.Request
	transport *http.Transport
	known     network.PriorKnowledge // where there is no TLS

	began      time.Time
	httpStatus int
	size       int64
}

// prepare makes the request and what it is sent with.
func (k *call) prepare() error {
	var err error
	if k.endpoint, err = k.check.Call.Address.Resolve(k.scope, k.lookup); err != nil {
		return err
	}
	if k.service, err = k.check.Call.Service.Expand(k.lookup); err != nil {
		return err
	}
	header, err := k.header()
	if err != nil {
		return err
	}
	authority, err := k.check.Call.Authority.Expand(k.lookup)
	if err != nil {
		return err
	}
	if authority == "" {
		authority = k.endpoint.Side.Host
	}
	body := request(k.service)
	target := &url.URL{Scheme: "http", Host: k.endpoint.Address, Path: "/grpc.health.v1.Health/Check"}
	if k.check.Call.TLS.secure(k.endpoint) {
		target.Scheme = "https"
	}
	k.request = &http.Request{
		Method: http.MethodPost, URL: target, Host: authority, Header: header, Proto: "HTTP/2.0", ProtoMajor: 2,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	return k.connectWith(target.Scheme == "https")
}

// connectWith makes the transport, a new one for each call as those of http checks are.
func (k *call) connectWith(secure bool) error {
	k.transport = &http.Transport{
		DialContext: k.asking.Network.Dial, Proxy: k.asking.Network.Proxy, Protocols: new(http.Protocols),
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader, OnProxyConnectResponse: network.ProxyAnswer,
	}
	if !secure {
		k.transport.Protocols.SetUnencryptedHTTP2(true)
		k.transport.Proxy = nil // a proxy of HTTP/1.1 has no way for it
		k.transport.DialContext = k.known.Over(k.transport.DialContext)
		return nil
	}
	k.transport.Protocols.SetHTTP2(true)
	config, client, err := k.check.Call.TLS.options.Config(k.asking.Network, k.lookup)
	if err != nil {
		return err
	}
	if config.ServerName == "" {
		config.ServerName = k.endpoint.ServerName()
	}
	k.transport.TLSClientConfig, k.asking.Client = config, client
	return nil
}

func (k *call) header() (http.Header, error) {
	h := http.Header{}
	for name, values := range k.endpoint.Side.Headers {
		h[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	for _, entry := range k.check.Call.Metadata {
		value, err := entry.Value.Expand(k.lookup)
		if err != nil {
			return nil, err
		}
		if !network.IsHeaderValue(value) {
			return nil, fmt.Errorf("%s: the value of the metadata %s holds a line break or another control character", entry.At, entry.Key)
		}
		h.Set(entry.Key, value)
	}
	h.Set("Content-Type", "application/grpc")
	h.Set("Te", "trailers")
	h.Set("Grpc-Accept-Encoding", "identity")
	h.Set("User-Agent", k.scope.UserAgent)
	return h, nil
}

// timeout writes the time that is left as the protocol has it, up to eight digits and a unit; empty: there is no end.
func timeout(ctx context.Context) string {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ""
	}
	left := max(time.Until(deadline), time.Millisecond).Milliseconds()
	const most = 99_999_999
	if left > most {
		return strconv.FormatInt(min(left/1000, most), 10) + "S"
	}
	return strconv.FormatInt(left, 10) + "m"
}

func (k *call) run(ctx context.Context) check.Result {
	k.began = time.Now()
	defer k.transport.CloseIdleConnections()
	if left := timeout(ctx); left != "" {
		k.request.Header.Set("Grpc-Timeout", left)
	}
	answer, err := k.transport.RoundTrip(k.request.WithContext(k.asking.Trace.In(ctx)))
	if err != nil {
		return k.problem(ctx, err).Result()
	}
	defer func() { _ = answer.Body.Close() }()
	k.httpStatus, k.asking.Answered = answer.StatusCode, true
	if p := notGRPC(answer); p != nil {
		return p.Result()
	}
	counted := &counter{Reader: answer.Body}
	got, err := response(counted)
	k.size = counted.read
	k.asking.Trace.Finish()
	end, known := endOf(answer.Trailer)
	if !known {
		end, known = endOf(answer.Header)
	}
	switch {
	case known && end.code != ok:
		return end.problem(k.service, fromLoadBalancer(answer.Header)).Result()
	case errors.Is(err, errFrame):
		return network.Wrong("%s", err).Result()
	case err != nil && !errors.Is(err, errNoMessage):
		return k.problem(ctx, err).Result()
	case !known:
		return network.Silent("the answer ended without a status of gRPC").Result()
	case err != nil:
		return network.Wrong("the answer is OK, and %s", err).Result()
	}
	return k.judge(answer, got)
}

// counter counts what is read.
type counter struct {
	io.Reader
	read int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += int64(n)
	return n, err
}

// notGRPC says what answered, where it wasn't a server of gRPC; nil where it was.
func notGRPC(answer *http.Response) *network.Problem {
	if answer.ProtoMajor != 2 {
		p := network.Wrong("the server doesn't speak HTTP/2 on this port, which gRPC needs: it answered with %s", answer.Proto)
		return &p
	}
	kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	if answer.StatusCode == http.StatusOK && (kind == "application/grpc" || strings.HasPrefix(kind, "application/grpc+")) {
		return nil
	}
	if answer.StatusCode == http.StatusOK {
		p := network.Wrong("the answer is not gRPC: its content-type is %s", expect.Quote(kind))
		return &p
	}
	p := network.Wrong("the answer is not gRPC: HTTP status %d (as a code: %s)", answer.StatusCode, mapped(answer.StatusCode))
	if fromLoadBalancer(answer.Header) {
		p.Reason += " (from the load balancer itself)"
		if mapped(answer.StatusCode) == unavailable && answer.StatusCode != http.StatusTooManyRequests {
			p.Retry = check.RetrySpreading
		}
	}
	return &p
}

// problem sorts what kept a call from being answered, among it servers that don't speak HTTP/2.
func (k *call) problem(ctx context.Context, err error) network.Problem {
	text := err.Error()
	switch {
	case ctx.Err() != nil:
		return k.asking.Problem(ctx, err, "")
	case strings.Contains(text, "received from peer"): // how Go's HTTP/2 tells of a reset stream
		return network.Silent("the stream was reset: %s", network.Plainly(err))
	case k.known.Older():
		return network.Wrong("the server doesn't speak HTTP/2 on this port, which gRPC needs: it answered in HTTP/1")
	case strings.Contains(text, "looked like an HTTP/1.1 header"), strings.Contains(text, "bad protocol"), strings.Contains(text, "no application protocol"),
		strings.Contains(text, "unexpected ALPN"), strings.Contains(text, "malformed HTTP response"):
		return network.Wrong("the server doesn't speak HTTP/2 on this port, which gRPC needs: %s", network.Plainly(err))
	}
	p := k.asking.Problem(ctx, err, "")
	if k.request.URL.Scheme == "http" && (gone(err) || strings.Contains(text, "client conn")) { // how Go's HTTP/2 tells of one that is over
		p.Reason = "the connection was closed before an answer; tls: true speaks TLS, if that is what the server waits for"
	}
	return p
}

// gone says that the other side has closed the connection.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

func (k *call) judge(answer *http.Response, got status) check.Result {
	var found expect.Mismatches
	e := &k.check.Expect
	want := e.Status
	if want == "" {
		want = serving
	}
	if got != want {
		found.Add(nil, &expect.Mismatch{Subject: "health", Got: string(got), Expected: string(want)})
	}
	if e.Duration != nil {
		m, err := e.Duration.Judge(k.asking.Trace.Took(k.began), k.lookup)
		found.Add(err, m)
	}
	switch {
	case e.Certificate == nil:
	case answer.TLS == nil:
		found.Add(nil, &expect.Mismatch{Subject: "certificate", Got: "missing, the connection isn't one of TLS", Expected: "one"})
	default:
		all, err := e.Certificate.Judge(answer.TLS.PeerCertificates[0], k.asking.Network.Now(), k.lookup)
		found.Add(err, all...)
	}
	return network.Judged(&found)
}
