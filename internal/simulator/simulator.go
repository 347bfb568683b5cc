// Package simulator is a local AWS for deployments: a load balancer, a Lambda service,
// Amazon ECS and a CodeDeploy service on loopback, wired together around one service that is
// deployed blue/green, by CodeDeploy or by ECS itself, or around an alias that CodeDeploy shifts
// from one version of a Lambda function to another.
//
// [Start] brings up the blue side behind a production and a test listener. Functions are
// real child processes that speak the Lambda Runtime API, in any language; they find the
// simulated CodeDeploy through AWS_ENDPOINT_URL, which all AWS SDKs know. A deployment then
// runs as CodeDeploy runs it: green is started and must become healthy, listeners move,
// hooks are asked, and where one says no, a rollback goes back. Whatever happens is written
// into the [Timeline]; this package prints nothing. It shares no code with the gate, so that
// a fault in one can't hide a fault in the other.
package simulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/endpoint"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// Names of what the simulator sets up.
const (
	ProductionListener = "production"
	TestListener       = "test"
	// TargetGroupOne and TargetGroupTwo are the pair; blue starts in the first.
	TargetGroupOne = "tg-1"
	TargetGroupTwo = "tg-2"
)

// Config is a scenario: the service, how it is deployed, and who listens. Only Tasks and
// Blue are needed, or Alias.
type Config struct {
	Region      string // default us-east-1
	AccountID   string // default 123456789012
	Application string // default "application"
	Group       string // default "deployment-group"
	// Cluster and Service are the ECS service's names; default "default" and "service".
	Cluster, Service string
	// ECS has Amazon ECS deploy the service itself; nil for CodeDeploy.
	ECS *ECSDeployments

	// Alias has an alias of a Lambda function deployed, in place of an ECS service: there are no
	// listeners, and what is said to be of tasks, targets and listeners isn't looked at. The function
	// is there after [Simulator.CreateAlias].
	Alias *FunctionAlias

	// Tasks starts the tasks of a service for a task definition.
	Tasks TaskStarter
	// Blue is the task definition that serves production at the start.
	Blue        string
	HealthCheck elb.HealthCheck
	// Production and Test are the service's listeners.
	Production, Test ListenerConfig
	// WithoutTestListener leaves the test listener out, which AWS has optional.
	WithoutTestListener bool
	// TestHook is what becomes of a hook for AfterAllowTestTraffic where CodeDeploy has no test listener.
	TestHook codedeploy.WithoutTestListener
	// EndpointPort is the port of 127.0.0.1 on which the AWS endpoint answers; 0 for any that is free.
	EndpointPort int

	Deployment      codedeploy.DeploymentConfig // default AllAtOnce of the platform
	AutoRollback    codedeploy.AutoRollback
	HookTimeout     time.Duration   // default codedeploy.DefaultHookTimeout
	InstallTimeout  time.Duration   // default codedeploy.DefaultInstallTimeout
	TerminationWait time.Duration   // default 0
	RollbackHooks   bool            // whether rollbacks call the hooks
	Queue           bool            // whether a deployment waits for the one before, where AWS refuses it
	RetryDelays     []time.Duration // of asynchronous invocations; nil for lambda.DefaultRetryDelays

	// KeepDeployments is how many deployments that are over are remembered, with what happened in
	// them; default [DefaultKeepDeployments].
	KeepDeployments int

	// Clock keeps all simulated waits.
	Clock clock.Clock
	// Logs receives the functions' log lines. It must not block.
	Logs func(lambda.LogLine)
	// Control answers requests below /simulator/ at the AWS endpoint, where a test switches faults; nil: nobody. It is called
	// once, before anything runs.
	Control func(*Simulator) http.Handler
	// Page makes what browsers see that come to the AWS endpoint; nil: nothing. It is called once, before anything runs.
	Page func(*Simulator) http.Handler
}

// DefaultKeepDeployments is how many deployments that are over are remembered when nothing else is
// said: a few megabytes.
const DefaultKeepDeployments = 200

// entriesPerDeployment is about what a deployment with a hook at each event writes into the timeline.
const entriesPerDeployment = 50

// Simulator is a running scenario. Close it.
type Simulator struct {
	config       Config
	balancer     *elb.LoadBalancer
	functions    *lambda.Service
	deploys      *codedeploy.Service
	scheduler    *ecs.Scheduler
	service      *service
	production   route
	test         *route // nil without
	trust        trust  // in the certificates of HTTPS listeners
	disturbances *faults
	services     *endpoint.Endpoint
	endpoint     *http.Server
	address      string
	serving      sync.WaitGroup
	timeline     *Timeline
	invocations  invocations // of the deployed alias
	customers    atomic.Pointer[customers]
}

