package httpcheck

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
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
	u.RawQuery = network.Join(u.RawQuery, query.Encode(), "&")
	return u, side, nil
}

func (r *Request) base(scope check.Scope, lookup strictyaml.Lookup) (*url.URL, check.Side, error) {
	text, err := r.target().ExpandFunc(lookup, network.EscapeURL)
	if err != nil {
		return nil, check.Side{}, err
	}
	if !r.URL.IsZero() && !strings.HasPrefix(text, "/") {
		u, err := network.ParseURL(text, "http", "https")
		if err != nil {
			return nil, check.Side{}, err
		}
		return u, network.SideAt(u, r.URL.Names(), scope), nil
	}
	path, err := network.ParsePath(text)
	if err != nil {
		return nil, check.Side{}, err
	}
	if scope.Green.URL == "" {
		return nil, check.Side{}, network.NoGreen(scope.Lookup)
	}
	green, err := network.ParseURL(scope.Green.URL, "http", "https")
	if err != nil {
		return nil, check.Side{}, fmt.Errorf("green's URL: %w", err)
	}
	u, err := network.JoinURL(green, path)
	return u, scope.Green, err
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
