package ecs

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

func (s *Scheduler) registerDefinition(fields map[string]json.RawMessage) (map[string]any, error) {
	t, err := s.registerTaskDefinition(fields)
	if err != nil {
		return nil, err
	}
	return t.withTags(), nil
}

type taskDefinitionName struct {
	TaskDefinition string `json:"taskDefinition"`
}

func (s *Scheduler) describeTaskDefinition(in taskDefinitionName) (map[string]any, error) {
	t, err := s.findTaskDefinition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	return t.withTags(), nil
}

type createServiceInput struct {
	Cluster        string             `json:"cluster"`
	Name           string             `json:"serviceName"`
	TaskDefinition string             `json:"taskDefinition"`
	LoadBalancers  []wireLoadBalancer `json:"loadBalancers"`
	DesiredCount   int                `json:"desiredCount"`
	Configuration  wireConfiguration  `json:"deploymentConfiguration"`
}

type serviceOutput struct {
	Service wireService `json:"service"`
}

func (s *Scheduler) createService(in createServiceInput) (serviceOutput, error) {
	definition, err := s.definitionOf(in)
	if err != nil {
		return serviceOutput{}, err
	}
	if _, err := s.CreateService(definition); err != nil {
		return serviceOutput{}, err
	}
	return s.describeService(definition.Cluster, definition.Name)
}

// definitionOf reads the definition of a service from a request.
func (s *Scheduler) definitionOf(in createServiceInput) (Service, error) {
	task, err := s.findTaskDefinition(in.TaskDefinition)
	if err != nil {
		return Service{}, err
	}
	d := Service{Cluster: shortName(in.Cluster), Name: in.Name, TaskDefinition: task.arn, DesiredCount: in.DesiredCount}
	if d.Deployment, err = in.Configuration.value(); err != nil {
		return d, err
	}
	if len(in.LoadBalancers) != 1 || in.LoadBalancers[0].Advanced == nil {
		return d, refuse(InvalidParameter, "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy; the simulated ECS takes exactly one of loadBalancers.")
	}
	if s.config.LoadBalancers == nil {
		return d, refuse(InvalidParameter, "This simulation has no load balancers that a service could be connected to.")
	}
	balancer := in.LoadBalancers[0]
	d.ContainerName, d.ContainerPort = balancer.ContainerName, balancer.ContainerPort
	for i, arn := range []string{balancer.TargetGroupARN, balancer.Advanced.AlternateARN} {
		name, found := s.config.LoadBalancers.TargetGroup(arn)
		if !found {
			return d, refuse(InvalidParameter, "The target group %s does not exist.", arn)
		}
		d.TargetGroups[i] = TargetGroup{name, arn}
	}
	if d.Production, err = s.rule(balancer.Advanced.ProductionRule); err != nil {
		return d, err
	}
	if balancer.Advanced.TestRule != "" {
		d.Test, err = s.rule(balancer.Advanced.TestRule)
	}
	return d, err
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
	DesiredCount   int                `json:"desiredCount"`
	Force          bool               `json:"forceNewDeployment"`
	Configuration  *wireConfiguration `json:"deploymentConfiguration"`
}

func (s *Scheduler) updateService(in updateServiceInput) (serviceOutput, error) {
	update := Update{DesiredCount: in.DesiredCount, Force: in.Force}
	if in.TaskDefinition != "" {
		task, err := s.findTaskDefinition(in.TaskDefinition)
		if err != nil {
			return serviceOutput{}, err
		}
		update.TaskDefinition = task.arn
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
	return s.describeService(in.Cluster, in.Service)
}

type describeServicesInput struct {
	Cluster  string   `json:"cluster"`
	Services []string `json:"services"`
}

type describeServicesOutput struct {
	Services []wireService `json:"services"`
	Failures []wireFailure `json:"failures"`
}

func (s *Scheduler) describeServices(in describeServicesInput) (describeServicesOutput, error) {
	out := describeServicesOutput{Services: []wireService{}, Failures: []wireFailure{}}
	if len(in.Services) == 0 || len(in.Services) > 10 {
		return out, refuse(InvalidParameter, "1 to 10 services must be named, not %d.", len(in.Services))
	}
	for _, name := range in.Services {
		described, err := s.describeService(in.Cluster, name)
		if err != nil {
			out.Failures = append(out.Failures, missing(name))
			continue
		}
		out.Services = append(out.Services, described.Service)
	}
	return out, nil
}

func (s *Scheduler) describeService(cluster, name string) (serviceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.findService(cluster, name)
	if err != nil {
		return serviceOutput{}, err
	}
	w := wireService{
		ARN: svc.arn, Name: svc.Name, ClusterARN: svc.clusterARN, LoadBalancers: svc.wireLoadBalancers(), Status: "ACTIVE",
		DesiredCount: svc.DesiredCount, LaunchType: "FARGATE", TaskDefinition: svc.TaskDefinition,
		Configuration: wireConfigurationOf(svc.Deployment), Deployments: []wireRollout{}, CreatedAt: seconds(svc.created),
		CurrentRevisions: []wireCurrentRevision{}, Scheduling: "REPLICA", Controller: wireController{"ECS"},
	}
	add := func(r *revision, status, state string) {
		w.RunningCount += r.Running
		w.CurrentRevisions = append(w.CurrentRevisions, wireCurrentRevision{r.ARN, r.Requested, r.Running, 0})
		w.Deployments = append(w.Deployments, wireRollout{
			ID: "ecs-svc/" + shortName(r.ARN), Status: status, TaskDefinition: r.TaskDefinition, DesiredCount: r.Requested,
			RunningCount: r.Running, CreatedAt: seconds(r.Created), UpdatedAt: seconds(r.Created), RolloutState: state,
		})
	}
	// As in AWS, PRIMARY is the newest, and ACTIVE what still serves beside it.
	primary := "PRIMARY"
	if svc.active != nil {
		w.CurrentDeployment = svc.active.state.ARN
		if svc.active.target != svc.production {
			add(svc.active.target, primary, "IN_PROGRESS")
			primary = "ACTIVE"
		}
	}
	if svc.production != nil {
		add(svc.production, primary, "COMPLETED")
	}
	return serviceOutput{w}, nil
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
			ARN: r.ARN, ServiceARN: svc.arn, ClusterARN: svc.clusterARN, TaskDefinition: r.TaskDefinition, LaunchType: "FARGATE",
			LoadBalancers: svc.wireLoadBalancers(), CreatedAt: seconds(r.Created),
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
