import { messageOf } from '../../errors';
import type { FenceResult } from '../../site-operations';
import type { LocalConfig } from '../config';
import { answeringPorts } from '../guard/answering';
import { markFenced } from '../guard/mark';
import { stopSite } from '../process/stop-site';
import { sitePresent } from '../provider/site';

/**
 * Stops a site from taking writes, and marks it so that it stays stopped when it comes back. A site whose folder is gone
 * cannot be reached; it is fenced by being gone, as long as nothing answers at its ports.
 * @param reason why, for whoever tries to start the site later; goes after "because".
 */
export async function fenceSite(
  config: LocalConfig,
  live: string,
  reason = 'medplum-dr fenced it so that another site takes its place'
): Promise<FenceResult> {
  const { name } = config.site;
  const present = await sitePresent({ live });
  const failures: string[] = [];
  if (present) {
    // Marked first: nothing may start between the stop and the mark. One that fails does not keep the other from being done.
    for (const [what, work] of [
      ['marked', () => markFenced(live, reason)],
      ['stopped', () => stopSite(live)],
    ] as const) {
      try {
        await work();
      } catch (error) {
        failures.push(`${name} could not be ${what}: ${messageOf(error)}`);
      }
    }
  }
  const answering = await answeringPorts(config, live);
  if (answering.length > 0 || failures.length > 0) {
    const listening = answering.length === 0 ? [] : [`something still listens on ${answering.join(', ')}`];
    return { state: 'still-writable', detail: [...failures, ...listening].join('; ') };
  }
  return present
    ? { state: 'fenced', detail: `application and database of ${name} stopped; nothing listens on its ports` }
    : { state: 'unreachable', detail: `the folder of ${name} is gone and nothing listens on its ports` };
}
