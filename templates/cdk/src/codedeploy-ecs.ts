import { Stack } from 'aws-cdk-lib';
import type { CfnDeploymentGroup, EcsDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { acknowledgeWildcards } from './acknowledge.js';
import { type CodeDeployEcsEvent, codeDeployEcsEvents, hooks } from './appspec.js';
import { examine, type Finding, rollbackFindings } from './examine.js';
import type { Gate } from './gate.js';

/** How a gate is attached to a CodeDeploy deployment group of an ECS service. */
export interface EcsDeploymentGroupAttachment {
  /**
   * The events at which the AppSpec calls the gate.
   *
   * @default - all five
   */
  readonly events?: readonly CodeDeployEcsEvent[];
}

/** Attaches a gate to a CodeDeploy deployment group of an ECS service. */
export function attachEcsDeploymentGroup(gate: Gate, group: EcsDeploymentGroup, options: EcsDeploymentGroupAttachment): void {
  const events = options.events ?? codeDeployEcsEvents;
  hooks(gate.functionName, events); // they are sound, or it says what isn't
  const cfn = group.node.defaultChild as CfnDeploymentGroup;
  const [service] = cfn.ecsServices as CfnDeploymentGroup.ECSServiceProperty[];
  if (service === undefined) {
    throw new Error(`${group.node.path} names no ECS service: its ecsServices were taken away`);
  }
  const invoke = gate.invokeStatements();
  for (const statement of invoke) {
    group.role.addToPrincipalPolicy(statement);
  }
  acknowledgeWildcards(group.role, () => invoke);
  gate.allowAt(group, 'codedeploy', 'codedeploy-ecs', {
    APPLICATION: group.application.applicationName,
    GROUP: group.deploymentGroupName,
    CLUSTER: service.clusterName,
    SERVICE: service.serviceName,
  });
  examine(group, () => findings(group, cfn, events));
}

interface Settings {
  readonly autoRollbackConfiguration?: { readonly enabled?: boolean; readonly events?: string[] };
  readonly alarmConfiguration?: { readonly enabled?: boolean };
  readonly loadBalancerInfo?: {
    readonly targetGroupPairInfoList?: {
      readonly prodTrafficRoute?: { readonly listenerArns?: unknown[] };
      readonly testTrafficRoute?: { readonly listenerArns?: unknown[] };
    }[];
  };
}

function findings(group: EcsDeploymentGroup, cfn: CfnDeploymentGroup, events: readonly CodeDeployEcsEvent[]): Finding[] {
  const settings: Settings = Stack.of(group).resolve({
    autoRollbackConfiguration: cfn.autoRollbackConfiguration,
    alarmConfiguration: cfn.alarmConfiguration,
    loadBalancerInfo: cfn.loadBalancerInfo,
  });
  const rollback = settings.autoRollbackConfiguration;
  const found = rollbackFindings(rollback?.enabled === true ? (rollback.events ?? []) : [], settings.alarmConfiguration?.enabled === true);

  const pair = settings.loadBalancerInfo?.targetGroupPairInfoList?.[0];
  const [production] = pair?.prodTrafficRoute?.listenerArns ?? [];
  const [test] = pair?.testTrafficRoute?.listenerArns ?? [];
  if (test === undefined) {
    const needed = events.includes('AfterAllowTestTraffic');
    found.push({
      check: 'group-test-listener',
      warning: !needed,
      text:
        `the deployment group has no test listener${needed ? ', and the gate is to be called at AfterAllowTestTraffic, which there is none without' : ''}: ` +
        "the new version can't be asked before customers reach it. Give the load balancer a listener for it, and name that as blueGreenDeploymentConfig.testListener",
    });
  } else if (JSON.stringify(test) === JSON.stringify(production)) {
    found.push({
      check: 'listeners',
      text: "the deployment group's test listener is its production listener: hooks would ask the old version. Give the test traffic a listener of its own",
    });
  }
  return found;
}
