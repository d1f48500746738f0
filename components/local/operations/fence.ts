import type { FenceResult } from '../../site-operations';
import type { LocalConfig } from '../config';
import { stopSite } from '../process/stop-site';
import { acceptsTcp } from '../provider/process';
import { sitePresent } from '../provider/site';

/**
 * Stops a site from taking writes. A site whose folder is gone cannot be reached; it is fenced by being gone,
 * as long as nothing answers at its ports.
 */
export async function fenceSite(config: LocalConfig, live: string): Promise<FenceResult> {
  if (await sitePresent({ live })) {
    await stopSite(live);
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
