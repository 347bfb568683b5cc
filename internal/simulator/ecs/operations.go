package ecs

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Scheduler) registerDefinition(fields map[string]json.RawMessage) (map[string]any, error) {
	t, err := s.registerTaskDefinition(fields)
	if err != nil {
		return nil, err
	}
	return s.answerTaskDefinition(t, true), nil
}

type listTaskDefinitionsInput struct {
	Family string `json:"familyPrefix"`
	Status string `json:"status"`
	Sort   string `json:"sort"`
	pageInput
}

type listTaskDefinitionsOutput struct {
	ARNs []string `json:"taskDefinitionArns"`
	pageOutput
}

// listTaskDefinitions lists them by family and revision, and those that are ACTIVE unless others are asked for.
func (s *Scheduler) listTaskDefinitions(in listTaskDefinitionsInput) (listTaskDefinitionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var arns []string
	for _, family := range slices.Sorted(maps.Keys(s.definitions)) {
		for _, t := range s.definitions[family] {
			if (in.Family == "" || in.Family == family) && t.status() == cmp.Or(in.Status, definitionActive) {
				arns = append(arns, t.arn)
			}
		}
	}
	if in.Sort == "DESC" {
		slices.Reverse(arns)
	}
	var out listTaskDefinitionsOutput
	var err error
	out.ARNs, out.NextToken, err = in.page(arns)
	return out, err
}

type taskDefinitionName struct {
	TaskDefinition string `json:"taskDefinition"`
}

type describeTaskDefinitionInput struct {
	taskDefinitionName
	Include []string `json:"include"`
}

func (s *Scheduler) describeTaskDefinition(in describeTaskDefinitionInput) (map[string]any, error) {
	t, err := s.findTaskDefinition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	return s.answerTaskDefinition(t, slices.Contains(in.Include, includeTags)), nil
}

// answerTaskDefinition is a task definition with its tags beside it, where they are asked for.
func (s *Scheduler) answerTaskDefinition(t *taskDefinition, tags bool) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]any{"taskDefinition": t.wire()}
	if tags {
		out["tags"] = s.tagsOf(t.arn)
	}
	return out
}

type listFamiliesInput struct {
	Prefix string `json:"familyPrefix"`
	Status string `json:"status"`
	pageInput
}

type listFamiliesOutput struct {
	Families []string `json:"families"`
	pageOutput
}

// listTaskDefinitionFamilies lists all families, or those that have, or don't have, a revision that is ACTIVE.
func (s *Scheduler) listTaskDefinitionFamilies(in listFamiliesInput) (listFamiliesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var families []string
	for _, family := range slices.Sorted(maps.Keys(s.definitions)) {
		status := definitionInactive
		if slices.ContainsFunc(s.definitions[family], func(t *taskDefinition) bool { return t.status() == definitionActive }) {
			status = definitionActive
		}
		if strings.HasPrefix(family, in.Prefix) && (in.Status == "" || in.Status == "ALL" || in.Status == status) {
			families = append(families, family)
		}
	}
	var out listFamiliesOutput
	var err error
	out.Families, out.NextToken, err = in.page(families)
	return out, err
}

type createServiceInput struct {
	Cluster        string             `json:"cluster"`
	Name           string             `json:"serviceName"`
	TaskDefinition string             `json:"taskDefinition"`
	LoadBalancers  []wireLoadBalancer `json:"loadBalancers"`
	DesiredCount   int                `json:"desiredCount"`
	Configuration  wireConfiguration  `json:"deploymentConfiguration"`
	Controller     wireController     `json:"deploymentController"`
	Role           string             `json:"role"`
	Tags           []wireTag          `json:"tags"`
	wireServiceGiven
}

type serviceOutput struct {
	Service wireService `json:"service"`
}

