// Package targetscheck is the targets kind of check: how many targets of a target group are healthy, green's unless the plan
// names another, by what Elastic Load Balancing says of each.
package targetscheck

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/unread"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout: one call or two, and room for a throttled one to be made
// again.
const DefaultTimeout = 5 * time.Second

// The IAM actions.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
const (
	actionHealth = "elasticloadbalancing:DescribeTargetHealth"
	actionGroups = "elasticloadbalancing:DescribeTargetGroups"
)

// Kind is the kind of check that this package holds. Its checks call AWS with the configuration that is given when they first
// need it.
func Kind(config func() (aws.Config, error)) check.Kind {
	return check.Kind{
		Key: "targets", Timeout: DefaultTimeout,
		New: func() check.Check { return &Check{config: config} },
		Actions: []check.Action{
			{Name: actionHealth, Resource: "*", Why: "whether targets are healthy"},
			{Name: actionGroups, Resource: "*", Why: "the ARN of a target group that is given by its name", Optional: true},
		},
	}
}

// Check is a target group, and how many of its targets must be healthy.
type Check struct {
	// Group is the target group.
	Group Group `yaml:"targets,required"`
	// Expect is what must be true of it. Default: it has targets, and all of them are healthy.
	Expect Expect `yaml:"expect"`

	config func() (aws.Config, error)
}

// Expect is what is expected of a target group. All of it must be true.
type Expect struct {
	// Healthy compares how many targets are healthy: a count, or a share of those that aren't leaving; or a list of both.
	Healthy strictyaml.OneOrMany[expect.Portion] `yaml:"healthy"`
}

// Group is a target group: green, blue, or a name or an ARN.
type Group struct {
	// Name is the group's name or ARN.
	Name strictyaml.Text `yaml:"group,required"`
	// side is green or blue; empty where the group is given by Name.
	side string
}

// DecodeNode reads green, blue, a name, an ARN, or {group: …}, where green and blue are names like any other.
func (g *Group) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch word := n.Text(); {
	case n.IsMapping():
		type fields Group
		d.Fields(n, (*fields)(g))
	case !n.IsScalar():
		d.Mismatch(n, "green, blue, or the name or the ARN of a target group")
	case word == "green" || word == "blue":
		g.side = word
	default:
		d.Decode(n, &g.Name)
	}
	if name, known := g.Name.Literal(); known && name == "" && !g.Name.IsZero() {
		d.Problem(n, "the name of the target group is empty")
	}
}

// JSONSchema describes a target group.
func (*Group) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(new(Group))
	s.SetProperty("group", strictyaml.NonEmpty())
	return strictyaml.AnyOf(strictyaml.NonEmpty(), s)
}

// Title names the group, as the plan has it.
func (c *Check) Title() string {
	if c.Group.side != "" {
		return c.Group.side + "'s targets"
	}
	return "targets of " + c.Group.Name.String()
}

// Run asks once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	group, err := c.Group.find(scope.Lookup)
	if err != nil {
		return *unread.Name(err)
	}
	cfg, err := c.config()
	if err != nil {
		return *unread.Settings(err)
	}
	balancer := elb.NewFromConfig(cfg, func(o *elb.Options) { o.Retryer, o.RetryMaxAttempts = awscall.NewRetryer(), 0 })
	arn, wrong := arnOf(ctx, balancer, group)
	if wrong != nil {
		return *wrong
	}
	out, err := balancer.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &arn})
	switch {
	case awscall.HasCode(err, codeNotFound):
		return *absent(group)
	case err != nil:
		return *unread.Result("the targets of "+nameOf(arn), actionHealth, err)
	}
	return c.Expect.judge(nameOf(arn), out.TargetHealthDescriptions, scope.Lookup)
}

// find gives the name or ARN that is meant.
func (g *Group) find(lookup strictyaml.Lookup) (string, error) {
	if g.side == "" {
		return g.Name.Expand(lookup)
	}
	value, err := lookup(g.side + ".target_group_arn")
	if err != nil {
		return "", fmt.Errorf("%s's target group: %w", g.side, err)
	}
	return fmt.Sprint(value), nil
}

const codeNotFound = "TargetGroupNotFound"

func absent(group string) *check.Result {
	return &check.Result{Outcome: check.Failed, Reason: "there is no target group " + expect.Quote(group)}
}

func arnOf(ctx context.Context, balancer *elb.Client, group string) (string, *check.Result) {
	if strings.HasPrefix(group, "arn:") {
		return group, nil
	}
	out, err := balancer.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{group}})
	switch {
	case awscall.HasCode(err, codeNotFound):
		return "", absent(group)
	case err != nil:
		return "", unread.Result("the ARN of the target group "+expect.Quote(group), actionGroups, err)
	case len(out.TargetGroups) != 1 || aws.ToString(out.TargetGroups[0].TargetGroupArn) == "":
		return "", &check.Result{Outcome: check.Inconclusive, Reason: "the answer has no ARN of the target group " + expect.Quote(group)}
	}
	return *out.TargetGroups[0].TargetGroupArn, nil
}

// nameOf is the name within a target group's ARN.
func nameOf(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) == 3 {
		return parts[1]
	}
	return arn
}

// judge holds a group's targets against what is expected.
func (e *Expect) judge(group string, targets []elbtypes.TargetHealthDescription, lookup strictyaml.Lookup) check.Result {
	h := healthOf(targets)
	if h.untold != "" {
		return check.Result{Outcome: check.Inconclusive, Reason: "Elastic Load Balancing doesn't say how " + h.untold + " of " + group + " is"}
	}
	wants := e.Healthy
	if wants == nil {
		wants = strictyaml.OneOrMany[expect.Portion]{expect.All()}
	}
	for i := range wants {
		m, err := wants[i].Judge("the number of healthy targets of "+group, h.healthy, h.all, lookup)
		switch {
		case err != nil:
			return *unread.Name(err)
		case m != nil:
			return check.Result{Outcome: check.Failed, Reason: m.String() + h.reasons()}
		}
	}
	return check.Result{Outcome: check.Passed}
}
