package httpcheck

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// OAuth2 says who asks by an access token that is had for a client's own credentials. One token serves all checks that ask for the
// same, until shortly before it expires.
//
// https://www.rfc-editor.org/rfc/rfc6749#section-4.4
type OAuth2 struct {
	// TokenURL is where tokens are given out.
	TokenURL strictyaml.Text `yaml:"token_url,required"`
	// ClientID is who the client is.
	ClientID strictyaml.Text `yaml:"client_id,required"`
	// ClientSecret is what the client proves it by.
	ClientSecret strictyaml.Text `yaml:"client_secret,required"`
	// Scopes are what the token is to allow: one, or a list.
	Scopes strictyaml.OneOrMany[strictyaml.Text] `yaml:"scopes"`
	// Params are further parameters of the token request, such as an audience.
	Params strictyaml.Map[strictyaml.Text] `yaml:"params"`
	// ClientAuth is how the client says who it is: by header (HTTP basic, the default), or in the body.
	ClientAuth clientAuth `yaml:"client_auth"`
}

type clientAuth string

const (
	byHeader clientAuth = "header"
	byBody   clientAuth = "body"
)

// DecodeNode reads one of the words.
func (c *clientAuth) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	switch word := clientAuth(n.Text()); word {
	case byHeader, byBody:
		*c = word
	default:
		d.Problem(n, "%s", strictyaml.Unknown("way", n.Text(), []string{string(byHeader), string(byBody)}))
	}
}

// JSONSchema describes it.
func (*clientAuth) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(byHeader, byBody)
}

// JSONSchema describes the mapping.
func (*OAuth2) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&OAuth2{})
	s.SetProperty("token_url", strictyaml.Matching(urlPattern))
	return s
}

// Validate refuses a URL that no token could be had from, and parameters that the grant sets itself.
func (o *OAuth2) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if literal, known := o.TokenURL.Literal(); known && !o.TokenURL.IsZero() {
		if _, err := network.ParseURL(literal, "http", "https"); err != nil {
			at, _ := n.Get("token_url")
			d.Problem(at, "token_url: %s", err)
		}
	}
	params, _ := n.Get("params")
	for _, pair := range params.Pairs() {
		if slices.Contains([]string{"grant_type", "scope", "client_id", "client_secret"}, pair.Key.Text()) {
			d.Problem(pair.Key, "params: %s is set by the other keys of oauth2", pair.Key.Text())
		}
	}
}

// grant is a request for a token, its names filled in.
type grant struct {
	url, id, secret string
	auth            clientAuth
	form            url.Values
}

func (o *OAuth2) grant(lookup strictyaml.Lookup) (grant, error) {
	g := grant{auth: o.ClientAuth, form: url.Values{"grant_type": {"client_credentials"}}}
	for _, one := range []struct {
		from strictyaml.Text
		into *string
	}{{o.TokenURL, &g.url}, {o.ClientID, &g.id}, {o.ClientSecret, &g.secret}} {
		var err error
		if *one.into, err = one.from.Expand(lookup); err != nil {
			return g, err
		}
	}
	if _, err := network.ParseURL(g.url, "http", "https"); err != nil {
		return g, fmt.Errorf("oauth2.token_url: %w", err)
	}
	var scopes []string
	for _, t := range o.Scopes {
		scope, err := t.Expand(lookup)
		if err != nil {
			return g, err
		}
		scopes = append(scopes, scope)
	}
	if len(scopes) > 0 {
		g.form.Set("scope", strings.Join(scopes, " "))
	}
	for _, e := range o.Params {
		value, err := e.Value.Expand(lookup)
		if err != nil {
			return g, err
		}
		g.form.Set(e.Key, value)
	}
	if g.auth == byBody {
		g.form.Set("client_id", g.id)
		g.form.Set("client_secret", g.secret)
	}
	return g, nil
}

func (g grant) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(g.id) + ":" + url.QueryEscape(g.secret)))
}

func (g grant) secrets() []string { return []string{g.secret, url.QueryEscape(g.secret), g.basic()} }

// key is the same for grants that a token is the same for.
func (g grant) key() string {
	return strings.Join([]string{g.url, g.id, g.secret, string(g.auth), g.form.Encode()}, "\x00")
}

// tokens are the tokens that were had. It is safe for concurrent use.
type tokens struct {
	network Network
	mu      sync.Mutex
	of      map[string]*token
}

func newTokens(n Network) *tokens { return &tokens{network: n, of: map[string]*token{}} }

// token is one that there is, or that is being fetched.
type token struct {
	fetched chan struct{} // closed when it is there, or can't be had
	value   string
	until   time.Time
	err     error
}

// get gives a token: one that is still good, or that another check is fetching, or a new one.
func (t *tokens) get(ctx context.Context, g grant, scope check.Scope) (string, error) {
	for {
		one, mine := t.find(g.key())
		if mine {
			t.fetch(ctx, one, g, scope)
			return one.value, one.err
		}
		select {
		case <-one.fetched:
		case <-ctx.Done():
			return "", network.Silent("no token from %s: %s", expect.Quote(g.url), stopped(ctx.Err()))
		}
		if !errors.Is(one.err, context.Canceled) && !errors.Is(one.err, context.DeadlineExceeded) {
			return one.value, one.err
		}
		// Who fetched it was stopped, which is no reason for others to have none.
	}
}

