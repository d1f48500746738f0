import { expect } from 'chai';
import { binaries } from '../../automation/verification/binaries';
import { databaseWritable } from '../../automation/verification/database-writable';
import { resourceCounts } from '../../automation/verification/resource-counts';
import { schemaVersion } from '../../automation/verification/schema-version';
import { signingKeys } from '../../automation/verification/signing-keys';
import type { Check } from '../../automation/verification/check';
import type { Recorded } from '../../automation/verification/context';
import { binaryVersions, newestWrite } from '../../medplum/writes';
import { restoredSite, rolledBack, withoutFile, type RestoredSite } from './restored-site';

const NOTHING: Recorded = { known: false, reason: 'nothing was recorded' };

describe('checks of the restored data', () => {
  let site: RestoredSite;

  before(async () => {
    site = await restoredSite();
  });
  after(() => site.remove());

  type DataCheck = (context: { database: RestoredSite['client']; recorded: Recorded }) => Promise<Check>;

  /** The check's verdict after a statement has changed one thing of the database, and nothing else. */
  function afterChange(check: DataCheck, statement: string, parameters: unknown[] = []): Promise<Check> {
    return rolledBack(site.client, async () => {
      await site.client.query(statement, parameters);
      return check({ database: site.client, recorded: site.recorded });
    });
  }

  it('all pass on a sound restore, with the writes that were made after the recording', async () => {
    const context = { database: site.client, recorded: site.recorded };

    const checks = [
      await databaseWritable(context),
      await schemaVersion(context),
      await signingKeys(context),
      await resourceCounts(context),
    ];

    expect(checks.map(({ id, status }) => ({ id, status }))).to.deep.equal([
      { id: 'database-writable', status: 'passed' },
      { id: 'schema-version', status: 'passed' },
      { id: 'signing-keys', status: 'passed' },
      { id: 'resource-counts', status: 'passed' },
    ]);
    expect(site.fingerprint.resourceCounts).to.include({ Patient: 4, Observation: 0, Binary: 1 });
  });

  it('but the first are not checked where nothing was recorded', async () => {
    const context = { database: site.client, recorded: NOTHING };

    const checks = [await schemaVersion(context), await signingKeys(context), await resourceCounts(context)];

    expect(checks.map((check) => check.status)).to.deep.equal(['not-checked', 'not-checked', 'not-checked']);
  });

  describe('database-writable', () => {
    it('fails where transactions are read-only by default', async () => {
      await site.client.query('set default_transaction_read_only = on');
      try {
        const check = await databaseWritable({ database: site.client, recorded: site.recorded });

        expect(check).to.include({ id: 'database-writable', status: 'failed' });
      } finally {
        await site.client.query('reset default_transaction_read_only');
      }
    });
  });

  describe('schema-version', () => {
    for (const [what, statement, status] of [
      ['an older schema', 'update "DatabaseMigration" set version = version - 1', 'failed'],
      ['a newer schema', 'update "DatabaseMigration" set version = version + 1', 'failed'],
      ['older data', 'update "DatabaseMigration" set "dataVersion" = "dataVersion" - 1', 'failed'],
      [
        'newer data, as post-deploy migrations may have gone on',
        'update "DatabaseMigration" set "dataVersion" = "dataVersion" + 1',
        'passed',
      ],
      ['no row', 'delete from "DatabaseMigration"', 'failed'],
      ['no table', 'drop table "DatabaseMigration"', 'failed'],
    ] as const) {
      it(`is ${status} for ${what}`, async () => {
        const check = await afterChange(schemaVersion, statement);

        expect(check).to.include({ id: 'schema-version', status });
        expect(await schemaVersion({ database: site.client, recorded: site.recorded })).to.include({
          status: 'passed',
        });
      });
    }

    it('is not checked where no version was recorded', async () => {
      const recorded = { ...site.recorded, fingerprint: { ...site.fingerprint, migration: null } };

      expect(await schemaVersion({ database: site.client, recorded })).to.include({ status: 'not-checked' });
    });
  });

  describe('signing-keys', () => {
    it('fails for a key of another id, and names both', async () => {
      const other = 'b7c5a9de-1111-4222-8333-444455556666';
      const check = await afterChange(signingKeys, 'update "JsonWebKey" set id = $1', [other]);

      expect(check).to.include({ id: 'signing-keys', status: 'failed' });
      expect(check.evidence).to.include(other).and.to.include(site.fingerprint.signingKeyIds[0]);
    });

    it('fails for a deleted key and for a database that has no such table', async () => {
      const deleted = await afterChange(signingKeys, 'update "JsonWebKey" set deleted = true');
      const dropped = await afterChange(signingKeys, 'drop table "JsonWebKey"');

      expect([deleted.status, dropped.status]).to.deep.equal(['failed', 'failed']);
    });

    it('is not checked where no key was recorded', async () => {
      const recorded = { ...site.recorded, fingerprint: { ...site.fingerprint, signingKeyIds: [] } };

      expect(await signingKeys({ database: site.client, recorded })).to.include({ status: 'not-checked' });
    });
  });

  describe('resource-counts', () => {
    it('fails when one resource is missing', async () => {
      const check = await afterChange(resourceCounts, 'delete from "Patient" where id = $1', [site.patients[0]?.id]);

      expect(check).to.include({ status: 'failed', evidence: 'Patient: recorded 4, restored 3' });
    });

    it('fails when there is one too many, which was deleted before the recording', async () => {
      const check = await afterChange(
        resourceCounts,
        `update "Patient" set deleted = false where deleted and "lastUpdated" < $1`,
        [site.fingerprint.takenAt]
      );

      expect(check).to.include({ status: 'failed', evidence: 'Patient: recorded 4, restored 5' });
    });

    it('fails when the history of what was written since has lost a resource', async () => {
      const check = await afterChange(
        resourceCounts,
        'delete from "Patient_History" where id in (select id from "Patient_History" where "lastUpdated" > $1)',
        [site.fingerprint.takenAt]
      );

      expect(check).to.include({ status: 'failed' });
    });

    it('fails when the table of a type is gone', async () => {
      const check = await afterChange(resourceCounts, 'drop table "Binary", "Binary_History"');

      expect(check).to.include({ status: 'failed', evidence: 'Binary: recorded 1, restored 0' });
    });

    it('is not checked against an empty recording', async () => {
      const recorded = { ...site.recorded, fingerprint: { ...site.fingerprint, resourceCounts: { Patient: 0 } } };

      expect(await resourceCounts({ database: site.client, recorded })).to.include({ status: 'not-checked' });
    });
  });

  describe('binaries', () => {
    const found = async (rpoSeconds: number): ReturnType<typeof binaries> =>
      binaries(await binaryVersions(site.client), {
        operations: site.operations,
        outputs: site.outputs,
        newestWriteAt: await newestWrite(site.client),
        rpoSeconds,
      });

    it('passes when all bytes are there, and tells the newest', async () => {
      const { check, newestObjectAt } = await found(60);

      expect(check).to.include({ id: 'binaries', status: 'passed', evidence: '2 of 2 present' });
      expect(newestObjectAt).to.equal(site.binaries.recent.meta.lastUpdated);
    });

    it('fails when the bytes of an old one are missing, and names it', async () => {
      const { old, recent } = site.binaries;

      const { check, newestObjectAt } = await withoutFile(site.binaryFile(old), () => found(60));

      expect(check.status).to.equal('failed');
      expect(check.evidence).to.include(`1 of 2 missing, 1 of them older`).and.to.include(old.id);
      expect(newestObjectAt).to.equal(recent.meta.lastUpdated);
    });

    it('passes when only those within the RPO are missing, names them, and counts the loss', async () => {
      const { recent, old } = site.binaries;

      const { check, newestObjectAt } = await withoutFile(site.binaryFile(recent), () => found(60));

      expect(check.status).to.equal('passed');
      expect(check.evidence).to.include('1 of 2 missing, 0 of them older').and.to.include(recent.id);
      const hour = Date.parse(old.meta.lastUpdated) - Date.parse(newestObjectAt ?? '');
      expect(hour).to.equal(3_600_000);
    });
  });
});
