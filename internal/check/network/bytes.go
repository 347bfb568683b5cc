package network

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Bytes are bytes as a plan writes them: {hex: 00 1f} or {base64: AB8=}.
type Bytes struct{ writtenBytes }

// BytesPattern is Bytes that may leave some of them open: {hex: 00 ?? 1f}.
type BytesPattern struct{ writtenBytes }

// writtenBytes is what both have in common. One of its texts is set.
type writtenBytes struct{ hex, base64 strictyaml.Text }

// bytesFields is Bytes in full.
type bytesFields struct {
	// Hex are bytes in pairs of hexadecimal digits, with or without spaces between them.
	Hex strictyaml.Text `yaml:"hex"`
	// Base64 are bytes in the standard alphabet, with padding (RFC 4648, 4).
	Base64 strictyaml.Text `yaml:"base64"`
}

// patternFields is BytesPattern in full.
type patternFields struct {
	// Hex are bytes in pairs of hexadecimal digits, with or without spaces between them; ?? is any byte.
	Hex strictyaml.Text `yaml:"hex"`
	// Base64 are bytes in the standard alphabet, with padding (RFC 4648, 4).
	Base64 strictyaml.Text `yaml:"base64"`
}

// Octet is one byte of a pattern, or any.
type Octet struct {
	Value byte
	Any   bool
}

// DecodeNode reads {hex: …} or {base64: …}.
func (b *Bytes) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	var fields bytesFields
	d.Fields(n, &fields)
	b.writtenBytes = writtenBytes{fields.Hex, fields.Base64}
	b.validate(d, n, false)
}

// DecodeNode reads {hex: …} or {base64: …}.
func (b *BytesPattern) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	var fields patternFields
	d.Fields(n, &fields)
	b.writtenBytes = writtenBytes{fields.Hex, fields.Base64}
	b.validate(d, n, true)
}

// JSONSchema describes bytes.
func (*Bytes) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return described(d.Fields(&bytesFields{}), `[0-9A-Fa-f]{2}`)
}

// JSONSchema describes bytes, some of which may be any.
func (*BytesPattern) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return described(d.Fields(&patternFields{}), `[0-9A-Fa-f]{2}|\?\?`)
}

func described(s *strictyaml.Schema, octet string) *strictyaml.Schema {
	const (
		blank = `[ \t\r\n]*`
		digit = `([A-Za-z0-9+/][\r\n]*)` // the decoder passes over the ends of lines
		pad   = `(=[\r\n]*)`
	)
	s.SetProperty("hex", strictyaml.Matching(blank+`((`+octet+`)`+blank+`)+`))
	s.SetProperty("base64", strictyaml.Matching(`[\r\n]*(`+digit+`{4})*(`+digit+`{4}|`+digit+`{3}`+pad+`|`+digit+`{2}`+pad+`{2})`))
	s.MinProperties = 1
	s.Not = strictyaml.Needs("hex", "base64")
	return s
}

// validate refuses what is no bytes. A number isn't taken: of 0010 and 1e10 YAML and the editors that read it make another text.
func (b *writtenBytes) validate(d *strictyaml.Decoder, n strictyaml.Node, open bool) {
	digits, hasHex := n.Get("hex")
	encoded, hasBase64 := n.Get("base64")
	switch {
	case hasHex && hasBase64:
		d.Problem(n, "the bytes are written twice: write one of hex and base64")
	case !hasHex && !hasBase64 && n.IsMapping():
		d.Problem(n, "no bytes are written: write hex or base64")
	case hasHex && digits.IsScalar() && !digits.IsString():
		d.Problem(digits, "hex: quote it: %q; unquoted it is %s in YAML", digits.Text(), digits.Describe())
	case hasBase64 && encoded.IsScalar() && !encoded.IsString():
		d.Problem(encoded, "base64: quote it: %q; unquoted it is %s in YAML", encoded.Text(), encoded.Describe())
	case hasHex && !b.hex.IsZero():
		if literal, known := b.hex.Literal(); known {
			if _, wrong := parseHex(literal, open); wrong != nil {
				noteHex(d, digits, literal, wrong)
			}
		}
	case hasBase64 && !b.base64.IsZero():
		if literal, known := b.base64.Literal(); known {
			if _, err := parseBase64(literal); err != nil {
				d.Problem(encoded, "base64: %s", err)
			}
		}
	}
}

