import type { SiteOutputs } from '../../components/site-operations';
import { judged, notChecked, type Check } from './check';

const named = { id: 'log-complete', title: 'All of the log that was shipped was replayed' };

/** PostgreSQL opens a database without a word when a piece of the log is missing or damaged: what follows it is lost. */
export function logComplete(restoredFrom: SiteOutputs['database']['restoredFrom']): Check {
  if (restoredFrom === null) {
    return notChecked(named, 'the database tells of no restore');
  }
  const { shortfall, replayedTo } = restoredFrom;
  return shortfall === null
    ? judged(
        named,
        true,
        replayedTo === null ? 'nothing was left out' : `replayed to ${replayedTo}, nothing was left out`
      )
    : judged(named, false, shortfall);
}
