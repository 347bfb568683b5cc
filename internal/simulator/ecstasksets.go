package simulator

import (
	"context"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// taskSets is ECS as CodeDeploy sees it.
type taskSets struct{ scheduler *ecs.Scheduler }

// CreateTaskSet starts a side of a service.
func (t taskSets) CreateTaskSet(ctx context.Context, r codedeploy.TaskSetRequest) (codedeploy.TaskSet, error) {
	set, err := t.scheduler.CreateTaskSet(ctx, ecs.TaskSetRequest{
		Cluster: r.Cluster, Service: r.Service, TaskDefinition: r.TaskDefinition, TargetGroup: r.TargetGroup, ExternalID: r.DeploymentID,
	})
	return taskSetOf(set), err
}

// UpdateServicePrimaryTaskSet says which side serves production.
func (t taskSets) UpdateServicePrimaryTaskSet(id string) error {
	return t.scheduler.UpdateServicePrimaryTaskSet(id)
}

// DeleteTaskSet drains a side and ends it.
func (t taskSets) DeleteTaskSet(ctx context.Context, id string) error {
	return t.scheduler.DeleteTaskSet(ctx, id)
}

func taskSetOf(set ecs.TaskSet) codedeploy.TaskSet {
	return codedeploy.TaskSet{ID: set.ID, TaskDefinition: set.TaskDefinition, TargetGroup: set.TargetGroup.Name, Tasks: set.Desired}
}

// adoptTaskSet brings blue up and makes it a service that CodeDeploy deploys.
func (s *Simulator) adoptTaskSet(ctx context.Context) (codedeploy.TaskSet, error) {
	blue, err := s.tasks().Start(ctx, s.config.Blue, TargetGroupOne, 1)
	if err != nil {
		return codedeploy.TaskSet{}, err
	}
	group := s.service.group(TargetGroupOne)
	if err := s.scheduler.AdoptService(ecs.Service{
		Cluster: s.config.Cluster, Name: s.config.Service, TaskDefinition: s.config.Blue, Controller: ecs.ControllerCodeDeploy,
		TargetGroups: [2]ecs.TargetGroup{{Name: group.Name(), ARN: group.ARN()}},
	}, blue); err != nil {
		return codedeploy.TaskSet{}, err
	}
	return s.primaryTaskSet(s.config.Cluster, s.config.Service)
}

// primaryTaskSet finds what serves production, for deployment groups that are created over the API.
func (s *Simulator) primaryTaskSet(cluster, service string) (codedeploy.TaskSet, error) {
	set, err := s.scheduler.PrimaryTaskSet(cluster, service)
	return taskSetOf(set), err
}

// listener finds a listener by its ARN, for deployment groups that are created over the API.
func (s *Simulator) listener(arn string) (codedeploy.Listener, error) {
	for _, l := range s.balancer.Listeners() {
		if l.ARN() == arn {
			return pairListener{l}, nil
		}
	}
	return nil, fmt.Errorf("there is no listener %s", arn)
}
