import { readFile, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './process';

/** What a data directory's server is doing. `ready`: it accepts connections. */
export type ServerStatus =
  | {
      readonly state: 'running';
      readonly pid: number;
      readonly port: number;
      readonly address: string;
      readonly startedAt: Date;
      readonly ready: boolean;
    }
  | { readonly state: 'stopped' }
  | { readonly state: 'missing' };

/**
 * Asks the system, not the file: a pid in `postmaster.pid` counts only when it is a live server of this very
 * directory.
 */
export async function serverStatus(dataDirectory: string): Promise<ServerStatus> {
  const exists = await stat(join(dataDirectory, 'PG_VERSION')).then(
    () => true,
    (error: unknown) => notThere(error)
  );
  if (!exists) {
    return { state: 'missing' };
  }
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch((error: unknown) => {
    notThere(error);
    return '';
  });
  const [pid, , startedAt, port, , address, , status] = text.split('\n');
  if (!pid || !(await isServerOf(Number(pid), dataDirectory))) {
    return { state: 'stopped' };
  }
  return {
    state: 'running',
    pid: Number(pid),
    port: Number(port),
    address: address ?? '',
    startedAt: new Date(Number(startedAt) * 1000),
    ready: status?.trim() === 'ready',
  };
}

async function isServerOf(pid: number, dataDirectory: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) {
    return false;
  }
  const directory = await realpath(dataDirectory);
  if (process.platform === 'linux') {
    // A server works in its data directory; a zombie has no working folder, another user's process hides it.
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return folder === directory && name.trim() === 'postgres';
  }
  const { stdout } = await runProgram('ps', ['-o', 'command=', '-p', String(pid)]);
  return stdout.includes('postgres') && (stdout.includes(dataDirectory) || stdout.includes(directory));
}

/** False for a file that does not exist; anything else is thrown on. */
function notThere(error: unknown): false {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
    return false;
  }
  throw error;
}
