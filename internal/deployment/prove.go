package deployment

import (
	"context"
	"fmt"
	"math"
	"slices"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// Proof says whether it is green that answers where green is asked.
type Proof struct {
	Shown bool
	// Reason is one sentence: what shows it, or what doesn't.
	Reason string
	// Retry says that the same question may soon be answered otherwise: targets that have just been registered become
	// healthy, and throttling passes. Listeners don't move by themselves at a hook's stage.
	Retry bool
}

// proof is what a proof needs of what was found.
type proof struct {
	*sides
	stage lifecycle.Stage
	// first says that the deployment creates the service: there is nothing else that production could lead to.
	first bool
}

// CanProve says that there is something to prove: green is known, behind listeners or an alias that were found, and the stage
// is one at which it is asked.
func (d Deployment) CanProve() bool {
	return d.proof != nil && d.Closed == "" && (d.Green.URL != "" || d.proof.lambda != nil)
}

// Prove reads listeners, rules and the health of green's targets, each time anew, side by side, and says whether they show
// that it is green that is asked.
//
// While green is tested, all test traffic must be green's, and none of production's; where ECS shifts production in steps
// with hooks between them, some of production's may be, and of a service that is being created all: there is no blue. At
// AfterAllowTraffic green must have all of production. Green's targets must all be healthy. It must not be called where CanProve is
// false.
func (d Deployment) Prove(ctx context.Context) Proof {
	if d.proof == nil {
		return Proof{Reason: "no listeners and no alias were found that could show it"}
	}
	if d.proof.lambda != nil {
		return d.proof.byAlias(ctx)
	}
	return d.proof.byListeners(ctx)
}

func (p *proof) byListeners(ctx context.Context) Proof {
	if p.doubt != "" {
		return Proof{Reason: p.doubt}
	}
	production, test := p.production.fresh(), p.test.fresh()
	ways := []*way{production}
	if p.stage == lifecycle.AfterAllowTraffic {
		test = nil
	}
	if test != nil {
		ways = append(ways, test)
	}
	var errs []*ReadError
	var targets health
	var healthErr *ReadError
	sideBySide(
		func() { errs = p.clients.readRouting(ctx, ways...) },
		func() { targets, healthErr = p.clients.readTargets(ctx, p.greenGroup) },
	)
	if healthErr != nil {
		errs = append(errs, healthErr)
	}
	for _, err := range errs {
		return Proof{Reason: "could not " + err.Error(), Retry: err.passing()}
	}
	for _, w := range ways {
		if slices.ContainsFunc(w.leading(p.groups), func(r elbtypes.Rule) bool { return untold(r.Actions) }) {
			return Proof{Reason: "not all target groups and weights of the " + w.name + " listener's rule are told"}
		}
	}
	traffic, ok := p.traffic(test, production)
	switch {
	case !ok:
		return Proof{Reason: traffic}
	case targets.all == 0:
		return Proof{Reason: p.greenGroup.name + ", which is green's, has no targets", Retry: true}
	case !targets.shown():
		return Proof{Reason: fmt.Sprintf("%s, which is green's, has %s: %s", p.greenGroup.name, targets, targets.worst), Retry: targets.waits}
	}
	return Proof{Shown: true, Reason: fmt.Sprintf("%s has %s; %s", p.greenGroup.name, traffic, targets)}
}

// traffic says what green has of it, or what is wrong with that.
func (p *proof) traffic(test, production *way) (says string, ok bool) {
	ofTest, ok := p.testTraffic(test, production)
	if !ok {
		return ofTest, false
	}
	ofProduction, ok := p.productionTraffic(production)
	if !ok || ofTest == "" {
		return ofProduction, ok
	}
	return ofTest + " and " + ofProduction, true
}

// fresh is the way without what was read of it.
func (w *way) fresh() *way {
	if w == nil {
		return nil
	}
	return &way{name: w.name, listenerARN: w.listenerARN, ruleARN: w.ruleARN, dnsName: w.dnsName}
}

// readRouting reads where the ways lead, and nothing else of them.
func (c *Clients) readRouting(ctx context.Context, ways ...*way) []*ReadError {
	errs := make([]*ReadError, 1+len(ways))
	reads := []func(){func() { errs[0] = c.readListeners(ctx, ways) }}
	for i, w := range ways {
		reads = append(reads, func() { errs[1+i] = c.readRules(ctx, w) })
	}
	sideBySide(reads...)
	for _, w := range ways {
		w.withDefault()
	}
	return slices.DeleteFunc(errs, func(e *ReadError) bool { return e == nil })
}

// testTraffic claims that all test traffic is green's. Without a test listener there is nothing to claim: green is where the
// user says that it is.
func (p *proof) testTraffic(test, production *way) (string, bool) {
	if test == nil {
		return "", true
	}
	rules := test.leading(p.groups)
	if len(rules) == 0 {
		return fmt.Sprintf("no rule of the test listener forwards to %s", names(p.groups, " or ")), false
	}
	for _, r := range rules {
		share := shares(r.Actions)[p.greenGroup.arn]
		if whole(share) {
			continue
		}
		blue := p.other(p.greenGroup)
		if share == 0 {
			text := fmt.Sprintf("the test listener forwards to %s", blue.name)
			if has := p.least(production, blue); has > 0 {
				text += fmt.Sprintf(", which also has %s of production traffic", percent(has))
			}
			return text + ": the deployment hasn't moved test traffic to " + p.greenGroup.name + ", or something has moved it back", false
		}
		return fmt.Sprintf("the test listener forwards %s to %s, which is green's, and %s to %s: a check may be answered by either",
			percent(share), p.greenGroup.name, percent(shares(r.Actions)[blue.arn]), blue.name), false
	}
	return "all test traffic", true
}

// productionTraffic claims that production is where the stage has it.
func (p *proof) productionTraffic(production *way) (string, bool) {
	rules := production.leading(p.groups)
	if len(rules) == 0 {
		return fmt.Sprintf("no rule of the production listener forwards to %s", names(p.groups, " or ")), false
	}
	green, blue := p.greenGroup, p.other(p.greenGroup)
	if p.stage == lifecycle.AfterAllowTraffic {
		if has := p.least(production, green); !whole(has) {
			return fmt.Sprintf("production forwards %s to %s, which is green's, and %s to %s: the deployment hasn't moved production, or something has moved it back",
				percent(has), green.name, percent(p.most(production, blue)), blue.name), false
		}
		return "all production traffic", true
	}
	has := p.most(production, green)
	switch {
	case has == 0:
		return "no production traffic", true
	case p.first:
		return percent(has) + " of production traffic, as the service's first version", true
	case p.stage == lifecycle.ProductionTrafficShift, p.stage == lifecycle.BeforeAllowTraffic && p.mixed && !whole(has):
		return percent(has) + " of production traffic", true
	}
	return fmt.Sprintf("%s, which is to be tested, has %s of production traffic already: something has moved it before its time", green.name, percent(has)), false
}

// least and most are what a group has of a way's traffic, over all rules that lead to the pair.
func (p *proof) least(w *way, g group) float64 {
	lowest := 100.0
	for _, r := range w.leading(p.groups) {
		lowest = min(lowest, shares(r.Actions)[g.arn])
	}
	return lowest
}

func (p *proof) most(w *way, g group) float64 {
	var highest float64
	for _, r := range w.leading(p.groups) {
		highest = max(highest, shares(r.Actions)[g.arn])
	}
	return highest
}

func whole(share float64) bool { return math.Abs(share-100) < 1e-6 }

// percent is written as people write it: 100 %, 12.5 %.
func percent(share float64) string { return fmt.Sprintf("%.4g %%", share) }

// byAlias claims that the alias leads to blue alone while green is tested, and to green alone in the end.
func (p *proof) byAlias(ctx context.Context) Proof {
	a := *p.lambda
	if a.name == "" {
		return Proof{Reason: "neither CodeDeploy nor the AppSpec says which alias is shifted"}
	}
	now, err := p.clients.readAlias(ctx, a)
	if err != nil {
		return Proof{Reason: "could not " + err.Error(), Retry: err.passing()}
	}
	if now.Version == "" {
		return Proof{Reason: "GetAlias's answer doesn't say to which version alias " + a.name + " leads"}
	}
	has := now.share(a.target)
	name := fmt.Sprintf("version %s of %s", a.target, appspec.FunctionName(a.function))
	switch after := p.stage == lifecycle.AfterAllowTraffic; {
	case after && whole(has):
		return Proof{Shown: true, Reason: fmt.Sprintf("%s has all traffic of alias %s", name, a.name)}
	case after:
		return Proof{Reason: fmt.Sprintf("%s has %s of the traffic of alias %s, which leads to version %s: the deployment hasn't moved it, or something has moved it back",
			name, percent(has), a.name, now.Version)}
	case has == 0:
		return Proof{Shown: true, Reason: fmt.Sprintf("%s has no traffic of alias %s", name, a.name)}
	}
	return Proof{Reason: fmt.Sprintf("%s, which is to be tested, has %s of the traffic of alias %s already", name, percent(has), a.name)}
}
