import { expect } from 'chai';
import { ACCOUNT, AWAY, configOf, EXISTING, HOME, recordObjectStorage, typesOf } from './support/data-layers';

const BUCKET = [
  'Bucket',
  'BucketPolicy',
  'BucketPublicAccessBlock',
  'BucketServerSideEncryptionConfiguration',
  'BucketVersioning',
];
const BUCKET_WITH_RULE = [...BUCKET, 'BucketReplicationConfig'].sort();

/** The rule that a site's bucket has to the other site's. */
function ruleTo(site: string, region: string): Record<string, unknown> {
  return {
    deleteMarkerReplication: { status: 'Disabled' },
    destination: {
      bucket: `arn:aws:s3:::clinic-binaries-${site}`,
      encryptionConfiguration: { replicaKmsKeyId: `arn:aws:kms:${region}:${ACCOUNT}:alias/medplum-dr-clinic` },
      metrics: { status: 'Enabled' },
    },
    filter: { prefix: '' },
    id: `to-${site}`,
    priority: 0,
    sourceSelectionCriteria: {
      replicaModifications: { status: 'Enabled' },
      sseKmsEncryptedObjects: { status: 'Enabled' },
    },
    status: 'Enabled',
  };
}

describe('ObjectStorage on AWS', () => {
  for (const [role, bucket] of [
    ['primary', 'clinic-binaries-home'],
    ['standby', 'clinic-binaries-away'],
  ] as const) {
    it(`is a bucket that keeps versions, closed and encrypted: ${role}`, async () => {
      const made = await recordObjectStorage(configOf(role));

      expect(typesOf(made)).to.deep.equal(BUCKET_WITH_RULE);
      expect(made.get('storage-site-bucket').inputs).to.deep.include({ bucket, forceDestroy: false });
      expect(made.get('storage-site-bucket').protect).to.equal(true);
      expect(made.get('storage-site-versioning').inputs).to.deep.include({
        versioningConfiguration: { status: 'Enabled' },
      });
      expect(made.get('storage-site-encryption').inputs['rules']).to.deep.equal([
        {
          applyServerSideEncryptionByDefault: { kmsMasterKeyId: 'site-key', sseAlgorithm: 'aws:kms' },
          bucketKeyEnabled: true,
        },
      ]);
      expect(made.get('storage-site-public-access-block').inputs).to.deep.equal({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        bucket,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
      const policy = JSON.parse(made.get('storage-site-policy').inputs['policy'] as string) as { Statement: unknown[] };
      expect(policy.Statement).to.deep.equal([
        {
          Sid: 'TlsOnly',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ]);
      expect(made.get('storage-site-policy').dependsOn).to.include('storage-site-public-access-block');
      expect(made.get('storage').outputs).to.deep.equal({ binaryStorage: `s3:${bucket}`, bucketName: bucket });
    });
  }

  it('replicates to the replica, and the replica back, each in the stack of its source', async () => {
    const home = (await recordObjectStorage(configOf('primary'))).get('storage-replication');
    const away = (await recordObjectStorage(configOf('standby'))).get('storage-replication');

    expect(home.inputs).to.deep.equal({
      bucket: 'clinic-binaries-home',
      role: 'replication-role',
      rules: [ruleTo('away', AWAY)],
    });
    expect(away.inputs).to.deep.equal({
      bucket: 'clinic-binaries-away',
      role: 'replication-role',
      rules: [ruleTo('home', HOME)],
    });
    // S3 refuses a rule on a bucket without versions.
    expect(home.dependsOn).to.include('storage-site-versioning');
  });

  it('replicates within 15 minutes where time control is bought', async () => {
    const made = await recordObjectStorage(configOf('primary', { objectStorage: { replicationTimeControl: true } }));

    const rules = made.get('storage-replication').inputs['rules'] as { destination: unknown }[];
    expect(rules[0]?.destination).to.deep.include({
      metrics: { eventThreshold: { minutes: 15 }, status: 'Enabled' },
      replicationTime: { status: 'Enabled', time: { minutes: 15 } },
    });
  });

  it('has no rule before the replica stands, nor without a recovery site', async () => {
    for (const changes of [{ objectStorage: { replicaStands: false } }, { recoverySite: undefined }]) {
      expect(typesOf(await recordObjectStorage(configOf('primary', changes)))).to.deep.equal(BUCKET);
    }
  });

  it('adds to an existing bucket its rule alone, and not even that over one of theirs', async () => {
    const made = await recordObjectStorage(configOf('primary', { source: EXISTING }));
    const source = { ...EXISTING, bucketReplicates: true };
    const untouched = await recordObjectStorage(configOf('primary', { source }));

    expect(typesOf(made)).to.deep.equal(['BucketReplicationConfig']);
    expect(made.get('storage-replication').inputs).to.deep.include({
      bucket: 'cdk-binaries',
      rules: [ruleTo('away', AWAY)],
    });
    expect(made.get('storage').outputs).to.deep.include({ binaryStorage: 's3:cdk-binaries' });
    expect(typesOf(untouched)).to.deep.equal([]);
  });

  it('stands ready for an existing bucket, and writes nothing back that its server could not read', async () => {
    expect(typesOf(await recordObjectStorage(configOf('standby', { source: EXISTING })))).to.deep.equal(BUCKET);
  });

  it('makes nothing in a recovery: it uses the replica by name', async () => {
    for (const changes of [{}, { source: EXISTING }]) {
      const made = await recordObjectStorage(configOf('recovery', changes));

      expect(typesOf(made)).to.deep.equal([]);
      expect(made.get('storage').outputs).to.deep.include({ binaryStorage: 's3:clinic-binaries-away' });
    }
  });

  it('has the provider of its site, and is planned as it is made', async () => {
    for (const role of ['primary', 'standby'] as const) {
      const [planned, made] = [
        await recordObjectStorage(configOf(role), true),
        await recordObjectStorage(configOf(role)),
      ];

      const cloud = made.all.filter(({ type }) => type.startsWith('aws:'));
      expect(new Set(cloud.map(({ provider }) => provider))).to.deep.equal(new Set(['site-provider']));
      expect(planned.all.map(({ name }) => name)).to.deep.equal(made.all.map(({ name }) => name));
    }
  });
});
