import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../../errors';
import { assertReachable, makeServerFolder } from './access';
import { findPostgresql } from './binaries';
import { runProgram } from './process';
import { startFailure } from './failures';
import { logSince, prepareLog } from './server-log';
import { readSettings, type ServerSettings, settingsText, writeSettings } from './settings';
import { serverStatus } from './status';

export { initialise } from './initialise';
export { serverStatus } from './status';

const RELOADABLE = /^(archive_timeout|archive_library|archive_command|basic_archive\.archive_directory) = /;

/** What PostgreSQL leaves between two starts of its archiver, in whole seconds (PGARCH_RESTART_INTERVAL), and one more. */
const ARCHIVER_REST_MILLISECONDS = 11_000;

export interface StartOptions {
  readonly dataDirectory: string;
  /** Outside the data directory, so that no backup takes it. */
  readonly logFile: string;
  /** How long it may take until it accepts connections, crash recovery included. Default 120 s. */
  readonly timeoutSeconds?: number;
}

/**
 * Starts the server of a data directory, or finds it started, and waits until it accepts connections. It outlives this
 * process and holds none of its files.
 *
 * @throws OperatorError when it does not come up: a taken port, a full disk, else the end of its log.
 */
export async function start({ dataDirectory, logFile, timeoutSeconds = 120 }: StartOptions): Promise<void> {
  const postgresql = await findPostgresql();
  await assertReachable(postgresql, dataDirectory, 'write');
  const offset = await prepareLog(postgresql, logFile);
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (let from = offset; ;) {
    const status = await serverStatus(dataDirectory);
    if (status.state === 'running' && status.ready) {
      return;
    }
    const args =
      status.state === 'running'
        ? ['status', '-D', dataDirectory]
        : ['start', '-w', '-t', String(timeoutSeconds), '-D', dataDirectory, '-l', logFile];
    const { code } = await runProgram(postgresql.pgCtl, args, { runAs: postgresql.runAs });
    const after = await serverStatus(dataDirectory);
    if (after.state === 'running' && after.ready) {
      return;
    }
    const log = await logSince(logFile, from);
    // The processes of a killed server need a moment to notice that it is gone.
    const isLeftover = log.includes('pre-existing shared memory block');
    if (Date.now() > deadline || (code !== 0 && !isLeftover)) {
      throw await startFailure(dataDirectory, log);
    }
    from += Buffer.byteLength(log);
    await delay(100);
  }
}

/**
 * Stops the server of a data directory; one that is not running is stopped already. `fast` ends sessions and writes a
 * checkpoint, `immediate` is a crash without the data loss: the next start replays WAL.
 *
 * @throws OperatorError when it is still there after `timeoutSeconds` (default 60).
 */
export async function stop(options: {
  readonly dataDirectory: string;
  readonly mode: 'fast' | 'immediate';
  readonly timeoutSeconds?: number;
}): Promise<void> {
  const { dataDirectory, mode, timeoutSeconds = 60 } = options;
  if ((await serverStatus(dataDirectory)).state !== 'running') {
    return;
  }
  const postgresql = await findPostgresql();
  const args = ['stop', '-w', '-m', mode, '-t', String(timeoutSeconds), '-D', dataDirectory];
  const { stderr } = await runProgram(postgresql.pgCtl, args, { runAs: postgresql.runAs });
  const after = await serverStatus(dataDirectory);
  if (after.state === 'running') {
    throw new OperatorError(
      'recovery-failed',
      `PostgreSQL in ${dataDirectory} (pid ${after.pid}) did not stop: ${stderr.trim()}`,
      {
        hint: 'Stop it with mode immediate; the next start replays its WAL.',
      }
    );
  }
}

/** Whether these settings are not what a server has, in what it takes only by a restart (address, port). */
export async function needsRestart(options: ServerSettings & { readonly dataDirectory: string }): Promise<boolean> {
  return lasting(await readSettings(options.dataDirectory)) !== lasting(settingsText(options));
}

/**
 * Gives a server other settings. A running one takes what it can at once, a new archive among it.
 *
 * @returns whether the rest (address, port) waits for a restart.
 */
export async function reconfigure(
  options: ServerSettings & { readonly dataDirectory: string }
): Promise<{ restartRequired: boolean }> {
  const { dataDirectory, archive } = options;
  const postgresql = await findPostgresql();
  const restartRequired = await needsRestart(options);
  if (archive) {
    await makeServerFolder(postgresql, archive.directory, 0o700);
  }
  const before = await readSettings(dataDirectory);
  const changesArchiver = before.includes("archive_library = ''") === Boolean(archive);
  if (before !== settingsText(options)) {
    await writeSettings(postgresql, dataDirectory, options);
  }
  if ((await serverStatus(dataDirectory)).state !== 'running') {
    return { restartRequired: false };
  }
  if (changesArchiver) {
    await untilArchiverMayRestart(dataDirectory);
  }
  // Also when the file is right: whoever wrote it may have been killed before the server was told.
  const { code, stderr } = await runProgram(postgresql.pgCtl, ['reload', '-D', dataDirectory], {
    runAs: postgresql.runAs,
  });
  if (code !== 0) {
    throw new OperatorError('recovery-failed', `PostgreSQL in ${dataDirectory} was not reloaded: ${stderr.trim()}`, {
      hint: 'Its new settings are written: reload or restart it.',
    });
  }
  return { restartRequired };
}

/**
 * A new archive library ends the archiver, which PostgreSQL (16) starts again at once when it is 10 s old, else only when
 * something wakes the server, which may be a minute later. The pid file is written last when the server becomes ready.
 */
async function untilArchiverMayRestart(dataDirectory: string): Promise<void> {
  const { mtimeMs } = await stat(join(dataDirectory, 'postmaster.pid'));
  await delay(Math.max(0, mtimeMs + ARCHIVER_REST_MILLISECONDS - Date.now()));
}

function lasting(settings: string): string {
  return settings
    .split('\n')
    .filter((line) => !RELOADABLE.test(line))
    .join('\n');
}
