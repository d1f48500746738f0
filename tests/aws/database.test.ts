import { expect } from 'chai';
import { databaseIdentifier } from '../../components/aws/standing-arns';
import type { Recording } from '../support/pulumi-mocks';
import {
  ACCOUNT,
  AURORA,
  configOf,
  EXISTING,
  HOME,
  inputsOf,
  PASSWORD,
  RDS,
  recordDatabase,
  recordParameters,
  typesOf,
} from './support/data-layers';
import { lost } from './support/lost';
import { SNAPSHOT } from './support/restore-sources';

describe('Database on AWS', () => {
  describe('at home', () => {
    it('is an Aurora cluster with its instances, encrypted, kept and open to nobody', async () => {
      const made = await recordDatabase(configOf('primary'));

      expect(typesOf(made)).to.deep.equal(['Cluster', 'ClusterInstance', 'ClusterInstance', 'ClusterParameterGroup']);
      expect(inputsOf(made, 'database-cluster')).to.deep.equal({
        applyImmediately: false,
        backupRetentionPeriod: 35,
        clusterIdentifier: 'medplum-dr-clinic',
        copyTagsToSnapshot: true,
        databaseName: 'medplum',
        dbClusterParameterGroupName: 'medplum-dr-clinic-16',
        dbSubnetGroupName: 'medplum-dr-clinic',
        deleteAutomatedBackups: false,
        deletionProtection: true,
        enabledCloudwatchLogsExports: ['postgresql'],
        engine: 'aurora-postgresql',
        engineVersion: '16.6',
        finalSnapshotIdentifier: 'medplum-dr-clinic-final-0badcafe',
        kmsKeyId: 'site-key',
        masterPassword: { secret: PASSWORD },
        masterUsername: 'clusteradmin',
        skipFinalSnapshot: false,
        storageEncrypted: true,
        tags: { 'medplum-dr:environment': 'clinic', 'medplum-dr:role': 'primary' },
        vpcSecurityGroupIds: ['sg-database'],
      });
      const cluster = made.get('database-cluster');
      expect(cluster.protect).to.equal(true);
      expect(cluster.ignoreChanges).to.deep.equal(['globalClusterIdentifier', 'replicationSourceIdentifier']);
      expect(cluster.customTimeouts).to.deep.equal({ create: '4h', update: '4h', delete: '2h' });
      expect(cluster.dependsOn).to.include('database-parameters-group');
      expect(inputsOf(made, 'database-instance-1')).to.deep.include({
        clusterIdentifier: 'database-cluster-id',
        identifier: 'medplum-dr-clinic-1',
        publiclyAccessible: false,
        performanceInsightsKmsKeyId: 'site-key',
        promotionTier: 0,
      });
      expect(made.get('database-instance-2').dependsOn).to.include('database-instance-1');
    });

    it('is one RDS instance where config says so', async () => {
      const made = await recordDatabase(configOf('primary', { database: { ...RDS, storageGigabytes: 200 } }));

      expect(typesOf(made)).to.deep.equal(['Instance', 'ParameterGroup']);
      expect(inputsOf(made, 'database-instance')).to.deep.include({
        allocatedStorage: 200,
        dbName: 'medplum',
        deletionProtection: true,
        deleteAutomatedBackups: false,
        engine: 'postgres',
        engineVersion: '16.6',
        identifier: 'medplum-dr-clinic',
        kmsKeyId: 'site-key',
        multiAz: true,
        parameterGroupName: 'medplum-dr-clinic-16',
        password: { secret: PASSWORD },
        publiclyAccessible: false,
        storageEncrypted: true,
        username: 'clusteradmin',
      });
      expect(made.get('database-instance').protect).to.equal(true);
    });

    it('tells the other layers where it is once it answers, and the password by its secret alone', async () => {
      const made = await recordDatabase(configOf('primary'));

      expect(made.get('database').outputs).to.deep.equal({
        arn: 'arn of "medplum-dr-clinic"',
        databaseName: 'medplum',
        host: 'cluster.example.com',
        passwordSecret: 'secret-arn',
        port: 5432,
        restoredFrom: null,
        username: 'clusteradmin',
      });
    });

    it('is planned as it is made', async () => {
      const config = configOf('primary');

      const [planned, made] = [await recordDatabase(config, { preview: true }), await recordDatabase(config)];

      expect(planned.all.map(({ name }) => name)).to.deep.equal(made.all.map(({ name }) => name));
    });
  });

  describe('standing ahead', () => {
    const aurora = (strategy: string): Promise<Recording> => recordDatabase(configOf('standby', { strategy }));
    const instances = (made: Recording): number => typesOf(made).filter((type) => type === 'ClusterInstance').length;

    it('is a secondary without name, owner or password of its own', async () => {
      const made = await aurora('pilot-light');

      const inputs = inputsOf(made, 'database-cluster');
      expect(inputs).to.deep.include({
        clusterIdentifier: 'medplum-dr-clinic',
        engine: 'aurora-postgresql',
        engineVersion: '16.6',
        globalClusterIdentifier: 'medplum-dr-clinic',
        kmsKeyId: 'site-key',
        storageEncrypted: true,
      });
      expect(inputs).to.not.have.any.keys(
        'databaseName',
        'masterUsername',
        'masterPassword',
        'replicationSourceIdentifier',
        'manageMasterUserPassword'
      );
    });

    it('takes no swap of roles for a wish to detach or promote', async () => {
      expect((await aurora('hot-standby')).get('database-cluster').ignoreChanges).to.deep.equal([
        'globalClusterIdentifier',
        'replicationSourceIdentifier',
        'engineVersion',
      ]);
      const replica = await recordDatabase(configOf('standby', { strategy: 'hot-standby', database: RDS }));
      expect(replica.get('database-instance').ignoreChanges).to.deep.equal(['replicateSourceDb']);
    });

    it('is headless as a pilot light, small as a warm and whole as a hot standby', async () => {
      expect(instances(await aurora('pilot-light'))).to.equal(0);
      expect(instances(await aurora('warm-standby'))).to.equal(1);
      expect(instances(await aurora('hot-standby'))).to.equal(2);
    });

    it('is a replica of the RDS instance at home, which it names by ARN', async () => {
      const made = await recordDatabase(configOf('standby', { strategy: 'pilot-light', database: RDS }));

      const inputs = inputsOf(made, 'database-instance');
      expect(inputs).to.deep.include({
        replicateSourceDb: `arn:aws:rds:${HOME}:${ACCOUNT}:db:medplum-dr-clinic`,
        backupRetentionPeriod: 35,
        kmsKeyId: 'site-key',
        multiAz: false,
        storageEncrypted: true,
      });
      expect(inputs).to.not.have.any.keys(
        'engine',
        'engineVersion',
        'username',
        'password',
        'allocatedStorage',
        'dbName'
      );
      expect(made.get('database-instance').protect).to.equal(true);
    });

    it('has a second zone as a hot standby', async () => {
      const made = await recordDatabase(configOf('standby', { strategy: 'hot-standby', database: RDS }));

      expect(inputsOf(made, 'database-instance')['multiAz']).to.equal(true);
    });

    it('replicates an existing instance', async () => {
      const instanceArn = `arn:aws:rds:${HOME}:${ACCOUNT}:db:theirs`;
      const source = { ...EXISTING, database: { engine: 'rds', instanceIdentifier: 'theirs', instanceArn } };

      const made = await recordDatabase(configOf('standby', { strategy: 'pilot-light', database: RDS, source }));

      expect(inputsOf(made, 'database-instance')['replicateSourceDb']).to.equal(instanceArn);
    });

    it('is a parameter group alone under backup-restore', async () => {
      const made = await recordParameters(configOf('standby'));

      expect(typesOf(made)).to.deep.equal(['ClusterParameterGroup']);
      expect(inputsOf(made, 'parameters-group')).to.deep.include({
        family: 'aurora-postgresql16',
        name: 'medplum-dr-clinic-16',
        parameters: [
          { name: 'statement_timeout', value: '60000' },
          { name: 'default_transaction_isolation', value: 'REPEATABLE READ' },
          { name: 'rds.force_ssl', value: '1' },
        ],
      });
    });

    it('does not force TLS on a server whose config is not ours', async () => {
      const made = await recordParameters(configOf('standby', { source: EXISTING }));

      expect(JSON.stringify(inputsOf(made, 'parameters-group'))).to.not.include('force_ssl');
    });
  });

  describe('fenced', () => {
    it('stands behind a group without a rule, and loses nothing', async () => {
      for (const database of [AURORA, RDS]) {
        const config = configOf('primary', { database });
        const [serving, fenced] = [await recordDatabase(config), await recordDatabase(config, { state: 'fenced' })];

        expect(lost(serving, fenced)).to.deep.equal([]);
        const name = database === AURORA ? 'database-cluster' : 'database-instance';
        expect(inputsOf(fenced, name)).to.deep.equal({
          ...inputsOf(serving, name),
          vpcSecurityGroupIds: ['database-closed-id'],
        });
        expect(inputsOf(fenced, 'database-closed')).to.have.all.keys('name', 'description', 'vpcId', 'tags');
      }
    });
  });

  describe('every resource', () => {
    it('has the provider of its site and the tags, and no password in clear', async () => {
      for (const made of [
        await recordDatabase(configOf('primary')),
        await recordDatabase(configOf('standby', { strategy: 'hot-standby', database: RDS })),
        await recordDatabase(configOf('recovery'), { source: SNAPSHOT, state: 'fenced' }),
      ]) {
        const cloud = made.all.filter(({ type }) => type.startsWith('aws:'));
        expect(cloud).to.not.deep.equal([]);
        for (const { provider, parent, inputs, name } of cloud) {
          expect(provider, name).to.equal('site-provider');
          expect(parent, name).to.match(/^database/);
          expect(inputs['tags'], name).to.include({ 'medplum-dr:environment': 'clinic' });
        }
        expect(JSON.stringify(made.all).replaceAll(`{"secret":"${PASSWORD}"}`, '')).to.not.include(PASSWORD);
      }
    });
  });
});

describe('identifier of a database on AWS', () => {
  it('is one that RDS takes, whatever the stack is called', () => {
    const of = (stack: string): string => databaseIdentifier('recovery', { stack, environment: 'clinic' });

    expect(of('clinic-r7')).to.equal('medplum-dr-clinic-r7');
    for (const stack of ['Clinic_R.7', 'a--b', `long-${'x'.repeat(80)}`, 'ends-with-']) {
      expect(of(stack)).to.match(/^[a-z](-?[a-z0-9])*$/);
      expect(`${of(stack)}-15`.length).to.be.at.most(63);
    }
  });
});
