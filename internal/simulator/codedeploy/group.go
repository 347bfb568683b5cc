package codedeploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Defaults of a deployment group.
const (
	// DefaultHookTimeout is how long a hook may take to report its status:
	// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html.
	DefaultHookTimeout = 3600 * time.Second
	// DefaultInstallTimeout is how long the replacement task set may take to be healthy:
	// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-ecs.html.
	DefaultInstallTimeout = time.Hour
)

// Listener is a listener of the load balancer, as far as a deployment moves its traffic.
type Listener interface {
	ARN() string
	// Weights returns the weight of each target group, unused ones included.
	Weights() map[string]int
	SetWeights(map[string]int) error
}

// ECS is the part of Amazon ECS that a deployment needs.
type ECS interface {
	// CreateTaskSet starts a task set of the task definition, registers it in the target
	// group and returns when it is healthy. With an error it leaves nothing behind.
	CreateTaskSet(ctx context.Context, taskDefinition, targetGroup string) (TaskSet, error)
	// DeleteTaskSet drains a task set and ends it.
	DeleteTaskSet(ctx context.Context, id string) error
}

// TaskSet is one side of a service: blue or green.
type TaskSet struct {
	ID             string // such as ecs-svc/1234567890123456789
	TaskDefinition string
	TargetGroup    string // the name
	Tasks          int    // how many tasks run
}

// DeploymentConfig says how production traffic is shifted:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html.
type DeploymentConfig struct {
	Name  string
	Steps []Step
}

// Step gives green a percentage of production traffic, and then waits. No hooks run in
// between.
type Step struct {
	Percent int // 0 to 100; the last step's is 100
	Wait    time.Duration
}

// AllAtOnce is CodeDeployDefault.ECSAllAtOnce: all traffic in one step.
func AllAtOnce() DeploymentConfig {
	return DeploymentConfig{Name: "CodeDeployDefault.ECSAllAtOnce", Steps: []Step{{Percent: 100}}}
}

func (c DeploymentConfig) validate() error {
	last := 0
	for _, step := range c.Steps {
		if step.Percent <= last || step.Percent > 100 || step.Wait < 0 {
			return fmt.Errorf("deployment configuration %q: the steps' percentages must rise up to 100: %v", c.Name, c.Steps)
		}
		last = step.Percent
	}
	if last != 100 {
		return fmt.Errorf("deployment configuration %q: the last step must give green 100 percent, not %d", c.Name, last)
	}
	return nil
}

// RollbackEvent is something that can set off an automatic rollback:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AutoRollbackConfiguration.html.
type RollbackEvent string

// The events that set off a rollback.
const (
	DeploymentFailure       RollbackEvent = "DEPLOYMENT_FAILURE"
	DeploymentStopOnRequest RollbackEvent = "DEPLOYMENT_STOP_ON_REQUEST"
)

// AutoRollback lists what sets off an automatic rollback; empty means that nothing does
// and that a failed deployment stays as it is.
type AutoRollback []RollbackEvent

func (a AutoRollback) on(e RollbackEvent) bool {
	for _, event := range a {
		if event == e {
			return true
		}
	}
	return false
}

// Group is the configuration of a deployment group of an ECS service.
type Group struct {
	Application, Name string
	Cluster, Service  string // default "default" and "service"
	// TargetGroups is the pair between which the service moves. The primary task set is in
	// one of them.
	TargetGroups [2]string
	// Primary is the task set that serves production now.
	Primary TaskSet
	// Production and Test are the listeners. Test may be nil.
	Production, Test Listener
	Config           DeploymentConfig // default [AllAtOnce]
	AutoRollback     AutoRollback
	// HookTimeout is how long a hook may take to report; default [DefaultHookTimeout].
	HookTimeout time.Duration
	// InstallTimeout is how long green may take to be healthy; default [DefaultInstallTimeout].
	InstallTimeout time.Duration
	// TerminationWait is the time between the shift of traffic and the end of blue, in which
	// a stop can still roll back. The deployment is in progress until it is over.
	TerminationWait time.Duration
	// RollbackHooks has rollbacks call the hooks too. AWS doesn't document whether it does;
	// by default rollbacks here don't, because what is wrong may be the hook.
	RollbackHooks bool
}

func (g Group) normalize() (Group, error) {
	g.Cluster = cmp.Or(g.Cluster, "default")
	g.Service = cmp.Or(g.Service, "service")
	g.HookTimeout = cmp.Or(g.HookTimeout, DefaultHookTimeout)
	g.InstallTimeout = cmp.Or(g.InstallTimeout, DefaultInstallTimeout)
	if g.Config.Name == "" && len(g.Config.Steps) == 0 {
		g.Config = AllAtOnce()
	}
	var errs []error
	if g.Application == "" || g.Name == "" {
		errs = append(errs, errors.New("it needs the names of an application and of a group"))
	}
	if g.TargetGroups[0] == "" || g.TargetGroups[1] == "" || g.TargetGroups[0] == g.TargetGroups[1] {
		errs = append(errs, fmt.Errorf("it needs two target groups, not %q", g.TargetGroups))
	}
	if g.Primary.TargetGroup != g.TargetGroups[0] && g.Primary.TargetGroup != g.TargetGroups[1] {
		errs = append(errs, fmt.Errorf("its primary task set is in target group %q, which is not one of %q", g.Primary.TargetGroup, g.TargetGroups))
	}
	if g.Production == nil {
		errs = append(errs, errors.New("it needs a production listener"))
	}
	errs = append(errs, g.Config.validate())
	if err := errors.Join(errs...); err != nil {
		return g, fmt.Errorf("creating deployment group %q: %w", g.Name, err)
	}
	return g, nil
}

// targetID names the service as the one target of its deployments.
func (g Group) targetID() string { return g.Cluster + ":" + g.Service }

// otherThan returns the target group that isn't name.
func (g Group) otherThan(name string) string {
	if g.TargetGroups[0] == name {
		return g.TargetGroups[1]
	}
	return g.TargetGroups[0]
}
