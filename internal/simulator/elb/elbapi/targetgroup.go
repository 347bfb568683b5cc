package elbapi

import (
	"cmp"
	"errors"
	"regexp"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// createTargetGroup succeeds again for the same group, and not for another one of its name:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html.
func (a *API) createTargetGroup(f form) (any, error) {
	if err := f.needs("Name", "Protocol", "Port"); err != nil {
		return nil, err
	}
	config, err := groupConfigOf(f)
	if err != nil {
		return nil, err
	}
	asked := record{targetType: cmp.Or(f.text("TargetType"), targetInstance), vpc: f.text("VpcId")}
	if asked.targetType != targetInstance && asked.targetType != targetIP {
		return nil, invalid("TargetType %q: the simulator's target groups have %s and %s", asked.targetType, targetInstance, targetIP)
	}
	if asked.tags, err = tagsOf(f); err != nil {
		return nil, err
	}
	g, err := a.groupNamed(config.Name)
	if err != nil || g.HealthCheck() != config.HealthCheck || g.Port() != config.Port {
		if g, err = a.lb.CreateTargetGroup(config); err != nil {
			return nil, err
		}
		a.note(g.ARN(), func(r *record) { *r = asked })
	}
	return targetGroupsResult{TargetGroups: list[targetGroup]{a.describeGroup(g)}}, nil
}

// groupName is what target groups and load balancers may be called:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html#API_CreateTargetGroup_RequestParameters.
var groupName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`)
})

func groupConfigOf(f form) (elb.TargetGroupConfig, error) {
	config := elb.TargetGroupConfig{Name: f.text("Name")}
	if !groupName().MatchString(config.Name) {
		return config, invalid("target group name %q must be up to 32 letters, digits and hyphens, with no hyphen at either end", config.Name)
	}
	if err := onlyHas(f, "Protocol", plain, "ProtocolVersion", "HTTP1", "IpAddressType", "ipv4"); err != nil {
		return config, err
	}
	var err error
	if config.Port, err = f.number("Port"); err != nil {
		return config, err
	}
	if config.Port < 1 || config.Port > 65535 {
		return config, invalid("port %d must be 1 to 65535", config.Port)
	}
	config.HealthCheck, err = healthCheckOf(f, elb.HealthCheck{})
	return config, err
}

// onlyHas refuses values that the simulator's target groups don't have; pairs are parameters with their one value.
func onlyHas(f form, pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if given := f.text(pairs[i]); given != "" && given != pairs[i+1] {
			return invalid("%s %q: the simulator's target groups have %s only", pairs[i], given, pairs[i+1])
		}
	}
	return nil
}

// healthCheckOf reads a health check; what a request leaves out is as in h, or else AWS's default.
func healthCheckOf(f form, h elb.HealthCheck) (elb.HealthCheck, error) {
	if err := onlyHas(f, "HealthCheckProtocol", plain, "HealthCheckPort", "traffic-port", "HealthCheckEnabled", "true"); err != nil {
		return h, err
	}
	h.Path = cmp.Or(f.text("HealthCheckPath"), h.Path)
	h.Matcher = cmp.Or(f.within("Matcher").text("HttpCode"), h.Matcher)
	var interval, timeout int
	for _, number := range []struct {
		name         string
		to           *int
		lowest, most int
	}{
		{"HealthCheckIntervalSeconds", &interval, 5, 300},
		{"HealthCheckTimeoutSeconds", &timeout, 2, 120},
		{"HealthyThresholdCount", &h.HealthyThreshold, 2, 10},
		{"UnhealthyThresholdCount", &h.UnhealthyThreshold, 2, 10},
	} {
		given, err := f.number(number.name)
		switch {
		case err != nil:
			return h, err
		case !f.has(number.name):
			continue
		case given < number.lowest || given > number.most:
			return h, invalid("%s must be %d to %d, not %d", number.name, number.lowest, number.most, given)
		}
		*number.to = given
	}
	h.Interval = cmp.Or(time.Duration(interval)*time.Second, h.Interval)
	h.Timeout = cmp.Or(time.Duration(timeout)*time.Second, h.Timeout)
	health, err := h.WithDefaults()
	if err != nil {
		return h, invalid("%v", err)
	}
	// What a scenario has set may be shorter than what AWS takes.
	if given := interval+timeout > 0; given && health.Timeout >= health.Interval {
		return h, invalid("health check timeout %v must be shorter than the interval %v", health.Timeout, health.Interval)
	}
	return health, nil
}

// modifyTargetGroup changes the health check: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html.
func (a *API) modifyTargetGroup(f form) (any, error) {
	g, err := a.group(f.text("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	health, err := healthCheckOf(f, g.HealthCheck())
	if err != nil {
		return nil, err
	}
	if err := g.SetHealthCheck(health); err != nil {
		return nil, err
	}
	return targetGroupsResult{TargetGroups: list[targetGroup]{a.describeGroup(g)}}, nil
}

func (a *API) deleteTargetGroup(f form) (any, error) {
	// A group that isn't there is deleted already.
	g, err := a.group(f.text("TargetGroupArn"))
	if err == nil {
		if err = a.lb.DeleteTargetGroup(g.Name()); err == nil {
			a.forget(g.ARN())
		}
		return emptyResult{}, err
	}
	if missing := (*elb.Error)(nil); errors.As(err, &missing) && missing.Code == elb.CodeTargetGroupNotFound {
		err = nil
	}
	return emptyResult{}, err
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
