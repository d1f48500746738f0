import { expect } from 'chai';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import pg from 'pg';
import { makeWorkspace, REHEARSAL_ENVIRONMENT } from '../../../automation/rehearsal/workspace';
import { readStackConfig } from '../../../automation/stacks/project';
import { localSchema, type LocalConfig } from '../../../components/local/config';
import { fenceSite } from '../../../components/local/operations/fence';
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
    expect(await fenceSite(config, live)).to.have.property('state', 'fenced');
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
