package httpcheck

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Expect is what a plan expects of an answer. All of it must be true. Where it doesn't name a status, the status must
// still be 2xx.
type Expect struct {
	// Status is a code, a class (2xx), a range (200..299), a list of them, or a comparison: < 500. Without it, 2xx.
	Status *expect.Status `yaml:"status"`
	// Protocol is the version of HTTP that was spoken: HTTP/1.1 or HTTP/2.0.
	Protocol *expect.Text `yaml:"protocol"`
	// Duration bounds the time from the first byte sent to the last byte read, connecting included: < 500ms.
	Duration *expect.Duration `yaml:"duration"`
	// Headers are names, in any case, with the text or comparison that their value must fit.
	Headers strictyaml.Map[expect.Text] `yaml:"headers"`
	// Body is the body as text: a literal, or a comparison such as ~ ^ok$.
	Body *expect.Text `yaml:"body"`
	// JSON are JSON paths into the body, with the value or comparison that what they select must fit. A path that selects
	// nothing is false, also under !=.
	JSON expect.JSON `yaml:"json"`
	// Schema is a JSON Schema that the body must fit, inline or as a file.
	Schema *Schema `yaml:"schema"`
	// OpenAPI is the contract that the answer's status, headers and body must be as it says.
	OpenAPI *OpenAPI `yaml:"openapi"`
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
		if name := pair.Key.Text(); !network.IsToken(name) {
			d.Problem(pair.Key, "headers: %q is not the name of a header", name)
		}
	}
}

// ValidateFor refuses what no answer to a request could fulfil. The node is the expectation's.
func (e *Expect) ValidateFor(d *strictyaml.Decoder, n strictyaml.Node, request *Request) {
	if at, ok := n.Get("openapi"); ok && e.OpenAPI != nil {
		e.OpenAPI.validateFor(d, at, request)
	}
	if at, ok := n.Get("protocol"); ok && e.Protocol != nil && at.IsScalar() && strings.HasPrefix(at.Text(), "HTTP/") &&
		!slices.Contains(protocols, at.Text()) {
		d.Problem(at, "protocol: %s", strictyaml.Unknown("version", at.Text(), protocols))
	}
}

// protocols are what answers come in, as they are told.
var protocols = []string{"HTTP/1.0", "HTTP/1.1", "HTTP/2.0"}

// needsBody says that the text of the body is looked at.
func (e *Expect) needsBody() bool {
	return e.Body != nil || len(e.JSON) > 0 || e.Schema != nil || e.OpenAPI != nil || e.Assert.Uses("body")
}

// result judges an exchange. The base is the URL of the side that was asked.
func (e *Expect) result(ctx context.Context, x *exchange, base string, lookup strictyaml.Lookup) check.Result {
	var away misled
	var known network.Problem
	if x.answer == nil || errors.As(x.err, &away) || errors.As(x.err, &known) {
		return x.problem(ctx).Result()
	}
	j := &judging{Expect: e, exchange: x, lookup: lookup, base: base}
	j.head()
	switch {
	case x.err != nil:
		j.part()
	case x.cut, x.coding != "":
		j.beginning(ctx)
	default:
		j.whole(ctx)
	}
	switch {
	case len(j.found.All()) > 0:
		return check.Result{Outcome: check.Failed, Reason: j.found.String(), Retry: j.retry()}
	case x.err != nil:
		return x.problem(ctx).Result()
	case j.found.Err() != nil:
		return check.Result{Outcome: check.Inconclusive, Reason: j.found.Err().Error()}
	}
	return check.Result{Outcome: check.Passed}
}

// judging collects what is false of an answer.
type judging struct {
	*Expect
	*exchange
	lookup strictyaml.Lookup
	base   string
	found  expect.Mismatches
}

