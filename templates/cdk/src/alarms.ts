import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

const period = Duration.minutes(1);

/**
 * How many periods are looked at. Lambda dates an error by when its invocation began, and tells of it when that has ended, up to 15
 * minutes later; CloudWatch has it some minutes after that.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#invocation-metrics
 */
const evaluationPeriods = 20;

/** What the alarms are about. */
interface GateAlarmsProps {
  readonly handler: IFunction;
  readonly functionName: string;
  readonly topics: readonly ITopic[];
}

/**
 * The alarms on the gate itself, the same as in greenlight's templates for SAM and Terraform. A deployment that it stops is none: that is
 * what it is for.
 */
export class GateAlarms extends Construct {
  /** An invocation crashed, ran out of time or memory, or couldn't deliver its verdict. Lambda runs CodeDeploy's events again, twice. */
  readonly errors: Alarm;
  /** An invocation was throttled. ECS's hooks then fail, and CodeDeploy's wait for the next try. */
  readonly throttles: Alarm;
  /**
   * Lambda has given an event of CodeDeploy's, or of ECS's pause, up after its retries or its hour, or has taken hand-overs for an endless
   * loop: its deployment hangs until CodeDeploy's hour is over, or the pause. A run without a verdict is no reason yet, since the next one
   * may come to it: {@link errors} tells of it. Hooks of ECS are called synchronously: of these {@link errors} and {@link throttles} tell.
   */
  readonly noVerdict: Alarm;

  constructor(scope: Construct, id: string, props: GateAlarmsProps) {
    super(scope, id);
    const { handler, functionName: name } = props;
    const log = `/aws/lambda/${name}`;
    this.errors = this.alarm('Errors', props, handler.metricErrors({ period, statistic: Stats.SUM }), {
      name: `${name}-errors`,
      description: `greenlight: an invocation of ${name} ended without a verdict, or couldn't deliver it. CodeDeploy's events are run again, twice. Its log, ${log}, says why.`,
    });
    this.throttles = this.alarm('Throttles', props, handler.metricThrottles({ period, statistic: Stats.SUM }), {
      name: `${name}-throttles`,
      description: `greenlight: an invocation of ${name} was refused, and a deployment waits or fails. The account's concurrency in this region is used up, or what is reserved for the function is too little.`,
    });
    const lost = new MathExpression({
      label: 'events without a verdict',
      period,
      expression: 'FILL(dropped, 0) + FILL(looped, 0)',
      usingMetrics: {
        dropped: handlerMetric(handler, 'AsyncEventsDropped'),
        looped: handlerMetric(handler, 'RecursiveInvocationsDropped'),
      },
    });
    this.noVerdict = this.alarm('NoVerdict', props, lost, {
      name: `${name}-no-verdict`,
      description: `greenlight: Lambda has given up an event of ${name}. Its deployment gets no verdict, and waits until CodeDeploy's hour or the pause is over: stop it (aws deploy stop-deployment --auto-rollback-enabled). Its log, ${log}, says why.`,
    });
  }

  private alarm(id: string, props: GateAlarmsProps, metric: IMetric, about: { name: string; description: string }): Alarm {
    const alarm = new Alarm(this, id, {
      alarmName: about.name,
      alarmDescription: about.description,
      metric,
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods,
      datapointsToAlarm: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    for (const topic of props.topics) {
      alarm.addAlarmAction(new SnsAction(topic));
    }
    return alarm;
  }
}

function handlerMetric(handler: IFunction, metricName: string): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: handler.functionName },
    period,
    statistic: Stats.SUM,
  });
}
