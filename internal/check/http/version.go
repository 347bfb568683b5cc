package httpcheck

import (
	"errors"
	"net/http"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// httpVersion is a version of HTTP that a request insists on.
type httpVersion string

const (
	http11 httpVersion = "1.1"
	http2  httpVersion = "2"
	h2c    httpVersion = "h2c"
)

// DecodeNode reads 1.1, 2 or h2c.
func (v *httpVersion) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	switch text := httpVersion(n.Text()); {
	case n.IsScalar() && (text == http11 || text == http2 || text == h2c):
		*v = text
	default:
		d.Mismatch(n, "a version of HTTP: 1.1, 2 (over TLS) or h2c (2 without TLS)")
	}
}

// JSONSchema describes it.
func (*httpVersion) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(&strictyaml.Schema{Enum: []any{1.1, 2, "1.1", "2", "h2c"}}, strictyaml.Filled())
}

var (
	errNoTLS = errors.New("version: 2 is HTTP/2 over TLS, and the URL is one of http: h2c is HTTP/2 without TLS")
	errTLS   = errors.New("version: h2c is HTTP/2 without TLS, and the URL is one of https: write 2")
)

// suits says why no request to a URL of this scheme can be of the version.
func (v httpVersion) suits(scheme string) error {
	switch {
	case v == http2 && scheme == "http":
		return errNoTLS
	case v == h2c && scheme == "https":
		return errTLS
	}
	return nil
}

func (v httpVersion) isHTTP2() bool { return v == http2 || v == h2c }

// unspoken is what it means that the server doesn't speak HTTP/2.
func (v httpVersion) unspoken() network.Problem {
	return network.Wrong("the server speaks no HTTP/2 (version: %s)", v)
}

// protocols are those that the transport may use; nil: its own choice.
func (v httpVersion) protocols() *http.Protocols {
	if v == "" {
		return nil
	}
	p := new(http.Protocols)
	p.SetHTTP1(v == http11)
	p.SetHTTP2(v == http2)
	p.SetUnencryptedHTTP2(v == h2c)
	return p
}

// over is the network that requests of the version are made on.
func (v httpVersion) over(n Network, known *network.PriorKnowledge) Network {
	if v == h2c {
		n.Dial = known.Over(n.Dial)
	}
	return n
}

func (r *Request) validateVersion(d *strictyaml.Decoder, n strictyaml.Node) {
	at, ok := n.Get("version")
	scheme, _, whole := strings.Cut(r.URL.String(), "://")
	if !ok || !whole {
		return
	}
	if err := r.Version.suits(scheme); err != nil {
		d.Problem(at, "%s", err)
	}
}
