import { expect } from 'chai';
import { health } from '../../automation/steps/health';
import { verifyData } from '../../automation/steps/verify-data';
import { OperatorError } from '../../components/errors';
import type { SiteOperations, SiteOutputs } from '../../components/site-operations';
import { checkHealth } from '../../medplum/health';
import { freePort } from '../medplum/database';
import { fakeServer, type Answer } from '../medplum/fake-server';
import { startProcess } from '../rehearsal/stand-in';
import { contextOf, restoredSite, SERVER_VERSION, withoutFile, type RestoredSite } from './restored-site';

async function failureOf(run: Promise<unknown>): Promise<OperatorError> {
  const error = await run.then(
    () => null,
    (failure: unknown) => failure
  );
  expect(error).to.be.instanceOf(OperatorError);
  return error as OperatorError;
}

/** Ids of the checks that a refusal names. */
function named(error: OperatorError): string[] {
  return error.problems.map((problem) => /\(([a-z-]+)\)/.exec(problem)?.[1] ?? problem);
}

describe('verification', () => {
  let site: RestoredSite;

  before(async () => {
    site = await restoredSite();
  });
  after(() => site.remove());

  it('passes on a sound restore: data and health', async () => {
    const { context, told } = contextOf(site);

    const data = await verifyData.run(context);
    const answers = await health.run(context);

    expect(told.filter(({ status }) => status !== 'passed')).to.deep.equal([]);
    expect([...data.checks, ...answers.checks].map(({ id }) => id)).to.deep.equal([
      'log-complete',
      'database-writable',
      'schema-version',
      'signing-keys',
      'resource-counts',
      'clock-agrees',
      'binaries',
      'health-endpoint',
      'server-version',
      'served-signing-keys',
      'sample-search',
      'cache-agrees',
      'write-read-back',
    ]);
    expect(data.newestObjectAt).to.equal(site.binaries.recent.meta.lastUpdated);
    expect(data.postgresqlVersion).to.match(/^\d+\.\d+/);
    expect(answers.serverVersion).to.equal(SERVER_VERSION);
  });

  it('refuses a fresh database that the server has seeded and calls healthy', async () => {
    await site.client.query('create database fresh');
    const port = await freePort();
    const { baseUrl } = site.server;
    const fresh = await startProcess({
      database: { ...site.database, database: 'fresh' },
      address: '127.0.0.1',
      port,
      baseUrl,
    });
    try {
      const endpoint = { address: '127.0.0.1', port };
      const outputs: SiteOutputs = {
        ...site.outputs,
        siteEndpoint: endpoint,
        database: { ...site.outputs.database, name: 'fresh' },
      };
      const probe = await checkHealth({ endpoint, baseUrl }, { timeoutMs: 5000 });

      const data = await failureOf(verifyData.run(contextOf(site, { outputs }).context));
      const answers = await failureOf(health.run(contextOf(site, { outputs }).context));

      expect(probe).to.deep.include({ kind: 'answered', status: 200 });
      expect(probe).to.have.deep.nested.property('body.postgres', true);
      expect(named(data)).to.deep.equal(['signing-keys', 'resource-counts']);
      expect(named(answers)).to.deep.equal(['served-signing-keys', 'sample-search', 'write-read-back']);
    } finally {
      await fresh.kill('SIGTERM');
      await site.client.query('drop database fresh');
    }
  });

  it('refuses a database that is no Medplum at all, and says what it lacks', async () => {
    await site.client.query('create database bare');
    try {
      const outputs = { ...site.outputs, database: { ...site.outputs.database, name: 'bare' } };

      const error = await failureOf(verifyData.run(contextOf(site, { outputs }).context));

      expect(named(error)).to.deep.equal(['schema-version', 'signing-keys', 'resource-counts']);
    } finally {
      await site.client.query('drop database bare');
    }
  });

  it('refuses missing bytes, unless that very check is accepted', async () => {
    await withoutFile(site.binaryFile(site.binaries.old), async () => {
      const error = await failureOf(verifyData.run(contextOf(site).context));
      const accepted = await verifyData.run(contextOf(site, { accepted: ['binaries'] }).context);

      expect(named(error)).to.deep.equal(['binaries']);
      expect(accepted.checks.find(({ id }) => id === 'binaries')).to.include({ status: 'failed' });
    });
  });

  describe('with nothing recorded', () => {
    it('stops, as nobody knows whether the data came back', async () => {
      const error = await failureOf(verifyData.run(contextOf(site, { recorded: null }).context));

      expect(named(error)).to.deep.equal(['schema-version', 'signing-keys', 'resource-counts']);
      expect(error.problems.join()).to.include('not checked, nothing was recorded');
    });

    it('stops as well when what was recorded cannot be read', async () => {
      const recorded = {
        pointId: 'torn',
        time: '2026-11-24T00:00:00Z',
        facts: { fingerprint: {}, serverVersion: null },
      };

      const error = await failureOf(verifyData.run(contextOf(site, { recorded }).context));

      expect(error.problems.join()).to.include('what was recorded with torn cannot be read');
    });

    it('goes on when each was accepted, and calls them not checked', async () => {
      const accepted = ['schema-version', 'signing-keys', 'resource-counts'];
      const { context } = contextOf(site, { recorded: null, accepted });

      const data = await verifyData.run(context);
      const answers = await health.run(context);

      const unmade = [...data.checks, ...answers.checks].filter(({ status }) => status === 'not-checked');
      expect(unmade.map(({ id }) => id)).to.deep.equal([
        'schema-version',
        'signing-keys',
        'resource-counts',
        'server-version',
        'served-signing-keys',
        'sample-search',
        'cache-agrees',
      ]);
    });
  });

  describe('health', () => {
    it('fails for another release than the one that wrote the data', async () => {
      const facts = { fingerprint: site.fingerprint, serverVersion: '5.0.9-abcdef0' };
      const recorded = { pointId: 'point-1', time: site.fingerprint.takenAt, facts };

      const error = await failureOf(health.run(contextOf(site, { recorded }).context));

      expect(named(error)).to.deep.equal(['server-version']);
      expect(error.problems[0]).to.include('5.0.10-standin runs; 5.0.9-abcdef0 wrote the data');
    });

    it('checks the keys all the same where there is no client of an ordinary project, and not the rest', async () => {
      const operations: SiteOperations = { ...site.operations, secret: () => Promise.resolve(null) };

      const { checks } = await health.run(contextOf(site, { operations }).context);

      expect(checks.slice(2).map(({ id, status }) => `${id}: ${status}`)).to.deep.equal([
        'served-signing-keys: passed',
        'sample-search: not-checked',
        'cache-agrees: not-checked',
        'write-read-back: not-checked',
      ]);
    });

    /** The step against a double that plays a server by its health answers, and has the recorded keys. */
    async function against(
      answer: (count: number) => Answer | null,
      cache: SiteOutputs['cache'] = null
    ): Promise<{ outcome: unknown; probes: number }> {
      const keys = site.fingerprint.signingKeyIds.map((kid) => ({ kid }));
      const double = await fakeServer((line, count) =>
        line === 'GET /healthcheck' ? answer(count) : { status: 200, body: { keys } }
      );
      try {
        const outputs = { ...site.outputs, cache, siteEndpoint: { address: '127.0.0.1', port: double.port } };
        const operations: SiteOperations = { ...site.operations, secret: () => Promise.resolve(null) };
        const outcome = await health
          .run(contextOf(site, { outputs, operations }).context)
          .catch((error: unknown) => error);
        return { outcome, probes: double.requests.filter(({ line }) => line === 'GET /healthcheck').length };
      } finally {
        await double.close();
      }
    }
    const good: Answer = { status: 200, body: { ok: true, postgres: true, version: SERVER_VERSION } };
    const bad: Answer = { status: 500, body: { msg: 'Internal Server Error' } };

    it('passes after three good answers in a row; one bad answer begins the count anew', async () => {
      const { outcome, probes } = await against((count) => (count === 3 ? bad : good));

      expect(outcome).to.have.property('serverVersion', SERVER_VERSION);
      expect(probes).to.equal(6);
    });

    it('fails for a site that is healthy and then is not', async () => {
      const { outcome } = await against((count) => (count <= 2 ? good : bad));

      expect(outcome).to.be.instanceOf(OperatorError).with.property('message').that.includes('status 500');
    });

    for (const [what, answer, complaint] of [
      ['that answers 500', bad, 'status 500 (Internal Server Error)'],
      ['whose PostgreSQL does not work', { status: 200, body: { ok: true, postgres: false } }, 'PostgreSQL works'],
      ['that is no Medplum', { status: 200, body: 'It works!' }, 'PostgreSQL works'],
    ] as const) {
      it(`fails for a site ${what}`, async () => {
        const { outcome } = await against(() => answer);

        expect(outcome).to.be.instanceOf(OperatorError).with.property('message').that.includes(complaint);
      });
    }

    it('fails for a site with a cache that does not work', async () => {
      const cache = { host: '127.0.0.1', port: 1, passwordSecret: 'cachePassword' };

      const { outcome } = await against(() => good, cache);

      expect(outcome).to.be.instanceOf(OperatorError).with.property('message').that.includes('Redis works');
    });

    it('fails for a site that nothing answers at', async () => {
      const outputs = { ...site.outputs, siteEndpoint: { address: '127.0.0.1', port: await freePort() } };

      const error = await failureOf(health.run(contextOf(site, { outputs }).context));

      expect(error.message).to.include('ECONNREFUSED');
    });
  });
});
