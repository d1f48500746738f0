import * as pulumi from '@pulumi/pulumi';
import type { DatabaseLayer, PartialSiteLayer } from '../layers';
import { databaseAccess } from './application';
import { standingNames } from './config';
import { Database } from './database';
import { ObjectStorage } from './object-storage';
import type { AwsPartialSiteArgs } from './partial-site';
import { TLS_PORT } from './ports';
import { Secrets } from './secrets';
import { ServiceScaling } from './service-scaling';

/**
 * What a recovery adds to a standby whose replica is promoted: the instances that it lacks, what the server is told of
 * its database, and how many servers run. All else stands and stays the standby stack's own. Nothing here gets a DNS
 * name, a role or a bucket: no other region is needed.
 *
 * The driver promotes, and starts the service: this stack's update does neither.
 */
export class PromotedSite extends pulumi.ComponentResource implements PartialSiteLayer {
  readonly endpoint: pulumi.Output<{ address: string; port: number } | null>;
  readonly database: DatabaseLayer;
  /** The standby stack's. */
  readonly cache = null;
  readonly binaryStorage: pulumi.Output<string | null>;
  readonly secretsLocation: pulumi.Output<string | null>;

  constructor(name: string, args: AwsPartialSiteArgs, options: pulumi.ComponentResourceOptions) {
    super('medplum-dr:aws:PromotedSite', name, {}, options);
    const { config, context, base, provider, restore, state, values } = args;
    const { keys, roles } = base;
    const { prefix, databaseSubnetGroup } = standingNames(context.environment);
    const site = { config, context, keys, roles, provider };
    const child = { parent: this };
    const secrets = new Secrets(`${name}-secrets`, { ...site, values, restore }, child);
    const storage = new ObjectStorage(`${name}-object-storage`, { ...site, restore }, child);
    // The replica has its groups; a new instance of its cluster takes them from there.
    const network = { vpcId: '', databaseSecurityGroupId: '', databaseSubnetGroupName: databaseSubnetGroup };
    const database = new Database(`${name}-database`, { ...site, network, secrets, state, restore }, child);
    databaseAccess(name, { config, secrets, provider }, database, this);
    if (state === 'serving') {
      const resourceId = `service/${prefix}/${prefix}`;
      new ServiceScaling(`${name}-scaling`, { config, context, resourceId, provider }, child);
    }
    const address = config.standing?.loadBalancer?.dnsName;
    this.endpoint = pulumi.output(address === undefined ? null : { address, port: TLS_PORT });
    this.database = database;
    this.binaryStorage = storage.binaryStorage;
    this.secretsLocation = secrets.location;
    this.registerOutputs({ endpoint: this.endpoint, binaryStorage: this.binaryStorage });
  }
}
