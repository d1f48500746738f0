import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { serverStatus, stop } from '../postgresql/server';
import { stopDaemon } from './daemon';

/**
 * Stops all that runs in a site's folder: its application first, so that the last writes are shipped by the database's
 * own shutdown, then the database, then the rest.
 */
export async function stopSite(live: string): Promise<void> {
  const run = path.join(live, 'run');
  const pidFiles = (await filesIn(run)).filter((file) => file.endsWith('.pid'));
  const serving = ['load-balancer.pid', 'application.pid'];
  await Promise.all(serving.map((file) => stopDaemon(path.join(run, file))));
  const dataDirectory = path.join(live, 'database');
  if ((await serverStatus(dataDirectory)).state === 'running') {
    await stop({ dataDirectory, mode: 'fast' });
  }
  const others = pidFiles.filter((file) => !serving.includes(file));
  await Promise.all(others.map((file) => stopDaemon(path.join(run, file))));
}

/** A site on which nothing was ever started has no such folder. */
async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}
