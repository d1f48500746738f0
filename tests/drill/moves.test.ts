import { expect } from 'chai';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ClientProcess } from '../../automation/rehearsal/client-process';
import { findLostWrites } from '../../automation/rehearsal/client/lost-writes';
import { startClient } from '../../automation/rehearsal/watching-client';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema, type RecoveryReport } from '../../automation/report/schema';
import { findEngine } from '../../automation/engine';
import type { EnvironmentStatus } from '../../automation/status';
import { openEnvironment } from '../../automation/stacks/project';
import { EngineSession } from '../../automation/stacks/session';
import { siteOutputsSchema } from '../../automation/recovery/site-outputs';
import type { Ended } from './command-line';
import { livingEnvironment, type LivingEnvironment } from './living-environment';
import { apiByName, resolved, secretsOf } from './places';

describe('a planned move, and the ways back', function () {
  this.timeout(240_000);
  let living: LivingEnvironment;
  let client: ClientProcess;
  let session: EngineSession;
  let first: RecoveryReport;
  let back: RecoveryReport;

  before(async () => {
    living = await livingEnvironment();
    client = startClient(living.workspace, living.primary);
    const engine = await findEngine({ onProgress: () => undefined });
    session = new EngineSession(engine, living.workspace.project, living.workspace.engineEnvironment);
  });
  after(async () => {
    await client.stop();
    await living.remove();
  });

  function reportOf(ended: Ended): RecoveryReport {
    expect(ended.exitCode, ended.stderr).to.equal(0);
    return recoveryReportSchema.parse(JSON.parse(ended.stdout));
  }

  async function status(): Promise<EnvironmentStatus> {
    const ended = await living.run('status', NAME, '--json');
    expect(ended.exitCode, ended.stderr).to.equal(0);
    return JSON.parse(ended.stdout) as EnvironmentStatus;
  }

  /** Acknowledged writes of the client that the database of a stack does not have. */
  async function lostIn(stack: string): Promise<unknown[]> {
    const environment = await openEnvironment(living.workspace.project, stack);
    const outputs = siteOutputsSchema.parse(await session.outputs(stack));
    const database = await environment.operations().connectDatabase(outputs);
    try {
      return await findLostWrites(database, client.seen().acknowledged);
    } finally {
      await database.end();
    }
  }

  async function clientReaches(address: string): Promise<void> {
    const reached = await client.sees(
      (seen) => seen.addresses.at(-1)?.address === address && seen.answeredAtEnd,
      60_000
    );
    expect(reached, `the client is served from ${address}`).to.equal(true);
  }

  it('moves a living environment while a client writes, and loses nothing', async () => {
    const { config } = living;
    expect(await client.sees((seen) => seen.acknowledged.length >= 20, 60_000)).to.equal(true);

    first = reportOf(await living.run('switchover', NAME, '--json'));
    await clientReaches(config.recoverySite!.address);

    expect(first).to.include({ mode: 'switchover', result: 'recovered', unprotectedSince: null });
    expect(first.steps.map(({ id }) => id)).to.deep.equal([
      ...['preflight', 'drain', 'recovery-point', 'recovery-stack', 'verify-data', 'application-recovery'],
      ...['health', 'cutover', 'protect'],
    ]);
    expect(first.checks.filter((check) => check.status !== 'passed')).to.deep.equal([]);
    expect(first.achieved).to.include({ rpoSeconds: 0, databaseRpoSeconds: 0, objectsRpoSeconds: 0 });
    expect(first.achieved.rtoSeconds).to.be.greaterThan(0);
    expect(first.fence).to.include({ state: 'fenced' });
    expect(first.commit.kind).to.equal('open');
    expect(await lostIn(`${NAME}-${first.id}`)).to.deep.equal([]);
    expect(client.seen().acknowledged.length).to.be.greaterThan(20);
    expect(await resolved(config)).to.deep.equal([config.recoverySite!.address]);
  });

  it('shows the old site fenced, what it left, and that the new one is protected', async () => {
    const now = await status();

    expect(now.protection).to.deep.equal(first.protection);
    expect(now).to.include({ unprotectedSince: null, heldBy: null });
    expect(now.newestRecoveryPoint?.ageSeconds).to.be.lessThan(60);
    const [front, serving] = now.sites;
    expect(front).to.deep.include({ stack: NAME, serves: false });
    expect(front?.condition?.kind).to.equal('fenced');
    expect(front?.remains.map(({ what }) => what).join()).to.include(path.join('site-a', NAME));
    // An initialised cluster alone has 40 MB.
    expect(front?.remains[0]?.sizeBytes).to.be.greaterThan(40_000_000);
    expect(serving).to.deep.include({ stack: `${NAME}-${first.id}`, serves: true, remains: [] });
    expect(serving?.condition?.kind).to.equal('taking-writes');
  });

  it('is not rolled back over writes that clients made since, and nothing is stopped by asking', async () => {
    const { config } = living;
    const before = client.seen().acknowledged.length;
    expect(await client.sees((seen) => seen.acknowledged.length > before + 5, 30_000)).to.equal(true);

    const refused = await living.run('rollback', first.id);

    expect(refused.exitCode).to.equal(2);
    expect(refused.stderr)
      .to.match(/\d+ write\(s\) were made on the new site/)
      .and.include(`failback ${NAME}`);
    await clientReaches(config.recoverySite!.address);
    expect(await resolved(config)).to.deep.equal([config.recoverySite!.address]);
  });

  it('fails back to the original site without losing one of them', async () => {
    const { config } = living;

    back = reportOf(await living.run('failback', NAME, '--json'));
    await clientReaches(config.site.address);
    await client.stop();

    expect(back).to.include({ mode: 'failback', result: 'recovered' });
    expect(back.sites).to.deep.equal({ from: 'site-b', to: 'site-a' });
    expect(back.achieved).to.include({ rpoSeconds: 0 });
    expect(await lostIn(`${NAME}-${back.id}`)).to.deep.equal([]);
    expect(await resolved(config)).to.deep.equal([config.site.address]);
    expect((await status()).protection).to.deep.include({ site: 'site-b' });
  });

  it('can be rolled back by one command where nobody wrote since', async () => {
    const { config, workspace } = living;
    const moved = reportOf(await living.run('switchover', NAME, '--json'));
    expect(moved.sites).to.deep.equal({ from: 'site-a', to: 'site-b' });

    const earlier = await living.run('rollback', first.id);
    const rolledBack = await living.run('rollback', moved.id, '--json');
    const again = await living.run('rollback', moved.id);

    expect(earlier.exitCode).to.equal(2);
    expect(earlier.stderr).to.include('a later one moved it on');
    expect(rolledBack.exitCode, rolledBack.stderr).to.equal(0);
    expect(JSON.parse(rolledBack.stdout)).to.have.deep.nested.property('[0].status', 'passed');
    expect(await resolved(config)).to.deep.equal([config.site.address]);
    const live = path.join(workspace.sites.primary, `${NAME}-${back.id}`);
    const api = await apiByName(config, await secretsOf(workspace, live));
    await api.create({ resourceType: 'Basic', code: { text: 'after the rollback' } });
    expect(await lostIn(`${NAME}-${back.id}`)).to.deep.equal([]);
    const now = await status();
    expect(now.sites.find(({ serves }) => serves)?.stack).to.equal(`${NAME}-${back.id}`);
    expect(now.sites.find(({ stack }) => stack === `${NAME}-${moved.id}`)?.condition?.kind).to.equal('fenced');
    expect(again.exitCode).to.equal(2);
    expect(again.stderr).to.include('rolled-back');
  });

  it('has what it left removed by name, and by name alone; the front goes on', async () => {
    const { config, workspace } = living;
    const open = reportOf(await living.run('switchover', NAME, '--json'));
    const early = await living.run('remove-site', NAME, `${NAME}-${back.id}`);
    expect(early.exitCode).to.equal(2);
    expect(early.stderr).to.include(`run "${open.id}" can be rolled back`);
    expect((await living.run('rollback', open.id)).exitCode).to.equal(0);
    const serving = await living.run('remove-site', NAME, `${NAME}-${back.id}`);
    const front = await living.run('remove-site', NAME, NAME, '--json');
    const left = await living.run('remove-site', NAME, `${NAME}-${first.id}`, '--json');

    expect(serving.exitCode).to.equal(2);
    expect(front.exitCode, front.stdout + front.stderr).to.equal(0);
    expect(left.exitCode, left.stdout + left.stderr).to.equal(0);
    expect(await readdir(workspace.sites.primary)).to.not.include(NAME);
    expect(await readdir(path.join(workspace.sites.recovery, 'replica'))).to.not.include(NAME);
    await access(path.join(workspace.sites.primary, `${NAME}-${back.id}`, 'site.json'));
    const updated = await session.update(NAME, {
      signal: new AbortController().signal,
      onResource: () => undefined,
      onWaiting: () => undefined,
    });
    expect(updated.outputs['endpoint']).to.deep.include({ address: config.site.address, site: 'site-a' });
    expect(await resolved(config)).to.deep.equal([config.site.address]);
    expect((await status()).newestRecoveryPoint?.ageSeconds).to.be.lessThan(60);
  });
});
