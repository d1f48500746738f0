import * as elasticache from '@pulumi/aws/elasticache';
import * as secretsmanager from '@pulumi/aws/secretsmanager';
import * as pulumi from '@pulumi/pulumi';
import type { CacheLayer } from '../layers';
import type { AwsConfig } from './config';
import type { AwsKeys } from './keys';
import type { AwsNetwork } from './network';
import { CACHE_PORT } from './ports';
import { redisDocument } from './secret-documents';
import type { AwsSecrets } from './secrets';
import { siteName } from './site-name';
import { tagsOf, type AwsContext } from './standing-arns';

/** Longest id of a replication group. */
const LONGEST_ID = 40;

/**
 * Redis on ElastiCache. It is always new and empty, and never a copy of home's: it would serve records that the restored
 * database lost (seen on Medplum 5.0.10). The same holds for its snapshots, so none are kept.
 */
export class Cache extends pulumi.ComponentResource implements CacheLayer {
  readonly connection: pulumi.Output<{ host: string; port: number; passwordSecret: string } | null>;

  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      readonly network: AwsNetwork;
      readonly secrets: AwsSecrets;
      readonly keys: AwsKeys;
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:Cache', name, {}, options);
    const { config, context, network, secrets, keys, provider } = args;
    const { nodeType, nodes } = config.cache;
    const child = { parent: this, provider };
    const group = new elasticache.ReplicationGroup(
      `${name}-redis`,
      {
        replicationGroupId: siteName(config, context, LONGEST_ID),
        description: `Medplum ${context.environment}`,
        engine: 'redis',
        engineVersion: '7.1',
        nodeType,
        numCacheClusters: nodes,
        automaticFailoverEnabled: nodes > 1,
        multiAzEnabled: nodes > 1,
        port: CACHE_PORT,
        subnetGroupName: network.cacheSubnetGroupName,
        securityGroupIds: [network.cacheSecurityGroupId],
        transitEncryptionEnabled: true,
        transitEncryptionMode: 'required',
        authToken: secrets.redisAuthToken,
        atRestEncryptionEnabled: true,
        kmsKeyId: keys.keyArn,
        snapshotRetentionLimit: 0,
        // Medplum's jobs wait in it: they are not evicted, and a restart for an update is chosen, not found out.
        autoMinorVersionUpgrade: false,
        tags: tagsOf(config, context),
      },
      { ...child, customTimeouts: { create: '90m', update: '90m' } }
    );
    const access = new secretsmanager.SecretVersion(
      `${name}-access`,
      {
        secretId: secrets.redisSecretArn,
        secretString: pulumi.secret(
          pulumi
            .all([group.primaryEndpointAddress, secrets.redisAuthToken])
            .apply(([host, password]) => redisDocument({ host, password }))
        ),
      },
      child
    );
    // A server that starts before the secret tells of the cache runs without it, and says it is well.
    this.connection = pulumi
      .all([group.primaryEndpointAddress, secrets.redisSecretArn, access.id])
      .apply(([host, passwordSecret]) => ({ host, port: CACHE_PORT, passwordSecret }));
    this.registerOutputs({ connection: this.connection });
  }
}
