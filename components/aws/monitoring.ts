import * as cloudwatch from '@pulumi/aws/cloudwatch';
import * as route53 from '@pulumi/aws/route53';
import * as pulumi from '@pulumi/pulumi';
import type { MonitoringArgs, MonitoringLayer } from '../layers';
import { AlarmTopic } from './alarm-topic';
import { makeAlarms } from './alarms';
import { standingNames, type AwsConfig } from './config';
import { dashboardBody } from './dashboard';
import { TLS_PORT } from './ports';
import { homeWatches } from './protection-watches';
import { frontRegion } from './provider';
import { tagsOf, type AwsContext } from './standing-arns';

/** Where Route 53 publishes what its checkers see, whatever they check. */
export const HEALTH_METRICS_REGION = 'us-east-1';

/**
 * What is watched of an environment as a whole: the public name, from outside, by Route 53's checkers on several
 * continents; and at home whether backups, copies and replicas keep up. The recovery region watches itself, in the
 * standby stack.
 *
 * The outage's alarm lies in us-east-1, as Route 53's metrics do: with that region lost the check goes on, and nobody is
 * told by it.
 */
export class Monitoring extends pulumi.ComponentResource implements MonitoringLayer {
  constructor(
    name: string,
    args: MonitoringArgs & {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      /** Of the site's region; null once the site is removed, and nothing is watched there. */
      readonly home: { readonly provider: pulumi.ProviderResource; readonly keyArn: pulumi.Input<string> } | null;
      /** Of the front's region. */
      readonly frontProvider: pulumi.ProviderResource;
      /** Of `HEALTH_METRICS_REGION`. */
      readonly outageProvider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:Monitoring', name, {}, options);
    const { config, context, frontProvider, home, outageProvider } = args;
    const { recoverySite, site, traffic } = config;
    const child = { parent: this };
    const front = { ...child, provider: frontProvider };
    const check = new route53.HealthCheck(
      `${name}-outage-check`,
      {
        type: 'HTTPS',
        fqdn: traffic.name,
        port: TLS_PORT,
        resourcePath: '/healthcheck',
        enableSni: true,
        requestInterval: 10,
        failureThreshold: 3,
        measureLatency: true,
        tags: tagsOf(config, context),
      },
      front
    );
    const outside = { config, context, region: HEALTH_METRICS_REGION, keyArn: undefined, provider: outageProvider };
    const outageTopic = new AlarmTopic(`${name}-outage-alarms`, outside, child);
    makeAlarms(
      name,
      [
        {
          what: 'outage',
          description: 'The public name does not answer /healthcheck with 200, seen from several continents.',
          namespace: 'AWS/Route53',
          metricName: 'HealthCheckStatus',
          dimensions: { HealthCheckId: check.id },
          statistic: 'Minimum',
          comparison: 'LessThanThreshold',
          threshold: 1,
          period: 60,
          periods: 1,
          missing: 'breaching',
        },
      ],
      { config, context, topicArn: outageTopic.arn },
      { ...child, provider: outageProvider }
    );
    if (home !== null) {
      const topicArn =
        site.region === HEALTH_METRICS_REGION
          ? outageTopic.arn
          : new AlarmTopic(`${name}-home-alarms`, { config, context, region: site.region, ...home }, child).arn;
      makeAlarms(
        name,
        homeWatches(config, context),
        { config, context, topicArn },
        { ...child, provider: home.provider }
      );
    }
    new cloudwatch.Dashboard(
      `${name}-dashboard`,
      {
        dashboardName: standingNames(context.environment).prefix,
        dashboardBody: check.id.apply((healthCheckId) =>
          dashboardBody(config, context, {
            home: site.region,
            recovery: recoverySite?.region ?? frontRegion(config),
            healthCheckId,
          })
        ),
      },
      front
    );
    this.registerOutputs({});
  }
}
