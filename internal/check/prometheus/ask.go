package prometheuscheck

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/series"
	"github.com/greenlight-deploy/greenlight/internal/check/unread"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// actionQuery is IAM's, for Amazon Managed Service for Prometheus.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedserviceforprometheus.html
const actionQuery = "aps:QueryMetrics"

// maxAnswer bounds an answer, in bytes. 2000 numbers of a series take 60 kB.
const maxAnswer = 4 << 20

// asking is one run of a check.
type asking struct {
	*Check
	userAgent string
	masked    func(string) string
	sender    *http.Transport
}

// transport makes connections for one run.
func (c *Check) transport() *http.Transport {
	return &http.Transport{
		DialContext: c.network.Dial, Proxy: c.network.Proxy, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{RootCAs: c.network.Roots, Time: c.network.Now, MinVersion: tls.VersionTLS12},
	}
}

// ask asks for a window.
func (a *asking) ask(ctx context.Context, w series.Window, lookup strictyaml.Lookup) (series.Answer, *check.Result) {
	r, wrong := a.request(ctx, w, lookup)
	if wrong != nil {
		return series.Answer{}, wrong
	}
	resp, err := a.sender.RoundTrip(r)
	if err != nil {
		return series.Answer{}, silent(ctx, r.URL, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return series.Answer{}, silent(ctx, r.URL, err)
	case len(body) > maxAnswer:
		return series.Answer{}, &check.Result{Outcome: check.Inconclusive, Reason: fmt.Sprintf("the answer is over %d MiB: aggregate the series in the query", maxAnswer>>20)}
	}
	said, err := readResponse(body)
	if resp.StatusCode/100 != 2 || err == nil && said.Status != "success" {
		return series.Answer{}, a.refused(resp, said, err)
	}
	if err != nil {
		return series.Answer{}, unanswered("%s doesn't answer as Prometheus does: %v", base(r.URL), err)
	}
	answer, err := said.answer(shorten(a.Query.Query.String()), w)
	if err != nil {
		return series.Answer{}, unanswered("%v", err)
	}
	return answer, nil
}

// request is the call for a window, as the HTTP API has it.
//
// https://prometheus.io/docs/prometheus/latest/querying/api/#expression-queries
func (a *asking) request(ctx context.Context, w series.Window, lookup strictyaml.Lookup) (*http.Request, *check.Result) {
	text, err := a.Query.URL.Expand(lookup)
	if err != nil {
		return nil, unread.Name(err)
	}
	u, err := parseBase(text)
	if err != nil {
		return nil, unread.Name(err)
	}
	query, err := a.Query.Query.ExpandFunc(lookup, series.Fill)
	if err != nil {
		return nil, unread.Name(err)
	}
	values := url.Values{"query": {query}}
	if w.Step > 0 {
		u.Path += "/api/v1/query_range"
		// A step's number is the one at its end: what was measured in it.
		values.Set("start", seconds(w.Start.Add(w.Step)))
		values.Set("end", seconds(w.End()))
		values.Set("step", strconv.FormatFloat(w.Step.Seconds(), 'f', -1, 64))
	} else {
		u.Path += "/api/v1/query"
		values.Set("time", seconds(w.Start))
	}
	if deadline, ok := ctx.Deadline(); ok {
		values.Set("timeout", strconv.FormatInt(max(time.Until(deadline).Milliseconds(), 1), 10)+"ms")
	}
	u.RawQuery = values.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, unread.Name(err)
	}
	r.Header.Set("User-Agent", a.userAgent)
	return r, a.authorize(ctx, r, lookup)
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}

