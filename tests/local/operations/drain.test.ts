import { expect } from 'chai';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { localSiteOperations } from '../../../components/local/operations';
import type { DrainWait } from '../../../components/site-operations';
import { drain } from '../../../components/local/operations/drain';
import { fenceSite } from '../../../components/local/operations/fence';
import { planRestore } from '../../../components/local/operations/recovery-points';
import { removeFence } from '../../../components/local/guard/mark';
import { listRecoveryPoints } from '../../../components/local/postgresql/recovery-points';
import { restore } from '../../../components/local/postgresql/restore';
import { restoreSourceSchema } from '../../../components/local/postgresql/restore-record';
import { serverStatus, start, stop } from '../../../components/local/postgresql/server';
import { runningDaemon } from '../../../components/local/process/daemon';
import { OperatorError } from '../../../components/errors';
import type { Drained, FenceResult } from '../../../components/site-operations';
import { databaseFingerprintSchema, takeFingerprint } from '../../../medplum/fingerprint';
import { until } from '../postgresql/database-fixture';
import { startServingSite, VERSION, type ServingSite } from './serving-site';

const STACK = 'rehearsal';

/* One site, drained again and again: each drain begins where the one before left it. */
describe('drain', () => {
  let site: ServingSite;
  const restored: string[] = [];

  before(async () => {
    site = await startServingSite();
  });
  after(async () => {
    for (const dataDirectory of restored) {
      await stop({ dataDirectory, mode: 'immediate' });
    }
    await site.remove();
  });

  const dataDirectory = (): string => path.join(site.folders.live, 'database');
  const wait = (told: string[] = []): DrainWait => ({
    waiting: (what) => told.push(what),
    signal: new AbortController().signal,
  });

  function drainWith(fence: () => Promise<FenceResult>, waiting: DrainWait = wait()): Promise<Drained> {
    const { config, folders, replica, keyFile } = site;
    return drain({ site: config.site, folders, replica, keyFile, fence }, waiting);
  }

  const drainAgain = (): Promise<Drained> => drainWith(() => fenceSite(site.config, site.folders.live));

  /** As a rollback or an abort does it. */
  async function bringBack(): Promise<void> {
    await removeFence(site.folders.live);
    await start({ dataDirectory: dataDirectory(), logFile: path.join(site.folders.logs, 'postgresql.log') });
    await site.startWriter();
  }

  async function committed(): Promise<number> {
    return (await readFile(site.committed, 'utf8').catch(() => '')).split('\n').length - 1;
  }

  async function writing(): Promise<void> {
    const before = await committed();
    await until('rows to be written', async () => (await committed()) > before + 50);
  }

  /** Restores the latest state from what was shipped, as a recovery does. */
  async function restoreLatest(): Promise<{ client: pg.Client; recorded: unknown; pointId: string | undefined }> {
    const plan = await planRestore(site.replica, { kind: 'latest' });
    const { replica, bases } = restoreSourceSchema.parse(plan.source);
    const recoverySite = site.config.recoverySite!;
    const place = { address: recoverySite.address, port: recoverySite.ports.database };
    const target = path.join(site.directory, `restored-${restored.length}`);
    restored.push(target);
    await restore({
      ...{ replica, bases, target: { kind: 'latest' }, dataDirectory: target, ...place },
      logFile: `${target}.log`,
    });
    const client = new pg.Client({ ...site.connection, host: place.address, port: place.port });
    await client.connect();
    return { client, recorded: plan.recorded?.facts, pointId: plan.recorded?.pointId };
  }

  it('loses nothing that was written until the stop', async () => {
    await site.startWriter();
    await writing();
    const operations = localSiteOperations(site.config, { projectDirectory: site.directory, stack: STACK });
    const told: string[] = [];

    const drained = await operations.drain(wait(told));

    expect(told[0]).to.equal('site site-a to stop taking writes');
    expect(told.join('\n')).to.match(/objects to reach .*\n.*segment 0000\w+ to reach/);
    expect(await serverStatus(dataDirectory())).to.deep.equal({ state: 'stopped' });
    expect(await operations.condition()).to.have.property('kind', 'fenced');
    const last = await committed();
    const { client, recorded, pointId } = await restoreLatest();
    try {
      const { rows } = await client.query<{ n: number; last: number }>(
        'select count(*)::int as n, max(n) as last from written'
      );
      const written = rows[0]!;
      // A row may be committed and not told, by a writer that was stopped in between.
      expect(written.last).to.be.within(last, last + 1);
      expect(written.n).to.equal(written.last);
      expect(pointId).to.equal(drained.recoveryPoint);
      const facts = recorded as { fingerprint: unknown; serverVersion: string };
      expect(facts.serverVersion).to.equal(VERSION);
      const { takenAt, timeline, ...before } = databaseFingerprintSchema.parse(facts.fingerprint);
      const { takenAt: _now, timeline: newTimeline, ...after } = await takeFingerprint(client);
      expect(after).to.deep.equal(before);
      expect(newTimeline).to.equal(timeline! + 1);
      expect(Date.parse(drained.stoppedAt)).to.be.at.most(Date.parse(takenAt));
      // Each row has an object, and the writer makes it before the row.
      const names = new Set(await readdir(path.join(site.replica, 'objects'), { recursive: true }));
      const missing = Array.from({ length: written.last }, (_, index) => {
        const version = `4f1a0c7e-0000-4000-8000-${String(index + 1).padStart(12, '0')}`;
        return path.join(version, version);
      }).filter((name) => !names.has(name));
      expect(missing).to.deep.equal([]);
    } finally {
      await client.end();
      await stop({ dataDirectory: restored.at(-1)!, mode: 'immediate' });
    }
  });

  it('is done when it is done: asked again, it gives the same record and fences again', async () => {
    const points = (await listRecoveryPoints(site.replica)).points.length;
    await removeFence(site.folders.live);

    const [first, second] = [await drainAgain(), await drainAgain()];

    expect(second).to.deep.equal(first);
    expect((await listRecoveryPoints(site.replica)).points).to.have.length(points);
    expect(await fenceSite(site.config, site.folders.live)).to.have.property('state', 'fenced');
  });

  it('is done anew for a site that served again', async () => {
    const earlier = await drainAgain();
    await bringBack();
    await writing();

    const drained = await drainAgain();

    expect(drained.recoveryPoint).not.to.equal(earlier.recoveryPoint);
    const last = await committed();
    const { client, pointId } = await restoreLatest();
    try {
      const { rows } = await client.query<{ n: number }>('select count(*)::int as n from written');
      expect(rows[0]!.n).to.be.at.least(last);
      expect(pointId).to.equal(drained.recoveryPoint);
    } finally {
      await client.end();
      await stop({ dataDirectory: restored.at(-1)!, mode: 'immediate' });
    }
  });

  for (const [when, interrupt] of [
    ['when the writes had stopped', 'objects to reach'],
    ['while the log was shipped', 'log segment'],
  ] as const) {
    it(`goes on after it was interrupted ${when}`, async () => {
      await bringBack();
      await writing();
      const killed = drainWith(() => Promise.reject(new Error('not reached')), {
        ...wait(),
        waiting: (what) => {
          if (what.includes(interrupt)) {
            throw new Error(`killed: ${what}`);
          }
        },
      });
      expect(await killed.catch((error: unknown) => String(error))).to.include('killed');
      expect(await runningDaemon(path.join(site.folders.live, 'run', 'application.pid'))).to.equal(null);

      const drained = await drainAgain();

      const point = (await listRecoveryPoints(site.replica)).points.at(-1);
      expect(point).to.deep.include({ id: drained.recoveryPoint, lsn: drained.position, restorable: true });
      // The application was gone by then: its version is that of the points before.
      expect(point?.facts).to.have.property('serverVersion', VERSION);
    });
  }

  it('goes on after it was interrupted when the site was fenced already', async () => {
    await bringBack();
    await writing();
    const killed = drainWith(async () => {
      await fenceSite(site.config, site.folders.live);
      throw new Error('killed');
    });
    expect(await killed.catch((error: unknown) => String(error))).to.include('killed');
    expect(await serverStatus(dataDirectory())).to.deep.equal({ state: 'stopped' });

    const drained = await drainAgain();

    expect(await drainAgain()).to.deep.equal(drained);
    expect(await serverStatus(dataDirectory())).to.deep.equal({ state: 'stopped' });
    expect((await listRecoveryPoints(site.replica)).points.at(-1)).to.deep.include({
      id: drained.recoveryPoint,
      restorable: true,
    });
  });

  it('says that a site could not be fenced', async () => {
    const error = await drainWith(() => Promise.resolve({ state: 'still-writable', detail: 'it does not end' })).catch(
      (failure: unknown) => failure
    );

    expect(error).to.be.instanceOf(OperatorError);
    expect((error as OperatorError).message).to.equal('Site site-a could not be fenced: it does not end.');
  });

  it('is refused, and stops nothing, where nothing of the site could be restored', async () => {
    await bringBack();
    const { config, folders, keyFile } = site;
    const replica = path.join(site.directory, 'empty');
    const fence = (): Promise<FenceResult> => Promise.reject(new Error('not reached'));
    const error = await drain({ site: config.site, folders, replica, keyFile, fence }, wait()).catch(
      (failure: unknown) => failure
    );

    expect(error).to.be.instanceOf(OperatorError).with.property('kind', 'preflight-failed');
    const { recoverySite, ...unprotected } = config;
    const operations = localSiteOperations(unprotected, { projectDirectory: site.directory, stack: STACK });
    const refusal = await operations.drain(wait()).catch((failure: unknown) => failure);
    expect(refusal).to.be.instanceOf(OperatorError).with.property('message').that.includes('has no recovery site');
    await writing();
  });
});
