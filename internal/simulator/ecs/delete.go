package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// ServiceStatus is whether a service runs tasks:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html.
type ServiceStatus string

// The statuses of a service.
const (
	ServiceActive   ServiceStatus = "ACTIVE"
	ServiceDraining ServiceStatus = "DRAINING"
	ServiceInactive ServiceStatus = "INACTIVE"
)

// DeleteService ends a service with its tasks; a deployment that runs is stopped where it is. It goes on
// after the call: the service is DRAINING, and INACTIVE in the end. Without force a service that has
// tasks stays. Its errors are [*APIError]s.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html.
func (s *Scheduler) DeleteService(cluster, name string, force bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.activeService(cluster, name)
	switch {
	case err != nil:
	case s.closed:
		err = refuse(ServerError, "%v", errClosed)
	case !force:
		err = refuse(InvalidParameter, "The service cannot be stopped while it is scaled above 0. The simulated ECS doesn't scale services: delete it with force.")
	}
	if err != nil {
		return fmt.Errorf("deleting service %q: %w", name, err)
	}
	svc.status, svc.DesiredCount = ServiceDraining, 0
	s.running.Add(1)
	done := clock.Work(s.config.Clock)
	go func() {
		defer s.running.Done()
		defer done()
		s.drain(svc, svc.active)
	}()
	return nil
}

// drain ends what there is of a service.
func (s *Scheduler) drain(svc *service, active *deployment) {
	if active != nil {
		s.requestStop(active, StopRequested, &stop{reason: "The service was deleted."})
		<-active.over.Fired()
	}
	s.mu.Lock()
	revisions := slices.Clone(svc.leftover)
	if svc.production != nil && !slices.Contains(revisions, svc.production) {
		revisions = append(revisions, svc.production)
	}
	sets := slices.Clone(svc.taskSets)
	s.mu.Unlock()
	var errs []error
	for _, r := range revisions {
		if r.tasks != "" {
			errs = append(errs, s.config.Tasks.Stop(s.ctx, r.tasks))
		}
	}
	for _, set := range sets {
		err := s.DeleteTaskSet(s.ctx, set.ID)
		if refused := new(APIError); !errors.As(err, &refused) { // somebody else has deleted it
			errs = append(errs, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Clock.Now()
	if err := errors.Join(errs...); err != nil && !errors.Is(err, context.Canceled) {
		svc.tell(now, "was deleted, but not all of its tasks could be ended: %v", err)
	}
	for _, r := range revisions {
		r.tasks, r.Running = "", 0
	}
	svc.status, svc.production, svc.leftover, svc.taskSets = ServiceInactive, nil, nil, nil
}

// ServiceEvent is a line of a service's history, as consoles show it.
type ServiceEvent struct {
	ID      string
	Time    time.Time
	Message string
}

// maxEvents is how many events of a service ECS shows:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html.
const maxEvents = 100

// tell adds to a service's events, the newest first; the caller holds the lock.
func (svc *service) tell(now time.Time, format string, args ...any) {
	message := fmt.Sprintf("(service %s) ", svc.Name) + fmt.Sprintf(format, args...)
	svc.events = slices.Insert(svc.events, 0, ServiceEvent{protocol.RequestID(), now, message})
	svc.events = svc.events[:min(len(svc.events), maxEvents)]
}
