import type { ReportInput } from './report-of';
import { isPlanned } from './results';

/** In plain words, what those who use the environment meet after the cutover. */
export function whatClientsSee(
  input: ReportInput,
  { lostAt, cutover }: { lostAt: string | null; cutover: boolean }
): string[] {
  const { header, outcome, environment } = input;
  const { client } = input.after;
  const { results } = outcome;
  const newest = results['verify-data']?.newestWriteAt ?? null;
  const reloaded = results['application-recovery']?.checks.find((check) => check.id === 'cron-reloaded');
  const { name, ttl } = environment.config.traffic;
  if (!cutover) {
    return ['Nothing: a drill takes no traffic, and the environment serves its clients from where it did.'];
  }
  const sentences = [
    'Machine clients (client credentials) get 401 with the tokens they hold, until they ask for new ones: such logins live in the cache, which started empty.',
    'People who logged in before the recovery point stay logged in: their logins and the signing keys came back with the database. A login made after it has to be made anew.',
    isPlanned(header.mode)
      ? plannedSentence(input)
      : newest === null
        ? 'No write was found in the restored database.'
        : `Writes made after ${newest} are gone${lostAt === null ? '' : `; the loss was at ${lostAt}`}. Whoever made them has to make them again.`,
  ];
  if (client?.acknowledgedWritesLost != null) {
    sentences.push(
      `${client.acknowledgedWritesLost} of ${client.acknowledgedWrites} writes that the server had acknowledged to the watching client are gone.`
    );
  }
  sentences.push(
    reloaded?.status === 'passed'
      ? 'Cron schedules were loaded anew and run from now on; runs that were due in between did not happen.'
      : 'Cron schedules were not loaded anew: bots on a schedule do not run until a super admin calls /admin/super/reloadcron.',
    'Deliveries of subscriptions that were queued at the loss were not brought back; POST $resend on a resource evaluates its subscriptions again.',
    `Clients that keep a resolved address longer than the TTL of ${ttl} s reach ${name} only after they resolve it anew.`
  );
  return sentences;
}

function plannedSentence({ outcome: { results } }: ReportInput): string {
  const { drain } = results;
  return drain === undefined
    ? 'The site was not stopped by plan.'
    : `No acknowledged write is gone: the site was stopped at ${drain.stoppedAt}, and all that it had written was replayed. Requests between then and the cutover were refused.`;
}
