package simulator

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// ECSDeployments has Amazon ECS deploy the service itself, in place of CodeDeploy: how, and what
// happens around it.
type ECSDeployments struct {
	ecs.DeploymentConfiguration
	// DesiredCount is how many tasks each side has; default 1.
	DesiredCount int
	// NewService leaves the service out at the start: the first deployment creates it, and there is no
	// blue. Config.Blue is not looked at.
	NewService bool
	// Notices names a function that is invoked asynchronously with each notice that ECS sends to
	// EventBridge, as a rule there would do; empty for none.
	Notices string

	// As in [ecs.Config].
	CreationHooks      ecs.CreationHooks
	ShiftAfterHooks    bool
	RollbackEveryShift bool
	ReplaceHookDetails bool
}

// errCodeDeploys and errECSDeploys answer who asks the wrong one for a deployment.
var (
	errCodeDeploys = errors.New("the service is deployed by CodeDeploy: the scenario has no deployments by ECS")
	errECSDeploys  = errors.New("the service is deployed by Amazon ECS itself: the scenario has no deployment group")
)

func (s *Simulator) newScheduler() *ecs.Scheduler {
	config := ecs.Config{
		Region: s.config.Region, AccountID: s.config.AccountID, Clock: s.config.Clock,
		Tasks: s.tasks(), Invoke: s.invoke, LoadBalancers: rules{s.balancer},
		Changed: s.serviceChanged, Notify: s.noticed, KeepDeployments: s.config.KeepDeployments,
	}
	if e := s.config.ECS; e != nil {
		config.CreationHooks, config.ShiftAfterHooks = e.CreationHooks, e.ShiftAfterHooks
		config.RollbackEveryShift, config.ReplaceHookDetails = e.RollbackEveryShift, e.ReplaceHookDetails
	}
	return ecs.New(config)
}

func (s *Simulator) tasks() tasks { return tasks{s.service, s.config.Clock} }

// invoke runs a function for ECS, which looks at the answer alone: a function's error has the form of
// one, and no hookStatus.
func (s *Simulator) invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	r, err := s.functions.Invoke(ctx, function, payload)
	return r.Payload, err
}

// serviceChanged writes a service deployment's change into the timeline, with the traffic up to it.
func (s *Simulator) serviceChanged(c ecs.Change) {
	s.countTraffic()
	switch {
	case c.Hook != nil:
		s.timeline.add(HookChanged{c.Deployment.ARN, *c.Hook})
	case c.Stage != nil:
		if c.Stage.Status == ecs.StageInProgress {
			s.disturbances.reached(string(c.Stage.Stage))
		}
		s.timeline.add(StageChanged{c.Deployment.ARN, *c.Stage})
	default:
		if c.Deployment.Status == ecs.InProgress {
			s.disturbances.began(c.Deployment.Target.TargetGroup.Name)
		}
		s.timeline.add(ServiceDeploymentChanged{c.Deployment})
	}
}

// noticed hands a notice on as EventBridge does. What it invokes is on the timeline; that it can't be
// invoked is EventBridge's own affair in AWS as well.
func (s *Simulator) noticed(n ecs.Notice) {
	s.timeline.add(HookNoticed{n})
	if s.config.ECS == nil || s.config.ECS.Notices == "" {
		return
	}
	if payload, err := json.Marshal(n); err == nil {
		_, _ = s.functions.InvokeAsync(s.config.ECS.Notices, payload)
	}
}

// definition is the scenario's service as it starts.
func (s *Simulator) definition(taskDefinition string) ecs.Service {
	one, two := s.service.group(TargetGroupOne), s.service.group(TargetGroupTwo)
	d := ecs.Service{
		Cluster: s.config.Cluster, Name: s.config.Service, TaskDefinition: taskDefinition,
		DesiredCount: s.config.ECS.DesiredCount, Deployment: s.config.ECS.DeploymentConfiguration,
		TargetGroups: [2]ecs.TargetGroup{{Name: one.Name(), ARN: one.ARN()}, {Name: two.Name(), ARN: two.ARN()}},
		Production:   s.production.ecsRule(),
	}
	if s.test != nil {
		d.Test = s.test.ecsRule()
	}
	return d
}

// adoptService brings blue up and makes it a service that ECS deploys.
func (s *Simulator) adoptService(ctx context.Context) error {
	if err := s.openListeners(); err != nil {
		return err
	}
	if s.config.ECS.NewService {
		return nil
	}
	blue, err := s.tasks().Start(ctx, s.config.Blue, TargetGroupOne, cmp.Or(s.config.ECS.DesiredCount, 1))
	if err != nil {
		return err
	}
	return s.scheduler.AdoptService(s.definition(s.config.Blue), blue)
}

