package doctor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Place is what a policy's resources are named by. What is empty is *, and lets more through than it need.
type Place struct {
	Region, Account, Application, Group, Cluster, Service string
	// Function is the hook; Deployed is the Lambda function that is deployed.
	Function, Deployed string
}

// Partition is the part of AWS that the region is in.
//
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func (p Place) Partition() string {
	for prefix, partition := range map[string]string{
		"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b", "us-isof-": "aws-iso-f",
		"eu-isoe-": "aws-iso-e", "eusc-": "aws-eusc",
	} {
		if strings.HasPrefix(p.Region, prefix) {
			return partition
		}
	}
	return "aws"
}

// names are the placeholders of resources and what they stand for.
func (p Place) names() []struct{ placeholder, value string } {
	return []struct{ placeholder, value string }{
		{"PARTITION", p.Partition()},
		{"REGION", p.Region},
		{"ACCOUNT", p.Account},
		{"APPLICATION", p.Application},
		{"GROUP", p.Group},
		{"CLUSTER", p.Cluster},
		{"SERVICE", p.Service},
		{"FUNCTION", appspec.FunctionName(p.Function)},
		{"DEPLOYED", appspec.FunctionName(p.Deployed)},
	}
}

// resource fills a pattern in, with more placeholders and their values where it has others. A value isn't taken for a pattern in turn: a
// parameter may well be named /SERVICE/token.
func (p Place) resource(pattern string, more ...string) string {
	for _, n := range p.names() {
		more = append(more, n.placeholder, cmp.Or(n.value, "*"))
	}
	return strings.NewReplacer(more...).Replace(pattern)
}

// Open lists the placeholders for which nothing is known, of those that the features' resources have and of more.
func (p Place) Open(features []string, more ...string) []string {
	var open []string
	for _, n := range p.names() {
		used := slices.Contains(more, n.placeholder) || slices.ContainsFunc(features, func(name string) bool {
			f, _ := feature(name)
			return slices.ContainsFunc(f.Actions, func(a Action) bool { return strings.Contains(a.Resource, n.placeholder) })
		})
		if used && n.value == "" {
			open = append(open, n.placeholder)
		}
	}
	return open
}

// lookup gives what is known of a deployment by its name. * stands for other names, which are added to unknown in capitals, as placeholders.
func (p Place) lookup(unknown *[]string) strictyaml.Lookup {
	known := map[string]string{"application": p.Application, "group": p.Group, "cluster": p.Cluster, "service": p.Service}
	return func(name string) (any, error) {
		if value := known[name]; value != "" {
			return value, nil
		}
		*unknown = append(*unknown, strings.ToUpper(name))
		return "*", nil
	}
}

// Policy is an IAM policy for some features.
type Policy struct {
	Version   string
	Statement []Allow
}

// Allow is a statement that allows actions on resources.
type Allow struct {
	Sid, Effect string
	Action      []string
	Resource    []string
}

// NewPolicy makes the least policy for the features, each named as Features has it, and for what else is granted. Actions of the same
// resources stand in one statement.
func NewPolicy(features []string, at Place, more ...Grant) (Policy, error) {
	resources := map[string][]string{} // of an action
	for _, name := range features {
		f, known := feature(name)
		if !known {
			return Policy{}, fmt.Errorf("there is no feature %q", name)
		}
		for _, a := range f.Actions {
			resources[a.Name] = unique(append(resources[a.Name], at.resource(a.Resource)))
		}
	}
	for _, g := range more {
		resources[g.Action] = unique(append(resources[g.Action], g.Resource))
	}
	actions := map[string][]string{} // of the same resources
	for action, of := range resources {
		slices.Sort(of)
		if slices.Contains(of, "*") {
			of = []string{"*"}
		}
		key := strings.Join(of, "\n")
		actions[key] = append(actions[key], action)
	}
	policy := Policy{Version: "2012-10-17"}
	for _, key := range slices.Sorted(maps.Keys(actions)) {
		of := actions[key]
		slices.Sort(of)
		policy.Statement = append(policy.Statement, Allow{
			Sid: fmt.Sprintf("Greenlight%d", len(policy.Statement)+1), Effect: "Allow", Action: of, Resource: strings.Split(key, "\n"),
		})
	}
	return policy, nil
}

// Write writes the policy as IAM takes it.
func (p Policy) Write(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	return nil
}
