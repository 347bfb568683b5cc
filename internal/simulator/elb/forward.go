package elb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"time"
)

// StatusClientClosed is what a load balancer logs where the client left before the
// answer: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-460-issues.
const StatusClientClosed = 460

// exchange is one request on its way.
type exchange struct {
	where  place
	group  *TargetGroup
	target *target
	sent   time.Time
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange {
	e, _ := r.Context().Value(exchangeKey{}).(*exchange)
	return e
}

// ServeHTTP does with a request what the first rule that it meets says.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := l.routeOf(r)
	at := place{listener: l.name}
	if route != &l.route {
		at.rule = route.name
	}
	action, group := route.next()
	switch {
	case action.FixedResponse != nil:
		f := action.FixedResponse
		l.lb.traffic.add(at, f.StatusCode, true)
		own(w, f.StatusCode, f.ContentType, f.Body)
	case action.Redirect != nil:
		status := action.Redirect.StatusCode
		l.lb.traffic.add(at, status, true)
		w.Header().Set("Location", action.Redirect.location(r, l.protocol, l.port))
		own(w, status, "text/html", page(status))
	case group == nil:
		l.fail(w, at, nil, http.StatusServiceUnavailable)
	default:
		at.group = group.name
		l.forward(w, r, at, group)
	}
}

// forward sends the request to one of the group's targets.
func (l *Listener) forward(w http.ResponseWriter, r *http.Request, at place, group *TargetGroup) {
	// A group without targets doesn't pass its share on to another group:
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html#rule-action-types.
	target, done := group.pick()
	if target == nil {
		l.fail(w, at, group, http.StatusServiceUnavailable)
		return
	}
	defer done()
	at.target = target.base
	e := &exchange{where: at, group: group, target: target, sent: time.Now()}
	l.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e)))
}

// rewrite addresses the request to the target and says where it came from, as
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html has it.
// The Host header stays the client's.
func (l *Listener) rewrite(p *httputil.ProxyRequest) {
	target := exchangeOf(p.In).target
	p.Out.URL.Scheme, p.Out.URL.Host = target.url.Scheme, target.url.Host
	p.Out.Host = p.In.Host
	p.Out.URL.RawQuery = p.In.URL.RawQuery // also what package url can't parse: that is the target's business
	from := p.In.Header.Values("X-Forwarded-For")
	if client, _, err := net.SplitHostPort(p.In.RemoteAddr); err == nil {
		from = append(from[:len(from):len(from)], client)
	}
	p.Out.Header.Set("X-Forwarded-For", strings.Join(from, ", "))
	p.Out.Header.Set("X-Forwarded-Proto", strings.ToLower(l.protocol))
	p.Out.Header.Set("X-Forwarded-Port", l.port)
	p.Out.Header.Set("X-Amzn-Trace-Id", trace(p.In.Header.Get("X-Amzn-Trace-Id"), time.Now()))
}

// trace is the tracing header that a target gets:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html.
func trace(incoming string, now time.Time) string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	own := fmt.Sprintf("1-%08x-%x", now.Unix(), b)
	if strings.Contains(incoming, "Root=") {
		return "Self=" + own + ";" + incoming
	}
	if incoming != "" {
		return "Root=" + own + ";" + incoming
	}
	return "Root=" + own
}

// answered counts an answer that came from the target.
func (l *Listener) answered(resp *http.Response) error {
	e := exchangeOf(resp.Request)
	l.lb.traffic.add(e.where, resp.StatusCode, false)
	e.group.metrics.answered(l.lb.config.Clock.Now(), resp.StatusCode, time.Since(e.sent))
	return nil
}

// unanswered answers for a target that didn't.
func (l *Listener) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	timeout := net.Error(nil)
	switch {
	case r.Context().Err() != nil:
		// Nobody is there to read an answer.
		e := exchangeOf(r)
		l.lb.traffic.add(e.where, StatusClientClosed, true)
		e.group.metrics.failed(l.lb.config.Clock.Now(), StatusClientClosed, true)
		return
	case errors.As(err, &timeout) && timeout.Timeout():
		status = http.StatusGatewayTimeout
	}
	e := exchangeOf(r)
	l.fail(w, e.where, e.group, status)
}

// reasons are the load balancer's own words for its answers.
var reasons = map[int]string{
	http.StatusMovedPermanently:   "301 Moved Permanently",
	http.StatusFound:              "302 Found",
	http.StatusBadGateway:         "502 Bad Gateway",
	http.StatusServiceUnavailable: "503 Service Temporarily Unavailable",
	http.StatusGatewayTimeout:     "504 Gateway Time-out",
}

// fail answers for targets, and counts it; group is nil where none was chosen.
func (l *Listener) fail(w http.ResponseWriter, at place, group *TargetGroup, status int) {
	l.lb.traffic.add(at, status, true)
	if group != nil {
		group.metrics.failed(l.lb.config.Clock.Now(), status, at.target != "")
	}
	own(w, status, "text/html", page(status))
}

// page is the small page of the load balancer's own answers.
func page(status int) string {
	return "<html>\r\n<head><title>" + reasons[status] + "</title></head>\r\n<body>\r\n<center><h1>" +
		reasons[status] + "</h1></center>\r\n</body>\r\n</html>\r\n"
}

// own is the load balancer's own answer.
func own(w http.ResponseWriter, status int, contentType, body string) {
	h := w.Header()
	h.Set("Server", "awselb/2.0")
	h.Set("Content-Type", contentType)
	if status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// buffers keeps what bodies are copied through; to make it anew costs more than the rest of
// a small request.
type buffers struct{ pool *sync.Pool }

// Get implements httputil.BufferPool.
func (b buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, 32<<10)
}

// Put implements httputil.BufferPool.
func (b buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
