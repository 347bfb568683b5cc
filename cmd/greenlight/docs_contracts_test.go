//go:build unix && !function

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
)

// The page of a contract names each action that the function takes under it, and no other.
func TestThePageOfAContractNamesTheCallsThatAreMade(t *testing.T) {
	const handOver = "lambda:InvokeFunction"
	answer := func(feature string) string {
		for _, f := range doctor.Features() {
			if f.Name == feature {
				return f.Actions[0].Name
			}
		}
		t.Fatalf("there is no feature %s", feature)
		return ""
	}
	tests := []struct {
		page string
		want []string
	}{
		{"codedeploy-ecs", append(discovery(deployment.CodeDeployECS), answer(doctor.FeatureCodeDeploy), handOver)},
		{"codedeploy-lambda", append(discovery(deployment.CodeDeployLambda), answer(doctor.FeatureCodeDeploy), handOver)},
		{"ecs", append(discovery(deployment.ECS), handOver)}, // ECS's, by the role of its hook
		{"ecs-pause", []string{answer(doctor.FeaturePause), "ecs:DescribeServiceDeployments", handOver}},
		{"agent", nil},
	}
	for _, tt := range tests {
		t.Run(tt.page, func(t *testing.T) {
			var named []string
			for _, span := range pageNamed(t, "docs/contracts/"+tt.page+".md").spans {
				if regexp.MustCompile(`^[a-z]+:[A-Z]\w+$`).MatchString(span) {
					named = append(named, span)
				}
			}
			slices.Sort(named)
			slices.Sort(tt.want)
			if diff := cmp.Diff(strings.Join(tt.want, "\n"), strings.Join(slices.Compact(named), "\n")); diff != "" {
				t.Errorf("(-the code +the page):\n%s", diff)
			}
		})
	}
}

func discovery(p deployment.Platform) []string {
	var names []string
	for _, a := range deployment.Actions() {
		if slices.Contains(a.Platforms, p) {
			names = append(names, a.Name)
		}
	}
	return names
}
