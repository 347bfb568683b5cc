// Package dnscheck is the dns kind of check: one question to a name server, and what is expected of its answer. Questions
// go over UDP, again where nothing comes, and over TCP where the answer is too long for it.
package dnscheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout, all questions together. A server that has to ask
// others itself takes a second now and then.
const DefaultTimeout = 5 * time.Second

// Servers lists the name servers of the system, as host:port.
type Servers func() ([]string, error)

// Kind is the kind of check that this package holds.
func Kind(n network.Network, system Servers) check.Kind {
	n = n.Whole()
	return check.Kind{Key: "dns", Timeout: DefaultTimeout, New: func() check.Check {
		return &Check{Query: Query{Type: "A", Server: network.Address{Port: "53"}}, network: n, system: system}
	}}
}

// Check is one question and what is expected of its answer.
type Check struct {
	// Query is what is asked, and whom.
	Query Query `yaml:"dns,required"`
	// Expect is what must be true of the answer.
	Expect Expect `yaml:"expect"`

	network network.Network
	system  Servers
}

// Query is what a plan says of a question: a name in one line, or all of it.
type Query struct {
	// Name is asked for as it is, without the system's search domains; without one it is green's host. For PTR it may be an address.
	Name strictyaml.Text `yaml:"name"`
	// Type is the type of record: A by default.
	Type recordType `yaml:"type"`
	// Server is asked, host:port or a host for its port 53; without it the system's servers are, in turn.
	Server network.Address `yaml:"server"`
}

// DecodeNode reads a name, or a mapping.
func (q *Query) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	at := n
	if n.IsMapping() {
		type fields Query
		d.Fields(n, (*fields)(q))
		at, _ = n.Get("name")
	} else {
		d.Decode(n, &q.Name)
	}
	if literal, known := q.Name.Literal(); known && !q.Name.IsZero() {
		if _, err := question(literal, q.Type); err != nil {
			d.Problem(at, "%s", err)
		}
	}
}

// JSONSchema describes a name, or a mapping.
func (*Query) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Query{})
	s.SetProperty("server", network.WithDefaultPort())
	return strictyaml.AnyOf(strictyaml.Scalar(), s)
}

// Validate refuses what can't be true together.
func (c *Check) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	e, _ := n.Get("expect")
	if c.Expect.RCode == "" || c.Expect.RCode == noError {
		return
	}
	for _, key := range []string{"values", "count", "ttl"} {
		if at, ok := e.Get(key); ok {
			d.Problem(at, "%s: an answer of %s has no records", key, c.Expect.RCode)
		}
	}
}

// Title is the kind, the type and the name as the plan has them: "dns MX shop.example".
func (c *Check) Title() string {
	name := "green"
	if !c.Query.Name.IsZero() {
		name = c.Query.Name.String()
	}
	return "dns " + string(c.Query.Type) + " " + name
}

// Run asks, and asks again until something answers.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	lookup := network.Lookup(scope)
	name, servers, err := c.prepare(scope, lookup)
	if err != nil {
		p := network.Unasked(err)
		p.Reason = c.Title() + ": " + p.Reason
		return p.Result()
	}
	asking := network.NewAsking(ctx, scope, c.network)
	r := &resolver{asking: asking, name: name, kind: c.Query.Type, accept: c.Expect.rcode()}
	a, server, err := r.ask(ctx, servers)
	asking.Trace.Finish()
	var result check.Result
	var bad malformed
	switch {
	case errors.As(err, &bad):
		result = network.Wrong("the answer of %s can't be read: %s", server, bad).Result()
	case err != nil:
		p := asking.Problem(ctx, err, "asked "+server)
		if errors.Is(err, errOverTCP) {
			p.Reason = errOverTCP.Error() + ": " + p.Reason
		}
		result = p.Result()
	default:
		result = c.Expect.judge(a, string(c.Query.Type)+" of "+strings.TrimSuffix(name, "."), asking.Trace.Took(r.began), lookup)
	}
	seen := check.Request{Method: "QUERY", URL: address(server, name, c.Query.Type), Remote: server, Size: int64(a.size)}
	return asking.Finish(ctx, scope, c.Title()+" at "+server, seen, result)
}

