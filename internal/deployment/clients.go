package deployment

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

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
	specs         memory[appSpec]           // by deployment: a deployment's revision is fixed
	images        memory[map[string]string] // by task definition with its revision, which is fixed too
	region        string
}

// NewClients makes the clients from a configuration such as hook.LambdaConfig's. The environment names the endpoints of
// single services and their variants, as it does for the SDK: env is os.Getenv.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func NewClients(cfg aws.Config, env func(string) string) *Clients {
	deploys := codedeploy.NewFromConfig(cfg, func(o *codedeploy.Options) {
		o.BaseEndpoint, o.Retryer, o.RetryMaxAttempts = endpoint(cfg, env, "CODEDEPLOY"), awscall.NewRetryer(), 0
		o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint = variantOf(env)
	})
	balancers := elb.NewFromConfig(cfg, func(o *elb.Options) {
		o.BaseEndpoint, o.Retryer, o.RetryMaxAttempts = endpoint(cfg, env, "ELASTIC_LOAD_BALANCING_V2"), awscall.NewRetryer(), 0
		o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint = variantOf(env)
	})
	signed := func(service awscall.Service, id string) *awscall.Client {
		own := cfg
		own.BaseEndpoint = endpoint(cfg, env, id)
		return awscall.New(own, service, awscall.Variant{FIPS: isTrue(env("AWS_USE_FIPS_ENDPOINT")), DualStack: isTrue(env("AWS_USE_DUALSTACK_ENDPOINT"))})
	}
	return &Clients{
		getDeployment: deploys.GetDeployment, listTargets: deploys.ListDeploymentTargets, getTargets: deploys.BatchGetDeploymentTargets,
		getRevision: deploys.GetApplicationRevision, getGroup: deploys.GetDeploymentGroup,
		listeners: balancers.DescribeListeners, rules: balancers.DescribeRules, targetGroups: balancers.DescribeTargetGroups,
		loadBalancers: balancers.DescribeLoadBalancers, targetHealth: balancers.DescribeTargetHealth,
		ecs: signed(awscall.ECS, "ECS").Call, lambda: signed(awscall.Lambda, "LAMBDA").Get,
		region: cfg.Region,
	}
}

// endpoint is the endpoint that is configured for a service. The BaseEndpoint of a configuration that hook.LambdaConfig has
// made is CodeDeploy's, and no other service's where the environment has one for CodeDeploy alone.
func endpoint(cfg aws.Config, env func(string) string, service string) *string {
	if isTrue(env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
		return cfg.BaseEndpoint
	}
	if url := cmp.Or(env("AWS_ENDPOINT_URL_"+service), env("AWS_ENDPOINT_URL")); url != "" {
		return &url
	}
	if env("AWS_ENDPOINT_URL_CODEDEPLOY") != "" {
		return nil
	}
	return cfg.BaseEndpoint
}

func variantOf(env func(string) string) (fips aws.FIPSEndpointState, dualStack aws.DualStackEndpointState) {
	if isTrue(env("AWS_USE_FIPS_ENDPOINT")) {
		fips = aws.FIPSEndpointStateEnabled
	}
	if isTrue(env("AWS_USE_DUALSTACK_ENDPOINT")) {
		dualStack = aws.DualStackEndpointStateEnabled
	}
	return fips, dualStack
}

func isTrue(value string) bool { return strings.EqualFold(value, "true") }

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
