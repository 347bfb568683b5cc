package deployment

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// byECS is what is read of a deployment by Amazon ECS itself.
type byECS struct {
	c *Clients
	e hook.ECSExecution
	// pause is the id of the pause that asks; empty where a function's hook does.
	pause string

	deployment Deployment
	service    ecsDeployment
	failures   failures
}

// describeECS asks for the service deployment and the revision that the event names, and then for what these name.
func describeECS(ctx context.Context, c *Clients, e hook.Execution, s Settings) (Deployment, error) {
	d := &byECS{c: c, deployment: Deployment{ID: e.DeploymentID, Platform: ECS}}
	if e.ECS != nil {
		d.e = *e.ECS
	}
	if e.Contract == hook.ECSPause {
		d.pause = e.ID
	}
	d.introduce()
	var revisions map[string]ecsRevision
	var revisionsErr, deploymentErr, listErr *ReadError
	count := -1
	var planErr error
	named := d.deployment
	sideBySide(
		func() { planErr = s.ask(ctx, named) },
		func() { revisions, revisionsErr = c.readRevisions(ctx, d.e.TargetServiceRevisionARN) },
		func() { deploymentErr = d.readServiceDeployment(ctx) },
		func() { count, listErr = d.countDeployments(ctx) },
	)
	d.history(count, deploymentErr, listErr)
	if planErr != nil && d.deployment.Closed == "" {
		return d.deployment, planErr
	}
	stageErr := d.findStage(s)
	if d.deployment.Closed != "" {
		return d.deployment, d.deployment.settle(s, nil, failures{})
	}
	found := d.findSides(ctx, revisions, revisionsErr)
	d.failures.join(found.failures)
	found.place(&d.deployment)
	err := d.deployment.settle(s, found, d.failures)
	if stageErr != nil {
		return d.deployment, stageErr
	}
	return d.deployment, err
}

// introduce takes cluster and service from the ARNs. Those of services that are older than 2018 lack the cluster.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids
func (d *byECS) introduce() {
	_, path, _ := strings.Cut(d.e.ServiceARN, ":service/")
	if path == "" {
		_, path, _ = strings.Cut(d.deployment.ID, ":service-deployment/")
	}
	switch parts := strings.Split(path, "/"); {
	case len(parts) >= 2:
		d.deployment.Cluster, d.deployment.Service = parts[0], parts[1]
	case path != "":
		d.deployment.Service = path
	}
}

func (c *Clients) readRevisions(ctx context.Context, arns ...string) (map[string]ecsRevision, *ReadError) {
	arns = slices.DeleteFunc(slices.Clone(arns), func(arn string) bool { return arn == "" })
	if len(arns) == 0 {
		return nil, nil
	}
	var out struct {
		Revisions []ecsRevision `json:"serviceRevisions"`
		Failures  []ecsFailure  `json:"failures"`
	}
	in := struct {
		ARNs []string `json:"serviceRevisionArns"`
	}{arns}
	err := c.ecs(ctx, "DescribeServiceRevisions", in, &out)
	if err == nil && len(out.Revisions) == 0 {
		err = missing("service revision", out.Failures)
	}
	if err != nil {
		return nil, &ReadError{Reading: "service revision " + last(arns[0]), Action: actionServiceRevisions, Remedy: setGreen, Err: err}
	}
	byARN := map[string]ecsRevision{}
	for _, r := range out.Revisions {
		if r.ARN == "" && len(out.Revisions) == 1 {
			r.ARN = arns[0]
		}
		byARN[r.ARN] = r
	}
	return byARN, nil
}

func (d *byECS) readServiceDeployment(ctx context.Context) *ReadError {
	var out struct {
		Deployments []ecsDeployment `json:"serviceDeployments"`
		Failures    []ecsFailure    `json:"failures"`
	}
	in := struct {
		ARNs []string `json:"serviceDeploymentArns"`
	}{[]string{d.deployment.ID}}
	err := d.c.ecs(ctx, "DescribeServiceDeployments", in, &out)
	if err == nil && len(out.Deployments) == 0 {
		err = missing("service deployment", out.Failures)
	}
	if err != nil {
		return &ReadError{Reading: "service deployment " + last(d.deployment.ID), Action: actionServiceDeployments, Err: err}
	}
	d.service = out.Deployments[0]
	return nil
}

// countDeployments says how many deployments the service has had in the 90 days that ECS lists: 0, 1, or 2 for several.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
func (d *byECS) countDeployments(ctx context.Context) (int, *ReadError) {
	if d.deployment.Service == "" {
		return -1, nil
	}
	in := struct {
		Service string `json:"service"`
		Cluster string `json:"cluster,omitempty"`
		Most    int    `json:"maxResults"`
	}{cmp.Or(d.e.ServiceARN, d.deployment.Service), d.deployment.Cluster, 2}
	var out struct {
		Deployments []struct{} `json:"serviceDeployments"`
		Next        string     `json:"nextToken"`
	}
	if err := d.c.ecs(ctx, "ListServiceDeployments", in, &out); err != nil {
		return -1, &ReadError{Reading: "the deployments of service " + d.deployment.Service, Action: actionListDeployments, Err: err}
	}
	if out.Next != "" {
		return 2, nil
	}
	return len(out.Deployments), nil
}

