import path from 'node:path';
import { OperatorError } from '../components/errors';
import type { ContinuousWindow, RecoveryPoint, RestorePlan, PreflightFinding } from '../components/site-operations';
import { engineEnvironment, ensureLanguageHost, findEngine } from './engine';
import { startRecovery, type RecoveryRun } from './recovery/recover';
import { removeRunOf } from './recovery/remove-run';
import { STEP_IDS, type StepId } from './recovery/results';
import { preflightFindings } from './recovery/serving-site';
import { parseTarget } from './recovery/target';
import { startRehearsal, type RehearsalOptions } from './rehearsal/rehearse';
import { openEnvironment, openOwnProject, writeMissingSettings, type Project } from './stacks/project';
import { EngineSession } from './stacks/session';
import { initLocal, type Initialised } from './init';
import { environmentStatus, type EnvironmentStatus } from './status';
import { steps } from './steps';
import type { Check } from './verification/check';

export { OperatorError, type FailureKind } from '../components/errors';
export type { RecoveryEvent } from './events';
export { EXIT_CODES } from './exit-codes';
export type { RecoveryResult, RecoveryRun } from './recovery/recover';
export { recoveryReportSchema, type RecoveryReport } from './report/schema';
export type { EnvironmentStatus } from './status';
export type { Check } from './verification/check';
export type { ContinuousWindow, RecoveryPoint, RestorePlan, PreflightFinding, RehearsalOptions, StepId };

/** Which environment, and where its project is. */
export interface EnvironmentOptions {
  /** Name of the environment's primary stack: `stacks/Pulumi.<environment>.yaml` is its config. */
  readonly environment: string;
  /** Folder of the Pulumi project; the current one when absent. */
  readonly projectDirectory?: string;
  /** Further variables for the engine, such as PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE_FILE. */
  readonly engineEnvironment?: Readonly<Record<string, string>>;
  /** Told in lines what is done to get the engine, the first time on a machine. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface RecoverOptions extends EnvironmentOptions {
  /** `latest` (the default), the id of a recovery point, or an ISO instant with its time zone. */
  readonly recoveryPoint?: string;
  /** When the environment was lost; else the monitoring layer's first failed probe is taken. */
  readonly lostAt?: Date;
  /** Go on although the old primary cannot be stopped from taking writes. */
  readonly acceptUnfencedPrimary?: boolean;
  /** Ids of checks that may fail, or stay unmade, without stopping the run. */
  readonly acceptChecks?: readonly string[];
  /** Id of an earlier run to go on with. */
  readonly resume?: string;
  /** Where the report goes, in a folder of the run's id; `reports` in the project when absent. */
  readonly reportsDirectory?: string;
}

export interface DrillOptions extends RecoverOptions {
  /** Leave the copy standing in the end. */
  readonly keep?: boolean;
}

/** What a recovery would do now; nothing is made. */
export interface RecoveryPlan {
  readonly environment: string;
  readonly sites: { readonly from: string; readonly to: string };
  readonly findings: readonly PreflightFinding[];
  readonly restore: RestorePlan;
  /** Budgets are expectations, not measurements. */
  readonly steps: readonly { readonly id: StepId; readonly title: string; readonly budgetSeconds: number }[];
}

/**
 * Looks at what a recovery would do, and at everything it would need.
 * @throws OperatorError for bad input and for a recovery point that cannot be met.
 */
export async function plan(options: RecoverOptions): Promise<RecoveryPlan> {
  const target = parseTarget(options.recoveryPoint ?? 'latest');
  const { project, environment } = await open(options);
  const session = await openSession(project, options);
  const operations = environment.operations();
  const [findings, restore] = await Promise.all([
    preflightFindings({ environment, session }, `${options.environment}-plan`),
    operations.planRestore(target),
  ]);
  return {
    environment: options.environment,
    sites: { from: environment.site, to: environment.recoverySite ?? '' },
    findings,
    restore,
    steps: STEP_IDS.map((id) => ({ id, title: steps[id].title, budgetSeconds: steps[id].budgetSeconds })),
  };
}

/**
 * Recovers an environment at its recovery site and moves traffic there.
 * @throws OperatorError for bad input, before anything is made. Once the run has begun, its end is in `result`.
 */
