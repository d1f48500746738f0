import { OperatorError, messageOf } from '../../components/errors';
import type { Emit } from '../events';
import { steps } from '../steps';
import type { Clock } from './clock';
import type { Journal, JournalEntry, RunHeader } from './journal';
import { LongestWait } from './longest-wait';
import { STEPS_OF, type StepId, type StepResults } from './results';
import { StallWatch } from './stall';
import type { Step, StepContext } from './step';

/** How one step of a run went. Instants are ISO, null for what did not happen. */
export interface StepRecord {
  readonly id: StepId;
  readonly title: string;
  readonly status: 'done' | 'failed' | 'not-run';
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly budgetSeconds: number;
  readonly attempts: number;
  /** What it waited for longest. */
  readonly waitedFor: string | null;
}

/** The end of a run: never thrown, so that a failed run tells as much as a good one. */
export interface RunOutcome {
  readonly result: 'recovered' | 'failed' | 'cancelled';
  /** The step, or what came after the last of them, that ended the run. */
  readonly failure: { readonly step: StepId | 'after'; readonly error: OperatorError } | null;
  readonly steps: readonly StepRecord[];
  readonly results: Partial<StepResults>;
}

/** Where a driver may be killed within a step: each of these leaves another world behind. */
export type StepMoment = 'before-effect' | 'after-effect' | 'after-journal';

export interface RunSetup {
  readonly header: RunHeader;
  readonly journal: Journal;
  /** What an earlier driver wrote; empty for a new run. */
  readonly past: readonly JournalEntry[];
  readonly context: Omit<StepContext, 'result' | 'waiting' | 'emit'>;
  readonly stallSeconds: number;
  readonly emit: Emit;
  /** Told of each moment in which a crash would leave another world behind. */
  readonly onMoment?: (step: StepId, moment: StepMoment) => void;
  readonly order?: typeof STEPS_OF;
}

/**
 * Runs the steps in their order. What the journal holds of an earlier driver is taken over: a step that is done there
 * is not run again, and the one that was interrupted is, as it asks the world what is done already.
 */
export async function runSteps(setup: RunSetup): Promise<RunOutcome> {
  const { header, journal, emit, past, context, order = STEPS_OF } = setup;
  if (past.length === 0) {
    await journal.append({ kind: 'run', ...header });
  }
  const results: Partial<StepResults> = {};
  const records: StepRecord[] = [];
  let failure: RunOutcome['failure'] = null;
  for (const id of order[header.mode]) {
    const earlier = past.filter((entry) => entry.kind === 'step-started' && entry.step === id);
    const done = past.find((entry) => entry.kind === 'step-done' && entry.step === id);
    if (done?.kind === 'step-done') {
      keep(results, id, done.result);
      const startedAt = earlier.at(-1);
      records.push({
        ...blank(id, earlier.length),
        status: 'done',
        startedAt: startedAt?.kind === 'step-started' ? startedAt.at : done.at,
        endedAt: done.at,
      });
      continue;
    }
    if (failure !== null) {
      records.push(blank(id, earlier.length));
      continue;
    }
    const { record, error } = await runStep(setup, id, results, earlier.length + 1);
    records.push(record);
    if (error !== null) {
      failure = { step: id, error };
    }
  }
  const result = failure === null ? 'recovered' : failure.error.kind === 'cancelled' ? 'cancelled' : 'failed';
  if (failure?.error.kind !== 'locked') {
    await journal.append({ kind: 'run-ended', at: isoNow(context.clock), result });
  }
  emit({ kind: 'note', text: `Run ${header.id}: ${result}` });
  return { result, failure, steps: records, results };
}

