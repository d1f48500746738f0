import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { OperatorError } from '../../components/errors';
import type { PlatformEnvironment } from '../../components/platform';
import type { RecoveryTarget } from '../../components/site-operations';
import { createEventStream, type EventStream, type RecoveryEvent } from '../events';
import type { RecoveryReport } from '../report/schema';
import { writeReport } from '../report/write';
import type { EngineSession } from '../stacks/session';
import type { Project } from '../stacks/project';
import type { Check } from '../verification/check';
import { toolVersion } from '../version';
import { removeCopy } from './drill-copy';
import { Journal, type RunHeader } from './journal';
import { lockEnvironment } from './lock';
import { reportOf, type AfterSteps } from './report-of';
import { runSteps, type RunOutcome } from './run';

/** The end of a recovery or drill. A failed one is a result, not an exception. */
export interface RecoveryResult {
  readonly id: string;
  readonly result: RecoveryReport['result'];
  readonly report: RecoveryReport;
  /** Folder with `report.json` and `report.html`; null when the run found that it could not start, and made nothing. */
  readonly reportDirectory: string | null;
  /** What ended the run; null when it recovered. Its `kind` gives the exit code. */
  readonly error: OperatorError | null;
}

/** A run that goes on: its events as they come, and its end. */
export interface RecoveryRun {
  readonly id: string;
  readonly events: AsyncIterable<RecoveryEvent>;
  /** Rejects only for a fault of the program itself. */
  readonly result: Promise<RecoveryResult>;
}

export interface RecoverySetup {
  /** Id of the run; made up when absent. */
  readonly id?: string;
  readonly project: Project;
  readonly environmentName: string;
  readonly environment: PlatformEnvironment;
  readonly session: EngineSession;
  /** A drill that takes no traffic leaves production's fence and name alone; one in a made-up environment moves its own. */
  readonly mode: 'recovery' | 'drill';
  readonly takesTraffic: boolean;
  /** Leave the copy of a drill that takes no traffic standing in the end. */
  readonly keep: boolean;
  readonly scenario: RecoveryReport['scenario'];
  readonly target: RecoveryTarget;
  /** Id of an earlier run to go on with. */
  readonly resume: string | null;
  readonly lostAt: Date | null;
  readonly acceptUnfencedPrimary: boolean;
  readonly acceptedChecks: readonly string[];
  readonly reportsDirectory: string;
  readonly signal: AbortSignal;
  readonly stream?: EventStream;
  /** Asked after the last step, before the report is written. */
  readonly afterSteps?: (outcome: RunOutcome) => Promise<AfterSteps>;
}

