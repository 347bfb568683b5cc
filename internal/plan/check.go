package plan

import (
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// common are the keys that every check takes, whatever its kind.
type common struct {
	Name           string               `yaml:"name"`
	Timeout        *strictyaml.Duration `yaml:"timeout"`
	Retry          Retry                `yaml:"retry"`
	Eventually     *Eventually          `yaml:"eventually"`
	Severity       severity             `yaml:"severity"`
	OnInconclusive *onInconclusive      `yaml:"on_inconclusive"`
}

// Validate refuses values that would leave a check no time, or give it no name.
func (c *common) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if c.Timeout != nil && *c.Timeout == 0 {
		at, _ := n.Get("timeout")
		d.Problem(at, "timeout: no answer can come in 0s")
	}
	if at, ok := n.Get("name"); ok && (strings.TrimSpace(c.Name) == "" || strings.ContainsAny(c.Name, "\r\n")) {
		d.Problem(at, "name: a name is one line of text")
	}
}

// decodeCheck reads one entry of a list of checks: its kind is the one key that names a kind.
func decodeCheck(d *strictyaml.Decoder, n strictyaml.Node, kinds []check.Kind, s settings) *Check {
	if !n.IsMapping() {
		d.Mismatch(n, "a check, such as {http: GET /health}")
		return nil
	}
	var chosen *check.Kind
	for _, pair := range n.Pairs() {
		for i := range kinds {
			switch {
			case pair.Key.Text() != kinds[i].Key || chosen == &kinds[i]:
			case chosen == nil:
				chosen = &kinds[i]
			default:
				d.Problem(pair.Key, "the check is already of the kind %s; a check has one kind", chosen.Key)
				return nil
			}
		}
	}
	if chosen == nil {
		noKind(d, n, kinds)
		return nil
	}
	asked := chosen.New()
	opts := common{Retry: DefaultRetry(), Severity: severityFail}
	d.Fields(n, &opts, asked)
	c := &Check{
		Name: opts.Name, Kind: chosen.Key, At: n.Position(), Check: asked,
		Timeout: chosen.Timeout, Retry: opts.Retry, Eventually: opts.Eventually, Warn: opts.Severity == severityWarn,
	}
	if c.Name == "" {
		c.Name = asked.Title()
	}
	if opts.Timeout != nil {
		c.Timeout = time.Duration(*opts.Timeout)
	}
	if opts.OnInconclusive == nil {
		opts.OnInconclusive = s.OnInconclusive
	}
	c.PassInconclusive = deref(opts.OnInconclusive) == inconclusivePass
	return c
}

// noKind says which kinds there are; or, where a key looks like a kind written wrongly, which was meant.
func noKind(d *strictyaml.Decoder, n strictyaml.Node, kinds []check.Kind) {
	keys := []string{"name", "timeout", "retry", "eventually", "severity", "on_inconclusive", "expect"}
	shared := len(keys)
	for _, k := range kinds {
		keys = append(keys, k.Key)
	}
	for _, pair := range n.Pairs() {
		known := false
		for _, key := range keys[:shared] {
			known = known || pair.Key.Text() == key
		}
		if !known {
			d.Problem(pair.Key, "%s", strictyaml.Unknown("kind of check", pair.Key.Text(), keys[shared:]))
			return
		}
	}
	d.Problem(n, "the check has no kind; kinds are: %s", strings.Join(keys[shared:], ", "))
}

// Retry says how a check is asked again when nothing answered. It ends with the check's timeout in any case.
type Retry struct {
	// Attempts is how often a check is asked at most; 0: as often as its timeout allows.
	Attempts int
	// Delay is the wait before the second attempt; it doubles with each, up to MaxRetryDelay.
	Delay time.Duration
}

// MaxRetryDelay is where the wait between two attempts stops growing: a gate that waits longer than a second for
// green to come back answers later than it could.
const MaxRetryDelay = time.Second

// DefaultRetry asks as often as the timeout allows. Its 100 ms is what a refused connection or a failed look-up,
// which are over at once, need at least to have a chance of going better.
func DefaultRetry() Retry { return Retry{Delay: 100 * time.Millisecond} }

// DecodeNode reads true, false, or {attempts, delay}.
func (r *Retry) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	switch {
	case !ok:
	case n.IsBool():
		if !strings.EqualFold(n.Text(), "true") {
			r.Attempts = 1
		}
	case n.IsMapping():
		var opts struct {
			Attempts *int                 `yaml:"attempts"`
			Delay    *strictyaml.Duration `yaml:"delay"`
		}
		d.Fields(n, &opts)
		if opts.Attempts != nil {
			r.Attempts = *opts.Attempts
			if at, _ := n.Get("attempts"); r.Attempts < 1 {
				d.Problem(at, "attempts: a check is asked at least once")
			}
		}
		if opts.Delay != nil {
			r.Delay = time.Duration(*opts.Delay)
		}
	default:
		d.Mismatch(n, "true, false or {attempts, delay}")
	}
}

// Eventually runs a whole check again, expectations included, until it passes or its time is up.
type Eventually struct {
	// Within is the time for all runs together.
	Within time.Duration
	// Every is the time from the start of one run to the start of the next, at least.
	Every time.Duration
}

// DefaultEvery keeps a check that waits for green from being a load on it.
const DefaultEvery = time.Second

// DecodeNode reads {within, every}, or within alone.
func (e *Eventually) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	every := strictyaml.Duration(DefaultEvery)
	opts := struct {
		Within strictyaml.Duration  `yaml:"within,required"`
		Every  *strictyaml.Duration `yaml:"every"`
	}{Every: &every}
	at := n
	if n.IsScalar() {
		d.Decode(n, &opts.Within)
	} else {
		d.Fields(n, &opts)
		if within, ok := n.Get("within"); ok {
			at = within
		}
	}
	*e = Eventually{Within: time.Duration(opts.Within), Every: time.Duration(*opts.Every)}
	if literal, ok := d.Static(at); ok && literal.Text() == "0s" {
		d.Problem(at, "no run fits into 0s")
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
