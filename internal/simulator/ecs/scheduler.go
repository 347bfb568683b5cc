// Package ecs is Amazon ECS with its own service deployments: blue/green, linear and
// canary, without CodeDeploy.
//
// A [Scheduler] keeps services. Each update of one is a service deployment, which takes it
// from its service revision (blue) to a new one (green) through lifecycle stages: green's
// tasks start, test traffic moves, production traffic moves at once or in steps, and after
// the bake time blue's tasks end. At each stage the service's lifecycle hooks run side by
// side: functions, which answer with a hookStatus and may ask to be called again, and
// pauses, which wait for ContinueServiceDeployment. A hook that fails, or that isn't done in
// time, rolls the deployment back. A service may leave its deployments to CodeDeploy instead, which
// starts, prefers and ends its task sets. The scheduler answers the ECS API, so that hooks and
// tools talk to it through their AWS SDK.
package ecs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// Tasks runs the tasks of services.
type Tasks interface {
	// Start starts that many tasks of the task definition, registers them in the target
	// group (its name) and returns when they are healthy. With an error it leaves nothing
	// behind. The id is the caller's handle for Stop.
	Start(ctx context.Context, taskDefinition, targetGroup string, count int) (id string, err error)
	// Stop drains these tasks and ends them.
	Stop(ctx context.Context, id string) error
}

// Rule is a listener's rule that forwards by weight.
type Rule interface {
	ARN() string
	// SetWeights sets the weight of each target group, by name: 0 to 999.
	SetWeights(map[string]int) error
}

// LoadBalancers finds what a request of the API names by ARN.
type LoadBalancers interface {
	// Rule returns the rule of an Application Load Balancer, or listener of a Network Load
	// Balancer, of that ARN.
	Rule(arn string) (rule Rule, found bool)
	// TargetGroup returns the name of the target group of that ARN.
	TargetGroup(arn string) (name string, found bool)
	// TargetGroupARN returns the ARN of the target group of that name.
	TargetGroupARN(name string) (arn string, found bool)
}

// CreationHooks says which hooks the deployment runs that creates a service.
type CreationHooks int

// What is known is that PRE_SCALE_UP runs then too; of the other stages nothing is
// published.
const (
	CreationPreScaleUp CreationHooks = iota // only those of PRE_SCALE_UP
	CreationNone
	CreationAll
)

// Config connects the scheduler to its neighbours. Tasks and Invoke are needed.
type Config struct {
	Region    string // default us-east-1
	AccountID string // default 123456789012
	Clock     clock.Clock
	Tasks     Tasks
	// Invoke runs a function, given by its name or ARN, and returns its answer. As in
	// Lambda's own API, a function that failed has answered: with the error's JSON form. An
	// error of Invoke means that the function could not be invoked. Invoke must return when
	// ctx ends.
	Invoke func(ctx context.Context, function string, payload []byte) ([]byte, error)
	// LoadBalancers serves CreateService of the API, which can't do without.
	LoadBalancers LoadBalancers
	// Changed is told of each change of a deployment, in order for each deployment. It must
	// not block, nor stop deployments.
	Changed func(Change)
	// Notify receives the notices that ECS sends to EventBridge. It must not block.
	Notify func(Notice)
	// KeepDeployments is how many ended deployments of each service are remembered; the
	// default is 100.
	KeepDeployments int

	CreationHooks CreationHooks
	// ShiftAfterHooks has the traffic of TEST_TRAFFIC_SHIFT and PRODUCTION_TRAFFIC_SHIFT
	// move only when the stage's hooks have succeeded. AWS documents that it is moving while
	// they run. By default it has moved before they run: a hook that fails there fails with
	// customers on green.
	ShiftAfterHooks bool
	// RollbackEveryShift has a rollback call the hooks of both shift stages always. AWS
	// documents that it invokes them again; by default that is taken by the word, and stages
	// that the deployment hasn't reached are left out.
	RollbackEveryShift bool
	// ReplaceHookDetails has the hookDetails of an IN_PROGRESS answer replace those of the
	// call before, in place of being merged into them as AWS documents: a hook that echoes
	// all that it needs works either way.
	ReplaceHookDetails bool
}

// Change is one change of a deployment. Stage and Hook are nil where they aren't what
// changed.
type Change struct {
	Deployment Deployment
	Stage      *StageRun
	Hook       *HookRun
	notify     bool // the hook's status is new
}

// Scheduler is an ECS control plane with its services. Close it.
type Scheduler struct {
	config  Config
	ctx     context.Context
	cancel  context.CancelCauseFunc
	running sync.WaitGroup

	mu          sync.Mutex
	closed      bool
	services    []*service
	deployments map[string]*deployment
	pauses      map[string]*pause
	definitions map[string][]*taskDefinition // by family, in the order of revisions
	clusters    map[string]wireClusterGiven  // those that were created, by name
	tags        map[string][]wireTag         // by ARN
}

// errClosed ends deployments when the scheduler closes.
var errClosed = errors.New("the ECS scheduler was shut down")

// New returns a scheduler without services.
func New(config Config) *Scheduler {
	config.Region = cmp.Or(config.Region, "us-east-1")
	config.AccountID = cmp.Or(config.AccountID, "123456789012")
	config.KeepDeployments = cmp.Or(config.KeepDeployments, 100)
	if config.Clock == nil {
		config.Clock = clock.Real()
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Scheduler{
		config: config, ctx: ctx, cancel: cancel,
		deployments: map[string]*deployment{}, pauses: map[string]*pause{}, definitions: map[string][]*taskDefinition{},
		clusters: map[string]wireClusterGiven{defaultCluster: {}}, tags: map[string][]wireTag{},
	}
}

// Close stops all deployments where they are, without a rollback, and returns when none
// runs any more.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel(errClosed)
	s.running.Wait()
}

// Deployment returns a service deployment as it stands. Its error is an [*APIError].
func (s *Scheduler) Deployment(arn string) (Deployment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(arn)
	if err != nil {
		return Deployment{}, err
	}
	return d.snapshot(), nil
}

// Deployments returns the service's deployments as they stand, the newest first. Its error
// is an [*APIError].
func (s *Scheduler) Deployments(cluster, service string) ([]Deployment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.findService(cluster, service)
	if err != nil {
		return nil, err
	}
	list := make([]Deployment, 0, len(svc.deployments))
	for i := len(svc.deployments) - 1; i >= 0; i-- {
		list = append(list, svc.deployments[i].snapshot())
	}
	return list, nil
}

// Wait returns a deployment once it is over, its rollback included.
func (s *Scheduler) Wait(ctx context.Context, arn string) (Deployment, error) {
	s.mu.Lock()
	d, err := s.find(arn)
	s.mu.Unlock()
	if err != nil {
		return Deployment{}, fmt.Errorf("waiting for a service deployment: %w", err)
	}
	select {
	case <-d.over.Fired():
		s.mu.Lock()
		defer s.mu.Unlock()
		return d.snapshot(), nil
	case <-ctx.Done():
		return Deployment{}, fmt.Errorf("waiting for service deployment %s: %w", arn, context.Cause(ctx))
	}
}

// find looks a deployment up; the caller holds the lock.
func (s *Scheduler) find(arn string) (*deployment, error) {
	if d := s.deployments[arn]; d != nil {
		return d, nil
	}
	return nil, refuse(ServiceDeploymentNotFound, "The service deployment does not exist.")
}
