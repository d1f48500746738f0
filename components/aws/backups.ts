import * as backup from '@pulumi/aws/backup';
import * as rds from '@pulumi/aws/rds';
import * as pulumi from '@pulumi/pulumi';
import { continuousDays } from './backup-schedule';
import { backupRules } from './backup-rules';
import { BackupVault } from './backup-vault';
import { standingNames, type AwsConfig } from './config';
import { globalClusterIdentifier, homeSite } from './database-replica';
import { existingDatabaseArn, homeDatabaseArn, tagsOf, type AwsContext } from './standing-arns';

export interface BackupsArgs {
  readonly config: AwsConfig;
  readonly context: AwsContext;
  readonly keys: { readonly keyArn: pulumi.Input<string> };
  readonly roles: { readonly backup: pulumi.Input<string> };
  /** Of this stack; undefined where the database is existing, or another stack's. */
  readonly database: { readonly arn: pulumi.Input<string> } | undefined;
  /** Of the site's region. */
  readonly provider: pulumi.ProviderResource;
}

/**
 * What makes the recovery region able to stand alone, as far as the database goes. It is the same for a managed and an
 * existing database, which it names by ARN.
 *
 * | strategy | engine | primary stack (home) | standby stack (recovery region) |
 * |---|---|---|---|
 * | all | both | vault; plan with a continuous and a copied rule; selection of the database | vault |
 * | all | rds | | + replicated automated backups |
 * | pilot-light, warm-standby, hot-standby | aurora | + Global Database | + its secondary (`Database`) |
 * | pilot-light, warm-standby, hot-standby | rds | | + replica (`Database`) |
 *
 * The standby's vault must stand before the first copy: a copy to a vault that is not there fails, the backup does not.
 * A recovery stack gets none of it: it is kept by its own backups until the driver protects it at the other site.
 *
 * The bucket is in no plan. Its versions are kept and none is deleted through replication, so a backup of it in the
 * same account would hold nothing more.
 *
 * AWS Backup's continuous rule takes over the retention of an existing database's automated backups.
 */
export class Backups extends pulumi.ComponentResource {
  /** Name of the vault in this stack's region. */
  readonly vaultName: pulumi.Output<string | null>;

  constructor(name: string, args: BackupsArgs, options: pulumi.ComponentResourceOptions) {
    super('medplum-dr:aws:Backups', name, {}, options);
    this.vaultName = pulumi.output(makeBackups(name, args, this));
    this.registerOutputs({ vaultName: this.vaultName });
  }
}

function makeBackups(name: string, args: BackupsArgs, parent: pulumi.Resource): pulumi.Output<string> | null {
  switch (args.config.role) {
    case 'primary':
      return atHome(name, args, parent);
    case 'standby':
      return inRecoveryRegion(name, args, parent);
    case 'recovery':
      return null;
  }
}

function atHome(name: string, args: BackupsArgs, parent: pulumi.Resource): pulumi.Output<string> {
  const { config, context, roles, provider } = args;
  const child = { parent, provider };
  const { vaultName } = new BackupVault(`${name}-at-home`, args, { parent });
  const { prefix } = standingNames(context.environment);
  const plan = new backup.Plan(
    `${name}-plan`,
    { name: prefix, rules: backupRules(config, context, vaultName), tags: tagsOf(config, context) },
    child
  );
  const databaseArn = protectedDatabase(args);
  new backup.Selection(
    `${name}-selection`,
    { name: prefix, planId: plan.id, iamRoleArn: roles.backup, resources: [databaseArn] },
    child
  );
  if (
    config.database.engine === 'aurora' &&
    config.strategy !== 'backup-restore' &&
    config.recoverySite !== undefined
  ) {
    new rds.GlobalCluster(
      `${name}-global`,
      {
        globalClusterIdentifier: globalClusterIdentifier(context),
        sourceDbClusterIdentifier: databaseArn,
        // Required with a source. It detaches every member when this resource is deleted: hence the options.
        forceDestroy: true,
        deletionProtection: true,
        tags: tagsOf(config, context),
      },
      { ...child, protect: true, retainOnDelete: true }
    );
  }
  return vaultName;
}

function inRecoveryRegion(name: string, args: BackupsArgs, parent: pulumi.Resource): pulumi.Output<string> {
  const { config, context, keys, provider } = args;
  const { vaultName } = new BackupVault(`${name}-in-recovery-region`, args, { parent });
  if (config.database.engine === 'rds') {
    new rds.InstanceAutomatedBackupsReplication(
      `${name}-automated-backups`,
      {
        sourceDbInstanceArn: homeDatabaseArn(config, homeSite(config), context),
        kmsKeyId: keys.keyArn,
        retentionPeriod: continuousDays(config.backup.keepDays),
      },
      { parent, provider, protect: true, customTimeouts: { create: '4h', delete: '2h' } }
    );
  }
  return vaultName;
}

function protectedDatabase({ config: { source }, database }: BackupsArgs): pulumi.Input<string> {
  if (source.kind === 'existing') {
    return existingDatabaseArn(source);
  }
  if (database === undefined) {
    throw new Error('a managed primary backs up its own database: give it');
  }
  return database.arn;
}
