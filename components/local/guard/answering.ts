import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { LocalConfig } from '../config';
import { serverStatus } from '../postgresql/status';
import { runningDaemon } from '../process/daemon';
import { acceptsTcp } from '../provider/process';

interface Place {
  readonly address: string;
  readonly port: number;
  /** Whether a stack of the same site runs what listens here. */
  readonly runsHere: (live: string) => Promise<boolean>;
}

/**
 * Places of a stack's site, `address:port`, at which something answers. Another stack of the same site (the one of a
 * failback) listens on the same ports: what is known to be its own is left out.
 */
export async function answeringPorts(config: LocalConfig, live: string): Promise<string[]> {
  const places = placesOf(config);
  const others = await otherStacks(live);
  const answers = await Promise.all(
    places.map(async (place) => {
      if (!(await acceptsTcp(place.address, place.port))) {
        return false;
      }
      const owners = await Promise.all(others.map(place.runsHere));
      return !owners.includes(true) || (await place.runsHere(live));
    })
  );
  return places.filter((_place, index) => answers[index]).map(({ address, port }) => `${address}:${port}`);
}

function placesOf({ site, traffic }: LocalConfig): Place[] {
  const daemon = (name: string) => async (live: string) =>
    (await runningDaemon(path.join(live, 'run', `${name}.pid`))) !== null;
  const database = async (live: string): Promise<boolean> => {
    const status = await serverStatus(path.join(live, 'database'));
    return status.state === 'running' && status.port === site.ports.database;
  };
  return [
    { address: site.address, port: traffic.port, runsHere: daemon('load-balancer') },
    { address: site.address, port: site.ports.database, runsHere: database },
    { address: '127.0.0.1', port: site.ports.application, runsHere: daemon('application') },
  ];
}

/** Folders of the other stacks at a site; none where the site is gone. */
async function otherStacks(live: string): Promise<string[]> {
  const root = path.dirname(live);
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(root, entry.name))
      .filter((folder) => folder !== live);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}
