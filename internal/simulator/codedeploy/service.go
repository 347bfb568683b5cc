// Package codedeploy is the CodeDeploy service for ECS and Lambda: it takes a service from its
// blue task set to a green one, or a function's alias from one version to another, asks the
// AppSpec's hooks on the way, and goes back when one of them says no.
//
// A deployment runs its lifecycle events in order. Between the hooks, which are Lambda
// functions that report through PutLifecycleEventHookExecutionStatus, it starts green,
// gives it the test listener's traffic and then production's, at once or step by step, and
// at last ends blue; on Lambda, where nothing is started or ended, it shifts the alias. A hook
// that fails, or that doesn't report in time, fails the deployment; where the group rolls
// back automatically, a new deployment then returns the traffic. The service answers the
// CodeDeploy API, so that hooks and tools talk to it through their AWS SDK.
package codedeploy

import (
	"cmp"
	"context"
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
	// Alias looks up an alias of a function, for deployments to Lambda.
	Alias func(function, alias string) (Alias, error)
	// Listener and PrimaryTaskSet look up listeners, by ARN, and the task set that serves
	// production in an ECS service, for deployment groups that are created over the API.
	Listener       func(arn string) (Listener, error)
	PrimaryTaskSet func(cluster, service string) (TaskSet, error)
	// History is how many deployments that are over are remembered, with the executions of their
	// hooks; default [DefaultHistory]. The oldest are forgotten first, as if they had never been.
	History int
	// Changed is told of each change of a deployment, in order for each deployment. It must
	// not block.
	Changed func(Change)
}

// DefaultHistory is how many deployments that are over are remembered when nothing else is said.
const DefaultHistory = 1000

// Change is one change of a deployment.
type Change struct {
	Deployment Deployment
	// Event is the lifecycle event that changed, nil where it is the deployment's status.
	Event *LifecycleEvent
	// Reached says that the deployment has come to the event, be it that there is nothing to do at it. An event that is
	// skipped because the deployment is over wasn't reached.
	Reached bool
}

// Service is a CodeDeploy service. Close it.
type Service struct {
	config  Config
	ctx     context.Context
	cancel  context.CancelCauseFunc
	running sync.WaitGroup

	mu           sync.Mutex
	closed       bool
	applications []*application
	groups       []*group
	configs      []customConfig
	deployments  map[string]*deployment
	order        []*deployment // as they were created
	ended        int           // how many of them are over
	executions   map[string]*execution
	tags         map[string][]wireTag // by the ARN of an application or a group
}

// group is a deployment group with what it knows of its service.
type group struct {
	Group
	id      string
	shown   wireSurroundings
	deleted bool
	active  *deployment
	queue   []*deployment // behind the active one, where the group queues
	// primary serves production; other is a task set that a failed deployment left behind.
	primary    TaskSet
	other      *TaskSet
	successful *Deployment // the last one
	attempted  *Deployment
}

// deployment is a deployment that runs or ran. Its state is guarded by the service's lock.
type deployment struct {
	state      Deployment
	settings   Group // the group's when the deployment was created
	config     DeploymentConfig
	group      *group
	options    wireOptions
	previous   *AppSpec // what the group's last deployment deployed that succeeded before
	alias      Alias    // of a deployment to Lambda, once it runs
	executions []string // ids of its hooks' executions
	pause      *pause   // where it waits to be continued
	// terminating says that the wait before the end of blue has begun.
	terminating bool
	over        bool // nothing more is done at events; the goroutine that runs it has it alone
	turn        *clock.Signal
	ctx         context.Context
	cancel      context.CancelCauseFunc
	done        chan struct{}
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
	if config.History <= 0 {
		config.History = DefaultHistory
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Service{
		config: config, ctx: ctx, cancel: cancel,
		deployments: map[string]*deployment{}, executions: map[string]*execution{}, tags: map[string][]wireTag{},
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

// CreateGroup adds a deployment group, and its application where it is new. Its error is an
// [*APIError].
func (s *Service) CreateGroup(g Group) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addGroup(g)
}

// addGroup adds a group; the caller holds the lock.
func (s *Service) addGroup(g Group) error { return s.addShown(g, wireSurroundings{}) }

// addShown adds a group with what is shown of it beside; the caller holds the lock.
func (s *Service) addShown(g Group, shown wireSurroundings) error {
	g, err := g.normalize()
	if err != nil {
		return refuse(InvalidInput, "%v", err)
	}
	a, err := s.findApplication(g.Application)
	if err != nil {
		a = s.addApplication(g.Application, g.Platform)
	}
	if a.platform != g.Platform {
		return refuse(InvalidInput, "creating deployment group %q: application %s is for %s, not for %s", g.Name, a.name, a.platform, g.Platform)
	}
	if _, err := s.findGroup(g.Application, g.Name); err == nil {
		return refuse(DeploymentGroupAlreadyExists, "creating deployment group %q: application %s has it already", g.Name, g.Application)
	}
	s.groups = append(s.groups, &group{Group: g, id: madeID(g.Application, g.Name), primary: g.Primary, shown: shown})
	return nil
}

// findGroup looks a group up; the caller holds the lock.
func (s *Service) findGroup(application, name string) (*group, error) {
	if _, err := s.findApplication(application); err != nil {
		return nil, err
	}
	for _, g := range s.groups {
		if g.Application == application && g.Name == name && name != "" {
			return g, nil
		}
	}
	if name == "" {
		return nil, refuse(DeploymentGroupNameRequired, "A deployment group name must be specified.")
	}
	return nil, refuse(DeploymentGroupDoesNotExist, "No Deployment Group found for name: %s", name)
}

// tell reports a change to the observer.
func (s *Service) tell(d *deployment, event *LifecycleEvent) {
	if s.config.Changed == nil {
		return
	}
	s.mu.Lock()
	state := d.state.copy()
	s.mu.Unlock()
	reached := event != nil && (event.Status == EventInProgress || event.Status == EventSkipped && !d.over)
	s.config.Changed(Change{Deployment: state, Event: event, Reached: reached})
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
		// By now it may be forgotten.
		s.mu.Lock()
		defer s.mu.Unlock()
		return d.state.copy(), nil
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

// forget drops the oldest deployments that are over, as far as there are more than are to be
// remembered; the caller holds the lock.
func (s *Service) forget() {
	for s.ended > s.config.History {
		oldest := slices.IndexFunc(s.order, func(d *deployment) bool { return d.state.Status.Ended() })
		d := s.order[oldest]
		delete(s.deployments, d.state.ID)
		for _, id := range d.executions {
			delete(s.executions, id)
		}
		s.order = slices.Delete(s.order, oldest, oldest+1)
		s.ended--
	}
}

// seconds is a time as the API writes it: seconds since 1970, with milliseconds.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
