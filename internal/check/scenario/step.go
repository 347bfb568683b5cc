package scenariocheck

import (
	"strings"
	"time"
	"unicode"

	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// steps is a list of steps. The node is kept until it is known which names each step may use.
type steps struct {
	list []*step
	node strictyaml.Node
}

// DecodeNode keeps the node.
func (s *steps) DecodeNode(_ *strictyaml.Decoder, n strictyaml.Node) { s.node = n }

// JSONSchema describes a list of steps.
func (*steps) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.ListOf(strictyaml.AnyOf(strictyaml.Of[step](d), d.Fields(&inclusionEntry{})), 1)
}

// step is one request of a scenario.
type step struct {
	stepKeys
	asks  *httpcheck.Check
	file  string // where it stands
	title string // "step 2 of 4"
}

// stepKeys are the keys of a step beside those of the request itself.
type stepKeys struct {
	// Name is what reports call the step, beside its request.
	Name label `yaml:"name"`
	// Timeout is for the step, being asked again included. 2s by default.
	Timeout positive `yaml:"timeout"`
	// Retry says whether the step is made again when nothing answered. By default it is where that can't do anything twice:
	// where green can't have got the request, and for all methods but POST and PATCH.
	Retry *bool `yaml:"retry"`
	// Capture takes values out of the answer: the name under which later steps and the cleanup know the value, and where it is.
	Capture strictyaml.Map[expect.Capture] `yaml:"capture"`
}

func (s *step) decode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsMapping() {
		d.Problem(n, "expected a step, such as http: GET /carts, found %s", n.Describe())
		return
	}
	d.Fields(n, &s.stepKeys, s.asks)
	if capture, ok := n.Get("capture"); ok && capture.IsMapping() && len(capture.Pairs()) == 0 {
		d.Problem(capture, "capture: nothing is captured: write a name and where its value is, such as cart: $.id")
	}
}

// JSONSchema describes a step.
func (*step) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(new(stepKeys), new(httpcheck.Check))
	s.Property("capture").MinProperties = 1
	s.Property("capture").PropertyNames = &strictyaml.Schema{Pattern: namePattern}
	return s
}

// mayAsk says whether the request may be made again, after an exchange that got no answer.
func (s *step) mayAsk(reached bool) bool {
	if s.Retry != nil {
		return *s.Retry
	}
	return !reached || s.asks.Idempotent()
}

// label is one line of text.
type label string

// DecodeNode reads the name.
func (l *label) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	d.Decode(n, (*string)(l))
	if n.IsScalar() && (strings.TrimSpace(string(*l)) == "" || strings.ContainsFunc(string(*l), unicode.IsControl)) {
		d.Problem(n, "expected a line of text, found %s", n.Describe())
	}
}

// JSONSchema describes a text.
func (*label) JSONSchema(*strictyaml.Describer) *strictyaml.Schema { return strictyaml.Scalar() }

// positive is a duration that isn't 0.
type positive time.Duration

// DecodeNode reads a duration.
func (p *positive) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	const unread strictyaml.Duration = -1
	read := unread
	if d.Decode(n, &read); read == 0 {
		d.Problem(n, "nothing can be asked in 0s")
	}
	if read != unread {
		*p = positive(read)
	}
}

// JSONSchema describes a duration.
func (*positive) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Of[strictyaml.Duration](d)
}