func (s *Scheduler) createService(in createServiceInput) (serviceOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return serviceOutput{}, err
	}
	s.mu.Lock()
	cluster, err := s.findCluster(in.Cluster)
	s.mu.Unlock()
	if err != nil {
		return serviceOutput{}, err
	}
	in.Cluster = cluster
	definition, err := s.definitionOf(in)
	if err != nil {
		return serviceOutput{}, err
	}
	if _, err := s.CreateService(definition); err != nil {
		return serviceOutput{}, err
	}
	s.mu.Lock()
	s.tags[s.arn("service", definition.Cluster, definition.Name)] = in.Tags
	s.mu.Unlock()
	return s.describeService(definition.Cluster, definition.Name, everything)
}

// definitionOf reads the definition of a service from a request.
func (s *Scheduler) definitionOf(in createServiceInput) (Service, error) {
	task, err := s.activeTaskDefinition(in.TaskDefinition)
	if err != nil {
		return Service{}, err
	}
	in.RoleARN = in.Role
	d := Service{
		Cluster: in.Cluster, Name: in.Name, TaskDefinition: task.name, DesiredCount: in.DesiredCount,
		Controller: cmp.Or(in.Controller.Type, ControllerECS), given: in.wireServiceGiven,
	}
	switch d.Controller {
	case ControllerCodeDeploy:
		err = s.readTargetGroup(&d, in)
	case ControllerECS:
		if d.Deployment, err = in.Configuration.value(); err == nil {
			err = s.readRules(&d, in)
		}
	default:
		err = d.unknownController()
	}
	return d, err
}

// readTargetGroup reads the load balancer of a service that CodeDeploy deploys: the target group of its
// first task set.
func (s *Scheduler) readTargetGroup(d *Service, in createServiceInput) error {
	if in.Configuration.Strategy != "" && in.Configuration.Strategy != rolling {
		return refuse(InvalidParameter, "A service with the deployment controller CODE_DEPLOY takes no deployment strategy; CodeDeploy's deployment group has it.")
	}
	if len(in.LoadBalancers) != 1 || in.LoadBalancers[0].Advanced != nil {
		return refuse(InvalidParameter, "A service with the deployment controller CODE_DEPLOY needs exactly one of loadBalancers, without advancedConfiguration.")
	}
	return s.readLoadBalancer(d, in.LoadBalancers[0], in.LoadBalancers[0].TargetGroupARN)
}

// readRules reads the load balancer of a service that ECS deploys.
func (s *Scheduler) readRules(d *Service, in createServiceInput) (err error) {
	if len(in.LoadBalancers) != 1 || in.LoadBalancers[0].Advanced == nil {
		return refuse(InvalidParameter, "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy; the simulated ECS takes exactly one of loadBalancers.")
	}
	balancer := in.LoadBalancers[0]
	if err := s.readLoadBalancer(d, balancer, balancer.TargetGroupARN, balancer.Advanced.AlternateARN); err != nil {
		return err
	}
	d.Role = balancer.Advanced.RoleARN
	if d.Production, err = s.rule(balancer.Advanced.ProductionRule); err != nil {
		return err
	}
	if balancer.Advanced.TestRule != "" {
		d.Test, err = s.rule(balancer.Advanced.TestRule)
	}
	return err
}

// readLoadBalancer reads what all services have, with their target groups.
func (s *Scheduler) readLoadBalancer(d *Service, balancer wireLoadBalancer, arns ...string) error {
	if s.config.LoadBalancers == nil {
		return refuse(InvalidParameter, "This simulation has no load balancers that a service could be connected to.")
	}
	d.ContainerName, d.ContainerPort = balancer.ContainerName, balancer.ContainerPort
	for i, arn := range arns {
		name, found := s.config.LoadBalancers.TargetGroup(arn)
		if !found {
			return refuse(InvalidParameter, "The target group %s does not exist.", arn)
		}
		d.TargetGroups[i] = TargetGroup{name, arn}
	}
	return nil
}

func (s *Scheduler) rule(arn string) (Rule, error) {
	rule, found := s.config.LoadBalancers.Rule(arn)
	if !found {
		return nil, refuse(InvalidParameter, "The listener rule %q does not exist.", arn)
	}
	return rule, nil
}

