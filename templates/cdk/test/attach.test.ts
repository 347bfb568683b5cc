import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type AutoRollbackConfig,
  EcsApplication,
  EcsDeploymentGroup,
  type EcsDeploymentGroupProps,
  LambdaApplication,
  LambdaDeploymentGroup,
  type LambdaDeploymentGroupProps,
} from 'aws-cdk-lib/aws-codedeploy';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AlternateTarget,
  Cluster,
  ContainerImage,
  DeploymentControllerType,
  DeploymentLifecycleLambdaTarget,
  DeploymentLifecycleStage,
  DeploymentStrategy,
  FargateService,
  type FargateServiceProps,
  FargateTaskDefinition,
  ListenerRuleConfiguration,
} from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationListenerRule,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  ListenerAction,
  ListenerCondition,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Alias, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { type EcsDeploymentGroupAttachment, type EcsServiceAttachment, type EcsStage, Gate, type GateProps } from '../src/index.js';
import { allowed, code, newStack, type Resource, templateOf } from './synth.js';

const arn = 'arn:<AWS::Partition>';
const here = '<AWS::Region>:<AWS::AccountId>';
const anyOf = (actions: string[]) => actions.map((a) => `${a} *`);

/** What the function's role has for its log, in each gate. */
const logs = ['CreateLogGroup', 'CreateLogStream', 'PutLogEvents'].map(
  (a) => `logs:${a} ${arn}:logs:${here}:log-group:/aws/lambda/CodeDeployHook_greenlight:*`,
);

/** The two sides of a service behind a load balancer. */
function balanced(stack: Stack) {
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  });
  const balancer = new ApplicationLoadBalancer(stack, 'Balancer', { vpc });
  const [blue, green] = (['Blue', 'Green'] as const).map(
    (id) => new ApplicationTargetGroup(stack, id, { vpc, port: 80, protocol: ApplicationProtocol.HTTP, targetType: TargetType.IP }),
  ) as [ApplicationTargetGroup, ApplicationTargetGroup];
  const listener = (id: string, port: number) =>
    balancer.addListener(id, { port, protocol: ApplicationProtocol.HTTP, open: false, defaultTargetGroups: [blue] });
  const taskDefinition = new FargateTaskDefinition(stack, 'Task');
  taskDefinition.addContainer('shop', { image: ContainerImage.fromRegistry('shop'), portMappings: [{ containerPort: 80 }] });
  const cluster = new Cluster(stack, 'Cluster', { vpc });
  return { blue, green, production: listener('Production', 80), test: listener('Test', 8080), taskDefinition, cluster };
}

function ecsGroup(
  stack: Stack,
  props: { testListener?: boolean | 'production'; autoRollback?: AutoRollbackConfig; alarms?: boolean } = {},
) {
  const b = balanced(stack);
  const service = new FargateService(stack, 'Service', {
    cluster: b.cluster,
    taskDefinition: b.taskDefinition,
    minHealthyPercent: 100,
    deploymentController: { type: DeploymentControllerType.CODE_DEPLOY },
  });
  service.attachToApplicationTargetGroup(b.blue);
  const settings: EcsDeploymentGroupProps = {
    application: new EcsApplication(stack, 'Application'),
    service,
    blueGreenDeploymentConfig: {
      blueTargetGroup: b.blue,
      greenTargetGroup: b.green,
      listener: b.production,
      testListener: props.testListener === 'production' ? b.production : (props.testListener ?? true) ? b.test : undefined,
    },
    alarms: props.alarms ? [alarm(stack)] : undefined,
    autoRollback: props.autoRollback,
  };
  return new EcsDeploymentGroup(stack, 'Group', settings);
}

const alarm = (stack: Stack) =>
  new Alarm(stack, 'Alarm', { metric: new Metric({ namespace: 'a', metricName: 'b' }), threshold: 1, evaluationPeriods: 1 });

