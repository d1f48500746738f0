import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../../errors';
import type { SiteFolders } from '../config';
import { replicationOf } from '../object-storage';
import { runningDaemon } from '../process/daemon';
import { replicateOnce, syncedAt } from '../replication/round';

const SECONDS = 600;

/**
 * Has all objects of a stopped site copied to the replica: by the replication, which is asked for a whole round that
 * begins after the stop, or by a round made here where the replication does not run.
 *
 * @throws OperatorError when there is no such round in 10 minutes; the signal's reason.
 */
export async function shipObjects(
  context: { readonly folders: SiteFolders; readonly replica: string; readonly stoppedAt: Date },
  wait: { readonly waiting: (what: string) => void; readonly signal: AbortSignal }
): Promise<void> {
  const { folders, replica, stoppedAt } = context;
  const settings = replicationOf(path.join(folders.live, 'objects'), replica);
  wait.waiting(`the last objects to reach ${settings.destination}`);
  const deadline = Date.now() + SECONDS * 1000;
  for (let asked: number | null = null; ;) {
    wait.signal.throwIfAborted();
    const synced = await syncedAt(settings.stateFile);
    if (synced !== null && synced > stoppedAt) {
      return;
    }
    const replication = await runningDaemon(path.join(folders.live, 'run', 'object-replication.pid'));
    if (replication === null) {
      await replicateOnce(settings, new Map());
      return;
    }
    if (asked !== replication.pid) {
      process.kill(replication.pid, 'SIGUSR2');
      asked = replication.pid;
    }
    if (Date.now() > deadline) {
      throw new OperatorError('recovery-failed', `Not all objects reached ${settings.destination} in ${SECONDS} s.`, {
        hint: `See ${path.join(folders.logs, 'object-replication.log')}. The site is stopped and not fenced: run again, or start it by an update of its stack.`,
      });
    }
    await delay(100, undefined, { signal: wait.signal });
  }
}