type updateServiceInput struct {
	Cluster        string             `json:"cluster"`
	Service        string             `json:"service"`
	TaskDefinition string             `json:"taskDefinition"`
	DesiredCount   *int               `json:"desiredCount"`
	Force          bool               `json:"forceNewDeployment"`
	Configuration  *wireConfiguration `json:"deploymentConfiguration"`
	wireServiceGiven
}

func (s *Scheduler) updateService(in updateServiceInput) (serviceOutput, error) {
	update := Update{Force: in.Force, given: in.wireServiceGiven}
	if in.DesiredCount != nil {
		if update.DesiredCount = *in.DesiredCount; update.DesiredCount == 0 {
			return serviceOutput{}, refuse(InvalidParameter, "The simulated ECS doesn't scale services to 0: their tasks start and end with deployments, and with DeleteService.")
		}
	}
	if in.TaskDefinition != "" {
		task, err := s.activeTaskDefinition(in.TaskDefinition)
		if err != nil {
			return serviceOutput{}, err
		}
		update.TaskDefinition = task.name
	}
	if in.Configuration != nil {
		configuration, err := in.Configuration.value()
		if err != nil {
			return serviceOutput{}, err
		}
		update.Deployment = &configuration
	}
	if _, err := s.UpdateService(in.Cluster, in.Service, update); err != nil {
		return serviceOutput{}, err
	}
	return s.describeService(in.Cluster, in.Service, nil)
}

type deploymentARN struct {
	ARN string `json:"serviceDeploymentArn"`
}

type stopServiceDeploymentInput struct {
	deploymentARN
	StopType StopType `json:"stopType"`
}

func (s *Scheduler) stopServiceDeployment(in stopServiceDeploymentInput) (deploymentARN, error) {
	return in.deploymentARN, s.StopServiceDeployment(in.ARN, in.StopType)
}

type continueServiceDeploymentInput struct {
	deploymentARN
	HookID string `json:"hookId"`
	Action Action `json:"action"`
}

func (s *Scheduler) continueServiceDeployment(in continueServiceDeploymentInput) (deploymentARN, error) {
	return in.deploymentARN, s.ContinueServiceDeployment(in.ARN, in.HookID, in.Action)
}

type describeServiceDeploymentsInput struct {
	ARNs []string `json:"serviceDeploymentArns"`
}

type describeServiceDeploymentsOutput struct {
	Deployments []wireDeployment `json:"serviceDeployments"`
	Failures    []wireFailure    `json:"failures"`
}

func (s *Scheduler) describeServiceDeployments(in describeServiceDeploymentsInput) (describeServiceDeploymentsOutput, error) {
	out := describeServiceDeploymentsOutput{Deployments: []wireDeployment{}, Failures: []wireFailure{}}
	if len(in.ARNs) == 0 || len(in.ARNs) > 20 {
		return out, refuse(InvalidParameter, "1 to 20 service deployments must be named, not %d.", len(in.ARNs))
	}
	for _, arn := range in.ARNs {
		d, err := s.Deployment(arn)
		if err != nil {
			out.Failures = append(out.Failures, missing(arn))
			continue
		}
		out.Deployments = append(out.Deployments, wireDeploymentOf(s, d))
	}
	return out, nil
}

type listServiceDeploymentsInput struct {
	Cluster   string   `json:"cluster"`
	Service   string   `json:"service"`
	Status    []Status `json:"status"`
	CreatedAt *struct {
		Before *float64 `json:"before"`
		After  *float64 `json:"after"`
	} `json:"createdAt"`
	NextToken  string `json:"nextToken"`
	MaxResults *int   `json:"maxResults"`
}

type listServiceDeploymentsOutput struct {
	Deployments []wireDeploymentBrief `json:"serviceDeployments"`
	NextToken   string                `json:"nextToken,omitempty"`
}

