import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { CONTROL_FILE, filesToBackUp, STANDARD_FOLDERS } from './data-files';
import { syncFileSystem, syncFolder } from './durable';
import { diskFull } from './failures';
import { readFiles } from './file-pool';
import { formatManifest, MANIFEST_NAME, type ManifestFile } from './manifest';
import { archiveHistory } from './timeline-history';
import { waitForSegment } from './wal-arrival';
import { lastSegmentNumber, parseLsn, segmentName } from './wal-segment';

export interface BaseBackupOptions {
  /** A session of a role that may call pg_backup_start (see `initialise`). */
  readonly connection: pg.ClientConfig;
  readonly dataDirectory: string;
  /** The folder to make; while it is made it is named `<destination>.partial`. */
  readonly destination: string;
  readonly label: string;
  /** The folder that the server archives WAL to, and how long the last segment may take to get there (default 60 s). */
  readonly archive: { readonly directory: string; readonly timeoutSeconds?: number };
  readonly parallelism?: number;
  readonly onProgress?: (progress: { readonly bytesDone: number; readonly bytesTotal: number }) => void;
  readonly signal?: AbortSignal;
}

/** A base backup that is complete and on disk. Times are the database's clock. */
export interface BaseBackup {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly timeline: number;
  readonly startLsn: bigint;
  /** A restore must replay at least up to here. */
  readonly stopLsn: bigint;
  readonly sizeBytes: number;
}

/**
 * Copies a running server's files (PostgreSQL's low-level backup API on one held session), each hashed as it is
 * written, with the manifest that `pg_verifybackup` reads.
 *
 * @throws OperatorError for a tablespace elsewhere, a full disk, WAL that does not reach the archive; the signal's
 *   reason. Nothing named `destination` is there then.
 */
export async function takeBaseBackup(options: BaseBackupOptions): Promise<BaseBackup> {
  const partial = `${options.destination}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(dirname(options.destination), { recursive: true, mode: 0o755 });
  await mkdir(partial, { mode: 0o700 });
  const client = new pg.Client(options.connection);
  // A lost session ends the backup by the failure of its next query.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const started = await one(
      client,
      'select clock_timestamp() as time, pg_backup_start($1, fast => true)::text as lsn',
      [options.label]
    );
    const files = await copyFiles(options, partial);
    const stopped = await one(
      client,
      `select lsn::text, labelfile, spcmapfile, pg_size_bytes(current_setting('wal_segment_size')) as segment,
         clock_timestamp() as time from pg_backup_stop(wait_for_archive => false)`,
      []
    );
    options.signal?.throwIfAborted();
    const endedAt = stopped['time'] as Date;
    const label = String(stopped['labelfile']);
    files.push(await writeFile(partial, 'backup_label', label, endedAt));
    const tablespaces = stopped['spcmapfile'];
    if (typeof tablespaces === 'string' && tablespaces !== '') {
      files.push(await writeFile(partial, 'tablespace_map', tablespaces, endedAt));
    }
    const startLsn = parseLsn(String(started['lsn']));
    const stopLsn = parseLsn(String(stopped['lsn']));
    const timeline = Number(/^START TIMELINE: (\d+)$/m.exec(label)?.[1]);
    await writeFile(partial, MANIFEST_NAME, formatManifest({ files, timeline, startLsn, stopLsn }), endedAt);
    await makeDurable(partial, files);
    const segmentBytes = Number(stopped['segment']);
    const last = segmentName({ timeline, number: lastSegmentNumber(stopLsn, segmentBytes) }, segmentBytes);
    // Without the WAL up to its end a base backup cannot be restored, nor without the history of its timeline.
    await waitForSegment(client, { ...options.archive, signal: options.signal }, last);
    await archiveHistory(options.dataDirectory, options.archive.directory, timeline);
    await rename(partial, options.destination);
    await syncFolder(dirname(options.destination));
    const sizeBytes = files.reduce((sum, { size }) => sum + size, 0);
    return { startedAt: started['time'] as Date, endedAt, timeline, startLsn, stopLsn, sizeBytes };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error instanceof Error && 'code' in error && error.code === 'ENOSPC' ? diskFull(partial, error) : error;
  } finally {
    // Ending the session ends the server's backup mode, if it is still in it.
    await client.end().catch(() => undefined);
  }
}

async function one(client: pg.Client, sql: string, values: unknown[]): Promise<Record<string, unknown>> {
  const { rows } = await client.query<Record<string, unknown>>(sql, values);
  if (!rows[0]) {
    throw new Error('PostgreSQL answered a backup command with nothing');
  }
  return rows[0];
}

async function copyFiles(options: BaseBackupOptions, partial: string): Promise<ManifestFile[]> {
  const { dataDirectory } = options;
  const found = await filesToBackUp(dataDirectory);
  const folders = new Set([...STANDARD_FOLDERS, ...found.map(({ path }) => dirname(path))]);
  for (const folder of [...folders].sort()) {
    await mkdir(join(partial, folder), { recursive: true, mode: 0o700 });
  }
  const bytesTotal = found.reduce((sum, { size }) => sum + size, 0);
  let bytesDone = 0;
  const files: ManifestFile[] = [];
  const tasks = found.map(({ path, size }) => ({
    path,
    size,
    source: join(dataDirectory, path),
    destination: join(partial, path),
    owner: null,
    live: true,
  }));
  await readFiles(tasks, {
    parallelism: options.parallelism,
    signal: options.signal,
    onBytes: (bytes) => {
      bytesDone += bytes;
      options.onProgress?.({ bytesDone, bytesTotal });
    },
    onOutcome: (outcome) => {
      if (outcome.state === 'failed') {
        throw Object.assign(new Error(`${outcome.path}: ${outcome.message}`), { code: outcome.code });
      }
      // A file that vanished belonged to a table dropped meanwhile: replay drops it too.
      if (outcome.state === 'read') {
        files.push({ path: outcome.path, size: outcome.size, sha256: outcome.sha256, modified: outcome.modified });
      }
    },
  });
  const control = await stableContent(join(dataDirectory, CONTROL_FILE));
  files.push(await writeFile(partial, CONTROL_FILE, control, new Date()));
  return files;
}

/** A read that meets the server's write may be torn: two that agree are not. */
async function stableContent(path: string): Promise<Buffer> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const [first, second] = [await readFile(path), await readFile(path)];
    if (first.equals(second)) {
      return first;
    }
  }
  throw new Error(`${path} does not stop changing`);
}

async function writeFile(
  folder: string,
  path: string,
  content: string | Buffer,
  modified: Date
): Promise<ManifestFile> {
  const bytes = Buffer.from(content);
  const handle = await open(join(folder, path), 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, size: bytes.length, sha256, modified: modified.getTime() };
}

async function makeDurable(partial: string, files: readonly ManifestFile[]): Promise<void> {
  if (await syncFileSystem(partial)) {
    return;
  }
  for (const { path } of files) {
    const handle = await open(join(partial, path), 'r+');
    await handle.sync().finally(() => handle.close());
  }
  for (const folder of new Set(['.', ...STANDARD_FOLDERS, ...files.map(({ path }) => dirname(path))])) {
    await syncFolder(join(partial, folder));
  }
}
