import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError } from '../../errors';
import type { Remains } from '../../site-operations';
import type { LocalSite, SiteFolders } from '../config';
import { folderSize } from '../folder-size';
import { serverStatus } from '../postgresql/status';
import { runningDaemon } from '../process/daemon';

export interface RemainsContext {
  readonly stack: string;
  readonly site: LocalSite;
  readonly folders: SiteFolders;
  /** Its copies at the other site; null where nothing protected it. */
  readonly protectedAt: { readonly site: LocalSite; readonly replica: string } | null;
}

/** What is left of a stack at its site, and of its copies at the other one. */
export async function remains({ stack, site, folders, protectedAt }: RemainsContext): Promise<Remains[]> {
  const found: Remains[] = [];
  const live = await folderSize(folders.live);
  if (live !== null) {
    found.push({
      what: `folder of ${stack} at ${site.name} with its database and objects: ${folders.live}`,
      sizeBytes: live,
    });
    found.push(...(await processesIn(folders.live)).map((what) => ({ what, sizeBytes: null })));
  }
  const copies = protectedAt === null ? null : await folderSize(protectedAt.replica);
  if (protectedAt !== null && copies !== null) {
    found.push({
      what: `backups, log, objects and secrets of ${stack} at ${protectedAt.site.name}: ${protectedAt.replica}`,
      sizeBytes: copies,
    });
  }
  return found;
}

/**
 * Removes the copies of a stack at the other site.
 * @throws OperatorError while the stack's database runs: these are its backups then.
 */
export async function removeCopies({ stack, folders, protectedAt }: RemainsContext): Promise<void> {
  if (protectedAt === null) {
    return;
  }
  if ((await serverStatus(path.join(folders.live, 'database'))).state === 'running') {
    throw new OperatorError('bad-input', `The database of ${stack} runs, and ${protectedAt.replica} protects it.`, {
      hint: 'Only what a site left that no longer serves can be removed.',
    });
  }
  await rm(protectedAt.replica, { recursive: true, force: true });
}

async function processesIn(live: string): Promise<string[]> {
  const run = path.join(live, 'run');
  const names = await readdir(run).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  });
  const found: string[] = [];
  for (const name of names.filter((each) => each.endsWith('.pid')).sort()) {
    const daemon = await runningDaemon(path.join(run, name));
    if (daemon !== null) {
      found.push(`process ${path.basename(name, '.pid')} (pid ${daemon.pid}) that runs in ${live}`);
    }
  }
  const database = await serverStatus(path.join(live, 'database'));
  return database.state === 'running' ? [...found, `PostgreSQL (pid ${database.pid}) that runs in ${live}`] : found;
}
