package deployment

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// demands are what a rule's conditions ask of requests.
type demands struct {
	headers      http.Header
	host, prefix string
	notes        []string
	// refused says why requests of checks can't be made to satisfy the rule; it follows "the listener leads there".
	refused string
}

// The fields of conditions.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
const (
	fieldHeader = "http-header"
	fieldHost   = "host-header"
	fieldPath   = "path-pattern"
	fieldMethod = "http-request-method"
	fieldQuery  = "query-string"
	fieldSource = "source-ip"
)

// demandsOf turns the conditions of a rule, all of which must be met, into what a request carries. What it can't carry is
// refused: a request without it would be answered by another version than the one that is to be tested.
func demandsOf(r elbtypes.Rule) demands {
	var d demands
	for _, c := range r.Conditions {
		switch deref(c.Field) {
		case fieldHeader:
			d.header(c)
		case fieldHost:
			d.hostHeader(c)
		case fieldPath:
			d.path(c)
		case fieldSource:
			d.source(c)
		case fieldMethod:
			d.refuse("for requests of some methods alone (%s)", list(methods(c)))
		case fieldQuery:
			d.refuse("by a query string (%s), which checks don't add to their paths", list(queries(c)))
		default:
			d.refuse("by the condition %q, which isn't known here", deref(c.Field))
		}
	}
	return d
}

func (d *demands) refuse(format string, args ...any) {
	d.refused = cmp.Or(d.refused, fmt.Sprintf(format, args...))
}

func (d *demands) header(c elbtypes.RuleCondition) {
	config := c.HttpHeaderConfig
	if config == nil || deref(config.HttpHeaderName) == "" {
		d.refuse("by a header whose name isn't told")
		return
	}
	name := *config.HttpHeaderName
	value, ok := satisfying(config.Values)
	if !ok {
		d.refuse("by the header %s, whose value must match %s", name, list(append(config.RegexValues, c.RegexValues...)))
		return
	}
	// One condition for each value asks for all of them, and a header that is sent several times is searched for each.
	if d.headers == nil {
		d.headers = http.Header{}
	}
	d.headers.Add(name, value)
}

func (d *demands) hostHeader(c elbtypes.RuleCondition) {
	values := c.Values
	if c.HostHeaderConfig != nil && len(c.HostHeaderConfig.Values) > 0 {
		values = c.HostHeaderConfig.Values
	}
	host, ok := satisfying(values)
	if !ok {
		d.refuse("by a host that must match %s", list(c.RegexValues))
		return
	}
	d.host = host
}

// path takes patterns that say how a path begins. Others leave checks no choice of their paths.
func (d *demands) path(c elbtypes.RuleCondition) {
	values := c.Values
	if c.PathPatternConfig != nil && len(c.PathPatternConfig.Values) > 0 {
		values = c.PathPatternConfig.Values
	}
	if len(values) == 0 {
		d.refuse("by a path that must match %s", list(c.RegexValues))
		return
	}
	prefixes := make([]string, 0, len(values))
	for _, v := range values {
		if prefix, isPrefix := strings.CutSuffix(v, "*"); isPrefix && !strings.ContainsAny(prefix, "*?") {
			prefixes = append(prefixes, strings.TrimSuffix(prefix, "/"))
		}
	}
	if len(prefixes) == 0 {
		d.refuse("for the paths %s alone", list(values))
		return
	}
	d.prefix = slices.MinFunc(prefixes, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}

// source can't be sent, but the function may well be at such an address: rules that keep test traffic to the VPC are
// common. The identity of the plan tells.
func (d *demands) source(c elbtypes.RuleCondition) {
	if c.SourceIpConfig == nil {
		d.refuse("by an address that isn't told")
		return
	}
	from := c.SourceIpConfig.Values
	if len(from) == 0 && c.SourceIpConfig.IpAddressType != "" {
		from = []string{string(c.SourceIpConfig.IpAddressType)}
	}
	d.notes = append(d.notes, "the rule takes requests from "+list(from)+" alone, and whether the function's come from there isn't known")
}

// satisfying is a value that one of the patterns matches: one without wildcards, or else a pattern with its wildcards filled.
func satisfying(patterns []string) (value string, ok bool) {
	for _, p := range patterns {
		if p != "" && !strings.ContainsAny(p, "*?") {
			return p, true
		}
	}
	for _, p := range patterns {
		if p != "" {
			return strings.NewReplacer("*", "greenlight", "?", "g").Replace(p), true
		}
	}
	return "", false
}

func queries(c elbtypes.RuleCondition) []string {
	if c.QueryStringConfig == nil {
		return nil
	}
	all := make([]string, 0, len(c.QueryStringConfig.Values))
	for _, q := range c.QueryStringConfig.Values {
		if q.Key != nil {
			all = append(all, *q.Key+"="+deref(q.Value))
			continue
		}
		all = append(all, deref(q.Value))
	}
	return all
}

func methods(c elbtypes.RuleCondition) []string {
	if c.HttpRequestMethodConfig == nil {
		return nil
	}
	return c.HttpRequestMethodConfig.Values
}

func list(values []string) string {
	if len(values) == 0 {
		return "what isn't told"
	}
	return strings.Join(values, ", ")
}
