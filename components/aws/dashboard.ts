import { standingNames, type AwsConfig } from './config';
import { databaseIdentifier, type AwsContext } from './standing-arns';

interface Graph {
  readonly title: string;
  readonly region: string;
  readonly stat: string;
  /** Namespace, metric, then dimension and value by turns. */
  readonly metrics: readonly (readonly string[])[];
}

/** The environment at a glance, in one picture for both regions (JSON, as CloudWatch reads it). */
export function dashboardBody(
  config: AwsConfig,
  context: AwsContext,
  place: { readonly home: string; readonly recovery: string; readonly healthCheckId: string }
): string {
  const vault = standingNames(context.environment).vault;
  const graphs: Graph[] = [
    {
      title: 'Public name answers (1: yes)',
      region: 'us-east-1',
      stat: 'Minimum',
      metrics: [['AWS/Route53', 'HealthCheckStatus', 'HealthCheckId', place.healthCheckId]],
    },
    {
      title: 'Recovery points that arrived',
      region: place.recovery,
      stat: 'Sum',
      metrics: [['AWS/Backup', 'NumberOfRecoveryPointsCompleted', 'BackupVaultName', vault]],
    },
    {
      title: 'Failed backups and copies',
      region: place.home,
      stat: 'Sum',
      metrics: [
        ['AWS/Backup', 'NumberOfBackupJobsFailed', 'BackupVaultName', vault],
        ['AWS/Backup', 'NumberOfCopyJobsFailed', 'BackupVaultName', vault],
      ],
    },
    {
      title: 'Database connections at home',
      region: place.home,
      stat: 'Maximum',
      metrics: [['AWS/RDS', 'DatabaseConnections', ...databaseDimension(config, context)]],
    },
  ];
  return JSON.stringify({
    widgets: graphs.map(({ title, region, stat, metrics }, index) => ({
      type: 'metric',
      x: (index % 2) * 12,
      y: Math.floor(index / 2) * 6,
      width: 12,
      height: 6,
      properties: { title, region, stat, metrics, period: 300, view: 'timeSeries' },
    })),
  });
}

function databaseDimension({ database, source }: AwsConfig, context: AwsContext): [string, string] {
  const own = databaseIdentifier('primary', context);
  if (source.kind === 'managed') {
    return [database.engine === 'aurora' ? 'DBClusterIdentifier' : 'DBInstanceIdentifier', own];
  }
  return source.database.engine === 'aurora'
    ? ['DBClusterIdentifier', source.database.clusterIdentifier]
    : ['DBInstanceIdentifier', source.database.instanceIdentifier];
}
