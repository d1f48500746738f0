import { expect } from 'chai';
import { backupSchedule, isBackupRhythm } from '../../components/aws/backup-schedule';
import { STRATEGIES } from '../../components/config';
import type { Registration } from '../support/pulumi-mocks';
import { ACCOUNT, AURORA, AWAY, configOf, EXISTING, HOME, RDS, recordBackups, typesOf } from './support/data-layers';

const VAULT = ['Vault', 'VaultPolicy'];
const AT_HOME = ['Plan', 'Selection', ...VAULT];

/** The table in the docstring of `Backups`. */
const TABLE = STRATEGIES.flatMap((strategy) => [
  {
    strategy,
    database: AURORA,
    primary: strategy === 'backup-restore' ? AT_HOME : ['GlobalCluster', ...AT_HOME],
    standby: VAULT,
  },
  { strategy, database: RDS, primary: AT_HOME, standby: ['InstanceAutomatedBackupsReplication', ...VAULT] },
]);

describe('Backups on AWS', () => {
  for (const { strategy, database, primary, standby } of TABLE) {
    it(`stand where they belong: ${strategy}, ${database.engine}`, async () => {
      const changes = { strategy, database };

      expect(typesOf(await recordBackups(configOf('primary', changes)))).to.deep.equal(primary);
      expect(typesOf(await recordBackups(configOf('standby', changes)))).to.deep.equal(standby);
      expect(typesOf(await recordBackups(configOf('recovery', changes)))).to.deep.equal([]);
    });
  }

  it('keep every moment at home and copy a snapshot to the vault of the recovery region', async () => {
    const made = await recordBackups(configOf('primary', { backup: { every: '4h', keepDays: 90 } }));

    const recoveryPointTags = { 'medplum-dr:environment': 'clinic', 'medplum-dr:role': 'primary' };
    expect(made.get('backups-plan').inputs['rules']).to.deep.equal([
      {
        enableContinuousBackup: true,
        lifecycle: { deleteAfter: 35 },
        recoveryPointTags,
        ruleName: 'continuous',
        schedule: 'cron(0 5 * * ? *)',
        startWindow: 60,
        targetVaultName: 'medplum-dr-clinic',
      },
      {
        copyActions: [
          {
            destinationVaultArn: `arn:aws:backup:${AWAY}:${ACCOUNT}:backup-vault:medplum-dr-clinic`,
            lifecycle: { deleteAfter: 90 },
          },
        ],
        lifecycle: { deleteAfter: 90 },
        recoveryPointTags,
        ruleName: 'copied',
        schedule: 'cron(0 0/4 * * ? *)',
        startWindow: 60,
        targetVaultName: 'medplum-dr-clinic',
      },
    ]);
    expect(made.get('backups-plan').dependsOn).to.include('backups-at-home-vault');
    expect(made.get('backups-selection').inputs).to.deep.equal({
      iamRoleArn: 'backup-role',
      name: 'medplum-dr-clinic',
      planId: 'backups-plan-id',
      resources: ['arn-of-own-database'],
    });
  });

  it('make the vault of the standby the one that copies go to', async () => {
    const made = await recordBackups(configOf('standby'));

    const vault = made.get('backups-in-recovery-region-vault');
    expect(vault.inputs).to.deep.include({ name: 'medplum-dr-clinic', kmsKeyArn: 'site-key', forceDestroy: false });
    expect(vault.protect).to.equal(true);
    expect(made.get('site-provider').inputs['region']).to.equal(AWAY);
  });

  it('are not copied where no recovery site is configured', async () => {
    const changes = { recoverySite: undefined, strategy: 'hot-standby' };

    const made = await recordBackups(configOf('primary', changes));

    expect(JSON.stringify(made.get('backups-plan').inputs)).to.not.include('copyActions');
    expect(typesOf(made)).to.not.include('GlobalCluster');
  });

  it('protect an existing database by its ARN and touch nothing else of it', async () => {
    const made = await recordBackups(configOf('primary', { source: EXISTING, strategy: 'pilot-light' }));

    expect(made.get('backups-selection').inputs['resources']).to.deep.equal([EXISTING.database.clusterArn]);
    expect(made.get('backups-global').inputs['sourceDbClusterIdentifier']).to.equal(EXISTING.database.clusterArn);
    expect(typesOf(made)).to.deep.equal(['GlobalCluster', ...AT_HOME]);
  });

  it('own a Global Database that no delete takes apart', async () => {
    const global = (await recordBackups(configOf('primary', { strategy: 'warm-standby' }))).get('backups-global');

    expect(global.inputs).to.deep.equal({
      deletionProtection: true,
      forceDestroy: true,
      globalClusterIdentifier: 'medplum-dr-clinic',
      sourceDbClusterIdentifier: 'arn-of-own-database',
      tags: { 'medplum-dr:environment': 'clinic', 'medplum-dr:role': 'primary' },
    });
    expect([global.protect, global.retainOnDelete]).to.deep.equal([true, true]);
  });

  it("replicate an RDS instance's automated backups in the destination, under its key", async () => {
    const made = await recordBackups(configOf('standby', { database: RDS, backup: { keepDays: 14 } }));

    const replication = made.get('backups-automated-backups');
    expect(replication.inputs).to.deep.equal({
      kmsKeyId: 'site-key',
      retentionPeriod: 14,
      sourceDbInstanceArn: `arn:aws:rds:${HOME}:${ACCOUNT}:db:medplum-dr-clinic`,
    });
    expect(replication.protect).to.equal(true);
  });

  it('let nobody delete a point in passing, and lock the vault where config says so', async () => {
    for (const [role, name] of [
      ['primary', 'backups-at-home'],
      ['standby', 'backups-in-recovery-region'],
    ] as const) {
      const made = await recordBackups(configOf(role, { backup: { lockDays: 7 } }));

      expect(JSON.parse(made.get(`${name}-policy`).inputs['policy'] as string)).to.deep.equal({
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
      // Without changeableForDays, which would make the lock one that nobody can take back.
      expect(made.get(`${name}-lock`).inputs).to.deep.equal({
        backupVaultName: 'medplum-dr-clinic',
        minRetentionDays: 7,
      });
    }
  });

  it('tell failed copies to a topic of the same region only', async () => {
    const alarmTopicArn = `arn:aws:sns:${HOME}:${ACCOUNT}:alarms`;
    const changes = { monitoring: { alarmTopicArn } };

    const home = await recordBackups(configOf('primary', changes));
    const away = await recordBackups(configOf('standby', changes));

    expect(home.get('backups-at-home-notifications').inputs).to.deep.equal({
      backupVaultEvents: ['COPY_JOB_FAILED'],
      backupVaultName: 'medplum-dr-clinic',
      snsTopicArn: alarmTopicArn,
    });
    expect(typesOf(away)).to.not.include('VaultNotifications');
  });

  it('have the provider of their site, and are planned as they are made', async () => {
    for (const role of ['primary', 'standby'] as const) {
      const config = configOf(role, { database: RDS, strategy: 'hot-standby' });
      const [planned, made] = [await recordBackups(config, true), await recordBackups(config)];

      const cloud = made.all.filter(({ type }) => type.startsWith('aws:'));
      expect(new Set(cloud.map(({ provider }: Registration) => provider))).to.deep.equal(new Set(['site-provider']));
      expect(planned.all.map(({ name }) => name)).to.deep.equal(made.all.map(({ name }) => name));
    }
  });
});

describe('schedule of AWS Backup', () => {
  it('starts as often as config says', () => {
    expect(backupSchedule(3600)).to.equal('cron(0 0/1 * * ? *)');
    expect(backupSchedule(12 * 3600)).to.equal('cron(0 0/12 * * ? *)');
    expect(backupSchedule(24 * 3600)).to.equal('cron(0 5 * * ? *)');
  });

  it('refuses, in config, what AWS Backup cannot keep', () => {
    expect(isBackupRhythm(900)).to.equal(false);
    expect(() => configOf('primary', { backup: { every: '15m' } })).to.throw('AWS Backup keeps no other rhythm');
    expect(() => configOf('primary', { backup: { every: '5h' } })).to.throw('AWS Backup keeps no other rhythm');
    expect(configOf('primary', { backup: { every: '6h' } }).backup.every).to.equal(6 * 3600);
  });

  it('refuses, in config, a lock that would fail the jobs', () => {
    expect(() => configOf('primary', { backup: { keepDays: 5, lockDays: 6 } })).to.throw('lockDays');
    expect(() => configOf('primary', { backup: { keepDays: 90, lockDays: 36 } })).to.throw('lockDays');
    expect(configOf('primary', { backup: { keepDays: 90, lockDays: 35 } }).backup.lockDays).to.equal(35);
  });
});
