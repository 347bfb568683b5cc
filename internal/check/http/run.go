package httpcheck

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
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
	asked   time.Time  // when the first request began
	side    check.Side // that the first request asks
	sender  *http.Transport
	client  *network.ClientCertificate
	known   network.PriorKnowledge // of h2c
	seen    []check.Request
	// secrets are what is left out of reports, each followed by what stands in its place.
	secrets []string
}

func newRun(c *Check, scope check.Scope) *run {
	r := &run{check: c, scope: scope, lookup: network.Lookup(scope), logger: scope.Logger, began: time.Now()}
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
		err = r.connectWith(first, network.Hostname(r.side.Host))
	}
	if err != nil {
		return nil, check.Result{}, err
	}
	// It also ends dials that nobody waits for any more.
	defer func() { r.sender.CloseIdleConnections() }()
	x := r.follow(ctx, first)
	result := r.check.Expect.result(ctx, x, r.side.URL, r.lookup)
	result.Requests, result.Reason = r.seen, r.masked(strictyaml.OneLine(result.Reason))
	return x, result, nil
}

// connectWith makes the transport. It is a new one for each run, and each of its requests has a connection of its own:
// one that is kept stays with the target that it reached behind a network load balancer, and a warm function would go
// on asking the old version after traffic has shifted. The server's name is for certificates, where neither the URL nor
// the plan says which.
func (r *run) connectWith(first *hop, serverName string) error {
	request := &r.check.Request
	mayBeTLS := first.url.Scheme == "https" || request.Redirects.OtherHosts
	config, client, err := request.secured(r.check.network, r.lookup, first, mayBeTLS)
	if err != nil {
		return err
	}
	if config != nil && config.ServerName == "" {
		config.ServerName = serverName
	}
	through, err := request.Resolve.over(r.check.network, r.lookup)
	if err != nil {
		return err
	}
	if err := request.Version.suits(first.url.Scheme); err != nil {
		return err
	}
	through = request.Version.over(through, &r.known)
	r.client = client
	r.sender = &http.Transport{
		DialContext:            through.Dial,
		Proxy:                  through.Proxy,
		OnProxyConnectResponse: network.ProxyAnswer,
		TLSClientConfig:        config,
		ForceAttemptHTTP2:      mayBeTLS, // preparing for it takes time
		Protocols:              request.Version.protocols(),
		DisableKeepAlives:      true,
		DisableCompression:     true, // what comes compressed is told, and decoded here
		MaxResponseHeaderBytes: maxHeader,
	}
	return nil
}

// secured makes what requests are secured with from a hop on; nil where there can be no TLS, and nothing that could be wrong is said
// of it. The client's certificate is for green alone.
func (r *Request) secured(n Network, lookup strictyaml.Lookup, h *hop, mayBe bool) (*tls.Config, *network.ClientCertificate, error) {
	options := r.TLS
	if !mayBe && options.CA.IsZero() && options.Cert.IsZero() && options.ServerName.IsZero() {
		return nil, &network.ClientCertificate{}, nil
	}
	if !h.home {
		options.Cert, options.Key = strictyaml.Text{}, strictyaml.Text{}
	}
	return options.Config(n, lookup)
}

// hop is one request of a chain of redirects.
type hop struct {
	method string
	url    *url.URL
	host   string // in place of the URL's
	header http.Header
	body   []byte
	// home: it goes to where the plan sends the first one, and may carry what is for that server.
	home bool
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
	if err := request.Resolve.leads(u, request.Redirects.OtherHosts); err != nil {
		return nil, err
	}
	body, contentType, err := request.content(r.lookup)
	if err != nil {
		return nil, err
	}
	h := &hop{method: request.method(), url: u, host: side.Host, header: http.Header{}, body: body, home: true, jar: r.session.jarOrNone()}
	for name, values := range side.Headers {
		h.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if contentType != "" {
		h.header.Set("Content-Type", contentType)
	}
	if r.scope.UserAgent != "" {
		h.header.Set("User-Agent", r.scope.UserAgent)
	}
	if request.Events > 0 {
		h.header.Set("Accept", eventStream)
	} else if h.method != http.MethodHead {
		h.header.Set("Accept-Encoding", "gzip")
	}
	for _, entry := range request.Headers {
		value, err := entry.Value.Expand(r.lookup)
		if err != nil {
			return nil, err
		}
		if !network.IsHeaderValue(value) {
			return nil, fmt.Errorf("%s: the value of the header %s holds a line break or another control character", entry.At, entry.Key)
		}
		if name := http.CanonicalHeaderKey(entry.Key); name == "Host" {
			h.host = value
		} else {
			h.header.Set(name, value)
			h.ownCookies = h.ownCookies || name == "Cookie"
		}
	}
	if h.header.Get("Range") != "" && !request.sets("accept-encoding") {
		h.header.Del("Accept-Encoding") // a part of a compressed body can't be decoded
	}
	return h, nil
}

// sets says that the plan sets a header, given in lower case.
func (r *Request) sets(name string) bool {
	return slices.ContainsFunc(r.Headers, func(h strictyaml.Entry[strictyaml.Text]) bool { return strings.EqualFold(h.Key, name) })
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
	case r.Multipart != nil:
		return r.Multipart.content(lookup)
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
		if (r.side.Host != "" || h.home && !r.check.Request.TLS.Cert.IsZero()) && !network.SameOrigin(h.url, following.url) {
			r.sender.CloseIdleConnections()
			if err := r.connectWith(following, ""); err != nil {
				x.err = unable{err}
				return x
			}
		}
		h = following
	}
}

