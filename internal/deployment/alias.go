package deployment

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
)

// alias is what a deployment to Lambda shifts from one version of a function to another.
type alias struct {
	function        string // ARN without a qualifier, or the name where no ARN is known
	name            string
	current, target string
}

// findVersions finds the versions of a function. CodeDeploy's target has them, and so has the AppSpec.
func (d *byCodeDeploy) findVersions(t target) *sides {
	s := &sides{clients: d.c}
	a := alias{function: d.spec.Function, name: d.spec.Alias, current: d.spec.Current, target: d.spec.Target}
	if f := t.function; f != nil {
		a.function = cmp.Or(a.function, deref(f.FunctionName))
		a.name = cmp.Or(deref(f.FunctionAlias), a.name)
		a.current, a.target = cmp.Or(deref(f.CurrentVersion), a.current), cmp.Or(deref(f.TargetVersion), a.target)
	}
	a.function = d.functionARN(a.function, t.arn)
	s.noWay = "a function has no URL: " + setGreen
	s.green.Version, s.blue.Version = a.target, a.current
	if a.target == "" || a.function == "" || a.target == a.current {
		why := "neither CodeDeploy nor the AppSpec says which version replaces which"
		if d.specWhy != "" {
			why += " (" + d.specWhy + ")"
		}
		if a.target != "" && a.target == a.current {
			why = "the version that is deployed is the current one, " + a.current
			s.green.Version = ""
		}
		s.green.lacks("version", why)
		s.green.lacks("function", why)
		return s
	}
	s.lambda = &a
	s.green.FunctionARN = a.function + ":" + a.target
	if a.current != "" {
		s.blue.FunctionARN = a.function + ":" + a.current
	}
	return s
}

// functionARN completes a function's name by what is known of its account: from its target's ARN, or from this function's
// own, as CodeDeploy deploys functions of its own account and region alone. A bare name is what Lambda takes as well.
func (d *byCodeDeploy) functionARN(function, targetARN string) string {
	if function == "" {
		return ""
	}
	name := appspec.FunctionName(function)
	for _, known := range []string{function, targetARN, d.s.Function} {
		if prefix, _, ok := strings.Cut(known, ":function:"); ok && strings.HasPrefix(prefix, "arn:") && strings.Contains(prefix, ":lambda:") {
			return prefix + ":function:" + name
		}
	}
	return name
}

// route is how an alias spreads invocations over versions.
type route struct {
	Version string `json:"FunctionVersion"`
	Routing *struct {
		Weights map[string]float64 `json:"AdditionalVersionWeights"`
	} `json:"RoutingConfig"`
}

// share of a version, in percent.
func (r route) share(version string) float64 {
	rest := 1.0
	if r.Routing != nil {
		for v, weight := range r.Routing.Weights {
			if v == version {
				return 100 * weight
			}
			rest -= weight
		}
	}
	if r.Version == version {
		return 100 * rest
	}
	return 0
}

// readAlias asks Lambda how the alias spreads.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html
func (c *Clients) readAlias(ctx context.Context, a alias) (route, *ReadError) {
	var out route
	path := fmt.Sprintf("/2015-03-31/functions/%s/aliases/%s", url.PathEscape(appspec.FunctionName(a.function)), url.PathEscape(a.name))
	if err := c.lambda(ctx, "GetAlias", path, &out); err != nil {
		return route{}, &ReadError{Reading: "alias " + a.name + " of function " + appspec.FunctionName(a.function), Action: actionAlias, Err: err}
	}
	return out, nil
}
