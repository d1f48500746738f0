import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { signalGroup, runningDaemon, until } from '../../components/local/process/daemon';
import { serverStatus } from '../../components/local/postgresql/server';

const run = promisify(execFile);

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Destroys a site as a fire would: every process of it with SIGKILL, then its folder. */
export async function destroySite(root: string): Promise<void> {
  await killProcessesOf(root);
  // A file may still be made while the folder goes: the kernel has not ended every process yet.
  await rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

/** Ends all processes that belong to the folder, by the pid files in it, with SIGKILL. */
export async function killProcessesOf(root: string): Promise<void> {
  const pidFiles = await filesNamed(root, (name) => name.endsWith('.pid') && name !== 'postmaster.pid');
  for (const pidFile of pidFiles) {
    const daemon = await runningDaemon(pidFile);
    if (daemon !== null) {
      signalGroup(daemon.group, 'SIGKILL');
    }
  }
  for (const postmaster of await filesNamed(root, (name) => name === 'postmaster.pid')) {
    const status = await serverStatus(path.dirname(postmaster));
    if (status.state === 'running') {
      await killTree(status.pid);
    }
  }
}

/**
 * Command lines of living processes that name the folder: what a drill must not leave behind. This process and those
 * that started it are no part of it, though the folder may be one of their arguments.
 */
export async function processesNaming(root: string): Promise<string[]> {
  const rows = await processes();
  const own = new Set<number>();
  for (let pid: number | undefined = process.pid; pid !== undefined && !own.has(pid);) {
    own.add(pid);
    pid = rows.find((row) => row.pid === pid)?.parent;
  }
  return rows
    .filter((row) => !own.has(row.pid) && row.command.includes(root))
    .map((row) => `${row.pid} ${row.command}`);
}

/** The parent first, so that it cannot start others for those that die. */
async function killTree(pid: number): Promise<void> {
  const rows = await processes();
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
    const alive = new Set((await processes()).map((row) => row.pid));
    return tree.every((member) => !alive.has(member));
  }, 5000);
}

async function processes(): Promise<ProcessRow[]> {
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

async function filesNamed(root: string, wanted: (name: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    let entries;
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return;
      }
      throw error;
    }
    for (const entry of entries) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory() && depth > 0) {
        await visit(full, depth - 1);
      } else if (entry.isFile() && wanted(entry.name)) {
        found.push(full);
      }
    }
  };
  await visit(root, 3);
  return found;
}
