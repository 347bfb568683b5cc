package network

import (
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Payload is what a plan sends: text as it is, or bytes.
type Payload struct {
	text  strictyaml.Text
	bytes Bytes
}

// DecodeNode reads text, or {hex: …} or {base64: …}.
func (p *Payload) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsMapping() {
		d.Decode(n, &p.bytes)
		return
	}
	d.Decode(n, &p.text)
}

// JSONSchema describes text, or bytes.
func (*Payload) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Scalar(), strictyaml.Of[Bytes](d))
}

// IsZero says that nothing is sent.
func (p Payload) IsZero() bool { return p.text.IsZero() && p.bytes.IsZero() }

// Bytes are what is sent.
func (p Payload) Bytes(lookup strictyaml.Lookup) ([]byte, error) {
	if !p.bytes.IsZero() {
		return p.bytes.Expand(lookup)
	}
	text, err := p.text.Expand(lookup)
	return []byte(text), err
}
