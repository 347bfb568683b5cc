package prometheuscheck

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Query says what is asked, and whom.
type Query struct {
	// URL is the server's, with the path that is in front of /api/v1.
	URL strictyaml.Text `yaml:"url,required"`
	// Query is written in PromQL. A name's value is filled into a text between quotes as what it is.
	Query strictyaml.Text `yaml:"query,required"`
	// Step is the time from one number of a window to the next.
	Step strictyaml.Duration `yaml:"step"`
	// Headers are name → value, such as x-scope-orgid.
	Headers strictyaml.Map[strictyaml.Text] `yaml:"headers"`
	// Basic is a user's name and password.
	Basic *Basic `yaml:"basic"`
	// Bearer is a token.
	Bearer strictyaml.Text `yaml:"bearer"`
	// SigV4 signs requests with AWS credentials: true, or a mapping.
	SigV4 *SigV4 `yaml:"sigv4"`
}

// Basic is a user's name and password.
type Basic struct {
	// User is the user's name.
	User strictyaml.Text `yaml:"user,required"`
	// Password is the user's.
	Password strictyaml.Text `yaml:"password,required"`
}

// SigV4 is how requests are signed.
type SigV4 struct {
	// Region is the workspace's; default: the one in the URL of Amazon Managed Service for Prometheus, or else the configuration's.
	Region strictyaml.Text `yaml:"region"`
	// Service is what requests are signed for; default aps.
	Service strictyaml.Text `yaml:"service"`

	off bool
}

// DecodeNode reads true, false, or a mapping.
func (s *SigV4) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch {
	case n.IsMapping():
		type fields SigV4
		d.Fields(n, (*fields)(s))
	case n.IsBool():
		s.off = !strings.EqualFold(n.Text(), "true")
	default:
		d.Mismatch(n, "true, or a mapping with region and service")
	}
}

// JSONSchema describes true, false, or a mapping.
func (*SigV4) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(&strictyaml.Schema{Type: strictyaml.Types{"boolean"}}, d.Fields(new(SigV4)))
}

// JSONSchema describes a query.
func (*Query) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(new(Query))
	s.SetProperty("query", strictyaml.NonBlank())
	s.SetProperty("step", strictyaml.PositiveDuration())
	return s
}

// Validate refuses URLs that no server has, and two ways to say who asks.
func (q *Query) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if at, ok := n.Get("url"); ok {
		if text, known := q.URL.Literal(); known && !q.URL.IsZero() {
			if _, err := parseBase(text); err != nil {
				d.Problem(at, "url: %s", err)
			}
		}
	}
	if at, ok := n.Get("query"); ok {
		if text, known := q.Query.Literal(); known && strings.TrimSpace(text) == "" && at.IsScalar() {
			d.Problem(at, "query: it is empty")
		}
	}
	if at, ok := n.Get("step"); ok && q.Step <= 0 && at.IsScalar() {
		d.Problem(at, "step: expected more than 0s")
	}
	first := ""
	for _, pair := range n.Pairs() {
		key := pair.Key.Text()
		switch {
		case !slices.Contains([]string{"basic", "bearer", "sigv4"}, key) || key == "sigv4" && q.SigV4 != nil && q.SigV4.off:
		case first == "":
			first = key
		default:
			d.Problem(pair.Key, "%s: who asks is said by %s already: write one of basic, bearer and sigv4", key, first)
		}
	}
}

// parseBase reads the URL of a server.
func parseBase(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("%s is not a URL such as http://prometheus.internal:9090", expect.Quote(text))
	case u.User != nil:
		return nil, errors.New("the URL holds a user name or password, which would stand in logs: write basic: {user: …, password: …}")
	case u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(text, "?"):
		return nil, fmt.Errorf("%s has a query or a fragment: write the path alone that is in front of /api/v1", expect.Quote(text))
	case strings.HasSuffix(u.Path, "/api/v1") || strings.HasSuffix(u.Path, "/query") || strings.HasSuffix(u.Path, "/query_range"):
		return nil, fmt.Errorf("%s leads into the API: write the path alone that is in front of /api/v1", expect.Quote(text))
	}
	return u, nil
}
