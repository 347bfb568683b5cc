package recording

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/secret"
)

// ofSecrets matches what tells of a token and isn't one: token_type, tokenExpiresIn.
var ofSecrets = regexp.MustCompile(`(?i)(type|expires([_-]?(in|at))?|expiry|ttl|lifetime|ur[il]|endpoint|count|length|policy)$`)

// isSecret says that a key is called a password or token.
func isSecret(key string) bool { return httpcheck.IsSecretName(key) && !ofSecrets.MatchString(key) }

// inPlan says that a text stands in the plan: what everybody reads there is no secret.
func (r *Recording) inPlan(text string) bool { return strings.Contains(r.text, text) }

// mask masks what a text has of secrets.
func (r *Recording) mask(text string) string {
	return r.named.Mask(r.derived.Mask(r.run.Mask(text)))
}

// carriesSecret says that a request has one of the plan's secrets in it, or one that was given for such a one.
func (r *Recording) carriesSecret(e check.Exchange) bool {
	var b strings.Builder
	b.WriteString(e.Request.URL.String())
	b.WriteByte('\n')
	_ = e.Request.Header.Write(&b)
	b.Write(e.RequestBody)
	text := b.String()
	return r.derived.Mask(r.run.Mask(text)) != text
}

// leastNamed is the length of a text, in bytes, from which on it is masked wherever it stands because something called it a
// token: shorter ones, such as 1 or true, are parts of much else.
const leastNamed = 6

// learn takes the secrets that an exchange holds beside the plan's: credentials, cookies, and what is called a password or token.
// Where the request carried a secret, what is given for it is one of the same kind.
func (r *Recording) learn(e check.Exchange, tainted bool) {
	add := func(value string) {
		switch {
		case r.inPlan(value):
		case tainted:
			r.derived.Add(value)
		case len(value) >= leastNamed:
			r.named.Add(value)
		}
	}
	headers := []http.Header{e.Request.Header}
	cookies := e.Request.Cookies()
	if e.Answer != nil {
		headers = append(headers, e.Answer.Header)
		cookies = append(cookies, e.Answer.Cookies()...)
	}
	for _, h := range headers {
		for name, values := range h {
			for _, value := range values {
				if httpcheck.IsSecretHeader(name) {
					add(value)
					_, credentials, _ := strings.Cut(value, " ")
					add(credentials)
				}
			}
		}
	}
	for _, cookie := range cookies {
		add(cookie.Value)
	}
	for _, form := range []string{e.Request.URL.RawQuery, formOf(e)} {
		pairs, _ := url.ParseQuery(form)
		for name, values := range pairs {
			for _, value := range values {
				if isSecret(name) {
					add(value)
				}
			}
		}
	}
	for _, body := range [][]byte{e.RequestBody, e.Body} {
		if doc, err := expect.ParseJSON(body); err == nil {
			namedIn(doc, add)
		}
	}
}

func formOf(e check.Exchange) string {
	if strings.HasPrefix(e.Request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return string(e.RequestBody)
	}
	return ""
}

// namedIn finds the values that JSON calls a password or token.
func namedIn(doc any, found func(string)) {
	switch doc := doc.(type) {
	case map[string]any:
		for key, value := range doc {
			if text, ok := leaf(value); ok && isSecret(key) {
				found(text)
			}
			namedIn(value, found)
		}
	case []any:
		for _, value := range doc {
			namedIn(value, found)
		}
	}
}

// leaf is a value that can be a secret, as text.
func leaf(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case int64, float64, json.Number:
		return expect.Show(value), true
	}
	return "", false
}

// leaves are all texts and numbers of a value.
func leaves(value any) []string {
	var all []string
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			all = append(all, leaves(inner)...)
		}
	case []any:
		for _, inner := range value {
			all = append(all, leaves(inner)...)
		}
	default:
		if text, ok := leaf(value); ok {
			all = append(all, text)
		}
	}
	return all
}

// always are the headers that are kept whatever the plan says: they say what a body is, and what clients do next.
var always = []string{"Content-Type", "Location", "Set-Cookie", "Www-Authenticate"}

// never are those that belong to the message as it was sent, and not to what it says.
var never = []string{"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Content-Encoding", "Trailer", "Upgrade"}