// address is a question as a URL (RFC 4501).
func address(server, name string, kind recordType) string {
	return (&url.URL{Scheme: "dns", Host: server, Path: "/" + strings.TrimSuffix(name, "."), RawQuery: "type=" + string(kind)}).String()
}

// prepare finds what is asked, and who.
func (c *Check) prepare(scope check.Scope, lookup strictyaml.Lookup) (name string, servers []string, err error) {
	if c.Query.Name.IsZero() {
		name, err = greenHost(scope)
	} else {
		name, err = c.Query.Name.Expand(lookup)
	}
	if err == nil {
		name, err = question(name, c.Query.Type)
	}
	if err != nil {
		return "", nil, err
	}
	if c.Query.Server.IsZero() {
		servers, err = c.system()
		return name, servers, err
	}
	e, err := c.Query.Server.Resolve(scope, lookup)
	return name, []string{e.Address}, err
}

func greenHost(scope check.Scope) (string, error) {
	if scope.Green.URL == "" {
		return "", network.NoGreen(scope.Lookup)
	}
	u, err := url.Parse(scope.Green.URL)
	if err != nil {
		return "", fmt.Errorf("green's URL: %w", err)
	}
	return u.Hostname(), nil
}

// question writes a name as it is asked for: with a dot at its end, and for PTR an address turned around (RFC 1035, 3.5).
func question(name string, kind recordType) (string, error) {
	if ip, err := netip.ParseAddr(name); err == nil {
		if kind != "PTR" {
			return "", fmt.Errorf("%s is an address, which has no name to ask for; type: PTR asks for the name that belongs to it", name)
		}
		return reverse(ip.Unmap()), nil
	}
	shown := expect.Quote(name)
	name = strings.TrimSuffix(name, ".")
	switch labels := strings.Split(name, "."); {
	case strings.Contains(name, "://"):
		return "", fmt.Errorf("%s is a URL: write the name of its host", shown)
	case name == "" && shown == `"."`:
		return ".", nil
	case slices.Contains(labels, ""):
		return "", fmt.Errorf("%s is not a name: it has an empty part", shown)
	case len(name) > 253 || slices.ContainsFunc(labels, func(l string) bool { return len(l) > 63 }):
		return "", fmt.Errorf("%s is too long: names have up to 253 characters, and up to 63 between two dots", shown)
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '/' || r == ':' }):
		return "", fmt.Errorf("%s is not a name: names of other scripts are asked for in their form of ASCII, xn--…", shown)
	}
	return name + ".", nil
}

func reverse(ip netip.Addr) string {
	bytes, name := ip.AsSlice(), ""
	for _, b := range slices.Backward(bytes) {
		if ip.Is4() {
			name += fmt.Sprintf("%d.", b)
		} else {
			name += fmt.Sprintf("%x.%x.", b&0xf, b>>4)
		}
	}
	if ip.Is4() {
		return name + "in-addr.arpa."
	}
	return name + "ip6.arpa."
}

// SystemServers reads /etc/resolv.conf, up to three servers as the resolvers of operating systems do (resolv.conf(5)).
func SystemServers() ([]string, error) {
	text, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("which name servers the system has: %w; server: host:port names one", err)
	}
	servers := parseServers(string(text))
	if len(servers) == 0 {
		return nil, errors.New("/etc/resolv.conf names no server; server: host:port names one")
	}
	return servers, nil
}

func parseServers(text string) []string {
	var servers []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "nameserver" && len(servers) < 3 {
			if ip, err := netip.ParseAddr(fields[1]); err == nil {
				servers = append(servers, net.JoinHostPort(ip.String(), "53"))
			}
		}
	}
	return servers
}
