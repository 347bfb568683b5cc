package deployment

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// fact is a name, what it stands for in a side, and what to do where it isn't known.
type fact struct {
	name   string
	value  func(Side) string
	remedy string
}

const (
	setGreen    = "set green: in the plan, --green, or ALB_URL"
	setBlue     = "set blue: in the plan, or --blue"
	onlyECS     = "only a hook of a deployment to ECS knows it"
	onlyLambda  = "only a hook of a deployment to Lambda knows it"
	onlyHook    = "only a hook is called by a deployment"
	onlyCode    = "only a hook that CodeDeploy calls knows it"
	onlyService = "only a hook of a deployment to ECS is called for a service"
)

// facts of a side. The remedy of the first two depends on the side.
var facts = []fact{
	{"url", func(s Side) string { return s.URL }, ""},
	{"host", Side.host, ""},
	{"target_group", func(s Side) string { return s.TargetGroup }, onlyECS},
	{"target_group_arn", func(s Side) string { return s.TargetGroupARN }, onlyECS},
	{"task_definition", func(s Side) string { return s.TaskDefinition }, onlyECS},
	{"image", func(s Side) string { return s.Image }, onlyECS},
	{"version", func(s Side) string { return s.Version }, onlyLambda},
	{"function", func(s Side) string { return s.FunctionARN }, onlyLambda},
}

// facts of the deployment itself.
var deploymentFacts = []struct {
	name   string
	value  func(Deployment) string
	remedy string
}{
	{"deployment.id", func(d Deployment) string { return d.ID }, onlyHook},
	{"application", func(d Deployment) string { return d.Application }, onlyCode},
	{"group", func(d Deployment) string { return d.Group }, onlyCode},
	{"cluster", func(d Deployment) string { return d.Cluster }, onlyService},
	{"service", func(d Deployment) string { return d.Service }, onlyService},
	{"load_balancer_arn", func(d Deployment) string { return d.LoadBalancerARN }, onlyECS},
	{"stage", func(d Deployment) string { return string(d.Stage) }, "set --stage, or GREENLIGHT_STAGE"},
}

// Names are the names that texts of a plan can take from a Deployment.
func Names() []string {
	var names []string
	for _, side := range []string{"green.", "blue."} {
		for _, f := range facts {
			names = append(names, side+f.name)
		}
	}
	for _, f := range deploymentFacts {
		names = append(names, f.name)
	}
	return names
}

// Lookup finds the value of one of Names. The error says what to set where there is none.
func (d Deployment) Lookup(name string) (any, error) {
	for _, f := range deploymentFacts {
		if f.name == name {
			return known(f.value(d), f.remedy)
		}
	}
	for _, side := range []struct {
		prefix string
		Side
		set string
	}{{"green.", d.Green, setGreen}, {"blue.", d.Blue, setBlue}} {
		for _, f := range facts {
			if side.prefix+f.name == name {
				return known(f.value(side.Side), cmp.Or(side.absent[kind(f.name)], f.remedy, side.set))
			}
		}
	}
	return nil, fmt.Errorf("there is no such name")
}

// kind is under which name it stands in absent: a host is missing where the URL is.
func kind(name string) string {
	if name == "host" {
		return "url"
	}
	return name
}

func known(value, remedy string) (any, error) {
	if value == "" {
		return nil, fmt.Errorf("not known here: %s", remedy)
	}
	return value, nil
}

func (s Side) host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return cmp.Or(s.Host, u.Host)
}

// nameOf is the name within the ARN of a target group.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
func nameOf(targetGroupARN string) string {
	if parts := strings.Split(targetGroupARN, "/"); len(parts) >= 3 {
		return parts[1]
	}
	return targetGroupARN
}
