package network

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Asking is one exchange over a connection of its own, so that what goes wrong in it is sorted alike by all kinds.
type Asking struct {
	Network Network
	Trace   *Trace
	// Within is the time that there was for it; 0: no end was set.
	Within time.Duration
	// Client is asked whether a broken connection was one that wanted a certificate; nil: there was no TLS.
	Client *ClientCertificate
	// Answered: something came, and what is missing is the rest of it.
	Answered bool
}

// NewAsking begins an exchange.
func NewAsking(ctx context.Context, scope check.Scope, n Network) *Asking {
	return &Asking{Network: n.Whole(), Trace: NewTrace(), Within: TimeFrom(ctx, scope, time.Now())}
}

// TimeFrom is the time that an exchange has which begins then, 0 where no end is set: the timeout as the plan has it, where a busy
// machine has taken hardly any of that, and else what is left. A reason that names 990ms in place of a second would be another each time.
func TimeFrom(ctx context.Context, scope check.Scope, begins time.Time) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	left := deadline.Sub(begins)
	if late := scope.Timeout - left; late > 0 && late <= scope.Timeout/20 {
		return scope.Timeout
	}
	return left
}

// Problem says what an error means. The stage is how far the exchange came, for one that took too long; empty: as far as
// the Trace knows.
func (a *Asking) Problem(ctx context.Context, err error, stage string) Problem {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(ctx.Err(), context.Canceled):
		return Cancelled()
	case TimedOut(err), errors.Is(ctx.Err(), context.DeadlineExceeded):
		if stage == "" {
			stage = a.Trace.Stage()
		}
		return Silent("no answer%s (%s)", a.WithinTime(), stage)
	}
	if a.Client != nil && !a.Answered {
		if reason := a.Client.Broke(); reason != "" {
			return Problem{reason, check.Failed, check.RetryNoAnswer}
		}
	}
	if p, ok := TLSProblem(err, a.Network.Now()); ok {
		return p
	}
	if reason, ok := Unreached(err); ok {
		return Silent("%s", reason)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		if a.Answered {
			return Silent("the connection was closed in the middle of an answer")
		}
		return Silent("the connection was closed before an answer")
	}
	if ByProxy(err) {
		return Silent("%s", err)
	}
	return Silent("no answer: %s", Plainly(err))
}

// WithinTime is the time that there was, as the end of a sentence: " within 2s".
func (a *Asking) WithinTime() string {
	if a.Within <= 0 {
		return ""
	}
	return " within " + Shown(a.Within.Round(10*time.Millisecond))
}

// Connect connects to an endpoint.
func (a *Asking) Connect(ctx context.Context, address string) (net.Conn, error) {
	a.Trace.first(&a.Trace.connectStart)
	conn, err := a.Network.Connect(a.Trace.In(ctx), address)
	if err == nil {
		a.Trace.connected(conn)
	}
	return conn, err
}

// Secure makes a connection one of TLS. Its ServerName is that of the config, and else of the endpoint.
func (a *Asking) Secure(ctx context.Context, conn net.Conn, options *TLS, e Endpoint, lookup strictyaml.Lookup, change func(*tls.Config)) (*tls.Conn, error) {
	config, client, err := options.Config(a.Network, lookup)
	if err != nil {
		return nil, unasked{err}
	}
	if config.ServerName == "" {
		config.ServerName = e.ServerName()
	}
	if change != nil {
		change(config)
	}
	a.Client = client
	secured := tls.Client(conn, config)
	a.Trace.first(&a.Trace.tlsStart)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	a.Trace.last(&a.Trace.tlsEnd)
	return secured, nil
}

// unasked marks an error of this side: a file that isn't there, a name without a value.
type unasked struct{ error }

func (u unasked) Unwrap() error { return u.error }

// ThisSide says that an error of Secure is one of this side, so that nothing was asked.
func ThisSide(err error) bool {
	var u unasked
	return errors.As(err, &u)
}

// Log shows an exchange at debug level.
func Log(ctx context.Context, logger *slog.Logger, seen check.Request, more ...slog.Attr) {
	if logger == nil {
		return
	}
	t := seen.Timings
	attrs := []slog.Attr{
		slog.String("method", seen.Method), slog.String("url", seen.URL), slog.Int("status", seen.Status),
		slog.Int64("size", seen.Size), slog.String("remote", seen.Remote),
		slog.Group("ms",
			milliseconds("dns", t.DNS), milliseconds("connect", t.Connect), milliseconds("tls", t.TLS),
			milliseconds("first_byte", t.FirstByte), milliseconds("total", t.Total)),
	}
	attrs = append(attrs, more...)
	if seen.Err != "" {
		attrs = append(attrs, slog.String("error", seen.Err))
	}
	logger.LogAttrs(ctx, slog.LevelDebug, "request", attrs...)
}

// Carried shows what a request has so that a listener's rule sends it to its side.
func Carried(side check.Side, host string, header http.Header) []slog.Attr {
	var attrs []slog.Attr
	if host != "" {
		attrs = append(attrs, slog.String("host", host))
	}
	var headers []any
	for _, name := range slices.Sorted(maps.Keys(side.Headers)) {
		if values := header.Values(name); len(values) > 0 && slices.Equal(values, side.Headers[name]) {
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

// Lookup gives the scope's names; where it has none, each name is an error.
func Lookup(scope check.Scope) strictyaml.Lookup {
	if scope.Lookup != nil {
		return scope.Lookup
	}
	return func(string) (any, error) { return nil, errors.New("no names are known here") }
}

// Finish ends the exchange, and gives the result with what is kept of it for reports: its reason is put behind a title.
func (a *Asking) Finish(ctx context.Context, scope check.Scope, title string, seen check.Request, result check.Result, more ...slog.Attr) check.Result {
	a.Trace.Finish()
	var remote string
	if seen.Timings, remote = a.Trace.Timings(); seen.Remote == "" {
		seen.Remote = remote
	}
	if result.Reason != "" {
		result.Reason = strictyaml.OneLine(result.Reason)
		if result.Outcome == check.Inconclusive || result.Retry == check.RetryNoAnswer {
			seen.Err = result.Reason
		}
		result.Reason = title + ": " + result.Reason
	}
	Log(ctx, scope.Logger, seen, more...)
	result.Requests = []check.Request{seen}
	return result
}

// Judged is what came of judging an answer.
func Judged(found *expect.Mismatches) check.Result {
	switch {
	case len(found.All()) > 0:
		return check.Result{Outcome: check.Failed, Reason: found.String()}
	case found.Err() != nil:
		return check.Result{Outcome: check.Inconclusive, Reason: found.Err().Error()}
	}
	return check.Result{Outcome: check.Passed}
}
