package httpcheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// problem is why there is no whole answer.
type problem struct {
	reason  string
	outcome check.Outcome
	retry   check.Retry
}

func (p problem) Error() string { return p.reason }

func (p problem) result() check.Result {
	return check.Result{Outcome: p.outcome, Reason: p.reason, Retry: p.retry}
}

func wrong(format string, args ...any) problem {
	return problem{fmt.Sprintf(format, args...), check.Failed, check.RetryNever}
}

func silent(format string, args ...any) problem {
	return problem{fmt.Sprintf(format, args...), check.Inconclusive, check.RetryNoAnswer}
}

// problem says what the error of an exchange means. What a server said, and said wrongly, is an answer; a connection that
// couldn't be made or that broke is none.
func (x *exchange) problem(ctx context.Context) problem {
	var away misled
	var known problem
	var coded *miscoded
	switch {
	case errors.As(x.err, &away):
		return wrong("%s", away)
	case errors.As(x.err, &known):
		return known
	case errors.As(x.err, &coded):
		return wrong("%s", coded)
	}
	if errors.Is(x.err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled) {
		return problem{"cancelled before there was an answer", check.Inconclusive, check.RetryNever}
	}
	if timedOut(x.err) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return silent("%s", x.late())
	}
	if reason := x.client.broke(); reason != "" && x.answer == nil && !x.trace.answered() {
		return problem{reason, check.Failed, check.RetryNoAnswer}
	}
	if x.speaksAnother() {
		return x.version.unspoken()
	}
	if p, ok := tlsProblem(x.err, x.now()); ok {
		return p
	}
	if reason, ok := networkProblem(x.err); ok {
		return silent("%s", proxied(x.err)+reason)
	}
	switch {
	case errors.Is(x.err, io.EOF), errors.Is(x.err, io.ErrUnexpectedEOF), errors.Is(x.err, net.ErrClosed):
		return silent("%s", x.broken())
	case errors.Is(x.err, errProxy):
		return silent("%s", x.err)
	case strings.Contains(x.err.Error(), "received from peer"): // how Go's HTTP/2 tells of a reset stream
		return silent("%s", x.broken())
	case x.answer != nil || x.trace.answered():
		return wrong("the answer is not HTTP: %s", plainly(x.err))
	}
	return silent("no answer: %s", plainly(x.err))
}

// speaksAnother says that the server doesn't speak the version of HTTP that the plan insists on: by an alert in the handshake, or by the
// first bytes of its answer.
func (x *exchange) speaksAnother() bool {
	return x.version.isHTTP2() && strings.HasSuffix(x.err.Error(), "no application protocol") || x.older.Load()
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &network) && network.Timeout()
}

func (x *exchange) late() string {
	within := ""
	if x.within > 0 {
		within = " within " + shown(x.within.Round(10*time.Millisecond))
	}
	if x.answer != nil && x.events != nil && x.isEventStream() {
		return fmt.Sprintf("%d of %d events came%s (status %d)", len(x.events.all), x.events.want, within, x.answer.StatusCode)
	}
	if x.answer != nil {
		return fmt.Sprintf("the answer was not complete%s (status %d, %s of its body so far)", within, x.answer.StatusCode, strictyaml.Size(x.size))
	}
	if x.trace.answered() {
		return "the answer's head was not complete" + within
	}
	return fmt.Sprintf("no answer%s (%s)", within, x.trace.stage())
}

func (x *exchange) broken() string {
	switch {
	case x.answer != nil && x.answer.ContentLength > 0:
		return fmt.Sprintf("the connection was closed after %d of %d bytes of the body", x.came, x.answer.ContentLength)
	case x.answer != nil:
		return fmt.Sprintf("the connection was closed in the body, after %s", strictyaml.Size(x.size))
	case x.trace.answered():
		return "the connection was closed in the head of the answer"
	}
	return "the connection was closed before an answer"
}

