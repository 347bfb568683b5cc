package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// register registers a version of the service: the task definition of the example with another command.
func (v *Verification) register(ctx context.Context, family string, version Version) (arn string, err error) {
	out, err := v.Account.describeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &family})
	if err != nil {
		return "", fmt.Errorf("reading the task definition %s: %w", family, err)
	}
	d := out.TaskDefinition
	if len(d.ContainerDefinitions) != 1 {
		return "", fmt.Errorf("the task definition %s has %d containers, and the example has one", family, len(d.ContainerDefinitions))
	}
	d.ContainerDefinitions[0].Command = version.serve()
	made, err := v.Account.registerTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
		Family: &family, NetworkMode: d.NetworkMode, RequiresCompatibilities: d.RequiresCompatibilities, Cpu: d.Cpu, Memory: d.Memory,
		ExecutionRoleArn: d.ExecutionRoleArn, ContainerDefinitions: d.ContainerDefinitions,
		Tags: []types.Tag{{Key: aws.String(Tag), Value: &v.Name}},
	})
	if err != nil {
		return "", fmt.Errorf("registering the %s version of the task definition %s: %w", version, family, err)
	}
	arn = aws.ToString(made.TaskDefinition.TaskDefinitionArn)
	v.registered(arn)
	return arn, nil
}

// ecsService is what ECS deploys itself, and the log of the gate that it asks.
type ecsService struct {
	of            Contract
	cluster, name string
	log           string
	// pauses has deployments wait for an answer in place of calling the gate.
	pauses bool
}

// pauseEnds is how long a pause waits for its answer, which comes in seconds.
const pauseEnds = 10 // minutes

// hooks are the service's for a deployment: the example's one, at every stage where it has three, or a pause while green is tested.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
func (s ecsService) hooks(example []types.DeploymentLifecycleHook) []types.DeploymentLifecycleHook {
	if s.pauses {
		return []types.DeploymentLifecycleHook{{
			TargetType: types.DeploymentLifecycleHookTargetTypePause, LifecycleStages: []types.DeploymentLifecycleHookStage{types.DeploymentLifecycleHookStagePostTestTrafficShift},
			TimeoutConfiguration: &types.DeploymentLifecycleHookTimeoutConfiguration{TimeoutInMinutes: aws.Int32(pauseEnds), Action: types.DeploymentLifecycleHookActionRollback},
		}}
	}
	all := slices.Clone(example)
	for i := range all {
		all[i].LifecycleStages = types.DeploymentLifecycleHookStage("").Values()
	}
	return all
}

// heardAll says that the gate has been asked all that it is to be: up to its no, or to the last stage, or once at a pause.
func (s ecsService) heardAll(all []Execution) bool {
	d := Deployment{Executions: all}
	return len(d.failed()) > 0 || d.execution("AfterAllowTraffic") != nil || s.pauses && len(all) > 0 && all[0].Status != ""
}

// update deploys a version, with the gate at every stage, and waits until the deployment is over.
func (v *Verification) update(ctx context.Context, s ecsService, version Version, taskDefinition string) (Deployment, error) {
	before, err := v.serviceDeployments(ctx, s)
	if err != nil {
		return Deployment{}, err
	}
	there, err := v.Account.describeServices(ctx, &ecs.DescribeServicesInput{Cluster: &s.cluster, Services: []string{s.name}})
	if err != nil {
		return Deployment{}, fmt.Errorf("reading the service %s: %w", s.name, err)
	}
	if len(there.Services) != 1 || there.Services[0].DeploymentConfiguration == nil {
		return Deployment{}, fmt.Errorf("reading the service %s: it isn't there, or has no deployment configuration", s.name)
	}
	configuration := there.Services[0].DeploymentConfiguration
	configuration.LifecycleHooks = s.hooks(configuration.LifecycleHooks)
	began := v.Clock.Now()
	asking, cancel := uninterrupted(ctx)
	defer cancel()
	if _, err := v.Account.updateService(asking, &ecs.UpdateServiceInput{
		Cluster: &s.cluster, Service: &s.name, TaskDefinition: &taskDefinition, DeploymentConfiguration: configuration,
	}); err != nil {
		return Deployment{}, fmt.Errorf("deploying the %s version to the service %s: %w", version, s.name, err)
	}
	return v.serviceDeploymentOver(ctx, s, version, before, began)
}

func (v *Verification) serviceDeployments(ctx context.Context, s ecsService) ([]string, error) {
	var all []string
	for token, asked := (*string)(nil), map[string]bool{}; ; {
		out, err := v.Account.listServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{Cluster: &s.cluster, Service: &s.name, NextToken: token})
		if err != nil {
			return nil, fmt.Errorf("listing the deployments of the service %s: %w", s.name, err)
		}
		for _, d := range out.ServiceDeployments {
			all = append(all, aws.ToString(d.ServiceDeploymentArn))
		}
		if token = out.NextToken; aws.ToString(token) == "" || asked[*token] {
			return all, nil
		}
		asked[*token] = true
	}
}

// running are the statuses of a deployment that goes on.
var running = []types.ServiceDeploymentStatus{
	types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress, types.ServiceDeploymentStatusStopRequested,
	types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress,
}

// serviceDeploymentOver waits for the deployment that wasn't there before, and for its end.
func (v *Verification) serviceDeploymentOver(ctx context.Context, s ecsService, version Version, before []string, began time.Time) (Deployment, error) {
	d := Deployment{Version: version}
	err := v.await(ctx, "the deployment of the service "+s.name, &runningDeployment{
		of: s.of,
		over: func(ctx context.Context) (bool, error) {
			if d.ID == "" {
				now, err := v.serviceDeployments(ctx, s)
				i := slices.IndexFunc(now, func(arn string) bool { return !slices.Contains(before, arn) })
				if err != nil || i < 0 {
					return false, err
				}
				d.ID = now[i]
			}
			out, err := v.Account.describeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{d.ID}})
			switch {
			case err != nil:
				return false, fmt.Errorf("looking at the deployment %s: %w", d.ID, err)
			case len(out.ServiceDeployments) != 1:
				return false, errors.New("looking at the deployment " + d.ID + ": it isn't there")
			}
			is := out.ServiceDeployments[0]
			d.Status, d.Why = string(is.Status), aws.ToString(is.StatusReason)
			return !slices.Contains(running, is.Status), nil
		},
		stop: func(ctx context.Context) error {
			if d.ID == "" {
				return fmt.Errorf("stopping the deployment of the service %s: ECS doesn't list it yet", s.name)
			}
			if _, err := v.Account.stopServiceDeployment(ctx, &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: &d.ID, StopType: types.StopServiceDeploymentStopTypeRollback}); err != nil {
				return fmt.Errorf("stopping the deployment %s: %w", d.ID, err)
			}
			return nil
		},
	})
	d.Took = v.Clock.Now().Sub(began)
	if err != nil {
		return d, err
	}
	d.Executions, err = v.readLog(ctx, s.log, began, d.ID, s.heardAll)
	return d, err
}
