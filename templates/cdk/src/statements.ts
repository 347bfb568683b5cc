import type { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import table from './statements.json';

/** Kinds of check that call AWS, for which the function's role needs more than it needs to answer. */
export type CheckKind = 'alarms' | 'cloudwatch' | 'lambda' | 'prometheus' | 'targets';

/** Features of greenlight that need permissions, as `greenlight doctor --policy --feature` has them, and what reads plans and secrets. */
export type Feature = keyof typeof table;

/** Who deploys what; it says which of a feature's calls are made. */
export type Platform = 'codedeploy-ecs' | 'codedeploy-lambda' | 'ecs';

/**
 * What stands for the placeholders of the table's resources. What isn't given stands as it is, and is an error: a part of an ARN
 * is never `*` because somebody has forgotten it.
 */
export interface Place {
  readonly APPLICATION?: string;
  readonly GROUP?: string;
  readonly CLUSTER?: string;
  readonly SERVICE?: string;
  readonly FUNCTION?: string;
  readonly DEPLOYED?: string;
}

interface Action {
  readonly name: string;
  readonly resource: string;
  readonly why: string;
  readonly platforms?: readonly string[];
  readonly optional?: boolean;
}

/** The table of what greenlight's code calls, which a test of the code writes. */
const features: Readonly<Record<Feature, readonly Action[]>> = table;

/** What a feature calls, for a platform where one is named. */
export function actionsOf(feature: Feature, platform?: Platform): readonly Action[] {
  return features[feature].filter((a) => platform === undefined || a.platforms === undefined || a.platforms.includes(platform));
}

/** The statements that allow the actions at a place, one for each resource. */
export function statements(stack: Stack, actions: readonly Action[], place: Place): PolicyStatement[] {
  const byResource = new Map<string, Set<string>>();
  for (const action of actions) {
    const resource = filledIn(stack, action.resource, place);
    const names = byResource.get(resource) ?? new Set<string>();
    byResource.set(resource, names.add(action.name));
  }
  return [...byResource].map(([resource, names]) => new PolicyStatement({ actions: [...names].sort(), resources: [resource] }));
}

/** Whether an action is for no deployment in particular: neither its application nor its service stands in the resource. */
export function isCommon(action: Action): boolean {
  return !/APPLICATION|GROUP|CLUSTER|SERVICE|DEPLOYED/.test(action.resource);
}

function filledIn(stack: Stack, pattern: string, place: Place): string {
  const known: Record<string, string | undefined> = {
    PARTITION: stack.partition,
    REGION: stack.region,
    ACCOUNT: stack.account,
    ...place,
  };
  return pattern.replace(/[A-Z]+/g, (placeholder) => {
    const value = known[placeholder];
    if (value === undefined) {
      throw new Error(`the IAM resource ${pattern} has nothing for ${placeholder}`);
    }
    return value;
  });
}
