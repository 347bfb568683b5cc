import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { EcsDeploymentGroup, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { BaseService } from 'aws-cdk-lib/aws-ecs';
import { type IRole, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  type Code,
  type IDestination,
  type IFunction,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge.js';
import { GateAlarms } from './alarms.js';
import { type AppSpecProps, appSpec, type CodeDeployEcsEvent, hooks } from './appspec.js';
import { attachEcsDeploymentGroup, type EcsDeploymentGroupAttachment } from './codedeploy-ecs.js';
import { attachLambdaDeploymentGroup, type LambdaDeploymentGroupAttachment } from './codedeploy-lambda.js';
import { attachEcsService, type EcsServiceAttachment } from './ecs-service.js';
import { GateNetwork, type GateNetworkProps } from './network.js';
import { GatePlan, reading } from './plan.js';
import type { GateSecret } from './secret.js';
import { actionsOf, type CheckKind, type Feature, isCommon, type Place, type Platform, statements } from './statements.js';
import type { CodeDeployEcsNames, CodeDeployLambdaNames, EcsServiceNames } from './targets.js';

/** What the managed policies of CodeDeploy's role want a hook's name to begin with. */
const NAME_PREFIX = 'CodeDeployHook_';

/** Properties of a {@link Gate}. */
export interface GateProps {
  /**
   * The function's zip, of the same architecture: `lambda.Code.fromAsset('dist/function-arm64.zip')`, which `make package` makes, or
   * `lambda.Code.fromBucket(…)`.
   */
  readonly code: Code;
  /**
   * The function's name. It begins with `CodeDeployHook_`: the managed policies of CodeDeploy's service role allow no other. 64
   * characters at most, of letters, digits, `-` and `_`.
   *
   * @default CodeDeployHook_greenlight
   */
  readonly functionName?: string;
  /**
   * The processor that the zip is made for.
   *
   * @default Architecture.ARM_64
   */
  readonly architecture?: Architecture;
  /**
   * How long one invocation may take, 30 seconds to 15 minutes. 10 seconds of it are kept for the report.
   *
   * @default Duration.minutes(15)
   */
  readonly timeout?: Duration;
  /**
   * Memory in MiB, 128 to 10240; the processor's share grows with it, up to 1769 MiB for one.
   *
   * @default 512
   */
  readonly memorySize?: number;
  /**
   * How long logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
  /**
   * A key of one's own for the logs. Its policy must let CloudWatch Logs use it.
   *
   * @default - CloudWatch Logs' own encryption
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
   */
  readonly logEncryptionKey?: IKey;
  /**
   * What becomes of the logs with the stack.
   *
   * @default RemovalPolicy.DESTROY, so that a stack that is made again finds its log group's name free
   */
  readonly logRemovalPolicy?: RemovalPolicy;
  /**
   * X-Ray.
   *
   * @default Tracing.DISABLED
   */
  readonly tracing?: Tracing;
  /**
   * Concurrency that is kept for the function, and that it has no more than; 1 or more. A hook that is throttled hangs, or fails: leave
   * room for all deployments that may run side by side.
   *
   * @default - none: the account's
   */
  readonly reservedConcurrentExecutions?: number;
  /**
   * How often Lambda runs an event of CodeDeploy's again whose run ended in an error, 0 to 2. A run that crashed or couldn't report is
   * mended by the next.
   *
   * @default 2
   */
  readonly retryAttempts?: number;
  /**
   * How long Lambda keeps an event that couldn't be run, 1 minute to 6 hours.
   *
   * @default Duration.hours(1), as long as CodeDeploy waits
   */
  readonly maxEventAge?: Duration;
  /**
   * Where events go that were given up: `SqsDestination`, `SnsDestination` or others of `aws-lambda-destinations`.
   *
   * @default - nowhere; the alarm `noVerdict` tells of them
   */
  readonly onFailure?: IDestination;
  /**
   * Where the plan lies.
   *
   * @default GatePlan.bundled()
   */
  readonly plan?: GatePlan;
  /**
   * The secrets that the plan names, for the function's role.
   *
   * @default - none
   */
  readonly secrets?: readonly GateSecret[];
  /**
   * The kinds of check in the plan that call AWS, for the function's role.
   *
   * @default - none
   */
  readonly checks?: readonly CheckKind[];
  /**
   * The functions that checks of the kind `lambda` invoke, for the function's role, beside those that CodeDeploy deploys and that the gate
   * is attached to.
   *
   * @default - none
   */
  readonly checkedFunctions?: readonly IFunction[];
  /**
   * Let the function invoke itself where CodeDeploy calls it, for checks that take longer than one invocation (up to 55 minutes in all).
   * Without it such a check is a Failed verdict. ECS calls again by itself, and pauses bring it with them.
   *
   * @default true
   */
  readonly handOver?: boolean;
  /**
   * More environment variables, such as `LOG_LEVEL`, `GREENLIGHT_SKIP`, `GREENLIGHT_SECRETS_TTL`.
   *
   * @default - none
   * @see https://github.com/greenlight-deploy/greenlight/blob/main/docs/hook.md#settings
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * The function's place in a VPC, for internal load balancers.
   *
   * @default - in no VPC
   */
  readonly network?: GateNetworkProps;
  /**
   * Alarms on the gate itself: errors, throttles, and events without a verdict.
   *
   * @default true
   */
  readonly alarms?: boolean;
  /**
   * Topics that are told when one of the alarms goes off.
   *
   * @default - none
   */
  readonly alarmTopics?: readonly ITopic[];
}

/**
 * greenlight as a hook of blue/green deployments: the Lambda function with its log group, its role, its retries and its alarms.
 *
 * ```ts
 * const gate = new Gate(this, 'Gate', { code: lambda.Code.fromAsset('dist/function-arm64.zip') });
 * gate.attachTo(deploymentGroup);
 * ```
 *
 * What its roles allow is made of the table of calls in greenlight's own code, for what the gate is attached to and nothing else.
 */
export class Gate extends Construct {
  /** The function. */
  readonly function: LambdaFunction;
  /** Its name, as an AppSpec's hook has it. */
  readonly functionName: string;
  /** Its ARN. */
  readonly functionArn: string;
  /** The function's role. */
  readonly role: Role;
  /** Its log group; each execution's last line is the verdict. */
  readonly logGroup: LogGroup;
  /** The alarms on the gate itself; undefined where `alarms` is false. */
  readonly alarms?: GateAlarms;

  private readonly network?: GateNetwork;
  private readonly policy: Policy;
  private readonly allowed = new Set<string>();
  private readonly checks: ReadonlySet<CheckKind>;
  private readonly handOver: boolean;
  private invoked = 0;
  private readonly statements = new Map<Policy, PolicyStatement[]>();
  private readonly attached = new Set<IConstruct>();

  constructor(scope: Construct, id: string, props: GateProps) {
    super(scope, id);
    this.functionName = props.functionName ?? `${NAME_PREFIX}greenlight`;
    const timeout = props.timeout ?? Duration.minutes(15);
    validate(this.functionName, timeout, props);

    this.logGroup = new LogGroup(this, 'LogGroup', {
      logGroupName: `/aws/lambda/${this.functionName}`,
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      encryptionKey: props.logEncryptionKey,
      removalPolicy: props.logRemovalPolicy ?? RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `greenlight's: finds and proves the new version, and reports the verdict (${this.functionName})`,
    });
    // Of its own, and not the role's default policy, which waits for what the function is attached to.
    this.policy = this.makePolicy(this, 'Policy');
    if (props.network !== undefined) {
      this.network = new GateNetwork(this, 'Network', props.network);
    }

    const plan = (props.plan ?? GatePlan.bundled()).bind();
    this.function = new LambdaFunction(this, 'Function', {
      functionName: this.functionName,
      description: 'greenlight: answers the lifecycle hooks of blue/green deployments',
      runtime: Runtime.PROVIDED_AL2023,
      architecture: props.architecture ?? Architecture.ARM_64,
      handler: 'bootstrap',
      code: props.code,
      timeout,
      memorySize: props.memorySize ?? 512,
      role: this.role,
      logGroup: this.logGroup,
      tracing: props.tracing ?? Tracing.DISABLED,
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      retryAttempts: props.retryAttempts ?? 2,
      maxEventAge: props.maxEventAge ?? Duration.hours(1),
      onFailure: props.onFailure,
      environment: { ...(plan.location === undefined ? {} : { GREENLIGHT_PLAN: plan.location }), ...props.environment },
      ...(this.network === undefined
        ? {}
        : { vpc: this.network.vpc, vpcSubnets: this.network.subnets, securityGroups: [this.network.securityGroup] }),
    });
    this.functionArn = this.function.functionArn;
    // Without it the first event would come to a function that may not report.
    this.function.node.addDependency(this.policy);

    this.allow('logs');
    if (this.network !== undefined) {
      this.allow('vpc');
    }
    this.handOver = props.handOver ?? true;
    this.checks = new Set(props.checks);
    for (const kind of this.checks) {
      if (kind !== 'lambda') {
        this.allow(kind);
      }
    }
    for (const checked of props.checkedFunctions ?? []) {
      this.allowInvoking(this.policy, checked.functionArn);
    }
    this.node.addValidation({ validate: () => this.unmet() });
    for (const read of [plan.reading, ...(props.secrets ?? []).map((s) => s.reading)]) {
      if (read !== undefined) {
        this.add(this.policy, reading(read));
        this.network?.reach(read.feature === 'plan-s3' ? 's3' : read.feature === 'secret-secretsmanager' ? 'secretsmanager' : 'ssm');
      }
    }
    if (props.alarms ?? true) {
      this.alarms = new GateAlarms(this, 'Alarms', {
        handler: this.function,
        functionName: this.functionName,
        topics: props.alarmTopics ?? [],
      });
    }
  }

  /**
   * The role by which ECS calls the function at its lifecycle stages; it is made when it is first asked for. A service that isn't in
   * this app names it as its hook's `roleArn`.
   */
  get ecsHookRole(): IRole {
    return this.hookRole().role;
  }

  /**
   * Attaches the gate to a CodeDeploy deployment group of an ECS service.
   *
   * CodeDeploy takes hooks from the AppSpec of each deployment and from nowhere else, so this lets the group's service role call the
   * function and the function's role find and report the group's deployments, and sees when the app is synthesized that the group rolls
   * back when the gate says no, and has the test listener that the events need. The hooks themselves come from {@link appSpec} or
   * {@link appSpecHooks}, in the pipeline.
   */
  attachTo(group: EcsDeploymentGroup, options?: EcsDeploymentGroupAttachment): void;
  /**
   * Attaches the gate to a CodeDeploy deployment group of a Lambda function, as its pre- and its post-traffic hook. It sees when the app
   * is synthesized that the group rolls back when the gate says no.
   */
  attachTo(group: LambdaDeploymentGroup, options?: LambdaDeploymentGroupAttachment): void;
  /**
   * Attaches the gate to a service that Amazon ECS deploys itself, blue/green, linear or canary: adds the lifecycle hooks, with a role by
   * which ECS calls the function. It sees when the app is synthesized that the service has what the stages need.
   *
   * Give the service a `serviceName`. Its first deployment calls the gate before there is a service whose generated name a policy could
   * hold; without a name the function's role may read all services of the cluster.
   */
  attachTo(service: BaseService, options?: EcsServiceAttachment): void;
  attachTo(
    target: EcsDeploymentGroup | LambdaDeploymentGroup | BaseService,
    options: EcsDeploymentGroupAttachment & LambdaDeploymentGroupAttachment & EcsServiceAttachment = {},
  ): void {
    if (!Construct.isConstruct(target)) {
      throw new Error(`attachTo takes a construct; this is ${target === null ? 'null' : typeof target}`);
    }
    if (this.attached.has(target)) {
      throw new Error(`${this.node.path} is attached to ${target.node.path} already: name all events or stages in one attachTo`);
    }
    this.attached.add(target);
    if (target instanceof EcsDeploymentGroup) {
      attachEcsDeploymentGroup(this, target, options);
    } else if (target instanceof LambdaDeploymentGroup) {
      attachLambdaDeploymentGroup(this, target, options);
    } else if (target instanceof BaseService) {
      attachEcsService(this, target, options);
    } else {
      throw new Error(
        `${this.node.path} can't be attached to ${(target as IConstruct).node.path}, which is no EcsDeploymentGroup, LambdaDeploymentGroup or ECS service of this app: ` +
          'for what is defined elsewhere use serveCodeDeployEcs, serveCodeDeployLambda or serveEcs with its names (and see that aws-cdk-lib is installed once: npm ls aws-cdk-lib)',
      );
    }
  }

  /**
   * Lets the gate answer for a deployment group of an ECS service that isn't in this app. Its service role must be allowed to call the
   * function: `gate.function.grantInvoke(role)`, or `AWSCodeDeployRoleForECS`.
   */
  serveCodeDeployEcs(names: CodeDeployEcsNames): void {
    this.allowAt(this, 'codedeploy', 'codedeploy-ecs', {
      APPLICATION: names.application,
      GROUP: names.deploymentGroup,
      CLUSTER: names.cluster,
      SERVICE: names.service,
    });
  }

  /**
   * Lets the gate answer for a deployment group of a Lambda function that isn't in this app. Its service role must be allowed to call the
   * function: `gate.function.grantInvoke(role)`, or `AWSCodeDeployRoleForLambda`.
   */
  serveCodeDeployLambda(names: CodeDeployLambdaNames): void {
    this.allowAt(this, 'codedeploy', 'codedeploy-lambda', {
      APPLICATION: names.application,
      GROUP: names.deploymentGroup,
      DEPLOYED: names.function,
    });
  }

  /** Lets the gate answer for a service that Amazon ECS deploys and that isn't in this app. Its hooks call by {@link ecsHookRole}. */
  serveEcs(names: EcsServiceNames): void {
    this.hookRole();
    this.allowAt(this, 'ecs', 'ecs', { CLUSTER: names.cluster, SERVICE: names.service });
  }

  /**
   * The `Hooks` of an AppSpec, for pipelines that write the rest of it themselves.
   *
   * @param events the events at which the gate is called; all five where none is named.
   */
  appSpecHooks(...events: CodeDeployEcsEvent[]): Record<string, string>[] {
    return hooks(this.functionName, events.length === 0 ? undefined : events);
  }

  /**
   * An AppSpec for Amazon ECS with the gate in its hooks, as JSON, which is YAML too: for a file of the pipeline's, or as the `content` of
   * `aws deploy create-deployment`.
   */
  appSpec(props: AppSpecProps): string {
    const spec = appSpec(this.functionName, props);
    const text = JSON.stringify(spec);
    return Token.isUnresolved(text) || Token.isUnresolved(props.containerPort) ? Stack.of(this).toJsonString(spec) : text;
  }

  /**
   * Allows the function's role what a feature calls, where it is for no deployment in particular.
   *
   * @internal
   */
  allow(feature: Feature, platform?: Platform): void {
    const actions = actionsOf(feature, platform).filter((a) => isCommon(a) && !this.allowed.has(`${a.name} ${a.resource}`));
    for (const a of actions) {
      this.allowed.add(`${a.name} ${a.resource}`);
    }
    this.add(this.policy, statements(Stack.of(this), actions, { FUNCTION: this.functionName }));
    this.reach(feature, platform);
  }

  /**
   * Allows the function's role what a feature calls for one deployment group or service. The policy lies with it, since it holds its
   * names, and neither the function nor what else is attached may wait for those.
   *
   * @internal
   */
  allowAt(scope: Construct, feature: Feature, platform: Platform, place: Place): Policy {
    this.allow(feature, platform);
    if (feature === 'codedeploy' && this.handOver) {
      this.allow('handover');
    }
    const id = scope === this ? `Policy${this.node.children.length}` : `${this.node.id}Policy`;
    const policy = (scope.node.tryFindChild(id) as Policy | undefined) ?? this.makePolicy(scope, id);
    const actions = actionsOf(feature, platform).filter((a) => !isCommon(a));
    this.add(policy, statements(Stack.of(scope), actions, { FUNCTION: this.functionName, ...place }));
    if (place.DEPLOYED !== undefined && this.checks.has('lambda')) {
      const { partition, region, account } = Stack.of(scope);
      this.allowInvoking(policy, `arn:${partition}:lambda:${region}:${account}:function:${place.DEPLOYED}`);
    }
    this.reach(feature, platform);
    return policy;
  }

  /**
   * What the function reaches AWS and the load balancer by; undefined where it is in no VPC.
   *
   * @internal
   */
  get way(): Construct | undefined {
    return this.network;
  }

  /**
   * The role of ECS's hooks, and the policy that it needs to call.
   *
   * @internal
   */
  hookRole(): { role: Role; policy: Policy } {
    const made = this.node.tryFindChild('EcsHookRole') as Role | undefined;
    if (made !== undefined) {
      return { role: made, policy: this.node.findChild('EcsHookPolicy') as Policy };
    }
    const role = new Role(this, 'EcsHookRole', {
      assumedBy: new ServicePrincipal('ecs.amazonaws.com'),
      description: `ECS's, to call ${this.functionName} at lifecycle stages`,
    });
    const statements = this.invokeStatements();
    const policy = new Policy(this, 'EcsHookPolicy', { roles: [role], statements });
    acknowledgeWildcards(policy, () => statements);
    return { role, policy };
  }

  /**
   * What calls the function must be allowed.
   *
   * @internal
   */
  invokeStatements(): PolicyStatement[] {
    return statements(Stack.of(this), actionsOf('invoke'), { FUNCTION: this.functionName });
  }

  private makePolicy(scope: Construct, id: string): Policy {
    const policy = new Policy(scope, id, { roles: [this.role] });
    this.statements.set(policy, []);
    acknowledgeWildcards(policy, () => this.statements.get(policy) ?? []);
    return policy;
  }

  private add(policy: Policy, statements: PolicyStatement[]): void {
    policy.addStatements(...statements);
    this.statements.get(policy)?.push(...statements);
  }

  /** Lets checks of the kind lambda invoke a function: of the account's functions the one that is checked, with its versions. */
  private allowInvoking(policy: Policy, functionArn: string): void {
    const actions = actionsOf('lambda').map((a) => a.name);
    this.add(policy, [new PolicyStatement({ actions, resources: [functionArn, `${functionArn}:*`] })]);
    this.invoked++;
    this.reach('lambda');
  }

  /** What has to be said yet, when the app is synthesized. */
  private unmet(): string[] {
    return this.checks.has('lambda') && this.invoked === 0
      ? [
          "checks has lambda, and nothing says which function they invoke: attach the gate to the function's deployment group, or name it in checkedFunctions",
        ]
      : [];
  }

  private reach(feature: Feature, platform?: Platform): void {
    for (const action of actionsOf(feature, platform)) {
      this.network?.reach(action.name.slice(0, action.name.indexOf(':')));
    }
  }
}

function validate(functionName: string, timeout: Duration, props: GateProps): void {
  if (!Token.isUnresolved(functionName)) {
    if (!functionName.startsWith(NAME_PREFIX)) {
      throw new Error(
        `functionName is ${functionName}: name it ${NAME_PREFIX}${functionName}, since the managed policies of CodeDeploy's service role let it call no other`,
      );
    }
    if (!/^[A-Za-z0-9_-]{16,64}$/.test(functionName)) {
      throw new Error(`functionName is ${functionName}: ${NAME_PREFIX} and 1 to 49 letters, digits, - and _ make a name`);
    }
  }
  if (!timeout.isUnresolved() && (timeout.toSeconds() < 30 || timeout.toSeconds() > 900)) {
    throw new Error(`timeout is ${timeout.toSeconds()} s: it is 30 to 900 s, 10 of which are kept for the report`);
  }
  const memory = props.memorySize;
  if (memory !== undefined && !Token.isUnresolved(memory) && (!Number.isInteger(memory) || memory < 128 || memory > 10240)) {
    throw new Error(`memorySize is ${memory}: it is a whole number of MiB, 128 to 10240`);
  }
  const reserved = props.reservedConcurrentExecutions;
  if (reserved !== undefined && !Token.isUnresolved(reserved) && reserved < 1) {
    throw new Error(`reservedConcurrentExecutions is ${reserved}: the function would never run, and each deployment would hang`);
  }
}