// authorize says who asks.
func (a *asking) authorize(ctx context.Context, r *http.Request, lookup strictyaml.Lookup) *check.Result {
	for _, h := range a.Query.Headers {
		value, err := h.Value.Expand(lookup)
		if err != nil {
			return unread.Name(err)
		}
		r.Header.Set(h.Key, value)
	}
	switch {
	case a.Query.Basic != nil:
		user, err := a.Query.Basic.User.Expand(lookup)
		if err != nil {
			return unread.Name(err)
		}
		password, err := a.Query.Basic.Password.Expand(lookup)
		if err != nil {
			return unread.Name(err)
		}
		r.SetBasicAuth(user, password)
	case !a.Query.Bearer.IsZero():
		token, err := a.Query.Bearer.Expand(lookup)
		if err != nil {
			return unread.Name(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	case a.Query.SigV4 != nil && !a.Query.SigV4.off:
		return a.sign(ctx, r, lookup)
	}
	return nil
}

func (a *asking) sign(ctx context.Context, r *http.Request, lookup strictyaml.Lookup) *check.Result {
	cfg, err := a.config()
	if err != nil {
		return unread.Settings(err)
	}
	region, err := a.Query.SigV4.Region.Expand(lookup)
	if err != nil {
		return unread.Name(err)
	}
	service, err := a.Query.SigV4.Service.Expand(lookup)
	if err != nil {
		return unread.Name(err)
	}
	if region == "" {
		region = regionOf(r.URL.Hostname())
	}
	if region == "" {
		region = cfg.Region
	}
	if service == "" {
		service = "aps"
	}
	if err := awscall.Sign(ctx, cfg, r, nil, service, region); err != nil {
		return &check.Result{Outcome: check.Inconclusive, Reason: "signing the request: " + err.Error()}
	}
	return nil
}

// regionOf is the region in the name of an endpoint of Amazon Managed Service for Prometheus; empty in others.
//
// https://docs.aws.amazon.com/general/latest/gr/prometheus-service.html
func regionOf(host string) string {
	for _, prefix := range []string{"aps-workspaces.", "aps-workspaces-fips."} {
		if rest, ok := strings.CutPrefix(host, prefix); ok {
			region, _, _ := strings.Cut(rest, ".")
			return region
		}
	}
	return ""
}

// base is a request's URL without the API's path and query.
func base(u *url.URL) string {
	path, _, _ := strings.Cut(u.Path, "/api/v1")
	return u.Scheme + "://" + u.Host + path
}

func unanswered(format string, args ...any) *check.Result {
	return &check.Result{Outcome: check.Inconclusive, Reason: fmt.Sprintf(format, args...)}
}

// silent is the result where nothing answered.
func silent(ctx context.Context, u *url.URL, err error) *check.Result {
	if errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled) {
		return unanswered("cancelled before there was an answer")
	}
	why := err.Error()
	var network net.Error
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout():
		why = "no answer in time"
	case errors.As(err, &op):
		why = op.Err.Error()
	}
	return &check.Result{Outcome: check.Inconclusive, Reason: base(u) + ": " + why, Retry: check.RetryNoAnswer}
}

// refused is the result where the server answered with an error, told by its cause.
//
// https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
func (a *asking) refused(resp *http.Response, said response, unreadable error) *check.Result {
	at, why := base(resp.Request.URL), ""
	if unreadable == nil && said.Error != "" {
		why = ": " + expect.Quote(a.masked(said.Error))
	}
	status := resp.StatusCode
	passing := func(r *check.Result) *check.Result {
		r.Retry = check.RetryNoAnswer
		return r
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		remedy := "set basic, bearer, sigv4 or headers"
		if a.Query.SigV4 != nil && !a.Query.SigV4.off {
			remedy = "allow " + actionQuery + " to the function's role"
		}
		return unanswered("%s refuses who asks (status %d)%s: %s", at, status, why, remedy)
	case said.ErrorType == "bad_data":
		return unanswered("%s can't read the query%s", at, why)
	case said.ErrorType == "timeout", said.ErrorType == "canceled":
		return passing(unanswered("%s had no time to answer the query%s", at, why))
	case said.ErrorType != "" && status/100 != 5:
		return unanswered("%s can't answer the query (%s)%s", at, said.ErrorType, why)
	case status == http.StatusNotFound:
		return unanswered("%s has no HTTP API of Prometheus (status 404): is there a path in front of /api/v1?", at)
	case status/100 == 3:
		return unanswered("%s redirects to %s: write that URL, which gets what says who asks", at, expect.Quote(resp.Header.Get("Location")))
	case status == http.StatusTooManyRequests, status/100 == 5:
		return passing(unanswered("%s has trouble (status %d)%s", at, status, why))
	}
	return unanswered("%s answered status %d%s", at, status, why)
}