async function runStep(
  setup: RunSetup,
  id: StepId,
  results: Partial<StepResults>,
  attempt: number
): Promise<{ record: StepRecord; error: OperatorError | null }> {
  const { journal, emit, context, stallSeconds, onMoment } = setup;
  const { clock } = context;
  const step: Step<StepId> = steps[id];
  const { title, budgetSeconds } = step;
  const startedAt = isoNow(clock);
  const waits = new LongestWait(clock);
  const watch = new StallWatch({ step: id, title, budgetSeconds, stallSeconds, clock, emit, signal: context.signal });
  const finish = (status: 'done' | 'failed', summary: string): StepRecord => {
    const endedAt = isoNow(clock);
    const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
    emit({ kind: 'step-finished', step: id, status, seconds, summary });
    return { ...blank(id, attempt), status, startedAt, endedAt, waitedFor: waits.longest() };
  };
  try {
    if (step.onlyLooks !== true) {
      await journal.begin();
    }
    await journal.append({ kind: 'step-started', step: id, at: startedAt, attempt });
    emit({ kind: 'step-started', step: id, title, budgetSeconds });
    context.signal.throwIfAborted();
    onMoment?.(id, 'before-effect');
    const result = await watch.run(() =>
      step.run({
        ...context,
        signal: watch.signal,
        emit: (event) => {
          watch.progress();
          emit(event);
        },
        waiting: (what) => {
          watch.progress(what);
          waits.begin(what);
          emit({ kind: 'step-waiting', step: id, waitingFor: what });
        },
        result: (wanted) => {
          const found = results[wanted];
          if (found === undefined) {
            throw new Error(`step ${id} needs the result of ${wanted}, which has not run`);
          }
          return found;
        },
      })
    );
    onMoment?.(id, 'after-effect');
    await journal.append({ kind: 'step-done', step: id, at: isoNow(clock), result } as Parameters<
      Journal['append']
    >[0]);
    onMoment?.(id, 'after-journal');
    keep(results, id, result);
    return { record: finish('done', step.summarise(result)), error: null };
  } catch (thrown) {
    const error = await toldToJournal(journal, operatorErrorOf(thrown, id, context.signal), (message) => ({
      kind: 'step-failed',
      step: id,
      at: isoNow(clock),
      message,
    }));
    return { record: finish('failed', error.message), error };
  }
}

/**
 * Writes a failure down. A driver that lost its lock has no business in the journal, as another one writes there now, and
 * what it failed with then is that.
 */
async function toldToJournal(
  journal: Journal,
  error: OperatorError,
  entryOf: (message: string) => JournalEntry
): Promise<OperatorError> {
  if (error.kind === 'locked') {
    return error;
  }
  try {
    await journal.append(entryOf(error.message));
    return error;
  } catch (refusal) {
    if (refusal instanceof OperatorError && refusal.kind === 'locked') {
      return refusal;
    }
    throw refusal;
  }
}

function keep<Id extends StepId>(results: Partial<StepResults>, id: Id, result: StepResults[Id]): void {
  Object.assign(results, { [id]: result });
}

function operatorErrorOf(thrown: unknown, step: StepId, signal: AbortSignal): OperatorError {
  const { title, onlyLooks } = steps[step];
  const again =
    onlyLooks === true ? 'Run it again; nothing was made.' : 'medplum-dr resume goes on from here, abort undoes it.';
  if (signal.aborted && signal.reason instanceof OperatorError) {
    return signal.reason;
  }
  if (signal.aborted) {
    return new OperatorError('cancelled', `Cancelled during ${step}.`, { hint: again, cause: thrown });
  }
  if (thrown instanceof OperatorError) {
    return thrown;
  }
  return new OperatorError('recovery-failed', `${title} failed: ${messageOf(thrown)}`, {
    hint: `Mend what is named. ${again}`,
    cause: thrown,
  });
}

function blank(id: StepId, attempts: number): StepRecord {
  const { title, budgetSeconds } = steps[id];
  return { id, title, status: 'not-run', startedAt: null, endedAt: null, budgetSeconds, attempts, waitedFor: null };
}

function isoNow(clock: Clock): string {
  return clock.now().toISOString();
}
