package check

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// ParseBaseURL reads where a side answers: a host, host:port, or a whole URL. Without a scheme it is http, as on an
// internal load balancer's test listener.
func ParseBaseURL(s string) (string, error) {
	text := strings.TrimSpace(s)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	if hasUserInfo(text) {
		return "", errors.New("the URL holds a user name or password, which would stand in logs: send an authorization header instead")
	}
	u, err := url.Parse(text)
	switch {
	case text == "http://":
		return "", errors.New("the address is empty; it is a host, host:port or URL")
	case err != nil:
		return "", fmt.Errorf("%q is not a host, host:port or URL", s)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%q has the scheme %q; http and https are known", s, u.Scheme)
	case u.Hostname() == "":
		return "", fmt.Errorf("%q names no host", s)
	case !isPort(u):
		return "", fmt.Errorf("%q has no port after the last colon of its host; ports go from 1 to 65535", s)
	case strings.ContainsAny(text, "?#"):
		return "", fmt.Errorf("%q has a query or fragment; a base URL has a path at most", s)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// hasUserInfo looks before the URL is parsed: an error must not quote a password either.
func hasUserInfo(text string) bool {
	_, rest, _ := strings.Cut(text, "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return strings.Contains(rest, "@")
}

// isPort says that the URL has no port, or one that can be connected to. It catches http:/host as well, whose host is
// "http:".
func isPort(u *url.URL) bool {
	if !strings.HasSuffix(u.Host, ":") && u.Port() == "" {
		return true
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}
