import { expect } from 'chai';
import { access, chmod, chown, cp, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { OperatorError } from '../../../components/errors';
import { findPostgresql } from '../../../components/local/postgresql/binaries';
import type { BackedUp } from '../../../components/local/postgresql/back-up-now';
import { readManifest } from '../../../components/local/postgresql/manifest';
import { listRecoveryPoints } from '../../../components/local/postgresql/recovery-points';
import { restore } from '../../../components/local/postgresql/restore';
import { start, stop } from '../../../components/local/postgresql/server';
import { archivedWal } from '../../../components/local/postgresql/wal-archive';
import { type DatabaseFixture, freePort, startDatabase, until } from './database-fixture';

async function failureOf(work: Promise<unknown>): Promise<OperatorError> {
  try {
    await work;
  } catch (error) {
    return error as OperatorError;
  }
  throw new Error('it should have failed');
}

describe('local PostgreSQL: restore', function () {
  this.timeout(180_000);
  let database: DatabaseFixture;
  let first: BackedUp;
  let second: BackedUp;
  let named: { id: string; time: Date };
  let beforeDelete: Date;
  let end: { id: string; time: Date };

  const labels = async (to: DatabaseFixture['connection']): Promise<unknown[]> =>
    (await database.query('select label from note order by id', to)).map((row) => row['label']);

  before(async () => {
    database = await startDatabase();
    await database.query('create table note (id serial primary key, label text); create table load (text text)');
    await database.query(`insert into note (label) values ('before all')`);
    first = await database.backUp();
    await database.query(`insert into note (label) values ('between')`);
    // A backup under load: rows go on being written while files are copied.
    const writing = { on: true };
    const load = (async () => {
      while (writing.on) {
        await database.query('insert into load select repeat(md5(random()::text), 20) from generate_series(1, 2000)');
      }
    })();
    second = await database.backUp();
    writing.on = false;
    await load;
    await database.query(`insert into note (label) values ('before the mark')`);
    named = await database.mark();
    await database.query(`insert into note (label) values ('after the mark')`);
    const now = await database.query('select clock_timestamp() as now');
    beforeDelete = now[0]?.['now'] as Date;
    // Targets have whole milliseconds.
    await delay(5);
    await database.query('delete from note');
    await database.query(`insert into note (label) values ('after the delete')`);
    end = await database.mark();
    const isArchived = async (): Promise<boolean> =>
      (await listRecoveryPoints(database.replica)).points.find(({ id }) => id === end.id)?.restorable === true;
    await until('the last mark is archived', isArchived);
  });

  after(() => database.remove());

  it('replays all of the archive, and leaves a plain server that restarts', async () => {
    const restored = await database.restoreTo('latest', { bases: [second.id, first.id], target: { kind: 'latest' } });

    expect(restored).to.include({ baseId: second.id, timeline: 2, shortfall: null });
    expect(restored.skipped).to.deep.equal([]);
    expect(await labels(restored.connection)).to.deep.equal(['after the delete']);
    await database.query(`insert into note (label) values ('written after')`, restored.connection);
    const settings = await database.query(
      `select name, setting from pg_settings where name in ('fsync', 'archive_mode', 'archive_library', 'archive_command', 'restore_command', 'recovery_target_timeline')`,
      restored.connection
    );
    expect(Object.fromEntries(settings.map((row) => [row['name'], row['setting']]))).to.deep.equal({
      ...{
        fsync: 'on',
        archive_mode: 'on',
        archive_library: '',
        archive_command: 'true',
        restore_command: '',
        recovery_target_timeline: 'latest',
      },
    });
    const left = await readdir(restored.dataDirectory);
    expect(left.filter((name) => /signal|ahead|recovery|in-progress/.test(name))).to.deep.equal([]);

    await stop({ dataDirectory: restored.dataDirectory, mode: 'fast' });
    await start({ dataDirectory: restored.dataDirectory, logFile: join(database.folder, 'latest.log') });
    expect(await labels(restored.connection)).to.deep.equal(['after the delete', 'written after']);
  });

  it('stops at a named point', async () => {
    const restored = await database.restoreTo('named', {
      bases: [second.id],
      target: { kind: 'name', name: named.id },
    });

    expect(await labels(restored.connection)).to.deep.equal(['before all', 'between', 'before the mark']);
  });

  it('stops just before a time', async () => {
    const target = { kind: 'time', at: beforeDelete } as const;
    const restored = await database.restoreTo('time', { bases: [second.id, first.id], target });

    expect(await labels(restored.connection)).to.deep.equal([
      'before all',
      'between',
      'before the mark',
      'after the mark',
    ]);
    expect(restored.replayedTo.time?.getTime()).to.be.at.most(beforeDelete.getTime());
  });

  it('takes the end of the archive for a time that a later mark proves to hold no more commits', async () => {
    const restored = await database.restoreTo('quiet', { bases: [second.id], target: { kind: 'time', at: end.time } });

    expect(await labels(restored.connection)).to.deep.equal(['after the delete']);
  });

  it('restores a base backup alone, and an older one up to where a damaged one ended', async () => {
    const alone = await database.restoreTo('alone', { bases: [first.id], target: { kind: 'immediate' } });
    expect(await labels(alone.connection)).to.deep.equal(['before all']);

    await mkdir(join(database.folder, 'aside'));
    await cp(join(database.replica, 'base', second.id), join(database.folder, 'aside', second.id), { recursive: true });
    await rm(join(database.replica, 'base', second.id, 'PG_VERSION'));
    const instead = await database.restoreTo('instead', {
      bases: [second.id, first.id],
      target: { kind: 'immediate' },
    });
    await cp(join(database.folder, 'aside', second.id), join(database.replica, 'base', second.id), { recursive: true });

    expect(instead.baseId).to.equal(first.id);
    expect(await labels(instead.connection)).to.deep.equal(['before all', 'between']);
  });

  it('skips a backup of which one byte is wrong, tells so, and takes the next', async () => {
    const path = join(database.replica, 'base', second.id);
    const victim = (await readManifest(path)).files.find((file) => file.path.startsWith('base/') && file.size > 8192);
    const file = join(path, victim!.path);
    await cp(file, join(database.folder, 'whole'));
    await truncate(file, victim!.size - 1);
    await writeFile(file, 'x', { flag: 'a' });

    const target = { kind: 'latest' } as const;
    const restored = await database.restoreTo('skipping', { bases: [second.id, first.id], target });
    const nothing = await failureOf(database.restoreTo('nothing', { bases: [second.id], target }));
    await cp(join(database.folder, 'whole'), file);

    expect(restored.baseId).to.equal(first.id);
    expect(restored.skipped).to.deep.equal([
      { id: second.id, reasons: [`${victim!.path} does not match its checksum`] },
    ]);
    expect(await labels(restored.connection)).to.deep.equal(['after the delete']);
    expect(nothing.problems.join()).to.contain(second.id).and.contain('checksum');
    expect(await readdir(database.folder)).not.to.contain('nothing');
  });

  it('says up to when it can go when the time lies after the end of the archive', async () => {
    const at = new Date(Date.now() + 3_600_000);
    const error = await failureOf(database.restoreTo('future', { bases: [second.id], target: { kind: 'time', at } }));

    expect(error.name).to.equal('OperatorError');
    expect(error.message).to.match(/The WAL archive ends before .*: its last commit is of 20\d\d-/);
    expect(await readdir(database.folder)).not.to.contain('future');
  });

  it('refuses a base backup that ended after the time, and a folder that holds anything', async () => {
    const at = new Date(first.backup.endedAt.getTime() + 1);
    const early = await database.restoreTo('early', { bases: [second.id, first.id], target: { kind: 'time', at } });
    expect(early.skipped[0]).to.deep.equal({ id: second.id, reasons: [`it ended after ${at.toISOString()}`] });

    const refused = await failureOf(
      database.restoreTo('again', { bases: [first.id], target: { kind: 'latest' }, dataDirectory: early.dataDirectory })
    );
    expect(refused.message).to.contain('is not empty');
    expect(await labels(early.connection)).to.deep.equal(['before all']);
  });

  it('names a missing WAL segment, and what it cuts off', async () => {
    const replica = join(database.folder, 'gap');
    await cp(database.replica, replica, { recursive: true, preserveTimestamps: true });
    await cp(join(database.replica, 'wal'), join(replica, 'wal'), { recursive: true });
    const { directory } = await archivedWal(join(replica, 'wal'));
    const { runAs } = await findPostgresql();
    const names = (await readdir(directory)).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
    const missing = names.at(-2)!;
    await rm(join(directory, missing));
    const kept = names.filter((name) => name !== missing).map((name) => join(directory, name));
    for (const path of runAs ? [directory, ...kept] : []) {
      // A copied archive belongs to root: PostgreSQL's own user has to read it.
      await chown(path, runAs!.uid, runAs!.gid);
    }

    const { points } = await listRecoveryPoints(replica);
    const last = points.find(({ id }) => id === end.id);
    expect(last?.restorable).to.deep.equal({
      reason: `the WAL segment ${missing} that leads to it is not in the archive`,
    });
    const error = await failureOf(
      database.restoreTo('beyond-gap', { replica, bases: [second.id], target: { kind: 'name', name: end.id } })
    );
    expect(error.problems.join()).to.contain(`segment ${missing} is missing`);
    const restored = await database.restoreTo('up-to-gap', { replica, bases: [second.id], target: { kind: 'latest' } });
    expect(restored.shortfall).to.contain(missing);
  });

  it('tells a damaged WAL segment, at which PostgreSQL alone would stop without a word', async () => {
    const replica = join(database.folder, 'gap');
    const names = (await readdir(join(database.replica, 'wal'))).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
    const damaged = names.at(-2)!;
    await writeFile(join(replica, 'wal', damaged), Buffer.alloc(4 << 20, 7), { mode: 0o644 });
    await chmod(join(replica, 'wal', damaged), 0o644);

    const restored = await database.restoreTo('damaged-wal', {
      ...{ replica, bases: [second.id], target: { kind: 'latest' } },
    });

    expect(restored.shortfall).to.contain('the WAL archive is damaged after');
  });

  it('can be cancelled, and leaves nothing then', async () => {
    const cancelling = new AbortController();
    const reason = new Error('enough');
    const work = database.restoreTo('cancelled', {
      ...{ bases: [second.id], target: { kind: 'latest' }, signal: cancelling.signal },
      onProgress: () => {
        cancelling.abort(reason);
      },
    });

    expect(await failureOf(work)).to.satisfy((error: Error) => error === reason || error.cause === reason);
    expect(await readdir(database.folder)).not.to.contain('cancelled');
  });

  it('takes the place of a restore that was killed', async () => {
    const dataDirectory = join(database.folder, 'killed');
    await mkdir(dataDirectory);
    await writeFile(join(dataDirectory, 'medplum-dr-restore-in-progress'), '');
    await writeFile(join(dataDirectory, 'PG_VERSION'), '16');

    const restored = await database.restoreTo('killed', { bases: [second.id], target: { kind: 'latest' } });

    expect(await labels(restored.connection)).to.deep.equal(['after the delete']);
  });

  it('names the port that is taken before it copies anything', async () => {
    const port = database.connection.port!;
    const work = restore({
      ...{ replica: database.replica, bases: [second.id], target: { kind: 'latest' } },
      ...{
        dataDirectory: join(database.folder, 'port'),
        logFile: join(database.folder, 'port.log'),
        address: '127.0.0.1',
        port,
      },
    });

    expect((await failureOf(work)).message).to.contain(`port ${port} of 127.0.0.1 is taken`);
    await access(join(database.folder, 'port')).then(
      () => expect.fail('a folder was made'),
      () => undefined
    );
    expect(await freePort()).to.be.greaterThan(0);
  });
});
