package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	codedeploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/greenlight-deploy/greenlight/internal/loopback"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
)

const application = "bench"

// groups is a simulator with many services, each with its listeners, target groups and deployment group, which were
// created over the API as people create them.
type groups struct {
	*simulator.Simulator
	deploys        *codedeploy.Client
	taskDefinition string
	names          []string
}

func createGroups(ctx context.Context, hook string, n int) (*groups, error) {
	s, err := simulate(ctx, hook)
	if err != nil {
		return nil, err
	}
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s.EndpointURL()),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
	}
	g := &groups{Simulator: s, deploys: codedeploy.NewFromConfig(config)}
	create := func() error {
		if _, err := g.deploys.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
			ApplicationName: aws.String(application), ComputePlatform: codedeploytypes.ComputePlatformEcs,
		}); err != nil {
			return err
		}
		services := ecs.NewFromConfig(config)
		made, err := services.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
			Family: aws.String("app"), ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("app")}},
		})
		if err != nil {
			return err
		}
		g.taskDefinition = *made.TaskDefinition.TaskDefinitionArn
		for i := range n {
			if err := g.create(ctx, fmt.Sprintf("bench-%d", i), elb.NewFromConfig(config), services); err != nil {
				return err
			}
		}
		return nil
	}
	if err := create(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return g, nil
}

// create makes a service behind two listeners of its own, and its deployment group.
func (g *groups) create(ctx context.Context, name string, balancers *elb.Client, services *ecs.Client) error {
	found, err := balancers.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	if err != nil {
		return err
	}
	var targets [2]string
	var pair []codedeploytypes.TargetGroupInfo
	for i := range targets {
		made, err := balancers.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
			Name: aws.String(fmt.Sprintf("%s-%d", name, i)), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String("vpc-1"),
			TargetType: elbtypes.TargetTypeEnumIp,
		})
		if err != nil {
			return err
		}
		targets[i] = *made.TargetGroups[0].TargetGroupArn
		pair = append(pair, codedeploytypes.TargetGroupInfo{Name: made.TargetGroups[0].TargetGroupName})
	}
	var routes [2]*codedeploytypes.TrafficRoute
	for i := range routes {
		port, err := loopback.Port(ctx)
		if err != nil {
			return err
		}
		made, err := balancers.CreateListener(ctx, &elb.CreateListenerInput{
			LoadBalancerArn: found.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(int32(port)),
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String(targets[0])}},
		})
		if err != nil {
			return err
		}
		routes[i] = &codedeploytypes.TrafficRoute{ListenerArns: []string{*made.Listeners[0].ListenerArn}}
	}
	if _, err := services.CreateService(ctx, &ecs.CreateServiceInput{
		ServiceName: aws.String(name), TaskDefinition: aws.String(g.taskDefinition), DesiredCount: aws.Int32(1),
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy},
		LoadBalancers:        []ecstypes.LoadBalancer{{TargetGroupArn: aws.String(targets[0]), ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}},
	}); err != nil {
		return err
	}
	_, err = g.deploys.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String(name),
		ServiceRoleArn: aws.String("arn:aws:iam::123456789012:role/CodeDeploy"),
		DeploymentStyle: &codedeploytypes.DeploymentStyle{
			DeploymentType: codedeploytypes.DeploymentTypeBlueGreen, DeploymentOption: codedeploytypes.DeploymentOptionWithTrafficControl,
		},
		BlueGreenDeploymentConfiguration: &codedeploytypes.BlueGreenDeploymentConfiguration{
			DeploymentReadyOption:                     &codedeploytypes.DeploymentReadyOption{ActionOnTimeout: codedeploytypes.DeploymentReadyActionContinueDeployment},
			TerminateBlueInstancesOnDeploymentSuccess: &codedeploytypes.BlueInstanceTerminationOption{Action: codedeploytypes.InstanceActionTerminate},
		},
		LoadBalancerInfo: &codedeploytypes.LoadBalancerInfo{TargetGroupPairInfoList: []codedeploytypes.TargetGroupPairInfo{{
			TargetGroups: pair, ProdTrafficRoute: routes[0], TestTrafficRoute: routes[1],
		}}},
		EcsServices: []codedeploytypes.ECSService{{ClusterName: aws.String("default"), ServiceName: aws.String(name)}},
	})
	if err != nil {
		return err
	}
	g.names = append(g.names, name)
	return nil
}

// deploy runs a deployment in a group, which must succeed.
func (g *groups) deploy(ctx context.Context, name string, hooked bool) error {
	content, err := appSpec(g.taskDefinition, hooked)
	if err != nil {
		return err
	}
	made, err := g.deploys.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String(name),
		Revision: &codedeploytypes.RevisionLocation{
			RevisionType: codedeploytypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &codedeploytypes.AppSpecContent{Content: aws.String(content)},
		},
	})
	if err != nil {
		return err
	}
	outcome, err := g.Wait(ctx, *made.DeploymentId)
	if err != nil {
		return err
	}
	return succeeded(outcome)
}
