import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors';
import { replicateOnce, replicationSettingsSchema } from './round';

/*
 * Object replication: every object version of the site's store is copied to the other site, each by rename, so that
 * no reader finds half of one. Objects are written once and never changed (Medplum's keys are `{id}/{versionId}`), so
 * only folders whose time of change is new are looked into. A round rests for ten times its own length, unless SIGUSR2
 * asks for one at once.
 */

async function main(): Promise<void> {
  let asked = new AbortController();
  process.on('SIGUSR2', () => {
    asked.abort();
  });
  const settings = replicationSettingsSchema.parse(JSON.parse(process.env['MEDPLUM_DR_REPLICATION'] ?? '{}'));
  const seen = new Map<string, number>();
  console.log(`replicating ${settings.source} to ${settings.destination}`);
  for (;;) {
    const started = Date.now();
    asked = new AbortController();
    try {
      const copied = await replicateOnce(settings, seen);
      if (copied > 0) {
        console.log(`copied ${copied} object(s)`);
      }
    } catch (error) {
      console.error(`replication round failed, trying again: ${messageOf(error)}`);
    }
    const rest = Math.max(500, 10 * (Date.now() - started));
    await sleep(rest, undefined, { signal: asked.signal }).catch(() => undefined);
  }
}

void main();
