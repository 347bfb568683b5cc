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

// Listener is a listener of the load balancer, as far as a deployment moves its traffic. A group
// names listeners, never rules: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TrafficRoute.html.
type Listener interface {
	ARN() string
	// Routes returns the listener's rules and its default action, in any order.
	Routes() []Route
}

// Route is a rule of a listener, or its default action.
type Route interface {
	ARN() string
	// Weights returns the weight of each target group, unused ones included; it is empty where the
	// action is no forward.
	Weights() map[string]int
	SetWeights(map[string]int) error
}

// ECS is the part of Amazon ECS that a deployment needs.
type ECS interface {
	// CreateTaskSet starts a task set, registers it in the target
	// group and returns when it is healthy. With an error it leaves nothing behind.
	CreateTaskSet(ctx context.Context, r TaskSetRequest) (TaskSet, error)
	// UpdateServicePrimaryTaskSet says that a task set serves production from now on.
	UpdateServicePrimaryTaskSet(id string) error
	// DeleteTaskSet drains a task set and ends it.
	DeleteTaskSet(ctx context.Context, id string) error
}

// TaskSetRequest asks for a task set of a service.
type TaskSetRequest struct {
	Cluster, Service string
	TaskDefinition   string
	TargetGroup      string // the name
	DeploymentID     string
}

// TaskSet is one side of a service: blue or green.
type TaskSet struct {
	ID             string // such as ecs-svc/1234567890123456789
	TaskDefinition string
	TargetGroup    string // the name
	Tasks          int    // how many tasks run
}

// RollbackEvent is something that can set off an automatic rollback:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AutoRollbackConfiguration.html.
type RollbackEvent string

