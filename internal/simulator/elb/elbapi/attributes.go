package elbapi

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// Attributes that do something here.
const (
	deletionProtection  = "deletion_protection.enabled"
	deregistrationDelay = "deregistration_delay.timeout_seconds"
)

// maxDelay is the longest deregistration delay, in seconds:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html.
const maxDelay = 3600

// balancerAttributes are those of Application Load Balancers, with their defaults:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html.
func balancerAttributes() map[string]string {
	return map[string]string{
		deletionProtection: "false", "load_balancing.cross_zone.enabled": "true", "idle_timeout.timeout_seconds": "60", "client_keep_alive.seconds": "3600",
		"access_logs.s3.enabled": "false", "access_logs.s3.bucket": "", "access_logs.s3.prefix": "",
		"connection_logs.s3.enabled": "false", "connection_logs.s3.bucket": "", "connection_logs.s3.prefix": "",
		"health_check_logs.s3.enabled": "false", "health_check_logs.s3.bucket": "", "health_check_logs.s3.prefix": "",
		"routing.http.desync_mitigation_mode": "defensive", "routing.http.drop_invalid_header_fields.enabled": "false",
		"routing.http.preserve_host_header.enabled": "false", "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
		"routing.http.xff_client_port.enabled": "false", "routing.http.xff_header_processing.mode": "append", "routing.http2.enabled": "true",
		"ipv6.deny_all_igw_traffic": "false", "waf.fail_open.enabled": "false", "zonal_shift.config.enabled": "false",
	}
}

// groupAttributes are those of their target groups:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html.
func groupAttributes() map[string]string {
	return map[string]string{
		"stickiness.enabled": "false", "stickiness.type": "lb_cookie", "stickiness.lb_cookie.duration_seconds": "86400",
		"stickiness.app_cookie.cookie_name": "", "stickiness.app_cookie.duration_seconds": "86400",
		"load_balancing.algorithm.type": "round_robin", "load_balancing.algorithm.anomaly_mitigation": "off",
		"load_balancing.cross_zone.enabled": "use_load_balancer_configuration", "slow_start.duration_seconds": "0",
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
	}
}

// fixedGroupAttributes can't be changed here, as the simulator would have to act on them.
var fixedGroupAttributes = []string{"stickiness.enabled", "load_balancing.algorithm.type", "slow_start.duration_seconds"}

// listenerAttributes are those of HTTP and HTTPS listeners, of which the names of request headers are left out:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html.
func listenerAttributes() map[string]string {
	attributes := map[string]string{"routing.http.response.server.enabled": "true"}
	for _, header := range []string{
		"strict_transport_security", "access_control_allow_origin", "access_control_allow_methods", "access_control_allow_headers",
		"access_control_allow_credentials", "access_control_expose_headers", "access_control_max_age", "content_security_policy",
		"x_content_type_options", "x_frame_options",
	} {
		attributes["routing.http.response."+header+".header_value"] = ""
	}
	return attributes
}

// attributesOf lists a resource's attributes by key.
func (a *API) attributesOf(arn string, defaults map[string]string) attributesResult {
	maps.Copy(defaults, a.recorded(arn).attributes)
	var result attributesResult
	for _, key := range slices.Sorted(maps.Keys(defaults)) {
		result.Attributes = append(result.Attributes, attribute{key, defaults[key]})
	}
	return result
}

// changedAttributes reads those that a request sets. A value must be of the default's kind.
func changedAttributes(f form, defaults map[string]string) (map[string]string, error) {
	if err := f.needs("Attributes"); err != nil {
		return nil, err
	}
	changed := map[string]string{}
	for _, member := range f.list("Attributes") {
		key, value := member.text("Key"), member.text("Value")
		usual, known := defaults[key]
		if !known {
			return nil, invalid("attribute key '%s' is not recognized; the keys are %q", key, slices.Sorted(maps.Keys(defaults)))
		}
		_, usuallyNumber := strconv.Atoi(usual)
		number, notNumber := strconv.Atoi(value)
		switch {
		case (usual == "true" || usual == "false") && value != "true" && value != "false":
			return nil, invalid("attribute '%s' must be true or false, not %q", key, value)
		case usuallyNumber == nil && (notNumber != nil || number < 0):
			return nil, invalid("attribute '%s' must be a number, not %q", key, value)
		}
		changed[key] = value
	}
	return changed, nil
}

