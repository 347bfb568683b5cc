package deployment

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// found is the line that says what was found, such as
//
//	AfterAllowTestTraffic of d-ABC (shop/production on ECS): green is tg-2 at http://lb.example:8080 (test listener), blue tg-1; 2 of 2 targets healthy
func (d Deployment) found(s Settings, f *sides) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s", cmp.Or(string(d.Stage), "an unknown stage"), last(d.ID))
	if of := d.of(); of != "" {
		fmt.Fprintf(&b, " (%s)", of)
	}
	b.WriteString(": ")
	if d.Closed != "" {
		b.WriteString(d.Closed)
		return b.String()
	}
	fmt.Fprintf(&b, "green is %s", sideText(d.Green, d.whence(s)))
	if blue := cmp.Or(d.Blue.TargetGroup, d.Blue.FunctionARN, d.Blue.URL); blue != "" {
		fmt.Fprintf(&b, ", blue %s", blue)
	}
	if f != nil && f.health != nil {
		fmt.Fprintf(&b, "; %s", f.health)
	}
	if d.Rollback {
		b.WriteString("; a rollback")
	}
	if d.First {
		b.WriteString("; the service's first deployment")
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "; %s", n)
	}
	return b.String()
}

// of says whose deployment it is, and to what.
func (d Deployment) of() string {
	on := map[Platform]string{CodeDeployECS: "ECS", CodeDeployLambda: "Lambda", Servers: "servers", ECS: "ECS"}[d.Platform]
	whose := ""
	switch {
	case d.Platform == ECS && d.Service != "":
		whose = strings.TrimPrefix(d.Cluster+"/"+d.Service, "/")
	case d.Group != "":
		whose = strings.TrimPrefix(d.Application+"/"+d.Group, "/")
	}
	switch {
	case whose == "":
		return on
	case on == "":
		return whose
	case d.Platform == ECS:
		return whose + ", deployed by ECS"
	}
	return whose + " on " + on
}

// whence says which listener green's URL is.
func (d Deployment) whence(s Settings) string {
	switch {
	case s.Green != "":
		return "as set"
	case d.Stage == lifecycle.AfterAllowTraffic:
		return "production listener"
	}
	return "test listener"
}

func sideText(s Side, whence string) string {
	name := cmp.Or(s.TargetGroup, s.FunctionARN)
	switch {
	case s.URL == "" && name == "":
		return "not known"
	case s.URL == "":
		return name
	}
	at := fmt.Sprintf("%s%s (%s)", s.URL, s.PathPrefix, whence)
	if s.Host != "" {
		at += " as " + s.Host
	}
	for key := range s.Headers {
		at += fmt.Sprintf(" with %s: %s", key, strings.Join(s.Headers[key], ", "))
	}
	if name == "" {
		return at
	}
	return name + " at " + at
}
