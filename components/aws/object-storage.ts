import * as s3 from '@pulumi/aws/s3';
import * as pulumi from '@pulumi/pulumi';
import type { Restore } from '../config';
import type { ObjectStorageLayer } from '../layers';
import { Bucket } from './bucket';
import { replicationRule } from './bucket-replication';
import type { AwsConfig, AwsSite } from './config';
import type { AwsContext } from './standing-arns';

export interface AwsObjectStorageArgs {
  readonly config: AwsConfig;
  readonly context: AwsContext;
  readonly keys: { readonly keyArn: pulumi.Input<string> };
  readonly roles: { readonly replication: pulumi.Input<string> };
  /** Of the site's region. */
  readonly provider: pulumi.ProviderResource;
  /** Not read: the objects are in the replica bucket already, whatever the database is restored from. */
  readonly restore: Restore | undefined;
}

/**
 * Where Binaries lie, at one site:
 *
 * | role | source | bucket | rule |
 * |---|---|---|---|
 * | primary | managed | made | to the recovery site's |
 * | primary | existing | existing | to the recovery site's, unless `bucketReplicates`: it would overwrite theirs |
 * | standby | managed | made: the replica | to home's, for failback |
 * | standby | existing | made: the replica | none: home's server could not read what our key encrypts |
 * | recovery | both | the replica, by name | as the standby stack made it |
 *
 * A recovery makes no bucket, since making or configuring one anywhere leans on us-east-1.
 *
 * S3 refuses a rule to a bucket that does not exist. The two stacks need each other here: the primary comes first with
 * `objectStorage.replicaStands: false`, then the standby, then the primary without it.
 */
export class ObjectStorage extends pulumi.ComponentResource implements ObjectStorageLayer {
  readonly binaryStorage: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: AwsObjectStorageArgs, options: pulumi.ComponentResourceOptions) {
    super('medplum-dr:aws:ObjectStorage', name, {}, options);
    const { config, context, roles, provider } = args;
    const made = makesBucket(config) ? new Bucket(`${name}-site`, args, { parent: this }) : undefined;
    this.bucketName = made?.bucketName ?? pulumi.output(bucketOf(config));
    const destination = replicatesTo(config);
    if (destination !== undefined) {
      new s3.BucketReplicationConfig(
        `${name}-replication`,
        {
          bucket: made?.versionedName ?? this.bucketName,
          role: roles.replication,
          rules: replicationRule(config, destination, context.environment),
        },
        { parent: this, provider }
      );
    }
    this.binaryStorage = pulumi.interpolate`s3:${this.bucketName}`;
    this.registerOutputs({ binaryStorage: this.binaryStorage, bucketName: this.bucketName });
  }
}

/** An existing bucket is home's; the recovery region's is made here in any case. */
function makesBucket({ role, source }: AwsConfig): boolean {
  return role === 'standby' || (role === 'primary' && source.kind === 'managed');
}

function bucketOf({ role, source, site }: AwsConfig): string {
  return role === 'primary' && source.kind === 'existing' ? source.bucket : site.bucket;
}

function replicatesTo({ role, source, recoverySite, objectStorage }: AwsConfig): AwsSite | undefined {
  switch (role) {
    case 'primary':
      return objectStorage.replicaStands && !(source.kind === 'existing' && source.bucketReplicates)
        ? recoverySite
        : undefined;
    case 'standby':
      return source.kind === 'managed' ? recoverySite : undefined;
    case 'recovery':
      return undefined;
  }
}
