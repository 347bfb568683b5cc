package httpcheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// problem says what the error of an exchange means. What a server said, and said wrongly, is an answer; a connection that
// couldn't be made or that broke is none.
func (x *exchange) problem(ctx context.Context) network.Problem {
	var away misled
	var known network.Problem
	var coded *miscoded
	switch {
	case errors.As(x.err, &away):
		return network.Wrong("%s", away)
	case errors.As(x.err, &known):
		return known
	case errors.As(x.err, &coded):
		return network.Wrong("%s", coded)
	}
	if errors.Is(x.err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled) {
		return network.Cancelled()
	}
	if network.TimedOut(x.err) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return network.Silent("%s", x.late())
	}
	if reason := x.client.Broke(); reason != "" && x.answer == nil && !x.trace.Answered() {
		return network.Problem{Reason: reason, Outcome: check.Failed, Retry: check.RetryNoAnswer}
	}
	if x.speaksAnother() {
		return x.version.unspoken()
	}
	if errors.Is(x.err, http.ErrSchemeMismatch) || network.NotTLS(x.err) {
		return network.Wrong("the server doesn't speak TLS on this port: should the URL begin with http://?")
	}
	if p, ok := network.TLSProblem(x.err, x.now()); ok {
		return p
	}
	if reason, ok := network.Unreached(x.err); ok {
		return network.Silent("%s", reason)
	}
	switch {
	case errors.Is(x.err, io.EOF), errors.Is(x.err, io.ErrUnexpectedEOF), errors.Is(x.err, net.ErrClosed),
		strings.HasSuffix(x.err.Error(), "server closed idle connection"): // what Go says where it is closed before the request was written
		return network.Silent("%s", x.broken())
	case network.ByProxy(x.err):
		return network.Silent("%s", x.err)
	case strings.Contains(x.err.Error(), "received from peer"): // how Go's HTTP/2 tells of a reset stream
		return network.Silent("%s", x.broken())
	case x.answer != nil || x.trace.Answered():
		return network.Wrong("the answer is not HTTP: %s", network.Plainly(x.err))
	}
	return network.Silent("no answer: %s", network.Plainly(x.err))
}

// speaksAnother says that the server doesn't speak the version of HTTP that the plan insists on: by an alert in the handshake, or by the
// first bytes of its answer.
func (x *exchange) speaksAnother() bool {
	return x.version.isHTTP2() && strings.HasSuffix(x.err.Error(), "no application protocol") || x.known.Older()
}

func (x *exchange) late() string {
	within := ""
	if x.within > 0 {
		within = " within " + network.Shown(x.within.Round(10*time.Millisecond))
	}
	if x.answer != nil && x.events != nil && x.isEventStream() {
		return fmt.Sprintf("%d of %d events came%s (status %d)", len(x.events.all), x.events.want, within, x.answer.StatusCode)
	}
	if x.answer != nil {
		return fmt.Sprintf("the answer was not complete%s (status %d, %s of its body so far)", within, x.answer.StatusCode, strictyaml.Size(x.size))
	}
	if x.trace.Answered() {
		return "the answer's head was not complete" + within
	}
	return fmt.Sprintf("no answer%s (%s)", within, x.trace.Stage())
}

func (x *exchange) broken() string {
	switch {
	case x.answer != nil && x.answer.ContentLength > 0:
		return fmt.Sprintf("the connection was closed after %d of %d bytes of the body", x.came, x.answer.ContentLength)
	case x.answer != nil:
		return fmt.Sprintf("the connection was closed in the body, after %s", strictyaml.Size(x.size))
	case x.trace.Answered():
		return "the connection was closed in the head of the answer"
	}
	return "the connection was closed before an answer"
}
