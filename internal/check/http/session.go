package httpcheck

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Session is what several requests share: the cookies that the answers set (RFC 6265). It belongs to one run, and to one
// goroutine.
type Session struct {
	jar http.CookieJar
	set []*http.Cookie // by the answers to the last request, redirects included
}

// NewSession makes a Session without cookies.
func NewSession() *Session {
	jar, _ := cookiejar.New(nil) // fails never
	return &Session{jar: jar}
}

// Exchange is a request of a Session with what came of it.
type Exchange struct {
	// Result is what came of it. Its Reason doesn't name the request.
	check.Result
	// Title names the request as it was sent, the last one of several that redirects made; where it couldn't be sent, as the
	// plan has it.
	Title string
	// Unsent is why there was no request: a name that has no value, an address that isn't one. The Result is Inconclusive then.
	Unsent error
	// Reached: green may have got the request. Otherwise there was no connection to send it on.
	Reached bool
	// Answer is the last answer; the zero one where none came whole.
	Answer expect.Whole

	said *exchange
	mask func(string) string
}

// Transcript is what was said in the last request, for people; nil where none was made.
func (e Exchange) Transcript() *check.Transcript {
	if e.said == nil {
		return nil
	}
	return e.said.transcript(e.mask)
}

// Exchange asks once, as one request of a session.
func (c *Check) Exchange(ctx context.Context, scope check.Scope, session *Session) Exchange {
	r := newRun(c, scope)
	r.session = session
	session.set = nil
	x, result, err := r.ask(ctx)
	if err != nil {
		return Exchange{
			Result: check.Result{Outcome: check.Inconclusive, Reason: strictyaml.OneLine(err.Error())}, Title: c.Title(), Unsent: err,
		}
	}
	e := Exchange{
		Result: result, Title: x.hop.titleAt(scope.Green), Reached: len(r.seen) > 1 || x.trace.Connected(), said: x, mask: r.hide,
	}
	var name *strictyaml.NameError
	if x.answer == nil && errors.As(x.err, &name) {
		e.Unsent = x.err
	}
	if x.answer != nil && x.err == nil {
		e.Answer = expect.Whole{Header: x.answer.Header, Cookies: session.set, Body: x.body, Coding: x.coding, Cut: x.cut}
		if x.events != nil && x.isEventStream() {
			e.Answer.Events = x.events.value()
		}
	}
	return e
}

// Idempotent says that the request may be made again where it isn't known whether green got it: all methods but POST and
// PATCH (RFC 9110, 9.2.2).
func (c *Check) Idempotent() bool {
	switch c.Request.method() {
	case http.MethodPost, http.MethodPatch:
		return false
	}
	return true
}

func (s *Session) jarOrNone() http.CookieJar {
	if s == nil {
		return nil
	}
	return s.jar
}

// take keeps the cookies of an answer.
func (s *Session) take(x *exchange) {
	if s == nil {
		return
	}
	if cookies := x.answer.Cookies(); len(cookies) > 0 {
		s.jar.SetCookies(x.hop.cookieURL(), cookies)
		s.set = append(s.set, cookies...)
	}
}

// addCookies adds those of the jar, where the plan doesn't say which cookies the request has.
func (h *hop) addCookies(q *http.Request) {
	if h.jar == nil || h.ownCookies {
		return
	}
	for _, cookie := range h.jar.Cookies(h.cookieURL()) {
		q.AddCookie(cookie)
	}
}

// cookieURL is the URL as green knows it: cookies are for the name that is asked for, also where a listener answers by it at
// another address.
func (h *hop) cookieURL() *url.URL {
	if h.host == "" {
		return h.url
	}
	named := *h.url
	named.Host = h.host
	return &named
}

// titleAt names the request by its path where it goes to green.
func (h *hop) titleAt(green check.Side) string {
	base, err := url.Parse(green.URL)
	if err != nil || green.URL == "" || !network.SameOrigin(base, h.url) {
		return h.title()
	}
	return titled(h.method, h.url.RequestURI())
}
