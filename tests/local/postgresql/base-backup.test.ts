import { expect } from 'chai';
import { execFile, spawn } from 'node:child_process';
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../../components/errors';
import { takeBaseBackup } from '../../../components/local/postgresql/base-backup';
import { readCatalogue } from '../../../components/local/postgresql/catalogue';
import { readManifest } from '../../../components/local/postgresql/manifest';
import { continuousWindow, listRecoveryPoints } from '../../../components/local/postgresql/recovery-points';
import { inspectBaseBackup, verifyBaseBackup } from '../../../components/local/postgresql/verification';
import { type DatabaseFixture, startDatabase, until } from './database-fixture';

const run = promisify(execFile);

async function newestVerifier(): Promise<string | null> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  for (const version of versions.sort().reverse()) {
    const program = join('/usr/lib/postgresql', version, 'bin', 'pg_verifybackup');
    if (await readFile(program).catch(() => null)) {
      return program;
    }
  }
  return null;
}

describe('local PostgreSQL: base backups', function () {
  this.timeout(120_000);
  let database: DatabaseFixture;
  let id: string;
  let path: string;

  before(async () => {
    database = await startDatabase();
    await database.query('create table thing as select n, md5(n::text) from generate_series(1, 200000) n');
    const backedUp = await database.backUp();
    expect(backedUp.damage).to.deep.equal([]);
    id = backedUp.id;
    path = join(database.replica, 'base', id);
  });

  after(() => database.remove());

  /** A copy of the backup to damage. */
  async function spoiled(change: (copy: string) => Promise<void>): Promise<string> {
    const copy = join(database.folder, 'spoiled');
    await rm(copy, { recursive: true, force: true });
    await cp(path, copy, { recursive: true });
    await change(copy);
    return copy;
  }

  async function largestFile(): Promise<string> {
    const { files } = await readManifest(path);
    return [...files].sort((a, b) => b.size - a.size)[0]!.path;
  }

  it("is accepted by PostgreSQL's own pg_verifybackup", async function () {
    const verifier = await newestVerifier();
    if (verifier === null) {
      console.log('      not checked: there is no /usr/lib/postgresql/*/bin/pg_verifybackup');
      this.skip();
    }
    const { stdout } = await run(verifier, ['-n', path]);

    expect(stdout).to.contain('backup successfully verified');
  });

  it('leaves out what belongs to the running server alone', async () => {
    const names = (await readManifest(path)).files.map((file) => file.path);

    expect(names).to.include.members(['backup_label', 'global/pg_control', 'conf.d/10-server.conf', 'PG_VERSION']);
    expect(
      names.filter((name) => /^postmaster|^pg_wal\/|^pg_notify\/|^pg_stat_tmp\/|pgsql_tmp/.test(name))
    ).to.deep.equal([]);
  });

  it('is found healthy, cheaply and fully', async () => {
    expect((await inspectBaseBackup(path)).state).to.equal('healthy');
    expect((await verifyBaseBackup(path)).state).to.equal('healthy');
  });

  it('is found damaged: a changed byte, a short file, a missing file, a changed manifest, none', async () => {
    const file = await largestFile();
    const changed = await spoiled(async (copy) => {
      const handle = await open(join(copy, file), 'r+');
      await handle.write(Buffer.from([0xff, 0x00, 0xff]), 0, 3, 12_345);
      await handle.close();
    });
    expect((await inspectBaseBackup(changed)).state).to.equal('healthy');
    expect(await verifyBaseBackup(changed)).to.deep.equal({
      state: 'damaged',
      reasons: [`${file} does not match its checksum`],
    });

    const short = await spoiled((copy) => truncate(join(copy, file), 8192));
    expect(await inspectBaseBackup(short)).to.have.property('state', 'damaged');
    expect(await inspectBaseBackup(short))
      .to.have.nested.property('reasons[0]')
      .that.contains('has 8192 bytes');

    const missing = await spoiled((copy) => rm(join(copy, file)));
    expect(await inspectBaseBackup(missing)).to.deep.equal({ state: 'damaged', reasons: [`${file} is missing`] });

    const forged = await spoiled(async (copy) => {
      const text = await readFile(join(copy, 'backup_manifest'), 'utf8');
      await writeFile(join(copy, 'backup_manifest'), text.replace('"Size":', '"Size": '));
    });
    expect(await inspectBaseBackup(forged)).to.deep.equal({
      ...{ state: 'damaged', reasons: ['backup_manifest does not match its own checksum'] },
    });

    const none = await spoiled((copy) => rm(join(copy, 'backup_manifest')));
    expect(await inspectBaseBackup(none))
      .to.have.nested.property('reasons[0]')
      .that.contains('backup_manifest cannot be read');
  });

  it('a full check that finds damage takes a backup out of the recovery points', async () => {
    const { id: bad } = await database.backUp();
    const catalogue = join(database.replica, 'recovery-points.jsonl');
    const verdict = {
      kind: 'verification',
      id: bad,
      time: new Date().toISOString(),
      state: 'damaged',
      reasons: ['a is bad'],
    };
    await appendFile(catalogue, `${JSON.stringify(verdict)}\n`);

    const { points } = await listRecoveryPoints(database.replica);

    expect(points.find((point) => point.id === bad)?.restorable)
      .to.have.property('reason')
      .that.contains('a is bad');
    expect(points.find((point) => point.id === id)).to.deep.include({ restorable: true, facts: { from: 'test' } });
    await rm(join(database.replica, 'base', bad), { recursive: true });
  });

  it('that was killed half-way is not taken for one, and the next one removes it', async () => {
    const destination = join(database.replica, 'base', 'half');
    const archive = { directory: join(database.folder, 'nowhere'), timeoutSeconds: 60 };
    const { connection, dataDirectory } = database;
    const backup = { connection, dataDirectory, destination, label: 'half', archive };
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', join(__dirname, 'half-made-backup.ts')], {
      env: { ...process.env, BACKUP: JSON.stringify(backup) },
      stdio: 'inherit',
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await until(
      'the copy is made',
      async () => (await readFile(`${destination}.partial/backup_manifest`).catch(() => null)) !== null
    );
    child.kill('SIGKILL');
    await exited;

    const ids = (await listRecoveryPoints(database.replica)).points.map((point) => point.id);
    expect(ids).not.to.include('half').and.not.include('half.partial');
    await database.backUp();
    expect(await readdir(join(database.replica, 'base'))).not.to.include('half.partial');
  });

  it('cannot be taken twice at once', async () => {
    const both = await Promise.allSettled([database.backUp(), database.backUp()]);

    expect(both.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
    const refused = both.find((each) => each.status === 'rejected');
    expect(refused?.reason).to.have.property('kind', 'locked');
  });

  it('says that WAL did not reach the archive, and leaves nothing', async () => {
    const destination = join(database.folder, 'unarchived');
    const { connection, dataDirectory } = database;
    const archive = { directory: join(database.folder, 'nowhere'), timeoutSeconds: 0.3 };
    const work = takeBaseBackup({ connection, dataDirectory, destination, label: 'x', archive });

    expect(
      await work.then(
        () => 'made',
        (error: unknown) => messageOf(error)
      )
    ).to.match(/WAL segment [0-9A-F]{24} did not reach/);
    expect(await readdir(database.folder)).not.to.include('unarchived.partial');
  });

  it('refuses a tablespace that lies elsewhere', async () => {
    const link = join(database.dataDirectory, 'pg_tblspc', '99999');
    await symlink('/elsewhere', link);
    try {
      const error = await database.backUp().then(
        () => null,
        (reason: unknown) => messageOf(reason)
      );
      expect(error).to.contain('99999').and.contain('/elsewhere');
    } finally {
      await rm(link);
    }
  });

  it('pruning keeps what the kept backups need, and nothing older', async () => {
    const old = await database.mark('old');
    await database.backUp(1);
    const newest = await database.backUp(1);
    const mark = await database.mark('new');
    await until('the mark is archived', async () => {
      const { points } = await listRecoveryPoints(database.replica);
      return points.find((point) => point.id === mark.id)?.restorable === true;
    });

    const { entries } = await readCatalogue(database.replica);
    expect(await readdir(join(database.replica, 'base'))).to.deep.equal([newest.id]);
    expect(entries.map((entry) => entry.id))
      .to.include(newest.id)
      .and.include(mark.id)
      .and.not.include(old.id)
      .and.not.include(id);
    expect((await continuousWindow(database.replica))?.baseId).to.equal(newest.id);
    const restored = await database.restoreTo('pruned', {
      bases: [newest.id],
      target: { kind: 'name', name: mark.id },
    });
    expect(await database.query('select count(*)::int as n from thing', restored.connection)).to.deep.equal([
      { n: 200_000 },
    ]);
  });

  it('a mark after a torn line is whole, and so are those before', async () => {
    const before = (await readCatalogue(database.replica)).entries.length;
    await appendFile(join(database.replica, 'recovery-points.jsonl'), '{"kind":"restore-po');
    expect(await readCatalogue(database.replica)).to.deep.include({ damagedLines: 0 });

    const mark = await database.mark();

    const { entries, damagedLines } = await readCatalogue(database.replica);
    expect([entries.length, damagedLines]).to.deep.equal([before + 1, 0]);
    expect(entries.at(-1)).to.deep.include({ kind: 'restore-point', id: mark.id, facts: 'a mark' });
    await mkdir(join(database.folder, 'empty'));
    await chmod(join(database.folder, 'empty'), 0o755);
    expect(await listRecoveryPoints(join(database.folder, 'empty'))).to.deep.equal({
      points: [],
      window: null,
      damagedLines: 0,
    });
  });
});
