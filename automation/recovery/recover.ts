import path from 'node:path';
import type { ActiveEndpoint } from '../../components/config';
import { messageOf, type OperatorError } from '../../components/errors';
import type { RecoveryTarget } from '../../components/site-operations';
import { createEventStream, type EventStream, type RecoveryEvent } from '../events';
import type { RecoveryReport } from '../report/schema';
import type { Check } from '../verification/check';
import { toolVersion } from '../version';
import { afterRun, judgedAfter } from './after-run';
import { commitWindow } from './commit-window';
import { Journal, type RunHeader } from './journal';
import { holdEnvironment, type Held } from './locked';
import { reportOf, type AfterSteps } from './report-of';
import type { RunMode } from './results';
import { runSteps, type RunOutcome, type RunSetup } from './run';
import { bringConfig, headerOf, requireFailback } from './run-header';
import { servingSite } from './serving-site';
import type { World } from './world';

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
  readonly world: World;
  readonly environmentName: string;
  readonly request: RunRequest;
  readonly takeOver: boolean;
  /** Leave the copy of a drill that takes no traffic standing in the end. */
  readonly keep: boolean;
  readonly scenario: RecoveryReport['scenario'];
  readonly acceptUnfencedPrimary: boolean;
  readonly acceptedChecks: readonly string[];
  readonly acceptedRecord: string | null;
  /** Seconds without progress after which a step fails; the config's when null. */
  readonly stallSeconds: number | null;
  readonly reportsDirectory: string;
  readonly signal: AbortSignal;
  readonly stream?: EventStream;
  /** Asked after the last step, before the report is written. */
  readonly afterSteps?: (outcome: RunOutcome) => Promise<AfterSteps>;
  readonly onMoment?: RunSetup['onMoment'];
  /** The steps of each mode in their order; those of `STEPS_OF` when absent. */
  readonly order?: RunSetup['order'];
}

/** A new run, or one to go on with: that keeps what it was asked for at first. */
export type RunRequest =
  | {
      readonly kind: 'new';
      /** Made up when absent. */
      readonly id?: string;
      readonly mode: RunMode;
      /** A drill that takes no traffic leaves production's fence and name alone; one in a made-up environment moves its own. */
      readonly takesTraffic: boolean;
      readonly target: RecoveryTarget;
      readonly lostAt: Date | null;
      /** Seconds; the config's when null. */
      readonly commitAfterSeconds: number | null;
    }
  | { readonly kind: 'resume'; readonly id: string };