/** An id that sorts by time and that two drivers started in one second do not share. */
export function newRunId(at: Date): string {
  const stamp = at.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${randomBytes(2).toString('hex')}`;
}

/** Starts a run. It holds the environment's lock for as long as it goes on. */
export function startRecovery(setup: RecoverySetup): RecoveryRun {
  const id = setup.resume ?? setup.id ?? newRunId(new Date());
  const stream = setup.stream ?? createEventStream();
  const result = runLocked(setup, id, stream).finally(() => {
    if (setup.stream === undefined) {
      stream.end();
    }
  });
  // The events may be all that a caller reads: a fault is still told by `result` to whoever asks.
  result.catch(() => undefined);
  return { id, events: stream.events, result };
}

async function runLocked(setup: RecoverySetup, id: string, stream: EventStream): Promise<RecoveryResult> {
  const { environmentName, environment, mode } = setup;
  const lock = await lockEnvironment(environmentName, environment.controlDirectory);
  const signal = AbortSignal.any([setup.signal, lock.lost]);
  try {
    stream.emit({ kind: 'run-started', id, mode, environment: environmentName });
    return await run({ ...setup, signal }, id, stream);
  } finally {
    await lock.release();
  }
}

async function run(setup: RecoverySetup, id: string, stream: EventStream): Promise<RecoveryResult> {
  const { project, environmentName, environment, session, mode, target, signal, acceptedChecks } = setup;
  const journal = new Journal(path.join(environment.controlDirectory, 'recoveries', id));
  const overrides = [
    ...(setup.acceptUnfencedPrimary ? ['unfenced-primary'] : []),
    ...acceptedChecks.map((check) => `check:${check}`),
  ];
  const first = await headerOf(
    journal,
    {
      id,
      mode,
      environment: environmentName,
      target,
      recoveryStack: `${environmentName}-${id}`,
      startedAt: new Date().toISOString(),
      lostAt: setup.lostAt?.toISOString() ?? null,
      overrides,
    },
    setup.resume !== null
  );
  // A resumed run may have been given more risks to accept than it began with: all of them are reported.
  const header = { ...first, overrides: [...new Set([...first.overrides, ...overrides])] };
  const warnings: string[] = [];
  const seen: Check[] = [];
  const emit: EventStream['emit'] = (event) => {
    if (event.kind === 'warning') {
      warnings.push(event.text);
    } else if (event.kind === 'check') {
      seen.push(event.check);
    }
    stream.emit(event);
  };
  const ran = await runSteps({
    header,
    journal,
    emit,
    context: {
      id,
      takesTraffic: setup.takesTraffic,
      project,
      environmentName,
      environment,
      operations: environment.operations(),
      session,
      target: header.target,
      recoveryStack: header.recoveryStack,
      acceptUnfencedPrimary: setup.acceptUnfencedPrimary,
      acceptedChecks: new Set(acceptedChecks),
      signal,
    },
  });
  const endedAt = new Date().toISOString();
  const after = await (setup.afterSteps?.(ran) ?? afterRun(setup, { header, ran, journal, emit }));
  const outcome = judgedAfter(ran, after);
  const report = reportOf({
    header,
    outcome,
    environment,
    scenario: setup.scenario,
    after,
    endedAt,
    engineVersion: session.engineVersion,
    toolVersion: toolVersion(),
    warnings,
    seen,
  });
  // A rehearsal has made its environment by now, whatever came of the recovery.
  const madeSomething = journal.begun || setup.scenario !== null;
  const reportDirectory = madeSomething ? path.join(setup.reportsDirectory, id) : null;
  if (reportDirectory !== null) {
    await writeReport(reportDirectory, report);
  }
  stream.emit({ kind: 'run-finished', result: outcome.result, reportDirectory });
  return { id, result: outcome.result, report, reportDirectory, error: outcome.failure?.error ?? null };
}

/** A drill whose last checks failed did not succeed, however well its recovery went. */
function judgedAfter(outcome: RunOutcome, after: AfterSteps): RunOutcome {
  const { failure } = outcome;
  if (failure !== null) {
    const { kind, message, problems, cause } = failure.error;
    const hint = 'What the drill made is removed: there is nothing to go on with. Start a new one.';
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

/** A resumed run keeps what it was asked for at first. */
async function headerOf(journal: Journal, asked: RunHeader, resumed: boolean): Promise<RunHeader> {
  const entries = await journal.read();
  const [first] = entries;
  if (first === undefined) {
    if (resumed) {
      throw new OperatorError('bad-input', `There is no run "${asked.id}" to go on with.`, {
        hint: 'medplum-dr status lists the runs of an environment.',
      });
    }
    return asked;
  }
  if (first.kind !== 'run') {
    throw new Error(`the journal of ${asked.id} does not begin with its run`);
  }
  const { kind, ...header } = first;
  if (header.mode !== asked.mode || header.environment !== asked.environment) {
    const command = header.mode === 'drill' ? 'drill' : 'recover';
    throw new OperatorError('bad-input', `Run "${header.id}" is a ${header.mode} of ${header.environment}.`, {
      hint: `Go on with it by: medplum-dr ${command} ${header.environment} --resume ${header.id}.`,
    });
  }
  if (entries.some((entry) => entry.kind === 'stack-removed')) {
    throw new OperatorError('bad-input', `Run "${header.id}" is over: what it made is removed.`, {
      hint: 'Start a new one.',
    });
  }
  return header;
}

interface RanRun {
  readonly header: RunHeader;
  readonly ran: RunOutcome;
  readonly journal: Journal;
  readonly emit: EventStream['emit'];
}

/** Removes a drill's copy unless it is to be kept, and tells what a run leaves standing. */
async function afterRun(setup: RecoverySetup, { header, ran, journal, emit }: RanRun): Promise<AfterSteps> {
  const { session, environment, environmentName, takesTraffic, keep } = setup;
  const { id, recoveryStack: stack } = header;
  const nothing: AfterSteps = { client: null, checks: [], notes: [], leftBehind: [] };
  const attempted = ran.steps.find((step) => step.id === 'recovery-stack')?.status !== 'not-run';
  if (!attempted || (takesTraffic && ran.result === 'recovered')) {
    return nothing;
  }
  const left = `stack ${stack}: medplum-dr drill ${environmentName} --remove ${id} removes it`;
  if (takesTraffic || keep) {
    return { ...nothing, leftBehind: [left] };
  }
  emit({ kind: 'note', text: `Removing the copy, stack ${stack}` });
  const check = await removeCopy({ session, operations: environment.operations(), stack }, () => undefined);
  emit({ kind: check.status === 'passed' ? 'note' : 'warning', text: `Removed: ${check.evidence}` });
  if (check.status !== 'passed') {
    return { ...nothing, checks: [check], leftBehind: [left] };
  }
  await journal.append({ kind: 'stack-removed', at: new Date().toISOString() });
  return { ...nothing, checks: [check], removed: true };
}
