import path from 'node:path';
import { stopDaemon } from '../process/daemon';

/** Ends what writes at a site, clients' way in first. Its database and what ships its log and objects go on. */
export async function stopApplication(live: string): Promise<void> {
  for (const name of ['load-balancer', 'application']) {
    await stopDaemon(path.join(live, 'run', `${name}.pid`));
  }
}
