package tlscheck

import (
	"crypto/tls"
	"regexp"
	"strings"
	"sync"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// versions are those that a handshake can be tried with. SSL is none of them: no library that is kept up has it.
var versions = []string{"1.0", "1.1", "1.2", "1.3"}

// number is the version's in the protocol; 0: there is none.
func number(version string) uint16 {
	return map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[version]
}

// name is the version as plans have it.
func name(number uint16) string { return strings.TrimPrefix(tls.VersionName(number), "TLS ") }

// version compares a version of TLS: >= 1.2.
type version struct{ expect.Text }

var comparison = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^" + comparisonPattern + "$") })

const comparisonPattern = `(<=?|>=?|!=)?\s*1\.[0-3]`

// DecodeNode reads a version or a comparison with one.
func (v *version) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	v.Text.DecodeNode(d, n)
	if n.IsScalar() && !strings.Contains(n.Text(), "{{") && !comparison().MatchString(n.Text()) {
		d.Problem(n, "%s is not a version of TLS, nor a comparison with one: write 1.3, or >= 1.2", expect.Quote(n.Text()))
	}
}

// JSONSchema describes a version or a comparison with one.
func (*version) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Matching(comparisonPattern), numbers())
}

// refused is a version with which no handshake may succeed.
type refused uint16

// DecodeNode reads a version.
func (r *refused) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	if !n.IsScalar() {
		d.Mismatch(n, "a version of TLS, as in 1.1")
		return
	}
	if *r = refused(number(n.Text())); *r == 0 {
		d.Problem(n, "%s", strictyaml.Unknown("version of TLS", n.Text(), versions))
	}
}

// JSONSchema describes a version.
func (*refused) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Words(versions...), numbers())
}

// numbers are what versions are in YAML, unless they are quoted. That 1.0 keeps its fraction is the Decoder's to say.
func numbers() *strictyaml.Schema { return &strictyaml.Schema{Enum: []any{1.0, 1.1, 1.2, 1.3}} }

// String is the version as plans have it.
func (r refused) String() string { return name(uint16(r)) }