function lambdaGroup(stack: Stack, props: Partial<LambdaDeploymentGroupProps> = {}) {
  const prices = new LambdaFunction(stack, 'Prices', { runtime: Runtime.NODEJS_LATEST, handler: 'a.b', code: Code.fromInline('//') });
  const alias = new Alias(stack, 'Live', { aliasName: 'live', version: prices.currentVersion });
  return new LambdaDeploymentGroup(stack, 'Group', { application: new LambdaApplication(stack, 'Application'), alias, ...props });
}

function ecsService(stack: Stack, props: Partial<FargateServiceProps> = {}, listeners = { alternate: true, test: true }) {
  const b = balanced(stack);
  const rule = (id: string, listener: typeof b.test) =>
    new ApplicationListenerRule(stack, id, {
      listener,
      priority: 1,
      conditions: [ListenerCondition.pathPatterns(['/*'])],
      action: ListenerAction.forward([b.blue]),
    });
  const service = new FargateService(stack, 'Service', {
    cluster: b.cluster,
    taskDefinition: b.taskDefinition,
    serviceName: 'shop',
    minHealthyPercent: 100,
    deploymentStrategy: DeploymentStrategy.BLUE_GREEN,
    circuitBreaker: { rollback: true },
    ...props,
  });
  service
    .loadBalancerTarget({
      containerName: 'shop',
      containerPort: 80,
      alternateTarget: listeners.alternate
        ? new AlternateTarget('Green', {
            alternateTargetGroup: b.green,
            productionListener: ListenerRuleConfiguration.applicationListenerRule(rule('ProductionRule', b.production)),
            testListener: listeners.test ? ListenerRuleConfiguration.applicationListenerRule(rule('TestRule', b.test)) : undefined,
          })
        : undefined,
    })
    .attachToApplicationTargetGroup(b.blue);
  return service;
}

function gateIn(stack: Stack, props: Partial<GateProps> = {}): Gate {
  return new Gate(stack, 'Gate', { code: code(), ...props });
}

const resourceOf = (stack: Stack, type: string) => {
  const found = Object.values(templateOf(stack).Resources ?? {}).filter((r) => r.Type === type);
  assert.equal(found.length, 1, type);
  return found[0] as Resource;
};

/** What hands over to the next invocation, and what calls the gate in the first place. */
const gateArn = `${arn}:lambda:${here}:function:CodeDeployHook_greenlight`;
const invokeGate = [`lambda:InvokeFunction ${gateArn}`, `lambda:InvokeFunction ${gateArn}:*`];

test('without handing over the role may not invoke its function', () => {
  const { stack } = newStack();
  const gate = gateIn(stack, { handOver: false });
  gate.attachTo(ecsGroup(stack));
  assert.deepEqual(
    allowed(stack, gate.role).filter((a) => a.startsWith('lambda:')),
    [],
  );
});

test('attached to a deployment group of an ECS service, the roles may do what this group takes and nothing else', () => {
  const { stack } = newStack();
  const gate = gateIn(stack);
  const group = ecsGroup(stack);
  gate.attachTo(group);
  const at = `${arn}:codedeploy:${here}:deploymentgroup:<ApplicationD9CED6CE>/<Group`;
  const of = allowed(stack, gate.role);
  const groupId = of
    .find((a) => a.includes(at))
    ?.split('/')
    .at(-1);
  assert.deepEqual(
    of,
    [
      ...logs,
      ...[
        'BatchGetDeploymentTargets',
        'GetDeployment',
        'GetDeploymentGroup',
        'ListDeploymentTargets',
        'PutLifecycleEventHookExecutionStatus',
      ].map((a) => `codedeploy:${a} ${arn}:codedeploy:${here}:deploymentgroup:<ApplicationD9CED6CE>/${groupId}`),
      `codedeploy:GetApplicationRevision ${arn}:codedeploy:${here}:application:<ApplicationD9CED6CE>`,
      `ecs:DescribeServices ${arn}:ecs:${here}:service/<ClusterEB0386A7>/<ServiceD69D759B.Name>`,
      ...anyOf([
        'ecs:DescribeTaskDefinition',
        'elasticloadbalancing:DescribeListeners',
        'elasticloadbalancing:DescribeLoadBalancers',
        'elasticloadbalancing:DescribeRules',
        'elasticloadbalancing:DescribeTargetGroups',
        'elasticloadbalancing:DescribeTargetHealth',
      ]),
      ...invokeGate, // to hand over
    ].sort(),
  );
  assert.deepEqual(allowed(stack, group.role as Role), invokeGate);
});

