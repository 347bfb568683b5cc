package codedeploy

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// DeploymentRequest asks for a deployment.
type DeploymentRequest struct {
	Application, Group, Description string
	AppSpec                         AppSpec
	// Config names a deployment configuration in place of the group's; empty for the latter.
	Config string
	// AutoRollback replaces the group's where it isn't nil.
	AutoRollback AutoRollback

	options wireOptions
}

// CreateDeployment starts a deployment and returns its id. Its errors are [*APIError]s.
func (s *Service) CreateDeployment(r DeploymentRequest) (id string, err error) {
	d, err := s.prepare(r)
	if err != nil {
		return "", fmt.Errorf("creating a deployment: %w", err)
	}
	s.start(d)
	return d.state.ID, nil
}

// prepare registers a deployment in its group; start is the next call.
func (s *Service) prepare(r DeploymentRequest) (*deployment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findGroup(r.Application, r.Group)
	if err != nil {
		return nil, err
	}
	config, err := s.configFor(g, r.Config)
	if err != nil {
		return nil, err
	}
	if err := g.accepts(r.AppSpec); err != nil {
		return nil, refuse(InvalidRevision, "The AppSpec is not valid: %v", err)
	}
	if s.closed {
		return nil, refuse("InternalFailure", "%v", errClosed)
	}
	if g.active != nil && !g.Queue {
		return nil, refuse(DeploymentLimitExceeded, "The Deployment Group '%s' already has an active Deployment '%s'", g.Name, g.active.state.ID)
	}
	rollback := g.AutoRollback
	if r.AutoRollback != nil {
		rollback = r.AutoRollback
	}
	d := s.register(g, config, Deployment{
		Creator: CreatorUser, Description: r.Description, AppSpec: r.AppSpec, AutoRollback: rollback,
	})
	d.options = r.options
	return d, nil
}

// accepts checks an AppSpec against the group that is to be deployed to.
func (g *group) accepts(a AppSpec) error {
	if p := a.Platform(); p != g.Platform {
		return fmt.Errorf("it is for %s deployment, and deployment group %s is for %s one", p.title(), g.Name, g.Platform.title())
	}
	if err := a.validate(); err != nil {
		return err
	}
	if g.Platform == PlatformECS && g.Test == nil && g.WithoutTestListener == RefuseHook && a.Hooks[AfterAllowTestTraffic] != "" {
		return fmt.Errorf("it names a hook for AfterAllowTestTraffic, but deployment group %s has no test listener", g.Name)
	}
	return nil
}

// register makes d the group's active deployment, or queues it behind that one; the caller holds
// the lock.
func (s *Service) register(g *group, config DeploymentConfig, d Deployment) *deployment {
	d.ID = "d-" + rand.Text()[:9]
	d.Application, d.Group, d.Config = g.Application, g.Name, config.Name
	d.Status, d.Created = Created, s.config.Clock.Now()
	for _, event := range g.Platform.Events() {
		d.Events = append(d.Events, LifecycleEvent{Name: event, Status: EventPending, Function: d.AppSpec.Hooks[event]})
	}
	created := &deployment{state: d, settings: g.Group, config: config, group: g, turn: clock.NewSignal(s.config.Clock), done: make(chan struct{})}
	if g.successful != nil {
		created.previous = &g.successful.AppSpec
	}
	created.ctx, created.cancel = context.WithCancelCause(s.ctx)
	s.deployments[d.ID] = created
	if a, err := s.findApplication(g.Application); err == nil { // it may have been deleted
		a.register(d.AppSpec, d.Created, s.config.History).use(g.Name, d.Created)
	}
	s.order = append(s.order, created)
	if g.active == nil {
		g.activate(created)
	} else {
		g.queue = append(g.queue, created)
	}
	s.running.Add(1)
	return created
}

// start runs a registered deployment.
func (s *Service) start(d *deployment) {
	s.tell(d, nil)
	done := clock.Work(s.config.Clock)
	go func() {
		defer s.running.Done()
		defer done()
		s.run(d)
	}()
}
