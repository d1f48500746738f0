import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { serverStatus, stop } from '../postgresql/server';
import { runningDaemon, stopDaemon } from './daemon';

/**
 * Stops all that runs in a site's folder: its application first, so that the last writes are shipped by the database's
 * own shutdown, then the database, then the rest. A process of the site that calls this is left to end by itself.
 */
export async function stopSite(live: string): Promise<void> {
  const run = path.join(live, 'run');
  const pidFiles = (await filesIn(run)).filter((file) => file.endsWith('.pid'));
  const serving = ['load-balancer.pid', 'application.pid'];
  await Promise.all(serving.map((file) => stopOther(path.join(run, file))));
  const dataDirectory = path.join(live, 'database');
  if ((await serverStatus(dataDirectory)).state === 'running') {
    await stop({ dataDirectory, mode: 'fast' });
  }
  const others = pidFiles.filter((file) => !serving.includes(file));
  await Promise.all(others.map((file) => stopOther(path.join(run, file))));
}

async function stopOther(pidFile: string): Promise<void> {
  if ((await runningDaemon(pidFile))?.pid !== process.pid) {
    await stopDaemon(pidFile);
  }
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
