import type { ActiveEndpoint } from '../../components/config';
import type { JournalEntry, RunHeader } from './journal';
import { isPlanned } from './results';

/** Whether a run can be rolled back, and until when. */
export type CommitWindow =
  /** Nothing was moved, the run is over, or a later one moved traffic on. */
  | { readonly kind: 'none' }
  /** The site that traffic left was lost: there is nothing to go back to. */
  | { readonly kind: 'nothing-to-go-back-to' }
  | { readonly kind: 'open'; readonly until: string }
  | { readonly kind: 'committed'; readonly since: string };

/**
 * The move of a planned run is committed by the passing of time: no process has to live for it.
 * @param active who serves by the front's config: only the last move can be undone.
 */
export function commitWindow(
  header: RunHeader,
  entries: readonly JournalEntry[],
  { now, active }: { readonly now: Date; readonly active: ActiveEndpoint | undefined }
): CommitWindow {
  const cutover = entries.find((entry) => entry.kind === 'step-done' && entry.step === 'cutover');
  const isOver = entries.some((entry) => entry.kind === 'over' || entry.kind === 'stack-removed');
  if (isOver || cutover?.kind !== 'step-done' || !cutover.result.moved || active?.recoveryId !== header.id) {
    return { kind: 'none' };
  }
  if (!isPlanned(header.mode)) {
    return { kind: 'nothing-to-go-back-to' };
  }
  const until = new Date(Date.parse(cutover.result.observedAt) + header.commitAfterSeconds * 1000).toISOString();
  return now.toISOString() < until ? { kind: 'open', until } : { kind: 'committed', since: until };
}
