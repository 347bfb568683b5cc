package scenario

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// traffic is who meets production: a rate alone, or a mapping that says more.
type traffic struct {
	// how many come in a second of real time, up to 1000/s, such as 50/s
	Rate rate `yaml:"rate,required"`
	// the path of their requests; /
	Path string `yaml:"path"`
	// the headers of their requests; host is the request's host
	Headers strictyaml.Map[string] `yaml:"headers"`
	// the event of their invocations; {}
	Payload strictyaml.Value `yaml:"payload"`

	given   bool
	payload json.RawMessage
}

// DecodeNode reads a rate, or the mapping.
func (t *traffic) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	t.given = true
	if !n.IsMapping() {
		d.Decode(n, &t.Rate)
		return
	}
	type fields traffic // without this method
	d.Fields(n, (*fields)(t))
	if at, ok := n.Get("path"); ok && !strings.HasPrefix(t.Path, "/") {
		d.Problem(at, "path: it must start with a slash, such as /cart")
	}
	if at, ok := n.Get("payload"); ok {
		t.readPayload(d, at)
	}
}

func (t *traffic) readPayload(d *strictyaml.Decoder, n strictyaml.Node) {
	plain, err := t.Payload.Expand(func(string) (any, error) { return nil, errors.New("it is known only once the simulator runs") })
	if err == nil {
		t.payload, err = json.Marshal(plain)
	}
	if err != nil {
		d.Problem(n, "payload: %s", err)
	}
}

// rate is how many come in a second.
type rate float64

// DecodeNode reads a rate such as 50/s.
func (r *rate) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsScalar() {
		d.Mismatch(n, "a rate such as 50/s")
		return
	}
	n, ok := d.Static(n)
	if !ok {
		return
	}
	text, perSecond := strings.CutSuffix(n.Text(), "/s")
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !perSecond || !(number > 0 && number <= simulator.MaxRate) { // NaN is neither
		d.Problem(n, "%q is not a rate: write how many come in a second, above 0 and up to %d, such as 50/s", n.Text(), simulator.MaxRate)
		return
	}
	*r = rate(number)
}

// validateTraffic refuses what doesn't go to where the customers go.
func (f *file) validateTraffic(d *strictyaml.Decoder, n strictyaml.Node) {
	section, _ := n.Get("traffic")
	others, why := []string{"payload"}, "the event of an invocation, and it is an ECS service that is deployed"
	if f.forLambda() {
		others, why = []string{"path", "headers"}, "of a request, and it is a Lambda function that is deployed: payload is the event of its invocations"
	}
	for _, key := range others {
		if at, ok := section.Get(key); ok {
			d.Problem(at, "%s: %s", key, why)
		}
	}
}

// customers are nil where nobody is asked for.
func (t *traffic) customers() *simulator.Customers {
	if !t.given {
		return nil
	}
	c := &simulator.Customers{Rate: float64(t.Rate), Path: t.Path, Header: http.Header{}, Payload: t.payload}
	for _, header := range t.Headers {
		c.Header.Add(header.Key, header.Value)
	}
	return c
}
