package httpcheck

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// maxRedirects is the most that a plan can ask for; browsers give up at 20 as well.
const maxRedirects = 20

// Redirects say how many redirects are followed. By default it is none: a gate judges what green itself answers.
type Redirects struct {
	// Max is how many are followed, 0 to 20.
	Max int `yaml:"max,required"`
	// OtherHosts follows them away from green too. Another host is another scheme, host or port: on the load
	// balancer of a blue/green deployment another port is another listener, and often that of production. So http to
	// https on the same host is away as well.
	OtherHosts bool `yaml:"other_hosts"`
}

// DecodeNode reads a number, or {max, other_hosts}.
func (r *Redirects) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	type fields Redirects
	at := n
	if n.IsMapping() {
		d.Fields(n, (*fields)(r))
		if most, ok := n.Get("max"); ok {
			at = most
		}
	} else if max, ok := d.Int(n); ok {
		r.Max = int(max)
	}
	if r.Max < 0 || r.Max > maxRedirects {
		d.Problem(at, "between 0 and %d redirects can be followed", maxRedirects)
	}
}

// misled is a redirect that isn't followed, though redirects are. It is an answer, and a wrong one.
type misled string

func (m misled) Error() string { return string(m) }

// next gives the request that an answer redirects to; nil where it doesn't, or where none is followed.
func (h *hop) next(answer *http.Response, rules Redirects, before []string) (*hop, error) {
	location := answer.Header.Get("Location")
	if rules.Max == 0 || location == "" || !isRedirect(answer.StatusCode) {
		return nil, nil
	}
	to, err := h.url.Parse(location)
	if err != nil || to.Hostname() == "" || to.Scheme != "http" && to.Scheme != "https" {
		return nil, misled("redirects to " + expect.Quote(location) + ", which is not an http or https URL")
	}
	to.Fragment, to.RawFragment, to.User = "", "", nil
	to = h.kept(to)
	following := h.redirected(answer.StatusCode, to)
	switch {
	case !network.SameOrigin(h.url, to) && !rules.OtherHosts:
		return nil, misled(fmt.Sprintf("redirects to another host, %s, where it isn't green that answers; redirects: {max: %d, other_hosts: true} follows it", network.Origin(to), rules.Max))
	case slices.Contains(before, following.String()):
		return nil, misled("redirects in a loop: " + loop(before, following.String()))
	case len(before) > rules.Max:
		return nil, misled(fmt.Sprintf("redirects more than %d times, the last time to %s", rules.Max, expect.Quote(to.String())))
	}
	return following, nil
}

// kept leads a redirect to the name that was asked for back to the address that answers by it: elsewhere the name
// leads to where production is.
func (h *hop) kept(to *url.URL) *url.URL {
	if h.host == "" || !strings.EqualFold(to.Hostname(), network.Hostname(h.host)) {
		return to
	}
	here := *to
	here.Host = strings.TrimSuffix(net.JoinHostPort(h.url.Hostname(), to.Port()), ":")
	if !network.SameOrigin(h.url, &here) {
		return to
	}
	return &here
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirected is the request that follows one: after 303, and as all clients do after 301 and 302 of a POST, a GET
// without the body (RFC 9110, 15.4).
func (h *hop) redirected(status int, to *url.URL) *hop {
	following := &hop{
		method: h.method, url: to, header: h.header.Clone(), host: h.host, body: h.body, home: h.home, ownCookies: h.ownCookies, jar: h.jar,
	}
	becomesGet := status == http.StatusSeeOther && h.method != http.MethodHead && h.method != http.MethodGet ||
		(status == http.StatusMovedPermanently || status == http.StatusFound) && h.method == http.MethodPost
	if becomesGet {
		following.method, following.body = http.MethodGet, nil
		for name := range following.header {
			if strings.HasPrefix(name, "Content-") {
				following.header.Del(name)
			}
		}
	}
	if !network.SameOrigin(h.url, to) {
		following.leave()
	}
	return following
}

// leave drops what belongs to green alone before a request goes elsewhere: what could be a secret, which may be any
// header that the plan sets, and the name of green's host.
func (h *hop) leave() {
	h.host, h.home, h.ownCookies = "", false, false
	for name := range h.header {
		if name != "User-Agent" && name != "Content-Type" && !strings.HasPrefix(name, "Accept") {
			h.header.Del(name)
		}
	}
}

// loop shows the way around: /a → /b → /a.
func loop(before []string, again string) string {
	way := append(slices.Clone(before[slices.Index(before, again):]), again)
	const most = 5
	if len(way) > most {
		way = slices.Concat(way[:most-2], []string{"…"}, way[len(way)-1:])
	}
	for i, step := range way {
		if _, address, found := strings.Cut(step, " "); found {
			if u, err := url.Parse(address); err == nil {
				way[i] = u.RequestURI()
			}
		}
	}
	return strings.Join(way, " → ")
}
