package network

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// SideAt finds the side that a whole URL leads to; names are those that the plan wrote it with. Both may answer on one
// listener, where it is what a request carries that tells them apart: then the side is the one whose name the plan wrote,
// and green where it wrote neither.
func SideAt(u *url.URL, names []string, scope check.Scope) check.Side {
	sides := []check.Side{scope.Green, scope.Blue}
	if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "blue.") }) {
		slices.Reverse(sides)
	}
	for _, side := range sides {
		if base, err := url.Parse(side.URL); err == nil && side.URL != "" && SameOrigin(base, u) {
			return side
		}
	}
	return check.Side{}
}

// JoinURL puts a path behind a base URL, whose own path and query stay.
func JoinURL(base, path *url.URL) (*url.URL, error) {
	whole := *base
	escaped := strings.TrimRight(base.EscapedPath(), "/") + path.EscapedPath()
	unescaped, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, fmt.Errorf("%s is not a path: %w", expect.Quote(escaped), err)
	}
	whole.Path, whole.RawPath = unescaped, escaped
	whole.RawQuery = Join(base.RawQuery, path.RawQuery, "&")
	return &whole, nil
}

// Join puts a separator between two texts, where neither is empty.
func Join(a, b, separator string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + separator + b
}

// ParsePath reads a path with its query. It may begin with // or hold : and @, which would be more than a path in a URL.
func ParsePath(s string) (*url.URL, error) {
	if err := plain(s); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(s, "/") {
		return nil, fmt.Errorf("%s is neither a path nor a URL: a path begins with /, as in /%s", expect.Quote(s), strings.TrimLeft(s, "./"))
	}
	u, err := url.Parse("http://green" + s)
	if err != nil {
		return nil, fmt.Errorf("%s is not a path: %w", expect.Quote(s), cause(err))
	}
	return u, nil
}

// ParseURL reads a whole URL of one of the schemes.
func ParseURL(s string, schemes ...string) (*url.URL, error) {
	if err := plain(s); err != nil {
		return nil, err
	}
	if !strings.Contains(s, "://") {
		return nil, fmt.Errorf("%s is neither a path nor a URL: write /%s, or begin with %s", expect.Quote(s), strings.TrimLeft(s, "./"), strings.Join(schemes, ":// or ")+"://")
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is not a URL: %w", expect.Quote(s), cause(err))
	case !slices.Contains(schemes, u.Scheme):
		return nil, fmt.Errorf("the URL has the scheme %q; %s are known", u.Scheme, strings.Join(schemes, " and "))
	case u.Hostname() == "":
		return nil, fmt.Errorf("%s names no host", expect.Quote(s))
	case u.User != nil:
		return nil, errors.New("the URL holds a user name or password, which would stand in logs: send an authorization header instead")
	}
	return u, nil
}

// plain refuses characters that no URL can have.
func plain(s string) error {
	switch at := strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '#' }); {
	case s == "":
		return errors.New("the target is empty: write a path, as in /health")
	case at < 0:
		return nil
	case s[at] == '#':
		return fmt.Errorf("%s has a fragment (#…), which no server gets to see: drop it, or write %%23", expect.Quote(s))
	case s[at] == ' ':
		return fmt.Errorf("%s holds a space: write %%20", expect.Quote(s))
	}
	return fmt.Errorf("%s holds a control character", expect.Quote(s))
}

// cause gives what is wrong with a URL, without the URL, which stands beside it already.
func cause(err error) error {
	var parse *url.Error
	if errors.As(err, &parse) {
		return parse.Err
	}
	return err
}

// SameOrigin says that two URLs lead to the same scheme, host and port.
func SameOrigin(a, b *url.URL) bool { return Origin(a) == Origin(b) }

// Origin is a URL's scheme, host and port, written alike for all that mean the same.
func Origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host + ":" + port
}

// Hostname is the value of a Host header without the port.
func Hostname(host string) string { return (&url.URL{Host: host}).Hostname() }

// Supposed fills in harmless values: first where the text begins with a name, x for all others.
func Supposed(t strictyaml.Text, first string) string {
	text, err := t.ExpandFunc(func(string) (any, error) { return "x", nil }, func(before, value string) string {
		if before == "" {
			return first
		}
		return value
	})
	if err != nil {
		return t.String() // can't be: there is a value for each name
	}
	return text
}

// IsToken says that a header can be named so (RFC 9110, 5.6.2).
func IsToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// IsHeaderValue says that a header can have this value (RFC 9110, 5.5): no control character but the tab.
func IsHeaderValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// EscapeURL fills a value into a path or URL. At its very beginning the value is the beginning of the URL; behind that
// it is one segment of the path, or one value of the query, whatever characters it has.
func EscapeURL(before, value string) string {
	switch {
	case before == "":
		return value
	case strings.Contains(before, "?"):
		return url.QueryEscape(value)
	}
	return url.PathEscape(value)
}
