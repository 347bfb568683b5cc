package elb

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// MaxWeight is the largest weight of a target group:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html#rule-action-types.
const MaxWeight = 999

// MaxForwardGroups is how many target groups one forward can have:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html.
const MaxForwardGroups = 5

// Action is what a rule does with a request: exactly one of its fields is set.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
type Action struct {
	// Forward sends the request to one of these target groups, each with a weight of 0 to
	// [MaxWeight].
	Forward       map[string]int
	FixedResponse *FixedResponse
	Redirect      *Redirect
}

// FixedResponse is an answer of the load balancer's own.
type FixedResponse struct {
	StatusCode  int    // 2xx, 4xx or 5xx
	ContentType string // text/plain (the default), text/css, text/html, application/javascript or application/json
	Body        string // up to 1024 bytes
}

// Redirect sends the client to another URL. Each part keeps the request's where it is
// empty, and may hold #{protocol}, #{host}, #{port}, #{path} (without its leading slash) and
// #{query}. Protocol, Host, Port or Path must differ from the request's, lest it loop.
type Redirect struct {
	StatusCode int    // 301 or 302
	Protocol   string // HTTP (not from an HTTPS listener), HTTPS or #{protocol}, the default
	Host       string // default #{host}
	Port       string // 1 to 65535 or #{port}, the default
	Path       string // default /#{path}
	Query      string // without ?; default #{query}
}

func (a Action) clone() Action {
	a.Forward = maps.Clone(a.Forward)
	if a.FixedResponse != nil {
		a.FixedResponse = new(*a.FixedResponse)
	}
	if a.Redirect != nil {
		a.Redirect = new(*a.Redirect)
	}
	return a
}

// equal tells whether two actions are the same.
func (a Action) equal(b Action) bool {
	return maps.Equal(a.Forward, b.Forward) && equalAt(a.FixedResponse, b.FixedResponse) && equalAt(a.Redirect, b.Redirect)
}

func equalAt[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// share is one target group's part of a forward's requests.
type share struct {
	group  *TargetGroup
	weight int
	credit int
}

// handling is an action in use. Its route's lock guards it.
type handling struct {
	action Action
	shares []share
}

// compileAction checks an action and finds its target groups; the caller holds the load
// balancer's lock.
func (r *route) compileAction(a Action) (*handling, error) {
	a = a.clone()
	set := 0
	for _, is := range []bool{len(a.Forward) > 0, a.FixedResponse != nil, a.Redirect != nil} {
		if is {
			set++
		}
	}
	switch {
	case set == 0:
		return nil, errorf(CodeInvalidAction, "a forward needs at least one target group")
	case set > 1:
		return nil, errorf(CodeInvalidAction, "an action is one of forward, fixed-response and redirect")
	case a.FixedResponse != nil:
		return &handling{action: a}, a.FixedResponse.normalize()
	case a.Redirect != nil:
		return &handling{action: a}, a.Redirect.normalize(r.secure)
	}
	shares, err := r.lb.compileForward(a.Forward)
	return &handling{a, shares}, err
}

func (lb *LoadBalancer) compileForward(weights map[string]int) ([]share, error) {
	if len(weights) > MaxForwardGroups {
		return nil, errorf(CodeInvalidAction, "a forward to %d target groups: it can have %d", len(weights), MaxForwardGroups)
	}
	var shares []share
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		group, weight := lb.groups[name], weights[name]
		if group == nil {
			return nil, errorf(CodeTargetGroupNotFound, "there is no target group %q", name)
		}
		if weight < 0 || weight > MaxWeight {
			return nil, errorf(CodeValidation, "weight %d of target group %q is out of range: 0 to %d", weight, name, MaxWeight)
		}
		shares = append(shares, share{group: group, weight: weight})
	}
	return shares, nil
}

