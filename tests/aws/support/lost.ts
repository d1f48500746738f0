import type { Recording } from '../../support/pulumi-mocks';

/**
 * Inputs that the provider can only give at creation, as its upstream source has them: another value, or none where
 * there was one, is a replacement. That the engine's own plan says so, too, is not shown here.
 */
const CREATE_ONLY: Readonly<Record<string, readonly string[]>> = {
  'aws:rds/cluster:Cluster': [
    'clusterIdentifier',
    'availabilityZones',
    'databaseName',
    'dbSubnetGroupName',
    'engine',
    'engineMode',
    'kmsKeyId',
    'masterUsername',
    'restoreToPointInTime',
    'snapshotIdentifier',
    'sourceRegion',
    'storageEncrypted',
  ],
  'aws:rds/instance:Instance': [
    'dbName',
    'engine',
    'kmsKeyId',
    'restoreToPointInTime',
    'snapshotIdentifier',
    'storageEncrypted',
    'username',
  ],
  'aws:rds/clusterInstance:ClusterInstance': ['clusterIdentifier', 'engine'],
};

/** What the next update would replace, and what it would delete. */
export function lost(before: Recording, after: Recording, ignoring = true): string[] {
  return before.all.flatMap(({ name, type, inputs }) => {
    const now = after.find(name);
    if (now?.type !== type) {
      return [`${name} is deleted`];
    }
    const compared = (CREATE_ONLY[type] ?? []).filter((input) => !(ignoring && now.ignoreChanges.includes(input)));
    return compared
      .filter((input) => JSON.stringify(inputs[input]) !== JSON.stringify(now.inputs[input]))
      .map((input) => `${name} is replaced over ${input}`);
  });
}