// The events that set off a rollback.
const (
	DeploymentFailure       RollbackEvent = "DEPLOYMENT_FAILURE"
	DeploymentStopOnRequest RollbackEvent = "DEPLOYMENT_STOP_ON_REQUEST"
	// DeploymentStopOnAlarm is kept and shown: there are no alarms here that would stop a deployment.
	DeploymentStopOnAlarm RollbackEvent = "DEPLOYMENT_STOP_ON_ALARM"
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

// Alias is an alias of a Lambda function, as far as a deployment moves its traffic:
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html.
type Alias interface {
	// CurrentVersion is the alias's main version, which gets the invocations that no weight sends
	// elsewhere.
	CurrentVersion() string
	// Weights returns the share of each version that gets invocations, 0 to 1, together 1.
	Weights() map[string]float64
	// Shift sends a share of the invocations, 0 to 1, to a version, and the rest to the main one. With 1
	// the version becomes the main one. A version that doesn't exist is an error.
	Shift(version string, weight float64) error
}

// WithoutTestListener is what becomes of a hook that is to test green through a test listener, which
// CodeDeploy has optional, when there is none. AWS doesn't document it:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#appspec-hooks-ecs.
type WithoutTestListener int

// What can become of such a hook.
const (
	// RefuseHook refuses the deployment: a check that silently doesn't run, or has nothing to look
	// at, is worse.
	RefuseHook WithoutTestListener = iota
	// SkipHook skips the event, as AllowTestTraffic is.
	SkipHook
	// RunHook calls the function all the same.
	RunHook
)

// Group is the configuration of a deployment group: of an ECS service, or of Lambda functions,
// whose names and versions come with each deployment's AppSpec. What is said to be of ECS is not
// looked at in a group for Lambda.
type Group struct {
	Application, Name string
	Platform          Platform // default [PlatformECS]
	// ServiceRole is the ARN of the role that CodeDeploy acts in; it is shown and nothing else.
	ServiceRole string
	// Cluster and Service are of ECS.
	Cluster, Service string // default "default" and "service"
	// TargetGroups is the pair between which the ECS service moves. The primary task set is in
	// one of them.
	TargetGroups [2]string
	// Primary is the task set of ECS that serves production now.
	Primary TaskSet
	// Production and Test are the listeners for ECS. Test may be nil.
	Production, Test Listener
	Config           DeploymentConfig // default AllAtOnce of the platform
	AutoRollback     AutoRollback
	// HookTimeout is how long a hook may take to report; default [DefaultHookTimeout].
	HookTimeout time.Duration
	// InstallTimeout is how long green may take to be healthy; default [DefaultInstallTimeout].
	InstallTimeout time.Duration
	// TerminationWait is the time between the shift of traffic and the end of blue, in which
	// a stop can still roll back. The deployment is in progress until it is over.
	TerminationWait time.Duration
	// RerouteWait is how long the deployment waits, with the status Ready, for ContinueDeployment
	// before any production traffic is shifted; without one it is stopped. 0 goes on at once. The wait
	// comes after the test traffic's hook and before that of BeforeAllowTraffic; AWS doesn't document
	// where exactly. Not on Lambda, and not in rollbacks:
	// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentReadyOption.html.
	RerouteWait time.Duration
	// WithoutTestListener is what becomes of a hook for AfterAllowTestTraffic where Test is nil.
	WithoutTestListener WithoutTestListener
	// Queue has a deployment wait, with the status Queued, while another one of the group is in
	// progress. By default it is refused with DeploymentLimitExceededException, as AWS does, whose limit is one
	// deployment of a group at a time: https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html.
	// A rollback goes before whatever is queued.
	Queue bool
	// RollbackHooks has rollbacks call the hooks too. AWS doesn't document whether it does;
	// by default rollbacks here don't, because what is wrong may be the hook.
	RollbackHooks bool
}

func (g Group) normalize() (Group, error) {
	g.Platform = cmp.Or(g.Platform, PlatformECS)
	g.HookTimeout = cmp.Or(g.HookTimeout, DefaultHookTimeout)
	if g.Config.Name == "" && len(g.Config.Steps) == 0 {
		g.Config = allAtOnce(g.Platform)
	}
	errs := []error{g.Config.validate()}
	if g.Application == "" || g.Name == "" {
		errs = append(errs, errors.New("it needs the names of an application and of a group"))
	}
	if !g.Config.suits(g.Platform) {
		errs = append(errs, fmt.Errorf("it deploys to %s, and its deployment configuration %s is for %s", g.Platform, g.Config.Name, g.Config.Platform))
	}
	switch g.Platform {
	case PlatformECS:
		g.Cluster = cmp.Or(g.Cluster, "default")
		g.Service = cmp.Or(g.Service, "service")
		g.InstallTimeout = cmp.Or(g.InstallTimeout, DefaultInstallTimeout)
		errs = append(errs, g.validateService())
	case PlatformLambda:
	default:
		errs = append(errs, fmt.Errorf("its platform is %q; %s and %s are simulated", g.Platform, PlatformECS, PlatformLambda))
	}
	if err := errors.Join(errs...); err != nil {
		return g, fmt.Errorf("creating deployment group %q: %w", g.Name, err)
	}
	return g, nil
}

// validateService checks what a group for ECS needs.
func (g Group) validateService() error {
	var errs []error
	if g.TargetGroups[0] == "" || g.TargetGroups[1] == "" || g.TargetGroups[0] == g.TargetGroups[1] {
		errs = append(errs, fmt.Errorf("it needs two target groups, not %q", g.TargetGroups))
	}
	if g.Primary.TargetGroup != g.TargetGroups[0] && g.Primary.TargetGroup != g.TargetGroups[1] {
		errs = append(errs, fmt.Errorf("its primary task set is in target group %q, which is not one of %q", g.Primary.TargetGroup, g.TargetGroups))
	}
	if g.Production == nil {
		errs = append(errs, errors.New("it needs a production listener"))
	}
	return errors.Join(errs...)
}

// otherThan returns the target group that isn't name.
func (g Group) otherThan(name string) string {
	if g.TargetGroups[0] == name {
		return g.TargetGroups[1]
	}
	return g.TargetGroups[0]
}
