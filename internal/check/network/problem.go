package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
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

// Problem is why there is no whole answer.
type Problem struct {
	Reason  string
	Outcome check.Outcome
	Retry   check.Retry
}

// Error is the reason.
func (p Problem) Error() string { return p.Reason }

// Result is the problem as what came of a check.
func (p Problem) Result() check.Result {
	return check.Result{Outcome: p.Outcome, Reason: p.Reason, Retry: p.Retry}
}

// Wrong is a problem that is an answer, and a wrong one.
func Wrong(format string, args ...any) Problem {
	return Problem{fmt.Sprintf(format, args...), check.Failed, check.RetryNever}
}

// Silent is a problem that is no answer, so that asking again may help.
func Silent(format string, args ...any) Problem {
	return Problem{fmt.Sprintf(format, args...), check.Inconclusive, check.RetryNoAnswer}
}

// Unasked is a problem on this side: nothing was asked, and asking again would end alike.
func Unasked(err error) Problem {
	return Problem{strictyaml.OneLine(err.Error()), check.Inconclusive, check.RetryNever}
}

// Cancelled is the problem of a check that was ended from outside.
func Cancelled() Problem {
	return Problem{"cancelled before there was an answer", check.Inconclusive, check.RetryNever}
}

// TimedOut says that a time was up.
func TimedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &network) && network.Timeout()
}

// Unreached says what kept a connection from being made, or broke it: that to the proxy, where there is one.
func Unreached(err error) (string, bool) {
	reason, ok := unreached(err)
	return proxied(err) + reason, ok
}

func unreached(err error) (string, bool) {
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

// TLSProblem is what a server said in the handshake. A certificate that can't be trusted is a wrong answer.
func TLSProblem(err error, now time.Time) (Problem, bool) {
	var verification *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case errors.As(err, &verification):
		return Wrong("%s", distrusted(verification, now)), true
	case NotTLS(err):
		return Wrong("the server doesn't speak TLS on this port"), true
	case errors.As(err, &op) && op.Op == "remote error": // how Go's TLS tells of an alert of the other side
		return Wrong("the server refused the TLS handshake: %s", Plainly(op.Err)), true
	case strings.HasPrefix(err.Error(), "tls: "):
		return Wrong("the TLS handshake failed: %s", Plainly(err)), true
	}
	return Problem{}, false
}

// NotTLS says that what came in a handshake was none of TLS.
func NotTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record)
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

// Plainly drops the names of Go's packages from an error, and what could break a line.
func Plainly(err error) string {
	s := packages().ReplaceAllString(err.Error(), "")
	quoted := expect.Quote(s)
	if inner := quoted[1 : len(quoted)-1]; !strings.Contains(s, `"`) {
		return inner
	}
	return strictyaml.OneLine(s)
}
