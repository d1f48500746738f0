import { readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { OperatorError } from '../../errors';
import { assertReachable, makeServerFolder } from './access';
import { findPostgresql, type Postgresql } from './binaries';
import { readCatalogue, replicaLayout } from './catalogue';
import { copyBase } from './copy-base';
import { syncFileSystem, writeWhole } from './durable';
import { removeRecoverySettings, replay, type Replay } from './replay';
import { type BasePlan, planBase, provesTime, type ReplicaView, type RestoreTarget } from './restore-plan';
import { RESTORE_MARKER } from './restore-state';
import { start, stop } from './server';
import { settingsText, type WalArchiving, writeSettings } from './settings';
import { fetchAhead } from './wal-ahead';
import { archivedWal } from './wal-archive';
import { parseLsn, segmentNumber } from './wal-segment';

export type { RestoreTarget } from './restore-plan';

export type RestoreProgress =
  | { readonly phase: 'copy'; readonly baseId: string; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly phase: 'replay'; readonly baseId: string; readonly lsn: string; readonly lastSegment: string };

export interface RestoreOptions {
  /** The folder with base backups, WAL archive and catalogue (`replicaLayout`). */
  readonly replica: string;
  /** Ids of base backups, the preferred first. */
  readonly bases: readonly string[];
  readonly target: RestoreTarget;
  /** Must not exist, be empty, or hold a restore that was interrupted. */
  readonly dataDirectory: string;
  /** Outside the data directory. */
  readonly logFile: string;
  readonly address: string;
  readonly port: number;
  /** Where the restored server archives its own WAL; without it the log is thrown away. */
  readonly archive?: WalArchiving;
  readonly onProgress?: (progress: RestoreProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Restored {
  readonly baseId: string;
  /** The base backups that were preferred and could not serve, and why. */
  readonly skipped: { id: string; reasons: string[] }[];
  readonly timings: {
    readonly copySeconds: number;
    readonly replaySeconds: number;
    /** From the end of the replay until all is on disk and the plain server is up. */
    readonly finishSeconds: number;
  };
  /** The last WAL record replayed, and the time of the last commit in what was replayed (null: none). */
  readonly replayedTo: { readonly lsn: string; readonly time: Date | null };
  readonly timeline: number;
  /** Why less was replayed than the archive holds: a missing or damaged segment. Null when nothing was left out. */
  readonly shortfall: string | null;
}

/**
 * Restores a database straight into place and leaves its server running, writable, and on disk.
 *
 * @throws OperatorError when the folder holds something else, the port is taken, no base backup can serve, the target
 *   lies beyond the archive, or the disk is full; the signal's reason. What it copied is removed then.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { dataDirectory, replica, bases } = options;
  // A wrong address is told before anything is copied.
  settingsText(options);
  const postgresql = await findPostgresql();
  await makeRoom(options);
  const wal = replicaLayout(replica).wal;
  const archive = await archivedWal(wal);
  await (archive.segmentBytes === null ? undefined : assertReachable(postgresql, wal, 'read'));
  await makeServerFolder(postgresql, dataDirectory, 0o700);
  await writeWhole(join(dataDirectory, RESTORE_MARKER), 'This folder is being restored; nothing in it is in use.\n');
  const view: ReplicaView = { replica, archive, entries: (await readCatalogue(replica)).entries, bases };
  const skipped: Restored['skipped'] = [];
  try {
    for (const id of bases) {
      const plan = await planBase(view, id, options.target);
      const outcome = 'reasons' in plan ? plan : await restoreBase(options, postgresql, view, plan);
      if (!('reasons' in outcome)) {
        return { ...outcome, skipped };
      }
      skipped.push({ id, reasons: [...outcome.reasons] });
      await clear(dataDirectory);
    }
    const problems = skipped.map(({ id, reasons }) => `${id}: ${reasons.slice(0, 5).join('; ')}`);
    const why = problems.join(' | ') || 'none was named';
    throw new OperatorError('recovery-failed', `No base backup in ${replica} can serve this restore: ${why}`, {
      hint: 'List what can be restored with medplum-dr recovery-points, or choose another target.',
      problems,
    });
  } catch (error) {
    await stop({ dataDirectory, mode: 'immediate' });
    // A copy that was under way may still write a file: what ended the restore is told, not that.
    await rm(dataDirectory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    throw error;
  }
}

async function restoreBase(
  options: RestoreOptions,
  postgresql: Postgresql,
  view: ReplicaView,
  plan: BasePlan
): Promise<Omit<Restored, 'skipped'> | { readonly reasons: readonly string[] }> {
  const { dataDirectory, logFile, onProgress, signal } = options;
  const owner = postgresql.runAs;
  const seconds = stopwatch();
  const endFetching = await fetchAhead({
    archive: view.archive.directory,
    segments: plan.wal.segments,
    dataDirectory,
    owner,
  });
  try {
    let bytesDone = 0;
    const copying = copyBase(plan, dataDirectory, {
      owner,
      signal,
      onBytes: (bytes) => {
        bytesDone += bytes;
        onProgress?.({ phase: 'copy', baseId: plan.id, bytesDone, bytesTotal: plan.sizeBytes });
      },
    });
    // The first call tells whether there will be a second, and starts writing early.
    const [reasons, canSync] = await Promise.all([copying, syncFileSystem(dataDirectory)]);
    if (reasons.length > 0) {
      return { reasons };
    }
    const copySeconds = seconds();
    await writeSettings(postgresql, dataDirectory, { address: options.address, port: options.port });
    const replayTo = (target: BasePlan['settings']): Promise<Replay> =>
      replay({
        ...{ postgresql, dataDirectory, logFile, target, signal, fsync: !canSync, archive: view.archive.directory },
        onLsn: (lsn) =>
          onProgress?.({ phase: 'replay', baseId: plan.id, lsn, lastSegment: plan.wal.segments.at(-1) ?? '' }),
      });
    let replayed = await replayTo(plan.settings);
    if (
      replayed.state === 'target-not-reached' &&
      options.target.kind === 'time' &&
      provesTime(view, plan, options.target.at)
    ) {
      // The archive goes on beyond that time with no commit in it: its end is the state of that time.
      replayed = await replayTo({ recovery_target_timeline: String(plan.wal.timeline) });
    }
    if (replayed.state === 'failed') {
      return { reasons: [`its replay failed: ${replayed.reason}`] };
    }
    if (replayed.state === 'target-not-reached') {
      throw beyondTheEnd(options, plan, replayed.time);
    }
    const replaySeconds = seconds();
    await endFetching();
    await settle(options, postgresql, canSync);
    return {
      baseId: plan.id,
      timings: { copySeconds, replaySeconds, finishSeconds: seconds() },
      replayedTo: { lsn: replayed.lsn, time: replayed.time },
      timeline: replayed.timeline,
      shortfall: options.target.kind === 'latest' ? shortfallOf(plan, replayed) : null,
    };
  } finally {
    await endFetching();
  }
}

/** A clean restart: nothing of the recovery's settings stays, and all that was written is on disk before it is used. */
async function settle(options: RestoreOptions, postgresql: Postgresql, canSync: boolean): Promise<void> {
  const { dataDirectory, logFile, address, port, archive } = options;
  await stop({ dataDirectory, mode: 'fast', timeoutSeconds: 600 });
  await removeRecoverySettings(dataDirectory);
  if (archive) {
    await makeServerFolder(postgresql, archive.directory, 0o700);
  }
  await writeSettings(postgresql, dataDirectory, { address, port, archive });
  if (canSync && !(await syncFileSystem(dataDirectory))) {
    throw new OperatorError('recovery-failed', `The restored files in ${dataDirectory} could not be written to disk`, {
      hint: 'Look for disk errors (dmesg), then run again.',
    });
  }
  await rm(join(dataDirectory, RESTORE_MARKER));
  await start({ dataDirectory, logFile });
}

function shortfallOf(
  plan: BasePlan,
  { lsn, time }: { readonly lsn: string; readonly time: Date | null }
): string | null {
  const lost = `what was committed after ${time?.toISOString() ?? 'the base backup'} is lost`;
  if (plan.wal.missing !== null) {
    return `segment ${plan.wal.missing} is missing from the WAL archive: nothing after it was replayed, and ${lost}`;
  }
  return segmentNumber(parseLsn(lsn), plan.segmentBytes) < plan.wal.lastNumber
    ? `the WAL archive is damaged after ${lsn}: nothing of it up to segment ${plan.wal.segments.at(-1) ?? ''} was replayed, and ${lost}`
    : null;
}

function beyondTheEnd({ target }: RestoreOptions, plan: BasePlan, time: Date | null): OperatorError {
  const wanted = target.kind === 'time' ? target.at.toISOString() : target.kind === 'name' ? target.name : target.kind;
  const last = time ? `its last commit is of ${time.toISOString()}` : 'it holds no commit';
  const gap = plan.wal.missing === null ? '' : `, because segment ${plan.wal.missing} is missing`;
  return new OperatorError('recovery-failed', `The WAL archive ends before ${wanted}: ${last}${gap}`, {
    hint: 'Restore to the latest recovery point, or to a time up to that commit.',
  });
}

/** Never overwrites: only an empty folder, or one that an interrupted restore left, is taken. */
async function makeRoom({ dataDirectory, address, port }: RestoreOptions): Promise<void> {
  const names: string[] = await readdir(dataDirectory).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return [];
    }
    throw error;
  });
  if (names.includes(RESTORE_MARKER)) {
    await stop({ dataDirectory, mode: 'immediate' });
    await rm(dataDirectory, { recursive: true, force: true });
  } else if (names.length > 0) {
    throw new OperatorError('preflight-failed', `${dataDirectory} is not empty: a restore does not overwrite it`, {
      hint: 'Choose another folder, or move this one away.',
    });
  }
  await new Promise<void>((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => {
      const place = `port ${port} of ${address}`;
      const options = { hint: 'Stop the program that listens there (ss -ltnp), or choose another port.', cause };
      reject(
        new OperatorError(
          'preflight-failed',
          `PostgreSQL cannot listen: ${place} is taken or not of this machine`,
          options
        )
      );
    });
    server.listen(port, address, () =>
      server.close(() => {
        resolve();
      })
    );
  });
}

async function clear(dataDirectory: string): Promise<void> {
  await stop({ dataDirectory, mode: 'immediate' });
  for (const name of await readdir(dataDirectory)) {
    if (name !== RESTORE_MARKER) {
      await rm(join(dataDirectory, name), { recursive: true, force: true });
    }
  }
}

function stopwatch(): () => number {
  let since = process.hrtime.bigint();
  return () => {
    const now = process.hrtime.bigint();
    const seconds = Number(now - since) / 1e9;
    since = now;
    return seconds;
  };
}
