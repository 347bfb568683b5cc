import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { App, Duration, Lazy, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Architecture, Function as LambdaFunction, Tracing } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Gate, GatePlan, type GateProps, GateSecret } from '../src/index.js';
import { allowed, code, golden, newStack, templateOf } from './synth.js';

/** The template of a stack with a gate and nothing else. */
function gated(props: Partial<GateProps> | ((stack: Stack) => Partial<GateProps>) = {}): {
  gate: Gate;
  stack: Stack;
  template: () => Template;
} {
  const { stack } = newStack();
  const gate = new Gate(stack, 'Gate', { code: code(), ...(typeof props === 'function' ? props(stack) : props) });
  return { gate, stack, template: () => Template.fromStack(stack) };
}

/** A place in a VPC that has no way out. */
const network = (stack: Stack) => ({
  vpc: Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['a', 'b'],
    isolatedSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    isolatedSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef0'],
  }),
  subnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
});

test('a gate without any settings is what its documentation says', () => {
  const { stack, template } = gated();
  template().hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'CodeDeployHook_greenlight',
    Runtime: 'provided.al2023',
    Handler: 'bootstrap',
    Architectures: ['arm64'],
    Timeout: 900,
    MemorySize: 512,
    ReservedConcurrentExecutions: Match.absent(),
    TracingConfig: Match.absent(),
    VpcConfig: Match.absent(),
    Environment: Match.absent(),
  });
  template().hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: '/aws/lambda/CodeDeployHook_greenlight', RetentionInDays: 30 });
  template().hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    MaximumRetryAttempts: 2,
    MaximumEventAgeInSeconds: 3600,
    Qualifier: '$LATEST',
  });
  template().resourceCountIs('AWS::CloudWatch::Alarm', 3);
  const { got, want } = golden('gate.template.json', templateOf(stack));
  assert.equal(got, want, 'npm run update writes it anew');
});

test('a gate with all settings', () => {
  const { gate, stack } = gated((stack) => ({
    functionName: 'CodeDeployHook_shop',
    architecture: Architecture.X86_64,
    timeout: Duration.minutes(5),
    memorySize: 1024,
    logRetention: RetentionDays.ONE_YEAR,
    logEncryptionKey: new Key(stack, 'LogKey'),
    logRemovalPolicy: RemovalPolicy.RETAIN,
    tracing: Tracing.ACTIVE,
    reservedConcurrentExecutions: 20,
    retryAttempts: 1,
    maxEventAge: Duration.minutes(30),
    onFailure: new SqsDestination(new Queue(stack, 'GivenUp')),
    plan: GatePlan.fromBucket(new Bucket(stack, 'Plans', { encryptionKey: new Key(stack, 'PlanKey') }), 'shop/greenlight.yaml'),
    secrets: [
      GateSecret.fromParameter(
        StringParameter.fromSecureStringParameterAttributes(stack, 'Token', { parameterName: '/shop/token' }),
        new Key(stack, 'TokenKey'),
      ),
      GateSecret.fromSecret(Secret.fromSecretNameV2(stack, 'Test', 'shop/test')),
    ],
    checks: ['alarms', 'cloudwatch', 'lambda', 'prometheus', 'targets'],
    checkedFunctions: [LambdaFunction.fromFunctionName(stack, 'Prices', 'prices')],
    environment: { LOG_LEVEL: 'debug' },
    network: { ...network(stack), endpoints: true },
    alarmTopics: [new Topic(stack, 'Alarms')],
  }));
  gate.serveCodeDeployEcs({ application: 'shop', deploymentGroup: 'production', cluster: 'main', service: 'shop' });
  gate.serveCodeDeployLambda({ application: 'prices', deploymentGroup: 'production', function: 'prices' });
  gate.serveEcs({ cluster: 'main', service: 'cart' });
  const { got, want } = golden('gate-all.template.json', templateOf(stack));
  assert.equal(got, want, 'npm run update writes it anew');
});

