import { Gate, GatePlan } from '@greenlight-deploy/cdk';
import { CfnOutput, Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Peer, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AlternateTarget,
  Cluster,
  ContainerImage,
  ContainerInsights,
  DeploymentStrategy,
  FargateService,
  FargateTaskDefinition,
  ListenerRuleConfiguration,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import {
  type ApplicationListener,
  ApplicationListenerRule,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  HttpCodeTarget,
  ListenerAction,
  ListenerCondition,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
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
 * A service on Fargate behind an internal load balancer, deployed blue/green by Amazon ECS itself. greenlight is asked when the new
 * version has the test traffic, and again when it has the customers' and ECS still waits before it stops the old one.
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
    // ECS moves rules and not listeners: what no rule takes is nobody's.
    const listener = (name: string, port: number) =>
      balancer.addListener(name, {
        port,
        protocol: ApplicationProtocol.HTTP,
        open: false,
        defaultAction: ListenerAction.fixedResponse(404),
      });
    const rule = (name: string, of: ApplicationListener) =>
      new ApplicationListenerRule(this, name, {
        listener: of,
        priority: 1,
        conditions: [ListenerCondition.pathPatterns(['/*'])],
        action: ListenerAction.weightedForward([
          { targetGroup: blue, weight: 100 },
          { targetGroup: green, weight: 0 },
        ]),
      });
    const production = rule('ProductionRule', listener('Production', 80));
    const test = rule('TestRule', listener('Test', 8080));

    // What stops a deployment by itself, whichever group is green.
    const alarms = [blue, green].map(
      (group, i) =>
        new Alarm(this, `Errors${i === 0 ? 'Blue' : 'Green'}`, {
          alarmName: `shop-errors-${i === 0 ? 'blue' : 'green'}`,
          alarmDescription: `The shop answers with errors, in the target group ${i === 0 ? 'Blue' : 'Green'}`,
          metric: group.metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { period: Duration.minutes(1), statistic: Stats.SUM }),
          threshold: 10,
          evaluationPeriods: 2,
          comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
          treatMissingData: TreatMissingData.NOT_BREACHING,
        }),
    );

    // The service. The role is ECS's, to move the rules.
    const infrastructure = new Role(this, 'InfrastructureRole', {
      assumedBy: new ServicePrincipal('ecs.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('AmazonECSInfrastructureRolePolicyForLoadBalancers')],
    });
    Validations.of(infrastructure).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers]',
      reason: "It is what ECS's own documentation gives the role that moves the rules.",
    });
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
      maxHealthyPercent: 200,
      securityGroups: [serviceGroup],
      healthCheckGracePeriod: Duration.seconds(60),
      deploymentStrategy: DeploymentStrategy.BLUE_GREEN,
      bakeTime: Duration.minutes(10),
      circuitBreaker: { enable: true, rollback: true },
      deploymentAlarms: { alarmNames: alarms.map((alarm) => alarm.alarmName) },
    });
    service
      .loadBalancerTarget({
        containerName: 'shop',
        containerPort: props.containerPort,
        alternateTarget: new AlternateTarget('Green', {
          alternateTargetGroup: green,
          role: infrastructure,
          productionListener: ListenerRuleConfiguration.applicationListenerRule(production),
          testListener: ListenerRuleConfiguration.applicationListenerRule(test),
        }),
      })
      .attachToApplicationTargetGroup(blue);

    // The gate.
    const gate = new Gate(this, 'Gate', {
      code: Code.fromAsset(props.code),
      plan: GatePlan.fromFile(props.plan),
      checks: ['targets'],
      network: { vpc, loadBalancers: [{ loadBalancer: balancer, ports: [80, 8080] }], endpoints: true },
    });
    gate.attachTo(service, {
      stages: ['POST_TEST_TRAFFIC_SHIFT', 'POST_PRODUCTION_TRAFFIC_SHIFT'],
      timeout: Duration.hours(1),
    });

    new CfnOutput(this, 'GateFunctionName', { value: gate.function.functionName });
    new CfnOutput(this, 'GateFunctionArn', { value: gate.functionArn });
    new CfnOutput(this, 'GateRoleArn', { value: gate.role.roleArn });
    new CfnOutput(this, 'GateEcsHookRoleArn', { value: gate.ecsHookRole.roleArn });
    new CfnOutput(this, 'GateLogGroup', { value: gate.logGroup.logGroupName });
    new CfnOutput(this, 'Url', { value: `http://${balancer.loadBalancerDnsName}` });
  }
}
