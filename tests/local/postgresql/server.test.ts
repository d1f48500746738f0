import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { OperatorError } from '../../../components/errors';
import { findPostgresql } from '../../../components/local/postgresql/binaries';
import { listRecoveryPoints } from '../../../components/local/postgresql/recovery-points';
import { initialise, reconfigure, serverStatus, start, stop } from '../../../components/local/postgresql/server';
import { type DatabaseFixture, freePort, startDatabase, testFolder, until } from './database-fixture';

async function failureOf(work: Promise<unknown>): Promise<OperatorError> {
  return work.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error as OperatorError
  );
}

describe('local PostgreSQL: server', function () {
  this.timeout(120_000);
  let database: DatabaseFixture;
  let logFile: string;

  before(async () => {
    database = await startDatabase();
    logFile = join(database.folder, 'postgresql.log');
  });

  after(() => database.remove());

  it('lets the application own its database and make the extensions it needs, and no more', async () => {
    await database.query('create extension btree_gin; create extension pg_trgm');

    expect(await database.query('select rolsuper from pg_roles where rolname = current_user')).to.deep.equal([
      { rolsuper: false },
    ]);
    expect(
      await database.query(`select pg_get_userbyid(datdba)::text as owner from pg_database where datname = 'medplum'`)
    ).to.deep.equal([{ owner: 'medplum' }]);
    expect(await database.query('show data_checksums')).to.deep.equal([{ data_checksums: 'on' }]);
    const wrong = await failureOf(database.query('select 1', { ...database.connection, password: 'wrong' }));
    expect(wrong.message).to.contain('password authentication failed');
  });

  it('writes nothing of a failing statement into its log', async () => {
    await database.query('create table patient (name text primary key)');
    await database.query(`insert into patient values ('Homer Simpson')`);
    await failureOf(database.query(`insert into patient values ('Homer Simpson')`));

    const log = await readFile(logFile, 'utf8');
    expect(log).to.contain('duplicate key').and.not.contain('Homer');
  });

  it('is told truthfully: running, killed, a stale pid file of another process, started again, missing', async () => {
    const before = await serverStatus(database.dataDirectory);
    expect(before).to.deep.include({ state: 'running', ready: true, port: database.connection.port });
    await start({ dataDirectory: database.dataDirectory, logFile });
    expect(await serverStatus(database.dataDirectory)).to.deep.equal(before);

    process.kill(before.state === 'running' ? before.pid : 0, 'SIGKILL');
    await until('the kill is seen', async () => (await serverStatus(database.dataDirectory)).state === 'stopped');
    const pidFile = join(database.dataDirectory, 'postmaster.pid');
    await writeFile(pidFile, (await readFile(pidFile, 'utf8')).replace(/^\d+/, String(process.pid)));
    expect(await serverStatus(database.dataDirectory)).to.deep.equal({ state: 'stopped' });

    await rm(pidFile);
    await start({ dataDirectory: database.dataDirectory, logFile });
    expect(await database.query('select count(*)::int as n from patient')).to.deep.equal([{ n: 1 }]);
    expect(await serverStatus(join(database.folder, 'none'))).to.deep.equal({ state: 'missing' });
  });

  it('takes a new port and archive, and says what needs a restart', async () => {
    const archive = { directory: join(database.replica, 'wal'), timeoutSeconds: 7 };
    const [dataDirectory, address] = [database.dataDirectory, '127.0.0.1'];
    const port = database.connection.port!;
    expect(await reconfigure({ dataDirectory, address, port, archive })).to.deep.equal({ restartRequired: false });
    await until(
      'it is read',
      async () => (await database.query('show archive_timeout'))[0]?.['archive_timeout'] === '7s'
    );

    const other = await freePort();
    expect(await reconfigure({ dataDirectory, address, port: other, archive })).to.deep.equal({
      restartRequired: true,
    });
    await stop({ dataDirectory, mode: 'fast' });
    await start({ dataDirectory, logFile });
    expect(await database.query('select 1 as one', { ...database.connection, port: other })).to.deep.equal([
      { one: 1 },
    ]);
    await stop({ dataDirectory, mode: 'fast' });
    await reconfigure({ dataDirectory, address, port, archive });
    await start({ dataDirectory, logFile });
  });

  it('names the taken port, the open address, the folder that holds something', async () => {
    const [dataDirectory, address] = [database.dataDirectory, '127.0.0.1'];
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, address, resolve));
    await stop({ dataDirectory, mode: 'fast' });
    const archive = { directory: join(database.replica, 'wal'), timeoutSeconds: 5 };
    await reconfigure({ dataDirectory, address, port, archive });
    const error = await failureOf(start({ dataDirectory, logFile }));
    await new Promise((resolve) => taken.close(resolve));
    expect(error.message).to.contain(`port ${port} of 127.0.0.1 is taken`);
    await reconfigure({ dataDirectory, address, port: database.connection.port!, archive });
    await start({ dataDirectory, logFile });

    const names = { username: 'medplum', password: 'x', database: 'medplum', port };
    const open = await failureOf(reconfigure({ dataDirectory, address: '0.0.0.0', port }));
    expect(open.message).to.contain('0.0.0.0 is not a loopback address');
    const full = await failureOf(initialise({ ...names, dataDirectory, address }));
    expect(full.message).to.contain(dataDirectory).and.contain('not empty');
  });

  it('names the folder that is closed to its user', async function () {
    const { runAs } = await findPostgresql();
    if (!runAs) {
      console.log('      not checked: only root runs PostgreSQL as another user');
      this.skip();
    }
    const folder = await testFolder();
    await mkdir(join(folder, 'closed'));
    await chmod(join(folder, 'closed'), 0o700);
    const names = {
      username: 'medplum',
      password: 'x',
      database: 'medplum',
      port: await freePort(),
      address: '127.0.0.1',
    };
    const error = await failureOf(initialise({ ...names, dataDirectory: join(folder, 'closed', 'data') }));
    await rm(folder, { recursive: true });

    expect(error.message)
      .to.contain(`user ${runAs.name}`)
      .and.contain(`${join(folder, 'closed')} is closed to it`);
    expect(error.hint).to.contain('chmod o+x');
  });

  it('is protected by the backup agent, through an outage, until SIGTERM', async () => {
    const { host, port, user, password, database: name } = database.connection;
    const config = {
      ...{ replica: database.replica, dataDirectory: database.dataDirectory },
      connection: { host, port, user, database: name },
      ...{
        healthUrl: `http://127.0.0.1:${await freePort()}/healthcheck`,
        markEverySeconds: 0.3,
        baseEverySeconds: 2,
        keep: 1,
      },
    };
    const program = join(__dirname, '../../../components/local/postgresql/backup-agent.ts');
    const agent = spawn(process.execPath, ['--require', 'tsx/cjs', program], {
      env: { ...process.env, MEDPLUM_DR_BACKUP_AGENT: JSON.stringify(config), PGPASSWORD: String(password) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise<number | null>((resolve) => agent.once('exit', resolve));
    let output = '';
    agent.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const told = (pattern: RegExp): Promise<void> =>
      until(`${String(pattern)} in:\n${output}`, () => Promise.resolve(pattern.test(output)));
    try {
      await told(/recovery point medplum-dr-/);
      await told(/base backup base-\S+, \d+ bytes, healthy; removed [01] older/);
      await stop({ dataDirectory: database.dataDirectory, mode: 'fast' });
      await told(/no recovery point: /);
      await start({ dataDirectory: database.dataDirectory, logFile });
      output = '';
      await told(/recovery point medplum-dr-/);
      const { points } = await listRecoveryPoints(database.replica);
      const marked = points.filter(({ kind }) => kind === 'restore-point').at(-1);
      expect(marked?.facts).to.have.property('serverVersion', null);
      expect(marked?.facts).to.have.nested.property('fingerprint.signingKeyIds');
    } finally {
      agent.kill('SIGTERM');
    }
    const late = delay(2000).then(() => 'still there after 2 s');
    expect(await Promise.race([exited, late])).to.equal(0);
    expect(output).not.to.contain(String(password));
  });
});
