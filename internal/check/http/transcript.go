package httpcheck

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// MaxShown is how much of a body a transcript shows, in bytes.
const MaxShown = 2 << 10

// maxShownValue is how much of a header's value a transcript shows, in bytes.
const maxShownValue = 256

// masked stands where something secret stood.
const masked = "***"

// secretHeaders are never shown: who reads them can act for somebody. Of cookies the names are.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "X-Api-Key", "X-Amz-Security-Token", "X-Auth-Token", "X-Csrf-Token"}

// dullHeaders say nothing of why an answer is wrong.
var dullHeaders = []string{"Connection", "Date", "Keep-Alive", "Content-Security-Policy", "Permissions-Policy", "Report-To", "Nel", "Alt-Svc"}

// transcript is what was said, for people: without secrets, and cut.
func (x *exchange) transcript(mask func(string) string) *check.Transcript {
	mask = x.masking(mask)
	said := &check.Transcript{
		RequestHeaders: shownHeaders(x.sent.Header, mask), RequestBody: shownBody(x.hop.body, mask),
	}
	if x.hop.host != "" {
		said.RequestHeaders = append([]check.Header{{Name: "Host", Value: mask(x.hop.host)}}, said.RequestHeaders...)
	}
	if x.answer != nil {
		said.AnswerHeaders, said.AnswerBody = shownHeaders(x.answer.Header, mask), shownBody(x.body, mask)
	}
	return said
}

// leastSecret is the length of a text, in bytes, from which on it is taken for a secret wherever it stands: shorter ones, such
// as 1 or true, are parts of much else.
const leastSecret = 6

// masking adds to a mask what the exchange itself holds that is secret: a server may repeat a credential in its answer.
func (x *exchange) masking(mask func(string) string) func(string) string {
	var pairs []string
	add := func(secret string) {
		if len(secret) >= leastSecret {
			pairs = append(pairs, secret, masked)
		}
	}
	for _, name := range secretHeaders {
		for _, value := range x.sent.Header.Values(name) {
			add(value)
			if _, credentials, found := strings.Cut(value, " "); found {
				add(credentials)
			}
		}
	}
	cookies := x.sent.Cookies()
	if x.answer != nil {
		cookies = append(cookies, x.answer.Cookies()...)
	}
	for _, cookie := range cookies {
		add(cookie.Value)
	}
	own := strings.NewReplacer(pairs...)
	return func(s string) string {
		return own.Replace(mask(s))
	}
}

func shownHeaders(h http.Header, mask func(string) string) []check.Header {
	var shown []check.Header
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if slices.Contains(dullHeaders, name) {
			continue
		}
		value := strings.Join(h[name], ", ")
		switch {
		case slices.Contains(secretHeaders, name):
			value = masked
		case name == "Cookie":
			value = cookieNames(value)
		case name == "Set-Cookie":
			value = setCookies(h[name])
		}
		shown = append(shown, check.Header{Name: name, Value: cutAt(withoutPasswords(mask(value)), maxShownValue)})
	}
	return shown
}

// cookieNames leaves the names of a Cookie header.
func cookieNames(value string) string {
	var names []string
	for part := range strings.SplitSeq(value, ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
		names = append(names, name+"="+masked)
	}
	return strings.Join(names, "; ")
}

// setCookies leaves the names and the attributes of Set-Cookie headers, which say why a cookie isn't sent back.
func setCookies(lines []string) string {
	var shown []string
	for _, line := range lines {
		pair, attributes, _ := strings.Cut(line, ";")
		name, _, _ := strings.Cut(pair, "=")
		line = strings.TrimSpace(name) + "=" + masked
		if attributes = strings.TrimSpace(attributes); attributes != "" {
			line += "; " + attributes
		}
		shown = append(shown, line)
	}
	return strings.Join(shown, ", ")
}

// shownBody masks before it cuts: of what is cut first, half a secret would be left.
func shownBody(body []byte, mask func(string) string) string {
	if len(body) == 0 {
		return ""
	}
	if !utf8.Valid(body) {
		return "(not text)"
	}
	return cutAt(withoutPasswords(mask(string(body))), MaxShown)
}

// secretName is what passwords and tokens are called.
const secretName = `[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|authorization|credential)[\w-]*`

// passwords matches what JSON and forms call passwords and tokens, with their values; values may end where a body does.
var passwords = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)("` + secretName + `"\s*:\s*)("(?:[^"\\]|\\.)*"?|-?[\d.eE+-]+)|((?:^|[&?])` + secretName + `=)[^&\s]*`)
})

// withoutPasswords masks the values of what is called a password or token.
func withoutPasswords(s string) string {
	return passwords().ReplaceAllStringFunc(s, func(found string) string {
		parts := passwords().FindStringSubmatch(found)
		if parts[1] != "" {
			return parts[1] + `"` + masked + `"`
		}
		return parts[3] + masked
	})
}

// shownURL is a URL without what its query calls a password or token.
func shownURL(address string) string {
	if !strings.Contains(address, "?") {
		return address
	}
	return withoutPasswords(address)
}

// cutAt shortens a text to so many bytes, whole characters of it, and shows that it did.
func cutAt(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
