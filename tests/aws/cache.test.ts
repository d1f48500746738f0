import { expect } from 'chai';
import { exampleConfig, ofType, recordStack, recoveryOf, theOne } from './support/example-stacks';

const GROUP = 'elasticache/replicationGroup:ReplicationGroup';

describe('cache on AWS', () => {
  for (const [what, stack, values] of [
    ['at home', 'aws-backup-restore', exampleConfig('aws-backup-restore')],
    ['in a standby', 'aws-pilot-light-standby', exampleConfig('aws-pilot-light-standby')],
    ['in a recovery', 'aws-backup-restore-r-20261124-1', recoveryOf('aws-backup-restore')],
  ] as const) {
    it(`is new and empty ${what}, takes TLS and a token only, and no job is evicted by an upgrade`, async () => {
      const { inputs } = theOne(await recordStack(values, stack), GROUP);
      expect(inputs).not.to.have.any.keys('snapshotName', 'snapshotArns', 'globalReplicationGroupId');
      expect(inputs).to.deep.include({
        snapshotRetentionLimit: 0,
        transitEncryptionEnabled: true,
        atRestEncryptionEnabled: true,
        authToken: { secret: 'made-up-password' },
        autoMinorVersionUpgrade: false,
        automaticFailoverEnabled: true,
      });
      expect(String(inputs['replicationGroupId'])).to.match(/^[a-z][a-z0-9-]{0,39}$/);
    });
  }

  it('has one node without failover where config asks for one', async () => {
    const values = { ...exampleConfig('aws-backup-restore'), cache: { nodeType: 'cache.t4g.micro', nodes: 1 } };
    const { inputs } = theOne(await recordStack(values, 'aws-backup-restore'), GROUP);
    expect(inputs).to.include({ numCacheClusters: 1, automaticFailoverEnabled: false, multiAzEnabled: false });
  });

  it('stands ahead of a promotion, which makes none', async () => {
    expect(ofType(await recordStack(recoveryOf('aws-pilot-light'), 'aws-pilot-light-r-1'), GROUP)).to.have.length(0);
  });

  it('waits for no database', async () => {
    const recording = await recordStack(recoveryOf('aws-existing'), 'aws-existing-r-1');
    const before = recording.waitsFor(theOne(recording, GROUP).name);
    expect([...before].filter((name) => name.startsWith('medplum-database'))).to.deep.equal([]);
  });
});
