package elbapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// What ARNs and names lead to; what isn't there is refused with AWS's code for it.

// wellFormed refuses what can't be an ARN of that kind.
func wellFormed(kind, part, arn string) error {
	if !strings.HasPrefix(arn, "arn:") || !strings.Contains(arn, ":elasticloadbalancing:") || !strings.Contains(arn, part) {
		return invalid("'%s' is not a valid %s ARN", arn, kind)
	}
	return nil
}

func (a *API) listener(arn string) (*elb.Listener, error) {
	if err := wellFormed("listener", ":listener/", arn); err != nil {
		return nil, err
	}
	for _, l := range a.lb.Listeners() {
		if l.ARN() == arn {
			return l, nil
		}
	}
	return nil, refuse(elb.CodeListenerNotFound, "one or more listeners not found: there is no listener %q", arn)
}

// rule finds a rule; for a default rule it is nil, with its listener.
func (a *API) rule(arn string) (*elb.Rule, *elb.Listener, error) {
	if err := wellFormed("listener rule", ":listener-rule/", arn); err != nil {
		return nil, nil, err
	}
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
	if err := wellFormed("target group", ":targetgroup/", arn); err != nil {
		return nil, err
	}
	for _, g := range a.lb.TargetGroups() {
		if g.ARN() == arn {
			return g, nil
		}
	}
	return nil, refuse(elb.CodeTargetGroupNotFound, "one or more target groups not found: there is no target group %q", arn)
}

func (a *API) balancer(arn string) (balancer, error) {
	if err := wellFormed("load balancer", ":loadbalancer/", arn); err != nil {
		return balancer{}, err
	}
	return a.findBalancer(arn, func(b balancer) bool { return b.arn == arn })
}

func (a *API) balancerNamed(name string) (balancer, error) {
	return a.findBalancer(name, func(b balancer) bool { return b.name == name })
}

func (a *API) findBalancer(asked string, is func(balancer) bool) (balancer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.IndexFunc(a.balancers, is); i >= 0 {
		return a.balancers[i], nil
	}
	return balancer{}, refuse(codeBalancerNotFound, "one or more load balancers not found: there is no load balancer %q", asked)
}

// exists finds whatever an ARN is of.
func (a *API) exists(arn string) error {
	var err error
	switch {
	case strings.Contains(arn, ":loadbalancer/"):
		_, err = a.balancer(arn)
	case strings.Contains(arn, ":listener/"):
		_, err = a.listener(arn)
	case strings.Contains(arn, ":listener-rule/"):
		_, _, err = a.rule(arn)
	default:
		_, err = a.group(arn)
	}
	return err
}

// recorded is what is kept of a resource, to be read.
func (a *API) recorded(arn string) record {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r := a.records[arn]; r != nil {
		return *r
	}
	return record{}
}

// note changes what is kept of a resource.
func (a *API) note(arn string, change func(*record)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.records[arn] == nil {
		a.records[arn] = &record{}
	}
	change(a.records[arn])
}

// forget drops what is kept of resources that are gone.
func (a *API) forget(arns ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, arn := range arns {
		delete(a.records, arn)
	}
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
