package elbapi

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

func (a *API) createListener(f form) (any, error) {
	if err := f.needs("LoadBalancerArn", "Port", "Protocol", "DefaultActions"); err != nil {
		return nil, err
	}
	b, err := a.balancer(f.text("LoadBalancerArn"))
	if err != nil {
		return nil, err
	}
	number, err := f.number("Port")
	if err != nil {
		return nil, err
	}
	if number < 1 || number > 65535 {
		return nil, invalid("port %d must be 1 to 65535", number)
	}
	certificateARN, err := certificateOf(f, f.text("Protocol"))
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(f)
	if err != nil {
		return nil, err
	}
	act, err := a.actionOf(f, "DefaultActions")
	if err != nil {
		return nil, err
	}
	l, err := a.lb.CreateListener(elb.ListenerConfig{
		Name: fmt.Sprintf("port %d", number), Address: a.address(number), Default: act, TLS: f.text("Protocol") == https, LoadBalancerARN: b.arn,
	})
	if err != nil {
		return nil, err
	}
	a.note(l.ARN(), func(r *record) { *r = record{certificate: certificateARN, sslPolicy: f.text("SslPolicy"), tags: tags} })
	return listenersResult{Listeners: list[listener]{a.describeListener(l)}}, nil
}

// certificateOf is the certificate's ARN that an HTTPS listener must be given. What it
// shows its clients is the load balancer's own all the same.
func certificateOf(f form, protocol string) (string, error) {
	certificates := f.list("Certificates")
	switch {
	case protocol != plain && protocol != https:
		return "", refuse("UnsupportedProtocol", "listener protocol %q must be HTTP or HTTPS", protocol)
	case protocol == https && len(certificates) != 1:
		return "", invalid("a certificate must be specified for HTTPS listeners: %d are", len(certificates))
	case protocol == plain && len(certificates) > 0:
		return "", invalid("certificates cannot be specified for HTTP listeners")
	case protocol == plain:
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
	kept := a.recorded(l.ARN())
	if f.has("Certificates") {
		if kept.certificate, err = certificateOf(f, l.Protocol()); err != nil {
			return nil, err
		}
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
	a.note(l.ARN(), func(r *record) {
		r.certificate, r.sslPolicy = kept.certificate, cmp.Or(f.text("SslPolicy"), r.sslPolicy)
	})
	return listenersResult{Listeners: list[listener]{a.describeListener(l)}}, nil
}

func (a *API) deleteListener(f form) (any, error) {
	l, err := a.listener(f.text("ListenerArn"))
	if err != nil {
		return nil, err
	}
	a.removeListener(l)
	return emptyResult{}, nil
}

// removeListener deletes a listener with its rules.
func (a *API) removeListener(l *elb.Listener) {
	l.Delete()
	for _, r := range l.Rules() {
		a.forget(r.ARN())
	}
	a.forget(l.ARN())
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
	tags, err := tagsOf(f)
	if err != nil {
		return nil, err
	}
	r, err := l.CreateRule(elb.RuleConfig{Priority: priority, Conditions: conditions, Action: act})
	if err != nil {
		return nil, err
	}
	a.note(r.ARN(), func(kept *record) { kept.tags = tags })
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
	a.forget(r.ARN())
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