// find gives the token of a key, and whether it is the caller's to fetch.
func (t *tokens) find(key string) (*token, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.of[key]; one != nil {
		select {
		case <-one.fetched:
			if one.err == nil && t.network.Now().Before(one.until) {
				return one, false
			}
		default:
			return one, false
		}
	}
	one := &token{fetched: make(chan struct{})}
	t.of[key] = one
	return one, true
}

// fetch asks for a token. How long it lasts is the server's to say; where it doesn't, a minute is short enough.
func (t *tokens) fetch(ctx context.Context, one *token, g grant, scope check.Scope) {
	defer close(one.fetched)
	began := t.network.Now()
	value, lasts, err := t.ask(ctx, g, scope)
	if err != nil {
		one.err = err
		return
	}
	if lasts <= 0 {
		lasts = time.Minute
	}
	// A token is renewed before the last moment: it has to be good still when the request has come to its server.
	one.value, one.until = value, began.Add(lasts-min(lasts/10, 30*time.Second))
}

func stopped(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return "cancelled"
}

// tokenProblem is why there is no token. It unwraps to the error that stopped the asking.
type tokenProblem struct {
	network.Problem
	cause error
}

func (p tokenProblem) Unwrap() []error { return []error{p.Problem, p.cause} }

func (t *tokens) ask(ctx context.Context, g grant, scope check.Scope) (string, time.Duration, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, strings.NewReader(g.form.Encode()))
	if err != nil {
		return "", 0, unable{fmt.Errorf("oauth2.token_url: %w", err)}
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Accept", "application/json")
	if scope.UserAgent != "" {
		q.Header.Set("User-Agent", scope.UserAgent)
	}
	if g.auth != byBody {
		q.Header.Set("Authorization", "Basic "+g.basic())
	}
	sender := &http.Transport{
		DialContext: t.network.Dial, Proxy: t.network.Proxy, OnProxyConnectResponse: network.ProxyAnswer, DisableKeepAlives: true,
		TLSClientConfig:        &tls.Config{RootCAs: t.network.Roots, Time: t.network.Now, MinVersion: tls.VersionTLS12},
		MaxResponseHeaderBytes: maxHeader,
	}
	defer sender.CloseIdleConnections()
	answer, err := sender.RoundTrip(q)
	if err != nil {
		return "", 0, t.unheard(ctx, g, err)
	}
	defer func() { _ = answer.Body.Close() }()
	const longest = 64 << 10
	body, err := io.ReadAll(io.LimitReader(answer.Body, longest))
	if err != nil {
		return "", 0, t.unheard(ctx, g, err)
	}
	if scope.Recorder != nil {
		scope.Recorder.Exchanged(check.Exchange{Request: q, RequestBody: []byte(g.form.Encode()), Reached: true, Answer: answer, Body: body})
	}
	return said(g, answer, body)
}

// unheard is what it means that the token's server didn't answer.
func (t *tokens) unheard(ctx context.Context, g grant, err error) error {
	no := "no token from " + expect.Quote(g.url) + ": "
	if ctx.Err() != nil {
		return tokenProblem{network.Silent("%s", no+stopped(ctx.Err())), ctx.Err()}
	}
	if p, ok := network.TLSProblem(err, t.network.Now()); ok {
		p.Reason = no + p.Reason
		return p
	}
	if reason, ok := network.Unreached(err); ok {
		return network.Silent("%s", no+reason)
	}
	return network.Silent("%s", no+network.Plainly(err))
}

// said reads the answer: a token, or why there is none.
//
// https://www.rfc-editor.org/rfc/rfc6749#section-5
func said(g grant, answer *http.Response, body []byte) (string, time.Duration, error) {
	doc, _ := expect.ParseJSON(body)
	fields, _ := doc.(map[string]any)
	no := "no token from " + expect.Quote(g.url) + ": it answered " + fmt.Sprint(answer.StatusCode)
	for _, key := range []string{"error", "error_description"} {
		if text, ok := fields[key].(string); ok {
			no += ", " + expect.Quote(text)
		}
	}
	switch status := answer.StatusCode; {
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return "", 0, network.Silent("%s", no)
	case status/100 != 2:
		return "", 0, network.Wrong("%s", no)
	}
	value, _ := fields["access_token"].(string)
	kind, hasKind := fields["token_type"].(string)
	switch {
	case value == "":
		return "", 0, network.Wrong("%s, without an access_token", no)
	case hasKind && !strings.EqualFold(kind, "bearer"):
		return "", 0, network.Wrong("%s, with a token of the type %s; bearer is known", no, expect.Quote(kind))
	case !network.IsHeaderValue(value):
		return "", 0, network.Wrong("%s, with a token that holds a control character", no)
	}
	return value, seconds(fields["expires_in"]), nil
}

// seconds reads how long a token lasts, which some servers write as text; 0 where that isn't said.
func seconds(v any) time.Duration {
	text, ok := v.(string)
	if !ok {
		text = expect.Show(v)
	}
	n, isNumber := expect.ParseJSON([]byte(text))
	if isNumber != nil {
		return 0
	}
	const longest = int64(365 * 24 * time.Hour / time.Second)
	switch n := n.(type) {
	case int64:
		return time.Duration(min(max(n, 0), longest)) * time.Second
	case float64:
		return time.Duration(min(max(n, 0), float64(longest)) * float64(time.Second))
	}
	return 0
}
