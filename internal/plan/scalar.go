package plan

import (
	"strings"
	"time"
	"unicode"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// span is a duration in which something is to happen: 0s is refused.
type span strictyaml.Duration

// DecodeNode reads a duration.
func (s *span) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	decodeDuration(d, n, s, "nothing can be asked in 0s")
}

// interval is the time from one run to the next.
type interval strictyaml.Duration

// DecodeNode reads a duration.
func (i *interval) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	decodeDuration(d, n, i, "runs without time between them would be a load on green")
}

func decodeDuration[T ~int64](d *strictyaml.Decoder, n strictyaml.Node, dst *T, zero string) {
	const unread strictyaml.Duration = -1
	read := unread
	switch d.Decode(n, &read); read {
	case unread:
	case 0:
		d.Problem(n, "%s", zero) // what dst holds stays: others may divide by it
	default:
		*dst = T(read)
	}
}

// count is a whole number from 1 on.
type count int

// DecodeNode reads a count.
func (c *count) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	i, ok := d.Int(n)
	if ok && i < 1 {
		d.Problem(n, "expected 1 or more, found %d", i)
	}
	*c = count(i)
}

// name is what a check is called in reports.
type name string

// DecodeNode reads a line of text.
func (t *name) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	d.Decode(n, (*string)(t))
	if !n.IsScalar() {
		return // already noted
	}
	if strings.TrimSpace(string(*t)) == "" || strings.ContainsFunc(string(*t), unicode.IsControl) {
		d.Problem(n, "expected a line of text, found %s", n.Describe())
	}
}

type severity string

const (
	severityFail severity = "fail"
	severityWarn severity = "warn"
)

// DecodeNode reads fail or warn.
func (s *severity) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	decodeWord(d, n, s, severityFail, severityWarn)
}

type onInconclusive string

const (
	inconclusiveFail onInconclusive = "fail"
	inconclusivePass onInconclusive = "pass"
)

// DecodeNode reads fail or pass.
func (o *onInconclusive) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	decodeWord(d, n, o, inconclusiveFail, inconclusivePass)
}

// onRollback and onCreate say whether the checks are asked in a rollback, and in the first deployment of a service.
type (
	onRollback string
	onCreate   string
)

const (
	ruleRun  = "run"
	rulePass = "pass"
)

// DecodeNode reads pass or run.
func (o *onRollback) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	decodeWord(d, n, o, rulePass, ruleRun)
}

// DecodeNode reads run or pass.
func (o *onCreate) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	decodeWord(d, n, o, ruleRun, rulePass)
}

// callback is how long a wait must be for a function to be left until it is called again.
type callback strictyaml.Duration

// DecodeNode reads a duration of a second or more: Amazon ECS counts a callBackDelay in whole seconds.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
func (c *callback) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	const unread strictyaml.Duration = -1
	read := unread
	if d.Decode(n, &read); read != unread && time.Duration(read) < time.Second {
		d.Problem(n, "expected 1s or more, found %s", n.Describe())
	}
	*c = callback(read)
}

// decodeWord reads one of a few words.
func decodeWord[T ~string](d *strictyaml.Decoder, n strictyaml.Node, dst *T, words ...T) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	valid := make([]string, len(words))
	for i, w := range words {
		if valid[i] = string(w); n.IsScalar() && n.Text() == valid[i] {
			*dst = w
			return
		}
	}
	d.Mismatch(n, strings.Join(valid, " or "))
}
