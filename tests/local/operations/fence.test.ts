import { expect } from 'chai';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import pg from 'pg';
import { makeWorkspace, REHEARSAL_ENVIRONMENT } from '../../../automation/rehearsal/workspace';
import { readStackConfig } from '../../../automation/stacks/project';
import { OperatorError } from '../../../components/errors';
import { localSchema, type LocalConfig } from '../../../components/local/config';
import { readFenceMark, refuseWhenFenced, removeFence } from '../../../components/local/guard/mark';
import { siteCondition } from '../../../components/local/operations/condition';
import { fenceSite } from '../../../components/local/operations/fence';
import { findPostgresql } from '../../../components/local/postgresql/binaries';
import { runProgram } from '../../../components/local/postgresql/process';
import { initialise, serverStatus, start, stop } from '../../../components/local/postgresql/server';
import { runningDaemon, startDaemon, stopDaemon } from '../../../components/local/process/daemon';
import { acceptsTcp } from '../../../components/local/provider/process';
import { testFolder, until } from '../postgresql/database-fixture';

const PASSWORD = 'a-test-password';
const DAEMONS = ['application', 'load-balancer', 'replication'] as const;

/* A real database, and daemons that only listen: doubles of the application, its load balancer and the replication. */
describe('fenceSite', () => {
  let directory: string;
  let config: LocalConfig;
  let live: string;

  beforeEach(async () => {
    directory = await testFolder();
    const { project } = await makeWorkspace(directory, null);
    config = localSchema.parse(await readStackConfig(project, REHEARSAL_ENVIRONMENT));
    live = path.join(config.site.folder, REHEARSAL_ENVIRONMENT);
  });
  afterEach(async () => {
    for (const name of DAEMONS) {
      await stopDaemon(pidFile(name));
    }
    await stop({ dataDirectory: dataDirectory(), mode: 'immediate' });
    await rm(directory, { recursive: true });
  });

  const pidFile = (name: string): string => path.join(live, 'run', `${name}.pid`);
  const dataDirectory = (): string => path.join(live, 'database');

  async function makeSite(): Promise<void> {
    await mkdir(live, { recursive: true });
    await writeFile(path.join(live, 'site.json'), '{}');
  }

  async function bringUp(): Promise<void> {
    const { site, traffic } = config;
    const database = { dataDirectory: dataDirectory(), address: site.address, port: site.ports.database };
    await initialise({ ...database, username: 'medplum', database: 'medplum', password: PASSWORD });
    await start({ dataDirectory: dataDirectory(), logFile: path.join(live, 'logs', 'postgresql.log') });
    const places = {
      application: [site.ports.application, '127.0.0.1'],
      'load-balancer': [traffic.port, site.address],
      replication: [site.ports.cache, site.address],
    } as const;
    for (const name of DAEMONS) {
      const [port, address] = places[name];
      await startDaemon({
        command: [process.execPath, '-e', `require('net').createServer().listen(${port}, '${address}')`],
        folder: live,
        environment: {},
        logFile: path.join(live, 'logs', `${name}.log`),
        pidFile: pidFile(name),
      });
      await until(`${name} to listen`, () => acceptsTcp(address, port));
    }
  }

  /** As an operator would, past everything that this package looks at. */
  async function startByHand(): Promise<void> {
    const { pgCtl, runAs } = await findPostgresql();
    const logFile = path.join(live, 'logs', 'postgresql.log');
    const { code } = await runProgram(pgCtl, ['start', '-w', '-D', dataDirectory(), '-l', logFile], { runAs });
    expect(code).to.equal(0);
  }

  /** What a client with the right password is told. */
  async function login(): Promise<string> {
    const { address: host, ports } = config.site;
    const client = new pg.Client({
      ...{ host, port: ports.database, user: 'medplum', database: 'medplum', password: PASSWORD },
    });
    try {
      await client.connect();
      await client.end();
      return 'welcome';
    } catch (error) {
      return String(error);
    }
  }

  async function listenOn(port: number, address: string): Promise<Server> {
    const server = createServer().listen(port, address);
    await once(server, 'listening');
    return server;
  }

  it('stops a live site whole, even with a session at work; and once more does no harm', async () => {
    const { site } = config;
    await makeSite();
    await bringUp();
    const login = { host: site.address, port: site.ports.database, user: 'medplum', database: 'medplum' };
    const session = new pg.Client({ ...login, password: PASSWORD });
    const ended = new Promise<void>((resolve) => {
      session.once('end', resolve);
    });
    session.on('error', () => undefined);
    await session.connect();
    await session.query('create table written (id integer)');

    const result = await fenceSite(config, live);

    expect(result).to.deep.equal({
      state: 'fenced',
      detail: 'application and database of site-a stopped; nothing listens on its ports',
    });
    await ended;
    expect(await serverStatus(dataDirectory())).to.deep.equal({ state: 'stopped' });
    expect(await Promise.all(DAEMONS.map((name) => runningDaemon(pidFile(name))))).to.deep.equal([null, null, null]);
    const mark = await readFenceMark(live);
    expect(await fenceSite(config, live)).to.have.property('state', 'fenced');
    expect(mark).to.not.equal(null);
    expect(await readFenceMark(live)).to.deep.equal(mark);
  });

  it('lets nobody into the database when somebody starts it by hand, until the fence is taken off', async () => {
    await makeSite();
    await bringUp();
    expect((await siteCondition(config, live)).kind).to.equal('taking-writes');
    expect(await login()).to.equal('welcome');

    await fenceSite(config, live, 'a test says so');
    const fenced = await siteCondition(config, live);
    await startByHand();
    const refused = await login();
    const startedByHand = await siteCondition(config, live);
    await stop({ dataDirectory: dataDirectory(), mode: 'fast' });

    expect(fenced.kind).to.equal('fenced');
    expect(fenced.detail).to.match(/^site-a is fenced since \d{4}-.*Z: a test says so$/);
    expect(refused).to.include('pg_hba.conf rejects connection');
    expect(startedByHand.kind).to.equal('taking-writes');
    expect(startedByHand.detail).to.include('although site-a is marked as fenced since');

    await removeFence(live);
    await removeFence(live);
    expect(await siteCondition(config, live)).to.have.property('kind', 'stopped');
    await startByHand();
    expect(await login()).to.equal('welcome');
  });

  it('refuses to have anything started in a marked site, and says since when, why and what to do', async () => {
    await makeSite();
    await refuseWhenFenced(live);
    await fenceSite(config, live, 'a test says so');
    const mark = await readFenceMark(live);

    const refusal = await refuseWhenFenced(live).catch((error: unknown) => error);

    expect(refusal).to.be.instanceOf(OperatorError);
    const { message, hint } = refusal as OperatorError;
    expect(message).to.equal(
      `Nothing is started in ${live}: this site is fenced since ${mark!.at}, because a test says so`
    );
    expect(hint).to.include('medplum-dr failback').and.include('never start this one by hand');
  });

  it('takes what another stack of the same site runs for that, not for the fenced one', async () => {
    await makeSite();
    await bringUp();
    const fenced = path.join(config.site.folder, 'an-older-stack');
    await mkdir(fenced);
    await writeFile(path.join(fenced, 'site.json'), '{}');

    expect(await fenceSite(config, fenced)).to.have.property('state', 'fenced');
    expect(await siteCondition(config, fenced)).to.have.property('kind', 'fenced');
    expect(await siteCondition(config, live)).to.have.property('kind', 'taking-writes');
    expect(await login()).to.equal('welcome');
  });

  it('tells a site that could be stopped but not marked as one that takes writes again', async () => {
    await makeSite();
    await mkdir(path.join(live, 'fenced.json'));
    await bringUp();

    const result = await fenceSite(config, live);

    expect(result.state).to.equal('still-writable');
    expect(result.detail).to.include('site-a could not be marked').and.not.include('listens');
    expect(await serverStatus(dataDirectory())).to.deep.equal({ state: 'stopped' });
  });

  it('finds nothing to stop on a site where nothing was started', async () => {
    await makeSite();

    expect(await fenceSite(config, live)).to.have.property('state', 'fenced');
  });

  it('cannot reach a site that is gone, and says so', async () => {
    expect(await fenceSite(config, live)).to.deep.equal({
      state: 'unreachable',
      detail: 'the folder of site-a is gone and nothing listens on its ports',
    });
    expect(await siteCondition(config, live)).to.have.property('kind', 'unreachable');
  });

  for (const [what, place] of [
    ['database', () => [config.site.ports.database, config.site.address] as const],
    ['application', () => [config.site.ports.application, '127.0.0.1'] as const],
    ['public', () => [config.traffic.port, config.site.address] as const],
  ] as const) {
    it(`does not trust a site that is gone while something listens on its ${what} port`, async () => {
      const [port, address] = place();
      const server = await listenOn(port, address);
      try {
        expect(await fenceSite(config, live)).to.deep.equal({
          state: 'still-writable',
          detail: `something still listens on ${address}:${port}`,
        });
      } finally {
        server.close();
        await once(server, 'close');
      }
    });
  }

  it('does not trust a site that stands while another program listens on its database port', async () => {
    const { site } = config;
    await makeSite();
    const server = await listenOn(site.ports.database, site.address);
    try {
      const result = await fenceSite(config, live);

      expect(result).to.have.property('state', 'still-writable');
      expect(result.detail).to.include(`${site.address}:${site.ports.database}`);
    } finally {
      server.close();
      await once(server, 'close');
    }
  });
});
