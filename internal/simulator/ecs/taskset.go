package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// TaskSetStatus is what a task set is to its service:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html.
type TaskSetStatus string

// The statuses of a task set.
const (
	TaskSetPrimary  TaskSetStatus = "PRIMARY"  // serves production
	TaskSetActive   TaskSetStatus = "ACTIVE"   // doesn't
	TaskSetDraining TaskSetStatus = "DRAINING" // is being ended
)

// TaskSet is one side of a service that CodeDeploy deploys.
type TaskSet struct {
	ID             string // ecs-svc/ and digits
	TaskDefinition string
	TargetGroup    TargetGroup
	// ExternalID is the id of the deployment that made it, empty for the one that came with the service.
	ExternalID       string
	Status           TaskSetStatus
	Desired, Running int // tasks
	Created, Updated time.Time
}

// taskSet is a task set with the handle of its tasks, empty while it has none.
type taskSet struct {
	TaskSet
	service *service
	tasks   string
	cancel  context.CancelCauseFunc // of its start
	started *clock.Signal           // fired when the start is over, one way or the other
}

// startedBy is what task sets are marked with that CodeDeploy makes.
const startedBy = "CODE_DEPLOY"

var errDeleted = errors.New("the task set was deleted")

// TaskSetRequest asks for a task set of a service.
type TaskSetRequest struct {
	Cluster, Service string // names or ARNs
	TaskDefinition   string
	TargetGroup      string // its name
	ExternalID       string
}

// CreateTaskSet starts a side of a service that CodeDeploy deploys, with as many tasks as the service
// wants, and returns when they are healthy. With an error nothing of it is left. Its errors are
// [*APIError]s where the request is wrong.
func (s *Scheduler) CreateTaskSet(ctx context.Context, r TaskSetRequest) (TaskSet, error) {
	group, err := s.targetGroup(r.TargetGroup)
	if err != nil {
		return TaskSet{}, err
	}
	s.mu.Lock()
	svc, err := s.forCodeDeploy(r.Cluster, r.Service)
	if err != nil {
		s.mu.Unlock()
		return TaskSet{}, fmt.Errorf("creating a task set of service %q: %w", r.Service, err)
	}
	set := s.addTaskSet(svc, TaskSetActive, r.TaskDefinition, group)
	set.ExternalID = r.ExternalID
	s.mu.Unlock()
	if err := s.startTaskSet(ctx, set); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		svc.removeTaskSet(set)
		return TaskSet{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return set.TaskSet, nil
}

// targetGroup finds a target group by name. Without a load balancer to look it up in, it has no ARN.
func (s *Scheduler) targetGroup(name string) (TargetGroup, error) {
	group := TargetGroup{Name: name}
	if s.config.LoadBalancers == nil {
		return group, nil
	}
	arn, found := s.config.LoadBalancers.TargetGroupARN(name)
	if !found {
		return group, refuse(InvalidParameter, "The target group %s does not exist.", name)
	}
	group.ARN = arn
	return group, nil
}

// forCodeDeploy looks a service up that CodeDeploy deploys; the caller holds the lock.
func (s *Scheduler) forCodeDeploy(cluster, name string) (*service, error) {
	svc, err := s.activeService(cluster, name)
	if err != nil {
		return nil, err
	}
	if svc.Controller != ControllerCodeDeploy {
		return nil, refuse(InvalidParameter, "The service's deployment controller is %s, not %s.", svc.Controller, ControllerCodeDeploy)
	}
	return svc, nil
}

// addTaskSet adds a task set without tasks; the caller holds the lock and starts it.
func (s *Scheduler) addTaskSet(svc *service, status TaskSetStatus, taskDefinition string, group TargetGroup) *taskSet {
	now := s.config.Clock.Now()
	set := &taskSet{
		TaskSet: TaskSet{
			ID: "ecs-svc/" + newRevisionID(), TaskDefinition: taskDefinition, TargetGroup: group, Status: status,
			Desired: svc.DesiredCount, Created: now, Updated: now,
		},
		service: svc, started: clock.NewSignal(s.config.Clock), cancel: func(error) {},
	}
	svc.taskSets = append(svc.taskSets, set)
	return set
}

// startTaskSet starts the tasks of a task set.
func (s *Scheduler) startTaskSet(ctx context.Context, set *taskSet) error {
	defer set.started.Fire()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(errClosed) })()
	s.mu.Lock()
	set.cancel = cancel
	deleted := set.Status == TaskSetDraining
	s.mu.Unlock()
	if deleted {
		return errDeleted
	}
	tasks, err := s.config.Tasks.Start(ctx, set.TaskDefinition, set.TargetGroup.Name, set.Desired)
	s.mu.Lock()
	defer s.mu.Unlock()
	set.Updated = s.config.Clock.Now()
	if err != nil {
		set.service.tell(set.Updated, "failed to start tasks of %s: %v", set.TaskDefinition, err)
		return err
	}
	set.tasks, set.Running = tasks, set.Desired
	set.service.tell(set.Updated, "has reached a steady state.")
	return nil
}

