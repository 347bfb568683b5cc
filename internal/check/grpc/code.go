package grpccheck

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
)

// code is how a call ended.
type code int

// The codes that mean something of their own here (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
const (
	ok               code = 0
	cancelled        code = 1
	deadlineExceeded code = 4
	notFound         code = 5
	permissionDenied code = 7
	unimplemented    code = 12
	unavailable      code = 14
	unauthenticated  code = 16
)

var codeNames = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

func (c code) String() string {
	if c >= 0 && int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "code " + strconv.Itoa(int(c))
}

// ended is how a call ended, with the words of the server.
type ended struct {
	code    code
	message string
}

// endOf reads the end of a call from a header: from the trailer, or from the head of an answer that has nothing else.
func endOf(h http.Header) (ended, bool) {
	text := h.Get("Grpc-Status")
	number, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return ended{}, false
	}
	message := h.Get("Grpc-Message")
	if plain, err := url.PathUnescape(message); err == nil {
		message = plain
	}
	return ended{code(number), message}, true
}

func (e ended) String() string {
	if e.message == "" {
		return e.code.String()
	}
	return e.code.String() + ": " + expect.Quote(e.message)
}

// problem says what it means that a call ended so. A code is an answer; that there was no time for one is none.
func (e ended) problem(service string, fromLoadBalancer bool) network.Problem {
	switch {
	case e.code == deadlineExceeded, e.code == cancelled:
		return network.Silent("the call ended without an answer (%s)", e)
	case e.code == unavailable && fromLoadBalancer:
		return network.Problem{Reason: fmt.Sprintf("the call failed with %s (from the load balancer itself)", e), Outcome: check.Failed, Retry: check.RetrySpreading}
	}
	return network.Wrong("the call failed with %s%s", e, e.advice(service))
}

func (e ended) advice(service string) string {
	switch e.code {
	case unimplemented:
		return "; the server has no grpc.health.v1.Health, or what is in front of it doesn't pass it on: register the health service"
	case notFound:
		if service != "" {
			return "; the health service knows no " + expect.Quote(service) + ": it wants the full name, with its package, and a status set for it"
		}
		return "; the health service knows no status of the server as a whole: set one for the empty name, or ask for a service"
	case unauthenticated, permissionDenied:
		return "; metadata: {…} sends what lets the call in"
	}
	return ""
}

// mapped is the code of an HTTP status that isn't gRPC's own
// (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
func mapped(status int) code {
	switch status {
	case http.StatusBadRequest:
		return 13
	case http.StatusUnauthorized:
		return unauthenticated
	case http.StatusForbidden:
		return permissionDenied
	case http.StatusNotFound:
		return unimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return unavailable
	}
	return 2
}

// fromLoadBalancer says that an Application Load Balancer made the answer itself:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func fromLoadBalancer(h http.Header) bool { return strings.HasPrefix(h.Get("Server"), "awselb/") }