// history says whether the deployment is the service's first, a rollback, or over. The list of deployments goes back 90 days
// alone, so that a service that rested for longer has one as well: where the deployment itself can be read, it must come from
// no revision too.
func (d *byECS) history(count int, deploymentErr, listErr *ReadError) {
	into := &d.deployment
	sources := 0
	for _, s := range d.service.Sources {
		if s.ARN != "" {
			sources++
		}
	}
	switch {
	case deploymentErr == nil && listErr == nil:
		into.First = sources == 0 && count >= 0 && count <= 1
	case deploymentErr == nil:
		into.First = sources == 0
	case listErr == nil:
		into.First = count >= 0 && count <= 1
	}
	into.noSource = into.First && deploymentErr == nil
	d.failures.optionally(deploymentErr, listErr)
	into.Rollback = strings.HasPrefix(d.service.Status, "ROLLBACK_") || d.shiftsBack()
	switch d.service.Status {
	case "SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED":
		into.Closed = fmt.Sprintf("service deployment %s is over: %s", last(into.ID), d.service.Status)
	}
	for _, h := range d.service.Hooks {
		if d.pause != "" && h.ID == d.pause && h.Status != "" && h.Status != "AWAITING_ACTION" {
			into.Closed = cmp.Or(into.Closed, fmt.Sprintf("the pause %s of service deployment %s is over: %s", h.ID, last(into.ID), h.Status))
		}
	}
}

// shiftsBack tells a rollback by the weights of the production shift, which give the target nothing and another revision all.
// At other stages the same weights are those of a deployment that goes forward.
func (d *byECS) shiftsBack() bool {
	if d.e.Stage != "PRODUCTION_TRAFFIC_SHIFT" || d.e.ProductionTrafficWeights[d.e.TargetServiceRevisionARN] != 0 {
		return false
	}
	for revision, weight := range d.e.ProductionTrafficWeights {
		if revision != d.e.TargetServiceRevisionARN && weight >= 100 {
			return true
		}
	}
	return false
}

func (d *byECS) findStage(s Settings) error {
	into := &d.deployment
	name, from := d.e.Stage, "ECS's event"
	if name == "" {
		name, from = d.service.Stage, "ECS"
	}
	stage, ok := lifecycle.ParseStage(name)
	switch {
	case name != "" && !ok:
		return fmt.Errorf("%s says that this is the stage %q of %s, which isn't known to this version", from, name, last(into.ID))
	case ok && s.Stage != "" && s.Stage != stage:
		return fmt.Errorf("%s is %s, but %s says that this is %s: unset %s, since one function serves every hook", envStage, s.Stage, from, stage, envStage)
	case !ok:
		stage, from = cmp.Or(s.Known, s.Stage), envStage
	}
	into.Stage, into.StageFrom = stage, from
	if stage == "" && !s.AnyStage {
		return fmt.Errorf("which stage of %s this is can't be told: neither the event nor ECS says it: set %s", last(into.ID), envStage)
	}
	return nil
}

// findSides finds what the revisions lead to.
func (d *byECS) findSides(ctx context.Context, revisions map[string]ecsRevision, targetErr *ReadError) *sides {
	// Only ECS's linear and canary deployments have hooks between the steps of their shift.
	strategy := d.service.Configuration
	s := &sides{clients: d.c, mixed: strategy == nil || strategy.Strategy != "BLUE_GREEN"}
	d.nameRevisions(s)
	target, known := revisions[s.green.Revision]
	if !known && targetErr == nil && s.green.Revision != "" {
		// A pause's notice doesn't name the revision, so that it wasn't asked for yet.
		revisions, targetErr = d.c.readRevisions(ctx, s.green.Revision)
		target, known = revisions[s.green.Revision]
	}
	switch {
	case known:
		d.lead(s, target)
	case targetErr != nil:
		s.failures.needed = append(s.failures.needed, targetErr)
		s.noWay = "could not " + targetErr.Error()
	default:
		s.noWay = "which service revision is deployed isn't known: " + setGreen
	}
	var ways []*ReadError
	var healthErr *ReadError
	sideBySide(
		func() { d.readBlue(ctx, s) },
		func() { ways = d.c.readWays(ctx, s.production, s.test) },
		func() { healthErr = s.readHealth(ctx) },
	)
	s.failures.needed = append(s.failures.needed, ways...)
	s.failures.optionally(healthErr)
	return s
}

