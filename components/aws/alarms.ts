import * as cloudwatch from '@pulumi/aws/cloudwatch';
import type * as pulumi from '@pulumi/pulumi';
import { standingNames, type AwsConfig } from './config';
import { tagsOf, type AwsContext } from './standing-arns';

/** One thing to be told of: a metric beyond a bound. */
export interface Watch {
  /** What is wrong, in a few dashed words: the alarm's name ends with it. */
  readonly what: string;
  readonly description: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Record<string, pulumi.Input<string>>;
  readonly statistic: 'Sum' | 'Maximum' | 'Minimum';
  readonly comparison: 'GreaterThanThreshold' | 'LessThanThreshold';
  readonly threshold: number;
  /** Seconds of one period, and how many of them in a row. */
  readonly period: number;
  readonly periods: number;
  /** No data: `breaching` where silence itself is the trouble. */
  readonly missing: 'breaching' | 'notBreaching' | 'ignore';
}

/** Makes the alarms of one region. */
export function makeAlarms(
  name: string,
  watches: readonly Watch[],
  args: { readonly config: AwsConfig; readonly context: AwsContext; readonly topicArn: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions
): void {
  const { config, context, topicArn } = args;
  for (const watch of watches) {
    new cloudwatch.MetricAlarm(
      `${name}-${watch.what}`,
      {
        name: `${standingNames(context.environment).prefix}-${watch.what}`,
        alarmDescription: watch.description,
        namespace: watch.namespace,
        metricName: watch.metricName,
        dimensions: watch.dimensions,
        statistic: watch.statistic,
        comparisonOperator: watch.comparison,
        threshold: watch.threshold,
        period: watch.period,
        evaluationPeriods: watch.periods,
        treatMissingData: watch.missing,
        alarmActions: [topicArn],
        okActions: [topicArn],
        tags: tagsOf(config, context),
      },
      options
    );
  }
}
