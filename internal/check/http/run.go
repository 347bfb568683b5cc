package httpcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// maxHeader bounds the head of an answer, in bytes; what load balancers pass on is far below.
const maxHeader = 256 << 10

// run is one asking, redirects included.
type run struct {
	session *Session // nil where the request stands alone
	check   *Check
	scope   check.Scope
	lookup  strictyaml.Lookup
	logger  *slog.Logger
	began   time.Time
	side    check.Side // that the first request asks
	sender  *http.Transport
	client  *clientCertificate
	seen    []check.Request
}

func newRun(c *Check, scope check.Scope) *run {
	r := &run{check: c, scope: scope, lookup: lookupOf(scope), logger: scope.Logger, began: time.Now()}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	return r
}

func (r *run) do(ctx context.Context) check.Result {
	x, result, err := r.ask(ctx)
	switch {
	case err != nil:
		return check.Result{Outcome: check.Inconclusive, Reason: r.check.Title() + ": " + strictyaml.OneLine(err.Error())}
	case result.Reason != "":
		result.Reason = x.hop.title() + ": " + result.Reason
	}
	return result
}

// ask sends the request and judges the last answer, without naming the request in the reason. The error is why there could
// be no request.
func (r *run) ask(ctx context.Context) (*exchange, check.Result, error) {
	first, err := r.firstHop()
	if err == nil {
		err = r.connectWith(first, hostname(r.side.Host))
	}
	if err != nil {
		return nil, check.Result{}, err
	}
	// It also ends dials that nobody waits for any more.
	defer func() { r.sender.CloseIdleConnections() }()
	x := r.follow(ctx, first)
	result := r.check.Expect.result(ctx, x, r.lookup)
	result.Requests, result.Reason = r.seen, strictyaml.OneLine(result.Reason)
	return x, result, nil
}

// connectWith makes the transport. It is a new one for each run, and each of its requests has a connection of its own:
// one that is kept stays with the target that it reached behind a network load balancer, and a warm function would go
// on asking the old version after traffic has shifted. The server's name is for certificates, where neither the URL nor
// the plan says which.
func (r *run) connectWith(first *hop, serverName string) error {
	config, client, err := r.check.Request.TLS.config(r.check.network, r.lookup)
	if err != nil {
		return err
	}
	if config.ServerName == "" {
		config.ServerName = serverName
	}
	r.client = client
	r.sender = &http.Transport{
		DialContext:            r.check.network.Dial,
		Proxy:                  r.check.network.Proxy,
		OnProxyConnectResponse: proxyAnswer,
		TLSClientConfig:        config,
		ForceAttemptHTTP2:      first.url.Scheme == "https" || r.check.Request.Redirects.OtherHosts, // preparing for it takes time
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxHeader,
	}
	return nil
}

// hop is one request of a chain of redirects.
type hop struct {
	method string
	url    *url.URL
	host   string // in place of the URL's
	header http.Header
	body   []byte
	// ownCookies: the plan says which cookies the request has.
	ownCookies bool
	jar        http.CookieJar // nil: none
}

// String identifies the request: what is asked again is a loop.
func (h *hop) String() string { return h.method + " " + h.url.String() }

// title names the request in a reason.
func (h *hop) title() string { return titled(h.method, h.url.String()) }

func titled(method, address string) string {
	s := method + " " + shownURL(address)
	const most = 200
	if len(s) > most {
		s = s[:most-3] + "…"
	}
	return s
}

