package plan

import (
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

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

// retryKeys are those of a Retry that is written in full.
type retryKeys struct {
	// Attempts is how often a check is asked at most; default: as often as its timeout allows.
	Attempts count `yaml:"attempts"`
	// Delay is the wait before the second attempt, which doubles with each up to 1s; default 100ms.
	Delay strictyaml.Duration `yaml:"delay"`
}

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
		opts := retryKeys{Attempts: count(r.Attempts), Delay: strictyaml.Duration(r.Delay)}
		d.Fields(n, &opts)
		r.Attempts, r.Delay = int(opts.Attempts), time.Duration(opts.Delay)
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
	// Runs is how many there are at most; zero: as many as the time allows. No plan sets it: it is for cases, which end
	// alike however fast the machine is.
	Runs int
}

// DefaultEvery keeps a check that waits for green from being a load on it.
const DefaultEvery = time.Second

// For makes a check that has passed pass again and again. The first run that doesn't ends it.
type For struct {
	// Lasting is the time from the first run that passes to the start of the last one.
	Lasting time.Duration
	// Every is the time from the start of one run to the start of the next, at least.
	Every time.Duration
	// Runs is how many must pass, the first one included, where it isn't zero: in place of the time. No plan sets it, as
	// with Eventually.
	Runs int
}

// DefaultForEvery is a minute, for which no function on Amazon ECS is held open (see DefaultCallback), and as long as
// the period of most alarms.
const DefaultForEvery = time.Minute

// forKeys are those of a For that is written in full.
type forKeys struct {
	// Lasting is the time from the first run that passes to the start of the last one.
	Lasting span `yaml:"lasting,required"`
	// Every is the time from the start of one run to the start of the next; default 1m.
	Every interval `yaml:"every"`
}

// DecodeNode reads {lasting, every}, or lasting alone.
func (f *For) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	opts := forKeys{Every: interval(DefaultForEvery)}
	switch {
	case n.IsMapping():
		d.Fields(n, &opts)
	case n.IsScalar() && !n.IsBool():
		d.Decode(n, &opts.Lasting)
	default:
		d.Mismatch(n, "a duration such as 2h, or {lasting, every}")
	}
	*f = For{Lasting: time.Duration(opts.Lasting), Every: time.Duration(opts.Every)}
}

// eventuallyKeys are those of an Eventually that is written in full.
type eventuallyKeys struct {
	// Within is the time for all runs together.
	Within span `yaml:"within,required"`
	// Every is the time from the start of one run to the start of the next; default 1s.
	Every interval `yaml:"every"`
}

// DecodeNode reads {within, every}, or within alone.
func (e *Eventually) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	opts := eventuallyKeys{Every: interval(DefaultEvery)}
	switch {
	case n.IsMapping():
		d.Fields(n, &opts)
	case n.IsScalar() && !n.IsBool():
		d.Decode(n, &opts.Within)
	default:
		d.Mismatch(n, "a duration such as 90s, or {within, every}")
	}
	*e = Eventually{Within: time.Duration(opts.Within), Every: time.Duration(opts.Every)}
}