func (j *judging) add(err error, all ...*expect.Mismatch) { j.found.Add(err, all...) }

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
	if j.Protocol != nil {
		m, err := j.Protocol.Judge("protocol", j.answer.Proto, j.lookup)
		j.add(err, m)
	}
	if j.events != nil && !j.isEventStream() {
		j.add(nil, &expect.Mismatch{Subject: "header content-type", Got: expect.Quote(j.answer.Header.Get("Content-Type")), Expected: eventStream})
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

// beginning judges an answer of which only MaxBody was read, or whose body is in a coding that isn't known.
func (j *judging) beginning(ctx context.Context) {
	var need []string
	if j.Duration != nil {
		m, settled, err := j.Duration.JudgeAtLeast(j.took(), j.lookup)
		if !j.cut { // all of it came
			m, err = j.Duration.Judge(j.took(), j.lookup)
			settled = true
		}
		if settled || err != nil {
			j.add(err, m)
		} else {
			need = append(need, "duration")
		}
	}
	if j.Size != nil {
		if m, settled, err := j.Size.JudgeAtLeast(j.size, j.lookup); j.cut && (settled || err != nil) {
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
	if j.Schema != nil {
		need = append(need, "schema")
	}
	if j.OpenAPI != nil {
		need = append(need, "openapi")
	}
	if j.events != nil && j.isEventStream() {
		need = append(need, "events")
	}
	switch {
	case slices.ContainsFunc([]string{"body", "size", "duration"}, j.Assert.Uses):
		need = append(need, "assert")
	default:
		all, err := j.Assert.Judge(ctx, j.seen(nil), j.lookup)
		j.add(err, all...)
	}
	if len(need) == 0 {
		return
	}
	m := &expect.Mismatch{
		Subject: "body", Got: fmt.Sprintf("over %d MiB, the most that is read", MaxBody>>20),
		Expected: "all of it for " + strings.Join(need, ", "),
	}
	if j.coding != "" {
		m.Got = "in the coding " + expect.Quote(j.coding)
		m.Expected = "gzip, deflate or none for " + strings.Join(need, ", ")
	}
	j.add(nil, m)
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
	if j.OpenAPI != nil {
		all, err := j.OpenAPI.judge(j.exchange, j.base)
		j.add(err, all...)
	}
	if len(j.JSON) == 0 && j.Schema == nil && len(j.Assert) == 0 && j.events == nil {
		return
	}
	j.parsed(ctx)
}

// parsed judges what a body holds.
func (j *judging) parsed(ctx context.Context) {
	doc, notJSON := expect.ParseJSON(j.body)
	if j.events != nil {
		if !j.isEventStream() {
			return // which is told already
		}
		doc, notJSON = j.events.value(), nil
		if n := len(j.events.all); n < j.events.want {
			j.add(nil, &expect.Mismatch{Subject: "number of events", Got: fmt.Sprintf("%d when the stream ended", n), Expected: fmt.Sprint(j.events.want)})
		}
	}
	switch {
	case len(j.JSON) == 0 && j.Schema == nil:
	case notJSON != nil:
		j.add(nil, &expect.Mismatch{Subject: "body", Got: fmt.Sprintf("not JSON (%s): %s", notJSON, expect.Quote(string(j.body))), Expected: "JSON"})
	default:
		all, err := j.JSON.Judge(doc, j.lookup)
		j.add(err, all...)
		if j.Schema != nil {
			j.add(nil, j.Schema.Judge(doc)...)
		}
	}
	body := expect.BodyValue(j.body, j.answer.Header.Get("Content-Type"), doc, notJSON)
	if j.events != nil {
		body = doc
	}
	all, err := j.Assert.Judge(ctx, j.seen(body), j.lookup)
	j.add(err, all...)
}

// retry lets a load balancer's own error be asked again, where it is its status that is wrong.
func (j *judging) retry() check.Retry {
	if j.fromLoadBalancer() && slices.ContainsFunc(j.found.All(), func(m *expect.Mismatch) bool { return m.Subject == "status" }) {
		return check.RetrySpreading
	}
	return check.RetryNever
}
