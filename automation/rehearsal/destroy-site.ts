import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { signalGroup, runningDaemon } from '../../components/local/process/daemon';
import { serverStatus } from '../../components/local/postgresql/server';
import { killTree, processTable } from '../engine/process-table';

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
  const rows = await processTable();
  const own = new Set<number>();
  for (let pid: number | undefined = process.pid; pid !== undefined && !own.has(pid);) {
    own.add(pid);
    pid = rows.find((row) => row.pid === pid)?.parent;
  }
  return rows
    .filter((row) => !own.has(row.pid) && row.command.includes(root))
    .map((row) => `${row.pid} ${row.command}`);
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