func (s *Scheduler) listServiceDeployments(in listServiceDeploymentsInput) (listServiceDeploymentsOutput, error) {
	out := listServiceDeploymentsOutput{Deployments: []wireDeploymentBrief{}}
	limit := 20
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > 100 {
		return out, refuse(InvalidParameter, "maxResults %d is out of range: 1 to 100.", limit)
	}
	all, err := s.Deployments(in.Cluster, in.Service)
	if err != nil {
		return out, err
	}
	all = slices.DeleteFunc(all, func(d Deployment) bool { return !in.selects(d) })
	first := 0
	if in.NextToken != "" {
		// The token is the ARN of the last one that was listed: new deployments, which come
		// first, don't move the pages.
		first = slices.IndexFunc(all, func(d Deployment) bool { return d.ARN == in.NextToken }) + 1
		if first == 0 {
			return out, refuse(InvalidParameter, "Invalid token %s.", strconv.Quote(in.NextToken))
		}
	}
	last := min(first+limit, len(all))
	for _, d := range all[first:last] {
		out.Deployments = append(out.Deployments, wireDeploymentBrief{
			ARN: d.ARN, ServiceARN: d.ServiceARN, ClusterARN: d.ClusterARN, StartedAt: seconds(d.Started), CreatedAt: seconds(d.Created),
			FinishedAt: seconds(d.Finished), TargetARN: d.Target.ARN, Status: d.Status, StatusReason: d.StatusReason,
		})
	}
	if last < len(all) {
		out.NextToken = all[last-1].ARN
	}
	return out, nil
}

// selects reports whether a deployment passes the request's filters.
func (in listServiceDeploymentsInput) selects(d Deployment) bool {
	if len(in.Status) > 0 && !slices.Contains(in.Status, d.Status) {
		return false
	}
	if in.CreatedAt == nil {
		return true
	}
	at := float64(d.Created.UnixNano()) / float64(time.Second)
	return (in.CreatedAt.Before == nil || at < *in.CreatedAt.Before) && (in.CreatedAt.After == nil || at > *in.CreatedAt.After)
}

type describeServiceRevisionsInput struct {
	ARNs []string `json:"serviceRevisionArns"`
}

type describeServiceRevisionsOutput struct {
	Revisions []wireRevision `json:"serviceRevisions"`
	Failures  []wireFailure  `json:"failures"`
}

func (s *Scheduler) describeServiceRevisions(in describeServiceRevisionsInput) (describeServiceRevisionsOutput, error) {
	out := describeServiceRevisionsOutput{Revisions: []wireRevision{}, Failures: []wireFailure{}}
	if len(in.ARNs) == 0 || len(in.ARNs) > 20 {
		return out, refuse(InvalidParameter, "1 to 20 service revisions must be named, not %d.", len(in.ARNs))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, arn := range in.ARNs {
		svc, r := s.findRevision(arn)
		if r == nil {
			out.Failures = append(out.Failures, missing(arn))
			continue
		}
		out.Revisions = append(out.Revisions, wireRevision{
			ARN: r.ARN, ServiceARN: svc.arn, ClusterARN: svc.clusterARN, TaskDefinition: s.definitionARN(r.TaskDefinition), LaunchType: launchType,
			LoadBalancers: svc.wireLoadBalancers(), CreatedAt: seconds(r.Created), PlatformVersion: cmp.Or(svc.given.PlatformVersion, latestPlatform),
			Network: svc.given.Network, CapacityProviders: svc.given.CapacityProviders, Images: s.containerImages(r.TaskDefinition),
			Resolved: wireResolved{[]wireResolvedLoadBalancer{{r.TargetGroup.ARN, svc.Production.ARN()}}},
		})
	}
	return out, nil
}

// findRevision looks a revision up, as long as one of the remembered deployments knows it;
// the caller holds the lock.
func (s *Scheduler) findRevision(arn string) (*service, *revision) {
	for _, svc := range s.services {
		known := []*revision{svc.production}
		for _, d := range svc.deployments {
			known = append(known, d.source, d.target)
		}
		if i := slices.IndexFunc(known, func(r *revision) bool { return r != nil && r.ARN == arn }); i >= 0 {
			return svc, known[i]
		}
	}
	return nil, nil
}
