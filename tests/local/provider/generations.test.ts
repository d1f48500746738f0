import { expect } from 'chai';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { siteFolders, type LocalSite, type SiteFolders } from '../../../components/local/config';
import { removeCopies, remains } from '../../../components/local/operations/remains';
import { restoreProgress } from '../../../components/local/operations/restore-progress';
import { planRestore } from '../../../components/local/operations/recovery-points';
import { backUpNow } from '../../../components/local/postgresql/back-up-now';
import { listRecoveryPoints, markRecoveryPoint } from '../../../components/local/postgresql/recovery-points';
import { serverStatus, stop } from '../../../components/local/postgresql/server';
import { postgresqlResource } from '../../../components/local/provider/postgresql';
import { secretsKey, writeSecrets } from '../../../components/local/secrets-store/store';
import { DATABASE_PASSWORD } from '../../../components/secret-names';
import { OperatorError } from '../../../components/errors';
import { freePort, testFolder, until } from '../postgresql/database-fixture';

const PASSWORD = 'a-test-password';
type State = Awaited<ReturnType<typeof postgresqlResource.create>>['state'];

/*
 * A database that moves from site a to b, back to a, and to b again: each of its stacks is restored from what the one
 * before shipped, and is protected at the other site once it serves.
 */
describe('generations of stacks', () => {
  let directory: string;
  let sites: Readonly<Record<'a' | 'b', LocalSite>>;
  const made: State[] = [];

  before(async () => {
    directory = await testFolder();
    const site = async (name: string, address: string): Promise<LocalSite> => ({
      ...{ name, address, folder: path.join(directory, name) },
      ports: { database: await freePort(), cache: 1, application: 2 },
    });
    sites = { a: await site('a', '127.0.0.2'), b: await site('b', '127.0.0.3') };
    await writeSecrets(
      [path.join(directory, 'secrets.json')],
      await secretsKey(path.join(directory, 'secrets.key')),
      new Map([[DATABASE_PASSWORD, PASSWORD]])
    );
  });
  after(async () => {
    for (const { dataDirectory } of made) {
      await stop({ dataDirectory, mode: 'immediate' });
    }
    await rm(directory, { recursive: true });
  });

  const foldersOf = (site: 'a' | 'b', stack: string): SiteFolders => siteFolders('/', sites[site], stack);
  const connectionTo = (site: 'a' | 'b'): pg.ClientConfig => ({
    ...{ host: sites[site].address, port: sites[site].ports.database, user: 'medplum' },
    ...{ database: 'medplum', password: PASSWORD },
  });

  async function query(site: 'a' | 'b', sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(connectionTo(site));
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Inputs of the database of a stack, as the program gives them. */
  async function inputsOf(
    site: 'a' | 'b',
    stack: string,
    { archive, from }: { archive: string | null; from: string | null }
  ): Promise<Parameters<typeof postgresqlResource.create>[0]> {
    const { live, logs } = foldersOf(site, stack);
    await mkdir(live, { recursive: true });
    await writeFile(path.join(live, 'site.json'), '{}');
    const source = from === null ? null : (await planRestore(from, { kind: 'latest' })).source;
    return postgresqlResource.inputs.parse({
      dataDirectory: path.join(live, 'database'),
      logFile: path.join(logs, 'postgresql.log'),
      address: sites[site].address,
      port: sites[site].ports.database,
      username: 'medplum',
      databaseName: 'medplum',
      passwordSecret: DATABASE_PASSWORD,
      secretStore: { storeFile: path.join(directory, 'secrets.json'), keyFile: path.join(directory, 'secrets.key') },
      archive: archive === null ? null : { directory: path.join(archive, 'wal'), timeoutSeconds: 5 },
      restore: source,
      running: true,
      site: { live },
    });
  }

  /** Has the backups made that the agent makes, and waits until the last point can be restored. */
  async function protect(site: 'a' | 'b', stack: string, replica: string): Promise<void> {
    const connection = connectionTo(site);
    const facts = (): Promise<string> => Promise.resolve(stack);
    const dataDirectory = path.join(foldersOf(site, stack).live, 'database');
    const { damage } = await backUpNow({ connection, dataDirectory, replica, keep: 2, facts });
    expect(damage).to.deep.equal([]);
    await query(site, `insert into served values ('${stack}, after its backup')`);
    const mark = await markRecoveryPoint({ connection, replica, facts: stack });
    await until('the point to be restorable', async () => {
      const { points } = await listRecoveryPoints(replica);
      return points.find(({ id }) => id === mark.id)?.restorable === true;
    });
  }

  const pidOf = async ({ dataDirectory }: State): Promise<number | null> => {
    const status = await serverStatus(dataDirectory);
    return status.state === 'running' ? status.pid : null;
  };

  const servedBy = async (site: 'a' | 'b'): Promise<unknown[]> =>
    (await query(site, 'select stack from served')).map(({ stack }) => stack);

  it('begin with one that is protected at the other site', async () => {
    const { replica } = foldersOf('b', 'prod');
    const { state } = await postgresqlResource.create(await inputsOf('a', 'prod', { archive: replica, from: null }));
    made.push(state);
    await query('a', "create table served (stack text); insert into served values ('prod')");
    await protect('a', 'prod', replica);
  });

  it('go on unprotected, and keep no log that nobody wants', async () => {
    const { replica } = foldersOf('b', 'prod');
    await stop({ dataDirectory: made[0]!.dataDirectory, mode: 'fast' });
    const { state } = await postgresqlResource.create(await inputsOf('b', 'prod-1', { archive: null, from: replica }));
    made.push(state);

    expect(await servedBy('b')).to.deep.equal(['prod', 'prod, after its backup']);
    await query('b', "insert into served values ('prod-1')");
    await query('b', 'select pg_switch_wal()');
    const archived = "select count(*)::int as n from pg_ls_archive_statusdir() where name like '%.ready'";
    await until('the segment to be thrown away', async () => {
      const [row] = await query(
        'b',
        'select last_archived_wal as name, failed_count::int as failed from pg_stat_archiver'
      );
      expect(row?.['failed']).to.equal(0);
      return row?.['name'] !== null;
    });
    expect(await query('b', archived)).to.deep.equal([{ n: 0 }]);
  });

  it('are protected by a reload, while they serve', async () => {
    const database = made[1]!;
    const { replica } = foldersOf('a', 'prod-1');
    const pid = await pidOf(database);
    const session = new pg.Client(connectionTo('b'));
    await session.connect();
    try {
      const inputs = await inputsOf('b', 'prod-1', { archive: replica, from: null });
      const updated = await postgresqlResource.update(database, inputs);

      expect(updated).to.include({ status: 'running' });
      expect(await pidOf(database)).to.equal(pid);
      await protect('b', 'prod-1', replica);
      // The very session that was open before.
      expect((await session.query('show archive_library')).rows).to.deep.equal([{ archive_library: 'basic_archive' }]);
    } finally {
      await session.end();
    }
    expect(await pidOf(database)).to.equal(pid);
    const { points } = await listRecoveryPoints(replica);
    expect(points.map(({ kind, timeline, restorable }) => ({ kind, timeline, restorable }))).to.deep.equal([
      { kind: 'base-backup', timeline: 2, restorable: true },
      { kind: 'restore-point', timeline: 2, restorable: true },
    ]);
  });

  it('restart for a port, and only then', async () => {
    const database = made[1]!;
    const { replica } = foldersOf('a', 'prod-1');
    const inputs = await inputsOf('b', 'prod-1', { archive: replica, from: null });
    const pid = await pidOf(database);
    await postgresqlResource.update(database, inputs);
    expect(await pidOf(database)).to.equal(pid);

    const port = await freePort();
    await postgresqlResource.update(database, { ...inputs, port });
    expect(await serverStatus(database.dataDirectory)).to.include({ state: 'running', port });
    expect(await pidOf(database)).not.to.equal(pid);
    await postgresqlResource.update(database, inputs);
  });

  it('come back to a site where an older one was, and are protected beside it', async () => {
    const from = foldersOf('a', 'prod-1').replica;
    const archive = foldersOf('b', 'prod-2').replica;
    await stop({ dataDirectory: made[1]!.dataDirectory, mode: 'fast' });
    const { state } = await postgresqlResource.create(await inputsOf('a', 'prod-2', { archive, from }));
    made.push(state);

    expect(await servedBy('a')).to.deep.equal(['prod', 'prod, after its backup', 'prod-1', 'prod-1, after its backup']);
    await protect('a', 'prod-2', archive);
    const { points } = await listRecoveryPoints(archive);
    expect(points.map(({ timeline }) => timeline)).to.deep.equal([3, 3]);
    expect(
      (await listRecoveryPoints(foldersOf('b', 'prod').replica)).points.map(({ timeline }) => timeline)
    ).to.deep.equal([1, 1]);
  });

  it('tell how far the next one has come, in words that change', async () => {
    const from = foldersOf('b', 'prod-2').replica;
    const folders = foldersOf('b', 'prod-3');
    expect(await restoreProgress(folders)).to.equal(null);
    // Bulk, so that there is a copy and a replay to see.
    await query(
      'a',
      'create table bulk as select n, repeat(md5(n::text), 20) as text from generate_series(1, 120000) n'
    );
    await protect('a', 'prod-2', from);
    await query('a', "update bulk set text = text || 'x'");
    await query('a', 'select pg_switch_wal()');
    await until('the log to be shipped', async () => (await listRecoveryPoints(from)).window !== null);
    const creating = postgresqlResource.create(await inputsOf('b', 'prod-3', { archive: null, from }));
    let ended = false;
    const watched = creating.finally(() => {
      ended = true;
    });
    const words = new Set<string | null>();
    await until('the restore to end', async () => {
      words.add(await restoreProgress(folders));
      return ended;
    });
    made.push((await watched).state);

    const told = [...words].filter((each) => each !== null);
    expect(
      told.some((each) => /^copied \d+ MB$/.test(each)),
      told.join('\n')
    ).to.equal(true);
    expect(
      told.some((each) => /^replayed to 0\/[0-9A-F]+, database \d+ MB$/.test(each)),
      told.join('\n')
    ).to.equal(true);
    expect(await restoreProgress(folders)).to.equal('database restored, application log at 0 bytes');
  });

  it('leave what is listed until it is removed', async () => {
    const context = (stack: string): Parameters<typeof remains>[0] => ({
      ...{ stack, site: sites.a, folders: foldersOf('a', stack) },
      protectedAt: { site: sites.b, replica: foldersOf('b', stack).replica },
    });
    const { live } = foldersOf('a', 'prod-2');

    const serving = await remains(context('prod-2'));
    const old = await remains(context('prod'));

    expect(serving.map(({ what }) => what)).to.deep.equal([
      `folder of prod-2 at a with its database and objects: ${live}`,
      `PostgreSQL (pid ${await pidOf(made[2]!)}) that runs in ${live}`,
      `backups, log, objects and secrets of prod-2 at b: ${foldersOf('b', 'prod-2').replica}`,
    ]);
    expect(serving.map(({ sizeBytes }) => (sizeBytes ?? 0) > 1_000_000)).to.deep.equal([true, false, true]);
    expect(old).to.have.length(2);
    const refusal = await removeCopies(context('prod-2')).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(OperatorError).with.property('message').that.includes('prod-2 runs');
    await removeCopies(context('prod'));
    await rm(foldersOf('a', 'prod').live, { recursive: true });
    expect(await remains(context('prod'))).to.deep.equal([]);
    expect((await remains(context('prod-2'))).map(({ what }) => what)).to.deep.equal(serving.map(({ what }) => what));
  });
});
