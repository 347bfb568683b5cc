package codedeploy

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// WaitType is a wait in a blue/green deployment that ContinueDeployment ends:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ContinueDeployment.html.
type WaitType string

// The waits that can be ended.
const (
	ReadyWait       WaitType = "READY_WAIT"       // before production traffic is shifted
	TerminationWait WaitType = "TERMINATION_WAIT" // before blue is ended
)

// pause is a wait that a deployment is in. It is guarded by the service's lock.
type pause struct {
	kind      WaitType
	continued *clock.Signal
}

// ContinueDeployment ends a wait before its time. An empty kind means the wait that the deployment
// is in. Its error is an [*APIError].
func (s *Service) ContinueDeployment(id string, kind WaitType) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(id)
	switch {
	case err != nil:
		return fmt.Errorf("continuing a deployment: %w", err)
	case kind != "" && kind != ReadyWait && kind != TerminationWait:
		return refuse(InvalidDeploymentWaitType, "The wait type %q is not %s or %s.", kind, ReadyWait, TerminationWait)
	case d.state.Status.Ended():
		return refuse(DeploymentAlreadyCompleted, "The deployment %s has already completed.", id)
	case d.pause == nil || cmp.Or(kind, d.pause.kind) != d.pause.kind:
		return refuse(DeploymentIsNotInReadyState, "The deployment %s does not wait to be continued, or not in %s.", id, cmp.Or(kind, "any wait"))
	}
	d.pause.continued.Fire()
	d.pause = nil
	return nil
}

// linger waits until the deployment is continued, or for its time.
func (s *Service) linger(d *deployment, kind WaitType, wait time.Duration) (continued bool, err error) {
	p := &pause{kind, clock.NewSignal(s.config.Clock)}
	set := func(p *pause, status Status) {
		s.change(d, nil, func(state *Deployment) {
			d.pause, state.Status = p, status
			d.terminating = d.terminating || kind == TerminationWait
		})
	}
	status := InProgress
	if kind == ReadyWait {
		status = Ready
	}
	set(p, status)
	defer set(nil, InProgress)
	over, stop := clock.Timer(s.config.Clock, wait)
	defer stop()
	continues, resume := p.continued.Wait()
	defer resume()
	select {
	case <-continues:
		return true, nil
	case <-over:
		return false, nil
	case <-d.ctx.Done():
		return false, context.Cause(d.ctx)
	}
}

// awaitReroute is the wait before production traffic is shifted, where there is one.
func (s *Service) awaitReroute(d *deployment) error {
	wait := d.settings.RerouteWait
	if wait == 0 || d.settings.Platform != PlatformECS || d.state.Creator == CreatorRollback {
		return nil
	}
	continued, err := s.linger(d, ReadyWait, wait)
	if err == nil && !continued {
		err = &notRerouted{stop{d.state.AutoRollback.on(DeploymentStopOnRequest)}, wait}
	}
	return err
}

// notRerouted is the end of a deployment that nobody continued: it counts as stopped. The words are
// those of https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-ecs.html.
type notRerouted struct {
	stop
	wait time.Duration
}

func (e *notRerouted) Error() string {
	return fmt.Sprintf("The deployment timed out while waiting for a notification to continue. This time out period is %g minutes.", e.wait.Minutes())
}

func (e *notRerouted) Unwrap() error { return &e.stop }
