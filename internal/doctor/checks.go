package doctor

import (
	"maps"
	"slices"
	"strings"
)

// checkNeed is an action that the plan's checks take, and what of the plan takes it.
type checkNeed struct {
	Action
	what    string // in a sentence: "checks of the kind alarms take"
	feature string // empty for a secret
	// unsure says that the plan may mean another resource, and lenient that without an answer deployments go on.
	unsure, lenient bool
}

// checkNeeds are what the checks take for which the function is called. The plan isn't always known: then it is nothing.
func (x *examination) checkNeeds(f *function) []checkNeed {
	p := x.knownPlan(f)
	if p == nil {
		return nil
	}
	var needs []checkNeed
	add := func(n checkNeed) {
		i := slices.IndexFunc(needs, func(known checkNeed) bool { return known.Name == n.Name && known.Resource == n.Resource })
		if i < 0 {
			needs = append(needs, n)
			return
		}
		needs[i].lenient = needs[i].lenient && n.lenient
	}
	asked := f.asked(p)
	for _, s := range slices.Sorted(maps.Keys(asked)) {
		for _, c := range asked[s].Checks {
			kind, known := feature(c.Kind)
			if !known {
				continue // it calls nothing of AWS's
			}
			for _, action := range kind.Actions {
				if n := (checkNeed{Action: action, what: "checks of the kind " + c.Kind + " take", feature: c.Kind, lenient: c.Warn || c.PassInconclusive}); x.aim(&n) {
					add(n)
				}
			}
		}
		for _, wanted := range asked[s].Secrets {
			if n, known := secretNeed(wanted.Source.String()); known {
				add(n)
			}
		}
	}
	return needs
}

// aim says whether a need can be asked about, and of what. Optional actions are of checks that say more than others.
func (x *examination) aim(n *checkNeed) bool {
	if n.Name != invokeFunction {
		return !n.Optional
	}
	// The function that is deployed is invoked where a check names no other.
	n.Resource, n.unsure = strings.Replace(functionQualifiersResource, "FUNCTION", "DEPLOYED", 1), true
	return x.deployed() != ""
}

// secretNeed is what a secret takes that has one ARN: a parameter, by its name or ARN. The ARN of a secret in Secrets Manager ends
// in characters that its name doesn't have.
func secretNeed(source string) (checkNeed, bool) {
	scheme, rest, _ := strings.Cut(source, ":")
	name, _, _ := strings.Cut(rest, "#")
	if scheme != "ssm" || name == "" || strings.Contains(name, "{{") {
		return checkNeed{}, false
	}
	resource := name
	if !strings.HasPrefix(name, "arn:") {
		resource = "arn:PARTITION:ssm:REGION:ACCOUNT:parameter/" + strings.TrimPrefix(name, "/")
	}
	return checkNeed{Action: Action{Name: "ssm:GetParameter", Resource: resource}, what: "the secret ssm:" + name + " takes"}, true
}

// judgeCheckNeeds judges whether the function may do what its plan's checks take: a check that may not ask is inconclusive, and holds the
// deployment.
func (x *examination) judgeCheckNeeds(a *area, f *function, r role) {
	needs := x.checkNeeds(f)
	whole := true
	for _, n := range needs {
		q := x.question(n.Action, f)
		d := r.decisions.of[q]
		if d.Allowed {
			continue
		}
		whole = false
		status, effect := Fail, "they come to no answer, and no deployment goes on"
		switch {
		case n.lenient:
			status, effect = Warn, "they come to no answer, and hold nothing"
		case n.unsure:
			status, effect = Warn, "they come to no answer, unless each names a function that it may invoke"
		}
		remedy := x.policyRemedy(f, r.name(), n.feature)
		if n.feature == "" {
			remedy = "allow " + n.Name + " on " + q.resource + " to " + r.name()
			effect = "checks that name it come to no answer, and no deployment goes on"
		}
		a.add(status, "execution-role-checks", remedy, "the function's role %s doesn't allow %s (%s), which %s: %s", r.name(), n.Name, d.Why, n.what, effect)
	}
	if whole && len(needs) > 0 {
		a.pass("execution-role-checks", "the function's role %s may do what the plan's checks take", r.name())
	}
}

// checkEndpoints are the endpoints that the plan's checks call, beside those that finding green takes.
func (x *examination) checkEndpoints(f *function) []neededEndpoint {
	var needed []neededEndpoint
	for _, n := range x.checkNeeds(f) {
		service, _, _ := strings.Cut(n.Name, ":")
		switch service {
		case "elasticloadbalancing":
			continue
		case "cloudwatch":
			service = "monitoring"
		}
		effect := strings.TrimSuffix(n.what, " take") + " get no answer"
		if n.feature == "" {
			effect = "the plan's secrets can't be read"
		}
		if !slices.ContainsFunc(needed, func(e neededEndpoint) bool { return e.service == service }) {
			needed = append(needed, neededEndpoint{service, !n.lenient, effect})
		}
	}
	return needed
}
