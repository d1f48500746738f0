import * as cloudwatch from '@pulumi/aws/cloudwatch';
import * as route53 from '@pulumi/aws/route53';
import * as pulumi from '@pulumi/pulumi';
import { standingNames, type AwsConfig } from './config';
import { frontRegion } from './provider';
import { tagsOf, type AwsContext } from './standing-arns';

/** What a cutover publishes to, in the front's region, by `PutMetricData`: 1 each minute leads to the recovery site. */
export const FAILOVER_METRIC = { namespace: 'MedplumDR', metricName: 'ServeFromRecoverySite' } as const;

export function failoverDimensions({ environment }: AwsContext): { Environment: string } {
  return { Environment: environment };
}

/**
 * The health check that holds traffic at home until the recovery region says otherwise. It reads the metric's data by
 * itself, with Route 53's data plane, so that a flip needs no control plane of another region.
 *
 * Nobody publishes in quiet times: the check then keeps the last state, and a new one is healthy. It says nothing about
 * whether home is well; only a person or the driver flips it, since a database has to be promoted first.
 */
export class FailoverSignal extends pulumi.ComponentResource {
  readonly healthCheckId: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly config: AwsConfig; readonly context: AwsContext; readonly provider: pulumi.ProviderResource },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:FailoverSignal', name, {}, options);
    const { config, context, provider } = args;
    const child = { parent: this, provider };
    const tags = tagsOf(config, context);
    const dimensions = failoverDimensions(context);
    const condition = {
      ...FAILOVER_METRIC,
      period: 60,
      evaluationPeriods: 1,
      statistic: 'Maximum',
      threshold: 1,
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
      treatMissingData: 'ignore',
    };
    const alarm = new cloudwatch.MetricAlarm(
      `${name}-alarm`,
      {
        ...condition,
        name: `${standingNames(context.environment).prefix}-serve-from-recovery-site`,
        alarmDescription:
          'On: traffic goes to the recovery site. Set by medplum-dr; see its runbook before touching it.',
        dimensions,
        tags,
      },
      { ...child, protect: true }
    );
    const check = new route53.HealthCheck(
      `${name}-check`,
      {
        type: 'CLOUDWATCH_METRIC',
        cloudwatchAlarmName: alarm.name,
        cloudwatchAlarmRegion: frontRegion(config),
        insufficientDataHealthStatus: 'LastKnownStatus',
        // A changed alarm reaches the check by a change of its own only.
        triggers: { condition: JSON.stringify({ ...condition, dimensions }) },
        tags,
      },
      { ...child, protect: true }
    );
    this.healthCheckId = check.id;
    this.registerOutputs({ healthCheckId: this.healthCheckId });
  }
}