// Start starts a scenario and returns once blue is healthy and serves production. ctx
// bounds the start alone.
func Start(ctx context.Context, config Config) (*Simulator, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	config.AccountID = cmp.Or(config.AccountID, "123456789012")
	config.Application = cmp.Or(config.Application, "application")
	config.Group = cmp.Or(config.Group, "deployment-group")
	config.Cluster = cmp.Or(config.Cluster, "default")
	config.Service = cmp.Or(config.Service, "service")
	config.KeepDeployments = cmp.Or(config.KeepDeployments, DefaultKeepDeployments)
	if config.Clock == nil {
		config.Clock = clock.Real()
	}
	if config.Tasks == nil {
		config.Tasks = noTasks
	}
	s := &Simulator{config: config}
	defer clock.Work(config.Clock)()
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the simulator: %w", err), s.Close())
	}
	return s, nil
}

func (c Config) validate() error {
	switch newService := c.ECS != nil && c.ECS.NewService; {
	case c.Alias != nil && c.ECS != nil:
		return errors.New("an alias is deployed by CodeDeploy, and not by ECS")
	case c.Alias == nil && (c.Tasks == nil || c.Blue == "" && !newService):
		return errors.New("the scenario must say how tasks are started and which task definition is blue")
	}
	return nil
}

func (s *Simulator) start(ctx context.Context) error {
	s.timeline = newTimeline(s.config.Clock, entriesPerDeployment*s.config.KeepDeployments)
	s.balancer = elb.New(elb.Config{
		Region: s.config.Region, AccountID: s.config.AccountID, Clock: s.config.Clock,
		Weighted: func(listener string, weights map[string]int) {
			s.countTraffic()
			s.timeline.add(WeightsChanged{listener, weights})
			if listener == ProductionListener {
				s.customers.Load().rerouted()
			}
		},
	})
	s.functions = lambda.New(lambda.Config{
		Region: s.config.Region, AccountID: s.config.AccountID, Clock: s.config.Clock,
		RetryDelays: s.config.RetryDelays, Logs: s.config.Logs, Environment: s.functionEnvironment,
		Invoked: s.invoked, Rerouted: s.aliasRerouted,
	})
	s.service = newService(s.config.Tasks, s.balancer)
	for _, name := range []string{TargetGroupOne, TargetGroupTwo} {
		if _, err := s.balancer.CreateTargetGroup(elb.TargetGroupConfig{Name: name, HealthCheck: s.config.HealthCheck}); err != nil {
			return err
		}
	}
	s.scheduler = s.newScheduler()
	s.deploys = codedeploy.New(codedeploy.Config{
		Region: s.config.Region, AccountID: s.config.AccountID, Clock: s.config.Clock, ECS: taskSets{s.scheduler},
		Invoke: func(function string, payload []byte) error {
			_, err := s.functions.InvokeAsync(function, payload)
			return err
		},
		Changed: s.changed, History: s.config.KeepDeployments,
		Alias: s.alias, Listener: s.listener, PrimaryTaskSet: s.primaryTaskSet,
	})
	if err := s.serveEndpoint(ctx); err != nil {
		return err
	}
	switch {
	case s.config.Alias != nil:
		return s.createLambdaGroup()
	case s.config.ECS != nil:
		return s.adoptService(ctx)
	}
	return s.createGroup(ctx)
}

// createGroup brings blue up, opens the listeners and makes them a deployment group.
func (s *Simulator) createGroup(ctx context.Context) error {
	blue, err := s.adoptTaskSet(ctx)
	if err != nil {
		return err
	}
	if err := s.openListeners(); err != nil {
		return err
	}
	group := codedeploy.Group{
		Application: s.config.Application, Name: s.config.Group, Cluster: s.config.Cluster, Service: s.config.Service,
		TargetGroups: [2]string{TargetGroupOne, TargetGroupTwo}, Primary: blue,
		Production: pairListener{s.production.listener}, Config: s.config.Deployment, AutoRollback: s.config.AutoRollback,
		HookTimeout: s.config.HookTimeout, InstallTimeout: s.config.InstallTimeout,
		TerminationWait: s.config.TerminationWait, RollbackHooks: s.config.RollbackHooks, Queue: s.config.Queue, WithoutTestListener: s.config.TestHook,
	}
	if s.test != nil && s.test.listener != s.production.listener {
		group.Test = pairListener{s.test.listener}
	}
	return s.deploys.CreateGroup(group)
}

// changed writes a deployment's change into the timeline, with the traffic up to it.
func (s *Simulator) changed(c codedeploy.Change) {
	s.countTraffic()
	if c.Event != nil {
		if c.Reached {
			s.disturbances.reached(string(c.Event.Name))
		}
		s.timeline.add(EventChanged{c.Deployment.ID, *c.Event})
		return
	}
	if c.Deployment.Status == codedeploy.InProgress && c.Deployment.Original != nil && c.Deployment.Creator != codedeploy.CreatorRollback {
		s.disturbances.began(otherGroup(c.Deployment.Original.TargetGroup))
	}
	s.timeline.add(DeploymentChanged{c.Deployment})
}

