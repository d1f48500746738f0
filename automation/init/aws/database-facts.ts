import type { DBCluster, DBInstance, RDSClient, Tag } from '@aws-sdk/client-rds';
import { found, missing, type Finding } from '../finding';
import { ask, type Answer } from './ask';
import type { DatabaseFinding } from './database';
import { keyNote } from './key';

/** A database as the config describes it. */
export interface DatabaseFacts {
  readonly engine: 'aurora' | 'rds';
  readonly identifier: string;
  readonly arn: string;
  readonly version: string;
  readonly instanceClass: Finding<string>;
  /** Instances of a cluster. */
  readonly instances: Finding<number>;
  /** Of an instance. */
  readonly storageGigabytes: number | undefined;
  readonly multiAz: boolean | undefined;
  readonly tags: ReadonlyMap<string, string>;
}

export async function describeAurora(
  client: RDSClient,
  cluster: DBCluster,
  instances: Answer<readonly DBInstance[]>,
  from: string
): Promise<DatabaseFinding> {
  const { DBClusterIdentifier: identifier, DBClusterArn: arn, EngineVersion: version } = cluster;
  if (identifier === undefined || arn === undefined || version === undefined) {
    return { database: missing('DescribeDBClusters left out its identifier', 'Look it up by hand.'), notes: [] };
  }
  if (cluster.Engine !== 'aurora-postgresql') {
    const reason = `the cluster ${identifier} is ${cluster.Engine ?? 'of an unknown engine'}, not Aurora PostgreSQL`;
    return { database: missing(reason, 'Only Aurora PostgreSQL and RDS for PostgreSQL are protected.'), notes: [] };
  }
  const members =
    'failed' in instances ? instances : instances.value.filter((each) => each.DBClusterIdentifier === identifier);
  const writer = (cluster.DBClusterMembers ?? []).find((each) => each.IsClusterWriter === true)?.DBInstanceIdentifier;
  const fact = <Value>(read: (each: readonly DBInstance[]) => Value | undefined, fill: string): Finding<Value> => {
    if ('failed' in members) {
      return missing(members.failed, fill);
    }
    const value = read(members);
    return value === undefined
      ? missing(`the cluster ${identifier} has no instance`, fill)
      : found(value, `${from} → DescribeDBInstances`);
  };
  return {
    database: found(
      {
        engine: 'aurora',
        identifier,
        arn,
        version,
        instanceClass: fact(
          (each) => (each.find((one) => one.DBInstanceIdentifier === writer) ?? each[0])?.DBInstanceClass,
          'The class of the writer.'
        ),
        instances: fact(({ length }) => (length === 0 ? undefined : length), 'How many instances it has.'),
        storageGigabytes: undefined,
        multiAz: undefined,
        tags: tagsOf(cluster.TagList),
      },
      from
    ),
    notes: [
      retentionNote(cluster.BackupRetentionPeriod),
      await keyNote(client.config, cluster.StorageEncrypted === true ? cluster.KmsKeyId : undefined, 'database'),
      await globalNote(client, arn),
      await parameterNote(client, cluster.DBClusterParameterGroup),
      ...(cluster.MasterUserSecret === undefined ? [] : [MANAGED_PASSWORD]),
    ].filter((note) => note !== null),
  };
}

export async function describeRds(client: RDSClient, instance: DBInstance, from: string): Promise<DatabaseFinding> {
  const { DBInstanceIdentifier: identifier, DBInstanceArn: arn, EngineVersion: version } = instance;
  if (identifier === undefined || arn === undefined || version === undefined || instance.Engine !== 'postgres') {
    const reason = `the instance ${identifier ?? ''} is ${instance.Engine ?? 'of an unknown engine'}, not PostgreSQL`;
    return { database: missing(reason, 'Only Aurora PostgreSQL and RDS for PostgreSQL are protected.'), notes: [] };
  }
  return {
    database: found(
      {
        engine: 'rds',
        identifier,
        arn,
        version,
        instanceClass: found(instance.DBInstanceClass ?? '', from),
        instances: found(1, from),
        storageGigabytes: instance.AllocatedStorage,
        multiAz: instance.MultiAZ,
        tags: tagsOf(instance.TagList),
      },
      from
    ),
    notes: [
      retentionNote(instance.BackupRetentionPeriod),
      await keyNote(client.config, instance.StorageEncrypted === true ? instance.KmsKeyId : undefined, 'database'),
      ...(instance.MasterUserSecret === undefined ? [] : [MANAGED_PASSWORD]),
    ].filter((note) => note !== null),
  };
}

const MANAGED_PASSWORD =
  'RDS manages and rotates the password: a cluster of that kind can be in no global database, and the instance has no replica in another region.';

function retentionNote(days: number | undefined): string | null {
  return days === undefined ? null : `The database's own backups are kept for ${days} days, in its region only.`;
}

async function globalNote(client: RDSClient, arn: string): Promise<string | null> {
  const { paginateDescribeGlobalClusters } = await import('@aws-sdk/client-rds');
  const answer = await ask('rds:DescribeGlobalClusters', async () => {
    for await (const page of paginateDescribeGlobalClusters({ client }, {})) {
      const found = page.GlobalClusters?.find((each) =>
        each.GlobalClusterMembers?.some((member) => member.DBClusterArn === arn)
      );
      if (found !== undefined) return found;
    }
    return null;
  });
  if ('failed' in answer) {
    return `Not checked whether the cluster belongs to a global database: ${answer.failed}.`;
  }
  const name = answer.value?.GlobalClusterIdentifier;
  return name === undefined
    ? null
    : `The cluster belongs to the global database ${name} already: it can join no other.`;
}

async function parameterNote(client: RDSClient, group: string | undefined): Promise<string | null> {
  if (group === undefined) {
    return null;
  }
  const { paginateDescribeDBClusterParameters } = await import('@aws-sdk/client-rds');
  const answer = await ask('rds:DescribeDBClusterParameters', async () => {
    const set: string[] = [];
    const query = { DBClusterParameterGroupName: group, Source: 'user' };
    for await (const page of paginateDescribeDBClusterParameters({ client }, query)) {
      set.push(...(page.Parameters ?? []).map((each) => `${each.ParameterName ?? ''}=${each.ParameterValue ?? ''}`));
    }
    return set;
  });
  if ('failed' in answer) {
    return `Not checked which parameters ${group} sets: ${answer.failed}.`;
  }
  return answer.value.length === 0 ? null : `Its parameter group ${group} sets: ${answer.value.join(', ')}.`;
}

function tagsOf(tags: readonly Tag[] | undefined): ReadonlyMap<string, string> {
  return new Map((tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));
}
