package httpcheck

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// resolve gives the URL that a request goes to, and the side that it asks; the zero Side where that is another server.
func (r *Request) resolve(scope check.Scope, lookup strictyaml.Lookup) (*url.URL, check.Side, error) {
	u, side, err := r.base(scope, lookup)
	if err != nil {
		return nil, side, err
	}
	query, err := values(r.Query, lookup)
	if err != nil {
		return nil, side, err
	}
	u.RawQuery = join(u.RawQuery, query.Encode(), "&")
	return u, side, nil
}

func (r *Request) base(scope check.Scope, lookup strictyaml.Lookup) (*url.URL, check.Side, error) {
	text, err := r.target().ExpandFunc(lookup, escape)
	if err != nil {
		return nil, check.Side{}, err
	}
	if !r.URL.IsZero() && !strings.HasPrefix(text, "/") {
		u, err := parseURL(text)
		if err != nil {
			return nil, check.Side{}, err
		}
		return u, r.sideAt(u, scope), nil
	}
	path, err := parsePath(text)
	if err != nil {
		return nil, check.Side{}, err
	}
	if scope.Green.URL == "" {
		return nil, check.Side{}, network.NoGreen(scope.Lookup)
	}
	green, err := parseURL(scope.Green.URL)
	if err != nil {
		return nil, check.Side{}, fmt.Errorf("green's URL: %w", err)
	}
	u, err := joined(green, path)
	return u, scope.Green, err
}

// sideAt finds the side that a whole URL leads to. Both may answer on one listener, where it is what a request carries
// that tells them apart: then the side is the one whose name the plan wrote, and green where it wrote neither.
func (r *Request) sideAt(u *url.URL, scope check.Scope) check.Side {
	sides := []check.Side{scope.Green, scope.Blue}
	if slices.ContainsFunc(r.URL.Names(), func(name string) bool { return strings.HasPrefix(name, "blue.") }) {
		slices.Reverse(sides)
	}
	for _, side := range sides {
		if base, err := url.Parse(side.URL); err == nil && side.URL != "" && sameOrigin(base, u) {
			return side
		}
	}
	return check.Side{}
}

// joined puts a path behind a base URL, whose own path and query stay.
func joined(base, path *url.URL) (*url.URL, error) {
	whole := *base
	escaped := strings.TrimRight(base.EscapedPath(), "/") + path.EscapedPath()
	unescaped, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, fmt.Errorf("%s is not a path: %w", expect.Quote(escaped), err)
	}
	whole.Path, whole.RawPath = unescaped, escaped
	whole.RawQuery = join(base.RawQuery, path.RawQuery, "&")
	return &whole, nil
}

func join(a, b, separator string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + separator + b
}

// values expands a query or form.
func values(m strictyaml.Map[strictyaml.OneOrMany[strictyaml.Text]], lookup strictyaml.Lookup) (url.Values, error) {
	all := make(url.Values, len(m))
	for _, entry := range m {
		for _, text := range entry.Value {
			value, err := text.Expand(lookup)
			if err != nil {
				return nil, err
			}
			all.Add(entry.Key, value)
		}
	}
	return all, nil
}

// parsePath reads a path with its query. It may begin with // or hold : and @, which would be more than a path in a URL.
func parsePath(s string) (*url.URL, error) {
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

// parseURL reads a whole URL.
func parseURL(s string) (*url.URL, error) {
	if err := plain(s); err != nil {
		return nil, err
	}
	if !strings.Contains(s, "://") {
		return nil, fmt.Errorf("%s is neither a path nor a URL: write /%s, or begin with http:// or https://", expect.Quote(s), strings.TrimLeft(s, "./"))
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is not a URL: %w", expect.Quote(s), cause(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the URL has the scheme %q; http and https are known", u.Scheme)
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
