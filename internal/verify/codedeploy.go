package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
)

// hookable are CodeDeploy's events that can call a hook.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
var hookable = []string{"BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"}

// codeDeployGroup is what CodeDeploy deploys to, and the log of the gate that it asks.
type codeDeployGroup struct {
	of                 Contract
	application, group string
	log                string
}

// deploy makes a deployment, and waits until it and the rollback that came of it are over.
func (v *Verification) deploy(ctx context.Context, to codeDeployGroup, version Version, spec string) (Deployment, error) {
	began := v.Clock.Now()
	asking, cancel := uninterrupted(ctx)
	defer cancel()
	made, err := v.Account.createDeployment(asking, &codedeploy.CreateDeploymentInput{
		ApplicationName: &to.application, DeploymentGroupName: &to.group,
		Description: aws.String("greenlight verify-account: the " + string(version) + " version"),
		Revision: &types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec},
		},
	})
	if err != nil {
		return Deployment{}, fmt.Errorf("deploying the %s version: %w", version, err)
	}
	d, info, err := v.over(ctx, aws.ToString(made.DeploymentId), to, began)
	d.Version = version
	if err != nil || info.RollbackInfo == nil || aws.ToString(info.RollbackInfo.RollbackDeploymentId) == "" {
		return d, err
	}
	back, _, err := v.over(ctx, aws.ToString(info.RollbackInfo.RollbackDeploymentId), to, v.Clock.Now())
	d.Rollback = &back
	return d, err
}

// over waits until a deployment is over, and reads what came of it.
func (v *Verification) over(ctx context.Context, id string, to codeDeployGroup, began time.Time) (Deployment, *types.DeploymentInfo, error) {
	var info *types.DeploymentInfo
	err := v.await(ctx, "deployment "+id, &runningDeployment{
		of: to.of,
		over: func(ctx context.Context) (bool, error) {
			out, err := v.Account.getDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
			if err != nil {
				return false, fmt.Errorf("looking at deployment %s: %w", id, err)
			}
			info = out.DeploymentInfo
			return slices.Contains([]types.DeploymentStatus{types.DeploymentStatusSucceeded, types.DeploymentStatusFailed, types.DeploymentStatusStopped}, info.Status), nil
		},
		stop: func(ctx context.Context) error {
			if _, err := v.Account.stopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: aws.Bool(false)}); err != nil {
				return fmt.Errorf("stopping deployment %s: %w", id, err)
			}
			return nil
		},
	})
	d := Deployment{ID: id, Took: v.Clock.Now().Sub(began)}
	if err != nil {
		return d, info, err
	}
	d.Status = string(info.Status)
	if info.ErrorInformation != nil {
		d.Why = string(info.ErrorInformation.Code) + ": " + aws.ToString(info.ErrorInformation.Message)
	}
	if d.Events, err = v.events(ctx, id); err != nil {
		return d, info, err
	}
	called := 0
	for _, e := range d.Events {
		if slices.Contains(hookable, e.Name) && e.Status != string(types.LifecycleEventStatusSkipped) && e.Status != string(types.LifecycleEventStatusPending) {
			called++
		}
	}
	d.Executions, err = v.readLog(ctx, to.log, began, id, func(all []Execution) bool {
		answered := 0
		for _, e := range all {
			if e.Status != "" {
				answered++
			}
		}
		return answered >= called
	})
	return d, info, err
}

// events are the lifecycle events of a deployment's only target.
func (v *Verification) events(ctx context.Context, id string) ([]Event, error) {
	targets, err := v.Account.listTargets(ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
	if err != nil {
		return nil, fmt.Errorf("listing the targets of deployment %s: %w", id, err)
	}
	if len(targets.TargetIds) == 0 {
		return nil, nil // it failed before it had any
	}
	out, err := v.Account.getTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: targets.TargetIds})
	if err != nil {
		return nil, fmt.Errorf("reading the lifecycle events of deployment %s: %w", id, err)
	}
	var events []Event
	for _, t := range out.DeploymentTargets {
		var of []types.LifecycleEvent
		switch {
		case t.EcsTarget != nil:
			of = t.EcsTarget.LifecycleEvents
		case t.LambdaTarget != nil:
			of = t.LambdaTarget.LifecycleEvents
		}
		for _, e := range of {
			events = append(events, Event{aws.ToString(e.LifecycleEventName), string(e.Status)})
		}
	}
	return events, nil
}

// reportAgain answers for a hook that has answered, and gives the code of the error that CodeDeploy says to it; empty for none.
func (v *Verification) reportAgain(ctx context.Context, d Deployment) (string, error) {
	i := slices.IndexFunc(d.Executions, func(e Execution) bool { return e.ID != "" && e.Status == "Succeeded" })
	if i < 0 {
		return "", errors.New("no execution of the gate is known that could be answered for a second time")
	}
	_, err := v.Account.putStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &d.ID, LifecycleEventHookExecutionId: &d.Executions[i].ID, Status: types.LifecycleEventStatusSucceeded,
	})
	if refused := smithy.APIError(nil); errors.As(err, &refused) {
		return refused.ErrorCode(), nil
	}
	return "", err
}

// Weights are the target groups of a listener, by name or ARN, with their shares of its traffic.
type Weights struct {
	Listener string         `json:"listener"` // production or test
	Groups   map[string]int `json:"groups"`
}

// weights reads where the group's listeners lead.
func (v *Verification) weights(ctx context.Context, to codeDeployGroup) ([]Weights, error) {
	out, err := v.Account.getDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: &to.application, DeploymentGroupName: &to.group})
	if err != nil {
		return nil, fmt.Errorf("reading the deployment group %s: %w", to.group, err)
	}
	info := out.DeploymentGroupInfo.LoadBalancerInfo
	if info == nil || len(info.TargetGroupPairInfoList) == 0 {
		return nil, fmt.Errorf("the deployment group %s has no pair of target groups", to.group)
	}
	pair := info.TargetGroupPairInfoList[0]
	var all []Weights
	for name, route := range map[string]*types.TrafficRoute{"production": pair.ProdTrafficRoute, "test": pair.TestTrafficRoute} {
		if route == nil {
			continue
		}
		listeners, err := v.Account.describeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: route.ListenerArns})
		if err != nil {
			return nil, fmt.Errorf("reading the %s listener: %w", name, err)
		}
		w := Weights{name, map[string]int{}}
		for _, l := range listeners.Listeners {
			for _, a := range l.DefaultActions {
				switch {
				case a.ForwardConfig != nil:
					for _, g := range a.ForwardConfig.TargetGroups {
						w.Groups[aws.ToString(g.TargetGroupArn)] = int(aws.ToInt32(g.Weight))
					}
				case a.TargetGroupArn != nil:
					w.Groups[*a.TargetGroupArn] = 1
				}
			}
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b Weights) int { return strings.Compare(a.Listener, b.Listener) })
	return all, nil
}
