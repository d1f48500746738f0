import * as appautoscaling from '@pulumi/aws/appautoscaling';
import * as pulumi from '@pulumi/pulumi';
import type { AwsConfig } from './config';
import { tagsOf, type AwsContext } from './standing-arns';

/**
 * How many servers run. The least of them is what a site starts with, so load alone is no reason to wait; raising it from
 * nothing starts none by itself, as there is no load to see: the service's own count does, or the driver.
 */
export class ServiceScaling extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      /** `service/<cluster>/<service>`. */
      readonly resourceId: pulumi.Input<string>;
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:ServiceScaling', name, {}, options);
    const { config, context, resourceId, provider } = args;
    const { min, max } = config.application.count;
    const child = { parent: this, provider };
    const service = { resourceId, scalableDimension: 'ecs:service:DesiredCount', serviceNamespace: 'ecs' };
    const target = new appautoscaling.Target(
      `${name}-target`,
      { ...service, minCapacity: min, maxCapacity: Math.max(min, max), tags: tagsOf(config, context) },
      child
    );
    new appautoscaling.Policy(
      `${name}-cpu`,
      {
        ...service,
        resourceId: target.resourceId,
        policyType: 'TargetTrackingScaling',
        targetTrackingScalingPolicyConfiguration: {
          predefinedMetricSpecification: { predefinedMetricType: 'ECSServiceAverageCPUUtilization' },
          targetValue: 60,
          scaleInCooldown: 300,
          scaleOutCooldown: 60,
        },
      },
      child
    );
    this.registerOutputs({});
  }
}
