package deployment

import (
	"cmp"
	"context"
	"slices"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// readWays fills in listeners, rules and the load balancers' names, in one round trip where the ARNs tell which load
// balancer a listener belongs to, and in two otherwise. A way that couldn't be read stays as far as it was.
func (c *Clients) readWays(ctx context.Context, ways ...*way) []*ReadError {
	ways = slices.DeleteFunc(slices.Clone(ways), func(w *way) bool { return w == nil })
	if len(ways) == 0 {
		return nil
	}
	errs := make([]*ReadError, 2+len(ways))
	var names map[string]string
	asked := balancersOf(ways)
	reads := []func(){
		func() { errs[0] = c.readListeners(ctx, ways) },
		func() {
			if len(asked) > 0 {
				names, errs[1] = c.readNames(ctx, asked)
			}
		},
	}
	for i, w := range ways {
		reads = append(reads, func() { errs[2+i] = c.readRules(ctx, w) })
	}
	sideBySide(reads...)
	if asked := unnamed(ways, asked); errs[0] == nil && len(asked) > 0 {
		var more map[string]string
		more, errs[1] = c.readNames(ctx, asked)
		names = merged(names, more)
	}
	for i, w := range ways {
		w.withDefault()
		w.dnsName, w.err = names[w.balancer()], cmp.Or(errs[0], errs[1], errs[2+i])
	}
	return slices.DeleteFunc(errs, func(e *ReadError) bool { return e == nil })
}

func merged(a, b map[string]string) map[string]string {
	for name, value := range a {
		if b == nil {
			b = map[string]string{}
		}
		b[name] = value
	}
	return b
}

// balancer is the ARN of the way's load balancer, as far as it is known.
func (w *way) balancer() string {
	if w.listener != nil && w.listener.LoadBalancerArn != nil {
		return *w.listener.LoadBalancerArn
	}
	return loadBalancerOf(w.listenerARN)
}

func balancersOf(ways []*way) []string {
	var arns []string
	for _, w := range ways {
		if arn := w.balancer(); arn != "" && !slices.Contains(arns, arn) {
			arns = append(arns, arn)
		}
	}
	return arns
}

// unnamed are the load balancers that listeners turned out to belong to and that weren't asked for.
func unnamed(ways []*way, asked []string) []string {
	return slices.DeleteFunc(balancersOf(ways), func(arn string) bool { return slices.Contains(asked, arn) })
}

func (c *Clients) readListeners(ctx context.Context, ways []*way) *ReadError {
	var arns []string
	for _, w := range ways {
		if !slices.Contains(arns, w.listenerARN) {
			arns = append(arns, w.listenerARN)
		}
	}
	all, err := pages(func(marker *string) ([]elbtypes.Listener, *string, error) {
		out, err := c.listeners(ctx, &elb.DescribeListenersInput{ListenerArns: arns, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.Listeners, out.NextMarker, nil
	})
	if err != nil {
		return &ReadError{Reading: "the listeners", Action: actionListeners, Remedy: setGreen, Err: err}
	}
	for _, w := range ways {
		for _, l := range all {
			if deref(l.ListenerArn) == w.listenerARN {
				w.listener = &l
			}
		}
	}
	return nil
}

// readRules reads the rules of a listener, or the one rule. A Network Load Balancer's listener has just its default action.
func (c *Clients) readRules(ctx context.Context, w *way) *ReadError {
	if isNetwork(w.listenerARN) {
		return nil
	}
	all, err := pages(func(marker *string) ([]elbtypes.Rule, *string, error) {
		in := &elb.DescribeRulesInput{Marker: marker}
		if w.ruleARN != "" {
			in.RuleArns = []string{w.ruleARN}
		} else {
			in.ListenerArn = &w.listenerARN
		}
		out, err := c.rules(ctx, in)
		if err != nil {
			return nil, nil, err
		}
		return out.Rules, out.NextMarker, nil
	})
	if err != nil {
		return &ReadError{Reading: "the rules of the " + w.name + " listener", Action: actionRules, Remedy: setGreen, Err: err}
	}
	w.rules = all
	return nil
}

func (c *Clients) readNames(ctx context.Context, arns []string) (map[string]string, *ReadError) {
	all, err := pages(func(marker *string) ([]elbtypes.LoadBalancer, *string, error) {
		out, err := c.loadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: arns, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.LoadBalancers, out.NextMarker, nil
	})
	if err != nil {
		return nil, &ReadError{Reading: "the load balancer's name", Action: actionLoadBalancers, Remedy: setGreen, Err: err}
	}
	names := map[string]string{}
	for _, b := range all {
		names[deref(b.LoadBalancerArn)] = deref(b.DNSName)
	}
	return names, nil
}

// readGroups finds the ARNs of target groups by their names, which is how CodeDeploy has them.
func (c *Clients) readGroups(ctx context.Context, names []string) ([]group, *ReadError) {
	if len(names) == 0 {
		return nil, nil // without names all of the account's would come
	}
	all, err := pages(func(marker *string) ([]elbtypes.TargetGroup, *string, error) {
		out, err := c.targetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: names, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.TargetGroups, out.NextMarker, nil
	})
	if err != nil {
		return nil, &ReadError{Reading: "the target groups " + list(names), Action: actionTargetGroups, Remedy: setGreen, Err: err}
	}
	var groups []group
	for _, g := range all {
		if arn, name := deref(g.TargetGroupArn), deref(g.TargetGroupName); arn != "" && slices.Contains(names, name) {
			groups = append(groups, group{arn, name})
		}
	}
	return groups, nil
}

// pages reads a list that comes in pages.
func pages[T any](read func(marker *string) (page []T, next *string, err error)) ([]T, error) {
	var all []T
	var marker *string
	for {
		page, next, err := read(marker)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if deref(next) == "" || deref(next) == deref(marker) {
			return all, nil
		}
		marker = next
	}
}
