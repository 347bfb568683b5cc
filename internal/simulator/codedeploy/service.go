// Package codedeploy is the CodeDeploy service for the ECS platform: it takes a service
// from its blue task set to a green one, asks the AppSpec's hooks on the way, and goes back
// when one of them says no.
//
// A deployment runs its lifecycle events in order. Between the hooks, which are Lambda
// functions that report through PutLifecycleEventHookExecutionStatus, it starts green,
// gives it the test listener's traffic and then production's, and at last ends blue. A hook
// that fails, or that doesn't report in time, fails the deployment; where the group rolls
// back automatically, a new deployment then returns the traffic. The service answers the
// CodeDeploy API, so that hooks and tools talk to it through their AWS SDK.
package codedeploy

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// Config connects the service to its neighbours.
type Config struct {
	Region    string // default us-east-1
	AccountID string // default 123456789012
	Clock     clock.Clock
	// Invoke invokes a function asynchronously; an error means that the event was not accepted.
	Invoke func(function string, payload []byte) error
	ECS    ECS
	// Changed is told of each change of a deployment, in order for each deployment. It must
	// not block.
	Changed func(Change)
}

// Change is one change of a deployment.
type Change struct {
	Deployment Deployment
	// Event is the lifecycle event that changed, nil where it is the deployment's status.
	Event *LifecycleEvent
}

// Service is a CodeDeploy service. Close it.
type Service struct {
	config  Config
	ctx     context.Context
	cancel  context.CancelCauseFunc
	running sync.WaitGroup

	mu          sync.Mutex
	closed      bool
	groups      []*group
	deployments map[string]*deployment
	executions  map[string]*execution
}

// group is a deployment group with what it knows of its service.
type group struct {
	Group
	active *deployment
	// primary serves production; other is a task set that a failed deployment left behind.
	primary    TaskSet
	other      *TaskSet
	successful *Deployment // the last one
	attempted  *Deployment
}

