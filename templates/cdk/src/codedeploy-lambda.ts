import { Stack } from 'aws-cdk-lib';
import type { CfnDeploymentGroup, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnAlias } from 'aws-cdk-lib/aws-lambda';
import { acknowledgeWildcards } from './acknowledge.js';
import { type CodeDeployLambdaEvent, codeDeployLambdaEvents } from './appspec.js';
import { examine, type Finding, rollbackFindings } from './examine.js';
import type { Gate } from './gate.js';

/** How a gate is attached to a CodeDeploy deployment group of a Lambda function. */
export interface LambdaDeploymentGroupAttachment {
  /**
   * The events at which CodeDeploy calls the gate: before traffic shifts, and after.
   *
   * @default - both
   */
  readonly events?: readonly CodeDeployLambdaEvent[];
}

/** Attaches a gate to a CodeDeploy deployment group of a Lambda function. */
export function attachLambdaDeploymentGroup(gate: Gate, group: LambdaDeploymentGroup, options: LambdaDeploymentGroupAttachment): void {
  const events = options.events ?? codeDeployLambdaEvents;
  if (events.length === 0 || events.some((event) => !codeDeployLambdaEvents.includes(event))) {
    throw new Error(`events are some of ${codeDeployLambdaEvents.join(', ')}; these are ${events.join(', ') || 'none'}`);
  }
  const cfn = group.node.defaultChild as CfnDeploymentGroup;
  const alias = aliasOf(cfn);
  gate.allowAt(group, 'codedeploy', 'codedeploy-lambda', {
    APPLICATION: group.application.applicationName,
    GROUP: group.deploymentGroupName,
    DEPLOYED: alias.functionName,
  });
  hook(group, 'BeforeAllowTraffic', events, () => group.addPreHook(gate.function));
  hook(group, 'AfterAllowTraffic', events, () => group.addPostHook(gate.function));
  // addPreHook and addPostHook let the group's role call the function, with all versions.
  acknowledgeWildcards(group.role, () => [new PolicyStatement({ resources: [`${gate.functionArn}:*`] })]);
  examine(group, () => findings(group, cfn));
}

function hook(group: LambdaDeploymentGroup, event: CodeDeployLambdaEvent, events: readonly CodeDeployLambdaEvent[], add: () => void): void {
  if (!events.includes(event)) {
    return;
  }
  try {
    add();
  } catch (cause) {
    throw new Error(
      `${group.node.path} has a function at ${event} already, and there is room for one: take its ${event === 'BeforeAllowTraffic' ? 'preHook' : 'postHook'} away, or leave ${event} out of events`,
      { cause },
    );
  }
}

/** The alias that a group shifts: the group doesn't know it, but the alias knows the group. */
function aliasOf(group: CfnDeploymentGroup): CfnAlias {
  const alias = Stack.of(group)
    .node.root.node.findAll()
    .find(
      (node): node is CfnAlias =>
        CfnAlias.isCfnAlias(node) && node.cfnOptions.updatePolicy?.codeDeployLambdaAliasUpdate?.deploymentGroupName === group.ref,
    );
  if (alias === undefined) {
    throw new Error(`no alias of this app is updated by ${group.node.path}: has its UpdatePolicy been changed?`);
  }
  return alias;
}

function findings(group: LambdaDeploymentGroup, cfn: CfnDeploymentGroup): Finding[] {
  const settings: { rollback?: { enabled?: boolean; events?: string[] }; alarms?: { enabled?: boolean } } = Stack.of(group).resolve({
    rollback: cfn.autoRollbackConfiguration,
    alarms: cfn.alarmConfiguration,
  });
  return rollbackFindings(settings.rollback?.enabled === true ? (settings.rollback.events ?? []) : [], settings.alarms?.enabled === true);
}
