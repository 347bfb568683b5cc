import { type Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import { type BaseService, type CfnService, DeploymentControllerType } from 'aws-cdk-lib/aws-ecs';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { examine, type Finding } from './examine.js';
import type { Gate } from './gate.js';

/** Stages of a deployment by Amazon ECS itself at which a hook is called, in their order. */
export type EcsStage =
  | 'RECONCILE_SERVICE'
  | 'PRE_SCALE_UP'
  | 'POST_SCALE_UP'
  | 'TEST_TRAFFIC_SHIFT'
  | 'POST_TEST_TRAFFIC_SHIFT'
  | 'PRE_PRODUCTION_TRAFFIC_SHIFT'
  | 'PRODUCTION_TRAFFIC_SHIFT'
  | 'POST_PRODUCTION_TRAFFIC_SHIFT';

const ecsStages: readonly EcsStage[] = [
  'RECONCILE_SERVICE',
  'PRE_SCALE_UP',
  'POST_SCALE_UP',
  'TEST_TRAFFIC_SHIFT',
  'POST_TEST_TRAFFIC_SHIFT',
  'PRE_PRODUCTION_TRAFFIC_SHIFT',
  'PRODUCTION_TRAFFIC_SHIFT',
  'POST_PRODUCTION_TRAFFIC_SHIFT',
];

/** Stages that there is test traffic at. */
const testStages: readonly EcsStage[] = ['TEST_TRAFFIC_SHIFT', 'POST_TEST_TRAFFIC_SHIFT'];

/** How a gate is attached to a service that Amazon ECS deploys itself. */
export interface EcsServiceAttachment {
  /**
   * The stages at which ECS calls the gate. What it says no at is rolled back.
   *
   * @default - POST_TEST_TRAFFIC_SHIFT, where the new version has all test traffic, and POST_PRODUCTION_TRAFFIC_SHIFT, where it has all
   * of production's
   */
  readonly stages?: readonly EcsStage[];
  /**
   * Stages at which the deployment pauses until the gate lets it go on or rolls it back, started by EventBridge's notice. For checks that
   * take longer than hooks may.
   *
   * @default - none
   */
  readonly pauseAt?: readonly EcsStage[];
  /**
   * How long ECS waits for all calls of one hook together, and for the end of a pause: 1 minute to 24 hours, in whole minutes. Then it
   * rolls back.
   *
   * @default - ECS's, 24 hours
   */
  readonly timeout?: Duration;
  /**
   * What ECS hands to the gate with each call, as the hook's `hookDetails`: `plan` is where this service's plan lies, if the function has
   * no `GREENLIGHT_PLAN`. The key `greenlight` is taken.
   *
   * @default - nothing
   */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Attaches a gate to a service that Amazon ECS deploys itself. */
export function attachEcsService(gate: Gate, service: BaseService, options: EcsServiceAttachment): void {
  const stages = options.stages ?? ['POST_TEST_TRAFFIC_SHIFT', 'POST_PRODUCTION_TRAFFIC_SHIFT'];
  const pauses = options.pauseAt ?? [];
  validate(stages, pauses, options);
  const cfn = service.node.defaultChild as CfnService;
  const controller = Stack.of(service).resolve(cfn.deploymentController)?.type;
  if (controller !== undefined && controller !== DeploymentControllerType.ECS) {
    throw new Error(
      `${service.node.path} is deployed by ${controller}, and not by ECS: ` +
        (controller === DeploymentControllerType.CODE_DEPLOY
          ? 'attach the gate to its EcsDeploymentGroup'
          : 'give it the deployment controller ECS and the strategy BLUE_GREEN'),
    );
  }

  const { role, policy: invoke } = gate.hookRole();
  const named = typeof cfn.serviceName === 'string' && !Token.isUnresolved(cfn.serviceName);
  const place = { CLUSTER: service.cluster.clusterName, SERVICE: named ? (cfn.serviceName as string) : '*' };
  const policies = [invoke, gate.allowAt(service, 'ecs', 'ecs', place)];
  if (pauses.length > 0) {
    policies.push(gate.allowAt(service, 'pause', 'ecs', place));
    answerPauses(gate, service, place);
  }
  // ECS calls the hook while it makes the service, too: by then both roles must be allowed what they do, and AWS be reached.
  cfn.node.addDependency(...policies, ...(gate.way === undefined ? [] : [gate.way]));

  const timeoutConfiguration =
    options.timeout === undefined ? undefined : { timeoutInMinutes: options.timeout.toMinutes(), action: 'ROLLBACK' };
  addHooks(cfn, [
    ...(stages.length === 0
      ? []
      : [
          {
            hookTargetArn: gate.functionArn,
            roleArn: role.roleArn,
            lifecycleStages: [...stages],
            hookDetails: options.details === undefined ? undefined : Stack.of(service).toJsonString(options.details),
            timeoutConfiguration,
          },
        ]),
    ...(pauses.length === 0 ? [] : [{ targetType: 'PAUSE', lifecycleStages: [...pauses], timeoutConfiguration }]),
  ]);
  examine(service, () => findings(service, cfn, [...stages, ...pauses], named));
}

/**
 * Adds to the service's hooks. BaseService.addLifecycleHook knows no time-outs, no hookDetails, no pauses and not the stage
 * PRE_PRODUCTION_TRAFFIC_SHIFT; what it has added, or adds later, stays.
 */
function addHooks(cfn: CfnService, hooks: CfnService.DeploymentLifecycleHookProperty[]): void {
  const configuration = cfn.deploymentConfiguration as CfnService.DeploymentConfigurationProperty | undefined;
  const before = configuration?.lifecycleHooks;
  cfn.deploymentConfiguration = {
    ...configuration,
    lifecycleHooks: Lazy.uncachedAny({ produce: (context) => [...(context.resolve(before) ?? []), ...hooks] }),
  };
}

/**
 * Starts the function when one of the service's deployments pauses: others' pauses aren't its to answer.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
 */
function answerPauses(gate: Gate, service: BaseService, place: { CLUSTER: string; SERVICE: string }): void {
  const stack = Stack.of(service);
  const deployments = stack.formatArn({
    service: 'ecs',
    resource: 'service-deployment',
    resourceName: place.SERVICE === '*' ? `${place.CLUSTER}/` : `${place.CLUSTER}/${place.SERVICE}/`,
  });
  new Rule(service, `${gate.node.id}Pauses`, {
    description: `greenlight answers the pauses of ${service.node.id}`,
    eventPattern: {
      source: ['aws.ecs'],
      detailType: ['ECS Hook State Change'],
      detail: { eventName: ['HOOK_AWAITING_ACTION'], serviceDeploymentArn: [{ prefix: deployments }] },
    },
    targets: [new LambdaFunction(gate.function)],
  });
}

function validate(stages: readonly EcsStage[], pauses: readonly EcsStage[], options: EcsServiceAttachment): void {
  for (const [name, list] of [
    ['stages', stages],
    ['pauseAt', pauses],
  ] as const) {
    const wrong = list.filter((stage, i) => !ecsStages.includes(stage) || list.indexOf(stage) !== i);
    if (wrong.length > 0) {
      throw new Error(`${name} has ${wrong.join(', ')}: they are some of ${ecsStages.join(', ')}, each once`);
    }
  }
  if (stages.length + pauses.length === 0) {
    throw new Error('the gate is attached at no stage: name some in stages or in pauseAt');
  }
  const timeout = options.timeout;
  if (timeout !== undefined && !timeout.isUnresolved()) {
    const minutes = timeout.toMinutes({ integral: false });
    if (!Number.isInteger(minutes) || minutes < 1 || minutes > 1440) {
      throw new Error(`timeout is ${timeout.toSeconds()} s: it is 1 to 1440 whole minutes`);
    }
  }
  if (options.details !== undefined && 'greenlight' in options.details) {
    throw new Error('details has the key greenlight, which the gate itself uses: name it otherwise');
  }
}

interface Settings {
  readonly strategy?: string;
  readonly circuitBreaker?: { readonly enable?: boolean; readonly rollback?: boolean };
  readonly loadBalancers?: {
    readonly advancedConfiguration?: { readonly testListenerRule?: unknown; readonly productionListenerRule?: unknown };
  }[];
  readonly serviceConnect?: { readonly enabled?: boolean };
}

function findings(service: BaseService, cfn: CfnService, stages: readonly EcsStage[], named: boolean): Finding[] {
  const configuration = cfn.deploymentConfiguration as CfnService.DeploymentConfigurationProperty;
  const settings: Settings = Stack.of(service).resolve({
    strategy: configuration.strategy,
    circuitBreaker: configuration.deploymentCircuitBreaker,
    loadBalancers: cfn.loadBalancers,
    serviceConnect: cfn.serviceConnectConfiguration,
  });
  const found: Finding[] = [];
  if (!['BLUE_GREEN', 'LINEAR', 'CANARY'].includes(settings.strategy ?? '')) {
    found.push({
      check: 'service-strategy',
      text: `the service's deployment strategy is ${settings.strategy ?? 'ROLLING'}: there is no green side to ask. Give it deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN, LINEAR or CANARY`,
    });
  }
  const advanced = (settings.loadBalancers ?? []).map((lb) => lb.advancedConfiguration).find((a) => a !== undefined);
  const connected = settings.serviceConnect?.enabled === true;
  if (advanced === undefined && !connected) {
    found.push({
      check: 'service-load-balancer',
      text: "the service's load balancer has no alternate target group: green has none of its own. Attach its target with alternateTarget: new ecs.AlternateTarget(…)",
    });
  } else if (advanced !== undefined && advanced.testListenerRule === undefined && !connected) {
    const needed = stages.some((stage) => testStages.includes(stage));
    found.push({
      check: 'service-test-listener',
      warning: !needed,
      text:
        `the service's load balancer has no test listener${needed ? `, and the gate is called at ${stages.filter((s) => testStages.includes(s)).join(' and ')}` : ''}: ` +
        "the new version can't be asked before customers reach it. Give its AlternateTarget a testListener",
    });
  }
  if (settings.circuitBreaker?.enable !== true || settings.circuitBreaker.rollback !== true) {
    found.push({
      check: 'service-circuit-breaker',
      warning: true,
      text: "the service doesn't roll back where the new version's tasks don't start. Give it circuitBreaker: { rollback: true }",
    });
  }
  if (!named) {
    found.push({
      check: 'service-name',
      warning: true,
      text: "the service has no serviceName, so the gate's role may read all services of the cluster: a generated name isn't known before the service's first deployment calls the gate. Give it a serviceName",
    });
  }
  return found;
}
