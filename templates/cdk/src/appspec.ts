/** Lifecycle events of CodeDeploy for Amazon ECS at which a function is called, in their order. */
export type CodeDeployEcsEvent = 'BeforeInstall' | 'AfterInstall' | 'AfterAllowTestTraffic' | 'BeforeAllowTraffic' | 'AfterAllowTraffic';

/** Lifecycle events of CodeDeploy for Lambda at which a function is called, in their order. */
export type CodeDeployLambdaEvent = 'BeforeAllowTraffic' | 'AfterAllowTraffic';

/** All events of CodeDeploy for Amazon ECS, in their order. */
export const codeDeployEcsEvents: readonly CodeDeployEcsEvent[] = [
  'BeforeInstall',
  'AfterInstall',
  'AfterAllowTestTraffic',
  'BeforeAllowTraffic',
  'AfterAllowTraffic',
];

/** All events of CodeDeploy for Lambda, in their order. */
export const codeDeployLambdaEvents: readonly CodeDeployLambdaEvent[] = ['BeforeAllowTraffic', 'AfterAllowTraffic'];

/** What an AppSpec for Amazon ECS says. */
export interface AppSpecProps {
  /**
   * The ARN of the task definition to deploy, with its revision.
   *
   * @default `<TASK_DEFINITION>`, which CodePipeline's action for ECS blue/green replaces
   */
  readonly taskDefinition?: string;
  /** The name of the container that the load balancer reaches, as in the task definition. */
  readonly containerName: string;
  /** The port that it listens on, 1 to 65535. */
  readonly containerPort: number;
  /**
   * The events at which the gate is called.
   *
   * @default - all five; where the plan has nothing for a stage, the gate says so and lets the deployment go on
   */
  readonly events?: readonly CodeDeployEcsEvent[];
  /**
   * Fargate's platform version.
   *
   * @default - the service's
   */
  readonly platformVersion?: string;
}

/**
 * The hooks of an AppSpec.
 *
 * @see https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
 */
export function hooks(functionName: string, events: readonly CodeDeployEcsEvent[] = codeDeployEcsEvents): Record<string, string>[] {
  const ordered = codeDeployEcsEvents.filter((event) => events.includes(event));
  if (ordered.length === 0 || ordered.length !== events.length) {
    throw new Error(
      `an AppSpec's hooks are some of ${codeDeployEcsEvents.join(', ')}, each once; these are ${events.length === 0 ? 'none' : events.join(', ')}`,
    );
  }
  return ordered.map((event) => ({ [event]: functionName }));
}

/**
 * An AppSpec for Amazon ECS, as CodeDeploy reads it.
 *
 * @see https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
 */
export function appSpec(functionName: string, props: AppSpecProps): object {
  return {
    version: '0.0',
    Resources: [
      {
        TargetService: {
          Type: 'AWS::ECS::Service',
          Properties: {
            TaskDefinition: props.taskDefinition ?? '<TASK_DEFINITION>',
            LoadBalancerInfo: { ContainerName: props.containerName, ContainerPort: props.containerPort },
            ...(props.platformVersion === undefined ? {} : { PlatformVersion: props.platformVersion }),
          },
        },
      },
    ],
    Hooks: hooks(functionName, props.events),
  };
}