/** An id that sorts by time and that two drivers started in one second do not share. */
export function newRunId(at: Date, random: () => number = Math.random): string {
  const stamp = at.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${Math.floor(random() * 0x10000)
    .toString(16)
    .padStart(4, '0')}`;
}

/** Starts a run. It holds the environment's lock for as long as it goes on. */
export function startRecovery(setup: RecoverySetup): RecoveryRun {
  const { world, request } = setup;
  const id = request.id ?? newRunId(world.clock.now(), world.random);
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
  const { environmentName, takeOver, request } = setup;
  const purpose = `${request.kind === 'new' ? request.mode : 'resume'} ${id}`;
  const held = await holdEnvironment(setup.world, { environmentName, purpose, takeOver, runId: id });
  const journal = new Journal(setup.world.store, id);
  try {
    const signal = AbortSignal.any([setup.signal, held.lease.lost]);
    return await run({ ...setup, signal, world: held.world }, held, journal, stream);
  } finally {
    await held.lease.release({ unused: !journal.begun }).catch((error: unknown) => {
      // How the run went is told all the same.
      const text = `The lock on ${environmentName} could not be given back: ${messageOf(error)}. The next driver needs --take-over`;
      stream.emit({ kind: 'warning', text });
    });
  }
}

async function run(setup: RecoverySetup, held: Held, journal: Journal, stream: EventStream): Promise<RecoveryResult> {
  const { world, environmentName, signal, acceptedChecks, acceptedRecord } = setup;
  const { front, lease } = held;
  const past = await journal.read();
  const overrides = [
    ...(setup.acceptUnfencedPrimary ? ['unfenced-primary'] : []),
    ...acceptedChecks.map((check) => `check:${check}`),
    ...(acceptedRecord === null ? [] : [`record:${acceptedRecord}`]),
  ];
  const first = await headerOf(setup, held, { past, id: journal.id, overrides });
  // A resumed run may have been given more risks to accept than it began with: all of them are reported.
  const earlier = past.flatMap((entry) => (entry.kind === 'driver' ? entry.overrides : []));
  const header = { ...first, overrides: [...new Set([...first.overrides, ...earlier, ...overrides])] };
  const serving = await servingSite(world.configs, { environmentName, front, stack: header.servingStack });
  const { environment } = serving;
  requireFailback(header, { front, environment });
  stream.emit({ kind: 'run-started', id: header.id, mode: header.mode, environment: environmentName });
  const warnings: string[] = [];
  const seen: Check[] = [];
  const emit: EventStream['emit'] = (event) => {
    if (event.kind === 'warning' || event.kind === 'over-budget') {
      warnings.push(event.text);
    } else if (event.kind === 'check') {
      seen.push(event.check);
    }
    stream.emit(event);
  };
  if (held.takenOver !== null) {
    emit({ kind: 'warning', text: held.takenOver });
  }
  if (past.length > 0) {
    const { number } = lease;
    await journal.append({
      kind: 'driver',
      at: world.clock.now().toISOString(),
      by: `${world.process.identity.user}@${world.process.identity.host}`,
      fencingNumber: number,
      overrides,
    });
  }
  const { clock, engine, configs, verification, store } = world;
  const context = {
    id: header.id,
    mode: header.mode,
    takesTraffic: header.takesTraffic,
    environmentName,
    servingStack: serving.stack,
    environment,
    operations: environment.operations(),
    active: front.config.activeEndpoint,
    previous: header.previous,
    ...{ clock, engine, configs, verification, store },
    fencingNumber: lease.number,
    target: header.target,
    recoveryStack: header.recoveryStack,
    acceptUnfencedPrimary: setup.acceptUnfencedPrimary,
    acceptedChecks: new Set(acceptedChecks),
    acceptedRecord,
    signal,
  };
  await bringConfig(context, past);
  const ran = await runSteps({
    header,
    journal,
    past,
    emit,
    stallSeconds: setup.stallSeconds ?? environment.config.recovery.stallAfter,
    ...(setup.onMoment === undefined ? {} : { onMoment: setup.onMoment }),
    ...(setup.order === undefined ? {} : { order: setup.order }),
    context,
  });
  const endedAt = clock.now().toISOString();
  // Asked before a drill removes what it made, its journal and config too.
  const active = await activeNow(configs, header);
  const commit = commitWindow(header, await journal.read(), { now: clock.now(), active });
  const ranRun = { header, ran, journal, emit, serving };
  const after = await (setup.afterSteps?.(ran) ?? afterRun(setup, ranRun));
  const outcome = judgedAfter(ran, after);
  const report = reportOf({
    header,
    outcome,
    environment,
    scenario: setup.scenario,
    after,
    endedAt,
    engineVersion: engine.engineVersion,
    toolVersion: toolVersion(),
    commit,
    warnings,
    seen,
  });
  // A rehearsal has made its environment by now, whatever came of the recovery.
  // The report of a run that another driver goes on with is that driver's to write.
  const isOurs = outcome.failure?.error.kind !== 'locked';
  const madeSomething = isOurs && (journal.begun || setup.scenario !== null);
  const reportDirectory = madeSomething ? path.join(setup.reportsDirectory, header.id) : null;
  if (reportDirectory !== null) {
    await world.writeReport(reportDirectory, report);
  }
  stream.emit({ kind: 'run-finished', result: outcome.result, reportDirectory });
  return { id: header.id, result: outcome.result, report, reportDirectory, error: outcome.failure?.error ?? null };
}

/** Who serves by the front's config once the run has ended. */
async function activeNow(configs: World['configs'], { environment }: RunHeader): Promise<ActiveEndpoint | undefined> {
  return (await configs.open(environment)).config.activeEndpoint;
}
