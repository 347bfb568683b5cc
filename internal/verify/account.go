package verify

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
)

// call is an operation of AWS's.
type call[In, Out any] func(context.Context, In) (Out, error)

// operation makes a call of a client's method.
func operation[In, Out, Opt any](method func(context.Context, In, ...func(*Opt)) (Out, error)) call[In, Out] {
	return func(ctx context.Context, in In) (Out, error) { return method(ctx, in) }
}

// An Account is where it is done, and by whom. Its calls are funcs, and no client is kept: a type that reflection can reach keeps
// all of its methods in the binary.
type Account struct {
	// Number is the account's, Caller the ARN of who asks.
	Number, Caller string
	Region         string

	createStack         call[*cloudformation.CreateStackInput, *cloudformation.CreateStackOutput]
	deleteStack         call[*cloudformation.DeleteStackInput, *cloudformation.DeleteStackOutput]
	describeStacks      call[*cloudformation.DescribeStacksInput, *cloudformation.DescribeStacksOutput]
	describeResource    call[*cloudformation.DescribeStackResourceInput, *cloudformation.DescribeStackResourceOutput]
	describeStackEvents call[*cloudformation.DescribeStackEventsInput, *cloudformation.DescribeStackEventsOutput]

	objects *awscall.S3

	createDeployment   call[*codedeploy.CreateDeploymentInput, *codedeploy.CreateDeploymentOutput]
	stopDeployment     call[*codedeploy.StopDeploymentInput, *codedeploy.StopDeploymentOutput]
	getDeployment      call[*codedeploy.GetDeploymentInput, *codedeploy.GetDeploymentOutput]
	getDeploymentGroup call[*codedeploy.GetDeploymentGroupInput, *codedeploy.GetDeploymentGroupOutput]
	listTargets        call[*codedeploy.ListDeploymentTargetsInput, *codedeploy.ListDeploymentTargetsOutput]
	getTargets         call[*codedeploy.BatchGetDeploymentTargetsInput, *codedeploy.BatchGetDeploymentTargetsOutput]
	putStatus          call[*codedeploy.PutLifecycleEventHookExecutionStatusInput, *codedeploy.PutLifecycleEventHookExecutionStatusOutput]

	describeServices           call[*ecs.DescribeServicesInput, *ecs.DescribeServicesOutput]
	updateService              call[*ecs.UpdateServiceInput, *ecs.UpdateServiceOutput]
	listServiceDeployments     call[*ecs.ListServiceDeploymentsInput, *ecs.ListServiceDeploymentsOutput]
	describeServiceDeployments call[*ecs.DescribeServiceDeploymentsInput, *ecs.DescribeServiceDeploymentsOutput]
	stopServiceDeployment      call[*ecs.StopServiceDeploymentInput, *ecs.StopServiceDeploymentOutput]
	describeTaskDefinition     call[*ecs.DescribeTaskDefinitionInput, *ecs.DescribeTaskDefinitionOutput]
	registerTaskDefinition     call[*ecs.RegisterTaskDefinitionInput, *ecs.RegisterTaskDefinitionOutput]
	deregisterTaskDefinition   call[*ecs.DeregisterTaskDefinitionInput, *ecs.DeregisterTaskDefinitionOutput]

	describeListeners call[*elb.DescribeListenersInput, *elb.DescribeListenersOutput]

	getFunction        call[*lambda.GetFunctionConfigurationInput, *lambda.GetFunctionConfigurationOutput]
	updateFunctionCode call[*lambda.UpdateFunctionCodeInput, *lambda.UpdateFunctionCodeOutput]
	getAlias           call[*lambda.GetAliasInput, *lambda.GetAliasOutput]

	filterLog call[logQuery, logPage]
}

// logs is asked for one operation, which is no reason to link its client.
//
// https://docs.aws.amazon.com/general/latest/gr/cwl_region.html
var logs = awscall.Service{ID: "CloudWatch Logs", Name: "logs", Target: "Logs_20140328"}

// OpenAccount asks AWS who the credentials of cfg are, and makes its calls with them.
func OpenAccount(ctx context.Context, cfg aws.Config) (*Account, error) {
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("asking AWS whose credentials these are (sts:GetCallerIdentity): %w", err)
	}
	stacks := cloudformation.NewFromConfig(cfg)
	deploys, services := codedeploy.NewFromConfig(cfg), ecs.NewFromConfig(cfg)
	balancers, functions := elb.NewFromConfig(cfg), lambda.NewFromConfig(cfg)
	log := awscall.New(cfg, logs)
	return &Account{
		Number: aws.ToString(who.Account), Caller: aws.ToString(who.Arn), Region: cfg.Region,

		createStack: operation(stacks.CreateStack), deleteStack: operation(stacks.DeleteStack),
		describeStacks: operation(stacks.DescribeStacks), describeStackEvents: operation(stacks.DescribeStackEvents),
		describeResource: operation(stacks.DescribeStackResource),

		objects: awscall.NewS3(cfg),

		createDeployment: operation(deploys.CreateDeployment), stopDeployment: operation(deploys.StopDeployment), getDeployment: operation(deploys.GetDeployment),
		getDeploymentGroup: operation(deploys.GetDeploymentGroup), listTargets: operation(deploys.ListDeploymentTargets), getTargets: operation(deploys.BatchGetDeploymentTargets),
		putStatus: operation(deploys.PutLifecycleEventHookExecutionStatus),

		describeServices: operation(services.DescribeServices), updateService: operation(services.UpdateService),
		listServiceDeployments: operation(services.ListServiceDeployments), describeServiceDeployments: operation(services.DescribeServiceDeployments),
		stopServiceDeployment:  operation(services.StopServiceDeployment),
		describeTaskDefinition: operation(services.DescribeTaskDefinition), registerTaskDefinition: operation(services.RegisterTaskDefinition),
		deregisterTaskDefinition: operation(services.DeregisterTaskDefinition),

		describeListeners: operation(balancers.DescribeListeners),

		getFunction: operation(functions.GetFunctionConfiguration), updateFunctionCode: operation(functions.UpdateFunctionCode),
		getAlias: operation(functions.GetAlias),

		filterLog: func(ctx context.Context, q logQuery) (logPage, error) {
			var page logPage
			return page, log.Call(ctx, "FilterLogEvents", q, &page)
		},
	}, nil
}
