package series

import (
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Against says what a measurement is compared with.
type Against string

// What there is to compare with.
const (
	// Blue is the same query in the same window, with blue's names in the place of green's.
	Blue Against = "blue"
	// Before is the same query in a window of the same length that ends when the checks began.
	Before Against = "before"
)

// DecodeNode reads one of the words.
func (a *Against) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	if word := Against(n.Text()); n.IsScalar() && slices.Contains([]Against{Blue, Before}, word) {
		*a = word
		return
	}
	d.Mismatch(n, "blue or before")
}

// JSONSchema describes the words.
func (*Against) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(Blue, Before)
}

// title names what is compared with.
func (a Against) title() string {
	if a == Blue {
		return "blue's"
	}
	return "what was before"
}

// lookup gives blue's values for green's names.
func (a Against) lookup(lookup strictyaml.Lookup) strictyaml.Lookup {
	if a != Blue {
		return lookup
	}
	return func(name string) (any, error) {
		if rest, ok := strings.CutPrefix(name, "green."); ok {
			name = "blue." + rest
		}
		return lookup(name)
	}
}

// NamesGreen says that one of the texts holds a name of green's, for which blue has a value as well.
func NamesGreen(texts ...strictyaml.Text) bool {
	return slices.ContainsFunc(texts, func(t strictyaml.Text) bool {
		return slices.ContainsFunc(t.Names(), func(name string) bool { return strings.HasPrefix(name, "green.") })
	})
}

// Fill fills a name's value into a query of PromQL, SQL or CloudWatch's expressions, where it is a value whatever it holds:
// between quotes what would end them is escaped, and outside of quotes what is no word or number is put into quotes.
func Fill(before, value string) string {
	switch open, escaping := openQuote(before); {
	case open == 0 && value != "" && strings.Trim(value, wordBytes) == "":
		return value
	case open == 0:
		return `"` + escape(value, '"') + `"`
	case open == '`':
		return strings.ReplaceAll(value, "`", "``")
	case escaping && value != "": // by what the plan wrote
		return value[:1] + escape(value[1:], open)
	default:
		return escape(value, open)
	}
}

const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:"

// escape keeps a value from ending the quotes that it stands between.
//
// https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals
func escape(value string, quote byte) string {
	return strings.NewReplacer(`\`, `\\`, string(quote), `\`+string(quote), "\n", `\n`).Replace(value)
}

// openQuote is the quote in which a query ends, and whether it ends in the middle of an escape; 0 where it ends outside of
// quotes.
func openQuote(query string) (open byte, escaping bool) {
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case escaping:
			escaping = false
		case open != 0 && open != '`' && c == '\\':
			escaping = true
		case open == c:
			open = 0
		case open == 0 && (c == '"' || c == '\'' || c == '`'):
			open = c
		}
	}
	return open, escaping
}
