import { expect } from 'chai';
import { openControlStore } from '../../automation/control/open-store';
import { Journal, type JournalEntry } from '../../automation/recovery/journal';
import { STEPS_OF, type RunMode, type StepId, type StepResults } from '../../automation/recovery/results';
import type { RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { openEnvironment } from '../../automation/stacks/project';
import { dataUntil, type Digest } from './data-digest';
import type { Seen } from './watch';

export async function journalOf({ outside, project }: RehearsalWorkspace, id: string): Promise<JournalEntry[]> {
  return new Journal(await openControlStore(outside, project.directory), id).read();
}

export function resultOf<Id extends StepId>(entries: readonly JournalEntry[], step: Id): StepResults[Id] {
  const done = entries.find((entry) => entry.kind === 'step-done' && entry.step === step);
  if (done?.kind !== 'step-done') {
    throw new Error(`step ${step} is not done by the journal`);
  }
  return done.result as StepResults[Id];
}

function doneAt(entries: readonly JournalEntry[], step: StepId): number {
  const done = entries.find((entry) => entry.kind === 'step-done' && entry.step === step);
  return done?.kind === 'step-done' ? Date.parse(done.at) : Number.NaN;
}

/** Each step is done once, in its order, after it was started, and the run ended once. */
export function checkJournal(entries: readonly JournalEntry[], mode: RunMode): void {
  const done = entries.flatMap((entry) => (entry.kind === 'step-done' ? [entry.step] : []));
  expect(done, 'steps done by the journal').to.deep.equal(STEPS_OF[mode]);
  let open: string | null = null;
  for (const entry of entries) {
    if (entry.kind === 'step-started') {
      open = entry.step;
    } else if (entry.kind === 'step-done') {
      expect(entry.step, 'done without a start').to.equal(open);
    }
  }
  expect(entries.filter((entry) => entry.kind === 'step-failed')).to.deep.equal([]);
  const ends = entries.flatMap((entry) => (entry.kind === 'run-ended' ? [entry.result] : []));
  expect(ends, 'ends of the run').to.deep.equal(['recovered']);
}

/** The name moved once, and later than all verification; nobody could write at two places. */
export function checkTraffic(
  { addresses, bothApplications, oldSiteAfterMove, questions }: Seen,
  entries: readonly JournalEntry[],
  { from, to }: { readonly from: string; readonly to: string }
): void {
  expect(questions, 'the name server was asked all the time').to.be.greaterThan(50);
  expect(
    addresses.map(({ address }) => address),
    'what the name led to'
  ).to.deep.equal([from, to]);
  const lastSeenBefore = addresses[0]?.lastAskedAt ?? 0;
  for (const step of ['verify-data', 'health'] as const) {
    // It is asked often; the last question that still got the old address came after the step, or the record was ahead.
    expect(lastSeenBefore, `the name moved after ${step}`).to.be.greaterThan(doneAt(entries, step));
  }
  expect(bothApplications, 'both sites answered').to.deep.equal([]);
  expect(oldSiteAfterMove, 'the old site answered after the move').to.deep.equal([]);
}

/** The data of the site that a run made. */
export async function restoredData(
  workspace: RehearsalWorkspace,
  entries: readonly JournalEntry[],
  until: Date
): Promise<Digest> {
  const { stack, outputs } = resultOf(entries, 'recovery-stack');
  const environment = await openEnvironment(workspace.project, stack);
  const database = await environment.operations().connectDatabase(outputs);
  try {
    return await dataUntil(database, until);
  } finally {
    await database.end();
  }
}