func noteHex(d *strictyaml.Decoder, n strictyaml.Node, literal string, wrong *hexError) {
	if n.Text() != literal { // a name was filled in: the place is one in its value
		d.Problem(n, "hex: %s", wrong)
		return
	}
	d.ProblemAt(n, wrong.offset, wrong.width, "hex: %s", wrong)
}

// IsZero says that nothing is written.
func (b *writtenBytes) IsZero() bool { return b.hex.IsZero() && b.base64.IsZero() }

// Position is where they stand.
func (b *writtenBytes) Position() strictyaml.Position {
	if b.hex.IsZero() {
		return b.base64.Position()
	}
	return b.hex.Position()
}

// Expand gives the bytes, names filled in. The error is one of a name, or of a value that is no bytes.
func (b *Bytes) Expand(lookup strictyaml.Lookup) ([]byte, error) {
	octets, err := b.expand(lookup, false)
	if err != nil {
		return nil, err
	}
	bytes := make([]byte, len(octets))
	for i, o := range octets {
		bytes[i] = o.Value
	}
	return bytes, nil
}

// Expand gives the pattern, names filled in: one byte at least. The error is one of a name, or of a value that is no bytes.
func (b *BytesPattern) Expand(lookup strictyaml.Lookup) ([]Octet, error) {
	return b.expand(lookup, true)
}

func (b *writtenBytes) expand(lookup strictyaml.Lookup, open bool) ([]Octet, error) {
	key, text, parse := "hex", b.hex, func(s string) ([]Octet, error) {
		octets, wrong := parseHex(s, open)
		if wrong != nil {
			return nil, wrong
		}
		return octets, nil
	}
	if text.IsZero() {
		key, text, parse = "base64", b.base64, parseBase64
	}
	filled, err := text.Expand(lookup)
	if err != nil {
		return nil, err
	}
	octets, err := parse(filled)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", text.Position(), key, err)
	}
	return octets, nil
}

var errNoBytes = errors.New("there are no bytes")

func parseBase64(s string) ([]Octet, error) {
	bytes, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	if len(bytes) == 0 {
		return nil, errNoBytes
	}
	octets := make([]Octet, len(bytes))
	for i, b := range bytes {
		octets[i].Value = b
	}
	return octets, nil
}

// hexError is what is wrong with hexadecimal digits, and where.
type hexError struct {
	offset, width int
	message       string
}

func (e *hexError) Error() string { return e.message }

// blanks may stand between bytes.
const blanks = " \t\r\n"

// parseHex reads pairs of hexadecimal digits, white space between them, and ?? where bytes may be open.
func parseHex(s string, open bool) ([]Octet, *hexError) {
	var octets []Octet
	rest := strings.TrimLeft(s, blanks)
	for ; rest != ""; rest = strings.TrimLeft(rest, blanks) {
		pair := firstRunes(rest, 2)
		if end := strings.IndexAny(pair, blanks); end >= 0 {
			pair = pair[:end]
		}
		value, err := hex.DecodeString(pair)
		wrong := &hexError{offset: len(s) - len(rest), width: len(pair)}
		switch {
		case pair == "??" && open:
			octets = append(octets, Octet{Any: true})
		case err == nil:
			octets = append(octets, Octet{Value: value[0]})
		case pair == "??":
			wrong.message = "?? is any byte, which can be expected, and not be sent"
			return nil, wrong
		case errors.Is(err, hex.ErrLength):
			wrong.message = fmt.Sprintf("%q is half of a byte: a byte is two hexadecimal digits, as in 0a", pair)
			return nil, wrong
		default:
			wrong.message = fmt.Sprintf("%q is no byte: a byte is two hexadecimal digits, as in 0a", pair)
			return nil, wrong
		}
		rest = rest[len(pair):]
	}
	if len(octets) == 0 {
		return nil, &hexError{message: errNoBytes.Error()}
	}
	return octets, nil
}

// firstRunes cuts a text after so many characters.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
