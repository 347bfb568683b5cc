package hook

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// A CodeDeployReporter puts statuses with CodeDeploy's
// PutLifecycleEventHookExecutionStatus. It is the default [Reporter] of executions for CodeDeploy.
type CodeDeployReporter struct {
	// put and options are the client's methods. The client itself must not stand in a field: a program that also
	// links reflect.Value.MethodByName, as expression languages do, would then keep each of its fifty operations,
	// some 3 MB that every cold start loads.
	put     func(context.Context, *codedeploy.PutLifecycleEventHookExecutionStatusInput, ...func(*codedeploy.Options)) (*codedeploy.PutLifecycleEventHookExecutionStatusOutput, error)
	options func() codedeploy.Options
	warmer  *warmTransport // nil where cfg brought an HTTP client of its own
}

// NewCodeDeployReporter makes a client from cfg, for hooks that report with another
// configuration than the environment's. The client makes one attempt for each Report.
func NewCodeDeployReporter(cfg aws.Config, optFns ...func(*codedeploy.Options)) *CodeDeployReporter {
	r := &CodeDeployReporter{}
	r.warmer, cfg.HTTPClient = warmClient(cfg.HTTPClient)
	client := codedeploy.NewFromConfig(cfg, append(optFns, func(o *codedeploy.Options) {
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 0
	})...)
	r.put, r.options = client.PutLifecycleEventHookExecutionStatus, client.Options
	return r
}

// Report puts the status of e, once.
func (r *CodeDeployReporter) Report(ctx context.Context, e Execution, s Status) error {
	if e.Contract != CodeDeploy {
		return &unsentError{fmt.Errorf("an execution for %v can't be reported to CodeDeploy", e.Contract)}
	}
	_, err := r.put(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId:                  &e.DeploymentID,
		LifecycleEventHookExecutionId: &e.ID,
		Status:                        types.LifecycleEventStatus(s),
	})
	return err
}

// warm opens connections, one of which the first Report will use.
func (r *CodeDeployReporter) warm(ctx context.Context, connections int) error {
	if r.warmer == nil {
		return nil
	}
	o := r.options()
	endpoint, err := o.EndpointResolverV2.ResolveEndpoint(ctx, codedeploy.EndpointParameters{
		Region:       aws.String(o.Region),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		Endpoint:     o.BaseEndpoint,
	})
	if err != nil {
		return fmt.Errorf("find CodeDeploy's endpoint: %w", err)
	}
	return r.warmer.open(ctx, &endpoint.URI, connections)
}