test('what the properties may not be is said before anything is deployed, with what they may be', () => {
  const refused: [string, Partial<GateProps> | (() => Partial<GateProps>), RegExp][] = [
    [
      'a name that the managed policies forbid',
      { functionName: 'greenlight' },
      /name it CodeDeployHook_greenlight, since the managed policies/,
    ],
    ['a name of the prefix alone', { functionName: 'CodeDeployHook_' }, /CodeDeployHook_ and 1 to 49 letters/],
    ['a name with a dot', { functionName: 'CodeDeployHook_a.b' }, /1 to 49 letters, digits, - and _/],
    ['a name of 65 characters', { functionName: `CodeDeployHook_${'a'.repeat(50)}` }, /1 to 49 letters/],
    [
      "Lambda's default time-out",
      { timeout: Duration.seconds(3) },
      /timeout is 3 s: it is 30 to 900 s, 10 of which are kept for the report/,
    ],
    ["a time-out that is longer than Lambda's longest", { timeout: Duration.minutes(16) }, /timeout is 960 s/],
    ['too little memory', { memorySize: 64 }, /memorySize is 64: it is a whole number of MiB, 128 to 10240/],
    ['half a MiB', { memorySize: 128.5 }, /memorySize is 128.5/],
    ['a concurrency of none', { reservedConcurrentExecutions: 0 }, /the function would never run, and each deployment would hang/],
    [
      'a plan that is too long for a variable',
      () => ({ plan: GatePlan.inline(`version: 1\n${'#'.repeat(3100)}`) }),
      /has 3111 bytes.*room for 3072/,
    ],
    [
      'a path in the place of a plan',
      () => ({ plan: GatePlan.inline('greenlight.yaml') }),
      /would be taken for a path: use GatePlan.fromFile/,
    ],
    ['a plan that is nowhere', () => ({ plan: GatePlan.fromFile('nowhere.yaml') }), /there is no plan at nowhere.yaml \(from \//],
  ];
  for (const [why, props, wrong] of refused) {
    assert.throws(() => gated(typeof props === 'function' ? props() : props), wrong, why);
  }
});

test("a name that isn't known before the deployment is taken as it is", () => {
  const name = Lazy.string({ produce: () => 'CodeDeployHook_late' });
  const { template } = gated({ functionName: name });
  template().hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'CodeDeployHook_late' });
});

test('the plan reaches the function, and its role reads that one place', () => {
  const bucketArn = (stack: Stack) => Bucket.fromBucketName(stack, 'Plans', 'plans');
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/1234';
  const cases: [string, (stack: Stack) => GatePlan, string | undefined, string[]][] = [
    ['in the bundle', () => GatePlan.bundled(), undefined, []],
    ['inline', () => GatePlan.inline('version: 1\nchecks: []\n'), 'version: 1\nchecks: []\n', []],
    [
      'an object',
      (s) => GatePlan.fromBucket(bucketArn(s), 'a/b.yaml'),
      's3://plans/a/b.yaml',
      ['s3:GetObject arn:<AWS::Partition>:s3:::plans/a/b.yaml'],
    ],
    [
      'an object for each application',
      (s) => GatePlan.fromBucket(bucketArn(s), '{{ application }}/{{ group }}.yaml'),
      's3://plans/{{ application }}/{{ group }}.yaml',
      ['s3:GetObject arn:<AWS::Partition>:s3:::plans/*/*.yaml'],
    ],
    [
      'an object under a key of your own',
      (s) =>
        GatePlan.fromBucket(
          Bucket.fromBucketAttributes(s, 'Plans', { bucketName: 'plans', encryptionKey: Key.fromKeyArn(s, 'Key', key) }),
          'a.yaml',
        ),
      's3://plans/a.yaml',
      [`kms:Decrypt ${key}`, 's3:GetObject arn:<AWS::Partition>:s3:::plans/a.yaml'],
    ],
    [
      'a parameter',
      (s) => GatePlan.fromParameter(StringParameter.fromStringParameterName(s, 'Plan', '/shop/plan')),
      'ssm:/shop/plan',
      ['ssm:GetParameter arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/shop/plan'],
    ],
    [
      'a parameter under a key of your own',
      (s) => GatePlan.fromParameter(StringParameter.fromStringParameterName(s, 'Plan', '/shop/plan'), Key.fromKeyArn(s, 'Key', key)),
      'ssm:/shop/plan',
      [`kms:Decrypt ${key}`, 'ssm:GetParameter arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/shop/plan'],
    ],
  ];
  for (const [why, plan, location, reads] of cases) {
    const { stack, gate } = gated((stack) => ({ plan: plan(stack) }));
    const fn = stack.resolve((gate.function.node.defaultChild as never as { environment: unknown }).environment);
    assert.equal(fn?.variables?.GREENLIGHT_PLAN, location, why);
    assert.deepEqual(
      allowed(stack, gate.role).filter((a) => !a.startsWith('logs:')),
      reads,
      why,
    );
  }
});