test('attached to a deployment group of a function, the gate is its hook before and after, or where it is said', () => {
  const hooks = (events?: ('BeforeAllowTraffic' | 'AfterAllowTraffic')[]) => {
    const { stack } = newStack();
    gateIn(stack).attachTo(lambdaGroup(stack), { events });
    const policy = resourceOf(stack, 'AWS::Lambda::Alias').UpdatePolicy as { CodeDeployLambdaAliasUpdate: Record<string, { Ref: string }> };
    return Object.keys(policy.CodeDeployLambdaAliasUpdate).filter((key) => key.endsWith('Hook'));
  };
  assert.deepEqual(hooks(), ['BeforeAllowTrafficHook', 'AfterAllowTrafficHook']);
  assert.deepEqual(hooks(['AfterAllowTraffic']), ['AfterAllowTrafficHook']);
});

test('attached to a deployment group of a function, the role reads its alias, and checks invoke it and no other', () => {
  const { stack } = newStack();
  const gate = gateIn(stack, { checks: ['lambda'] });
  gate.attachTo(lambdaGroup(stack));
  const of = allowed(stack, gate.role).filter((a) => !a.startsWith('logs:'));
  const prices = `${arn}:lambda:${here}:function:<PricesEF2AB66A>`;
  assert.deepEqual(
    of.filter((a) => a.startsWith('lambda:')),
    [`lambda:GetAlias ${prices}`, `lambda:InvokeFunction ${prices}`, `lambda:InvokeFunction ${prices}:*`, ...invokeGate],
  );
  assert.deepEqual(
    [...new Set(of.map((a) => a.split(' ')[0]))],
    [
      'codedeploy:BatchGetDeploymentTargets',
      'codedeploy:GetApplicationRevision',
      'codedeploy:GetDeployment',
      'codedeploy:ListDeploymentTargets',
      'codedeploy:PutLifecycleEventHookExecutionStatus',
      'lambda:GetAlias',
      'lambda:InvokeFunction',
    ],
  );
});

test('attached to a service of ECS, the gate is called at its stages by a role that may call it, both of which are there before the service', () => {
  const { stack } = newStack();
  const gate = gateIn(stack);
  gate.attachTo(ecsService(stack), { timeout: Duration.minutes(90), details: { plan: 's3://plans/shop.yaml' } });
  const service = resourceOf(stack, 'AWS::ECS::Service');
  assert.deepEqual(service.Properties.DeploymentConfiguration.LifecycleHooks, [
    {
      HookTargetArn: { 'Fn::GetAtt': ['GateFunction115324B9', 'Arn'] },
      RoleArn: { 'Fn::GetAtt': ['GateEcsHookRole921C6693', 'Arn'] },
      LifecycleStages: ['POST_TEST_TRAFFIC_SHIFT', 'POST_PRODUCTION_TRAFFIC_SHIFT'],
      HookDetails: '{"plan":"s3://plans/shop.yaml"}',
      TimeoutConfiguration: { TimeoutInMinutes: 90, Action: 'ROLLBACK' },
    },
  ]);
  assert.ok(service.DependsOn?.includes('GateEcsHookPolicy751203A5'), 'the hook role may call');
  assert.ok(service.DependsOn?.includes('ServiceGatePolicy54CB8DD0'), "the function's role may read");
  const of = allowed(stack, gate.role).filter((a) => !a.startsWith('logs:'));
  assert.deepEqual(of, [
    `ecs:DescribeServiceDeployments ${arn}:ecs:${here}:service-deployment/<ClusterEB0386A7>/shop/*`,
    `ecs:DescribeServiceRevisions ${arn}:ecs:${here}:service-revision/<ClusterEB0386A7>/shop/*`,
    `ecs:ListServiceDeployments ${arn}:ecs:${here}:service/<ClusterEB0386A7>/shop`,
    ...anyOf([
      'elasticloadbalancing:DescribeListeners',
      'elasticloadbalancing:DescribeLoadBalancers',
      'elasticloadbalancing:DescribeRules',
      'elasticloadbalancing:DescribeTargetHealth',
    ]),
  ]);
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
    AssumeRolePolicyDocument: { Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'ecs.amazonaws.com' } }] },
    Description: "ECS's, to call CodeDeployHook_greenlight at lifecycle stages",
  });
});

