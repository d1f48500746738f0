import * as pulumi from '@pulumi/pulumi';
import type { CacheLayer, DatabaseLayer, PartialSiteLayer } from '../layers';
import { AlarmTopic } from './alarm-topic';
import { makeAlarms } from './alarms';
import { Application } from './application';
import { Backups } from './backups';
import { Cache } from './cache';
import { Database } from './database';
import { DatabaseParameters } from './database-parameters';
import { Network } from './network';
import { ObjectStorage } from './object-storage';
import type { AwsPartialSiteArgs } from './partial-site';
import { standbyWatches } from './protection-watches';
import { Secrets } from './secrets';

/**
 * What stands in the recovery region before the day. It knows home by names and ARNs of config alone.
 *
 * | strategy | stands, beside key, roles, images and log group |
 * |---|---|
 * | all | vault, replica bucket, secrets without content, the server's parameters, alarms |
 * | backup-restore | + parameter group |
 * | pilot-light | + network, load balancer, empty cache, database replica, service with no task |
 * | warm-standby, hot-standby | the same, with more of the database |
 *
 * Subnet groups need subnets, so they stand where the network does. The service waits with no task in every strategy: a
 * server exits on a database that takes no writes.
 */
export class StandbySite extends pulumi.ComponentResource implements PartialSiteLayer {
  readonly endpoint: pulumi.Output<{ address: string; port: number } | null>;
  readonly database: DatabaseLayer | null;
  readonly cache: CacheLayer | null;
  readonly binaryStorage: pulumi.Output<string | null>;
  readonly secretsLocation: pulumi.Output<string | null>;

  constructor(name: string, args: AwsPartialSiteArgs, options: pulumi.ComponentResourceOptions) {
    super('medplum-dr:aws:StandbySite', name, {}, options);
    const { config, context, base, provider, restore, state, values } = args;
    const { keys, roles, logGroup } = base;
    const site = { config, context, keys, roles, provider };
    const child = { parent: this };
    const secrets = new Secrets(`${name}-secrets`, { ...site, values, restore }, child);
    const storage = new ObjectStorage(`${name}-object-storage`, { ...site, restore }, child);
    new Backups(`${name}-backups`, { ...site, database: undefined }, child);
    const topic = new AlarmTopic(
      `${name}-alarms`,
      { config, context, region: config.site.region, keyArn: keys.keyArn, provider },
      child
    );
    makeAlarms(
      name,
      standbyWatches(config, context),
      { config, context, topicArn: topic.arn },
      { parent: this, provider }
    );
    this.binaryStorage = storage.binaryStorage;
    this.secretsLocation = secrets.location;
    if (config.strategy === 'backup-restore') {
      new DatabaseParameters(`${name}-database-parameters`, { config, context, provider }, child);
      this.endpoint = pulumi.output(null);
      this.database = null;
      this.cache = null;
    } else {
      const network = new Network(`${name}-network`, { config, context, provider }, child);
      const standing = { ...site, network, secrets };
      this.cache = new Cache(`${name}-cache`, standing, child);
      this.database = new Database(`${name}-database`, { ...standing, state, restore }, child);
      const application = new Application(
        `${name}-application`,
        { ...standing, logGroup, data: undefined, state },
        child
      );
      this.endpoint = application.endpoint;
    }
    this.registerOutputs({ endpoint: this.endpoint, binaryStorage: this.binaryStorage });
  }
}
