package httpcheck

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Expect is what a plan expects of an answer. All of it must be true. Where it doesn't name a status, the status must
// still be 2xx.
type Expect struct {
	// Status is a code, a class (2xx), a range (200..299), a list of them, or a comparison: < 500. Without it, 2xx.
	Status *expect.Status `yaml:"status"`
	// Duration bounds the time from the first byte sent to the last byte read, connecting included: < 500ms.
	Duration *expect.Duration `yaml:"duration"`
	// Headers are names, in any case, with the text or comparison that their value must fit.
	Headers strictyaml.Map[expect.Text] `yaml:"headers"`
	// Body is the body as text: a literal, or a comparison such as ~ ^ok$.
	Body *expect.Text `yaml:"body"`
	// JSON are JSON paths into the body, with the value or comparison that what they select must fit. A path that selects
	// nothing is false, also under !=.
	JSON expect.JSON `yaml:"json"`
	// Size is that of the body after decompression, with its unit: < 100kB.
	Size *expect.Size `yaml:"size"`
	// Certificate is what is expected of the server's certificate.
	Certificate *expect.Certificate `yaml:"certificate"`
	// Assert is an expression, or a list of them, over status, duration (in milliseconds), headers, body, size (in bytes)
	// and vars: body.total > 0.
	Assert expect.Assert `yaml:"assert"`
}

// Validate refuses names that no header has.
func (e *Expect) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	headers, _ := n.Get("headers")
	for _, pair := range headers.Pairs() {
		if name := pair.Key.Text(); !isToken(name) {
			d.Problem(pair.Key, "headers: %q is not the name of a header", name)
		}
	}
}

// needsBody says that the text of the body is looked at.
func (e *Expect) needsBody() bool {
	return e.Body != nil || len(e.JSON) > 0 || e.Assert.Uses("body")
}

// result judges an exchange.
func (e *Expect) result(ctx context.Context, x *exchange, lookup strictyaml.Lookup) check.Result {
	var away misled
	if x.answer == nil || errors.As(x.err, &away) {
		return x.problem(ctx).result()
	}
	j := &judging{Expect: e, exchange: x, lookup: lookup}
	j.head()
	switch {
	case x.err != nil:
		j.part()
	case x.cut:
		j.beginning(ctx)
	default:
		j.whole(ctx)
	}
	switch {
	case len(j.false) > 0:
		return check.Result{Outcome: check.Failed, Reason: j.reason(), Retry: j.retry()}
	case x.err != nil:
		return x.problem(ctx).result()
	case j.err != nil:
		return check.Result{Outcome: check.Inconclusive, Reason: j.err.Error()}
	}
	return check.Result{Outcome: check.Passed}
}

// judging collects what is false of an answer.
type judging struct {
	*Expect
	*exchange
	lookup strictyaml.Lookup
	false  []*expect.Mismatch
	err    error // the first name without a value
}

func (j *judging) add(err error, all ...*expect.Mismatch) {
	if err != nil && j.err == nil {
		j.err = err
	}
	for _, m := range all {
		if m != nil {
			j.false = append(j.false, m)
		}
	}
}

// head judges what came before the body.
func (j *judging) head() {
	status := expect.Success()
	if j.Status != nil {
		status = *j.Status
	}
	if m := status.Judge(j.answer.StatusCode); m != nil {
		m.Got += j.origin()
		j.add(nil, m)
	}
	for i := range j.Headers {
		h := &j.Headers[i]
		subject := "header " + strings.ToLower(h.Key)
		// Several lines of one header are one list (RFC 9110, 5.2).
		values := j.answer.Header.Values(h.Key)
		m, err := h.Value.Judge(subject, strings.Join(values, ", "), j.lookup)
		if len(values) == 0 {
			m, err = h.Value.Missing(subject, j.lookup)
		}
		j.add(err, m)
	}
	if j.Certificate != nil {
		state := j.answer.TLS
		if state == nil || len(state.PeerCertificates) == 0 {
			all, err := j.Certificate.Judge(nil, j.now(), j.lookup)
			j.add(err, all...)
			return
		}
		all, err := j.Certificate.Judge(state.PeerCertificates[0], j.now(), j.lookup)
		j.add(err, all...)
	}
}