test('other hooks of a service stay, whether they were added before or after', () => {
  const { stack } = newStack();
  const gate = gateIn(stack);
  const service = ecsService(stack);
  const other = (id: string, stage: DeploymentLifecycleStage) =>
    service.addLifecycleHook(
      new DeploymentLifecycleLambdaTarget(LambdaFunction.fromFunctionName(stack, id, id), id, {
        lifecycleStages: [stage],
        role: Role.fromRoleName(stack, `${id}Role`, id),
      }),
    );
  other('before', DeploymentLifecycleStage.PRE_SCALE_UP);
  gate.attachTo(service, { stages: ['PRE_PRODUCTION_TRAFFIC_SHIFT'] });
  other('after', DeploymentLifecycleStage.POST_SCALE_UP);
  const hooks = resourceOf(stack, 'AWS::ECS::Service').Properties.DeploymentConfiguration.LifecycleHooks;
  assert.deepEqual(
    hooks.map((h: { LifecycleStages: EcsStage[] }) => h.LifecycleStages[0]),
    ['PRE_SCALE_UP', 'POST_SCALE_UP', 'PRE_PRODUCTION_TRAFFIC_SHIFT'],
  );
});

test('a pause is a hook of its own, and the gate hears of those of this service alone', () => {
  const { stack } = newStack();
  const gate = gateIn(stack);
  gate.attachTo(ecsService(stack), {
    stages: ['POST_TEST_TRAFFIC_SHIFT'],
    pauseAt: ['PRE_PRODUCTION_TRAFFIC_SHIFT'],
    timeout: Duration.hours(2),
  });
  const hooks = resourceOf(stack, 'AWS::ECS::Service').Properties.DeploymentConfiguration.LifecycleHooks;
  assert.deepEqual(hooks[1], {
    TargetType: 'PAUSE',
    LifecycleStages: ['PRE_PRODUCTION_TRAFFIC_SHIFT'],
    TimeoutConfiguration: { TimeoutInMinutes: 120, Action: 'ROLLBACK' },
  });
  const { EventPattern: pattern, Targets: targets } = resourceOf(stack, 'AWS::Events::Rule').Properties;
  const prefix = [
    'arn:',
    { Ref: 'AWS::Partition' },
    ':ecs:',
    { Ref: 'AWS::Region' },
    ':',
    { Ref: 'AWS::AccountId' },
    ':service-deployment/',
  ];
  assert.deepEqual(pattern, {
    source: ['aws.ecs'],
    'detail-type': ['ECS Hook State Change'],
    detail: {
      eventName: ['HOOK_AWAITING_ACTION'],
      serviceDeploymentArn: [{ prefix: { 'Fn::Join': ['', [...prefix, { Ref: 'ClusterEB0386A7' }, '/shop/']] } }],
    },
  });
  assert.deepEqual(targets[0].Arn, { 'Fn::GetAtt': ['GateFunction115324B9', 'Arn'] });
  assert.equal(resourceOf(stack, 'AWS::Lambda::Permission').Properties.Principal, 'events.amazonaws.com');
  const of = allowed(stack, gate.role);
  const gateArn = `${arn}:lambda:${here}:function:CodeDeployHook_greenlight`;
  for (const action of [
    `ecs:ContinueServiceDeployment ${arn}:ecs:${here}:service-deployment/<ClusterEB0386A7>/shop/*`,
    `lambda:InvokeFunction ${gateArn}`,
    `lambda:InvokeFunction ${gateArn}:*`,
  ]) {
    assert.ok(of.includes(action), action);
  }
});

