import { randomBytes } from 'node:crypto';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import { mkdir } from 'node:fs/promises';
import { OperatorError } from '../../components/errors';
import type { PlatformEnvironment } from '../../components/platform';
import type { RecoveryTarget } from '../../components/site-operations';
import { createEventStream, type EventStream, type RecoveryEvent } from '../events';
import type { RecoveryReport } from '../report/schema';
import { writeReport } from '../report/write';
import type { EngineSession } from '../stacks/session';
import type { Project } from '../stacks/project';
import { toolVersion } from '../version';
import { Journal, type RunHeader } from './journal';
import { reportOf, type AfterSteps } from './report-of';
import { runSteps, type RunOutcome } from './run';

/** The end of a recovery or drill. A failed one is a result, not an exception. */
export interface RecoveryResult {
  readonly id: string;
  readonly result: RecoveryReport['result'];
  readonly report: RecoveryReport;
  /** Folder with `report.json` and `report.html`. */
  readonly reportDirectory: string;
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

/** `latest`, an ISO instant, or the id of a recovery point. */
export function parseTarget(text: string): RecoveryTarget {
  if (text === 'latest') {
    return { kind: 'latest' };
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) {
    return { kind: 'point', id: text };
  }
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || !/(Z|[+-]\d{2}:?\d{2})$/.test(text)) {
    throw new OperatorError('bad-input', `"${text}" is not an instant with a time zone.`, {
      hint: 'Write it like 2026-11-24T03:15:00Z, or give latest, or the id of a recovery point.',
    });
  }
  if (at.getTime() > Date.now()) {
    throw new OperatorError('bad-input', `${at.toISOString()} lies in the future.`, {
      hint: 'Give a moment in the past, or latest. medplum-dr recovery-points lists what there is.',
    });
  }
  return { kind: 'time', at: at.toISOString() };
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
  const release = await lockEnvironment(environmentName, environment.controlDirectory);
  try {
    stream.emit({ kind: 'run-started', id, mode, environment: environmentName });
    return await run(setup, id, stream);
  } finally {
    await release();
  }
}

/** Two drivers cannot run one environment's recovery at once. A lock whose holder died frees itself. */
async function lockEnvironment(name: string, directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  try {
    return await lockfile.lock(directory, {
      lockfilePath: path.join(directory, `${name}.recovery.lock`),
      stale: 20_000,
      update: 5000,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') {
      throw error;
    }
    throw new OperatorError('locked', `Another driver is recovering environment "${name}" now.`, {
      hint: 'Wait for it. If it was killed, its lock frees itself within 20 s: run the same command again.',
      cause: error,
    });
  }
}

async function run(setup: RecoverySetup, id: string, stream: EventStream): Promise<RecoveryResult> {
  const { project, environmentName, environment, session, mode, target, signal, acceptedChecks } = setup;
  const journal = new Journal(path.join(environment.controlDirectory, 'recoveries', id));
  const overrides = [
    ...(setup.acceptUnfencedPrimary ? ['unfenced-primary'] : []),
    ...acceptedChecks.map((check) => `check:${check}`),
  ];
  const header = await headerOf(
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
  const warnings: string[] = [];
  const emit: EventStream['emit'] = (event) => {
    if (event.kind === 'warning') {
      warnings.push(event.text);
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
  const left = leftBehind(header, ran, setup.takesTraffic);
  const after = (await setup.afterSteps?.(ran)) ?? { client: null, checks: [], notes: [], leftBehind: left };
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
  });
  const reportDirectory = path.join(setup.reportsDirectory, id);
  await writeReport(reportDirectory, report);
  stream.emit({ kind: 'run-finished', result: outcome.result, reportDirectory });
  return { id, result: outcome.result, report, reportDirectory, error: outcome.failure?.error ?? null };
}

/** A drill whose last checks failed did not succeed, however well its recovery went. */
function judgedAfter(outcome: RunOutcome, after: AfterSteps): RunOutcome {
  const failed = after.checks.filter((check) => check.status === 'failed');
  if (failed.length === 0 || outcome.result !== 'recovered') {
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
  const [first] = await journal.read();
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
  return header;
}

/** What a run that did not end well, or took no traffic, leaves standing. */
function leftBehind(header: RunHeader, outcome: RunOutcome, takesTraffic: boolean): string[] {
  const attempted = outcome.steps.find((step) => step.id === 'recovery-stack')?.status !== 'not-run';
  if (!attempted || (outcome.result === 'recovered' && takesTraffic)) {
    return [];
  }
  return [`stack ${header.recoveryStack}: pulumi destroy --stack ${header.recoveryStack} removes it`];
}
