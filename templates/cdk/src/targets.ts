/** A CodeDeploy deployment group for Amazon ECS, by its names. */
export interface CodeDeployEcsNames {
  /** The CodeDeploy application's name. */
  readonly application: string;
  /** The deployment group's name. */
  readonly deploymentGroup: string;
  /** The name of the ECS cluster that it deploys to. */
  readonly cluster: string;
  /** The name of the ECS service that it deploys. */
  readonly service: string;
}

/** A CodeDeploy deployment group for Lambda, by its names. */
export interface CodeDeployLambdaNames {
  /** The CodeDeploy application's name. */
  readonly application: string;
  /** The deployment group's name. */
  readonly deploymentGroup: string;
  /** The name of the Lambda function that it deploys. */
  readonly function: string;
}

/** A service that Amazon ECS deploys itself, by its names. */
export interface EcsServiceNames {
  /** The cluster's name. */
  readonly cluster: string;
  /** The service's name. */
  readonly service: string;
}
