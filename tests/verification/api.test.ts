import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { samples } from '../../automation/verification/samples';
import { servedSigningKeys } from '../../automation/verification/signing-keys';
import { writeReadBack } from '../../automation/verification/write-read-back';
import type { Check } from '../../automation/verification/check';
import type { Recorded } from '../../automation/verification/context';
import { ApiClient } from '../../medplum/api-client';
import { checkHealth } from '../../medplum/health';
import type { Sample } from '../../medplum/samples';
import { fakeServer } from '../medplum/fake-server';
import { restoredSite, rolledBack, type RestoredSite } from './restored-site';

const NOTHING: Recorded = { known: false, reason: 'nothing was recorded' };

function verdicts(checks: readonly Check[]): Record<string, string> {
  return Object.fromEntries(checks.map(({ id, status }) => [id, status]));
}

describe('checks through the API of a recovered site', () => {
  let site: RestoredSite;

  before(async () => {
    site = await restoredSite();
  });
  after(() => site.remove());

  const sampled = (recorded: Recorded = site.recorded): Promise<Check[]> =>
    samples(site.server.api, site.server.project.clientId, site.client, recorded);
  const recordedWith = (...added: Sample[]): Recorded => {
    const all = [...site.fingerprint.samples, ...added];
    return { ...site.recorded, fingerprint: { ...site.fingerprint, samples: all } };
  };

  describe('sample-search and cache-agrees', () => {
    it('pass on a sound restore, which has a sample less that was deleted since', async () => {
      const checks = await sampled();

      expect(verdicts(checks)).to.deep.equal({ 'sample-search': 'passed', 'cache-agrees': 'passed' });
      expect(site.fingerprint.samples).to.have.lengthOf(4);
      expect(checks[0]?.evidence).to.equal('3 of 3 found');
    });

    it('both fail when the restored database lacks a sample that the cache still serves', async () => {
      const id = site.patients[0]?.id ?? '';

      const checks = await rolledBack(site.client, async () => {
        await site.client.query('delete from "Patient" where id = $1', [id]);
        return sampled();
      });

      expect(verdicts(checks)).to.deep.equal({ 'sample-search': 'failed', 'cache-agrees': 'failed' });
      expect(checks[0]?.evidence).to.equal(`Patient/${id}: recorded, and not in the restored database`);
      expect(checks[1]?.evidence).to.include(
        `Patient/${id}: read gave ${site.patients[0]?.meta.versionId ?? ''}, and the database does not have it`
      );
    });

    it('the search fails when the database lacks a whole type', async () => {
      const checks = await sampled(recordedWith({ resourceType: 'Unheard', id: 'one', versionId: 'v' }));

      expect(checks[0]).to.include({ id: 'sample-search', status: 'failed' });
      expect(checks[0]?.evidence).to.include('Unheard/one');
    });

    it('both fail when the server does not see a sample that the database has', async () => {
      const id = randomUUID();

      // A row that is not committed is there for this session alone.
      const checks = await rolledBack(site.client, async () => {
        await site.client.query(`create temporary table copy on commit drop as select * from "Patient" where id = $1`, [
          site.patients[0]?.id,
        ]);
        await site.client.query('update copy set id = $1', [id]);
        await site.client.query('insert into "Patient" select * from copy');
        return sampled(recordedWith({ resourceType: 'Patient', id, versionId: 'v' }));
      });

      expect(verdicts(checks)).to.deep.equal({ 'sample-search': 'failed', 'cache-agrees': 'failed' });
      expect(checks[0]?.evidence).to.match(new RegExp(`^Patient/${id}: search gave nothing`));
    });

    it('the cache alone fails when it serves a version that the database does not have', async () => {
      const patient = site.patients[1];
      const id = patient?.id ?? '';
      const versionId = randomUUID();
      const change = async (version: string | undefined): Promise<void> => {
        await site.client.query(
          `update "Patient" set content = jsonb_set(content::jsonb, '{meta,versionId}', to_jsonb($2::text))::text where id = $1`,
          [id, version]
        );
      };
      // The server has the patient in its cache since it was written; the database now goes another way.
      await change(versionId);
      try {
        const checks = await sampled();

        expect(verdicts(checks)).to.deep.equal({ 'sample-search': 'passed', 'cache-agrees': 'failed' });
        expect(checks[1]?.evidence).to.equal(
          `Patient/${id}: read gave ${patient?.meta.versionId ?? ''}, the database has ${versionId}. The cache is from before the loss: empty it (FLUSHALL) and restart the server`
        );
      } finally {
        await change(patient?.meta.versionId);
      }
    });

    it('are not checked without samples of the client’s project, and without a recording', async () => {
      const { rows } = await site.client.query<{ id: string }>('select id from "User"');
      const others = rows.map(({ id }) => ({ resourceType: 'User', id, versionId: 'v' }));
      const foreign: Recorded = { ...site.recorded, fingerprint: { ...site.fingerprint, samples: others } };

      expect(rows).to.have.length.above(0);
      for (const recorded of [foreign, NOTHING]) {
        expect(verdicts(await sampled(recorded))).to.deep.equal({
          'sample-search': 'not-checked',
          'cache-agrees': 'not-checked',
        });
      }
    });
  });

  describe('served-signing-keys', () => {
    it('passes for the recorded key', async () => {
      expect(await servedSigningKeys(site.server.api, site.recorded)).to.include({
        id: 'served-signing-keys',
        status: 'passed',
      });
    });

    it('fails for another key, and is not checked without a recording', async () => {
      const other = { ...site.recorded, fingerprint: { ...site.fingerprint, signingKeyIds: ['another'] } };

      const check = await servedSigningKeys(site.server.api, other);

      expect(check.status).to.equal('failed');
      expect(check.evidence).to.include('missing: another').and.to.include(site.fingerprint.signingKeyIds[0]);
      expect(await servedSigningKeys(site.server.api, NOTHING)).to.include({ status: 'not-checked' });
    });

    it('fails when the server gives no keys (a double answers 500)', async () => {
      const double = await fakeServer(() => ({ status: 500, body: { msg: 'Internal Server Error' } }));
      try {
        const endpoint = { address: '127.0.0.1', port: double.port };
        const api = new ApiClient({ endpoint, baseUrl: site.server.baseUrl, timeoutMs: 2000 });

        const check = await servedSigningKeys(api, site.recorded);

        expect(check).to.include({ status: 'failed' });
        expect(check.evidence).to.include('500');
      } finally {
        await double.close();
      }
    });
  });

  describe('write-read-back', () => {
    it('passes, and leaves nothing behind', async () => {
      const check = await writeReadBack(site.server.api);

      expect(check).to.include({ id: 'write-read-back', status: 'passed' });
      expect((await site.server.api.search('Basic', {})).resources).to.have.lengthOf(0);
    });

    it('fails on a read-only database, although the server is healthy by its own check', async () => {
      const endSessions = `select pg_terminate_backend(pid) from pg_stat_activity
                            where usename = current_user and pid <> pg_backend_pid()`;
      await site.client.query('alter role current_user set default_transaction_read_only = on');
      await site.client.query(endSessions);
      try {
        const health = await checkHealth(site.server, { timeoutMs: 5000 });
        const check = await writeReadBack(site.server.api);

        expect(health).to.deep.include({ kind: 'answered', status: 200 });
        expect(health).to.have.nested.property('body.postgres', true);
        expect(check).to.include({ id: 'write-read-back', status: 'failed' });
        expect(verdicts(await sampled())).to.deep.equal({ 'sample-search': 'passed', 'cache-agrees': 'passed' });
      } finally {
        await site.client.query('alter role current_user reset default_transaction_read_only');
        await site.client.query(endSessions);
      }
    });
  });
});
