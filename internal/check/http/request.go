package httpcheck

import (
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Request is what a plan says of a request, in one line (GET /health, HEAD http://host/, or a path alone) or in full.
type Request struct {
	// Method is GET where it isn't set.
	Method string `yaml:"method"`
	// Path is joined to green's base URL. A request has a path or a url.
	Path strictyaml.Text `yaml:"path"`
	// URL is a whole one, in place of a path.
	URL strictyaml.Text `yaml:"url"`

	// Query is added to that of the target, sorted by name.
	Query strictyaml.Map[strictyaml.OneOrMany[strictyaml.Text]] `yaml:"query"`
	// Headers win over those that are set otherwise. Without an accept-encoding of its own, a request takes gzip.
	Headers strictyaml.Map[strictyaml.Text] `yaml:"headers"`

	// Body is the request's body as it is. A request has one of body, json, form and multipart; GET and HEAD may have one too.
	Body strictyaml.Text `yaml:"body"`
	// JSON is a value that is sent as JSON, with that content-type.
	JSON strictyaml.Value `yaml:"json"`
	// Form are names and values that are sent as a form, with that content-type.
	Form strictyaml.Map[strictyaml.OneOrMany[strictyaml.Text]] `yaml:"form"`
	// Multipart is a form of several parts, each a value or a file.
	Multipart Multipart `yaml:"multipart"`

	// BasicAuth says who asks by a name and a password. A request has one of basic_auth, aws and oauth2, and none goes along with a
	// redirect to another host.
	BasicAuth *BasicAuth `yaml:"basic_auth"`
	// AWS signs the request with the credentials that the function has.
	AWS *AWS `yaml:"aws"`
	// OAuth2 says who asks by an access token, which is had for a client's own credentials.
	OAuth2 *OAuth2 `yaml:"oauth2"`

	// Resolve connects elsewhere than names say: host:port → address.
	Resolve Resolve `yaml:"resolve"`
	// Version is that of HTTP: 1.1, 2 over TLS, or h2c, which is 2 without TLS. Without it the server chooses between 1.1 and 2
	// over TLS, and plain http is 1.1.
	Version httpVersion `yaml:"version"`
	// Events reads so many server-sent events, and no more of the answer.
	Events eventCount `yaml:"events"`

	// Redirects is how many are followed, 0 to 20; default 0: a gate judges what green itself answers.
	Redirects Redirects `yaml:"redirects"`
	// TLS is how an https request is made. Certificates and keys are PEM texts, or files with them.
	TLS network.TLS `yaml:"tls"`
}

// methods are those of RFC 9110 and PATCH. CONNECT is for proxies.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

// DecodeNode reads one line, or a mapping.
func (r *Request) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch {
	case n.IsMapping():
		type fields Request
		d.Fields(n, (*fields)(r))
		r.validate(d, n)
	case n.IsScalar():
		r.decodeLine(d, n)
	default:
		d.Mismatch(n, "a request, as in GET /health, or a mapping with method, path, …")
	}
}

// decodeLine reads METHOD path-or-URL, or a path or URL alone. The method is what is written there, not what a name
// stands for.
func (r *Request) decodeLine(d *strictyaml.Decoder, n strictyaml.Node) {
	line := n.Text()
	var target strictyaml.Text
	d.Decode(n, &target)
	if target.IsZero() {
		return
	}
	if word, rest, found := strings.Cut(line, " "); found && word != "" && !strings.ContainsAny(word, "{/") {
		if !slices.Contains(methods, word) {
			d.ProblemAt(n, 0, len(word), "%s", strictyaml.Unknown("method", word, methods))
			return
		}
		r.Method = word
		target = target.Skip(len(line) - len(strings.TrimLeft(rest, " ")))
	} else if slices.Contains(methods, line) {
		d.Problem(n, "%s what? Write a path after it, as in %[1]s /health", line)
		return
	}
	literal, known := target.Literal()
	if known && strings.HasPrefix(literal, "/") || !known && strings.HasPrefix(target.String(), "/") {
		r.Path = target
	} else {
		r.URL = target
	}
	r.validateTarget(d, n, n)
}

func (r *Request) method() string {
	if r.Method == "" {
		return "GET"
	}
	return r.Method
}

func (r *Request) target() strictyaml.Text {
	if r.URL.IsZero() {
		return r.Path
	}
	return r.URL
}

func (r *Request) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if at, ok := n.Get("method"); ok && (r.Method != "" || at.IsString() && at.Text() == "") && !slices.Contains(methods, r.Method) {
		d.Problem(at, "method: %s", strictyaml.Unknown("method", r.Method, methods))
	}
	path, hasPath := n.Get("path")
	target, hasURL := n.Get("url")
	switch {
	case hasPath && hasURL:
		d.Problem(target, "url: the request has a path already: write one of path (joined to green's URL) and url (whole)")
	case !hasPath && !hasURL:
		d.Problem(n, `the request has no target: write path (joined to green's URL) or url (whole)`)
	}
	r.validateTarget(d, path, target)
	r.validateBody(d, n)
	headers, _ := n.Get("headers")
	r.validateHeaders(d, headers)
	r.validateIdentity(d, n)
	r.validateVersion(d, n)
}

// validateTarget refuses a path or URL that no request could go to, whatever the names in it stand for.
func (r *Request) validateTarget(d *strictyaml.Decoder, path, target strictyaml.Node) {
	if !r.Path.IsZero() {
		if _, err := network.ParsePath(network.Supposed(r.Path, "/x")); err != nil {
			d.Problem(path, "%s", err)
		}
	}
	if !r.URL.IsZero() {
		if _, err := network.ParseURL(network.Supposed(r.URL, "http://x"), "http", "https"); err != nil {
			d.Problem(target, "%s", err)
		}
	}
}

// bodies are the keys that give a request its body.
var bodies = []string{"body", "json", "form", "multipart"}

func (r *Request) validateBody(d *strictyaml.Decoder, n strictyaml.Node) {
	first := ""
	for _, pair := range n.Pairs() {
		switch key := pair.Key.Text(); {
		case !slices.Contains(bodies, key):
		case first == "":
			first = key
		default:
			d.Problem(pair.Key, "%s: the request has a body already, from %s: write one of %s", key, first, strings.Join(bodies, ", "))
		}
	}
}

// owned are the headers that describe the message itself, which the HTTP client writes.
var owned = []string{"content-length", "transfer-encoding", "connection", "upgrade", "trailer", "te", "keep-alive"}

func (r *Request) validateHeaders(d *strictyaml.Decoder, n strictyaml.Node) {
	lines := map[string]string{}
	for _, pair := range n.Pairs() {
		name := pair.Key.Text()
		lower := strings.ToLower(name)
		switch earlier, twice := lines[lower]; {
		case !network.IsToken(name):
			d.Problem(pair.Key, "headers: %q is not the name of a header: letters, digits and any of !#$%%&'*+-.^_`|~", name)
		case slices.Contains(owned, lower):
			d.Problem(pair.Key, "headers: %s describes the message itself, and is set with it", name)
		case twice && earlier != name:
			d.Problem(pair.Key, "headers: %s and %s are one header", earlier, name)
		default:
			lines[lower] = name
		}
		for _, h := range r.Headers {
			literal, known := h.Value.Literal()
			if h.At == pair.Key.Position() && known && !network.IsHeaderValue(literal) {
				d.Problem(pair.Value, "headers: the value of %s holds a line break or another control character", name)
			}
		}
	}
}
