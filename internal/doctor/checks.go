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
	// exact says that the resource is one, and no pattern with placeholders: names of secrets may look like these.
	exact bool
	// unsure says that the plan may mean another resource, and lenient that without an answer deployments go on.
	unsure, lenient bool
}

// checkNeeds are what the checks take for which the function is called. The plan isn't always known: then it is nothing.
func (x *examination) checkNeeds(f *function) []checkNeed {
	p := f.plan.plan
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
	}
	for _, s := range x.secretsOf(f) {
		for _, n := range x.secretNeeds(s, "the secret "+s.String()+" takes") {
			add(n)
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

// lackingNeed is a need that a role doesn't allow.
type lackingNeed struct {
	checkNeed
	resource, why string
}

func (n lackingNeed) allow(r role) string {
	return "allow " + n.Name + " on " + n.resource + " to " + r.name()
}

// questionOf is what IAM is asked about a need.
func (x *examination) questionOf(n checkNeed, f *function) question {
	if n.exact {
		return question{n.Name, n.Resource}
	}
	return x.question(n.Action, f)
}

// lacking are the needs that the function's role doesn't allow.
func (x *examination) lacking(needs []checkNeed, f *function, r role) []lackingNeed {
	var lacking []lackingNeed
	for _, n := range needs {
		q := x.questionOf(n, f)
		if d := r.decisions.of[q]; !d.Allowed {
			lacking = append(lacking, lackingNeed{n, q.resource, d.Why})
		}
	}
	return lacking
}

// byKeysPolicy ends what comes of a lack of kms:Decrypt.
const byKeysPolicy = ", unless the key's own policy allows it"

// judgeCheckNeeds judges whether the function may do what its plan's checks take: a check that may not ask is inconclusive, and holds the
// deployment.
func (x *examination) judgeCheckNeeds(a *area, f *function, r role) {
	needs := x.checkNeeds(f)
	lacking := x.lacking(needs, f, r)
	for _, n := range lacking {
		status, effect := Fail, "they come to no answer, and no deployment goes on"
		switch {
		case n.lenient:
			status, effect = Warn, "they come to no answer, and hold nothing"
		case n.unsure:
			status, effect = Warn, "they come to no answer, unless each names a function that it may invoke"
		}
		remedy := x.policyRemedy(f, r.name(), n.feature)
		if n.feature == "" {
			remedy, effect = n.allow(r), withoutSecret
			if n.unsure {
				effect += byKeysPolicy
			}
		}
		a.add(status, "execution-role-checks", remedy, "the function's role %s doesn't allow %s (%s), which %s: %s", r.name(), n.Name, n.why, n.what, effect)
	}
	if len(lacking) == 0 && len(needs) > 0 {
		a.pass("execution-role-checks", "the function's role %s may do what the plan's checks take", r.name())
	}
}

// checkEndpoints are the endpoints that the plan's checks call, beside those that finding green takes.
func (x *examination) checkEndpoints(f *function) []neededEndpoint {
	var needed []neededEndpoint
	if at := f.plan.at; at != nil {
		service := simpleStorage
		if at.Bucket == "" {
			service = parameterStore
		}
		needed = append(needed, neededEndpoint{service, true, "the plan " + at.String() + " can't be read, and " + withoutPlan})
	}
	for _, s := range x.secretsOf(f) {
		if !slices.ContainsFunc(needed, func(e neededEndpoint) bool { return e.service == s.service }) {
			needed = append(needed, neededEndpoint{s.service, true, "the plan's secrets can't be read"})
		}
	}
	for _, n := range x.checkNeeds(f) {
		if n.feature == "" {
			continue // a secret's, or its key's, which the secret's service asks for
		}
		service, _, _ := strings.Cut(n.Name, ":")
		switch service {
		case "elasticloadbalancing":
			continue
		case "cloudwatch":
			service = "monitoring"
		}
		effect := strings.TrimSuffix(n.what, " take") + " get no answer"
		if !slices.ContainsFunc(needed, func(e neededEndpoint) bool { return e.service == service }) {
			needed = append(needed, neededEndpoint{service, !n.lenient, effect})
		}
	}
	return needed
}