// exchange is a request and as much of its answer as came.
type exchange struct {
	hop     *hop
	sent    *http.Request // with who asks
	trace   *network.Trace
	client  *network.ClientCertificate
	began   time.Time // of the first request
	now     func() time.Time
	within  time.Duration
	version httpVersion
	known   *network.PriorKnowledge

	answer *http.Response // nil: none came
	body   []byte         // where an expectation needs it, decoded
	size   int64          // of the decoded body
	came   int64          // of the body as it is sent
	coding string         // a coding of the body that isn't decoded
	events *events        // where some are waited for
	cut    bool           // the body is longer than what is read
	err    error          // why there is no whole answer
}

func (r *run) exchange(ctx context.Context, h *hop, before []string) (*exchange, *hop) {
	identify, err := r.identity(ctx, h)
	if r.asked.IsZero() {
		r.asked = time.Now() // a token is had before
	}
	x := &exchange{
		hop: h, known: &r.known, trace: network.NewTrace(), client: r.client, began: r.asked, within: network.TimeFrom(ctx, r.scope, r.began), now: r.check.network.Now,
		version: r.check.Request.Version,
	}
	defer x.trace.Finish()
	x.sent = h.request(httptrace.WithClientTrace(ctx, x.trace.Hooks()))
	if err == nil {
		err = identify(x.sent)
	}
	var answer *http.Response
	if err == nil {
		answer, err = r.sender.RoundTrip(x.sent)
	}
	if err != nil {
		x.err = err
		return x, nil
	}
	defer func() { _ = answer.Body.Close() }()
	x.answer = answer
	r.session.take(x)
	if x.version.isHTTP2() && answer.ProtoMajor != 2 { // where nothing is negotiated, Go's client goes on in 1.1
		x.err = x.version.unspoken()
		return x, nil
	}
	following, err := h.next(x.answer, r.check.Request.Redirects, before)
	if err != nil || following != nil {
		x.err = err
		return x, following
	}
	if n := r.check.Request.Events; n > 0 {
		x.events = &events{want: int(n)}
	}
	x.read(r.session != nil || r.scope.Recorder != nil || r.check.Expect.needsBody())
	return x, nil
}

func cloned(u *url.URL) *url.URL {
	other := *u
	return &other
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
	from := io.LimitReader(x.decoded(), MaxBody+1)
	if x.events != nil && x.isEventStream() {
		from = x.events.until(from)
	}
	x.size, x.err = io.Copy(to, from)
	if x.size > MaxBody {
		x.size, x.cut = MaxBody, true
	}
	x.body = kept.Bytes()
}

// note keeps what was seen for reports, and logs it.
func (r *run) note(ctx context.Context, x *exchange) {
	timings, remote := x.trace.Timings()
	seen := check.Request{Method: x.hop.method, URL: shownURL(x.hop.url.String()), Remote: remote, Size: x.size, Timings: timings}
	if x.answer != nil {
		seen.Status = x.answer.StatusCode
	}
	if x.err != nil {
		seen.Err = r.masked(strictyaml.OneLine(x.problem(ctx).Reason))
	}
	r.seen = append(r.seen, seen)
	r.record(x)
	if r.logger.Enabled(ctx, slog.LevelDebug) {
		network.Log(ctx, r.logger, seen, network.Carried(r.side, x.hop.host, x.hop.header)...)
	}
}

// seen is the answer as assertions know it.
func (x *exchange) seen(body any) expect.Answer {
	return expect.Answer{Status: x.answer.StatusCode, Duration: x.took(), Header: x.answer.Header, Body: body, Size: x.size}
}

// took is the time from the first request's start to the last byte read.
func (x *exchange) took() time.Duration {
	return x.trace.Took(x.began)
}
