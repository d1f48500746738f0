import { countsAsOf } from '../../medplum/as-of-counts';
import { judged, notChecked, type Check } from './check';
import type { DatabaseCheckContext } from './context';

const named = { id: 'resource-counts', title: 'Resource counts are those recorded before the loss' };

/** Clock of the server against the database's, and writes that were on their way when the counts were taken. */
const SLACK_MILLISECONDS = 2000;

/**
 * Holds the restored database, as it was at the moment the counts were recorded, against them: the rows that reads and
 * searches are answered from, and for what was written later the history, which tells when each version was made.
 */
export async function resourceCounts({ database, recorded }: DatabaseCheckContext): Promise<Check> {
  if (!recorded.known) {
    return notChecked(named, recorded.reason);
  }
  const { takenAt, resourceCounts: wanted } = recorded.fingerprint;
  const ranges = await countsAsOf(database, new Date(takenAt), SLACK_MILLISECONDS);
  const wrong = Object.entries(wanted).flatMap(([type, count]) => {
    const { least, most } = ranges[type] ?? { least: 0, most: 0 };
    return count >= least && count <= most
      ? []
      : [`${type}: recorded ${count}, restored ${least === most ? least : `${least} to ${most}`}`];
  });
  const total = Object.values(wanted).reduce((sum, count) => sum + count, 0);
  if (total === 0) {
    return notChecked(named, `the recorded database of ${takenAt} was empty`);
  }
  return judged(
    named,
    wrong.length === 0,
    wrong.length === 0
      ? `${total} resources of ${Object.values(wanted).filter((count) => count > 0).length} types as recorded at ${takenAt}`
      : wrong.join('; ')
  );
}