// choose returns the target group of the next request, nil where all weights are 0. It
// keeps to the weights exactly over each round, instead of by chance: each group gains
// its weight in credit, and the richest pays for the request.
func (h *handling) choose() *TargetGroup {
	var richest *share
	sum := 0
	for i := range h.shares {
		s := &h.shares[i]
		if s.weight == 0 {
			continue
		}
		sum += s.weight
		s.credit += s.weight
		if richest == nil || s.credit > richest.credit {
			richest = s
		}
	}
	if richest == nil {
		return nil
	}
	richest.credit -= sum
	return richest.group
}

var fixedTypes = []string{"text/plain", "text/css", "text/html", "application/javascript", "application/json"}

func (f *FixedResponse) normalize() error {
	if f.ContentType == "" {
		f.ContentType = fixedTypes[0]
	}
	switch class := f.StatusCode / 100; {
	case class != 2 && class != 4 && class != 5:
		return errorf(CodeValidation, "fixed response status %d must be 2xx, 4xx or 5xx", f.StatusCode)
	case !slices.Contains(fixedTypes, f.ContentType):
		return errorf(CodeValidation, "fixed response content type %q must be one of %s", f.ContentType, strings.Join(fixedTypes, ", "))
	case len(f.Body) > 1024:
		return errorf(CodeValidation, "a fixed response's body of %d bytes is too long: it may have 1024", len(f.Body))
	}
	return nil
}

func (r *Redirect) normalize(secure bool) error {
	for _, part := range []struct {
		value    *string
		fallback string
	}{
		{&r.Protocol, "#{protocol}"},
		{&r.Host, "#{host}"},
		{&r.Port, "#{port}"},
		{&r.Path, "/#{path}"},
		{&r.Query, "#{query}"},
	} {
		if *part.value == "" {
			*part.value = part.fallback
		}
		if len(*part.value) > 128 {
			return errorf(CodeValidation, "redirect: %q is longer than 128 characters", *part.value)
		}
	}
	port, err := strconv.Atoi(r.Port)
	switch {
	case r.StatusCode != http.StatusMovedPermanently && r.StatusCode != http.StatusFound:
		return errorf(CodeValidation, "redirect status %d must be 301 or 302", r.StatusCode)
	case r.Protocol != "HTTP" && r.Protocol != "HTTPS" && r.Protocol != "#{protocol}":
		return errorf(CodeValidation, "redirect protocol %q must be HTTP, HTTPS or #{protocol}", r.Protocol)
	case secure && r.Protocol == "HTTP":
		return errorf(CodeInvalidAction, "an HTTPS listener can't redirect to HTTP")
	case r.Port != "#{port}" && (err != nil || port < 1 || port > 65535):
		return errorf(CodeValidation, "redirect port %q must be 1 to 65535 or #{port}", r.Port)
	case !strings.HasPrefix(r.Path, "/"):
		return errorf(CodeValidation, "redirect path %q must start with a slash", r.Path)
	case r.Protocol == "#{protocol}" && r.Host == "#{host}" && r.Port == "#{port}" && r.Path == "/#{path}":
		return errorf(CodeInvalidAction, "the redirect would loop: it must change protocol, host, port or path")
	}
	return nil
}

// location is where the redirect sends a request that came to a listener of this protocol
// and port. The port is always written out, as a load balancer does.
func (r *Redirect) location(req *http.Request, protocol, port string) string {
	fill := strings.NewReplacer(
		"#{protocol}", protocol, "#{host}", hostname(req.Host), "#{port}", port,
		"#{path}", strings.TrimPrefix(req.URL.EscapedPath(), "/"), "#{query}", req.URL.RawQuery,
	).Replace
	to := strings.ToLower(fill(r.Protocol)) + "://" + net.JoinHostPort(strings.Trim(fill(r.Host), "[]"), fill(r.Port)) + fill(r.Path)
	if query := fill(r.Query); query != "" {
		to += "?" + query
	}
	return to
}