// PrimaryTaskSet is the task set that serves production in a service that CodeDeploy deploys. Its errors
// are [*APIError]s.
func (s *Scheduler) PrimaryTaskSet(cluster, service string) (TaskSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.forCodeDeploy(cluster, service)
	if err != nil {
		return TaskSet{}, err
	}
	set := svc.primaryTaskSet()
	if set == nil {
		return TaskSet{}, refuse(InvalidParameter, "The service %s has no primary task set.", svc.Name)
	}
	return set.TaskSet, nil
}

func (svc *service) primaryTaskSet() *taskSet {
	i := slices.IndexFunc(svc.taskSets, func(t *taskSet) bool { return t.Status == TaskSetPrimary })
	if i < 0 {
		return nil
	}
	return svc.taskSets[i]
}

func (svc *service) removeTaskSet(set *taskSet) {
	svc.taskSets = slices.DeleteFunc(svc.taskSets, func(t *taskSet) bool { return t == set })
}

// UpdateServicePrimaryTaskSet says that a task set serves production now, in place of another one. Its
// error is an [*APIError].
func (s *Scheduler) UpdateServicePrimaryTaskSet(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	set, err := s.findTaskSet(id)
	if err != nil {
		return err
	}
	for _, other := range set.service.taskSets {
		if other.Status == TaskSetPrimary {
			other.Status = TaskSetActive
		}
	}
	set.Status, set.service.TaskDefinition = TaskSetPrimary, set.TaskDefinition
	return nil
}

// DeleteTaskSet drains a task set and ends its tasks. Its error is an [*APIError] where there is none of
// that id.
func (s *Scheduler) DeleteTaskSet(ctx context.Context, id string) error {
	s.mu.Lock()
	set, err := s.findTaskSet(id)
	if err != nil {
		s.mu.Unlock()
		return fmt.Errorf("deleting task set %s: %w", id, err)
	}
	before := set.Status
	set.Status, set.Updated = TaskSetDraining, s.config.Clock.Now()
	cancel := set.cancel
	s.mu.Unlock()
	cancel(errDeleted)
	started, resume := set.started.Wait()
	<-started
	resume()
	s.mu.Lock()
	tasks := set.tasks
	s.mu.Unlock()
	if tasks != "" {
		err = s.config.Tasks.Stop(ctx, tasks)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		set.Status = before
		return err
	}
	set.service.removeTaskSet(set)
	return nil
}

// findTaskSet looks a task set up; the caller holds the lock.
func (s *Scheduler) findTaskSet(id string) (*taskSet, error) {
	for _, svc := range s.services {
		for _, set := range svc.taskSets {
			if set.ID == id {
				return set, nil
			}
		}
	}
	return nil, refuse(TaskSetNotFound, "The specified task set does not exist.")
}
