import type { DBCluster, DBInstance, RDSClient } from '@aws-sdk/client-rds';
import { missing, type Finding } from '../finding';
import { ask, clientOptions, type Answer } from './ask';
import { describeAurora, describeRds, type DatabaseFacts } from './database-facts';
import type { SecretLeads } from './secrets';

/** What the database's host leads to; `notes` are complete sentences. */
export interface DatabaseFinding {
  readonly database: Finding<DatabaseFacts>;
  readonly notes: readonly string[];
}

/** Finds the cluster or the instance behind the host of `DatabaseSecrets`, also through an RDS Proxy. */
export async function findDatabase(region: string, secret: Finding<SecretLeads>): Promise<DatabaseFinding> {
  if (secret.status === 'missing') {
    return { database: missing(secret.reason, FILL), notes: [] };
  }
  const { host, dbClusterIdentifier, dbInstanceIdentifier } = secret.value;
  if (host === undefined && dbClusterIdentifier === undefined && dbInstanceIdentifier === undefined) {
    return { database: missing('the secret of the database names no host', FILL), notes: [] };
  }
  const { RDSClient, paginateDescribeDBClusters, paginateDescribeDBInstances } = await import('@aws-sdk/client-rds');
  const client = new RDSClient(clientOptions(region));
  const clusters = await ask('rds:DescribeDBClusters', async () => {
    const all: DBCluster[] = [];
    for await (const page of paginateDescribeDBClusters({ client }, {})) all.push(...(page.DBClusters ?? []));
    return all;
  });
  const instances = await ask('rds:DescribeDBInstances', async () => {
    const all: DBInstance[] = [];
    for await (const page of paginateDescribeDBInstances({ client }, {})) all.push(...(page.DBInstances ?? []));
    return all;
  });
  const allClusters = valueOr(clusters, []);
  const allInstances = valueOr(instances, []);
  const byHost = (cluster: DBCluster): boolean =>
    [cluster.Endpoint, cluster.ReaderEndpoint, ...(cluster.CustomEndpoints ?? [])].some((name) => isSame(name, host));
  const direct = allClusters.find(byHost);
  if (direct !== undefined) {
    return describeAurora(client, direct, instances, 'DatabaseSecrets → host → DescribeDBClusters');
  }
  const instance = allInstances.find((each) => isSame(each.Endpoint?.Address, host));
  const clusterOfInstance = allClusters.find((each) => isSame(each.DBClusterIdentifier, instance?.DBClusterIdentifier));
  if (clusterOfInstance !== undefined) {
    return describeAurora(
      client,
      clusterOfInstance,
      instances,
      'DatabaseSecrets → host → DescribeDBInstances → DescribeDBClusters'
    );
  }
  if (instance !== undefined && instance.DBClusterIdentifier === undefined) {
    return describeRds(client, instance, 'DatabaseSecrets → host → DescribeDBInstances');
  }
  const proxied = host === undefined ? { failed: 'no host' } : await behindProxy(client, host);
  const target = 'failed' in proxied ? null : proxied.value;
  const named = {
    cluster: target === null ? dbClusterIdentifier : target.cluster,
    instance: target === null ? dbInstanceIdentifier : target.instance,
  };
  const way =
    target === null
      ? 'DatabaseSecrets → identifier'
      : 'DatabaseSecrets → host → DescribeDBProxies → DescribeDBProxyTargets';
  const proxyNotes =
    target === null
      ? []
      : [
          `The server reaches the database through RDS Proxy ${target.proxy}; a recovered server is given the database.`,
        ];
  const namedCluster = allClusters.find((each) => isSame(each.DBClusterIdentifier, named.cluster));
  if (namedCluster !== undefined) {
    const described = await describeAurora(client, namedCluster, instances, `${way} → DescribeDBClusters`);
    return { ...described, notes: [...proxyNotes, ...described.notes] };
  }
  const namedInstance = allInstances.find((each) => isSame(each.DBInstanceIdentifier, named.instance));
  if (namedInstance !== undefined) {
    const described = await describeRds(client, namedInstance, `${way} → DescribeDBInstances`);
    return { ...described, notes: [...proxyNotes, ...described.notes] };
  }
  const denied = [clusters, instances, ...(host === undefined ? [] : [proxied])].flatMap((answer) =>
    'failed' in answer ? [answer.failed] : []
  );
  const reason =
    denied.length === 0
      ? `no cluster, instance or proxy in ${region} has the endpoint ${host ?? dbClusterIdentifier ?? ''}`
      : denied.join(', ');
  return { database: missing(reason, FILL), notes: proxyNotes };
}

const FILL = 'Take them from `aws rds describe-db-clusters`, or `describe-db-instances` with engine: rds.';

interface ProxyTarget {
  readonly proxy: string;
  readonly cluster: string | undefined;
  readonly instance: string | undefined;
}

/** @returns null where no proxy has that endpoint. */
async function behindProxy(client: RDSClient, host: string): Promise<Answer<ProxyTarget | null>> {
  const { paginateDescribeDBProxies, DescribeDBProxyTargetsCommand } = await import('@aws-sdk/client-rds');
  const proxy = await ask('rds:DescribeDBProxies', async () => {
    for await (const page of paginateDescribeDBProxies({ client }, {})) {
      const found = page.DBProxies?.find((each) => isSame(each.Endpoint, host));
      if (found !== undefined) return found;
    }
    return null;
  });
  if ('failed' in proxy) {
    return proxy;
  }
  if (proxy.value === null) {
    return { value: null };
  }
  const name = proxy.value.DBProxyName ?? '';
  return ask('rds:DescribeDBProxyTargets', async () => {
    const { Targets = [] } = await client.send(new DescribeDBProxyTargetsCommand({ DBProxyName: name }));
    const cluster = Targets.find((target) => target.Type === 'TRACKED_CLUSTER');
    const instance = Targets.find((target) => target.Type === 'RDS_INSTANCE');
    return {
      proxy: name,
      // An instance of a cluster names that cluster.
      cluster: cluster?.RdsResourceId ?? instance?.TrackedClusterId,
      instance: instance?.RdsResourceId,
    };
  });
}

function isSame(name: string | undefined, wanted: string | undefined): boolean {
  return name !== undefined && wanted !== undefined && name.toLowerCase() === wanted.toLowerCase();
}

function valueOr<Value>(answer: Answer<Value>, other: Value): Value {
  return 'failed' in answer ? other : answer.value;
}
