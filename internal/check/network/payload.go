package network

import (
	"encoding/base64"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Payload is what a plan sends: text as it is, or bytes as base64.
type Payload struct {
	text, base64 strictyaml.Text
}

// payloadFields is a Payload in full.
type payloadFields struct {
	// Base64 are bytes, in the standard alphabet with padding (RFC 4648, 4).
	Base64 strictyaml.Text `yaml:"base64,required"`
}

// DecodeNode reads text, or {base64: …}.
func (p *Payload) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsMapping() {
		d.Decode(n, &p.text)
		return
	}
	var fields payloadFields
	d.Decode(n, &fields)
	p.base64 = fields.Base64
	if literal, known := p.base64.Literal(); known {
		if _, err := base64.StdEncoding.DecodeString(literal); err != nil {
			d.Problem(n, "base64: %s", err)
		}
	}
}

// JSONSchema describes text, or {base64: …}.
func (*Payload) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Scalar(), d.Fields(&payloadFields{}))
}

// IsZero says that nothing is sent.
func (p Payload) IsZero() bool { return p.text.IsZero() && p.base64.IsZero() }

// Bytes are what is sent.
func (p Payload) Bytes(lookup strictyaml.Lookup) ([]byte, error) {
	if p.base64.IsZero() {
		text, err := p.text.Expand(lookup)
		return []byte(text), err
	}
	text, err := p.base64.Expand(lookup)
	if err != nil {
		return nil, err
	}
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s: base64: %w", p.base64.Position(), err)
	}
	return bytes, nil
}
