import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

const period = Duration.minutes(5);

/** What the alarms are about. */
interface GateAlarmsProps {
  readonly handler: IFunction;
  readonly functionName: string;
  readonly timeout: Duration;
  readonly logGroup: ILogGroup;
  readonly topics: readonly ITopic[];
}

/**
 * The alarms on the gate itself. A deployment that it stops is none: that is what it is for.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
export class GateAlarms extends Construct {
  /** An invocation crashed, ran out of time or memory, or couldn't deliver its verdict. Lambda runs it again, twice. */
  readonly errors: Alarm;
  /** An invocation was throttled. ECS's hooks then fail, and CodeDeploy's wait for the next try. */
  readonly throttles: Alarm;
  /**
   * A run of CodeDeploy's event, or of ECS's pause, came to no verdict or couldn't deliver it, or Lambda has given the event up: its
   * deployment hangs until CodeDeploy's hour is over, or the pause. Hooks of ECS are called synchronously, and always answered: there it is
   * {@link errors} and {@link throttles} that tell.
   */
  readonly noVerdict: Alarm;

  constructor(scope: Construct, id: string, props: GateAlarmsProps) {
    super(scope, id);
    const { handler, functionName: name } = props;
    const log = `Its log is /aws/lambda/${name}.`;
    this.errors = this.alarm('Errors', props, handler.metricErrors({ period, statistic: Stats.SUM }), {
      name: `${name}-errors`,
      description: `greenlight: an invocation of ${name} ended in an error, and Lambda runs CodeDeploy's events again. ${log}`,
    });
    this.throttles = this.alarm('Throttles', props, handler.metricThrottles({ period, statistic: Stats.SUM }), {
      name: `${name}-throttles`,
      description: `greenlight: an invocation of ${name} was throttled: deployments wait for it, or fail. Look at the account's concurrency, and at the function's.`,
    });
    const unanswered = new MathExpression({
      label: 'hooks without a verdict',
      period,
      expression: 'FILL(said, 0) + FILL(dropped, 0) + FILL(looped, 0)',
      usingMetrics: {
        said: this.saidSo(props).metric({ period, statistic: Stats.SUM }),
        dropped: handlerMetric(handler, 'AsyncEventsDropped'),
        looped: handlerMetric(handler, 'RecursiveInvocationsDropped'),
      },
    });
    this.noVerdict = this.alarm('NoVerdict', props, unanswered, {
      name: `${name}-no-verdict`,
      description: `greenlight: a lifecycle event got no verdict from ${name}, and its deployment hangs. Stop it: aws deploy stop-deployment. ${log}`,
    });
  }

  /** Counts the last lines of executions that say that they have no verdict, or couldn't deliver it. */
  private saidSo(props: GateAlarmsProps): MetricFilter {
    return new MetricFilter(this, 'NoVerdictSaid', {
      logGroup: props.logGroup,
      filterPattern: FilterPattern.literal('{ ($.msg = "no verdict") || (($.msg = "verdict") && ($.delivered IS FALSE)) }'),
      metricNamespace: 'Greenlight',
      metricName: `${props.functionName}-NoVerdict`,
      metricValue: '1',
    });
  }

  private alarm(id: string, props: GateAlarmsProps, metric: IMetric, about: { name: string; description: string }): Alarm {
    // Lambda dates what it counts by when the invocation began, and tells it when that has ended: what is looked at goes back as far as
    // one may take. So counting invocations less verdicts, whose lines are dated by their end, would go off at each period's edge.
    const periods = Math.ceil(props.timeout.toSeconds() / period.toSeconds()) + 1;
    const alarm = new Alarm(this, id, {
      alarmName: about.name,
      alarmDescription: about.description,
      metric,
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
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
