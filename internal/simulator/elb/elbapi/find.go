package elbapi

import (
	"strconv"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// What ARNs and names lead to; what isn't there is refused with AWS's code for it.

func (a *API) listener(arn string) (*elb.Listener, error) {
	for _, l := range a.lb.Listeners() {
		if l.ARN() == arn {
			return l, nil
		}
	}
	return nil, refuse(elb.CodeListenerNotFound, "one or more listeners not found: there is no listener %q", arn)
}

// rule finds a rule; for a default rule it is nil, with its listener.
func (a *API) rule(arn string) (*elb.Rule, *elb.Listener, error) {
	for _, l := range a.lb.Listeners() {
		if l.DefaultRuleARN() == arn {
			return nil, l, nil
		}
		for _, r := range l.Rules() {
			if r.ARN() == arn {
				return r, l, nil
			}
		}
	}
	return nil, nil, refuse(elb.CodeRuleNotFound, "one or more rules not found: there is no rule %q", arn)
}

func (a *API) group(arn string) (*elb.TargetGroup, error) {
	for _, g := range a.lb.TargetGroups() {
		if g.ARN() == arn {
			return g, nil
		}
	}
	return nil, refuse(elb.CodeTargetGroupNotFound, "one or more target groups not found: there is no target group %q", arn)
}

// balancer checks that an ARN is that of the one load balancer.
func (a *API) balancer(arn string) error {
	if arn != a.lb.ARN() {
		return refuse("LoadBalancerNotFound", "one or more load balancers not found: there is no load balancer %q; the simulator has %s", arn, a.lb.ARN())
	}
	return nil
}

// findAll applies find to each of a list.
func findAll[T any](arns []string, find func(string) (T, error)) ([]T, error) {
	found := make([]T, len(arns))
	for i, arn := range arns {
		var err error
		if found[i], err = find(arn); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// maxPage is the largest page of an answer:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeRules.html#API_DescribeRules_RequestParameters.
const maxPage = 400

// page cuts the page that a request asks for out of all members, and returns the next
// one's marker, empty at the end.
func page[T any](f form, all []T) (part []T, next string, err error) {
	size, err := f.number("PageSize")
	if err != nil {
		return nil, "", err
	}
	if size == 0 && !f.has("PageSize") {
		size = maxPage
	}
	if size < 1 || size > maxPage {
		return nil, "", invalid("PageSize must be 1 to %d, not %d", maxPage, size)
	}
	start, err := f.number("Marker")
	if err != nil || start < 0 || start > len(all) {
		return nil, "", invalid("Marker %q is not one that the simulator has given", f.text("Marker"))
	}
	end := min(start+size, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next, nil
}
