// The gate: the function that is asked during a deployment. npm install @greenlight-deploy/cdk
import { Gate, GatePlan } from '@greenlight-deploy/cdk';
import { [[ if eq .Platform "ecs" ]]type aws_ecs as ecs[[ else ]]type aws_codedeploy as codedeploy[[ end ]], aws_lambda as lambda } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Makes the gate, and attaches it to what is deployed. Call it in the stack that has the [[ if eq .Platform "ecs" ]]service[[ else ]]deployment group[[ end ]]. */
export function addGreenlight(scope: Construct, deployed: [[ if eq .Platform "ecs" ]]ecs.FargateService[[ else if eq .Platform "lambda" ]]codedeploy.LambdaDeploymentGroup[[ else ]]codedeploy.EcsDeploymentGroup[[ end ]]): Gate {
  const gate = new Gate(scope, 'Greenlight', {
    functionName: '[[ .Function ]]',
    code: lambda.Code.fromAsset('function-arm64.zip'),
    plan: GatePlan.fromFile('greenlight.yaml'),
[[- if eq .Platform "lambda" ]]
    checks: ['lambda'],
[[- end ]]
  });
  gate.attachTo(deployed);
  return gate;
}