test('a plan is read from a file when the app is synthesized', () => {
  const path = join(new App().outdir, 'greenlight.yaml');
  writeFileSync(path, 'version: 1\nchecks:\n  - http: GET /health\n');
  gated({ plan: GatePlan.fromFile(path) })
    .template()
    .hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { GREENLIGHT_PLAN: 'version: 1\nchecks:\n  - http: GET /health\n' } },
    });
});

test('a secret is read by its whole ARN, or by its name and whatever Secrets Manager adds to it', () => {
  const whole = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/test-AbCdEf';
  const { stack, gate } = gated((stack) => ({
    secrets: [
      GateSecret.fromSecret(Secret.fromSecretCompleteArn(stack, 'Whole', whole)),
      GateSecret.fromSecret(Secret.fromSecretNameV2(stack, 'Named', 'shop/test')),
    ],
  }));
  const got = allowed(stack, gate.role).filter((a) => a.startsWith('secretsmanager:'));
  assert.deepEqual(got, [
    'secretsmanager:GetSecretValue arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:shop/test-??????',
    `secretsmanager:GetSecretValue ${whole}`,
  ]);
});

test('checks of the kind lambda invoke the functions that are named, and never all', () => {
  const { stack, gate } = gated((stack) => ({
    checks: ['lambda'],
    checkedFunctions: [LambdaFunction.fromFunctionName(stack, 'Prices', 'prices')],
  }));
  const arn = 'arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:prices';
  assert.deepEqual(
    allowed(stack, gate.role).filter((a) => a.startsWith('lambda:')),
    [`lambda:InvokeFunction ${arn}`, `lambda:InvokeFunction ${arn}:*`],
  );
  assert.throws(
    () => gated({ checks: ['lambda'] }).template(),
    /attach the gate to the function's deployment group, or name it in checkedFunctions/,
  );
});

test('the alarms look back further than an invocation may take, and tell the topics', () => {
  const { template } = gated((stack) => ({ alarmTopics: [new Topic(stack, 'Topic')] }));
  const alarms = Object.values(template().findResources('AWS::CloudWatch::Alarm')).map((a) => a.Properties);
  assert.deepEqual(
    alarms.map((a) => [a.AlarmName, a.EvaluationPeriods, a.DatapointsToAlarm, a.Threshold, a.TreatMissingData, a.AlarmActions.length]),
    ['errors', 'throttles', 'no-verdict'].map((name) => [`CodeDeployHook_greenlight-${name}`, 20, 1, 0, 'notBreaching', 1]),
  );
  gated({ alarms: false }).template().resourceCountIs('AWS::CloudWatch::Alarm', 0);
});

test('in a VPC there are endpoints for what is called, and for nothing else', () => {
  const endpoints = (props: Partial<GateProps>, serve: (gate: Gate) => void, wanted = true) => {
    const { gate, template } = gated((stack) => ({
      network: { ...network(stack), endpoints: wanted },
      ...props,
    }));
    serve(gate);
    const found = template().findResources('AWS::EC2::VPCEndpoint');
    return Object.values(found)
      .map((r) => r.Properties.ServiceName)
      .map((name) => (typeof name === 'string' ? name : name['Fn::Join'][1].at(-1)))
      .map((name: string) => name.split('.').at(-1))
      .sort();
  };
  const codeDeploy = (gate: Gate) => gate.serveCodeDeployEcs({ application: 'a', deploymentGroup: 'g', cluster: 'c', service: 's' });
  const lambda = (gate: Gate) => gate.serveCodeDeployLambda({ application: 'a', deploymentGroup: 'g', function: 'f' });
  const ecs = (gate: Gate) => gate.serveEcs({ cluster: 'c', service: 's' });
  assert.deepEqual(endpoints({}, codeDeploy), ['codedeploy', 'ecs', 'elasticloadbalancing', 'lambda']);
  assert.deepEqual(endpoints({ handOver: false }, codeDeploy), ['codedeploy', 'ecs', 'elasticloadbalancing']);
  assert.deepEqual(endpoints({}, lambda), ['codedeploy', 'lambda']);
  assert.deepEqual(endpoints({}, ecs), ['ecs', 'elasticloadbalancing']);
  assert.deepEqual(
    endpoints({ checks: ['alarms', 'cloudwatch', 'prometheus'] }, () => {}),
    ['aps-workspaces', 'monitoring', 'tagging'],
  );
  assert.deepEqual(endpoints({}, codeDeploy, false), []);
});

test('two gates stand in one stack', () => {
  const { stack } = newStack();
  new Gate(stack, 'Shop', { code: code(), functionName: 'CodeDeployHook_shop' });
  new Gate(stack, 'Cart', { code: code(), functionName: 'CodeDeployHook_cart' });
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 2);
});
