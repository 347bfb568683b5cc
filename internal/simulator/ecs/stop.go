package ecs

import (
	"cmp"
	"strings"
)

// StopType is how a service deployment is stopped.
type StopType string

// The types of stops. AWS's guide knows only ROLLBACK; ABORT stands in the API's model, and
// leaves everything where it is.
const (
	StopRollback StopType = "ROLLBACK"
	StopAbort    StopType = "ABORT"
)

// StopServiceDeployment stops a deployment, by default with [StopRollback]. Once blue's
// tasks are being ended, a stop has no effect any more. Its errors are [*APIError]s.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html.
func (s *Scheduler) StopServiceDeployment(deploymentARN string, stopType StopType) error {
	stopType = cmp.Or(stopType, StopRollback)
	s.mu.Lock()
	d, err := s.find(deploymentARN)
	var status Status
	if err == nil {
		status = d.state.Status
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case stopType != StopRollback && stopType != StopAbort:
		return refuse(InvalidParameter, "Invalid stopType %q. Valid values are: ABORT, ROLLBACK", stopType)
	case status != Pending && status != InProgress:
		return refuse(Conflict, "The service deployment %s can't be stopped: its status is %s.", deploymentARN, status)
	}
	if stopType == StopAbort {
		s.requestStop(d, StopRequested, &stop{reason: "Service deployment stopped because of a StopServiceDeployment request."})
		return nil
	}
	s.requestStop(d, RollbackRequested, &stop{rollback: true, reason: "Service deployment rolled back because of a StopServiceDeployment request."})
	return nil
}

// requestStop ends a deployment's way forward, unless it has come to its end by itself.
func (s *Scheduler) requestStop(d *deployment, status Status, cause *stop) {
	s.change(d, func(state *Deployment) Change {
		if state.Status == Pending || state.Status == InProgress {
			state.Status = status
			d.cancel(cause)
		}
		return Change{}
	})
}

// validHookID reports whether an id is of the form ecs-{hookType}-{id}.
func validHookID(id string) bool {
	rest, found := strings.CutPrefix(id, "ecs-")
	kind, id, cut := strings.Cut(rest, "-")
	return found && cut && kind != "" && id != ""
}
