import type { Watch } from './alarms';
import { standingNames, type AwsConfig } from './config';
import { globalClusterIdentifier } from './database-replica';
import { databaseIdentifier, type AwsContext } from './standing-arns';

const HOUR = 3600;
/** CloudWatch looks back a day at most. */
const LONGEST_HOURS = 24;

/** What tells at home that the recovery region is falling behind: these metrics are kept in the source's region only. */
export function homeWatches(config: AwsConfig, { environment }: AwsContext): Watch[] {
  const BackupVaultName = standingNames(environment).vault;
  const failed = (what: string, metricName: string): Watch => ({
    what,
    description: 'See the job in AWS Backup; the RPO grows until the next one succeeds.',
    namespace: 'AWS/Backup',
    metricName,
    dimensions: { BackupVaultName },
    statistic: 'Sum',
    comparison: 'GreaterThanThreshold',
    threshold: 0,
    period: HOUR,
    periods: 1,
    missing: 'notBreaching',
  });
  return [
    failed('backup-failed', 'NumberOfBackupJobsFailed'),
    failed('copy-failed', 'NumberOfCopyJobsFailed'),
    ...replicationWatches(config),
  ];
}

/** What tells in the recovery region, also while home is gone: how old the newest thing is that it could start from. */
export function standbyWatches(config: AwsConfig, context: AwsContext): Watch[] {
  const { backup, database, objectives, strategy } = config;
  const newestPoint: Watch = {
    what: 'newest-recovery-point-too-old',
    description: 'No backup has arrived in this region for two rounds: a region lost now loses more than the RPO.',
    namespace: 'AWS/Backup',
    metricName: 'NumberOfRecoveryPointsCompleted',
    dimensions: { BackupVaultName: standingNames(context.environment).vault },
    statistic: 'Sum',
    comparison: 'LessThanThreshold',
    threshold: 1,
    period: HOUR,
    periods: Math.min(LONGEST_HOURS, Math.ceil((2 * backup.every) / HOUR)),
    missing: 'breaching',
  };
  if (strategy === 'backup-restore') {
    return [newestPoint];
  }
  const identifier = databaseIdentifier('standby', context);
  const lag = {
    what: 'replica-lag',
    description: 'The database of the recovery region is further behind than the RPO.',
    namespace: 'AWS/RDS',
    statistic: 'Maximum',
    comparison: 'GreaterThanThreshold',
    period: 60,
    periods: 5,
    missing: 'breaching',
  } as const;
  return [
    newestPoint,
    database.engine === 'aurora'
      ? {
          ...lag,
          metricName: 'AuroraGlobalDBRPOLag',
          dimensions: { GlobalClusterIdentifier: globalClusterIdentifier(context), DBClusterIdentifier: identifier },
          // Milliseconds.
          threshold: objectives.rpo * 1000,
        }
      : {
          ...lag,
          metricName: 'ReplicaLag',
          dimensions: { DBInstanceIdentifier: identifier },
          threshold: objectives.rpo,
        },
  ];
}

function replicationWatches({ objectStorage, objectives, recoverySite, site, source }: AwsConfig): Watch[] {
  const isOurs = !(source.kind === 'existing' && source.bucketReplicates) && objectStorage.replicaStands;
  if (recoverySite === undefined || !isOurs) {
    return [];
  }
  const rule = {
    namespace: 'AWS/S3',
    dimensions: {
      SourceBucket: source.kind === 'existing' ? source.bucket : site.bucket,
      DestinationBucket: recoverySite.bucket,
      RuleId: `to-${recoverySite.name}`,
    },
    comparison: 'GreaterThanThreshold',
    missing: 'notBreaching',
  } as const;
  return [
    {
      ...rule,
      what: 'replication-behind',
      description: 'Binaries reach the recovery region later than the RPO.',
      metricName: 'ReplicationLatency',
      statistic: 'Maximum',
      threshold: objectives.rpo,
      period: 300,
      periods: 3,
    },
    {
      ...rule,
      what: 'replication-failed',
      description: 'Binaries did not reach the recovery region: they would be missing after a recovery.',
      metricName: 'OperationsFailedReplication',
      statistic: 'Sum',
      threshold: 0,
      period: 300,
      periods: 1,
    },
  ];
}
