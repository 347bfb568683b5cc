package elb

import (
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// ConditionField is what of a request a condition looks at.
type ConditionField string

// The fields of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html.
const (
	HostHeader    ConditionField = "host-header"
	PathPattern   ConditionField = "path-pattern"
	HTTPHeader    ConditionField = "http-header"
	RequestMethod ConditionField = "http-request-method"
	QueryString   ConditionField = "query-string"
	SourceIP      ConditionField = "source-ip"
)

// MaxConditionValues is how many match evaluations a rule may have, over all its
// conditions:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#rule-condition-types-basics.
const MaxConditionValues = 5

// Condition is true of a request where one of its values matches. Path and query are
// compared as they came over the wire: AWS doesn't say whether it decodes them before, and
// a rule that matches undecoded text here is never one that matches too much.
type Condition struct {
	Field  ConditionField
	Header string // the header's name; HTTPHeader only
	// Values are what is compared: patterns with the wildcards * and ? for HostHeader (any
	// case), PathPattern (exact case; the path only) and HTTPHeader (any case), methods in
	// exact case for RequestMethod, CIDR blocks for SourceIP, which are compared with the
	// connection's address and never with X-Forwarded-For.
	Values []string
	Query  []QueryPair // QueryString only
}

// QueryPair is a value of a query string condition. Both take the wildcards * and ?, which
// a backslash makes literal, in any case. Without a key, any key's value is compared.
type QueryPair struct{ Key, Value string }

func (c Condition) clone() Condition {
	c.Values, c.Query = slices.Clone(c.Values), slices.Clone(c.Query)
	return c
}

// String says what a request must have: "header x-test: 1", "path /test/*".
func (c Condition) String() string {
	values := slices.Clone(c.Values)
	for _, q := range c.Query {
		values = append(values, q.Key+"="+q.Value)
	}
	what := map[ConditionField]string{
		HostHeader: "host ", PathPattern: "path ", HTTPHeader: "header " + c.Header + ": ", RequestMethod: "method ", QueryString: "query ", SourceIP: "source ",
	}[c.Field]
	return what + strings.Join(values, " or ")
}

// size is the number of match evaluations.
func (c Condition) size() int { return len(c.Values) + len(c.Query) }

// ValidateConditions refuses what a rule can't have as its conditions.
func ValidateConditions(conditions []Condition) error {
	_, err := compileConditions(conditions)
	return err
}

// predicate is a compiled condition.
type predicate func(*http.Request) bool

// compileConditions checks the conditions of one rule and compiles them.
func compileConditions(conditions []Condition) ([]predicate, error) {
	if len(conditions) == 0 {
		return nil, errorf(CodeValidation, "a rule needs at least one condition")
	}
	total := 0
	once := map[ConditionField]bool{}
	compiled := make([]predicate, len(conditions))
	for i, c := range conditions {
		if once[c.Field] {
			return nil, errorf(CodeInvalidConfiguration, "a rule can have one %s condition only", c.Field)
		}
		// Of the other two there may be several, all of which must be true.
		once[c.Field] = c.Field != HTTPHeader && c.Field != QueryString
		total += c.size()
		var err error
		if compiled[i], err = c.compile(); err != nil {
			return nil, err
		}
	}
	if total > MaxConditionValues {
		return nil, errorf(CodeValidation, "the conditions have %d values; a rule can have %d", total, MaxConditionValues)
	}
	return compiled, nil
}

func (c Condition) compile() (predicate, error) {
	if c.size() == 0 {
		return nil, errorf(CodeValidation, "a %s condition needs a value", c.Field)
	}
	if (c.Field == QueryString) != (len(c.Query) > 0) || (c.Field == HTTPHeader) != (c.Header != "") {
		return nil, errorf(CodeValidation, "a condition holds the configuration of its field %q and no other's", c.Field)
	}
	for _, v := range c.Values {
		if err := c.checkValue(v); err != nil {
			return nil, err
		}
	}
	switch c.Field {
	case HostHeader:
		return c.compileText(true, func(r *http.Request) []string { return []string{hostname(r.Host)} }), nil
	case PathPattern:
		return c.compileText(false, func(r *http.Request) []string { return []string{r.URL.EscapedPath()} }), nil
	case HTTPHeader:
		return c.compileHeader()
	case RequestMethod:
		return func(r *http.Request) bool { return slices.Contains(c.Values, r.Method) }, nil
	case QueryString:
		return c.compileQuery()
	case SourceIP:
		return c.compileSource()
	}
	return nil, errorf(CodeValidation, "condition field %q must be one of host-header, path-pattern, http-header, http-request-method, query-string, source-ip", c.Field)
}

// What values may be written of.
var (
	hostValue   = compiled(`^[A-Za-z0-9.*?-]*\.[A-Za-z*?]*$`)
	pathValue   = compiled(`^[A-Za-z0-9_.$/~"'@:+&*?-]+$`)
	methodValue = compiled(`^[A-Z_-]{1,40}$`)
	headerName  = compiled("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}$")
)

func (c Condition) checkValue(v string) error {
	var problem string
	switch {
	case v == "":
		problem = "must not be empty"
	case len(v) > 128:
		problem = "is longer than 128 characters"
	case c.Field == HostHeader && !hostValue().MatchString(v):
		problem = "must be a host name of letters, digits, -, ., * and ?, with a dot and nothing but letters and wildcards behind the last one"
	case c.Field == PathPattern && !pathValue().MatchString(v):
		problem = `may have letters, digits, _ - . $ / ~ " ' @ : + & and the wildcards * and ? only`
	case c.Field == RequestMethod && !methodValue().MatchString(v):
		problem = "must be up to 40 of A-Z, - and _; methods take no wildcards"
	default:
		return nil
	}
	return errorf(CodeValidation, "%s value %q %s", c.Field, v, problem)
}

// compileText matches one of the condition's patterns against one of a request's texts.
func (c Condition) compileText(fold bool, texts func(*http.Request) []string) predicate {
	patterns := make([]pattern, len(c.Values))
	for i, v := range c.Values {
		patterns[i] = compilePattern(v, fold, false)
	}
	return func(r *http.Request) bool {
		for _, text := range texts(r) {
			if slices.ContainsFunc(patterns, func(p pattern) bool { return p.match(text) }) {
				return true
			}
		}
		return false
	}
}

func (c Condition) compileHeader() (predicate, error) {
	if !headerName().MatchString(c.Header) {
		return nil, errorf(CodeValidation, "http-header name %q must be a header's name of up to 40 characters; it takes no wildcards", c.Header)
	}
	if strings.EqualFold(c.Header, "Host") {
		return nil, errorf(CodeInvalidConfiguration, "an http-header condition can't be on the host header: use host-header")
	}
	return c.compileText(true, func(r *http.Request) []string { return r.Header.Values(c.Header) }), nil
}

func (c Condition) compileQuery() (predicate, error) {
	type pair struct {
		anyKey     bool
		key, value pattern
	}
	pairs := make([]pair, len(c.Query))
	for i, q := range c.Query {
		if q.Value == "" || len(q.Key) > 128 || len(q.Value) > 128 {
			return nil, errorf(CodeValidation, "query-string pair %q=%q needs a value; key and value may have 128 characters each", q.Key, q.Value)
		}
		pairs[i] = pair{q.Key == "", compilePattern(q.Key, true, true), compilePattern(q.Value, true, true)}
	}
	return func(r *http.Request) bool {
		for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
			key, value, _ := strings.Cut(part, "=")
			for _, p := range pairs {
				if (p.anyKey || p.key.match(key)) && p.value.match(value) {
					return true
				}
			}
		}
		return false
	}, nil
}

func (c Condition) compileSource() (predicate, error) {
	blocks := make([]netip.Prefix, len(c.Values))
	for i, v := range c.Values {
		block, err := netip.ParsePrefix(v)
		if err != nil {
			return nil, errorf(CodeValidation, "source-ip value %q must be a CIDR block, such as 192.0.2.0/24", v)
		}
		blocks[i] = block.Masked()
	}
	return func(r *http.Request) bool {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		return err == nil && slices.ContainsFunc(blocks, func(b netip.Prefix) bool { return b.Contains(from.Addr().Unmap()) })
	}, nil
}

// hostname is a Host header without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// compiled is a pattern that is compiled when first needed: this package is linked into a Lambda function that never
// needs it, and whose every cold start would pay for it.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
