package deployment

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/awscall"
)

// Clients are the calls that describing a deployment takes, and what is remembered of their answers between the invocations
// of a warm function. They are safe for concurrent use.
//
// The SDK's clients stand in no field, only the methods that are called: see "What was found to cost" in docs/performance.md.
type Clients struct {
	getDeployment func(context.Context, *codedeploy.GetDeploymentInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error)
	listTargets   func(context.Context, *codedeploy.ListDeploymentTargetsInput, ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentTargetsOutput, error)
	getTargets    func(context.Context, *codedeploy.BatchGetDeploymentTargetsInput, ...func(*codedeploy.Options)) (*codedeploy.BatchGetDeploymentTargetsOutput, error)
	getRevision   func(context.Context, *codedeploy.GetApplicationRevisionInput, ...func(*codedeploy.Options)) (*codedeploy.GetApplicationRevisionOutput, error)
	getGroup      func(context.Context, *codedeploy.GetDeploymentGroupInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentGroupOutput, error)
	listeners     func(context.Context, *elb.DescribeListenersInput, ...func(*elb.Options)) (*elb.DescribeListenersOutput, error)
	rules         func(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error)
	targetGroups  func(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
	loadBalancers func(context.Context, *elb.DescribeLoadBalancersInput, ...func(*elb.Options)) (*elb.DescribeLoadBalancersOutput, error)
	targetHealth  func(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error)
	ecs           func(ctx context.Context, operation string, in, out any) error
	lambda        func(ctx context.Context, operation, path string, out any) error
	specs         memory[appspec.Spec]      // by deployment: a deployment's revision is fixed
	images        memory[map[string]string] // by task definition with its revision, which is fixed too
}

// NewClients makes the clients from a configuration such as hook.LambdaConfig's, with whose HTTP client they share their
// connections.
func NewClients(cfg aws.Config) *Clients {
	deploys := codedeploy.NewFromConfig(cfg, func(o *codedeploy.Options) {
		o.Retryer, o.RetryMaxAttempts = awscall.NewRetryer(), 0
	})
	balancers := elb.NewFromConfig(cfg, func(o *elb.Options) {
		o.Retryer, o.RetryMaxAttempts = awscall.NewRetryer(), 0
	})
	return &Clients{
		getDeployment: deploys.GetDeployment, listTargets: deploys.ListDeploymentTargets, getTargets: deploys.BatchGetDeploymentTargets,
		getRevision: deploys.GetApplicationRevision, getGroup: deploys.GetDeploymentGroup,
		listeners: balancers.DescribeListeners, rules: balancers.DescribeRules, targetGroups: balancers.DescribeTargetGroups,
		loadBalancers: balancers.DescribeLoadBalancers, targetHealth: balancers.DescribeTargetHealth,
		ecs: awscall.New(cfg, awscall.ECS).Call, lambda: awscall.New(cfg, awscall.Lambda).Get,
	}
}

// memory holds a few answers that can't change. It is for warm functions, which see one deployment after the other.
type memory[T any] struct {
	mu    sync.Mutex
	known map[string]T
}

// kept is how many answers are remembered: more than a function serves at once, and little enough to be no leak.
const kept = 16

func (m *memory[T]) get(key string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.known[key]
	return value, ok
}

func (m *memory[T]) put(key string, value T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= kept {
		m.known = map[string]T{}
	}
	m.known[key] = value
}
