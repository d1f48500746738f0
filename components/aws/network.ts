import * as ec2 from '@pulumi/aws/ec2';
import * as elasticache from '@pulumi/aws/elasticache';
import * as rds from '@pulumi/aws/rds';
import * as pulumi from '@pulumi/pulumi';
import type { NetworkLayer } from '../layers';
import { after } from './after';
import type { AwsConfig } from './config';
import { NetworkEndpoints } from './network-endpoints';
import { outwardRoutes } from './network-routes';
import { NetworkSecurity } from './network-security';
import { siteName } from './site-name';
import { tagsOf, type AwsContext } from './standing-arns';
import { subnetsOf } from './subnet-plan';

/** What the other layers need of a site's network. */
export interface AwsNetwork extends NetworkLayer {
  readonly vpcId: pulumi.Output<string>;
  readonly privateSubnetIds: pulumi.Output<string>[];
  readonly publicSubnetIds: pulumi.Output<string>[];
  readonly loadBalancerSecurityGroupId: pulumi.Output<string>;
  readonly serviceSecurityGroupId: pulumi.Output<string>;
  readonly databaseSecurityGroupId: pulumi.Output<string>;
  readonly cacheSecurityGroupId: pulumi.Output<string>;
  readonly databaseSubnetGroupName: pulumi.Output<string>;
  readonly cacheSubnetGroupName: pulumi.Output<string>;
}

/**
 * VPC of one site: a public and a private subnet in each zone of config. Only the load balancer and the NAT gateways lie
 * in public ones.
 *
 * Cost: a NAT gateway a zone at a serving site, one at a site that waits; an endpoint of each service in each zone.
 */
export class Network extends pulumi.ComponentResource implements AwsNetwork {
  readonly networkId: pulumi.Output<string>;
  readonly vpcId: pulumi.Output<string>;
  readonly privateSubnetIds: pulumi.Output<string>[];
  readonly publicSubnetIds: pulumi.Output<string>[];
  readonly loadBalancerSecurityGroupId: pulumi.Output<string>;
  readonly serviceSecurityGroupId: pulumi.Output<string>;
  readonly databaseSecurityGroupId: pulumi.Output<string>;
  readonly cacheSecurityGroupId: pulumi.Output<string>;
  readonly databaseSubnetGroupName: pulumi.Output<string>;
  readonly cacheSubnetGroupName: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly config: AwsConfig; readonly context: AwsContext; readonly provider: pulumi.ProviderResource },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:Network', name, {}, options);
    const { config, context, provider } = args;
    const { cidr, availabilityZones } = config.site.network;
    const child = { parent: this, provider };
    const named = (part: string): Record<string, string> => ({
      ...tagsOf(config, context),
      Name: `${siteName(config, context, 100)}-${part}`,
    });
    const vpc = new ec2.Vpc(
      `${name}-vpc`,
      { cidrBlock: cidr, enableDnsHostnames: true, enableDnsSupport: true, tags: named('vpc') },
      // Everything of the site stands in it.
      { ...child, protect: true }
    );
    this.vpcId = vpc.id;
    this.networkId = vpc.id;
    // A VPC comes with a group that lets its members talk to each other; nothing here is to fall back on it.
    new ec2.DefaultSecurityGroup(`${name}-default-group`, { vpcId: vpc.id, tags: named('unused') }, child);
    const subnet = (kind: 'private' | 'public', zone: string, index: number): ec2.Subnet =>
      new ec2.Subnet(
        `${name}-${kind}-${index + 1}`,
        {
          vpcId: vpc.id,
          cidrBlock: subnetsOf(cidr, index)[kind],
          availabilityZone: zone,
          mapPublicIpOnLaunch: false,
          tags: named(`${kind}-${index + 1}`),
        },
        child
      );
    const publicSubnets = availabilityZones.map((zone, index) => subnet('public', zone, index));
    const privateSubnets = availabilityZones.map((zone, index) => subnet('private', zone, index));
    const routed = outwardRoutes(name, { config, vpc, publicSubnets, privateSubnets, named, child });
    // A subnet is of use once it has its way out.
    this.publicSubnetIds = publicSubnets.map(({ id }) => after(id, routed.publicIds));
    this.privateSubnetIds = privateSubnets.map(({ id }) => id);
    const security = new NetworkSecurity(`${name}-security`, { vpcId: vpc.id, named, provider }, { parent: this });
    this.loadBalancerSecurityGroupId = security.loadBalancer;
    this.serviceSecurityGroupId = security.service;
    this.databaseSecurityGroupId = security.database;
    this.cacheSecurityGroupId = security.cache;
    new NetworkEndpoints(
      `${name}-endpoints`,
      {
        config,
        vpcId: vpc.id,
        subnetIds: this.privateSubnetIds,
        routeTableIds: routed.privateTableIds,
        securityGroupId: security.endpoints,
        named,
        provider,
      },
      { parent: this }
    );
    const group = {
      name: siteName(config, context, 100),
      description: 'Medplum, private',
      subnetIds: this.privateSubnetIds,
    };
    const tags = tagsOf(config, context);
    this.databaseSubnetGroupName = new rds.SubnetGroup(`${name}-database-subnets`, { ...group, tags }, child).name;
    this.cacheSubnetGroupName = new elasticache.SubnetGroup(`${name}-cache-subnets`, { ...group, tags }, child).name;
    this.registerOutputs({
      vpcId: this.vpcId,
      privateSubnetIds: this.privateSubnetIds,
      publicSubnetIds: this.publicSubnetIds,
    });
  }
}
