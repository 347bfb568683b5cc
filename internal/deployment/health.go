package deployment

import (
	"context"
	"fmt"
	"strings"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// health is that of a group's targets, without those that are leaving.
type health struct {
	healthy, all int
	// worst describes the first target that isn't healthy.
	worst string
	// waits says that a target may yet become healthy by itself.
	waits bool
}

func (h health) String() string { return fmt.Sprintf("%d of %d targets healthy", h.healthy, h.all) }

// shown says that the group serves: it has targets, and all of them are healthy.
func (h health) shown() bool { return h.all > 0 && h.healthy == h.all }

// healthOf reads a group's targets. A target without health checks counts as healthy, since nothing will ever say more of
// it; one that drains is on its way out and gets no requests.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
func healthOf(targets []elbtypes.TargetHealthDescription) health {
	var h health
	for _, t := range targets {
		if t.TargetHealth == nil || t.TargetHealth.State == elbtypes.TargetHealthStateEnumDraining {
			continue
		}
		h.all++
		switch t.TargetHealth.State {
		case elbtypes.TargetHealthStateEnumHealthy, elbtypes.TargetHealthStateEnumUnavailable:
			h.healthy++
			continue
		case elbtypes.TargetHealthStateEnumUnused:
			// The group has no listener: waiting for its targets changes nothing.
		default:
			h.waits = true
		}
		if h.worst == "" {
			h.worst = strings.TrimSpace(fmt.Sprintf("%s is %s %s", targetName(t.Target), t.TargetHealth.State, deref(t.TargetHealth.Description)))
		}
	}
	h.waits = h.waits || h.all == 0
	return h
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

func (c *Clients) readTargets(ctx context.Context, g group) (health, *ReadError) {
	out, err := c.targetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &g.arn})
	if err != nil {
		return health{}, &ReadError{Reading: "the targets of " + g.name, Action: actionTargetHealth, Err: err}
	}
	return healthOf(out.TargetHealthDescriptions), nil
}

// readHealth reads the health of green's targets for the line that says what was found. The proof reads it again.
func (s *sides) readHealth(ctx context.Context) *ReadError {
	if s.greenGroup.arn == "" {
		return nil
	}
	h, err := s.clients.readTargets(ctx, s.greenGroup)
	if err == nil {
		s.health = &h
	}
	return err
}
