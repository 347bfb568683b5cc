import { Annotations, AspectPriority, Aspects } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** What is wrong with what a gate is attached to: it comes with what to do. */
export interface Finding {
  /** Its name in `greenlight doctor`, which says the same of an account. */
  readonly check: string;
  readonly text: string;
  /** Whether it only deserves a look; else the app isn't synthesized. */
  readonly warning?: boolean;
}

/**
 * Looks at a construct when the app is synthesized, since until then its properties may change: errors stop the synthesis, warnings can
 * be acknowledged by their id.
 */
export function examine(target: IConstruct, look: () => Finding[]): void {
  target.node.addValidation({
    validate: () =>
      look()
        .filter((f) => f.warning !== true)
        .map((f) => `${f.text} (${f.check})`),
  });
  Aspects.of(target).add(
    {
      visit: (node) => {
        if (node !== target) {
          return;
        }
        for (const f of look().filter((f) => f.warning === true)) {
          Annotations.of(target).addWarningV2(`@greenlight-deploy/cdk:${f.check}`, f.text);
        }
      },
    },
    { priority: AspectPriority.READONLY },
  );
}

/** What is wrong with a deployment group's rollbacks. */
export function rollbackFindings(events: readonly string[], alarms: boolean): Finding[] {
  if (!events.includes('DEPLOYMENT_FAILURE')) {
    return [
      {
        check: 'group-rollback',
        text: "the deployment group doesn't roll back when a deployment fails: where the gate says no, everything would stay as it is, after AllowTraffic with the new version in production. Give it autoRollback: { failedDeployment: true }, or leave autoRollback out",
      },
    ];
  }
  if (alarms && !events.includes('DEPLOYMENT_STOP_ON_ALARM')) {
    return [
      {
        check: 'group-rollback',
        warning: true,
        text: 'the deployment group rolls back when a deployment fails, and not when an alarm stops it. Give it autoRollback: { deploymentInAlarm: true }',
      },
    ];
  }
  return [];
}
