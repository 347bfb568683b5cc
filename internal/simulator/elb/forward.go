package elb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"
)

// StatusClientClosed is what a load balancer logs where the client left before the
// answer: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-460-issues.
const StatusClientClosed = 460

// exchange is one request on its way.
type exchange struct {
	where  place
	target *target
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange {
	e, _ := r.Context().Value(exchangeKey{}).(*exchange)
	return e
}

// ServeHTTP forwards a request to a target.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := &exchange{where: place{listener: l.name}}
	group := l.choose()
	if group == nil {
		l.answer(w, e.where, http.StatusServiceUnavailable)
		return
	}
	e.where.group = group.name
	// A group without targets doesn't pass its share on to another group:
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html#rule-action-types.
	target, done := group.pick()
	if target == nil {
		l.answer(w, e.where, http.StatusServiceUnavailable)
		return
	}
	defer done()
	e.target, e.where.target = target, target.base
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
	p.Out.Header.Set("X-Forwarded-Proto", "http")
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
	l.lb.traffic.add(exchangeOf(resp.Request).where, resp.StatusCode, false)
	return nil
}

// unanswered answers for a target that didn't.
func (l *Listener) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	timeout := net.Error(nil)
	switch {
	case r.Context().Err() != nil:
		// Nobody is there to read an answer.
		l.lb.traffic.add(exchangeOf(r).where, StatusClientClosed, true)
		return
	case errors.As(err, &timeout) && timeout.Timeout():
		status = http.StatusGatewayTimeout
	}
	l.answer(w, exchangeOf(r).where, status)
}

// reasons are the load balancer's own words for its errors.
var reasons = map[int]string{
	http.StatusBadGateway:         "502 Bad Gateway",
	http.StatusServiceUnavailable: "503 Service Temporarily Unavailable",
	http.StatusGatewayTimeout:     "504 Gateway Time-out",
}

// answer is the load balancer's own answer, headers and page as an ALB makes them.
func (l *Listener) answer(w http.ResponseWriter, at place, status int) {
	l.lb.traffic.add(at, status, true)
	page := "<html>\r\n<head><title>" + reasons[status] + "</title></head>\r\n<body>\r\n<center><h1>" +
		reasons[status] + "</h1></center>\r\n</body>\r\n</html>\r\n"
	h := w.Header()
	h.Set("Server", "awselb/2.0")
	h.Set("Content-Type", "text/html")
	h.Set("Content-Length", fmt.Sprint(len(page)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page))
}
