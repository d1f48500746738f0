import { expect } from 'chai';
import { databaseSource } from '../../components/aws/database-source';
import { OperatorError } from '../../components/errors';
import type { Recording, Registration } from '../support/pulumi-mocks';
import {
  ACCOUNT,
  AURORA,
  AWAY,
  configOf,
  HOME,
  inputsOf,
  PASSWORD,
  RDS,
  recordDatabase,
  typesOf,
} from './support/data-layers';
import { lost } from './support/lost';
import { SNAPSHOT, RDS_SNAPSHOT, POINT_IN_TIME, AUTOMATED_BACKUP, REPLICA } from './support/restore-sources';

describe('Database on AWS, recovered', () => {
  it('is restored from a snapshot or a point of AWS Backup, by its ARN', async () => {
    const made = await recordDatabase(configOf('recovery'), { source: SNAPSHOT });

    expect(typesOf(made)).to.deep.equal(['Cluster', 'ClusterInstance']);
    const inputs = inputsOf(made, 'database-cluster');
    expect(inputs).to.deep.include({
      applyImmediately: true,
      clusterIdentifier: 'medplum-dr-clinic-r7',
      dbClusterParameterGroupName: 'medplum-dr-clinic-16',
      engineVersion: '16.4',
      kmsKeyId: 'site-key',
      masterPassword: { secret: PASSWORD },
      snapshotIdentifier: SNAPSHOT.arn,
      storageEncrypted: true,
      vpcSecurityGroupIds: ['sg-database'],
    });
    expect(inputs).to.not.have.any.keys('databaseName', 'masterUsername', 'availabilityZones');
    expect(made.get('database-cluster').protect).to.equal(true);
    expect(made.get('database').outputs).to.deep.include({
      host: 'cluster.example.com',
      restoredFrom: { backup: 'point-7', skipped: [], replayedTo: null, shortfall: null },
      username: 'owner-of-then',
    });
  });

  it('is restored to a point in time, also of a cluster that was deleted', async () => {
    const living = await recordDatabase(configOf('recovery'), { source: POINT_IN_TIME });
    const of = { resourceId: 'cluster-ABC' };
    const deleted = await recordDatabase(configOf('recovery'), {
      source: { ...POINT_IN_TIME, of, restoreTime: 'latest' },
    });

    expect(inputsOf(living, 'database-cluster')['restoreToPointInTime']).to.deep.equal({
      restoreToTime: '2026-11-24T10:00:00Z',
      restoreType: 'full-copy',
      sourceClusterIdentifier: 'medplum-dr-clinic',
    });
    expect(inputsOf(deleted, 'database-cluster')['restoreToPointInTime']).to.deep.equal({
      restoreType: 'full-copy',
      sourceClusterResourceId: 'cluster-ABC',
      useLatestRestorableTime: true,
    });
  });

  it('is an RDS instance from a snapshot, a point in time or a replicated backup', async () => {
    const config = configOf('recovery', { database: RDS });
    const restored = async (source: Record<string, unknown>): Promise<Registration['inputs']> =>
      inputsOf(await recordDatabase(config, { source }), 'database-instance');

    const snapshot = await restored(RDS_SNAPSHOT);
    expect(snapshot).to.deep.include({
      engineVersion: '16.4',
      identifier: 'medplum-dr-clinic-r7',
      kmsKeyId: 'site-key',
      multiAz: true,
      password: { secret: PASSWORD },
      snapshotIdentifier: RDS_SNAPSHOT.arn,
      storageEncrypted: true,
    });
    expect(snapshot).to.not.have.any.keys('username', 'dbName', 'engine', 'allocatedStorage');
    expect((await restored(POINT_IN_TIME))['restoreToPointInTime']).to.deep.equal({
      restoreTime: '2026-11-24T10:00:00Z',
      sourceDbInstanceIdentifier: 'medplum-dr-clinic',
    });
    expect((await restored(AUTOMATED_BACKUP))['restoreToPointInTime']).to.deep.equal({
      sourceDbInstanceAutomatedBackupsArn: AUTOMATED_BACKUP.arn,
      useLatestRestorableTime: true,
    });
  });

  it('says of an RDS snapshot what it is: the instance keeps that', async () => {
    const config = configOf('recovery', { database: RDS });

    const plain = await recordDatabase(config, { source: { ...RDS_SNAPSHOT, encrypted: false } });
    const kmsKeyArn = `arn:aws:kms:${AWAY}:${ACCOUNT}:key/theirs`;
    const theirs = await recordDatabase(config, { source: { ...RDS_SNAPSHOT, kmsKeyArn } });

    expect(inputsOf(plain, 'database-instance')).to.deep.include({ storageEncrypted: false });
    expect(inputsOf(plain, 'database-instance')).to.not.have.property('kmsKeyId');
    expect(inputsOf(theirs, 'database-instance')['kmsKeyId']).to.equal(kmsKeyArn);
  });

  it('makes the parameter group of an older major version itself, and else takes the standing one', async () => {
    const older = await recordDatabase(configOf('recovery'), { source: { ...SNAPSHOT, engineVersion: '15.8' } });

    expect(inputsOf(older, 'database-parameters-group')).to.deep.include({
      family: 'aurora-postgresql15',
      name: 'medplum-dr-clinic-r7-15',
    });
    expect(inputsOf(older, 'database-cluster')).to.deep.include({
      dbClusterParameterGroupName: 'medplum-dr-clinic-r7-15',
      engineVersion: '15.8',
    });
  });

  it('gets readers when the driver asks for them, behind its writer', async () => {
    const made = await recordDatabase(configOf('recovery'), { source: { ...SNAPSHOT, instances: 3 } });

    expect(typesOf(made).filter((type) => type === 'ClusterInstance')).to.have.length(3);
    expect(made.get('database-instance-3').dependsOn).to.include('database-instance-1');
    expect(made.get('database-instance-1').protect).to.equal(true);
    expect(made.get('database-instance-3').protect).to.equal(false);
  });

  it('adds the instances that a promoted secondary lacks, and makes no cluster', async () => {
    const promoted = (strategy: string, instances: number): Promise<Recording> =>
      recordDatabase(configOf('recovery', { strategy }), { source: { ...REPLICA, instances } });

    const headless = await promoted('pilot-light', 1);
    expect(typesOf(headless)).to.deep.equal(['ClusterInstance']);
    expect(inputsOf(headless, 'database-instance-1')).to.deep.include({
      clusterIdentifier: 'medplum-dr-clinic',
      identifier: 'medplum-dr-clinic-1',
    });
    expect(headless.get('database').outputs).to.deep.include({
      arn: `arn:aws:rds:${AWAY}:${ACCOUNT}:cluster:medplum-dr-clinic`,
      host: 'writer.example.com',
      username: 'clusteradmin',
    });
    expect(typesOf(await promoted('warm-standby', 1))).to.deep.equal([]);
    expect(inputsOf(await promoted('warm-standby', 2), 'database-instance-2')['identifier']).to.equal(
      'medplum-dr-clinic-2'
    );
    expect(typesOf(await promoted('hot-standby', 2))).to.deep.equal([]);
  });

  it('makes nothing where an RDS replica was promoted', async () => {
    const config = configOf('recovery', { strategy: 'pilot-light', database: RDS });

    expect(typesOf(await recordDatabase(config, { source: { ...REPLICA, instances: 3 } }))).to.deep.equal([]);
  });

  it('leaves nothing of a copy that a drill throws away', async () => {
    const made = await recordDatabase(configOf('recovery', { quarantine: { drill: 'd1' } }), { source: SNAPSHOT });

    expect(inputsOf(made, 'database-cluster')).to.deep.include({
      deleteAutomatedBackups: true,
      deletionProtection: false,
      skipFinalSnapshot: true,
    });
    expect(made.all.filter(({ protect }) => protect)).to.deep.equal([]);
  });

  it('names the lost region nowhere, and makes nothing that leans on us-east-1', async () => {
    for (const [database, source] of [
      [AURORA, SNAPSHOT],
      [AURORA, POINT_IN_TIME],
      [RDS, RDS_SNAPSHOT],
      [RDS, AUTOMATED_BACKUP],
      [AURORA, REPLICA],
    ] as const) {
      const strategy = source.kind === 'replica' ? 'pilot-light' : 'backup-restore';
      const made = await recordDatabase(configOf('recovery', { database, strategy }), { source });

      expect(JSON.stringify(made.all)).to.not.include(HOME);
      expect(made.all.filter(({ type }) => /^aws:(iam|s3|cloudfront|route53|acm)\//.test(type))).to.deep.equal([]);
    }
  });

  describe('once it is recovered (a restore source counts at creation only)', () => {
    for (const [what, database, source, other] of [
      ['Aurora from a snapshot', AURORA, SNAPSHOT, POINT_IN_TIME],
      ['Aurora to a point in time', AURORA, POINT_IN_TIME, SNAPSHOT],
      ['RDS from a snapshot', RDS, { ...RDS_SNAPSHOT, encrypted: false }, AUTOMATED_BACKUP],
      ['RDS from a replicated backup', RDS, AUTOMATED_BACKUP, RDS_SNAPSHOT],
    ] as const) {
      it(`survives another source or none: ${what}`, async () => {
        const config = configOf('recovery', { database });
        const recovered = await recordDatabase(config, { source });
        const changed = await recordDatabase(config, { source: other });
        const dropped = await recordDatabase(config);

        expect(lost(recovered, changed)).to.deep.equal([]);
        expect(lost(recovered, dropped)).to.deep.equal([]);
        // The comparison sees it where nothing is ignored.
        expect(lost(recovered, changed, false)).to.not.deep.equal([]);
        expect(lost(recovered, dropped, false)).to.not.deep.equal([]);
      });
    }

    it('survives its source and strategy no less when it was a replica: the plan is refused', async () => {
      const config = configOf('recovery', { strategy: 'pilot-light' });

      const thrown = await recordDatabase(config).then(
        () => null,
        (error: unknown) => error
      );

      expect(thrown).to.be.instanceOf(OperatorError);
      expect((thrown as OperatorError).message).to.include('no longer says which database it uses');
    });
  });
});

describe('restore source on AWS', () => {
  const problemsOf = (database: Record<string, unknown>, source: Record<string, unknown>): readonly string[] => {
    const restore = { recoveryId: 'r7', recoveryPoint: 'p', source, generation: 0 };
    try {
      databaseSource(configOf('recovery', { database }), restore);
      return [];
    } catch (error) {
      expect(error).to.be.instanceOf(OperatorError);
      return (error as OperatorError).problems;
    }
  };

  it('is refused when it lies in another region', () => {
    const arn = SNAPSHOT.arn.replace(AWAY, HOME);

    expect(problemsOf(AURORA, { ...SNAPSHOT, arn })).to.deep.equal([`${arn} is not in ${AWAY}: copy it there first`]);
  });

  it('is refused when it is of another engine', () => {
    expect(problemsOf(RDS, SNAPSHOT)).to.have.length(1);
    expect(problemsOf(AURORA, RDS_SNAPSHOT)).to.have.length(1);
    expect(problemsOf(AURORA, AUTOMATED_BACKUP)).to.have.length(1);
    expect(problemsOf(RDS, RDS_SNAPSHOT)).to.deep.equal([]);
    expect(problemsOf(AURORA, SNAPSHOT)).to.deep.equal([]);
  });

  it('is refused when it says less or more than it must', () => {
    expect(problemsOf(AURORA, { kind: 'snapshot', arn: SNAPSHOT.arn })).to.have.length(1);
    expect(problemsOf(AURORA, { ...SNAPSHOT, region: AWAY })).to.have.length(1);
    expect(problemsOf(AURORA, { kind: 'dump' })).to.have.length(1);
  });
});
