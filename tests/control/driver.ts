import { createInterface } from 'node:readline';
import { acquireLease } from '../../automation/control/lease';
import { FolderStore } from '../../automation/control/folder-store';
import { realClock } from '../../automation/recovery/clock';
import { messageOf } from '../../components/errors';

/*
 * A driver in a process of its own: takes the lease on "prod" in the folder that is named, tells its number, answers
 * each line on stdin with whether it may change something, and never releases.
 */
async function main(folder: string): Promise<void> {
  const lease = await acquireLease({
    store: new FolderStore(folder),
    environment: 'prod',
    purpose: 'recovery rec-1',
    after: 0,
    takeOver: false,
    clock: realClock,
  });
  lease.lost.addEventListener('abort', () => {
    console.log('lost');
  });
  console.log(`holds ${lease.number}`);
  createInterface({ input: process.stdin }).on('line', () => {
    void lease.check().then(
      () => {
        console.log('may');
      },
      (error: unknown) => {
        console.log(messageOf(error));
      }
    );
  });
}

void main(process.argv[2] ?? '');
