import type * as backup from '@pulumi/aws/backup';
import type * as pulumi from '@pulumi/pulumi';
import { backupSchedule, continuousDays } from './backup-schedule';
import type { AwsConfig } from './config';
import { tagsOf, vaultArn, type AwsContext } from './standing-arns';

/** Minutes within which a job starts, or is given up for the next: AWS Backup's least. */
const START_WITHIN = 60;

/**
 * Rules of the plan at home. A copied continuous backup loses its points in time, so two are needed: one keeps every
 * moment at home, for bad data; the other makes snapshots and copies each to the recovery region, for a lost one.
 * The vault there is named by ARN, as it is another stack's.
 */
export function backupRules(
  config: AwsConfig,
  context: AwsContext,
  targetVaultName: pulumi.Input<string>
): backup.PlanArgs['rules'] {
  const { recoverySite } = config;
  const { every, keepDays } = config.backup;
  const lifecycle = { deleteAfter: keepDays };
  return [
    {
      ruleName: 'continuous',
      targetVaultName,
      // Upkeep of the continuous backup, once a day; the log is kept without pause.
      schedule: 'cron(0 5 * * ? *)',
      startWindow: START_WITHIN,
      enableContinuousBackup: true,
      lifecycle: { deleteAfter: continuousDays(keepDays) },
      recoveryPointTags: tagsOf(config, context),
    },
    {
      ruleName: 'copied',
      targetVaultName,
      schedule: backupSchedule(every),
      startWindow: START_WITHIN,
      lifecycle,
      recoveryPointTags: tagsOf(config, context),
      ...(recoverySite === undefined
        ? {}
        : { copyActions: [{ destinationVaultArn: vaultArn(recoverySite, context.environment), lifecycle }] }),
    },
  ];
}
