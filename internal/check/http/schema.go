package httpcheck

import (
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Regular expressions of what requests are made of. What else a URL may not be is the Decoder's to say.
const (
	schemePattern = `[hH][tT][tT][pP][sS]?://`
	pathPattern   = `/[^\s#]*`
	urlPattern    = schemePattern + `[^\s#]+`
	tokenPattern  = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
)

// JSONSchema describes a request: one line, or a mapping.
func (*Request) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	line := strictyaml.Matching(`((` + strings.Join(methods, "|") + `) +)?(` + pathPattern + `|` + urlPattern + `)`)
	s := d.Fields(&Request{})
	s.SetProperty("method", strictyaml.Words(methods...))
	s.SetProperty("path", strictyaml.Matching(pathPattern))
	s.SetProperty("url", strictyaml.Matching(urlPattern))
	s.Property("headers").PropertyNames = &strictyaml.Schema{Pattern: tokenPattern}
	s.OneOf = []*strictyaml.Schema{strictyaml.Needs("path"), strictyaml.Needs("url")}
	s.Not = strictyaml.AnyOf(slices.Concat(pairs(bodies), pairs(identities))...)
	return strictyaml.AnyOf(line, s)
}

// pairs need any two of some keys, which a mapping has one of at most.
func pairs(keys []string) []*strictyaml.Schema {
	var all []*strictyaml.Schema
	for i, key := range keys {
		for _, other := range keys[i+1:] {
			all = append(all, strictyaml.Needs(key, other))
		}
	}
	return all
}

// JSONSchema describes how redirects are followed: how many, or a mapping.
func (*Redirects) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Redirects{})
	s.SetProperty("max", strictyaml.Between(0, maxRedirects))
	return strictyaml.AnyOf(strictyaml.Between(0, maxRedirects), s)
}

// JSONSchema describes what is expected of an answer.
func (*Expect) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Expect{})
	s.Property("headers").PropertyNames = &strictyaml.Schema{Pattern: tokenPattern}
	return s
}
