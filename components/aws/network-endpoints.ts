import * as ec2 from '@pulumi/aws/ec2';
import * as pulumi from '@pulumi/pulumi';
import type { AwsConfig } from './config';

/** What the server and its start need of AWS, reached without leaving the region's network. */
const SERVICES = ['ecr.api', 'ecr.dkr', 'logs', 'ssm', 'secretsmanager', 'kms', 'lambda'] as const;

/**
 * Endpoints of AWS services within the VPC. On the day of a recovery only that of S3 is made: the others get DNS names,
 * which come from us-east-1, and NAT leads to the same services.
 */
export class NetworkEndpoints extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly vpcId: pulumi.Input<string>;
      readonly subnetIds: pulumi.Input<string>[];
      readonly routeTableIds: pulumi.Input<string>[];
      readonly securityGroupId: pulumi.Input<string>;
      readonly named: (part: string) => Record<string, string>;
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:NetworkEndpoints', name, {}, options);
    const { config, vpcId, subnetIds, routeTableIds, securityGroupId, named, provider } = args;
    const child = { parent: this, provider };
    const serviceName = (service: string): string => `com.amazonaws.${config.site.region}.${service}`;
    new ec2.VpcEndpoint(
      `${name}-s3`,
      { vpcId, vpcEndpointType: 'Gateway', serviceName: serviceName('s3'), routeTableIds, tags: named('s3') },
      child
    );
    for (const service of config.role === 'recovery' ? [] : SERVICES) {
      new ec2.VpcEndpoint(
        `${name}-${service.replace('.', '-')}`,
        {
          vpcId,
          vpcEndpointType: 'Interface',
          serviceName: serviceName(service),
          privateDnsEnabled: true,
          subnetIds,
          securityGroupIds: [securityGroupId],
          tags: named(service),
        },
        child
      );
    }
    this.registerOutputs({});
  }
}
