import { execFile, spawn } from 'node:child_process';
import { open, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

const pidFileSchema = z.object({ pid: z.int(), group: z.int(), startTime: z.string() });
type Identity = z.infer<typeof pidFileSchema>;

export interface DaemonSpecification {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly pidFile: string;
}

/**
 * Starts a process that outlives this one and its parent, with no terminal, its output appended to `logFile`.
 *
 * The engine kills the direct children of a provider when it closes it, so the process is started by a shell that
 * exits at once: its parent is then init.
 */
export async function startDaemon(specification: DaemonSpecification): Promise<number> {
  const { command, folder, environment, logFile, pidFile } = specification;
  await mkdir(path.dirname(logFile), { recursive: true });
  await mkdir(path.dirname(pidFile), { recursive: true });
  const log = await open(logFile, 'a', 0o600);
  const script = '"$@" </dev/null & echo $! >&3';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', ...command], {
    cwd: folder,
    env: { ...environment },
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
  });
  const group = shell.pid;
  let printed = '';
  const pidPipe = shell.stdio[3];
  pidPipe?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    shell.once('error', reject);
    shell.once('exit', resolve);
  });
  await log.close();
  await until(() => printed.endsWith('\n') || exitCode !== 0, 2000);
  // The daemon inherits the pipe's other end: without this the handle would keep this process alive.
  pidPipe?.destroy();
  const pid = Number(printed.trim());
  if (exitCode !== 0 || group === undefined || !Number.isInteger(pid) || pid === 0) {
    throw new Error(`${command[0] ?? ''} could not be started (shell exit code ${exitCode ?? 'none'})`);
  }
  const startTime = await processStartTime(pid);
  const identity: Identity = { pid, group, startTime: startTime ?? 'ended' };
  await writeFile(pidFile, JSON.stringify(identity), { mode: 0o644 });
  return pid;
}

/** The process of a pid file if that very process is alive: a reused pid is not taken for it. */
export async function runningDaemon(pidFile: string): Promise<{ pid: number; group: number } | null> {
  const identity = await readIdentity(pidFile);
  if (identity === null) {
    return null;
  }
  const startTime = await processStartTime(identity.pid);
  return startTime !== null && startTime === identity.startTime ? identity : null;
}

/** Stops the process and its group: SIGTERM, then SIGKILL after `graceMilliseconds`. */
export async function stopDaemon(pidFile: string, graceMilliseconds = 10_000): Promise<void> {
  const daemon = await runningDaemon(pidFile);
  if (daemon !== null) {
    signalGroup(daemon.group, 'SIGTERM');
    const ended = await until(async () => (await runningDaemon(pidFile)) === null, graceMilliseconds);
    if (!ended) {
      signalGroup(daemon.group, 'SIGKILL');
      await until(async () => (await runningDaemon(pidFile)) === null, 5000);
    }
  }
  await rm(pidFile, { force: true });
}

export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}

/** Polls until the condition holds; false when it did not within the time. */
export async function until(condition: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    if (await condition()) {
      return true;
    }
    if (Date.now() >= deadline) {
      return false;
    }
    await sleep(20);
  }
}

async function readIdentity(pidFile: string): Promise<Identity | null> {
  try {
    return pidFileSchema.parse(JSON.parse(await readFile(pidFile, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

/** When a process started, in the system's own unit; null when there is none, or only a zombie of it. */
async function processStartTime(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    try {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8');
      // The command's name is in parentheses and may hold spaces: fields are counted after it.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? null : (fields[19] ?? null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESRCH') {
        return null;
      }
      throw error;
    }
  }
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() === '' ? null : stdout.trim();
  } catch {
    // ps exits with 1 when there is no such process.
    return null;
  }
}
