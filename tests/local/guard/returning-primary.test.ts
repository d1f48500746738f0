import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { removeStackConfig, writeStackConfig } from '../../../automation/stacks/project';
import { changeZone } from '../../../components/local/dns/zone';
import { readFenceMark, removeFence } from '../../../components/local/guard/mark';
import { siteCondition } from '../../../components/local/operations/condition';
import { serverStatus, start } from '../../../components/local/postgresql/server';
import { runningDaemon, signalGroup, startDaemon } from '../../../components/local/process/daemon';
import { until } from '../postgresql/database-fixture';
import { stackName, TestEnvironment } from '../provider/environment';

const SERVING = ['application', 'load-balancer'] as const;

interface Program {
  readonly command: string[];
  readonly folder: string;
  readonly environment: Record<string, string>;
}

/* A site that nobody could reach to fence it comes back with its processes as they were. */
describe('a primary that comes back after another site took its place', function () {
  this.timeout(120_000);
  let environment: TestEnvironment;

  before(async () => {
    environment = await TestEnvironment.make();
    await environment.up();
  });
  after(() => environment.remove());

  const database = (): string => path.join(environment.live, 'database');
  const condition = async (): Promise<string> => (await siteCondition(environment.config, environment.live)).kind;

  async function health(): Promise<number> {
    const { site, traffic } = environment.config;
    return (await fetch(`http://${site.address}:${traffic.port}/healthcheck`)).status;
  }

  async function balancerLog(): Promise<string> {
    return readFile(path.join(environment.live, 'logs', 'load-balancer.log'), 'utf8');
  }

  /** What a cutover that this site hears nothing of does to the environment's record. */
  async function moveRecord(generation: number, stack: string): Promise<void> {
    const { recoverySite, traffic } = environment.config;
    const { address, name: site } = recoverySite!;
    await changeZone(path.join(environment.workspace.outside, 'dns', 'zone.json'), (zone) => ({
      ...zone,
      records: { [traffic.name]: { address, site, stack, generation, ttlSeconds: 1 } },
    }));
  }

  async function activate(generation: number, stack: string): Promise<void> {
    const { recoverySite, traffic } = environment.config;
    const { address, name: site } = recoverySite!;
    const since = new Date().toISOString();
    await writeStackConfig(environment.workspace.project, stackName, {
      activeEndpoint: { address, port: traffic.port, site, stack, recoveryId: 'r-1', generation, since },
    });
  }

  /** How a running program was started, so that it can be started like that again. */
  async function programOf(name: string): Promise<Program> {
    const { pid } = (await runningDaemon(environment.pidFile(name)))!;
    const parts = async (file: string): Promise<string[]> =>
      (await readFile(`/proc/${pid}/${file}`, 'utf8')).split('\0').filter((part) => part !== '');
    const variables = (await parts('environ')).map((line): [string, string] => {
      const [variable = '', ...value] = line.split('=');
      return [variable, value.join('=')];
    });
    return {
      command: await parts('cmdline'),
      folder: await readlink(`/proc/${pid}/cwd`),
      environment: Object.fromEntries(variables),
    };
  }

  async function startByHand(name: string, program: Program): Promise<void> {
    const logFile = path.join(environment.live, 'logs', `${name}.log`);
    await startDaemon({ ...program, logFile, pidFile: environment.pidFile(name) });
  }

  async function kill(name: string): Promise<void> {
    signalGroup((await runningDaemon(environment.pidFile(name)))!.group, 'SIGKILL');
    await until(`${name} to end`, async () => (await runningDaemon(environment.pidFile(name))) === null);
  }

  async function startDatabaseByHand(): Promise<void> {
    await start({ dataDirectory: database(), logFile: path.join(environment.live, 'logs', 'postgresql.log') });
  }

  /** Marked, and nothing of the site is left but what lies outside it. */
  async function expectFenced(): Promise<void> {
    await until('the site to be fenced', async () => (await condition()) === 'fenced', 15);
    await until('all of the site to end', async () => Object.keys(await environment.processes()).length === 2, 15);
    expect(await environment.processes()).to.have.keys(['name-server', 'watcher']);
    expect((await serverStatus(database())).state).to.equal('stopped');
  }

  it('goes on while the name server is silent, and stops itself when it hears who serves', async () => {
    const nameServer = await programOf('name-server');
    await kill('name-server');
    await until('the guard to notice', async () =>
      (await balancerLog()).includes('the name server does not tell who serves')
    );
    await moveRecord(1, 'recovered');
    expect(await health()).to.equal(200);
    expect(await readFenceMark(environment.live)).to.equal(null);

    const logFile = path.join(environment.workspace.outside, 'logs', 'name-server.log');
    await startDaemon({ ...nameServer, logFile, pidFile: environment.pidFile('name-server') });

    await expectFenced();
    expect((await readFenceMark(environment.live))?.reason).to.equal(
      'stack recovered at site site-b serves since cutover 1'
    );
    const log = await balancerLog();
    expect(log).to.include(`this site (stack ${stackName}) is fenced: stack recovered at site site-b serves since`);
    expect(log).to.include('all of the site is stopped; ends');
  });

  it('is not started by an update that does not know of the cutover', async () => {
    const refusal = await environment.up().catch((error: unknown) => String(error));

    const mark = await readFenceMark(environment.live);
    expect(refusal).to.include(`this site is fenced since ${mark!.at}, because stack recovered at site site-b serves`);
    expect(refusal).to.include('run medplum-dr failback, and never start this one by hand');
    await expectFenced();
  });

  it('is updated, and stays fenced, by one that knows that it does not serve', async () => {
    await activate(1, 'recovered');
    await environment.up();

    await expectFenced();
    expect((await environment.up()).changed).to.deep.equal({});
  });

  it('serves again once the fence is off and config says so in spite of that cutover', async () => {
    await writeStackConfig(environment.workspace.project, stackName, { startDespite: { generation: 1 } });
    await removeFence(environment.live);
    await environment.up();

    await until('the guard to have looked', async () =>
      (await balancerLog()).includes('this site was started in the knowledge of that')
    );
    expect(await health()).to.equal(200);
    expect(await condition()).to.equal('taking-writes');
  });

  it('stops itself when its machine boots again and starts everything that ran', async () => {
    const programs = new Map<string, Program>();
    for (const name of SERVING) {
      programs.set(name, await programOf(name));
      await kill(name);
    }
    const server = await serverStatus(database());
    const { pid } = server.state === 'running' ? server : { pid: NaN };
    process.kill(pid, 'SIGKILL');
    // A dead machine has no zombie of it either, which the next server would take for a live one.
    await until('PostgreSQL to be gone', () => Promise.resolve(!existsSync(`/proc/${pid}`)));
    await moveRecord(2, 'recovered-again');
    const opened = (await balancerLog()).split('leads to').length;

    await startDatabaseByHand();
    for (const [name, program] of programs) {
      await startByHand(name, program);
    }

    await expectFenced();
    expect((await readFenceMark(environment.live))?.reason).to.equal(
      'stack recovered-again at site site-b serves since cutover 2'
    );
    expect((await balancerLog()).split('leads to'), 'its door was never opened').to.have.length(opened);

    await startDatabaseByHand();
    const { site } = environment.config;
    const password = (await environment.secrets()).get('databasePassword');
    const login = { host: site.address, port: site.ports.database, user: 'medplum', database: 'medplum' };
    const client = new pg.Client({ ...login, password });
    const refused = await client.connect().catch((error: unknown) => String(error));
    expect(refused).to.include('pg_hba.conf rejects connection');
    await startByHand('load-balancer', programs.get('load-balancer')!);

    await expectFenced();
    await removeStackConfig(environment.workspace.project, stackName, 'startDespite');
  });
});