test("where a service has a generated name, the role reads the cluster's services, and a warning says why", () => {
  const { stack } = newStack();
  const gate = gateIn(stack);
  gate.attachTo(ecsService(stack, { serviceName: undefined }), { pauseAt: ['POST_SCALE_UP'] });
  const of = allowed(stack, gate.role);
  assert.ok(of.includes(`ecs:DescribeServiceRevisions ${arn}:ecs:${here}:service-revision/<ClusterEB0386A7>/*/*`), of.join('\n'));
  assert.match(warnings(stack), /Give it a serviceName/);
});

/** Warnings and errors of a stack, synthesized. */
function warnings(stack: Stack): string {
  templateOf(stack);
  return Annotations.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('@greenlight-deploy/cdk:'))
    .map((w) => String(w.entry.data))
    .join('\n');
}

test('what a deployment group of an ECS service lacks stops the synthesis, or warns, with what to do', () => {
  const cases: [string, Parameters<typeof ecsGroup>[1], EcsDeploymentGroupAttachment, 'error' | 'warning' | 'nothing', RegExp][] = [
    ['sound', {}, {}, 'nothing', /^$/],
    [
      'it has no test listener',
      { testListener: false },
      {},
      'error',
      /no test listener, and the gate is to be called at AfterAllowTestTraffic.*blueGreenDeploymentConfig.testListener/,
    ],
    [
      'nor does it need one',
      { testListener: false },
      { events: ['AfterAllowTraffic'] },
      'warning',
      /no test listener: the new version can't be asked before/,
    ],
    [
      'customers are on its test listener',
      { testListener: 'production' },
      {},
      'error',
      /test listener is its production listener: hooks would ask the old version/,
    ],
    [
      'it rolls nothing back',
      { autoRollback: { failedDeployment: false } },
      {},
      'error',
      /doesn't roll back when a deployment fails.*autoRollback: \{ failedDeployment: true \}/,
    ],
    [
      'it rolls back what is stopped',
      { autoRollback: { failedDeployment: false, stoppedDeployment: true } },
      {},
      'error',
      /doesn't roll back when a deployment fails/,
    ],
    [
      'it stops by alarms, and rolls nothing back then',
      { alarms: true, autoRollback: { deploymentInAlarm: false } },
      {},
      'warning',
      /not when an alarm stops it.*deploymentInAlarm: true/,
    ],
    ['it stops by alarms, and rolls back', { alarms: true }, {}, 'nothing', /^$/],
  ];
  for (const [why, props, options, wanted, text] of cases) {
    const { stack } = newStack();
    gateIn(stack).attachTo(ecsGroup(stack, props), options);
    if (wanted === 'error') {
      assert.throws(() => templateOf(stack), text, why);
    } else {
      assert.match(warnings(stack), text, why);
    }
  }
});

test('what a deployment group of a function lacks stops the synthesis, or warns, with what to do', () => {
  const failing = newStack().stack;
  gateIn(failing).attachTo(lambdaGroup(failing, { autoRollback: { failedDeployment: false } }));
  assert.throws(
    () => templateOf(failing),
    /\[Stack\/Group\] the deployment group doesn't roll back when a deployment fails.*\(group-rollback\)/,
  );

  const warned = newStack().stack;
  gateIn(warned).attachTo(lambdaGroup(warned, { alarms: [alarm(warned)], autoRollback: { deploymentInAlarm: false } }));
  assert.match(warnings(warned), /not when an alarm stops it/);

  const taken = newStack().stack;
  const group = lambdaGroup(taken, { postHook: LambdaFunction.fromFunctionName(taken, 'Other', 'other') });
  assert.throws(
    () => gateIn(taken).attachTo(group),
    /Stack\/Group has a function at AfterAllowTraffic already.*take its postHook away, or leave AfterAllowTraffic out of events/,
  );
});

