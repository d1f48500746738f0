import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { until } from '../../components/local/process/daemon';

const run = promisify(execFile);

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The parent first, so that it cannot start others for those that die. */
export async function killTree(pid: number): Promise<void> {
  const rows = await processTable();
  const tree = [pid];
  for (const member of tree) {
    tree.push(...rows.filter((row) => row.parent === member).map((row) => row.pid));
  }
  for (const member of tree) {
    try {
      process.kill(member, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error;
      }
    }
  }
  await until(async () => {
    const alive = new Set((await processTable()).map((row) => row.pid));
    return tree.every((member) => !alive.has(member));
  }, 5000);
}

/** All processes of this machine; zombies are none. */
export async function processTable(): Promise<ProcessRow[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,args='], { maxBuffer: 64 * 1024 * 1024 });
    return stdout.split('\n').flatMap((line) => {
      const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
      return match === null ? [] : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? '' }];
    });
  }
  const rows: ProcessRow[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) {
      continue;
    }
    try {
      const stat = await readFile(`/proc/${entry}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = (await readFile(`/proc/${entry}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      if (fields[0] !== 'Z') {
        rows.push({ pid: Number(entry), parent: Number(fields[1]), command });
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ESRCH') {
        throw error;
      }
      // It ended while the list was read.
    }
  }
  return rows;
}
