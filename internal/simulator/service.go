package simulator

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// Task is one running copy of the service.
type Task struct {
	URL  string // http://host:port, where it answers
	Stop func() error
	// Ended receives why the task has ended by itself, where that can be known; else it is nil.
	// A task that ends before it is healthy fails the task set at once. ECS would start it anew
	// until the deployment's time is up, which ends no better.
	Ended <-chan error
}

// TaskStarter starts a task of a task definition and returns as soon as it may be asked
// for its health. ctx bounds the start, not the task.
type TaskStarter func(ctx context.Context, taskDefinition string) (Task, error)

// service is the ECS service that is deployed: one task for each task set, registered in
// a target group of the load balancer.
type service struct {
	startTask TaskStarter
	balancer  *elb.LoadBalancer

	mu   sync.Mutex
	sets map[string]runningSet
}

type runningSet struct {
	task  Task
	group *elb.TargetGroup
}

func newService(start TaskStarter, balancer *elb.LoadBalancer) *service {
	return &service{startTask: start, balancer: balancer, sets: map[string]runningSet{}}
}

// group finds a target group by name, nil where there is none.
func (s *service) group(name string) *elb.TargetGroup {
	for _, g := range s.balancer.TargetGroups() {
		if g.Name() == name {
			return g
		}
	}
	return nil
}

// CreateTaskSet starts a task, registers it and waits until it is healthy.
func (s *service) CreateTaskSet(ctx context.Context, taskDefinition, targetGroup string) (codedeploy.TaskSet, error) {
	group := s.group(targetGroup)
	if group == nil {
		return codedeploy.TaskSet{}, fmt.Errorf("creating a task set: there is no target group %q", targetGroup)
	}
	task, err := s.startTask(ctx, taskDefinition)
	if err != nil {
		return codedeploy.TaskSet{}, fmt.Errorf("starting a task of %s: %w", taskDefinition, err)
	}
	if err := group.Register(task.URL); err != nil {
		return codedeploy.TaskSet{}, errors.Join(fmt.Errorf("creating a task set of %s: %w", taskDefinition, err), task.Stop())
	}
	set := codedeploy.TaskSet{ID: newTaskSetID(), TaskDefinition: taskDefinition, TargetGroup: targetGroup, Tasks: 1}
	s.mu.Lock()
	s.sets[set.ID] = runningSet{task, group}
	s.mu.Unlock()
	if err := waitHealthy(ctx, group, task); err != nil {
		// ctx may be over, and what was started must be ended all the same. Nothing has been
		// routed to it, so there is nothing to wait for.
		return codedeploy.TaskSet{}, errors.Join(
			fmt.Errorf("creating a task set of %s: %w", taskDefinition, err),
			s.DeleteTaskSet(context.WithoutCancel(ctx), set.ID))
	}
	return set, nil
}

// waitHealthy returns when the task is healthy, or has ended.
func waitHealthy(ctx context.Context, group *elb.TargetGroup, task Task) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case err := <-task.Ended:
			cancel(fmt.Errorf("the task has ended: %w", err))
		case <-ctx.Done():
		}
	})
	err := group.WaitHealthy(ctx, task.URL)
	cancel(nil)
	watching.Wait()
	return err
}

// DeleteTaskSet takes the task out of its target group, lets it finish its requests and
// stops it.
func (s *service) DeleteTaskSet(ctx context.Context, id string) error {
	s.mu.Lock()
	set, known := s.sets[id]
	delete(s.sets, id)
	s.mu.Unlock()
	if !known {
		return fmt.Errorf("deleting task set %s: there is none of that name", id)
	}
	err := set.group.Deregister(ctx, set.task.URL)
	return errors.Join(err, set.task.Stop())
}

// close stops all tasks.
func (s *service) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for id, set := range s.sets {
		if err := set.task.Stop(); err != nil {
			errs = append(errs, fmt.Errorf("stopping the task of %s: %w", id, err))
		}
	}
	clear(s.sets)
	return errors.Join(errs...)
}

// newTaskSetID looks like the ids that ECS gives: 19 digits.
func newTaskSetID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	return fmt.Sprintf("ecs-svc/%019d", binary.BigEndian.Uint64(b[:])>>1)
}
