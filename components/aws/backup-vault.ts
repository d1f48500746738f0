import * as backup from '@pulumi/aws/backup';
import * as pulumi from '@pulumi/pulumi';
import { standingNames, type AwsConfig } from './config';
import { tagsOf, type AwsContext } from './standing-arns';

/** Only an administrator who takes this away first can delete a point, or make it expire early. */
const KEEP_POINTS = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'KeepRecoveryPoints',
      Effect: 'Deny',
      Principal: '*',
      Action: ['backup:DeleteRecoveryPoint', 'backup:UpdateRecoveryPointLifecycle'],
      Resource: '*',
    },
  ],
});

/**
 * The vault of one region, encrypted with its key; what is copied into it takes that key, too. With `backup.lockDays`
 * it is locked in governance mode. Failed copies are told to the topic of config, if that is in this region, as a vault
 * tells no other.
 */
export class BackupVault extends pulumi.ComponentResource {
  readonly vaultName: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      readonly keys: { readonly keyArn: pulumi.Input<string> };
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:BackupVault', name, {}, options);
    const { config, context, keys, provider } = args;
    const child = { parent: this, provider };
    const vault = new backup.Vault(
      `${name}-vault`,
      {
        name: standingNames(context.environment).vault,
        kmsKeyArn: keys.keyArn,
        forceDestroy: false,
        tags: tagsOf(config, context),
      },
      { ...child, protect: true }
    );
    const backupVaultName = vault.name;
    new backup.VaultPolicy(`${name}-policy`, { backupVaultName, policy: KEEP_POINTS }, child);
    const { lockDays } = config.backup;
    if (lockDays !== undefined) {
      // Without changeableForDays, as that would make it compliance mode, which nobody can take back.
      new backup.VaultLockConfiguration(`${name}-lock`, { backupVaultName, minRetentionDays: lockDays }, child);
    }
    const { alarmTopicArn } = config.monitoring;
    if (alarmTopicArn?.split(':')[3] === config.site.region) {
      new backup.VaultNotifications(
        `${name}-notifications`,
        { backupVaultName, snsTopicArn: alarmTopicArn, backupVaultEvents: ['COPY_JOB_FAILED'] },
        child
      );
    }
    this.vaultName = vault.name;
    this.registerOutputs({ vaultName: this.vaultName });
  }
}
