import { Gate, GatePlan } from '@greenlight-deploy/cdk';
import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { ComparisonOperator, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Alias, Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** What cdk.json's context gives. */
export interface PricesProps extends StackProps {
  /** The folder of the function's code. */
  readonly prices: string;
  /** The gate's zip. */
  readonly code: string;
  /** The plan's file. */
  readonly plan: string;
}

/**
 * A Lambda function whose alias CodeDeploy shifts to a new version: a tenth of the calls for five minutes, then all. greenlight asks the
 * new version before the first call comes to it, and again when all do.
 */
export class PricesStack extends Stack {
  constructor(scope: Construct, id: string, props: PricesProps) {
    super(scope, id, props);
    const prices = new LambdaFunction(this, 'Prices', {
      functionName: 'prices',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(props.prices),
      timeout: Duration.seconds(10),
      memorySize: 256,
      logGroup: new LogGroup(this, 'PricesLogGroup', {
        logGroupName: '/aws/lambda/prices',
        retention: RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    Validations.of(prices).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      reason: 'It lets the function write its log, and nothing else.',
    });
    const live = new Alias(this, 'Live', { aliasName: 'live', version: prices.currentVersion });

    // What stops a deployment by itself, whichever version the errors are of.
    const errors = live.metricErrors({ period: Duration.minutes(1), statistic: Stats.SUM }).createAlarm(this, 'Errors', {
      alarmDescription: 'Calls of prices end in errors',
      threshold: 0,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const group = new LambdaDeploymentGroup(this, 'DeploymentGroup', {
      application: new LambdaApplication(this, 'Application', { applicationName: 'prices' }),
      deploymentGroupName: 'production',
      alias: live,
      deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
      alarms: [errors],
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
    });

    // The gate.
    const gate = new Gate(this, 'Gate', {
      code: Code.fromAsset(props.code),
      plan: GatePlan.fromFile(props.plan),
      checks: ['lambda'],
    });
    gate.attachTo(group);

    Validations.of(group).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]',
      reason: "It is what CodeDeploy's own documentation gives the group's role.",
    });

    new CfnOutput(this, 'GateFunctionName', { value: gate.function.functionName });
    new CfnOutput(this, 'GateFunctionArn', { value: gate.functionArn });
    new CfnOutput(this, 'GateRoleArn', { value: gate.role.roleArn });
    new CfnOutput(this, 'GateLogGroup', { value: gate.logGroup.logGroupName });
  }
}
