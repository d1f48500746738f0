import type * as rds from '@pulumi/aws/rds';
import type * as pulumi from '@pulumi/pulumi';
import type { RestoredSource } from './database-source';

/**
 * Inputs that a restore is told once. All are create-only at the provider: a later change, or their going away with
 * `medplum-dr:restore`, would replace the recovered database by a new one.
 */
const RESTORE_ONLY = ['snapshotIdentifier', 'restoreToPointInTime', 'engineVersion'];

/** AWS makes the zones three whatever is asked for, and fewer would replace the cluster. */
export const RESTORED_CLUSTER_IGNORES = [...RESTORE_ONLY, 'availabilityZones'];

/** A restored instance keeps the encryption of its source, and the provider would replace it over a difference. */
export const RESTORED_INSTANCE_IGNORES = [...RESTORE_ONLY, 'storageEncrypted', 'kmsKeyId'];

/**
 * What a recovered Aurora cluster gets from its source. Name and owner of the database come with the data: telling
 * them is refused. An undefined source is a recovery stack whose `restore` was dropped: as nothing says who owns the
 * database, RDS refuses to make an empty one of it, while one that stands stays as it is.
 */
export function restoredCluster(
  source: RestoredSource | undefined,
  configuredVersion: string
): Pick<rds.ClusterArgs, 'engineVersion' | 'snapshotIdentifier' | 'restoreToPointInTime'> {
  const engineVersion = source?.engineVersion ?? configuredVersion;
  switch (source?.kind) {
    case undefined:
    // Aurora has no automated backups in another region; a config that says so was refused before.
    case 'automated-backup':
      return { engineVersion };
    case 'snapshot':
      return { engineVersion, snapshotIdentifier: source.arn };
    case 'point-in-time':
      return {
        engineVersion,
        restoreToPointInTime: {
          ...('identifier' in source.of
            ? { sourceClusterIdentifier: source.of.identifier }
            : { sourceClusterResourceId: source.of.resourceId }),
          restoreType: 'full-copy',
          ...(source.restoreTime === 'latest'
            ? { useLatestRestorableTime: true }
            : { restoreToTime: source.restoreTime }),
        },
      };
  }
}

/**
 * What a recovered RDS instance gets from its source. `storageEncrypted` must say what the source is: the provider
 * does not read it from there and would replace the instance at the next update.
 */
export function restoredInstance(
  source: RestoredSource | undefined,
  configuredVersion: string,
  siteKey: pulumi.Input<string>
): Pick<
  rds.InstanceArgs,
  'engineVersion' | 'snapshotIdentifier' | 'restoreToPointInTime' | 'storageEncrypted' | 'kmsKeyId'
> {
  const encrypted = source?.encrypted ?? true;
  const kept = {
    engineVersion: source?.engineVersion ?? configuredVersion,
    storageEncrypted: encrypted,
    ...(encrypted ? { kmsKeyId: source?.kmsKeyArn ?? siteKey } : {}),
  };
  switch (source?.kind) {
    case undefined:
      return kept;
    case 'snapshot':
      return { ...kept, snapshotIdentifier: source.arn };
    case 'point-in-time':
      return {
        ...kept,
        restoreToPointInTime: {
          ...('identifier' in source.of
            ? { sourceDbInstanceIdentifier: source.of.identifier }
            : { sourceDbiResourceId: source.of.resourceId }),
          ...instanceTime(source.restoreTime),
        },
      };
    case 'automated-backup':
      return {
        ...kept,
        restoreToPointInTime: {
          sourceDbInstanceAutomatedBackupsArn: source.arn,
          ...instanceTime(source.restoreTime),
        },
      };
  }
}

function instanceTime(restoreTime: string): { useLatestRestorableTime: true } | { restoreTime: string } {
  return restoreTime === 'latest' ? { useLatestRestorableTime: true } : { restoreTime };
}
