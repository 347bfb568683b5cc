package network

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Address is where a plan has a check connect: host:port, a port of green's host (:5432), or, where it says nothing,
// green's host and port.
type Address struct {
	text strictyaml.Text
	// Port is taken where the plan names a host alone; empty: a port is needed.
	Port string
}

// DecodeNode reads a text or a number.
func (a *Address) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsScalar() {
		d.Mismatch(n, "host:port, or a port of green's host as in :5432")
		return
	}
	d.Decode(n, &a.text)
	if a.text.IsZero() {
		return
	}
	supposed, err := a.text.ExpandFunc(func(string) (any, error) { return "1", nil }, func(_, value string) string { return value })
	if err == nil {
		_, _, err = a.split(supposed)
	}
	if err != nil {
		d.Problem(n, "%s", err)
	}
}

// Regular expressions of addresses. That ports end at 65535 is the Decoder's to say.
const (
	hostPortPattern = `(\[[^\[\]/?#@ \t]*\]|[^\[\]:/?#@ \t]*):0*[1-9][0-9]*`
	portPattern     = `0*[1-9][0-9]*`
	hostPattern     = `[^:/?#@ \t]+|\[[^/?#@ \t]*\]`
)

// JSONSchema describes an address whose port is needed.
func (*Address) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	const lastPort = 65535
	return strictyaml.AnyOf(strictyaml.Matching(hostPortPattern, portPattern), strictyaml.Between(1, lastPort))
}

// WithDefaultPort describes an address that may be a host alone, for a Port that is set.
func WithDefaultPort() *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Matching(hostPortPattern, hostPattern), &strictyaml.Schema{Type: strictyaml.Types{"number", "boolean"}})
}

// IsZero says that the plan names no address, so that it is green's.
func (a Address) IsZero() bool { return a.text.IsZero() }

// String shows the address as the plan has it.
func (a Address) String() string {
	if a.IsZero() {
		return "green"
	}
	return a.text.String()
}

// Endpoint is an address with what is known of it.
type Endpoint struct {
	// Address is host:port, as dialers take it.
	Address string
	// Host is its first part.
	Host string
	// Side is that which answers there; the zero Side where it isn't a side that the deployment knows.
	Side check.Side
	// Secure: the side's URL is one of https.
	Secure bool
}

// ServerName is what the certificate is asked for, where the plan doesn't say: the name by which a listener's rule knows
// the side, or the host.
func (e Endpoint) ServerName() string {
	if e.Side.Host != "" {
		return Hostname(e.Side.Host)
	}
	return e.Host
}

// Resolve gives the endpoint.
func (a Address) Resolve(scope check.Scope, lookup strictyaml.Lookup) (Endpoint, error) {
	text, err := a.text.Expand(lookup)
	if err != nil {
		return Endpoint{}, err
	}
	var host, port string
	if !a.IsZero() {
		if host, port, err = a.split(text); err != nil {
			return Endpoint{}, err
		}
	}
	if host != "" {
		return a.elsewhere(host, port, scope), nil
	}
	green, err := side(scope.Green)
	if err != nil {
		return Endpoint{}, err
	}
	if green == nil {
		return Endpoint{}, NoGreen(scope.Lookup)
	}
	if port == "" || port == green.port {
		return Endpoint{net.JoinHostPort(green.host, green.port), green.host, scope.Green, green.secure}, nil
	}
	// Another port is another listener: whether it is secured isn't known, and its rule may know green by the same.
	return Endpoint{Address: net.JoinHostPort(green.host, port), Host: green.host, Side: check.Side{Host: scope.Green.Host, Headers: scope.Green.Headers}}, nil
}

// elsewhere finds the side that an address which the plan wrote out leads to.
func (a Address) elsewhere(host, port string, scope check.Scope) Endpoint {
	e := Endpoint{Address: net.JoinHostPort(host, port), Host: host}
	for _, s := range []check.Side{scope.Green, scope.Blue} {
		if known, err := side(s); err == nil && known != nil && strings.EqualFold(known.host, host) && known.port == port {
			e.Side, e.Secure = s, known.secure
			return e
		}
	}
	return e
}

// split takes an address apart. The host is empty where it is green's.
func (a Address) split(text string) (host, port string, err error) {
	shown := expect.Quote(text)
	switch {
	case text == "":
		return "", "", errors.New("the address is empty: write host:port, or a port of green's host as in :5432")
	case strings.Contains(text, "://"):
		return "", "", fmt.Errorf("%s is a URL: write host:port", shown)
	case strings.Trim(text, "0123456789") == "":
		host, port = "", text
	default:
		host, port, err = net.SplitHostPort(text)
	}
	var address *net.AddrError
	if errors.As(err, &address) && address.Err == "missing port in address" && a.Port != "" {
		host, port, err = strings.Trim(text, "[]"), a.Port, nil
	}
	switch {
	case address != nil && err != nil && address.Err == "missing port in address":
		return "", "", fmt.Errorf("%s has no port: write host:port, or a port of green's host as in :5432", shown)
	case err != nil:
		return "", "", fmt.Errorf("%s is not host:port: an address of IPv6 stands in brackets, as in [::1]:5432", shown)
	case strings.ContainsAny(host, "/?#@ \t"):
		return "", "", fmt.Errorf("%s is not host:port", shown)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", "", fmt.Errorf("%s has the port %s; ports go from 1 to 65535", shown, expect.Quote(port))
	}
	return host, port, nil
}

// base is a side's URL, as far as connections need it.
type base struct {
	host, port string
	secure     bool
}

func side(s check.Side) (*base, error) {
	if s.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("green's URL %s can't be connected to", expect.Quote(s.URL))
	}
	b := &base{host: u.Hostname(), port: u.Port(), secure: u.Scheme == "https"}
	switch {
	case b.port != "":
	case b.secure:
		b.port = "443"
	default:
		b.port = "80"
	}
	return b, nil
}

// NoGreen says why it isn't known where green answers: who knows what is deployed knows why.
func NoGreen(lookup strictyaml.Lookup) error {
	if lookup != nil {
		if _, err := lookup("green.url"); err != nil {
			return fmt.Errorf("where green answers: %w", err)
		}
	}
	return errors.New("where green answers is not known: set green in the plan, --green on the command line, or ALB_URL")
}
