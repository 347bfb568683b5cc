package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// common are the keys that every check takes, whatever its kind.
type common struct {
	// Name is what reports call the check; default: what it asks.
	Name name `yaml:"name"`
	// Timeout bounds one run of the check, retries included.
	Timeout span `yaml:"timeout"`
	// Retry asks again when nothing answered, until the timeout: true (default), false, or {attempts, delay}. An answer
	// that is wrong is never retried away.
	Retry Retry `yaml:"retry"`
	// Eventually runs the whole check again, expectations included, until it passes or the time is up: 90s, or
	// {within, every}.
	Eventually *Eventually `yaml:"eventually"`
	// For makes a check that has passed pass again and again for so long: 2h, or {lasting, every}.
	For *For `yaml:"for"`
	// Severity is fail (default), or warn: the outcome is told, but doesn't count.
	Severity severity `yaml:"severity"`
	// OnInconclusive is what no answer means for this check: fail, or pass.
	OnInconclusive *onInconclusive `yaml:"on_inconclusive"`
}

// decodeCheck reads one entry of a list of checks: its kind is the one key that names a kind.
func decodeCheck(d *strictyaml.Decoder, n strictyaml.Node, kinds []check.Kind, s settings, from check.Files) *Check {
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
	if includes, ok := asked.(check.Includes); ok {
		includes.IncludeFrom(from)
	}
	opts := common{Timeout: span(chosen.Timeout), Retry: DefaultRetry(), Severity: severityFail, OnInconclusive: s.OnInconclusive}
	d.Fields(n, &opts, asked)
	if opts.Name == "" {
		opts.Name = name(strictyaml.OneLine(asked.Title()))
	}
	return &Check{
		Name: string(opts.Name), Kind: chosen.Key, At: n.Position(), Check: asked,
		Timeout: time.Duration(opts.Timeout), Retry: opts.Retry, Eventually: opts.Eventually, For: opts.For,
		Warn: opts.Severity == severityWarn, PassInconclusive: deref(opts.OnInconclusive) == inconclusivePass,
	}
}

// noKind says which kinds there are; or, where a key looks like a kind written wrongly, which was meant.
func noKind(d *strictyaml.Decoder, n strictyaml.Node, kinds []check.Kind) {
	common := []string{"name", "timeout", "retry", "eventually", "for", "severity", "on_inconclusive", "expect"}
	keys := []string{check.IncludeKey}
	for _, k := range kinds {
		keys = append(keys, k.Key)
	}
	for _, pair := range n.Pairs() {
		if key := pair.Key.Text(); !slices.Contains(common, key) {
			d.Note(strictyaml.RuleUnknownKey, pair.Key, "%s", strictyaml.Unknown("kind of check", key, keys))
			return
		}
	}
	d.Note(strictyaml.RuleMissingKey, n, "the check has no kind; kinds are: %s", strings.Join(keys[1:], ", "))
}