// CreateServiceDeployment has ECS deploy a task definition and returns the service deployment's ARN. It
// updates the service, or creates it where the scenario starts without. A deployment that runs is
// stopped for it, as ECS does. Its errors are [*ecs.APIError]s, but for the scenario in which CodeDeploy
// deploys.
func (s *Simulator) CreateServiceDeployment(taskDefinition string) (arn string, err error) {
	if s.config.ECS == nil {
		return "", fmt.Errorf("deploying %s: %w", taskDefinition, errCodeDeploys)
	}
	arn, err = s.scheduler.UpdateService(s.config.Cluster, s.config.Service, ecs.Update{TaskDefinition: taskDefinition, Force: true})
	if refused := new(ecs.APIError); s.config.ECS.NewService && errors.As(err, &refused) &&
		(refused.Code == ecs.ServiceNotFound || refused.Code == ecs.ClusterNotFound) {
		return s.scheduler.CreateService(s.definition(taskDefinition))
	}
	return arn, err
}

// SetServiceHooks gives the service's deployments from the next on these hooks, in place of those that it had.
func (s *Simulator) SetServiceHooks(hooks []ecs.Hook) error {
	if s.config.ECS == nil {
		return fmt.Errorf("setting the service's hooks: %w", errCodeDeploys)
	}
	config := s.config.ECS.DeploymentConfiguration
	config.Hooks = hooks
	_, err := s.scheduler.UpdateService(s.config.Cluster, s.config.Service, ecs.Update{Deployment: &config})
	return err
}

// WaitServiceDeployment returns a service deployment once it is over, its rollback included.
func (s *Simulator) WaitServiceDeployment(ctx context.Context, arn string) (ecs.Deployment, error) {
	return s.scheduler.Wait(ctx, arn)
}

// DeployService has ECS deploy a task definition, and waits for the end.
func (s *Simulator) DeployService(ctx context.Context, taskDefinition string) (ecs.Deployment, error) {
	arn, err := s.CreateServiceDeployment(taskDefinition)
	if err != nil {
		return ecs.Deployment{}, err
	}
	return s.WaitServiceDeployment(ctx, arn)
}

// StopServiceDeployment stops a service deployment; the default is [ecs.StopRollback].
func (s *Simulator) StopServiceDeployment(arn string, how ecs.StopType) error {
	return s.scheduler.StopServiceDeployment(arn, how)
}

// ContinueServiceDeployment answers a pause; the default is [ecs.ActionContinue].
func (s *Simulator) ContinueServiceDeployment(arn, hookID string, action ecs.Action) error {
	return s.scheduler.ContinueServiceDeployment(arn, hookID, action)
}

// ServiceDeployments lists the deployments of the scenario's service by ECS, the newest first.
func (s *Simulator) ServiceDeployments() []ecs.Deployment {
	list, err := s.scheduler.Deployments(s.config.Cluster, s.config.Service)
	if err != nil {
		return nil // a service that is still to be created has none
	}
	return list
}

// deploysByCode refuses what only a scenario with CodeDeploy has.
func (s *Simulator) deploysByCode(spec codedeploy.AppSpec) error {
	if s.config.ECS != nil {
		return fmt.Errorf("deploying %s: %w", spec.TaskDefinition, errECSDeploys)
	}
	return nil
}

// defaultRule is a listener's default action, which ECS knows as a rule.
type defaultRule struct{ *elb.Listener }

// ARN is the rule's, not the listener's.
func (r defaultRule) ARN() string { return r.DefaultRuleARN() }

// rules finds rules and target groups of the load balancer for ECS.
type rules struct{ balancer *elb.LoadBalancer }

// Rule finds a rule, be it a listener's default rule, or a listener.
func (r rules) Rule(arn string) (ecs.Rule, bool) {
	for _, l := range r.balancer.Listeners() {
		if arn == l.DefaultRuleARN() {
			return defaultRule{l}, true
		}
		if arn == l.ARN() {
			return l, true
		}
		for _, rule := range l.Rules() {
			if arn == rule.ARN() {
				return rule, true
			}
		}
	}
	return nil, false
}

// TargetGroupARN finds the ARN of a target group.
func (r rules) TargetGroupARN(name string) (arn string, found bool) {
	for _, g := range r.balancer.TargetGroups() {
		if g.Name() == name {
			return g.ARN(), true
		}
	}
	return "", false
}

// TargetGroup finds the name of a target group.
func (r rules) TargetGroup(arn string) (name string, found bool) {
	for _, g := range r.balancer.TargetGroups() {
		if g.ARN() == arn {
			return g.Name(), true
		}
	}
	return "", false
}
