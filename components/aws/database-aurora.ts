import * as rds from '@pulumi/aws/rds';
import * as pulumi from '@pulumi/pulumi';
import type { DatabasePlan, MadeDatabase } from './database-plan';
import { MEMBER_IGNORES, SECONDARY_IGNORES, secondaryCluster, standingInstances } from './database-replica';
import { RESTORED_CLUSTER_IGNORES, restoredCluster } from './database-restore';
import { DATABASE_NAME, DATABASE_USERNAME, type DatabaseSource } from './database-source';

const ENGINE = 'aurora-postgresql';

export const auroraDatabase = { make, grow };

/** A cluster, and the instances that its role and strategy ask for. */
function make(name: string, plan: DatabasePlan): MadeDatabase {
  const { config, identifier, provider, parent, safety, tags } = plan;
  const { inputs, ignoreChanges } = ofRole(plan);
  const cluster = new rds.Cluster(
    `${name}-cluster`,
    {
      clusterIdentifier: identifier,
      engine: ENGINE,
      dbSubnetGroupName: plan.subnetGroup,
      vpcSecurityGroupIds: [plan.securityGroup],
      dbClusterParameterGroupName: plan.parameterGroup,
      storageEncrypted: true,
      kmsKeyId: plan.keyArn,
      enabledCloudwatchLogsExports: ['postgresql'],
      tags,
      ...safety.inputs,
      ...inputs,
    },
    { parent, provider, ignoreChanges, ...safety.options }
  );
  const full = config.database.engine === 'aurora' ? config.database.instances : 1;
  const count = config.role === 'standby' ? standingInstances(config) : (plan.source?.instances ?? full);
  const instances = makeInstances(name, plan, cluster.id, { first: 1, count, protect: safety.options.protect });
  return { arn: cluster.arn, username: cluster.masterUsername, host: afterFirst(cluster.endpoint, instances) };
}

/**
 * The instances that a standing secondary lacks: all for a headless one, none for a hot standby.
 * @returns the endpoint for writes, once the cluster has an instance.
 */
function grow(
  name: string,
  plan: Pick<DatabasePlan, 'config' | 'keyArn' | 'provider' | 'parent' | 'tags'>,
  source: Extract<DatabaseSource, { kind: 'replica' }>
): pulumi.Output<string> {
  const standing = standingInstances(plan.config);
  const missing = plan.config.database.engine === 'aurora' ? Math.max(0, source.instances - standing) : 0;
  const instances = makeInstances(name, { ...plan, identifier: source.identifier }, source.identifier, {
    first: standing + 1,
    count: missing,
    protect: plan.config.quarantine === undefined,
  });
  return afterFirst(pulumi.output(source.host), instances);
}

function ofRole(plan: DatabasePlan): { inputs: Partial<rds.ClusterArgs>; ignoreChanges: string[] } {
  const { config, context, source, password } = plan;
  const { version: engineVersion } = config.database;
  switch (config.role) {
    case 'primary':
      return {
        inputs: {
          engineVersion,
          databaseName: DATABASE_NAME,
          masterUsername: DATABASE_USERNAME,
          masterPassword: password,
        },
        ignoreChanges: MEMBER_IGNORES,
      };
    case 'standby':
      return { inputs: secondaryCluster(config, context), ignoreChanges: SECONDARY_IGNORES };
    case 'recovery':
      // The restored roles have the passwords of then: the provider sets the site's by a change right after.
      return {
        inputs: { ...restoredCluster(source, engineVersion), masterPassword: password },
        ignoreChanges: [...RESTORED_CLUSTER_IGNORES, ...MEMBER_IGNORES],
      };
  }
}

/** The first is the writer; the others wait for it, or one of them might become it, and none is waited for. */
function makeInstances(
  name: string,
  {
    config,
    identifier,
    keyArn,
    provider,
    parent,
    tags,
  }: Pick<DatabasePlan, 'config' | 'identifier' | 'keyArn' | 'provider' | 'parent' | 'tags'>,
  clusterIdentifier: pulumi.Input<string>,
  { first, count, protect }: { first: number; count: number; protect: boolean }
): rds.ClusterInstance[] {
  const instances: rds.ClusterInstance[] = [];
  for (let number = first; number < first + count; number++) {
    const [writer] = instances;
    const instance = new rds.ClusterInstance(
      `${name}-instance-${number}`,
      {
        identifier: `${identifier}-${number}`,
        clusterIdentifier,
        engine: ENGINE,
        instanceClass: config.database.instanceClass,
        promotionTier: number === 1 ? 0 : 1,
        publiclyAccessible: false,
        // One version in both regions and in every snapshot: `database.version` is what changes it.
        autoMinorVersionUpgrade: false,
        // On the instance: a cluster restored from a snapshot would get it with the second update only.
        performanceInsightsEnabled: true,
        performanceInsightsKmsKeyId: keyArn,
        copyTagsToSnapshot: true,
        applyImmediately: config.role === 'recovery',
        tags,
      },
      {
        parent,
        provider,
        protect: protect && number === 1,
        ...(writer === undefined ? {} : { dependsOn: [writer] }),
        customTimeouts: { create: '2h', update: '2h', delete: '2h' },
      }
    );
    instances.push(instance);
  }
  return instances;
}

/** A cluster answers nobody before its first instance does. */
function afterFirst(host: pulumi.Output<string>, [first]: rds.ClusterInstance[]): pulumi.Output<string> {
  return first === undefined ? host : pulumi.all([host, first.id]).apply(([address]) => address);
}