// setAttributes keeps those that a request sets and answers with all.
func (a *API) setAttributes(arn string, changed, defaults map[string]string) attributesResult {
	a.note(arn, func(r *record) {
		merged := maps.Clone(changed)
		for key, value := range r.attributes {
			if _, replaced := merged[key]; !replaced {
				merged[key] = value
			}
		}
		r.attributes = merged
	})
	return a.attributesOf(arn, defaults)
}

func (a *API) describeLoadBalancerAttributes(f form) (any, error) {
	b, err := a.balancer(f.text("LoadBalancerArn"))
	if err != nil {
		return nil, err
	}
	return a.attributesOf(b.arn, balancerAttributes()), nil
}

func (a *API) modifyLoadBalancerAttributes(f form) (any, error) {
	b, err := a.balancer(f.text("LoadBalancerArn"))
	if err != nil {
		return nil, err
	}
	changed, err := changedAttributes(f, balancerAttributes())
	if err != nil {
		return nil, err
	}
	return a.setAttributes(b.arn, changed, balancerAttributes()), nil
}

func (a *API) describeListenerAttributes(f form) (any, error) {
	l, err := a.listener(f.text("ListenerArn"))
	if err != nil {
		return nil, err
	}
	return a.attributesOf(l.ARN(), listenerAttributes()), nil
}

// modifyListenerAttributes refuses all: each would change the answers, which the simulator hands on as they are.
func (a *API) modifyListenerAttributes(f form) (any, error) {
	l, err := a.listener(f.text("ListenerArn"))
	if err != nil {
		return nil, err
	}
	changed, err := changedAttributes(f, listenerAttributes())
	if err != nil {
		return nil, err
	}
	for key, value := range changed {
		if usual := listenerAttributes()[key]; value != usual {
			return nil, refuse(elb.CodeInvalidConfiguration, "attribute '%s' is %q for the simulator's listeners: they hand answers on as they are", key, usual)
		}
	}
	return a.attributesOf(l.ARN(), listenerAttributes()), nil
}

// groupDefaults are the attributes of a group, with the delay that it has.
func groupDefaults(g *elb.TargetGroup) map[string]string {
	attributes := groupAttributes()
	attributes[deregistrationDelay] = strconv.Itoa(int(g.DeregistrationDelay() / time.Second))
	return attributes
}

func (a *API) describeTargetGroupAttributes(f form) (any, error) {
	g, err := a.group(f.text("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	return a.attributesOf(g.ARN(), groupDefaults(g)), nil
}

func (a *API) modifyTargetGroupAttributes(f form) (any, error) {
	g, err := a.group(f.text("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	changed, err := changedAttributes(f, groupDefaults(g))
	if err != nil {
		return nil, err
	}
	for _, key := range fixedGroupAttributes {
		if value, set := changed[key]; set && value != groupAttributes()[key] {
			return nil, refuse(elb.CodeInvalidConfiguration, "attribute '%s' is %q for the simulator's target groups", key, groupAttributes()[key])
		}
	}
	if text, set := changed[deregistrationDelay]; set {
		seconds, _ := strconv.Atoi(text) // a number, as its default is one
		if seconds > maxDelay {
			return nil, invalid("attribute '%s' must be 0 to %d, not %d", deregistrationDelay, maxDelay, seconds)
		}
		g.SetDeregistrationDelay(time.Duration(seconds) * time.Second)
		delete(changed, deregistrationDelay) // the group has it
	}
	return a.setAttributes(g.ARN(), changed, groupDefaults(g)), nil
}
