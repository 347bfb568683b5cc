package elbapi

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

func (a *API) describeListeners(f form) (any, error) {
	if !f.has("LoadBalancerArn") && !f.has("ListenerArns") {
		return nil, invalid("you must specify either listener ARNs or a load balancer ARN")
	}
	listeners, err := findAll(f.texts("ListenerArns"), a.listener)
	if err == nil && f.has("LoadBalancerArn") {
		var b balancer
		b, err = a.balancer(f.text("LoadBalancerArn"))
		listeners = a.listenersOf(b)
	}
	if err != nil {
		return nil, err
	}
	part, next, err := page(f, listeners)
	result := listenersResult{NextMarker: next}
	for _, l := range part {
		result.Listeners = append(result.Listeners, a.describeListener(l))
	}
	return result, err
}

func (a *API) describeListener(l *elb.Listener) listener {
	d := listener{ARN: l.ARN(), LoadBalancerARN: l.LoadBalancerARN(), Protocol: l.Protocol(), Port: port(l), DefaultActions: a.describeAction(l.Action())}
	kept := a.recorded(l.ARN())
	if kept.certificate != "" {
		d.Certificates = list[certificate]{{kept.certificate}}
	}
	if l.Protocol() == https {
		d.SSLPolicy = cmp.Or(kept.sslPolicy, defaultSSLPolicy)
	}
	return d
}

// The protocols of listeners.
const (
	plain = "HTTP"
	https = "HTTPS"
)

// defaultSSLPolicy is what HTTPS listeners have without one, TLS 1.2 and 1.3:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html.
const defaultSSLPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

// port is where a listener listens.
func port(l *elb.Listener) int {
	_, number := split(l.URL())
	return number
}

// split takes a base URL apart.
func split(base string) (host string, number int) {
	u, err := url.Parse(base)
	if err != nil {
		return base, 0
	}
	host, text, err := net.SplitHostPort(u.Host)
	if err != nil {
		return u.Hostname(), 80 // a target without a port is one of http
	}
	number, _ = strconv.Atoi(text) // it has been listened on, or connected to
	return host, number
}

// describeAction writes an action as the API does: a forward to one group has its ARN
// twice, one to several in the forward's configuration only.
func (a *API) describeAction(act elb.Action) list[action] {
	switch {
	case act.FixedResponse != nil:
		r := act.FixedResponse
		return list[action]{{Type: "fixed-response", FixedResponse: &fixedResponse{r.StatusCode, r.ContentType, r.Body}}}
	case act.Redirect != nil:
		r := act.Redirect
		return list[action]{{Type: "redirect", Redirect: &redirect{"HTTP_" + strconv.Itoa(r.StatusCode), r.Protocol, r.Host, r.Port, r.Path, r.Query}}}
	}
	d := action{Type: "forward", Forward: &forward{}}
	for _, g := range a.lb.TargetGroups() {
		if weight, used := act.Forward[g.Name()]; used {
			d.Forward.TargetGroups = append(d.Forward.TargetGroups, weightedGroup{g.ARN(), weight})
		}
	}
	if len(d.Forward.TargetGroups) == 1 {
		d.TargetGroupARN = d.Forward.TargetGroups[0].ARN
	}
	return list[action]{d}
}

func (a *API) describeRules(f form) (any, error) {
	var rules []rule
	switch {
	case f.has("RuleArns"):
		for _, arn := range f.texts("RuleArns") {
			r, l, err := a.rule(arn)
			if err != nil {
				return nil, err
			}
			rules = append(rules, a.describeRule(r, l))
		}
	case f.has("ListenerArn"):
		l, err := a.listener(f.text("ListenerArn"))
		if err != nil {
			return nil, err
		}
		for _, r := range l.Rules() {
			rules = append(rules, a.describeRule(r, l))
		}
		rules = append(rules, a.describeRule(nil, l))
	default:
		return nil, invalid("you must specify either listener rule ARNs or a listener ARN")
	}
	part, next, err := page(f, rules)
	return rulesResult{part, next}, err
}

// describeRule describes a rule, or where it is nil, the listener's default one.
func (a *API) describeRule(r *elb.Rule, l *elb.Listener) rule {
	if r == nil {
		return rule{ARN: l.DefaultRuleARN(), Priority: "default", IsDefault: true, Actions: a.describeAction(l.Action())}
	}
	d := rule{ARN: r.ARN(), Priority: strconv.Itoa(r.Priority()), Actions: a.describeAction(r.Action())}
	for _, c := range r.Conditions() {
		d.Conditions = append(d.Conditions, describeCondition(c))
	}
	return d
}

