package targetscheck

import (
	"fmt"
	"strings"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// health is that of a group's targets, without those that are leaving.
type health struct {
	healthy, all int
	// others are the targets that aren't healthy, each with why.
	others []string
	// leaving counts the targets that drain.
	leaving int
	// untold names the first target of which no state was given; empty where all have one.
	untold string
}

// healthOf counts. A target without health checks counts as healthy, since nothing will ever say more of it; one that drains is
// on its way out, and gets no requests.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
func healthOf(targets []elbtypes.TargetHealthDescription) health {
	var h health
	for _, t := range targets {
		if t.TargetHealth == nil || t.TargetHealth.State == "" {
			if h.untold == "" {
				h.untold = targetName(t.Target)
			}
			continue
		}
		switch t.TargetHealth.State {
		case elbtypes.TargetHealthStateEnumDraining:
			h.leaving++
		case elbtypes.TargetHealthStateEnumHealthy, elbtypes.TargetHealthStateEnumUnavailable:
			h.all++
			h.healthy++
		default:
			h.all++
			h.others = append(h.others, describe(t))
		}
	}
	return h
}

func describe(t elbtypes.TargetHealthDescription) string {
	text := targetName(t.Target) + " is " + string(t.TargetHealth.State)
	switch description := t.TargetHealth.Description; {
	case description != nil && *description != "":
		text += " (" + strings.TrimSuffix(strings.Join(strings.Fields(*description), " "), ".") + ")"
	case t.TargetHealth.Reason != "":
		text += " (" + string(t.TargetHealth.Reason) + ")"
	}
	return text
}

func targetName(t *elbtypes.TargetDescription) string {
	switch {
	case t == nil || t.Id == nil:
		return "a target"
	case t.Port == nil:
		return *t.Id
	}
	return fmt.Sprintf("%s:%d", *t.Id, *t.Port)
}

// reasons says what is the matter with the targets that aren't healthy, the first few of them.
func (h health) reasons() string {
	const most = 3
	parts := h.others[:min(most, len(h.others)):min(most, len(h.others))]
	if more := len(h.others) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	if h.leaving > 0 {
		parts = append(parts, fmt.Sprintf("%d draining", h.leaving))
	}
	if h.all == 0 && h.leaving == 0 {
		parts = append(parts, "no target is registered")
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
