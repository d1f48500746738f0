import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FenceResult } from '../../site-operations';
import type { LocalConfig } from '../config';
import { serverStatus, stop } from '../postgresql/server';
import { stopDaemon } from '../process/daemon';
import { acceptsTcp } from '../provider/process';
import { sitePresent } from '../provider/site';

/**
 * Stops a site from taking writes: its application first, so that the last writes are shipped by the database's own
 * shutdown, then the database, then the rest. A site whose folder is gone cannot be reached; it is fenced by being gone,
 * as long as nothing answers at its ports.
 */
export async function fenceSite(config: LocalConfig, live: string): Promise<FenceResult> {
  if (await sitePresent({ live })) {
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
  const answering = await answeringPorts(config);
  if (answering.length > 0) {
    return { state: 'still-writable', detail: `something still listens on ${answering.join(', ')}` };
  }
  return (await sitePresent({ live }))
    ? {
        state: 'fenced',
        detail: `application and database of ${config.site.name} stopped; nothing listens on its ports`,
      }
    : { state: 'unreachable', detail: `the folder of ${config.site.name} is gone and nothing listens on its ports` };
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

async function answeringPorts(config: LocalConfig): Promise<string[]> {
  const { site, traffic } = config;
  const places = [
    { address: site.address, port: traffic.port },
    { address: site.address, port: site.ports.database },
    { address: '127.0.0.1', port: site.ports.application },
  ];
  const answers = await Promise.all(places.map(({ address, port }) => acceptsTcp(address, port)));
  return places.filter((_place, index) => answers[index]).map(({ address, port }) => `${address}:${port}`);
}
