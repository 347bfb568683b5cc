package elbapi

import (
	"net"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// actionOf reads the one action that a list of actions must hold.
func (a *API) actionOf(f form, name string) (elb.Action, error) {
	actions := f.list(name)
	if len(actions) != 1 {
		return elb.Action{}, refuse(elb.CodeInvalidAction, "%s has %d actions; the simulator takes one: forward, fixed-response or redirect", name, len(actions))
	}
	one := actions[0]
	switch kind := one.text("Type"); kind {
	case "forward":
		return a.forwardOf(one)
	case "fixed-response":
		return fixedResponseOf(one.within("FixedResponseConfig"))
	case "redirect":
		return redirectOf(one.within("RedirectConfig"))
	default:
		return elb.Action{}, refuse(elb.CodeInvalidAction, "action type %q is none of the simulator's: forward, fixed-response, redirect", kind)
	}
}

func (a *API) forwardOf(f form) (elb.Action, error) {
	config := f.within("ForwardConfig")
	if config.within("TargetGroupStickinessConfig").text("Enabled") == "true" {
		return elb.Action{}, refuse(elb.CodeInvalidAction, "the simulator's forwards are not sticky")
	}
	weights := map[string]int{}
	for _, member := range config.list("TargetGroups") {
		g, err := a.group(member.text("TargetGroupArn"))
		if err != nil {
			return elb.Action{}, err
		}
		weight, err := member.number("Weight")
		if err != nil {
			return elb.Action{}, err
		}
		if !member.has("Weight") {
			weight = 1
		}
		weights[g.Name()] = weight
	}
	arn := f.text("TargetGroupArn")
	if arn == "" {
		return elb.Action{Forward: weights}, nil
	}
	g, err := a.group(arn)
	if err != nil {
		return elb.Action{}, err
	}
	if _, same := weights[g.Name()]; len(weights) > 1 || len(weights) == 1 && !same {
		return elb.Action{}, invalid("TargetGroupArn and ForwardConfig name different target groups")
	}
	if len(weights) == 0 {
		weights[g.Name()] = 1
	}
	return elb.Action{Forward: weights}, nil
}

func fixedResponseOf(f form) (elb.Action, error) {
	status, err := f.number("StatusCode")
	return elb.Action{FixedResponse: &elb.FixedResponse{StatusCode: status, ContentType: f.text("ContentType"), Body: f.text("MessageBody")}}, err
}

func redirectOf(f form) (elb.Action, error) {
	// A status that isn't one stays 0, which is refused with the others.
	status, _ := strconv.Atoi(strings.TrimPrefix(f.text("StatusCode"), "HTTP_"))
	return elb.Action{Redirect: &elb.Redirect{
		StatusCode: status, Protocol: f.text("Protocol"), Host: f.text("Host"), Port: f.text("Port"), Path: f.text("Path"), Query: f.text("Query"),
	}}, nil
}

// configOf is where a condition's field keeps its values.
var configOf = map[elb.ConditionField]string{
	elb.HostHeader:    "HostHeaderConfig",
	elb.PathPattern:   "PathPatternConfig",
	elb.RequestMethod: "HttpRequestMethodConfig",
	elb.SourceIP:      "SourceIpConfig",
	elb.HTTPHeader:    "HttpHeaderConfig",
	elb.QueryString:   "QueryStringConfig",
}

func conditionsOf(f form) ([]elb.Condition, error) {
	var conditions []elb.Condition
	for _, member := range f.list("Conditions") {
		field := elb.ConditionField(member.text("Field"))
		config := member.within(configOf[field])
		if member.has("RegexValues") || config.has("RegexValues") {
			return nil, invalid("%s: the simulator's conditions take wildcards, not regular expressions", field)
		}
		c := elb.Condition{Field: field}
		if field == elb.QueryString {
			for _, pair := range config.list("Values") {
				c.Query = append(c.Query, elb.QueryPair{Key: pair.text("Key"), Value: pair.text("Value")})
			}
		} else {
			c.Header = config.text("HttpHeaderName")
			if c.Values = config.texts("Values"); len(c.Values) == 0 {
				c.Values = member.texts("Values")
			}
		}
		conditions = append(conditions, c)
	}
	return conditions, nil
}

// targetsOf reads targets as base URLs; those without a port have the group's.
func targetsOf(f form, g *elb.TargetGroup) ([]string, error) {
	var bases []string
	for _, member := range f.list("Targets") {
		if err := member.needs("Id"); err != nil {
			return nil, err
		}
		number, err := member.number("Port")
		if err != nil {
			return nil, err
		}
		if number == 0 {
			number = g.Port()
		}
		if number < 1 || number > 65535 {
			return nil, invalid("port %d of target %s must be 1 to 65535", number, member.text("Id"))
		}
		bases = append(bases, "http://"+net.JoinHostPort(member.text("Id"), strconv.Itoa(number)))
	}
	return bases, nil
}
