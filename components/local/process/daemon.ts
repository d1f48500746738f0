import { execFile, spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { readIfThere } from '../../read-if-there';

const run = promisify(execFile);

const pidFileSchema = z.object({ pid: z.int(), group: z.int(), startTime: z.string() });
type Identity = z.infer<typeof pidFileSchema>;

/** `$1` is `BECOME`, which runs as a child that outlives this shell; its id goes to the third stream. */
const LAUNCH = 'become=$1; shift; /bin/sh -c "$become" sh $$ "$@" </dev/null 3>&- & echo $! >&3';

/** Writes who it is, the same when it is the command, under the file's name at once, and becomes the command. */
const BECOME = `group=$1 file=$2; shift 2
  ${process.platform === 'linux' ? 'start=$(cut -d " " -f 22 /proc/$$/stat)' : 'start=$(ps -o lstart= -p $$)'}
  printf '{"pid":%s,"group":%s,"startTime":"%s"}' $$ "$group" "$start" >"$file.$$" && mv "$file.$$" "$file" && exec "$@"`;

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
 * exits at once: its parent is then init. The process writes its own pid file before it becomes the command: whoever
 * calls this may be killed at any time, and what runs must be found and stopped even then.
 */
export async function startDaemon(specification: DaemonSpecification): Promise<number> {
  const { command, folder, environment, logFile, pidFile } = specification;
  await mkdir(path.dirname(logFile), { recursive: true });
  await mkdir(path.dirname(pidFile), { recursive: true });
  const log = await open(logFile, 'a', 0o600);
  const shell = spawn('/bin/sh', ['-c', LAUNCH, 'sh', BECOME, pidFile, ...command], {
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
    shell.once('error', (error) => {
      // A working folder that is not there shows as the shell not being there.
      reject(new Error(`${command[0] ?? ''} could not be started in ${folder}: ${error.message}`));
    });
    shell.once('exit', resolve);
  }).finally(() => log.close());
  await until(() => printed.endsWith('\n') || exitCode !== 0, 2000);
  pidPipe?.destroy();
  const pid = Number(printed.trim());
  if (exitCode !== 0 || group === undefined || !Number.isInteger(pid) || pid === 0) {
    throw new Error(`${command[0] ?? ''} could not be started (shell exit code ${exitCode ?? 'none'})`);
  }
  if (!(await until(async () => (await readIdentity(pidFile))?.pid === pid, 5000))) {
    throw new Error(`${command[0] ?? ''} could not be started: ${pidFile} was not written`);
  }
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

/**
 * Stops the process and its group: SIGTERM, then SIGKILL after `graceMilliseconds`. A shell that runs a server may end
 * long before it: all of the group are waited for.
 * @throws when one of them is still there 5 s after SIGKILL.
 */
export async function stopDaemon(pidFile: string, graceMilliseconds = 10_000): Promise<void> {
  const daemon = await runningDaemon(pidFile);
  if (daemon !== null) {
    const { pid, group } = daemon;
    signalGroup(group, 'SIGTERM');
    if (!(await until(() => groupEnded(group), graceMilliseconds))) {
      signalGroup(group, 'SIGKILL');
      if (!(await until(() => groupEnded(group), 5000))) {
        throw new Error(`process ${pid} or one that it started (group ${group}) does not end, even by SIGKILL`);
      }
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

/** Whether no process of the group is left, zombies aside: nobody may be there to reap those. */
async function groupEnded(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') {
      return true;
    }
    throw error;
  }
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-A', '-o', 'pgid=,stat=']);
    return !stdout.split('\n').some((line) => new RegExp(`^\\s*${group}\\s+[^Z\\s]`).test(line));
  }
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const members = await Promise.all(pids.map((pid) => processFields(Number(pid))));
  return !members.some((fields) => fields !== null && fields[2] === String(group) && fields[0] !== 'Z');
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
  const text = await readIfThere(pidFile);
  return text === null ? null : pidFileSchema.parse(JSON.parse(text));
}

/** When a process started, in the system's own unit; null when there is none, or only a zombie of it. */
async function processStartTime(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    const fields = await processFields(pid);
    return fields === null || fields[0] === 'Z' ? null : (fields[19] ?? null);
  }
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() === '' ? null : stdout.trim();
  } catch {
    // ps exits with 1 when there is no such process.
    return null;
  }
}

/** The fields of `/proc/<pid>/stat` after the command's name, from the state on; null when there is no such process. */
async function processFields(pid: number): Promise<string[] | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name is in parentheses and may itself hold spaces and parentheses.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') {
      return null;
    }
    throw error;
  }
}