func (r *run) firstHop() (*hop, error) {
	request := &r.check.Request
	u, side, err := request.resolve(r.scope, r.lookup)
	if err != nil {
		return nil, err
	}
	r.side = side
	body, contentType, err := request.content(r.lookup)
	if err != nil {
		return nil, err
	}
	h := &hop{method: request.method(), url: u, host: side.Host, header: http.Header{}, body: body, jar: r.session.jarOrNone()}
	for name, values := range side.Headers {
		h.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if contentType != "" {
		h.header.Set("Content-Type", contentType)
	}
	if r.scope.UserAgent != "" {
		h.header.Set("User-Agent", r.scope.UserAgent)
	}
	for _, entry := range request.Headers {
		value, err := entry.Value.Expand(r.lookup)
		if err != nil {
			return nil, err
		}
		if !isHeaderValue(value) {
			return nil, fmt.Errorf("%s: the value of the header %s holds a line break or another control character", entry.At, entry.Key)
		}
		if name := http.CanonicalHeaderKey(entry.Key); name == "Host" {
			h.host = value
		} else {
			h.header.Set(name, value)
			h.ownCookies = h.ownCookies || name == "Cookie"
		}
	}
	return h, nil
}

// content gives a request's body and its type.
func (r *Request) content(lookup strictyaml.Lookup) ([]byte, string, error) {
	switch {
	case !r.Body.IsZero():
		text, err := r.Body.Expand(lookup)
		return []byte(text), "", err
	case !r.JSON.IsZero():
		value, err := r.JSON.Expand(lookup)
		if err != nil {
			return nil, "", err
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(value); err != nil {
			return nil, "", fmt.Errorf("%s: writing the body as JSON: %w", r.JSON.Position(), err)
		}
		return bytes.TrimSuffix(b.Bytes(), []byte("\n")), "application/json", nil
	case r.Form != nil:
		form, err := values(r.Form, lookup)
		return []byte(form.Encode()), "application/x-www-form-urlencoded", err
	}
	return nil, "", nil
}

// follow sends the request, and those that its answers redirect to.
func (r *run) follow(ctx context.Context, h *hop) *exchange {
	var before []string
	for {
		before = append(before, h.String())
		x, following := r.exchange(ctx, h, before)
		r.note(ctx, x)
		if following == nil {
			return x
		}
		if r.side.Host != "" && !sameOrigin(h.url, following.url) {
			r.sender.CloseIdleConnections()
			if err := r.connectWith(following, ""); err != nil {
				x.err = err
				return x
			}
		}
		h = following
	}
}

// exchange is a request and as much of its answer as came.
type exchange struct {
	hop    *hop
	trace  *trace
	client *clientCertificate
	began  time.Time // of the whole run
	now    func() time.Time
	within time.Duration

	answer *http.Response // nil: none came
	body   []byte         // where an expectation needs it
	size   int64
	cut    bool  // the body is longer than what is read
	err    error // why there is no whole answer
}

func (r *run) exchange(ctx context.Context, h *hop, before []string) (*exchange, *hop) {
	x := &exchange{hop: h, trace: newTrace(), client: r.client, began: r.began, now: r.check.network.Now}
	if deadline, ok := ctx.Deadline(); ok {
		x.within = deadline.Sub(r.began)
	}
	defer x.trace.finish()
	answer, err := r.sender.RoundTrip(h.request(httptrace.WithClientTrace(ctx, x.trace.hooks())))
	if err != nil {
		x.err = err
		return x, nil
	}
	defer func() { _ = answer.Body.Close() }()
	x.answer = answer
	r.session.take(x)
	following, err := h.next(x.answer, r.check.Request.Redirects, before)
	if err != nil || following != nil {
		x.err = err
		return x, following
	}
	x.read(r.session != nil || r.check.Expect.needsBody())
	return x, nil
}

func (h *hop) request(ctx context.Context) *http.Request {
	q := (&http.Request{
		Method: h.method, URL: h.url, Host: h.host, Header: h.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	h.addCookies(q)
	if len(h.body) > 0 {
		q.Body, q.ContentLength = io.NopCloser(bytes.NewReader(h.body)), int64(len(h.body))
		q.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(h.body)), nil }
	}
	return q
}

// read takes the body, up to MaxBody, and keeps it where it is needed.
func (x *exchange) read(keep bool) {
	if x.answer.StatusCode == http.StatusSwitchingProtocols {
		return // what follows is another protocol's
	}
	var kept bytes.Buffer
	to := io.Discard
	if keep {
		if announced := x.answer.ContentLength; announced > 0 && announced <= MaxBody {
			kept.Grow(int(announced) + bytes.MinRead) // room to see the end, too
		}
		to = &kept
	}
	x.size, x.err = io.Copy(to, io.LimitReader(x.answer.Body, MaxBody+1))
	if x.size > MaxBody {
		x.size, x.cut = MaxBody, true
	}
	x.body = kept.Bytes()
}

// note keeps what was seen for reports, and logs it.
func (r *run) note(ctx context.Context, x *exchange) {
	timings, remote := x.trace.timings()
	seen := check.Request{Method: x.hop.method, URL: shownURL(x.hop.url.String()), Remote: remote, Size: x.size, Timings: timings}
	if x.answer != nil {
		seen.Status = x.answer.StatusCode
	}
	if x.err != nil {
		seen.Err = strictyaml.OneLine(x.problem(ctx).reason)
	}
	r.seen = append(r.seen, seen)
	attrs := []slog.Attr{
		slog.String("method", seen.Method), slog.String("url", seen.URL), slog.Int("status", seen.Status),
		slog.Int64("size", seen.Size), slog.String("remote", seen.Remote),
		slog.Group("ms",
			milliseconds("dns", timings.DNS), milliseconds("connect", timings.Connect), milliseconds("tls", timings.TLS),
			milliseconds("first_byte", timings.FirstByte), milliseconds("total", timings.Total)),
	}
	attrs = append(attrs, x.hop.carried(r.side)...)
	if seen.Err != "" {
		attrs = append(attrs, slog.String("error", seen.Err))
	}
	r.logger.LogAttrs(ctx, slog.LevelDebug, "request", attrs...)
}

// carried shows what a request has so that a listener's rule sends it to its side.
func (h *hop) carried(side check.Side) []slog.Attr {
	var attrs []slog.Attr
	if h.host != "" {
		attrs = append(attrs, slog.String("host", h.host))
	}
	var headers []any
	for _, name := range slices.Sorted(maps.Keys(side.Headers)) {
		if values := h.header.Values(name); len(values) > 0 && slices.Equal(values, side.Headers[name]) {
			headers = append(headers, slog.String(name, strings.Join(values, ", ")))
		}
	}
	if len(headers) > 0 {
		attrs = append(attrs, slog.Group("headers", headers...))
	}
	return attrs
}

// milliseconds are what people compare times of requests in; three digits behind the point are microseconds.
func milliseconds(key string, d time.Duration) slog.Attr {
	return slog.Float64(key, float64(d.Microseconds())/1000)
}

// seen is the answer as assertions know it.
func (x *exchange) seen(body any) expect.Answer {
	return expect.Answer{Status: x.answer.StatusCode, Duration: x.took(), Header: x.answer.Header, Body: body, Size: x.size}
}

// took is the time from the first request's start to the last byte read.
func (x *exchange) took() time.Duration {
	x.trace.mu.Lock()
	defer x.trace.mu.Unlock()
	return between(x.began, x.trace.end)
}
