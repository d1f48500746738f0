import { chmod, chown, rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Postgresql } from './binaries';
import { machineFailure } from './failures';
import { runProgram } from './process';
import { lastLines, logSince, prepareLog, redoPosition } from './server-log';
import { formatSettings, RECOVERY_FILE } from './settings';
import { serverStatus } from './status';
import { AHEAD_FOLDER, restoreCommand } from './wal-ahead';

/** How a replay ended. `lsn` is the last record that was replayed, `time` the last commit's. */
export type Replay =
  | { readonly state: 'promoted'; readonly lsn: string; readonly time: Date | null; readonly timeline: number }
  | { readonly state: 'target-not-reached'; readonly lsn: string; readonly time: Date | null }
  | { readonly state: 'failed'; readonly reason: string };

const RECOVERY_ACCESS_FILE = 'medplum-dr-recovery-hba.conf';
const SIGNAL_FILE = 'recovery.signal';

/**
 * Starts the server on a copied base backup and waits until it has replayed WAL to the target and may be written to.
 * Nobody can log in meanwhile.
 *
 * @throws OperatorError for a taken port or a full disk; the signal's reason. The server may then still run.
 */
export async function replay(options: {
  readonly postgresql: Postgresql;
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly archive: string;
  readonly target: Readonly<Record<string, string | number | boolean>>;
  /** Without it the caller makes the result durable, once, when all is replayed. */
  readonly fsync: boolean;
  readonly onLsn?: ((lsn: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}): Promise<Replay> {
  const { postgresql, dataDirectory, logFile, archive, target, fsync, signal } = options;
  const write = async (name: string, text: string): Promise<void> => {
    const path = join(dataDirectory, name);
    await writeFile(path, text);
    await chmod(path, 0o600);
    await (postgresql.runAs ? chown(path, postgresql.runAs.uid, postgresql.runAs.gid) : undefined);
  };
  await write(RECOVERY_ACCESS_FILE, 'host all all all reject\n');
  await write(
    RECOVERY_FILE,
    formatSettings({
      ...recoverySettings(join(dataDirectory, RECOVERY_ACCESS_FILE), fsync),
      restore_command: restoreCommand(archive),
      ...target,
    })
  );
  await write(SIGNAL_FILE, '');
  const offset = await prepareLog(postgresql, logFile);
  const args = ['start', '-w', '-t', '864000', '-D', dataDirectory, '-l', logFile];
  const watching = new AbortController();
  const watch = watchLsn(logFile, offset, options.onLsn, watching.signal);
  const isReady = await runProgram(postgresql.pgCtl, args, { runAs: postgresql.runAs, signal })
    .then(({ code }) => code === 0 && untilReady(dataDirectory, signal))
    .finally(() => {
      watching.abort();
    });
  await watch;
  const log = await logSince(logFile, offset);
  const lsn = /redo done at ([0-9A-F]+\/[0-9A-F]+)/.exec(log)?.[1] ?? '0/0';
  const commit = /last completed transaction was at log time (.+)/.exec(log)?.[1];
  const time = commit === undefined ? null : new Date(commit.trim());
  const timeline = Number(/selected new timeline ID: (\d+)/.exec(log)?.[1]);
  if (isReady && timeline > 0 && log.includes('archive recovery complete')) {
    return { state: 'promoted', lsn, time, timeline };
  }
  if (log.includes('recovery ended before configured recovery target was reached')) {
    return { state: 'target-not-reached', lsn, time };
  }
  const failure = await machineFailure(dataDirectory, log);
  if (failure) {
    throw failure;
  }
  const fatal = log.split('\n').filter((line) => /FATAL|PANIC|ERROR/.test(line));
  return { state: 'failed', reason: lastLines(fatal.join('\n') || log, 3) };
}

/** `pg_ctl` is content as soon as the replay begins: true once it is over, false when the server ended. */
async function untilReady(dataDirectory: string, signal: AbortSignal | undefined): Promise<boolean> {
  for (;;) {
    const status = await serverStatus(dataDirectory);
    if (status.state !== 'running' || status.ready) {
      return status.state === 'running';
    }
    await delay(25, undefined, signal ? { signal } : {});
  }
}

/** Removes all that made the server replay, so that its next start is a plain one. */
export async function removeRecoverySettings(dataDirectory: string): Promise<void> {
  for (const name of [RECOVERY_FILE, RECOVERY_ACCESS_FILE, SIGNAL_FILE, AHEAD_FOLDER]) {
    await rm(join(dataDirectory, name), { recursive: true, force: true });
  }
}

function recoverySettings(accessFile: string, fsync: boolean): Record<string, string | number | boolean> {
  const megabytes = Math.min(1024, Math.max(256, Math.floor(totalmem() / 8 / 2 ** 20)));
  return {
    hba_file: accessFile,
    hot_standby: false,
    archive_mode: 'off',
    recovery_target_action: 'promote',
    fsync,
    // One call for a whole file system instead of one for each file.
    ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    shared_buffers: `${megabytes}MB`,
    // No checkpoint before the one at the end.
    checkpoint_timeout: '1h',
    max_wal_size: '8GB',
    autovacuum: false,
    log_startup_progress_interval: '500ms',
  };
}

/** Tells where the replay is, from the server's own progress lines. */
async function watchLsn(
  logFile: string,
  offset: number,
  tell: ((lsn: string) => void) | undefined,
  ended: AbortSignal
): Promise<void> {
  let from = offset;
  while (tell && !ended.aborted) {
    const text = await logSince(logFile, from);
    from += Buffer.byteLength(text);
    const lsn = redoPosition(text);
    if (lsn !== null) {
      tell(lsn);
    }
    await delay(200, undefined, { signal: ended }).catch(() => undefined);
  }
}
