import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** The system user that PostgreSQL runs as when this process is root. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end as the given user, with an environment that holds nothing of the caller's: no secrets, no
 * PG* variables. Whatever must not be seen in the process list goes through `stdin`.
 *
 * @throws the system error when the program cannot be started (ENOENT, EACCES).
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { runAs?: RunAs | undefined; stdin?: string; signal?: AbortSignal | undefined } = {}
): Promise<Finished> {
  const child = spawn(program, args, {
    // The caller's working folder may be closed to that user.
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.runAs ? { uid: options.runAs.uid, gid: options.runAs.gid } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program that ends without reading its input is judged by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