// origin says what else is worth knowing of a status that wasn't expected.
func (j *judging) origin() string {
	if location := j.answer.Header.Get("Location"); location != "" && isRedirect(j.answer.StatusCode) {
		return " (location: " + expect.Quote(location) + ")"
	}
	if j.fromLoadBalancer() {
		return " (from the load balancer itself)"
	}
	return ""
}

// fromLoadBalancer says that an Application Load Balancer made this answer because it has no target, or none that
// answers it: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func (j *judging) fromLoadBalancer() bool {
	switch j.answer.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return strings.HasPrefix(j.answer.Header.Get("Server"), "awselb/")
	}
	return false
}

// part judges an answer whose rest never came: what is false already stays false.
func (j *judging) part() {
	if j.Duration != nil {
		m, settled, err := j.Duration.JudgeAtLeast(j.took(), j.lookup)
		if settled {
			j.add(err, m)
		}
	}
	if j.Size != nil {
		m, settled, err := j.Size.JudgeAtLeast(j.size, j.lookup)
		if settled {
			j.add(err, m)
		}
	}
}

// beginning judges an answer of which only MaxBody was read.
func (j *judging) beginning(ctx context.Context) {
	var need []string
	if j.Duration != nil {
		if m, settled, err := j.Duration.JudgeAtLeast(j.took(), j.lookup); settled || err != nil {
			j.add(err, m)
		} else {
			need = append(need, "duration")
		}
	}
	if j.Size != nil {
		if m, settled, err := j.Size.JudgeAtLeast(j.size, j.lookup); settled || err != nil {
			j.add(err, m)
		} else {
			need = append(need, "size")
		}
	}
	if j.Body != nil {
		need = append(need, "body")
	}
	if len(j.JSON) > 0 {
		need = append(need, "json")
	}
	switch {
	case slices.ContainsFunc([]string{"body", "size", "duration"}, j.Assert.Uses):
		need = append(need, "assert")
	default:
		all, err := j.Assert.Judge(ctx, j.seen(nil), j.lookup)
		j.add(err, all...)
	}
	if len(need) > 0 {
		j.add(nil, &expect.Mismatch{
			Subject: "body", Got: fmt.Sprintf("over %d MiB, the most that is read", MaxBody>>20),
			Expected: "all of it for " + strings.Join(need, ", "),
		})
	}
}

// whole judges what needs all of an answer.
func (j *judging) whole(ctx context.Context) {
	if j.Duration != nil {
		m, err := j.Duration.Judge(j.took(), j.lookup)
		j.add(err, m)
	}
	if j.Size != nil {
		m, err := j.Size.Judge(j.size, j.lookup)
		j.add(err, m)
	}
	if j.Body != nil {
		m, err := j.Body.Judge("body", string(j.body), j.lookup)
		j.add(err, m)
	}
	if len(j.JSON) == 0 && len(j.Assert) == 0 {
		return
	}
	doc, notJSON := expect.ParseJSON(j.body)
	switch {
	case len(j.JSON) == 0:
	case notJSON != nil:
		j.add(nil, &expect.Mismatch{Subject: "body", Got: fmt.Sprintf("not JSON (%s): %s", notJSON, expect.Quote(string(j.body))), Expected: "JSON"})
	default:
		all, err := j.JSON.Judge(doc, j.lookup)
		j.add(err, all...)
	}
	body := expect.BodyValue(j.body, j.answer.Header.Get("Content-Type"), doc, notJSON)
	all, err := j.Assert.Judge(ctx, j.seen(body), j.lookup)
	j.add(err, all...)
}

// reason tells what is false, the first few of it.
func (j *judging) reason() string {
	const most = 3
	var parts []string
	for _, m := range j.false[:min(most, len(j.false))] {
		parts = append(parts, m.String())
	}
	if more := len(j.false) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

// retry lets a load balancer's own error be asked again, where it is its status that is wrong.
func (j *judging) retry() check.Retry {
	if j.fromLoadBalancer() && slices.ContainsFunc(j.false, func(m *expect.Mismatch) bool { return m.Subject == "status" }) {
		return check.RetrySpreading
	}
	return check.RetryNever
}
