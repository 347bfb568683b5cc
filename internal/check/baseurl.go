package check

import (
	"fmt"
	"net/url"
	"strings"
)

// ParseBaseURL reads where a side answers: a host, host:port, or a whole URL. Without a scheme it is http, as on an
// internal load balancer's test listener.
func ParseBaseURL(s string) (string, error) {
	text := strings.TrimSpace(s)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", fmt.Errorf("%q is not a host, host:port or URL", s)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%q has the scheme %q; http and https are known", s, u.Scheme)
	case u.Hostname() == "":
		return "", fmt.Errorf("%q names no host", s)
	case u.User != nil:
		return "", fmt.Errorf("the URL holds a user name or password, which would stand in logs: send an authorization header instead")
	case u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("%q has a query or fragment; a base URL has a path at most", s)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}
