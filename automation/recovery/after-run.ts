import { OperatorError, messageOf } from '../../components/errors';
import type { EventStream } from '../events';
import type { Journal, RunHeader } from './journal';
import type { AfterSteps } from './report-of';
import type { RecoverySetup } from './recover';
import { isPlanned } from './results';
import type { RunOutcome } from './run';
import type { ServingSite } from './serving-site';
import { undoRun } from './undo';

export interface RanRun {
  readonly header: RunHeader;
  readonly ran: RunOutcome;
  readonly journal: Journal;
  readonly emit: EventStream['emit'];
  readonly serving: ServingSite;
}

/** Removes a drill's copy unless it is to be kept, puts a planned move that failed back, tells what a run leaves standing. */
export async function afterRun(setup: Pick<RecoverySetup, 'world' | 'keep'>, ranRun: RanRun): Promise<AfterSteps> {
  const { world, keep } = setup;
  const { header, ran, journal, emit, serving } = ranRun;
  const { id, recoveryStack: stack, takesTraffic } = header;
  const started = new Set(ran.steps.filter((step) => step.startedAt !== null).map((step) => step.id));
  const quarantine = takesTraffic || !started.has('recovery-stack') ? null : await blockedOf(ranRun);
  const nothing: AfterSteps = { client: null, checks: [], notes: [], leftBehind: [], quarantine };
  const isLocked = ran.failure?.error.kind === 'locked';
  const planned = isPlanned(header.mode) && started.has('drain') && !started.has('cutover');
  const copy = !takesTraffic && started.has('recovery-stack');
  if (isLocked || (ran.result === 'recovered' && takesTraffic) || !(planned || copy || started.has('recovery-stack'))) {
    return nothing;
  }
  const left = `stack ${stack}: medplum-dr abort ${id} removes it`;
  if (!planned && (takesTraffic || keep)) {
    return { ...nothing, leftBehind: [left] };
  }
  emit({
    kind: 'note',
    text: planned
      ? 'Bringing the site back that served, and removing what was made'
      : `Removing the copy, stack ${stack}`,
  });
  const checks = await undoRun({ world, serving, journal, emit }, header);
  for (const check of checks) {
    emit({ kind: check.status === 'passed' ? 'note' : 'warning', text: `${check.title}: ${check.evidence}` });
  }
  if (checks.some((check) => check.status !== 'passed')) {
    return { ...nothing, checks, leftBehind: [left] };
  }
  const at = world.clock.now().toISOString();
  await journal.append(planned ? { kind: 'over', at, how: 'aborted' } : { kind: 'stack-removed', at });
  return { ...nothing, checks, removed: true };
}

/** What cannot be read is not counted, and keeps nothing of the copy from being removed. */
async function blockedOf({ header, serving, emit }: RanRun): Promise<AfterSteps['quarantine']> {
  try {
    return { blocked: await serving.environment.operations().blockedAttempts(header.recoveryStack) };
  } catch (error) {
    emit({ kind: 'warning', text: `What the copy tried to reach was not counted: ${messageOf(error)}` });
    return { blocked: null };
  }
}

/** A drill whose last checks failed did not succeed, however well its recovery went. */
export function judgedAfter(outcome: RunOutcome, after: AfterSteps): RunOutcome {
  const { failure } = outcome;
  if (failure !== null) {
    const { kind, message, problems, cause } = failure.error;
    const hint = 'What the run made is removed: there is nothing to go on with. Start a new one.';
    const error = new OperatorError(kind, message, { hint, problems, cause });
    return after.removed === true ? { ...outcome, failure: { step: failure.step, error } } : outcome;
  }
  const failed = after.checks.filter((check) => check.status === 'failed');
  if (failed.length === 0) {
    return outcome;
  }
  const error = new OperatorError('recovery-failed', 'The recovery went well, but what it was to show did not hold.', {
    hint: 'Look at the checks in the report.',
    problems: failed.map((check) => `${check.title} (${check.id}): ${check.evidence}`),
  });
  return { ...outcome, result: 'failed', failure: { step: 'after', error } };
}