// nameRevisions takes green's revision from the event, or else from the deployment, and blue's from the latter.
func (d *byECS) nameRevisions(s *sides) {
	s.green.Revision = d.e.TargetServiceRevisionARN
	if s.green.Revision == "" && d.service.Target != nil {
		s.green.Revision = d.service.Target.ARN
	}
	for _, source := range d.service.Sources {
		if source.ARN != s.green.Revision {
			s.blue.Revision = cmp.Or(s.blue.Revision, source.ARN)
		}
	}
}

func (d *byECS) readBlue(ctx context.Context, s *sides) {
	revisions, err := d.c.readRevisions(ctx, s.blue.Revision)
	if err != nil {
		err.Remedy = ""
		s.failures.optional = append(s.failures.optional, err)
		return
	}
	blue := revisions[s.blue.Revision]
	s.blue.TaskDefinition = blue.TaskDefinition
	s.blue.Images, s.blue.Image = blue.images()
}

// images by container, and that of the container behind the load balancer.
func (r ecsRevision) images() (map[string]string, string) {
	images := map[string]string{}
	for _, c := range r.ContainerImages {
		if c.Container != "" && c.Image != "" {
			images[c.Container] = c.Image
		}
	}
	container := ""
	if len(r.LoadBalancers) > 0 {
		container = r.LoadBalancers[0].ContainerName
	}
	return images, imageOf(images, container)
}

// lead finds the ways to the target revision.
func (d *byECS) lead(s *sides, target ecsRevision) {
	s.green.TaskDefinition = target.TaskDefinition
	s.green.Images, s.green.Image = target.images()
	if len(target.LoadBalancers) == 0 {
		s.noWay = "the service has no load balancer: " + setGreen
		if connect := target.ServiceConnect; connect != nil && connect.Enabled {
			d.leadByServiceConnect(s, connect)
		}
		return
	}
	if len(target.LoadBalancers) > 1 {
		s.notes = append(s.notes, fmt.Sprintf("the service has %d load balancers, and the first is taken", len(target.LoadBalancers)))
	}
	configured := target.LoadBalancers[0]
	advanced := configured.Advanced
	if advanced == nil || configured.TargetGroupARN == "" || advanced.AlternateARN == "" {
		s.noWay = "the service's load balancer has no alternate target group, as ECS's blue/green deployments need it: " + setGreen
		return
	}
	for _, arn := range []string{configured.TargetGroupARN, advanced.AlternateARN} {
		s.groups = append(s.groups, group{arn, nameOf(arn)})
	}
	production := advanced.ProductionRule
	if target.Resolved != nil && len(target.Resolved.LoadBalancers) > 0 {
		resolved := target.Resolved.LoadBalancers[0]
		production = cmp.Or(production, resolved.ProductionRule)
		if g := s.groupOf(resolved.TargetGroupARN); slices.Contains(s.groups, g) {
			s.chose(g)
		}
	}
	s.production, s.test = newWay("production", production), newWay("test", advanced.TestRule)
	if s.production == nil {
		s.noWay = "the service's load balancer has no production listener rule: " + setGreen
	}
}

// Headers by which Service Connect knows test traffic where the service sets no rule. The developer guide writes the first;
// the second is what AWS's examples send. Whichever isn't looked for does no harm.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-blue-green.html
var testHeaders = []string{"X-Amzn-Ecs-Blue-Green-Test", "X-Amzn-Ecs-Bluegreen-Test"}

// leadByServiceConnect says by what green is told from blue there. The names resolve within the namespace's tasks alone, so
// that a function reaches neither by itself.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html
func (d *byECS) leadByServiceConnect(s *sides, connect *ecsServiceConnect) {
	headers := http.Header{}
	var aliases []string
	for _, service := range connect.Services {
		for _, a := range service.Aliases {
			if a.DNSName != "" {
				aliases = append(aliases, fmt.Sprintf("%s:%d", a.DNSName, a.Port))
			}
			if a.Rules == nil || a.Rules.Header == nil || a.Rules.Header.Name == "" {
				continue
			}
			value := "greenlight"
			if v := a.Rules.Header.Value; v != nil && v.Exact != "" {
				value = v.Exact
			}
			headers.Set(a.Rules.Header.Name, value)
		}
	}
	if len(headers) == 0 {
		for _, name := range testHeaders {
			headers.Set(name, "greenlight")
		}
	}
	if d.deployment.Stage != lifecycle.AfterAllowTraffic {
		s.green.Headers = headers
	}
	s.noWay = fmt.Sprintf("the service is behind Service Connect (%s), which tasks of its namespace alone reach: set green: to "+
		"something that passes requests on from there, such as a task with a load balancer; requests carry the test header", list(aliases))
}

// last is what an ARN ends with.
func last(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
