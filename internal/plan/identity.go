package plan

import (
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Identity is how green is known when it answers: a request whose expectation is true of green alone.
type Identity struct {
	// Check asks once. Its Eventually bounds how long it is asked.
	Check *Check
	// Consecutive is on how many requests in a row green must have answered.
	Consecutive int
}

// Defaults of an Identity. One answer of green's may be luck, where a listener forwards a part of the requests elsewhere or
// its nodes don't all know a new rule yet; three in a row seldom are. Half a minute is longer than a load balancer takes to
// spread a rule.
const (
	DefaultConsecutive    = 3
	DefaultIdentityWithin = 30 * time.Second
	DefaultIdentityEvery  = 250 * time.Millisecond
)

// maxConsecutive is more than tells anything new: a listener that sends green no more than a tenth of the requests passes
// ten in a row once in ten billion times.
const maxConsecutive = 100

// identityKind is the kind of check that can say who answers.
const identityKind = "http"

// decodeIdentity reads the request and its expectation, which belong to the kind, and how often it is asked.
func decodeIdentity(d *strictyaml.Decoder, n strictyaml.Node, kinds []check.Kind) *Identity {
	if !n.IsMapping() {
		d.Problem(n, "identity: expected a request and what green alone answers, such as {http: GET /version, expect: {body: shop-42}}, found %s", n.Describe())
		return nil
	}
	for _, kind := range kinds {
		if kind.Key == identityKind {
			return newIdentity(d, n, kind)
		}
	}
	d.Problem(n, "identity: there is no kind of check that could say who answers")
	return nil
}

// identityKeys are those of an Identity beside its kind's.
type identityKeys struct {
	// Consecutive is on how many requests in a row green must have answered, each on a connection of its own; default 3.
	Consecutive count `yaml:"consecutive"`
	// Within is for how long it is asked; default 30s.
	Within span `yaml:"within"`
	// Every is the time from one request to the next; default 250ms.
	Every interval `yaml:"every"`
	// Timeout bounds one request; default 2s.
	Timeout span `yaml:"timeout"`
}

func newIdentity(d *strictyaml.Decoder, n strictyaml.Node, kind check.Kind) *Identity {
	asked := kind.New()
	opts := identityKeys{DefaultConsecutive, span(DefaultIdentityWithin), interval(DefaultIdentityEvery), span(kind.Timeout)}
	d.Fields(n, &opts, asked)
	expected, ok := n.Get("expect")
	switch {
	case !ok:
		d.Problem(n, "identity: \"expect\" is missing: without it an answer of blue would do as well")
	case expected.IsMapping() && len(expected.Pairs()) == 0:
		d.Problem(expected, "identity: expect says nothing: an answer of blue would do as well")
	case opts.Consecutive > maxConsecutive:
		often, _ := n.Get("consecutive")
		d.Problem(often, "identity: consecutive: expected %d or less, found %d", maxConsecutive, opts.Consecutive)
	case time.Duration(opts.Within)/time.Duration(opts.Every) < time.Duration(opts.Consecutive-1):
		d.Problem(n, "identity: %d requests, one every %s, take longer than within: %s",
			opts.Consecutive, strictyaml.Duration(opts.Every), strictyaml.Duration(opts.Within))
	}
	return &Identity{
		Consecutive: int(opts.Consecutive),
		Check: &Check{
			Name: strictyaml.OneLine(asked.Title()), Kind: kind.Key, At: n.Position(), Check: asked,
			Timeout: time.Duration(opts.Timeout), Retry: Retry{Attempts: 1},
			Eventually: &Eventually{Within: time.Duration(opts.Within), Every: time.Duration(opts.Every)},
		},
	}
}
