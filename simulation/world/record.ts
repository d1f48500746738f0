import { OperatorError } from '../../components/errors';
import type { NameRecord } from './site';
import type { Universe } from './universe';

/** Whether the name server makes a change only where the record is the one that the change was decided on. */
export interface RecordWrite {
  readonly replaces: string | null;
  readonly by: string;
}

/** As the local platform's record is written: compared and set, and never back to an earlier cutover. */
export function writeRecord(universe: Universe, wanted: NameRecord, { replaces, by }: RecordWrite): void {
  const { record: before, mutation, invariants } = universe;
  if (before !== null && mutation !== 'no-compare-and-set') {
    if (before.generation > wanted.generation) {
      throw new OperatorError('recovery-failed', `The record is of cutover ${before.generation}.`, { hint: 'Look.' });
    }
    if (replaces !== null && before.address !== replaces && before.address !== wanted.address) {
      throw new OperatorError('recovery-failed', `The record leads to ${before.address}: somebody changed it.`, {
        hint: 'Find out who.',
      });
    }
  }
  invariants.recordWritten(universe, wanted, { replaces });
  if (universe.faultsActive && universe.random.chance(0.1)) {
    universe.staleAddress = before?.address ?? null;
    universe.staleUntil = universe.scheduler.now + universe.random.between(1000, 60_000);
  }
  universe.setRecord(wanted, by);
}
