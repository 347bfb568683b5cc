package doctor

import (
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/planstore"
)

// Grant is an IAM action on a resource, or on those that a pattern of IAM's names.
type Grant struct{ Action, Resource string }

// allStages are those for which a plan has checks, and the one that isn't known.
func allStages(p *plan.Plan) []*plan.Stage {
	var all []*plan.Stage
	for _, s := range append(p.Stages(), lifecycle.Stage("")) {
		if stage := p.Stage(s); stage != nil {
			all = append(all, stage)
		}
	}
	return all
}

// PlanFeatures are the names of the features that a plan's checks take.
func PlanFeatures(p *plan.Plan) []string {
	var names []string
	for _, s := range allStages(p) {
		for _, c := range s.Checks {
			if _, asks := feature(c.Kind); asks && !slices.Contains(names, c.Kind) {
				names = append(names, c.Kind)
			}
		}
	}
	slices.Sort(names)
	return names
}

// SecretGrants are what fetching a plan's secrets takes, keys aside: which key a secret lies under, no plan says. Open are the placeholders
// for which * stands.
func SecretGrants(p *plan.Plan, at Place) (grants []Grant, open []string) {
	for _, stage := range allStages(p) {
		for _, wanted := range stage.Secrets {
			if s, inAWS := readSource(wanted.Source, at.lookup(&open)); inAWS && !slices.Contains(grants, s.fetch(at)) {
				grants = append(grants, s.fetch(at))
			}
		}
	}
	return grants, open
}

// ReadingGrants are what reading a plan in AWS takes, keys and what it includes aside. Open are the placeholders for which * stands. The
// error is of a place that is none.
func ReadingGrants(place plan.Location, at Place) (grants []Grant, open []string, err error) {
	address, err := place.Address(at.lookup(&open))
	if err != nil {
		return nil, nil, err
	}
	return []Grant{at.readingOfPlan(address)}, open, nil
}

// readingOfPlan is what reading a plan takes.
func (p Place) readingOfPlan(address plan.Address) Grant {
	if address.Bucket == "" {
		return secretSource{parameterStore, address.Key}.fetch(p)
	}
	actions := planstore.Actions()
	i := slices.IndexFunc(actions, func(a planstore.Action) bool { return a.Name == readingPlan })
	return Grant{readingPlan, p.resource(actions[i].Resource, "BUCKET", address.Bucket, "KEY", address.Key)}
}
