// Package iampolicy evaluates IAM policies by their documents: which actions on which resources they allow. Conditions aren't
// evaluated, since they depend on the request: an allowance on a condition counts as one, a denial on a condition doesn't.
package iampolicy

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Document is an IAM policy.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Document struct {
	// Name is the policy's, for what is said about it.
	Name string

	statements []statement
}

type statement struct {
	Effect       string
	Principal    principal
	Action       oneOrMore
	NotAction    oneOrMore
	Resource     oneOrMore
	NotResource  oneOrMore
	Condition    map[string]json.RawMessage
	NotPrincipal json.RawMessage
}

// oneOrMore is a text or a list of them.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	var several []string
	if err := json.Unmarshal(text, &several); err != nil {
		return fmt.Errorf("expected a text or a list of texts, got %s", text)
	}
	*o = several
	return nil
}

// principal is who a statement is about: "*", or lists by their kind.
type principal struct {
	anyone  bool
	AWS     oneOrMore
	Service oneOrMore
}

func (p *principal) UnmarshalJSON(text []byte) error {
	var all string
	if json.Unmarshal(text, &all) == nil {
		p.anyone = all == "*"
		return nil
	}
	type kinds principal
	return json.Unmarshal(text, (*kinds)(p))
}

// Parse reads a policy. Its text may be escaped as in a URL, as IAM gives it.
func Parse(name, text string) (Document, error) {
	if decoded, err := url.PathUnescape(text); err == nil {
		text = decoded
	}
	var written struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &written); err != nil {
		return Document{}, fmt.Errorf("reading the policy %s: %w", name, err)
	}
	d := Document{Name: name}
	var one statement
	if err := json.Unmarshal(written.Statement, &one); err == nil {
		d.statements = []statement{one}
		return d, nil
	}
	if err := json.Unmarshal(written.Statement, &d.statements); err != nil {
		return Document{}, fmt.Errorf("reading the policy %s: %w", name, err)
	}
	return d, nil
}

// about says that the statement is about the action on the resource.
func (s statement) about(action, resource string) bool {
	matching := func(patterns []string, value string, fold bool) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return wild(p, value, fold) })
	}
	switch {
	case len(s.NotAction) > 0 && matching(s.NotAction, action, true):
		return false
	case len(s.NotAction) == 0 && !matching(s.Action, action, true):
		return false
	case len(s.NotResource) > 0:
		return !matching(s.NotResource, resource, false)
	}
	return matching(s.Resource, resource, false)
}

var policyVariable = regexp.MustCompile(`\$\{[^}]*\}`)

// wild matches a value with a pattern of IAM's: * is any text, ? any character. A variable may have any value.
func wild(pattern, value string, fold bool) bool {
	pattern = policyVariable.ReplaceAllString(pattern, "*")
	if fold {
		pattern, value = strings.ToLower(pattern), strings.ToLower(value)
	}
	// Where a later * fails, an earlier one needn't be tried again.
	p, v, star, from := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			from++
			p, v = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// A Decision is whether something may be done, and how that is known.
type Decision struct {
	Allowed bool
	// Why names what decided: the policy, or who simulated it.
	Why string
}

// ByDocuments is added to what reading the documents found: their conditions depend on the request.
const ByDocuments = "by documents, conditions not evaluated"

// Decide evaluates identity policies, and a permissions boundary where there is one: a Deny wins, and without an Allow in
// both there is none.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Decide(identity []Document, boundary *Document, action, resource string) Decision {
	d := decideIdentity(identity, action, resource)
	if d.Allowed && boundary != nil {
		if bounded := decideIdentity([]Document{*boundary}, action, resource); !bounded.Allowed {
			return Decision{Why: "the permissions boundary " + boundary.Name + " doesn't allow it, " + ByDocuments}
		}
	}
	return d
}

func decideIdentity(documents []Document, action, resource string) Decision {
	allowed := ""
	for _, d := range documents {
		for _, s := range d.statements {
			switch {
			case !s.about(action, resource):
			case s.Effect == "Deny" && len(s.Condition) == 0:
				return Decision{Why: "the policy " + d.Name + " denies it, " + ByDocuments}
			case s.Effect == "Allow" && allowed == "":
				allowed = d.Name
			}
		}
	}
	if allowed == "" {
		return Decision{Why: "no policy allows it, " + ByDocuments}
	}
	return Decision{Allowed: true, Why: "policy " + allowed + ", " + ByDocuments}
}

// Allows says that a resource's own policy allows the role an action. One that names the whole account leaves the decision
// to the role's policies.
func (d Document) Allows(role, action, resource string) bool {
	allowed := false
	for _, s := range d.statements {
		if !s.about(action, resource) || (!s.Principal.anyone && !slices.Contains(s.Principal.AWS, role) && !slices.Contains(s.Principal.AWS, "*")) {
			continue
		}
		if s.Effect == "Deny" && len(s.Condition) == 0 {
			return false
		}
		allowed = allowed || s.Effect == "Allow"
	}
	return allowed
}

// Trusts says that a role's trust policy lets a service take the role, by its name or that of a region's:
// "codedeploy.amazonaws.com", "codedeploy.eu-west-1.amazonaws.com".
func (d Document) Trusts(service string) bool {
	prefix, _, _ := strings.Cut(service, ".")
	for _, s := range d.statements {
		if s.Effect != "Allow" || !slices.ContainsFunc(s.Action, func(a string) bool { return wild(a, "sts:AssumeRole", true) }) {
			continue
		}
		for _, trusted := range s.Principal.Service {
			if trusted == service || (strings.HasPrefix(trusted, prefix+".") && strings.Contains(trusted, ".amazonaws.")) {
				return true
			}
		}
	}
	return false
}
