import { found, missing, type Finding } from '../finding';
import { ask, clientOptions } from './ask';
import type { SecretLeads } from './secrets';

export interface CacheFacts {
  readonly nodeType: string;
  readonly nodes: number;
}

/** Finds the replication group behind the host of `RedisSecrets`. It is only looked at for its size. */
export async function findCache(region: string, secret: Finding<SecretLeads>): Promise<Finding<CacheFacts>> {
  const fill = 'Give the size that a recovered site needs, or leave the defaults.';
  const host = secret.status === 'missing' ? undefined : secret.value.host?.toLowerCase();
  if (secret.status === 'missing' || host === undefined) {
    return missing(secret.status === 'missing' ? secret.reason : 'the secret of the cache names no host', fill);
  }
  const answer = await ask('elasticache:DescribeReplicationGroups', async () => {
    const { ElastiCacheClient, paginateDescribeReplicationGroups } = await import('@aws-sdk/client-elasticache');
    const client = new ElastiCacheClient(clientOptions(region));
    for await (const page of paginateDescribeReplicationGroups({ client }, {})) {
      const group = page.ReplicationGroups?.find((each) =>
        [
          each.ConfigurationEndpoint?.Address,
          ...(each.NodeGroups ?? []).flatMap((nodes) => [
            nodes.PrimaryEndpoint?.Address,
            nodes.ReaderEndpoint?.Address,
          ]),
        ].some((address) => address?.toLowerCase() === host)
      );
      if (group !== undefined) return group;
    }
    return null;
  });
  if ('failed' in answer) {
    return missing(answer.failed, fill);
  }
  const { CacheNodeType: nodeType, MemberClusters = [] } = answer.value ?? {};
  return nodeType === undefined
    ? missing(`no replication group in ${region} has the endpoint ${host}`, fill)
    : found({ nodeType, nodes: Math.max(MemberClusters.length, 1) }, 'RedisSecrets → host → DescribeReplicationGroups');
}
