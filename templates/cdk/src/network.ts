import {
  GatewayVpcEndpoint,
  GatewayVpcEndpointAwsService,
  type IConnectable,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type ISecurityGroup,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  type SubnetSelection,
  SubnetType,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

/** A load balancer that the gate asks the new version at. */
export interface GateLoadBalancer {
  /** The load balancer, or whatever else has its security groups. */
  readonly loadBalancer: IConnectable;
  /** The ports of its listeners, the test listener's among them; each 1 to 65535. */
  readonly ports: readonly number[];
}

/** The function's place in a VPC, which it needs to reach an internal load balancer. */
export interface GateNetworkProps {
  /** The VPC of the load balancer. */
  readonly vpc: IVpc;
  /**
   * The function's subnets. They need a way to the endpoints of CodeDeploy, Elastic Load Balancing and ECS: a NAT gateway, or
   * {@link GateNetworkProps.endpoints}. Without one no report can be delivered, and each deployment hangs for an hour. An internet
   * gateway is no way: the function's addresses are private.
   *
   * @default - the private subnets with a way out
   */
  readonly subnets?: SubnetSelection;
  /**
   * The function's security group.
   *
   * @default - a new one, that lets the function reach port 443, and the ports of the load balancers
   */
  readonly securityGroup?: ISecurityGroup;
  /**
   * The load balancers that it asks; both their security groups and the function's let it through.
   *
   * @default - none
   */
  readonly loadBalancers?: readonly GateLoadBalancer[];
  /**
   * Make the VPC endpoints of the services that the function calls for what it is attached to, with private DNS, and with a
   * security group that lets the function in. Not where the VPC has them: their private names are given once.
   *
   * @default false
   */
  readonly endpoints?: boolean;
}

/**
 * The VPC endpoint's name of each service that the function calls, by IAM's name of the service.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
 */
const endpointNames: Readonly<Record<string, string | undefined>> = {
  aps: 'aps-workspaces',
  cloudwatch: 'monitoring',
  codedeploy: 'codedeploy',
  ecs: 'ecs',
  elasticloadbalancing: 'elasticloadbalancing',
  lambda: 'lambda',
  secretsmanager: 'secretsmanager',
  ssm: 'ssm',
  tag: 'tagging',
};

/** Services that others call for the function: Lambda writes its logs and makes its network interfaces, and S3, SSM and Secrets Manager decrypt. */
const calledByOthers: readonly string[] = ['ec2', 'kms', 'logs'];

/** The function's security group, and the endpoints that it reaches AWS by. */
export class GateNetwork extends Construct {
  readonly securityGroup: ISecurityGroup;
  readonly subnets: SubnetSelection;
  readonly vpc: IVpc;
  private readonly endpoints: boolean;
  private endpointGroup?: SecurityGroup;

  constructor(scope: Construct, id: string, props: GateNetworkProps) {
    super(scope, id);
    this.vpc = props.vpc;
    this.subnets = props.subnets ?? { subnetType: SubnetType.PRIVATE_WITH_EGRESS };
    this.endpoints = props.endpoints ?? false;
    this.securityGroup = props.securityGroup ?? this.makeSecurityGroup();
    for (const { loadBalancer, ports } of props.loadBalancers ?? []) {
      for (const port of ports) {
        this.securityGroup.connections.allowTo(loadBalancer, Port.tcp(port), 'greenlight asks the new version');
      }
    }
  }

  /** Sees that the function reaches a service, which is named as IAM does. */
  reach(service: string): void {
    if (!this.endpoints || calledByOthers.includes(service)) {
      return;
    }
    if (service === 's3') {
      if (this.node.tryFindChild('s3') === undefined) {
        new GatewayVpcEndpoint(this, 's3', { vpc: this.vpc, service: GatewayVpcEndpointAwsService.S3, subnets: [this.subnets] });
      }
      return;
    }
    const name = endpointNames[service];
    if (name === undefined) {
      throw new Error(`the function calls ${service}, and the library doesn't know the VPC endpoint for it`);
    }
    if (this.node.tryFindChild(name) !== undefined) {
      return;
    }
    this.endpointGroup ??= this.makeEndpointGroup();
    new InterfaceVpcEndpoint(this, name, {
      vpc: this.vpc,
      subnets: this.subnets,
      service: new InterfaceVpcEndpointAwsService(name),
      privateDnsEnabled: true,
      securityGroups: [this.endpointGroup],
      open: false,
    });
  }

  private makeSecurityGroup(): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc: this.vpc,
      description: 'greenlight, the hook of blue/green deployments',
      allowAllOutbound: false,
    });
    group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'AWS endpoints, to which the verdict is reported');
    return group;
  }

  private makeEndpointGroup(): SecurityGroup {
    const group = new SecurityGroup(this, 'EndpointSecurityGroup', {
      vpc: this.vpc,
      description: 'VPC endpoints of the services that greenlight calls',
      allowAllOutbound: false,
    });
    group.connections.allowFrom(this.securityGroup, Port.HTTPS, 'greenlight reports, and finds the new version');
    return group;
  }
}
