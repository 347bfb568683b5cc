import { Gate, GatePlan } from '@greenlight-deploy/cdk';
import { CfnOutput, Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { EcsApplication, EcsDeploymentConfig, EcsDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Peer, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  Cluster,
  ContainerImage,
  ContainerInsights,
  DeploymentControllerType,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancer, ApplicationProtocol, ApplicationTargetGroup, TargetType } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** What cdk.json's context gives. */
export interface ShopProps extends StackProps {
  /** The VPC's id, its range, and its private subnets, one for each availability zone. */
  readonly vpcId: string;
  readonly vpcCidrBlock: string;
  readonly availabilityZones: string[];
  readonly privateSubnetIds: string[];
  /** Their route tables, in the same order. */
  readonly privateSubnetRouteTableIds: string[];
  /** The shop's image, in a registry that needs no permission: for one in ECR take ContainerImage.fromEcrRepository. */
  readonly image: string;
  /** The port that it listens on, and the path at which it says that it is well. */
  readonly containerPort: number;
  readonly healthPath: string;
  /** The function's zip. */
  readonly code: string;
  /** The plan's file. */
  readonly plan: string;
}

/**
 * A service on Fargate behind an internal load balancer, deployed blue/green by CodeDeploy: a tenth of the customers for five minutes, then
 * all. greenlight is asked at each of the five lifecycle events, in the VPC, since a load balancer that is internal is reached from nowhere
 * else.
 */
export class ShopStack extends Stack {
  constructor(scope: Construct, id: string, props: ShopProps) {
    super(scope, id, props);
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: props.vpcId,
      vpcCidrBlock: props.vpcCidrBlock,
      availabilityZones: props.availabilityZones,
      privateSubnetIds: props.privateSubnetIds,
      privateSubnetRouteTableIds: props.privateSubnetRouteTableIds,
    });

    // The load balancer: customers come to port 80, and what is to replace the live version answers on 8080 before they see it.
    const customers = Peer.ipv4(props.vpcCidrBlock);
    const balancerGroup = new SecurityGroup(this, 'LoadBalancerSecurityGroup', {
      vpc,
      description: 'The load balancer of the shop',
      allowAllOutbound: false,
    });
    balancerGroup.addIngressRule(customers, Port.HTTP, 'customers');
    const balancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing: false,
      securityGroup: balancerGroup,
      dropInvalidHeaderFields: true,
    });
    Validations.of(balancer).acknowledge({
      id: 'AwsSolutions-ELB2',
      reason: 'Where access logs go is yours to say: balancer.logAccessLogs(bucket).',
    });
    const targetGroup = (color: string) =>
      new ApplicationTargetGroup(this, color, {
        vpc,
        port: props.containerPort,
        protocol: ApplicationProtocol.HTTP,
        targetType: TargetType.IP,
        deregistrationDelay: Duration.seconds(30),
        healthCheck: { path: props.healthPath, interval: Duration.seconds(10), healthyThresholdCount: 2 },
      });
    const blue = targetGroup('Blue');
    const green = targetGroup('Green');
    // Both begin at blue. Whatever deployments move afterwards is theirs: CloudFormation leaves listeners alone that this app doesn't change.
    const production = balancer.addListener('Production', {
      port: 80,
      protocol: ApplicationProtocol.HTTP,
      open: false,
      defaultTargetGroups: [blue],
    });
    const test = balancer.addListener('Test', { port: 8080, protocol: ApplicationProtocol.HTTP, open: false, defaultTargetGroups: [blue] });

    // The service.
    const cluster = new Cluster(this, 'Cluster', { vpc, clusterName: 'shop', containerInsightsV2: ContainerInsights.ENABLED });
    const taskDefinition = new FargateTaskDefinition(this, 'TaskDefinition', { family: 'shop', cpu: 256, memoryLimitMiB: 512 });
    taskDefinition.addContainer('shop', {
      image: ContainerImage.fromRegistry(props.image),
      portMappings: [{ containerPort: props.containerPort }],
      logging: LogDrivers.awsLogs({ streamPrefix: 'shop' }),
    });
    const serviceGroup = new SecurityGroup(this, 'ServiceSecurityGroup', { vpc, description: 'The tasks of the shop' });
    const service = new FargateService(this, 'Service', {
      cluster,
      serviceName: 'shop',
      taskDefinition,
      desiredCount: 2,
      minHealthyPercent: 100,
      securityGroups: [serviceGroup],
      healthCheckGracePeriod: Duration.seconds(60),
      deploymentController: { type: DeploymentControllerType.CODE_DEPLOY },
    });
    service.attachToApplicationTargetGroup(blue);
    // CodeDeploy gives the tasks to the other group by itself, which CDK doesn't see.
    service.connections.allowFrom(balancer, Port.tcp(props.containerPort), 'the load balancer');
    service.node.addDependency(production, test);

    // What stops a deployment by itself, whichever group is green.
    const alarms = [blue, green].map(
      (group, i) =>
        new Alarm(this, `Errors${i === 0 ? 'Blue' : 'Green'}`, {
          alarmDescription: `The shop answers with errors, in the target group ${i === 0 ? 'Blue' : 'Green'}`,
          metric: new Metric({
            namespace: 'AWS/ApplicationELB',
            metricName: 'HTTPCode_Target_5XX_Count',
            dimensionsMap: { LoadBalancer: balancer.loadBalancerFullName, TargetGroup: group.targetGroupFullName },
            period: Duration.minutes(1),
            statistic: Stats.SUM,
          }),
          threshold: 10,
          evaluationPeriods: 2,
          comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
          treatMissingData: TreatMissingData.NOT_BREACHING,
        }),
    );
    const group = new EcsDeploymentGroup(this, 'DeploymentGroup', {
      application: new EcsApplication(this, 'Application', { applicationName: 'shop' }),
      deploymentGroupName: 'production',
      service,
      deploymentConfig: EcsDeploymentConfig.CANARY_10PERCENT_5MINUTES,
      blueGreenDeploymentConfig: {
        blueTargetGroup: blue,
        greenTargetGroup: green,
        listener: production,
        testListener: test,
        terminationWaitTime: Duration.minutes(15),
      },
      alarms,
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
    });

    // The gate.
    const gate = new Gate(this, 'Gate', {
      code: Code.fromAsset(props.code),
      plan: GatePlan.fromFile(props.plan),
      checks: ['targets', 'alarms'],
      network: { vpc, loadBalancers: [{ loadBalancer: balancer, ports: [80, 8080] }], endpoints: true },
    });
    gate.attachTo(group);

    Validations.of(group).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AWSCodeDeployRoleForECS]',
      reason: "It is what CodeDeploy's own documentation gives the group's role.",
    });

    // For the pipeline: aws deploy create-deployment --revision "revisionType=AppSpecContent,appSpecContent={content='…'}"
    new CfnOutput(this, 'AppSpec', {
      description: 'What CodeDeploy is given for each deployment, with the task definition to deploy',
      value: gate.appSpec({ taskDefinition: taskDefinition.taskDefinitionArn, containerName: 'shop', containerPort: props.containerPort }),
    });
    new CfnOutput(this, 'GateFunctionName', { value: gate.function.functionName });
    new CfnOutput(this, 'GateFunctionArn', { value: gate.functionArn });
    new CfnOutput(this, 'GateRoleArn', { value: gate.role.roleArn });
    new CfnOutput(this, 'GateLogGroup', { value: gate.logGroup.logGroupName });
    new CfnOutput(this, 'Url', { value: `http://${balancer.loadBalancerDnsName}` });
  }
}
