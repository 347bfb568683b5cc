package tcpcheck

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Answer is what must come: a line that text is compared with, or bytes.
type Answer struct {
	line  *expect.Text
	bytes network.BytesPattern
}

// DecodeNode reads text or a comparison, or {hex: …} or {base64: …}.
func (a *Answer) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsMapping() {
		d.Decode(n, &a.bytes)
		return
	}
	a.line = &expect.Text{}
	d.Decode(n, a.line)
}

// JSONSchema describes text or a comparison, or bytes.
func (*Answer) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Of[expect.Text](d), strictyaml.Of[network.BytesPattern](d))
}

// differs is where bytes first differ from what is expected of them; ok is false where they don't, as far as they go.
func differs(want []network.Octet, got []byte) (at int, ok bool) {
	for i := range min(len(want), len(got)) {
		if !want[i].Any && want[i].Value != got[i] {
			return i, true
		}
	}
	return 0, false
}

// mostShown is how many bytes a reason shows of those that came, and of those that are expected.
const mostShown = 24

// shown is the part of what was expected and of what came that a reason shows: from some bytes before the place on.
func shown[T any](all []T, place int, write func(T) string) string {
	from := max(0, min(place-mostShown/2, len(all)-mostShown))
	to := min(len(all), from+mostShown)
	words := make([]string, 0, mostShown+2)
	if from > 0 {
		words = append(words, "…")
	}
	for _, one := range all[from:to] {
		words = append(words, write(one))
	}
	if to < len(all) {
		words = append(words, "…")
	}
	return strings.Join(words, " ")
}

func writeByte(b byte) string { return hex.EncodeToString([]byte{b}) }

func writeOctet(o network.Octet) string {
	if o.Any {
		return "??"
	}
	return writeByte(o.Value)
}

// mismatch tells bytes that aren't those that are expected. Got beyond what is expected belongs to the next turn.
func (a *Answer) mismatch(subject string, want []network.Octet, got []byte, place int) *expect.Mismatch {
	return &expect.Mismatch{
		Subject: subject, Got: shown(got[:min(len(got), len(want))], place, writeByte), Expected: shown(want, place, writeOctet), At: a.bytes.Position(),
	}
}

// ordinal names a byte by its place.
func ordinal(i int) string { return fmt.Sprintf("byte %d", i+1) }