test('what a service of ECS lacks stops the synthesis, or warns, with what to do', () => {
  const both = { alternate: true, test: true };
  const cases: [string, Partial<FargateServiceProps>, typeof both, EcsServiceAttachment, 'error' | 'warning' | 'nothing', RegExp][] = [
    ['sound', {}, both, {}, 'nothing', /^$/],
    [
      'a canary is sound, too',
      { deploymentStrategy: DeploymentStrategy.CANARY, canaryConfiguration: { stepPercent: 10, stepBakeTime: Duration.minutes(5) } },
      both,
      {},
      'nothing',
      /^$/,
    ],
    [
      'it is rolled',
      { deploymentStrategy: DeploymentStrategy.ROLLING },
      both,
      {},
      'error',
      /strategy is ROLLING: there is no green side to ask.*DeploymentStrategy.BLUE_GREEN/,
    ],
    [
      'it has one target group',
      {},
      { alternate: false, test: false },
      {},
      'error',
      /no alternate target group.*alternateTarget: new ecs.AlternateTarget/,
    ],
    [
      'it has no test listener',
      {},
      { alternate: true, test: false },
      {},
      'error',
      /no test listener, and the gate is called at POST_TEST_TRAFFIC_SHIFT.*Give its AlternateTarget a testListener/,
    ],
    [
      'nor does it need one',
      {},
      { alternate: true, test: false },
      { stages: ['POST_PRODUCTION_TRAFFIC_SHIFT'] },
      'warning',
      /no test listener: the new version can't be asked before/,
    ],
    [
      'its circuit breaker leaves everything',
      { circuitBreaker: { rollback: false } },
      both,
      {},
      'warning',
      /circuitBreaker: \{ rollback: true \}/,
    ],
  ];
  for (const [why, props, listeners, options, wanted, text] of cases) {
    const { stack } = newStack();
    gateIn(stack).attachTo(ecsService(stack, props, listeners), options);
    if (wanted === 'error') {
      assert.throws(() => templateOf(stack), text, why);
    } else {
      assert.match(warnings(stack), text, why);
    }
  }
});

test("what can't be attached is refused at once, with what can", () => {
  const refused: [string, (gate: Gate, stack: Stack) => void, RegExp][] = [
    [
      'an event that there is none of',
      (g, s) => g.attachTo(ecsGroup(s), { events: ['Install' as never] }),
      /some of BeforeInstall, AfterInstall.*these are Install/,
    ],
    [
      'an event of ECS for a function',
      (g, s) => g.attachTo(lambdaGroup(s), { events: ['BeforeInstall' as never] }),
      /events are some of BeforeAllowTraffic, AfterAllowTraffic; these are BeforeInstall/,
    ],
    ['no events', (g, s) => g.attachTo(lambdaGroup(s), { events: [] }), /these are none/],
    [
      'a stage that there is none of',
      (g, s) => g.attachTo(ecsService(s), { stages: ['AfterAllowTraffic' as never] }),
      /stages has AfterAllowTraffic: they are some of RECONCILE_SERVICE/,
    ],
    [
      'a stage twice',
      (g, s) => g.attachTo(ecsService(s), { pauseAt: ['POST_SCALE_UP', 'POST_SCALE_UP'] }),
      /pauseAt has POST_SCALE_UP.*each once/,
    ],
    ['no stage at all', (g, s) => g.attachTo(ecsService(s), { stages: [] }), /attached at no stage/],
    [
      'a time-out of half a minute',
      (g, s) => g.attachTo(ecsService(s), { timeout: Duration.seconds(30) }),
      /timeout is 30 s: it is 1 to 1440 whole minutes/,
    ],
    ['a time-out of two days', (g, s) => g.attachTo(ecsService(s), { timeout: Duration.days(2) }), /1 to 1440 whole minutes/],
    ["the gate's own key", (g, s) => g.attachTo(ecsService(s), { details: { greenlight: 1 } }), /details has the key greenlight/],
    [
      'a service that CodeDeploy deploys',
      (g, s) => {
        ecsGroup(s);
        g.attachTo(s.node.findChild('Service') as FargateService);
      },
      /is deployed by CODE_DEPLOY, and not by ECS: attach the gate to its EcsDeploymentGroup/,
    ],
    [
      'a group of another app',
      (g, s) =>
        g.attachTo(
          EcsDeploymentGroup.fromEcsDeploymentGroupAttributes(s, 'Imported', {
            application: EcsApplication.fromEcsApplicationName(s, 'App', 'shop'),
            deploymentGroupName: 'production',
          }) as never,
        ),
      /Stack\/Imported, which is no EcsDeploymentGroup.*use serveCodeDeployEcs, serveCodeDeployLambda or serveEcs with its names/,
    ],
    ['nothing', (g) => g.attachTo(undefined as never), /attachTo takes a construct; this is undefined/],
    [
      'the same twice',
      (g, s) => {
        const group = ecsGroup(s);
        g.attachTo(group);
        g.attachTo(group);
      },
      /Stack\/Gate is attached to Stack\/Group already: name all events or stages in one attachTo/,
    ],
  ];
  for (const [why, attach, wrong] of refused) {
    const { stack } = newStack();
    const gate = gateIn(stack);
    assert.throws(() => attach(gate, stack), wrong, why);
  }
});

