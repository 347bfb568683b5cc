package elbapi

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

func (a *API) createTargetGroup(f form) (any, error) {
	if err := f.needs("Name", "Protocol", "Port"); err != nil {
		return nil, err
	}
	config, err := groupConfigOf(f)
	if err != nil {
		return nil, err
	}
	health, err := config.HealthCheck.WithDefaults()
	if err != nil {
		return nil, invalid("%v", err)
	}
	g, err := a.groupNamed(config.Name)
	if err != nil || g.HealthCheck() != health || g.Port() != config.Port {
		// Creating the same group again succeeds, another one of its name doesn't:
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
		if g, err = a.lb.CreateTargetGroup(config); err != nil {
			return nil, err
		}
	}
	return targetGroupsResult{TargetGroups: list[targetGroup]{a.describeGroup(g)}}, nil
}

// groupName is what target groups may be called:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html#API_CreateTargetGroup_RequestParameters.
var groupName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`)
})

func groupConfigOf(f form) (elb.TargetGroupConfig, error) {
	config := elb.TargetGroupConfig{Name: f.text("Name"), HealthCheck: elb.HealthCheck{Path: f.text("HealthCheckPath"), Matcher: f.within("Matcher").text("HttpCode")}}
	if !groupName().MatchString(config.Name) {
		return config, invalid("target group name %q must be up to 32 letters, digits and hyphens, with no hyphen at either end", config.Name)
	}
	for name, only := range map[string]string{"Protocol": "HTTP", "ProtocolVersion": "HTTP1", "HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port"} {
		if given := f.text(name); given != "" && given != only {
			return config, invalid("%s %q: the simulator's target groups have %s only", name, given, only)
		}
	}
	var interval, timeout int
	for name, to := range map[string]*int{
		"Port": &config.Port, "HealthCheckIntervalSeconds": &interval, "HealthCheckTimeoutSeconds": &timeout,
		"HealthyThresholdCount": &config.HealthCheck.HealthyThreshold, "UnhealthyThresholdCount": &config.HealthCheck.UnhealthyThreshold,
	} {
		var err error
		if *to, err = f.number(name); err != nil {
			return config, err
		}
	}
	if config.Port < 1 || config.Port > 65535 {
		return config, invalid("port %d must be 1 to 65535", config.Port)
	}
	config.HealthCheck.Interval, config.HealthCheck.Timeout = time.Duration(interval)*time.Second, time.Duration(timeout)*time.Second
	return config, nil
}

func (a *API) deleteTargetGroup(f form) (any, error) {
	// A group that isn't there is deleted already.
	g, err := a.group(f.text("TargetGroupArn"))
	if err == nil {
		err = a.lb.DeleteTargetGroup(g.Name())
		return emptyResult{}, err
	}
	return emptyResult{}, f.needs("TargetGroupArn")
}

func (a *API) registerTargets(f form) (any, error) {
	g, targets, err := a.groupAndTargets(f)
	if err != nil {
		return nil, err
	}
	for _, base := range targets {
		if err := g.Register(base); err != nil {
			return nil, err
		}
	}
	return emptyResult{}, nil
}

func (a *API) deregisterTargets(f form) (any, error) {
	g, targets, err := a.groupAndTargets(f)
	if err != nil {
		return nil, err
	}
	for _, base := range targets {
		g.StartDeregister(base)
	}
	return emptyResult{}, nil
}

func (a *API) groupAndTargets(f form) (*elb.TargetGroup, []string, error) {
	if err := f.needs("TargetGroupArn", "Targets"); err != nil {
		return nil, nil, err
	}
	g, err := a.group(f.text("TargetGroupArn"))
	if err != nil {
		return nil, nil, err
	}
	targets, err := targetsOf(f, g)
	return g, targets, err
}

func (a *API) createListener(f form) (any, error) {
	if err := f.needs("LoadBalancerArn", "Port", "Protocol", "DefaultActions"); err != nil {
		return nil, err
	}
	if err := a.balancer(f.text("LoadBalancerArn")); err != nil {
		return nil, err
	}
	number, err := f.number("Port")
	if err != nil {
		return nil, err
	}
	if number < 1 || number > 65535 {
		return nil, invalid("port %d must be 1 to 65535", number)
	}
	certificateARN, err := certificateOf(f)
	if err != nil {
		return nil, err
	}
	act, err := a.actionOf(f, "DefaultActions")
	if err != nil {
		return nil, err
	}
	l, err := a.lb.CreateListener(elb.ListenerConfig{
		Name: fmt.Sprintf("port %d", number), Address: a.address(number), Default: act, TLS: f.text("Protocol") == "HTTPS",
	})
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.certificates[l.ARN()] = certificateARN
	a.mu.Unlock()
	return listenersResult{Listeners: list[listener]{a.describeListener(l)}}, nil
}

// certificateOf is the certificate's ARN that an HTTPS listener must be given. What it
// shows its clients is the load balancer's own all the same.
func certificateOf(f form) (string, error) {
	certificates := f.list("Certificates")
	switch protocol := f.text("Protocol"); {
	case protocol != "HTTP" && protocol != "HTTPS":
		return "", refuse("UnsupportedProtocol", "listener protocol %q must be HTTP or HTTPS", protocol)
	case protocol == "HTTPS" && len(certificates) != 1:
		return "", invalid("a certificate must be specified for HTTPS listeners: %d are", len(certificates))
	case protocol == "HTTP" && len(certificates) > 0:
		return "", invalid("certificates cannot be specified for HTTP listeners")
	case protocol == "HTTP":
		return "", nil
	}
	return certificates[0].text("CertificateArn"), certificates[0].needs("CertificateArn")
}

func (a *API) modifyListener(f form) (any, error) {
	l, err := a.listener(f.text("ListenerArn"))
	if err != nil {
		return nil, err
	}
	number, err := f.number("Port")
	if err != nil {
		return nil, err
	}
	if number != 0 && number != port(l) || f.has("Protocol") && f.text("Protocol") != l.Protocol() {
		return nil, invalid("the simulator's listeners keep port and protocol: %s %d; delete the listener and create another", l.Protocol(), port(l))
	}
	if f.has("DefaultActions") {
		act, err := a.actionOf(f, "DefaultActions")
		if err != nil {
			return nil, err
		}
		if err := l.SetAction(act); err != nil {
			return nil, err
		}
	}
	return listenersResult{Listeners: list[listener]{a.describeListener(l)}}, nil
}

func (a *API) deleteListener(f form) (any, error) {
	l, err := a.listener(f.text("ListenerArn"))
	if err != nil {
		return nil, err
	}
	l.Delete()
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.certificates, l.ARN())
	return emptyResult{}, nil
}

func (a *API) createRule(f form) (any, error) {
	if err := f.needs("ListenerArn", "Priority", "Conditions", "Actions"); err != nil {
		return nil, err
	}
	l, err := a.listener(f.text("ListenerArn"))
	if err != nil {
		return nil, err
	}
	priority, err := f.number("Priority")
	if err != nil {
		return nil, err
	}
	conditions, act, err := a.ruleOf(f)
	if err != nil {
		return nil, err
	}
	r, err := l.CreateRule(elb.RuleConfig{Priority: priority, Conditions: conditions, Action: act})
	if err != nil {
		return nil, err
	}
	return rulesResult{Rules: list[rule]{a.describeRule(r, l)}}, nil
}

// ruleOf reads a rule's conditions and action, as far as they are given.
func (a *API) ruleOf(f form) (conditions []elb.Condition, act elb.Action, err error) {
	for _, t := range f.list("Transforms") {
		return nil, act, invalid("the simulator has no transforms, such as %s", strings.ToLower(t.text("Type")))
	}
	if conditions, err = conditionsOf(f); err != nil {
		return nil, act, err
	}
	if f.has("Actions") {
		act, err = a.actionOf(f, "Actions")
	}
	return conditions, act, err
}

func (a *API) modifyRule(f form) (any, error) {
	r, l, err := a.rule(f.text("RuleArn"))
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, refuse(elb.CodeNotPermitted, "default rule %s cannot be modified: modify its listener", f.text("RuleArn"))
	}
	conditions, act, err := a.ruleOf(f)
	if err != nil {
		return nil, err
	}
	var replaced *elb.Action
	if f.has("Actions") {
		replaced = &act
	}
	if err := r.Modify(conditions, replaced); err != nil {
		return nil, err
	}
	return rulesResult{Rules: list[rule]{a.describeRule(r, l)}}, nil
}

func (a *API) deleteRule(f form) (any, error) {
	r, _, err := a.rule(f.text("RuleArn"))
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, refuse(elb.CodeNotPermitted, "default rule %s cannot be deleted: it goes with its listener", f.text("RuleArn"))
	}
	r.Delete()
	return emptyResult{}, nil
}

func (a *API) setRulePriorities(f form) (any, error) {
	if err := f.needs("RulePriorities"); err != nil {
		return nil, err
	}
	var listener *elb.Listener
	priorities := map[*elb.Rule]int{}
	for _, member := range f.list("RulePriorities") {
		r, l, err := a.rule(member.text("RuleArn"))
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, refuse(elb.CodeNotPermitted, "default rule %s has no priority: it comes last", member.text("RuleArn"))
		}
		if listener != nil && listener != l {
			return nil, invalid("the rules belong to different listeners")
		}
		listener = l
		if priorities[r], err = member.number("Priority"); err != nil {
			return nil, err
		}
	}
	if listener == nil {
		return nil, invalid("RulePriorities names no rule")
	}
	if err := listener.SetRulePriorities(priorities); err != nil {
		return nil, err
	}
	var result rulesResult
	for _, r := range listener.Rules() {
		if _, changed := priorities[r]; changed {
			result.Rules = append(result.Rules, a.describeRule(r, listener))
		}
	}
	return result, nil
}