// kept are the headers of an answer that are recorded: those that the plan names. A contract may name any.
func (r *Recording) kept(h http.Header, coding string) http.Header {
	kept := http.Header{}
	contract := strings.Contains(r.text, "openapi")
	for name, values := range h {
		switch {
		case slices.Contains(never, name):
			continue
		case slices.Contains(always, name), contract && name != "Date", r.mentions(name):
			kept[name] = slices.Clone(values)
		}
	}
	if coding != "" {
		kept["Content-Encoding"] = slices.Clone(h["Content-Encoding"])
	}
	return kept
}

// mentions says that the plan has a header's name in it.
func (r *Recording) mentions(header string) bool {
	return regexp.MustCompile(`(?i)(^|[^\w-])` + regexp.QuoteMeta(header) + `($|[^\w-])`).MatchString(r.text)
}

// written is a text of an answer as it is recorded: without secrets, and with the versions' addresses as they are in a case.
func (r *Recording) written(text string) string { return r.mask(r.moved(text)) }

// moved puts the addresses that both versions have in a case in the place of those that they have.
func (r *Recording) moved(text string) string {
	for _, s := range r.sides {
		origin := s.base.Scheme + "://" + s.base.Host
		text = replaced(text, origin+strings.TrimSuffix(s.base.EscapedPath(), "/"), "http://"+s.name)
		text = replaced(text, origin, "http://"+s.name)
	}
	return text
}

// replaced replaces an address, where another one doesn't only begin with it.
func replaced(text, address, with string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, address)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if after == "" || strings.IndexByte("/?#\"'<>)]}\\,; \t\r\n&", after[0]) >= 0 {
			b.WriteString(with)
		} else {
			b.WriteString(address)
		}
		text = after
	}
}

// location is a Location header as it is recorded: a path below the versions' base URL is one from it on.
func (r *Recording) location(value string) string {
	for _, s := range r.sides {
		base := strings.TrimSuffix(s.base.EscapedPath(), "/")
		if rest, below := strings.CutPrefix(value, base); below && base != "" && strings.HasPrefix(rest, "/") {
			value = rest
			break
		}
	}
	return r.queryMasked(r.written(value))
}

// target is what was asked for, as it is recorded. Where a secret stood any text fits, by the same sign.
func (r *Recording) target(target string) string { return r.queryMasked(r.mask(target)) }

// queryMasked masks what the query of a URL calls a password or token.
func (r *Recording) queryMasked(address string) string {
	path, query, found := strings.Cut(address, "?")
	if !found {
		return address
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(value); isSecret(name) && value != "" && (err != nil || !r.inPlan(plain)) {
			pairs[i] = name + "=" + secret.Mask
		}
	}
	return path + "?" + strings.Join(pairs, "&")
}

// headerLines are the lines of a header as they are recorded.
func (r *Recording) headerLines(name string, values []string) []string {
	lines := make([]string, len(values))
	for i, value := range values {
		switch {
		case name == "Set-Cookie":
			lines[i] = r.cookie(value)
		case httpcheck.IsSecretHeader(name) && !r.inPlan(value):
			lines[i] = secret.Mask
		case name == "Location":
			lines[i] = r.location(value)
		default:
			lines[i] = r.written(value)
		}
	}
	return lines
}

// cookie leaves the name and the attributes of a cookie that is set.
func (r *Recording) cookie(line string) string {
	pair, attributes, more := strings.Cut(line, ";")
	name, value, _ := strings.Cut(pair, "=")
	if value != "" && !r.inPlan(value) {
		value = secret.Mask
	}
	line = r.written(name) + "=" + value
	if more {
		line += ";" + r.written(attributes)
	}
	return line
}

// jsonLeaf is a text or number of JSON as it is recorded, and whether it is masked.
func (r *Recording) jsonLeaf(key, text string) (string, bool) {
	if isSecret(key) && text != "" && !r.inPlan(text) {
		return secret.Mask, true
	}
	shown := r.written(text)
	return shown, shown != text
}

// isJSON says that a body is a JSON document: a mapping or list, or what says that it is JSON.
func isJSON(header http.Header, body []byte) bool {
	kind, _, _ := strings.Cut(strings.ToLower(header.Get("Content-Type")), ";")
	kind = strings.TrimSpace(kind)
	body = bytes.TrimSpace(body)
	return (kind == "application/json" || strings.HasSuffix(kind, "+json") || bytes.IndexByte([]byte("{["), first(body)) >= 0) && json.Valid(body)
}

func first(body []byte) byte {
	if len(body) == 0 {
		return 0
	}
	return body[0]
}