test('a gate in one stack is attached to what is in others, and the stacks wait for it and not it for them', () => {
  const app = new App({ analyticsReporting: false });
  const gate = gateIn(new Stack(app, 'GateStack'));
  const stacks = ['Group', 'Service'].map((name) => new Stack(app, name)) as [Stack, Stack];
  gate.attachTo(ecsGroup(stacks[0]));
  gate.attachTo(ecsService(stacks[1]), { pauseAt: ['POST_SCALE_UP'] });
  app.synth();
  assert.deepEqual(
    gate.node.root.node
      .findAll()
      .filter((c) => Stack.isStack(c))
      .map((s) => [s.node.id, (s as Stack).dependencies.map((d) => d.node.id)]),
    [
      ['GateStack', []],
      ['Group', ['GateStack']],
      ['Service', ['GateStack']],
    ],
  );
});

test('an AppSpec is what CodeDeploy reads, with the gate at the events', () => {
  const { stack } = newStack();
  const gate = gateIn(stack, { functionName: 'CodeDeployHook_shop' });
  assert.deepEqual(
    JSON.parse(
      gate.appSpec({
        containerName: 'shop',
        containerPort: 8080,
        events: ['AfterAllowTraffic', 'AfterAllowTestTraffic'],
        platformVersion: '1.4.0',
      }),
    ),
    {
      version: '0.0',
      Resources: [
        {
          TargetService: {
            Type: 'AWS::ECS::Service',
            Properties: {
              TaskDefinition: '<TASK_DEFINITION>',
              LoadBalancerInfo: { ContainerName: 'shop', ContainerPort: 8080 },
              PlatformVersion: '1.4.0',
            },
          },
        },
      ],
      Hooks: [{ AfterAllowTestTraffic: 'CodeDeployHook_shop' }, { AfterAllowTraffic: 'CodeDeployHook_shop' }],
    },
  );
  assert.deepEqual(
    gate.appSpecHooks().map((hook) => Object.keys(hook)[0]),
    ['BeforeInstall', 'AfterInstall', 'AfterAllowTestTraffic', 'BeforeAllowTraffic', 'AfterAllowTraffic'],
  );
  assert.deepEqual(gate.appSpecHooks('AfterAllowTraffic'), [{ AfterAllowTraffic: 'CodeDeployHook_shop' }]);
});

test('a service that is elsewhere has the role of its hooks from the gate', () => {
  const { stack } = newStack();
  const gate = gateIn(stack);
  assert.equal(gate.ecsHookRole, gate.ecsHookRole);
  gate.serveEcs({ cluster: 'main', service: 'shop' });
  assert.ok(allowed(stack, gate.role).includes(`ecs:ListServiceDeployments ${arn}:ecs:${here}:service/main/shop`));
});