// networkProblem says what kept a connection from being made, or broke it.
func networkProblem(err error) (string, bool) {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		if dns.IsNotFound {
			return fmt.Sprintf("no such host %q", dns.Name), true
		}
		return fmt.Sprintf("looking up %q: %s", dns.Name, dns.Err), true
	}
	for errno, reason := range map[syscall.Errno]string{
		syscall.ECONNREFUSED: "connection refused",
		syscall.ECONNRESET:   "connection reset",
		syscall.EPIPE:        "connection reset",
	} {
		if errors.Is(err, errno) {
			return reason, true
		}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error(), true
	}
	return "", false
}

// proxied says that it was the proxy that couldn't be reached.
func proxied(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		return "the proxy of the environment (HTTP_PROXY, HTTPS_PROXY): "
	}
	return ""
}

var errProxy = errors.New("the proxy of the environment (HTTPS_PROXY) didn't connect")

// proxyAnswer is how a proxy answers CONNECT.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("%w: it answered %d", errProxy, answer.StatusCode)
}

// tlsProblem is what a server said in the handshake. A certificate that can't be trusted is a wrong answer.
func tlsProblem(err error, now time.Time) (problem, bool) {
	var verification *tls.CertificateVerificationError
	var op *net.OpError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &verification):
		return wrong("%s", distrusted(verification, now)), true
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return wrong("the server doesn't speak TLS on this port: should the URL begin with http://?"), true
	case errors.As(err, &op) && op.Op == "remote error": // how Go's TLS tells of an alert of the other side
		return wrong("the server refused the TLS handshake: %s", plainly(op.Err)), true
	case strings.HasPrefix(err.Error(), "tls: "):
		return wrong("the TLS handshake failed: %s", plainly(err)), true
	}
	return problem{}, false
}

// distrusted says why a certificate isn't trusted, and how it could be.
func distrusted(err *tls.CertificateVerificationError, now time.Time) string {
	leaf := &x509.Certificate{}
	if len(err.UnverifiedCertificates) > 0 {
		leaf = err.UnverifiedCertificates[0]
	}
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate is for %s, not for %s; tls: {server_name: …} asks for another name", expect.CertificateNames(leaf), host.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return outOfTime(invalid.Cert, leaf, now)
	case errors.As(err, &invalid):
		return "the certificate is not valid: " + strings.TrimPrefix(invalid.Error(), "x509: ")
	case errors.As(err, &unknown) && selfSigned(leaf):
		return fmt.Sprintf("the certificate is self-signed (by %s); tls: {ca: …} trusts it", expect.Quote(issuer(leaf)))
	case errors.As(err, &unknown):
		return fmt.Sprintf("the certificate is signed by %s, which is not trusted here; tls: {ca: …} trusts it", expect.Quote(issuer(leaf)))
	}
	return "the certificate is not trusted: " + strings.TrimPrefix(err.Err.Error(), "x509: ")
}

func outOfTime(cert, leaf *x509.Certificate, now time.Time) string {
	which := "the certificate"
	if !cert.Equal(leaf) {
		which = "the certificate of its authority " + expect.Quote(cert.Subject.CommonName)
	}
	if now.Before(cert.NotBefore) {
		return fmt.Sprintf("%s is not valid before %s", which, cert.NotBefore.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("%s expired on %s, %s ago", which, cert.NotAfter.UTC().Format(time.DateOnly), expect.ShowDays(now.Sub(cert.NotAfter)))
}

func selfSigned(cert *x509.Certificate) bool {
	return string(cert.RawIssuer) == string(cert.RawSubject)
}

func issuer(cert *x509.Certificate) string {
	if cert.Issuer.CommonName != "" {
		return cert.Issuer.CommonName
	}
	return cert.Issuer.String()
}

var packages = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^((net/http|http|http2|gzip|flate|tls|HTTP/1\.x transport connection broken): )+`)
})

// plainly drops the names of Go's packages from an error, and what could break a line.
func plainly(err error) string {
	s := packages().ReplaceAllString(err.Error(), "")
	quoted := expect.Quote(s)
	if inner := quoted[1 : len(quoted)-1]; !strings.Contains(s, `"`) {
		return inner
	}
	return strictyaml.OneLine(s)
}