// deployment is a deployment that runs or ran. Its state is guarded by the service's lock.
type deployment struct {
	state  Deployment
	config DeploymentConfig
	group  *group
	ctx    context.Context
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// errClosed ends deployments when the service closes.
var errClosed = errors.New("the CodeDeploy service was shut down")

// New returns a service without deployment groups.
func New(config Config) *Service {
	config.Region = cmp.Or(config.Region, "us-east-1")
	config.AccountID = cmp.Or(config.AccountID, "123456789012")
	if config.Clock == nil {
		config.Clock = clock.Real()
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Service{
		config: config, ctx: ctx, cancel: cancel,
		deployments: map[string]*deployment{}, executions: map[string]*execution{},
	}
}

// Close stops all deployments where they are, without a rollback, and returns when none
// runs any more.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel(errClosed)
	s.running.Wait()
}

// CreateGroup adds a deployment group, and its application where it is new.
func (s *Service) CreateGroup(g Group) error {
	g, err := g.normalize()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if existing, _ := s.findGroup(g.Application, g.Name); existing != nil {
		return fmt.Errorf("creating deployment group %q: application %s has it already", g.Name, g.Application)
	}
	s.groups = append(s.groups, &group{Group: g, primary: g.Primary})
	return nil
}

// findGroup looks a group up; the caller holds the lock.
func (s *Service) findGroup(application, name string) (*group, error) {
	known := false
	for _, g := range s.groups {
		if g.Application == application {
			known = true
			if g.Name == name {
				return g, nil
			}
		}
	}
	switch {
	case application == "":
		return nil, refuse(ApplicationNameRequired, "An application name must be specified.")
	case !known:
		return nil, refuse(ApplicationDoesNotExist, "No application found for name: %s", application)
	case name == "":
		return nil, refuse(DeploymentGroupNameRequired, "A deployment group name must be specified.")
	}
	return nil, refuse(DeploymentGroupDoesNotExist, "No Deployment Group found for name: %s", name)
}

// DeploymentRequest asks for a deployment.
type DeploymentRequest struct {
	Application, Group, Description string
	AppSpec                         AppSpec
	// Config names a deployment configuration in place of the group's; empty for the latter.
	Config string
	// AutoRollback replaces the group's where it isn't nil.
	AutoRollback AutoRollback
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
	config := g.Config
	switch r.Config {
	case "", g.Config.Name:
	case AllAtOnce().Name:
		config = AllAtOnce()
	default:
		return nil, refuse(DeploymentConfigDoesNotExist, "No Deployment Configuration found for name: %s", r.Config)
	}
	if err := r.AppSpec.validate(); err != nil {
		return nil, refuse(InvalidRevision, "The AppSpec is not valid: %v", err)
	}
	if g.Test == nil && r.AppSpec.Hooks[AfterAllowTestTraffic] != "" {
		// There would be no test traffic to look at, and a check that silently doesn't run is
		// worse than a deployment that is refused.
		return nil, refuse(InvalidRevision, "The AppSpec names a hook for AfterAllowTestTraffic, but deployment group %s has no test listener.", g.Name)
	}
	if s.closed {
		return nil, refuse("InternalFailure", "%v", errClosed)
	}
	if g.active != nil {
		return nil, refuse(DeploymentLimitExceeded, "The Deployment Group '%s' already has an active Deployment '%s'", g.Name, g.active.state.ID)
	}
	rollback := g.AutoRollback
	if r.AutoRollback != nil {
		rollback = r.AutoRollback
	}
	return s.register(g, config, Deployment{
		Creator: CreatorUser, Description: r.Description, AppSpec: r.AppSpec, AutoRollback: rollback,
	}), nil
}

// register makes d the group's active deployment; the caller holds the lock.
func (s *Service) register(g *group, config DeploymentConfig, d Deployment) *deployment {
	d.ID = "d-" + rand.Text()[:9]
	d.Application, d.Group, d.Config = g.Application, g.Name, config.Name
	d.Status, d.Created = Created, s.config.Clock.Now()
	for _, event := range Events() {
		d.Events = append(d.Events, LifecycleEvent{Name: event, Status: EventPending, Function: d.AppSpec.Hooks[event]})
	}
	if d.Original == nil {
		primary := g.primary
		d.Original = &primary
	}
	created := &deployment{state: d, config: config, group: g, done: make(chan struct{})}
	created.ctx, created.cancel = context.WithCancelCause(s.ctx)
	s.deployments[d.ID] = created
	g.active = created
	s.running.Add(1)
	return created
}

// start runs a registered deployment.
func (s *Service) start(d *deployment) {
	s.tell(d, nil)
	go func() {
		defer s.running.Done()
		s.run(d)
	}()
}

// tell reports a change to the observer.
func (s *Service) tell(d *deployment, event *LifecycleEvent) {
	if s.config.Changed == nil {
		return
	}
	s.mu.Lock()
	state := d.state.copy()
	s.mu.Unlock()
	s.config.Changed(Change{Deployment: state, Event: event})
}

// Deployment returns a deployment as it stands. Its error is an [*APIError].
func (s *Service) Deployment(id string) (Deployment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(id)
	if err != nil {
		return Deployment{}, err
	}
	return d.state.copy(), nil
}

// Wait returns a deployment once it is over. It does not wait for its rollback, which is
// a deployment of its own.
func (s *Service) Wait(ctx context.Context, id string) (Deployment, error) {
	s.mu.Lock()
	d, err := s.find(id)
	s.mu.Unlock()
	if err != nil {
		return Deployment{}, fmt.Errorf("waiting for a deployment: %w", err)
	}
	select {
	case <-d.done:
		return s.Deployment(id)
	case <-ctx.Done():
		return Deployment{}, fmt.Errorf("waiting for deployment %s: %w", id, context.Cause(ctx))
	}
}

// find looks a deployment up; the caller holds the lock.
func (s *Service) find(id string) (*deployment, error) {
	switch d := s.deployments[id]; {
	case d != nil:
		return d, nil
	case id == "":
		return nil, refuse(DeploymentIDRequired, "A deployment ID must be specified.")
	case !validID(id):
		return nil, refuse(InvalidDeploymentID, "The deployment ID %q is not valid: it is d- and nine capital letters or digits.", id)
	}
	return nil, refuse(DeploymentDoesNotExist, "The deployment %s could not be found", id)
}

func validID(id string) bool {
	if len(id) != 11 || id[:2] != "d-" {
		return false
	}
	return !slices.ContainsFunc([]byte(id[2:]), func(c byte) bool { return (c < 'A' || c > 'Z') && (c < '0' || c > '9') })
}

// StopDeployment stops a running deployment. It rolls back where rollback is set or the
// deployment does so on stops. Its error is an [*APIError].
func (s *Service) StopDeployment(id string, rollback bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(id)
	if err != nil {
		return fmt.Errorf("stopping a deployment: %w", err)
	}
	if d.state.Status.Ended() {
		return fmt.Errorf("stopping a deployment: %w", refuse(DeploymentAlreadyCompleted, "The deployment %s has already completed.", id))
	}
	d.cancel(&stop{rollback: rollback || d.state.AutoRollback.on(DeploymentStopOnRequest)})
	return nil
}

// stop is the cause with which a deployment's context ends on request.
type stop struct{ rollback bool }

func (*stop) Error() string { return "the deployment was stopped" }

// seconds is a time as the API writes it: seconds since 1970, with milliseconds.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
