import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { App, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ShopStack as CodeDeployShop } from '../examples/codedeploy-ecs/stack.js';
import { PricesStack } from '../examples/codedeploy-lambda/stack.js';
import { ShopStack as EcsShop } from '../examples/ecs/stack.js';
import { golden, root, templateOf, zip } from './synth.js';

const examples: Record<string, (app: App, given: (name: string) => never, plan: string) => Stack> = {
  'codedeploy-ecs': (app, given, plan) => new CodeDeployShop(app, 'Shop', shop(given, plan)),
  ecs: (app, given, plan) => new EcsShop(app, 'Shop', shop(given, plan)),
  'codedeploy-lambda': (app, _, plan) =>
    new PricesStack(app, 'Prices', { prices: join(root, 'examples', 'codedeploy-lambda', 'prices'), code: zip, plan }),
};

const shop = (given: (name: string) => never, plan: string) => ({
  vpcId: given('vpcId'),
  vpcCidrBlock: given('vpcCidrBlock'),
  availabilityZones: given('availabilityZones'),
  privateSubnetIds: given('privateSubnetIds'),
  privateSubnetRouteTableIds: given('privateSubnetRouteTableIds'),
  image: given('image'),
  containerPort: Number(given('containerPort')),
  healthPath: given('healthPath'),
  code: zip,
  plan,
});

for (const [name, make] of Object.entries(examples)) {
  const folder = join(root, 'examples', name);
  const synthesize = () => {
    const { context } = JSON.parse(readFileSync(join(folder, 'cdk.json'), 'utf8'));
    const app = new App({ context, analyticsReporting: false });
    return make(app, (key) => app.node.getContext(key) as never, join(folder, 'greenlight.yaml'));
  };

  test(`the example ${name} synthesizes to the template that is checked in`, () => {
    const { got, want } = golden(`${name}.template.json`, templateOf(synthesize()));
    assert.equal(got, want, 'npm run update writes it anew');
  });

  test(`cdk-nag finds nothing in the example ${name} that isn't explained in place`, () => {
    const stack = synthesize();
    templateOf(stack); // the gate's own reasons are given when all names are settled
    const report = new AwsSolutionsChecks(stack, { verbose: true }).validateScope(stack);
    const findings = report.violations.flatMap((v) =>
      v.violatingResources.map((r) => `${v.ruleName} ${r.locations.join()} ${r.resourceLogicalId}: ${v.description}`),
    );
    assert.deepEqual(findings, []);
    assert.equal(report.success, true);
  });

  test(`the example ${name} has neither warnings nor errors`, () => {
    const stack = synthesize();
    templateOf(stack);
    for (const found of [
      Annotations.fromStack(stack).findWarning('*', Match.anyValue()),
      Annotations.fromStack(stack).findError('*', Match.anyValue()),
    ]) {
      assert.deepEqual(
        found.map((m) => `${m.id}: ${m.entry.data}`),
        [],
      );
    }
  });
}
