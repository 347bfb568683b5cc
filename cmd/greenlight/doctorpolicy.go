//go:build !function

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// printPolicy prints the policy for the features that are named, or for those that the other flags speak of.
func (a app) printPolicy(opts doctorFlags) int {
	o := opts.options
	features := []string{doctor.FeatureCodeDeploy, doctor.FeatureECS, doctor.FeatureHandOver, doctor.FeatureLogs}
	switch {
	case o.Application != "":
		features = []string{doctor.FeatureCodeDeploy, doctor.FeatureHandOver, doctor.FeatureLogs}
	case o.Service != "":
		features = []string{doctor.FeatureECS, doctor.FeatureLogs}
	}
	at := doctor.Place{
		Region: cmp.Or(opts.region, a.env("AWS_REGION"), a.env("AWS_DEFAULT_REGION")), Account: opts.account,
		Application: o.Application, Group: o.Group, Cluster: o.Cluster, Service: o.Service, Function: o.Function, Deployed: opts.deployed,
	}
	if arn := strings.SplitN(o.Function, ":", 7); len(arn) == 7 && arn[0] == "arn" {
		at.Region, at.Account = arn[3], arn[4]
	}
	needed, err := a.planPolicy(opts.plan, at)
	if err != nil {
		return a.wrongPlan(err, false)
	}
	features = append(features, needed.features...)
	if opts.features != "" {
		features = strings.Split(opts.features, ",")
	}
	for i, name := range features {
		features[i] = strings.TrimSpace(name)
		if names := featureNames(); !slices.Contains(names, features[i]) {
			return a.wrong("doctor: --feature: %s", strictyaml.Unknown("feature", features[i], names))
		}
	}
	policy, err := doctor.NewPolicy(features, at, needed.grants...)
	if err != nil {
		return a.wrong("doctor: --feature: %s", err)
	}
	if err := policy.Write(a.stdout); err != nil {
		fmt.Fprintln(a.stderr, "greenlight:", err)
		return exitFailed
	}
	if open := at.Open(features, needed.open...); len(open) > 0 {
		fmt.Fprintf(a.stderr, "greenlight: * stands for %s: narrow it with --%s\n", strings.ToLower(strings.Join(open, ", ")), strings.ToLower(strings.Join(open, ", --")))
	}
	if len(needed.grants) > 0 {
		fmt.Fprintln(a.stderr, "greenlight: what lies under a key of your own takes kms:Decrypt on that key, too")
	}
	return exitPassed
}

// planNeeds is what a plan takes, in a policy.
type planNeeds struct {
	features []string
	grants   []doctor.Grant
	open     []string // placeholders
}

// planPolicy is what a plan takes: to be read, where its address is given, or in a file, what its checks and secrets take.
func (a app) planPolicy(named string, at doctor.Place) (needed planNeeds, err error) {
	switch {
	case named == "":
		return planNeeds{}, nil
	case plan.IsRemote(named):
		place, err := plan.ParseLocation("--plan", named)
		if err != nil {
			return planNeeds{}, err
		}
		needed.grants, needed.open, err = doctor.ReadingGrants(place, at)
		return needed, err
	}
	source, err := a.find(named)
	if err != nil {
		return planNeeds{}, err
	}
	p, err := language(nil, registry.Environment{}).Parse(source)
	if err != nil {
		return planNeeds{}, err
	}
	needed.features = doctor.PlanFeatures(p)
	needed.grants, needed.open = doctor.SecretGrants(p, at)
	return needed, nil
}