export function recover(options: RecoverOptions): Promise<RecoveryRun> {
  return start(options, 'recovery');
}

/**
 * A recovery of an existing environment that takes no traffic; the copy that it makes is removed in the end. For a
 * rehearsal on a made-up environment see `rehearse`.
 */
export function drill(options: DrillOptions): Promise<RecoveryRun> {
  return start(options, 'drill', options.keep ?? false);
}

/**
 * Removes what a drill that was kept or killed, or a recovery that failed, left of its recovery stack.
 * @throws OperatorError for a run that there is not, and for one whose stack serves the environment.
 */
export async function removeRun(options: EnvironmentOptions & { readonly id: string }): Promise<Check> {
  const { project, environment } = await open(options);
  return removeRunOf({
    id: options.id,
    environmentName: options.environment,
    environment,
    session: await openSession(project, options),
    onWaiting: options.onProgress ?? (() => undefined),
  });
}

/**
 * Brings up an environment of its own on this machine, fills it, breaks it, recovers it, and removes all of it again.
 */
export async function rehearse(options: RehearsalOptions): Promise<RecoveryRun> {
  return startRehearsal(options);
}

/** All recovery points that lie at the recovery site, and the span in which any moment can be recovered to. */
export async function recoveryPoints(
  options: EnvironmentOptions
): Promise<{ points: readonly RecoveryPoint[]; window: ContinuousWindow | null }> {
  const { environment } = await open(options);
  const operations = environment.operations();
  const [points, window] = await Promise.all([operations.recoveryPoints(), operations.continuousWindow()]);
  return { points, window };
}

/** Which site serves the environment, how fresh its recovery points are, and which runs there were. */
export async function status(options: EnvironmentOptions): Promise<EnvironmentStatus> {
  const { environment } = await open(options);
  return environmentStatus(options.environment, environment);
}

/**
 * Makes a folder ready for an environment on the local platform: `Pulumi.yaml`, and the commented example as the config
 * of the environment. Nothing that is there is changed.
 * @throws OperatorError when the environment has a config already, or its name does not do.
 */
export async function init(options: EnvironmentOptions): Promise<Initialised> {
  return initLocal(path.resolve(options.projectDirectory ?? process.cwd()), options.environment);
}

/** Gets the engine and its language host ready. @returns folders to put first on PATH for `pulumi up`. */
export async function prepareEngine(onProgress: (line: string) => void): Promise<readonly string[]> {
  const engine = await findEngine({ onProgress });
  return (await ensureLanguageHost(engine, { onProgress })).path;
}

async function start(options: RecoverOptions, mode: 'recovery' | 'drill', keep = true): Promise<RecoveryRun> {
  const target = parseTarget(options.recoveryPoint ?? 'latest');
  const { project, environment } = await open(options);
  if (environment.recoverySite === undefined) {
    throw new OperatorError('bad-input', `Environment "${options.environment}" has no recovery site.`, {
      hint: 'Add medplum-dr:recoverySite to its config.',
    });
  }
  await writeMissingSettings(project);
  const session = await openSession(project, options);
  return startRecovery({
    project,
    environmentName: options.environment,
    environment,
    session,
    mode,
    takesTraffic: mode === 'recovery',
    keep,
    scenario: null,
    target,
    resume: options.resume ?? null,
    lostAt: options.lostAt ?? null,
    acceptUnfencedPrimary: options.acceptUnfencedPrimary ?? false,
    acceptedChecks: options.acceptChecks ?? [],
    reportsDirectory: options.reportsDirectory ?? path.join(project.directory, 'reports'),
    signal: options.signal ?? new AbortController().signal,
  });
}

async function open(
  options: EnvironmentOptions
): Promise<{ project: Project; environment: Awaited<ReturnType<typeof openEnvironment>> }> {
  const project = await openOwnProject(options.projectDirectory ?? process.cwd());
  return { project, environment: await openEnvironment(project, options.environment) };
}

async function openSession(project: Project, options: EnvironmentOptions): Promise<EngineSession> {
  const engine = await findEngine({ onProgress: options.onProgress ?? (() => undefined), signal: options.signal });
  return new EngineSession(engine, project, { ...engineEnvironment(), ...options.engineEnvironment });
}