func describeCondition(c elb.Condition) condition {
	d := condition{Field: string(c.Field)}
	in := &values{c.Values}
	switch c.Field {
	case elb.HostHeader:
		d.Host, d.Values = in, c.Values
	case elb.PathPattern:
		d.Path, d.Values = in, c.Values
	case elb.RequestMethod:
		d.Method = in
	case elb.SourceIP:
		d.Source = in
	case elb.HTTPHeader:
		d.Header = &headerMatch{c.Header, c.Values}
	case elb.QueryString:
		d.QueryIn = &queryMatch{}
		for _, q := range c.Query {
			d.QueryIn.Values = append(d.QueryIn.Values, queryPair(q))
		}
	}
	return d
}

func (a *API) describeTargetGroups(f form) (any, error) {
	groups := a.lb.TargetGroups()
	var err error
	switch {
	case f.has("TargetGroupArns"):
		groups, err = findAll(f.texts("TargetGroupArns"), a.group)
	case f.has("Names"):
		groups, err = findAll(f.texts("Names"), a.groupNamed)
	case f.has("LoadBalancerArn"):
		_, err = a.balancer(f.text("LoadBalancerArn"))
		groups = slices.DeleteFunc(groups, func(g *elb.TargetGroup) bool { return !slices.Contains(a.balancersOf(g), f.text("LoadBalancerArn")) })
	}
	if err != nil {
		return nil, err
	}
	part, next, err := page(f, groups)
	result := targetGroupsResult{NextMarker: next}
	for _, g := range part {
		result.TargetGroups = append(result.TargetGroups, a.describeGroup(g))
	}
	return result, err
}

func (a *API) groupNamed(name string) (*elb.TargetGroup, error) {
	for _, g := range a.lb.TargetGroups() {
		if g.Name() == name {
			return g, nil
		}
	}
	return nil, refuse(elb.CodeTargetGroupNotFound, "one or more target groups not found: there is no target group %q", name)
}

func (a *API) describeGroup(g *elb.TargetGroup) targetGroup {
	h, kept := g.HealthCheck(), a.recorded(g.ARN())
	return targetGroup{
		ARN: g.ARN(), Name: g.Name(), Protocol: "HTTP", ProtocolVersion: "HTTP1", Port: g.Port(), VPCID: kept.vpc,
		TargetType: cmp.Or(kept.targetType, targetIP), IPAddressType: "ipv4", LoadBalancers: a.balancersOf(g),
		HealthCheckEnabled: true, HealthProtocol: "HTTP", HealthPort: "traffic-port", HealthPath: h.Path,
		HealthInterval: int(h.Interval.Seconds()), HealthTimeout: int(h.Timeout.Seconds()),
		Healthy: h.HealthyThreshold, Unhealthy: h.UnhealthyThreshold, Matcher: h.Matcher,
	}
}

// The types of targets. Those that the simulator starts are registered by their address, whichever it is.
const (
	targetIP       = "ip"
	targetInstance = "instance"
)

func (a *API) describeTargetHealth(f form) (any, error) {
	g, err := a.group(f.text("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	all := describeTargets(g)
	asked, err := targetsOf(f, g)
	if err != nil || len(asked) == 0 {
		return targetHealthResult{all}, err
	}
	var result targetHealthResult
	for _, base := range asked {
		id, number := split(base)
		i := slices.IndexFunc(all, func(t targetHealth) bool { return t.ID == id && t.Port == number })
		if i < 0 {
			result.Descriptions = append(result.Descriptions, targetHealth{
				ID: id, Port: number, State: "unused", Reason: "Target.NotRegistered", Description: "Target is not registered to the target group",
			})
			continue
		}
		result.Descriptions = append(result.Descriptions, all[i])
	}
	return result, nil
}

// describeTargets lists a group's targets, those that are leaving at the end.
func describeTargets(g *elb.TargetGroup) []targetHealth {
	var all []targetHealth
	used := g.InUse()
	for _, t := range g.Targets() {
		id, number := split(t.URL)
		d := targetHealth{ID: id, Port: number, CheckPort: strconv.Itoa(number), State: string(t.State)}
		if used {
			d.Reason, d.Description = reasonOf(t)
		} else {
			d.State, d.Reason, d.Description = "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
		}
		all = append(all, d)
	}
	for _, base := range g.Draining() {
		id, number := split(base)
		all = append(all, targetHealth{
			ID: id, Port: number, CheckPort: strconv.Itoa(number), State: "draining",
			Reason: "Target.DeregistrationInProgress", Description: "Target deregistration is in progress",
		})
	}
	return all
}

// reasonOf gives a target's state a reason code of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-reason-codes.
func reasonOf(t elb.TargetHealth) (reason, description string) {
	switch {
	case t.State == elb.Initial:
		return "Elb.InitialHealthChecking", "Initial health checks in progress"
	case t.State != elb.Unhealthy:
		return "", ""
	case t.Reason == "Request timed out":
		return "Target.Timeout", t.Reason
	case strings.HasPrefix(t.Reason, "Health checks failed with these codes"):
		return "Target.ResponseCodeMismatch", t.Reason
	}
	return "Target.FailedHealthChecks", "Health checks failed"
}
