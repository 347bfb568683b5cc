package console

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// Share is how many of those who came to a listener, or invoked the alias that is deployed, a side answered.
type Share struct {
	// Listener and Alias are names; one of them is empty.
	Listener, Alias string
	// Side is blue or green, or a version of a function, or says that there was none.
	Side     string
	Requests int
	// Failed are those of the requests that were answered with 5xx, or those of the invocations that ended in an error.
	Failed int
}

// place is where they came to.
func (s Share) place() string {
	if s.Alias != "" {
		return "alias " + s.Alias
	}
	return s.Listener + " listener"
}

// counted says how many came, as one says it of requests or of invocations.
func (s Share) counted() string {
	noun := "request"
	if s.Alias != "" {
		noun = "invocation"
	}
	if s.Requests != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", s.Requests, noun)
}

// wrong says how many of them went wrong, where any did.
func (s Share) wrong() string {
	if s.Failed == 0 {
		return ""
	}
	return fmt.Sprintf("%d went wrong", s.Failed)
}

// failed counts the answers that nobody wants: 5xx, the targets' and the load balancer's own.
func failed(c elb.Count) int {
	sum := c.Class[5]
	for status, n := range c.Made {
		if status/100 == 5 {
			sum += n
		}
	}
	return sum
}

// traffic is what production, test, and the alias that is deployed have got so far.
func traffic(sim *simulator.Simulator) []Share {
	list := shares(sim, sim.Traffic())
	if alias := sim.Alias(); alias != nil {
		list = append(list, invocationShares(alias.Name, sim.Invocations())...)
	}
	return list
}

func invocationShares(alias string, counts []simulator.InvocationCount) []Share {
	list := make([]Share, len(counts))
	for i, c := range counts {
		list[i] = Share{Alias: alias, Side: version(c.Version), Requests: c.Invocations, Failed: c.Errors}
	}
	return list
}

// version names a version of a function.
func version(number string) string {
	if number == "" {
		return "no version"
	}
	return "version " + number
}

// aliasWeights writes what share of the invocations each version gets.
func aliasWeights(byVersion map[string]float64) string {
	versions := slices.SortedFunc(maps.Keys(byVersion), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	parts := make([]string, len(versions))
	for i, number := range versions {
		parts[i] = fmt.Sprintf("%s %.4g %%", version(number), 100*byVersion[number])
	}
	return strings.Join(parts, ", ")
}
