package doctor

import (
	"regexp"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
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
			source, unknown := at.fillIn(wanted.Source.String())
			s, inAWS := readSource(source)
			if !inAWS {
				continue
			}
			for _, name := range unknown {
				// No flag gives the deployment's other names.
				if slices.Contains(plan.LocationNames(), strings.ToLower(name)) && !slices.Contains(open, name) {
					open = append(open, name)
				}
			}
			if g := (Grant{s.fetch(), s.resource(at)}); !slices.Contains(grants, g) {
				grants = append(grants, g)
			}
		}
	}
	return grants, open
}

// ReadingGrants are what reading a plan in AWS takes, keys and what it includes aside. Open are the placeholders for which * stands. The
// error is of a place that is none.
func ReadingGrants(place plan.Location, at Place) (grants []Grant, open []string, err error) {
	filled, open := at.fillIn(place.String())
	address, err := plan.ParseAddress(filled)
	if err != nil {
		return nil, nil, err
	}
	if address.Bucket == "" {
		parameter := secretSource{parameterStore, address.Key}
		return []Grant{{parameter.fetch(), parameter.resource(at)}}, open, nil
	}
	return []Grant{{readingPlan, at.object(address)}}, open, nil
}

// object is an object's ARN.
func (p Place) object(at plan.Address) string {
	return p.resource("arn:PARTITION:s3:::") + at.Bucket + "/" + at.Key
}

var nameBetweenBraces = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// fillIn puts what is known of a deployment into a text. For what isn't stands *, and unknown has the names in capitals, as placeholders.
func (p Place) fillIn(text string) (filled string, unknown []string) {
	known := map[string]string{"application": p.Application, "group": p.Group, "cluster": p.Cluster, "service": p.Service}
	filled = nameBetweenBraces.ReplaceAllStringFunc(text, func(braces string) string {
		name := nameBetweenBraces.FindStringSubmatch(braces)[1]
		if value := known[name]; value != "" {
			return value
		}
		unknown = append(unknown, strings.ToUpper(name))
		return "*"
	})
	return filled, unknown
}
