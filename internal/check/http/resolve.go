package httpcheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Resolve says where connections are made to in place of where a name leads: host:port → an address or another host, with a port of
// its own or without. What is asked for stays: the Host header, and the name of the certificate. Such connections go around a proxy.
type Resolve struct {
	entries strictyaml.Map[strictyaml.Text]
}

// DecodeNode reads the mapping.
func (r *Resolve) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	d.Decode(n, &r.entries)
	for _, pair := range n.Pairs() {
		if !isHostPort(pair.Key.Text()) {
			d.Problem(pair.Key, "%q is not host:port, as in shop.example.com:443", pair.Key.Text())
		}
	}
	for _, e := range r.entries {
		if literal, known := e.Value.Literal(); known && literal != "" && isHostPort(e.Key) {
			if _, err := elsewhere(e.Key, literal); err != nil {
				at, _ := n.Get(e.Key)
				d.Problem(at, "%s", err)
			}
		}
	}
}

// JSONSchema describes the mapping.
func (*Resolve) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := strictyaml.Of[strictyaml.Map[strictyaml.Text]](d)
	s.PropertyNames = &strictyaml.Schema{Pattern: "^.+:[0-9]+$"}
	return s
}

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	n, notNumber := strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && notNumber == nil && n > 0
}

// elsewhere gives the address to connect to in place of host:port.
func elsewhere(hostPort, to string) (string, error) {
	_, port, err := net.SplitHostPort(hostPort)
	switch {
	case err != nil:
		return "", fmt.Errorf("%q is not host:port", hostPort)
	case isHostPort(to):
		return to, nil
	case to == "" || strings.ContainsAny(to, "/ \t[]"):
		return "", fmt.Errorf("%q is neither an address nor a host, with a port or without", to)
	}
	if _, err := netip.ParseAddr(to); err != nil && strings.Contains(to, ":") {
		return "", fmt.Errorf("%q is neither an address nor a host, with a port or without", to)
	}
	return net.JoinHostPort(to, port), nil
}

// over puts the addresses before a network's own.
func (r *Resolve) over(n Network, lookup strictyaml.Lookup) (Network, error) {
	if len(r.entries) == 0 {
		return n, nil
	}
	to := map[string]string{}
	for _, e := range r.entries {
		value, err := e.Value.Expand(lookup)
		if err != nil {
			return n, err
		}
		address, err := elsewhere(e.Key, value)
		if err != nil {
			return n, fmt.Errorf("%s: resolve: %w", e.At, err)
		}
		to[strings.ToLower(e.Key)] = address
	}
	dial, proxy := n.Dial, n.Proxy
	n.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if other, ok := to[strings.ToLower(address)]; ok {
			address = other
		}
		return dial(ctx, network, address)
	}
	if proxy != nil {
		n.Proxy = func(q *http.Request) (*url.URL, error) {
			if _, ok := to[hostPort(q.URL)]; ok {
				return nil, nil
			}
			return proxy(q)
		}
	}
	return n, nil
}

// leads refuses addresses that a request has no use for: who meant them would ask another server than he believes.
func (r *Resolve) leads(u *url.URL, otherHosts bool) error {
	if len(r.entries) == 0 || otherHosts {
		return nil
	}
	var names []string
	for _, e := range r.entries {
		names = append(names, strings.ToLower(e.Key))
	}
	if slices.Contains(names, hostPort(u)) {
		return nil
	}
	return errors.New("resolve has addresses for " + strings.Join(names, ", ") + ", and the request goes to " + hostPort(u))
}

// hostPort is what a URL is connected to, in lower case.
func hostPort(u *url.URL) string {
	_, address, _ := strings.Cut(network.Origin(u), "://")
	return address
}