// Side tells which side a target group holds: [Green] where it is the group of the deployment that began last, [Blue] where
// it is the other one of the pair, and neither, empty, for any other name.
func (s *Simulator) Side(group string) string {
	green := s.disturbances.greenGroup()
	switch group {
	case green:
		return Green
	case otherGroup(green):
		return Blue
	}
	return ""
}

// otherGroup is that of the pair that isn't name, empty where name is neither.
func otherGroup(name string) string {
	return map[string]string{TargetGroupOne: TargetGroupTwo, TargetGroupTwo: TargetGroupOne}[name]
}

// countTraffic writes the traffic up to now into the timeline, where there was any.
func (s *Simulator) countTraffic() {
	var invocations InvocationsCounted
	if s.config.Alias != nil {
		invocations = InvocationsCounted{*s.config.Alias, s.Invocations()}
	}
	s.timeline.count(s.balancer.Counts(), invocations)
}

// Close ends the scenario: deployments stop where they are, functions are killed, tasks
// are stopped. Its error is that of stopping tasks.
func (s *Simulator) Close() error {
	s.customers.Load().leave()
	if s.deploys != nil {
		s.deploys.Close()
	}
	if s.scheduler != nil {
		s.scheduler.Close()
	}
	if s.disturbances != nil {
		s.disturbances.close()
	}
	s.functions.Close()
	if s.endpoint != nil {
		_ = s.endpoint.Close()
		s.serving.Wait()
	}
	s.balancer.Close()
	err := errors.Join(s.service.close(), s.trust.remove())
	s.countTraffic()
	s.timeline.close()
	return err
}

// CreateFunction adds a function. Its environment gets the endpoint of the simulated AWS
// as AWS_ENDPOINT_URL, unless it has its own.
func (s *Simulator) CreateFunction(f lambda.Function) error { return s.functions.Create(f) }

// functionEnvironment leads functions to the simulated AWS, and tells them that it is: its time may run ahead of the
// machine's, so that ECS calls a function back before the callBackDelay is over by its own clock.
func (s *Simulator) functionEnvironment() map[string]string {
	return map[string]string{"AWS_ENDPOINT_URL": s.address, "DEPLOYMENT_SIMULATOR": "true"}
}

// SettleFunctions waits until no function runs: hooks go on after they have reported.
func (s *Simulator) SettleFunctions(ctx context.Context) error { return s.functions.Settle(ctx) }

// EndpointURL is the endpoint of the simulated AWS.
func (s *Simulator) EndpointURL() string { return s.address }

// Now is the simulated time, which the timeline's entries bear.
func (s *Simulator) Now() time.Time { return s.config.Clock.Now() }

// Timeline is what has happened so far and what is going to.
func (s *Simulator) Timeline() *Timeline { return s.timeline }

// Traffic counts the requests so far by listener, target group and target.
func (s *Simulator) Traffic() []elb.Count { return s.balancer.Counts() }

// Targets lists a target group's targets with their health, nil for a name that no target group has.
func (s *Simulator) Targets(group string) []elb.TargetHealth {
	if g := s.service.group(group); g != nil {
		return g.Targets()
	}
	return nil
}

// Outcome is a deployment that is over, with its rollback where there was one.
type Outcome struct {
	Deployment codedeploy.Deployment
	Rollback   *codedeploy.Deployment
}

// Create starts a deployment and returns its id.
func (s *Simulator) Create(spec codedeploy.AppSpec) (id string, err error) {
	if err := s.deploysByCode(spec); err != nil {
		return "", err
	}
	return s.deploys.CreateDeployment(codedeploy.DeploymentRequest{
		Application: s.config.Application, Group: s.config.Group, AppSpec: spec,
	})
}

// Stop stops a deployment, with a rollback where that is asked for or the scenario has it so.
func (s *Simulator) Stop(id string, rollback bool) error {
	return s.deploys.StopDeployment(id, rollback)
}

// Wait returns a deployment once it and its rollback are over.
func (s *Simulator) Wait(ctx context.Context, id string) (Outcome, error) {
	d, err := s.deploys.Wait(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	if d.Rollback == nil || d.Rollback.DeploymentID == "" {
		return Outcome{Deployment: d}, nil
	}
	back, err := s.deploys.Wait(ctx, d.Rollback.DeploymentID)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{d, &back}, nil
}

// Deploy runs a deployment to its end, and to that of its rollback.
func (s *Simulator) Deploy(ctx context.Context, spec codedeploy.AppSpec) (Outcome, error) {
	id, err := s.Create(spec)
	if err != nil {
		return Outcome{}, err
	}
	return s.Wait(ctx, id)
}
