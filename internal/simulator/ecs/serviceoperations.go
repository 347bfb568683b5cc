package ecs

import "slices"

// launchType is what all simulated tasks run on.
const launchType = "FARGATE"

type describeServicesInput struct {
	Cluster  string   `json:"cluster"`
	Services []string `json:"services"`
	Include  []string `json:"include"`
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
	s.mu.Lock()
	_, err := s.findCluster(in.Cluster)
	s.mu.Unlock()
	if err != nil {
		return out, err
	}
	for _, name := range in.Services {
		described, err := s.describeService(in.Cluster, name, in.Include)
		if err != nil {
			out.Failures = append(out.Failures, missing(name))
			continue
		}
		out.Services = append(out.Services, described.Service)
	}
	return out, nil
}

// describeService describes a service, with the tags where they are to be included.
func (s *Scheduler) describeService(cluster, name string, include []string) (serviceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.findService(cluster, name)
	if err != nil {
		return serviceOutput{}, err
	}
	w := wireService{
		ARN: svc.arn, Name: svc.Name, ClusterARN: svc.clusterARN, LoadBalancers: svc.wireLoadBalancers(), Status: svc.status,
		DesiredCount: svc.DesiredCount, TaskDefinition: s.definitionARN(svc.TaskDefinition),
		Configuration: wireConfigurationOf(svc.Deployment), Deployments: []wireRollout{}, CreatedAt: seconds(svc.created),
		CurrentRevisions: []wireCurrentRevision{}, Scheduling: "REPLICA", Controller: wireController{svc.Controller}, Events: []wireEvent{},
		wireServiceGiven: svc.given.shown(),
	}
	if slices.Contains(include, includeTags) {
		w.Tags = s.tagsOf(svc.arn)
	}
	for _, e := range svc.events {
		w.Events = append(w.Events, wireEvent{e.ID, seconds(e.Time), e.Message})
	}
	if svc.Controller == ControllerCodeDeploy {
		w.addTaskSets(s, svc)
	} else {
		w.addRevisions(s, svc)
	}
	return serviceOutput{w}, nil
}

// addTaskSets shows the sides that CodeDeploy has made.
func (w *wireService) addTaskSets(s *Scheduler, svc *service) {
	for _, set := range svc.taskSets {
		shown := s.wireTaskSetOf(set)
		w.TaskSets = append(w.TaskSets, shown)
		w.RunningCount += shown.Running
		w.PendingCount += shown.Pending
	}
}

// addRevisions shows the sides of a service that ECS deploys itself.
func (w *wireService) addRevisions(s *Scheduler, svc *service) {
	add := func(r *revision, status, state string) {
		w.RunningCount += r.Running
		w.CurrentRevisions = append(w.CurrentRevisions, wireCurrentRevision{r.ARN, r.Requested, r.Running, 0})
		w.Deployments = append(w.Deployments, wireRollout{
			ID: "ecs-svc/" + shortName(r.ARN), Status: status, TaskDefinition: s.definitionARN(r.TaskDefinition), DesiredCount: r.Requested,
			RunningCount: r.Running, CreatedAt: seconds(r.Created), UpdatedAt: seconds(r.Created), RolloutState: state, LaunchType: launchType,
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
}

type listServicesInput struct {
	Cluster    string `json:"cluster"`
	LaunchType string `json:"launchType"`
	Scheduling string `json:"schedulingStrategy"`
	pageInput
}

type listServicesOutput struct {
	ARNs []string `json:"serviceArns"`
	pageOutput
}

func (s *Scheduler) listServices(in listServicesInput) (listServicesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out listServicesOutput
	cluster, err := s.findCluster(in.Cluster)
	if err != nil {
		return out, err
	}
	if in.MaxResults == nil {
		in.MaxResults = new(10)
	}
	var arns []string
	for _, svc := range s.services {
		if svc.Cluster == cluster && svc.status != ServiceInactive &&
			slices.Contains([]string{"", svc.given.shown().LaunchType}, in.LaunchType) && slices.Contains([]string{"", "REPLICA"}, in.Scheduling) {
			arns = append(arns, svc.arn)
		}
	}
	out.ARNs, out.NextToken, err = in.page(arns)
	return out, err
}

type deleteServiceInput struct {
	Cluster string `json:"cluster"`
	Service string `json:"service"`
	Force   bool   `json:"force"`
}

func (s *Scheduler) deleteService(in deleteServiceInput) (serviceOutput, error) {
	if err := s.DeleteService(in.Cluster, in.Service, in.Force); err != nil {
		return serviceOutput{}, err
	}
	return s.describeService(in.Cluster, in.Service, nil)
}

type describeTaskSetsInput struct {
	Cluster  string   `json:"cluster"`
	Service  string   `json:"service"`
	TaskSets []string `json:"taskSets"`
}

type describeTaskSetsOutput struct {
	TaskSets []wireTaskSet `json:"taskSets"`
	Failures []wireFailure `json:"failures"`
}

func (s *Scheduler) describeTaskSets(in describeTaskSetsInput) (describeTaskSetsOutput, error) {
	out := describeTaskSetsOutput{TaskSets: []wireTaskSet{}, Failures: []wireFailure{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.forCodeDeploy(in.Cluster, in.Service)
	if err != nil {
		return out, err
	}
	if len(in.TaskSets) == 0 {
		for _, set := range svc.taskSets {
			out.TaskSets = append(out.TaskSets, s.wireTaskSetOf(set))
		}
		return out, nil
	}
	for _, name := range in.TaskSets {
		i := slices.IndexFunc(svc.taskSets, func(t *taskSet) bool { return t.ID == name || s.taskSetARN(t) == name })
		if i < 0 {
			out.Failures = append(out.Failures, missing(name))
			continue
		}
		out.TaskSets = append(out.TaskSets, s.wireTaskSetOf(svc.taskSets[i]))
	}
	return out, nil
}

func (s *Scheduler) taskSetARN(set *taskSet) string {
	return s.arn("task-set", set.service.Cluster, set.service.Name, set.ID)
}

// wireTaskSetOf describes a task set; the caller holds the lock.
func (s *Scheduler) wireTaskSetOf(set *taskSet) wireTaskSet {
	w := wireTaskSet{
		ID: set.ID, ARN: s.taskSetARN(set), ServiceARN: set.service.arn, ClusterARN: set.service.clusterARN, ExternalID: set.ExternalID,
		Status: set.Status, TaskDefinition: s.definitionARN(set.TaskDefinition), Desired: set.Desired, Running: set.Running, Pending: set.Desired - set.Running,
		CreatedAt: seconds(set.Created), UpdatedAt: seconds(set.Updated), LaunchType: launchType, Scale: wireScale{100, "PERCENT"},
		LoadBalancers: []wireLoadBalancer{{
			TargetGroupARN: set.TargetGroup.ARN, ContainerName: set.service.ContainerName, ContainerPort: set.service.ContainerPort,
		}},
		Stability: "STABILIZING", StabilityAt: seconds(set.Updated),
	}
	if set.ExternalID != "" {
		w.StartedBy = startedBy
	}
	if set.Status == TaskSetDraining {
		w.Desired, w.Pending = 0, 0
	}
	if w.Running == w.Desired {
		w.Stability = "STEADY_STATE"
	}
	return w
}
