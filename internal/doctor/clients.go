package doctor

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/revision"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// call is an operation of AWS's.
type call[In, Out any] func(context.Context, In) (Out, error)

// Clients are the operations that are read. Each is a func and no client is kept: a type that reflection can reach keeps
// all of its methods in the binary.
type Clients struct {
	region string

	listApplications     call[*codedeploy.ListApplicationsInput, *codedeploy.ListApplicationsOutput]
	listDeploymentGroups call[*codedeploy.ListDeploymentGroupsInput, *codedeploy.ListDeploymentGroupsOutput]
	getDeploymentGroup   call[*codedeploy.GetDeploymentGroupInput, *codedeploy.GetDeploymentGroupOutput]
	getRevision          call[*codedeploy.GetApplicationRevisionInput, *codedeploy.GetApplicationRevisionOutput]
	getDeployment        call[*codedeploy.GetDeploymentInput, *codedeploy.GetDeploymentOutput]
	listDeployments      call[*codedeploy.ListDeploymentsInput, *codedeploy.ListDeploymentsOutput]

	getObject call[revision.InS3, string]
	getPlan   call[plan.Address, []byte]

	describeServices       call[*ecs.DescribeServicesInput, *ecs.DescribeServicesOutput]
	listServiceDeployments call[*ecs.ListServiceDeploymentsInput, *ecs.ListServiceDeploymentsOutput]

	describeListeners     call[*elb.DescribeListenersInput, *elb.DescribeListenersOutput]
	describeRules         call[*elb.DescribeRulesInput, *elb.DescribeRulesOutput]
	describeTargetGroups  call[*elb.DescribeTargetGroupsInput, *elb.DescribeTargetGroupsOutput]
	describeTargetHealth  call[*elb.DescribeTargetHealthInput, *elb.DescribeTargetHealthOutput]
	describeLoadBalancers call[*elb.DescribeLoadBalancersInput, *elb.DescribeLoadBalancersOutput]

	getFunction            call[*lambda.GetFunctionConfigurationInput, *lambda.GetFunctionConfigurationOutput]
	getFunctionInvokes     call[*lambda.GetFunctionEventInvokeConfigInput, *lambda.GetFunctionEventInvokeConfigOutput]
	getFunctionConcurrency call[*lambda.GetFunctionConcurrencyInput, *lambda.GetFunctionConcurrencyOutput]
	getFunctionPolicy      call[*lambda.GetPolicyInput, *lambda.GetPolicyOutput]

	getRole              call[*iam.GetRoleInput, *iam.GetRoleOutput]
	simulatePolicy       call[*iam.SimulatePrincipalPolicyInput, *iam.SimulatePrincipalPolicyOutput]
	listAttachedPolicies call[*iam.ListAttachedRolePoliciesInput, *iam.ListAttachedRolePoliciesOutput]
	listRolePolicies     call[*iam.ListRolePoliciesInput, *iam.ListRolePoliciesOutput]
	getRolePolicy        call[*iam.GetRolePolicyInput, *iam.GetRolePolicyOutput]
	getPolicy            call[*iam.GetPolicyInput, *iam.GetPolicyOutput]
	getPolicyVersion     call[*iam.GetPolicyVersionInput, *iam.GetPolicyVersionOutput]

	describeAlarms call[[]string, []alarm]

	describeParameter call[string, storedSecret]  // by name
	describeSecret    call[string, storedSecret]  // by name or ARN
	describeKey       call[string, encryptionKey] // by id, ARN or alias

	describeSubnets        call[[]string, []subnet]
	describeRouteTables    call[string, []routeTable] // of a VPC
	describeVPCEndpoints   call[string, []vpcEndpoint]
	describeSecurityGroups call[[]string, []securityGroup]
}

// operation makes a call of a client's method.
func operation[In, Out, Opt any](method func(context.Context, In, ...func(*Opt)) (Out, error)) call[In, Out] {
	return func(ctx context.Context, in In) (Out, error) { return method(ctx, in) }
}

// NewClients makes the calls of a configuration.
func NewClients(cfg aws.Config) Clients {
	deploys, services, balancers := codedeploy.NewFromConfig(cfg), ecs.NewFromConfig(cfg), elb.NewFromConfig(cfg)
	functions, roles := lambda.NewFromConfig(cfg), iam.NewFromConfig(cfg)
	objects := awscall.NewS3(cfg)
	network, alarms := caller{cfg, ec2Service}, caller{cfg, cloudWatchService}
	return Clients{
		region: cfg.Region,

		listApplications:     operation(deploys.ListApplications),
		listDeploymentGroups: operation(deploys.ListDeploymentGroups),
		getDeploymentGroup:   operation(deploys.GetDeploymentGroup),
		getRevision:          operation(deploys.GetApplicationRevision),
		getDeployment:        operation(deploys.GetDeployment),
		listDeployments:      operation(deploys.ListDeployments),

		getObject: func(ctx context.Context, at revision.InS3) (string, error) { return revision.Read(ctx, objects, at) },
		getPlan: func(ctx context.Context, at plan.Address) ([]byte, error) {
			object, err := objects.Get(ctx, at.Bucket, at.Key, "", strictyaml.MaxSize)
			return object.Body, err
		},

		describeServices:       operation(services.DescribeServices),
		listServiceDeployments: operation(services.ListServiceDeployments),

		describeListeners:     operation(balancers.DescribeListeners),
		describeRules:         operation(balancers.DescribeRules),
		describeTargetGroups:  operation(balancers.DescribeTargetGroups),
		describeTargetHealth:  operation(balancers.DescribeTargetHealth),
		describeLoadBalancers: operation(balancers.DescribeLoadBalancers),

		getFunction:            operation(functions.GetFunctionConfiguration),
		getFunctionInvokes:     operation(functions.GetFunctionEventInvokeConfig),
		getFunctionConcurrency: operation(functions.GetFunctionConcurrency),
		getFunctionPolicy:      operation(functions.GetPolicy),

		getRole:              operation(roles.GetRole),
		simulatePolicy:       operation(roles.SimulatePrincipalPolicy),
		listAttachedPolicies: operation(roles.ListAttachedRolePolicies),
		listRolePolicies:     operation(roles.ListRolePolicies),
		getRolePolicy:        operation(roles.GetRolePolicy),
		getPolicy:            operation(roles.GetPolicy),
		getPolicyVersion:     operation(roles.GetPolicyVersion),

		describeAlarms: alarms.alarms,

		describeSubnets:        network.subnets,
		describeRouteTables:    network.routeTables,
		describeVPCEndpoints:   network.vpcEndpoints,
		describeSecurityGroups: network.securityGroups,

		describeParameter: describeParameter(awscall.New(cfg, awscall.SSM)),
		describeSecret:    describeSecret(awscall.New(cfg, awscall.SecretsManager)),
		describeKey:       describeKey(awscall.New(cfg, kms)),
	}
}
