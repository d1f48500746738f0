import path from 'node:path';
import type { PlatformEnvironment } from '../components/platform';
import type { ContinuousWindow, RecoveryPoint, RestorePlan, PreflightFinding } from '../components/site-operations';
import { engineEnvironment, ensureLanguageHost, findEngine } from './engine';
import { createEventStream, type Emit } from './events';
import { abortRun } from './recovery/abort';
import { findRun } from './recovery/find-run';
import { protectEnvironment } from './recovery/protect';
import { controlStoreOf, realWorld } from './recovery/real-world';
import { startRecovery, type RecoveryRun, type RunRequest } from './recovery/recover';
import { removeSite as removeSiteOf } from './recovery/remove-site';
import { STEPS_OF, type Protection, type RunMode, type StepId } from './recovery/results';
import { rollBack } from './recovery/rollback';
import { preflightFindings, servingSite } from './recovery/serving-site';
import { parseTarget } from './recovery/target';
import type { World } from './recovery/world';
import { startRehearsal, type RehearsalOptions } from './rehearsal/rehearse';
import { openEnvironment, openOwnProject, writeMissingSettings, type Project } from './stacks/project';
import { EngineSession } from './stacks/session';
import { configFiles } from './stacks/stack-configs';
import { initialise, type Initialised, type InitPlatform } from './init';
import { environmentStatus, type EnvironmentStatus } from './status';
import { steps } from './steps';
import type { Check } from './verification/check';

export { OperatorError, type FailureKind } from '../components/errors';
export type { RecoveryEvent } from './events';
export { EXIT_CODES } from './exit-codes';
export type { Initialised, InitPlatform } from './init';
export type { RecoveryResult, RecoveryRun } from './recovery/recover';
export { recoveryReportSchema, type RecoveryReport } from './report/schema';
export type { EnvironmentStatus } from './status';
export type { Check } from './verification/check';
export type { ContinuousWindow, RecoveryPoint, RestorePlan, PreflightFinding, RehearsalOptions, StepId };
export type { Protection, RunMode };

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

/** What every command that changes an environment has. */
export interface ChangeOptions extends EnvironmentOptions {
  /** Take the environment over from a driver that holds it: that one cannot change anything any more. */
  readonly takeOver?: boolean;
  /** Told what goes on, where the command is no run with events of its own. */
  readonly onEvent?: Emit;
}

/** Risks that an operator accepts by name, and limits; given anew to each driver of a run. */
export interface RunOptions extends ChangeOptions {
  /** Go on although the old primary cannot be stopped from taking writes. */
  readonly acceptUnfencedPrimary?: boolean;
  /** Ids of checks that may fail, or stay unmade, without stopping the run. */
  readonly acceptChecks?: readonly string[];
  /** An address that somebody else moved the environment's name to meanwhile, and that may be replaced. */
  readonly acceptRecord?: string;
  /** Seconds without progress after which a step fails; the config's when absent. */
  readonly stallAfterSeconds?: number;
  /** Where the report goes, in a folder of the run's id; `reports` in the project when absent. */
  readonly reportsDirectory?: string;
}

export interface RecoverOptions extends RunOptions {
  /** `latest` (the default), the id of a recovery point, or an ISO instant with its time zone. */
  readonly recoveryPoint?: string;
  /** When the environment was lost; else the monitoring layer's first failed probe is taken. */
  readonly lostAt?: Date;
}

export interface DrillOptions extends RecoverOptions {
  /** Leave the copy standing in the end. */
  readonly keep?: boolean;
}

export interface MoveOptions extends RunOptions {
  /** Seconds in which the move can be rolled back; the config's when absent, 0: committed at once. */
  readonly commitAfterSeconds?: number;
}

export interface InitOptions extends Pick<EnvironmentOptions, 'environment' | 'projectDirectory'> {
  readonly platform?: InitPlatform;
}

/** A run by its id alone: its journal tells the environment. */
export type RunReference<Options extends EnvironmentOptions> = Omit<Options, 'environment'> & { readonly id: string };

/** What a recovery would do now; nothing is made. */
export interface RecoveryPlan {
  readonly environment: string;
  readonly sites: { readonly from: string; readonly to: string };
  readonly findings: readonly PreflightFinding[];
  /** Null where nothing protects the serving site. */
  readonly restore: RestorePlan | null;
  /** Budgets are expectations, not measurements. */
  readonly steps: readonly { readonly id: StepId; readonly title: string; readonly budgetSeconds: number }[];
}

/**
 * Looks at what a recovery would do, and at everything it would need.
 * @throws OperatorError for bad input and for a recovery point that cannot be met.
 */
export async function plan(options: RecoverOptions): Promise<RecoveryPlan> {
  const target = parseTarget(options.recoveryPoint ?? 'latest');
  const { project, front } = await open(options);
  const world = await openWorld(project, front, options);
  const environmentName = options.environment;
  const { environment } = await servingSite(world.configs, { environmentName, front });
  const operations = environment.operations();
  const recoveryStack = `${environmentName}-plan`;
  const [findings, restore] = await Promise.all([
    preflightFindings({ environment, engine: world.engine }, { environmentName, recoveryStack }),
    environment.recoverySite === undefined ? null : operations.planRestore(target),
  ]);
  return {
    environment: environmentName,
    sites: { from: environment.site, to: environment.recoverySite ?? '' },
    findings,
    restore,
    steps: STEPS_OF.recovery.map((id) => ({ id, title: steps[id].title, budgetSeconds: steps[id].budgetSeconds })),
  };
}

/**
 * Recovers an environment at its recovery site and moves traffic there.
 * @throws OperatorError for bad input, before anything is made. Once the run has begun, its end is in `result`.
 */
export function recover(options: RecoverOptions): Promise<RecoveryRun> {
  return start(options, recoveryRequest(options, 'recovery'));
}

/**
 * A recovery of an existing environment that takes no traffic; the copy that it makes is removed in the end. For a
 * rehearsal on a made-up environment see `rehearse`.
 */
export function drill(options: DrillOptions): Promise<RecoveryRun> {
  return start(options, recoveryRequest(options, 'drill'), options.keep ?? false);
}

/** Moves an environment to its recovery site by plan: it is stopped, and nothing is lost. */
export function switchover(options: MoveOptions): Promise<RecoveryRun> {
  return start(options, moveRequest(options, 'switchover'));
}

/** Returns to the site where the environment stood at first, as a switchover. It has to be protected there. */
export function failback(options: MoveOptions): Promise<RecoveryRun> {
  return start(options, moveRequest(options, 'failback'));
}

/** Goes on with a run that failed, was cancelled or was killed, on whatever machine reaches its journal. */
export async function resume(options: RunReference<RunOptions> & { readonly keep?: boolean }): Promise<RecoveryRun> {
  const environment = await environmentOf(options);
  return start({ ...options, environment }, { kind: 'resume', id: options.id }, options.keep ?? false);
}

/**
 * Ends a run before its cutover: removes what it made, proves it, and starts a site again that it stopped by plan. Also
 * removes what a drill that was kept or killed left.
 * @throws OperatorError after the cutover; it says what the way back is.
 */
export async function abort(
  options: RunReference<ChangeOptions> & { readonly startPrimary?: boolean }
): Promise<readonly Check[]> {
  const { id, startPrimary = false } = options;
  return change(options, await environmentOf(options), (setup) => abortRun({ ...setup, id, startPrimary }));
}

/** Goes back after a planned move, within its window. @throws OperatorError when that is not possible any more. */
export async function rollback(
  options: RunReference<ChangeOptions> & { readonly acceptLostWrites?: boolean }
): Promise<readonly Check[]> {
  const { id, acceptLostWrites = false } = options;
  return change(options, await environmentOf(options), (setup) => rollBack({ ...setup, id, acceptLostWrites }));
}

/** Arms backups and replication of a recovered environment, and waits for the recovery point that proves it. */
export function protect(options: ChangeOptions): Promise<Protection> {
  const signal = options.signal ?? new AbortController().signal;
  return change(options, options.environment, (setup) => protectEnvironment({ ...setup, signal }));
}

/** Removes the site of a stack that no longer serves, with its data and copies. `status` lists what there is. */
export function removeSite(options: ChangeOptions & { readonly stack: string }): Promise<Check> {
  return change(options, options.environment, (setup) => removeSiteOf({ ...setup, stack: options.stack }));
}

/**
 * Brings up an environment of its own on this machine, fills it, breaks it, recovers it, and removes all of it again.
 */
export async function rehearse(options: RehearsalOptions): Promise<RecoveryRun> {
  return startRehearsal(options);
}

/**
 * All recovery points of the serving site, and the span in which any moment can be recovered to; none while nothing
 * protects it.
 */
export async function recoveryPoints(
  options: EnvironmentOptions
): Promise<{ points: readonly RecoveryPoint[]; window: ContinuousWindow | null }> {
  const { project, front } = await open(options);
  const { environment } = await servingSite(configFiles(project), { environmentName: options.environment, front });
  if (environment.recoverySite === undefined) {
    return { points: [], window: null };
  }
  const operations = environment.operations();
  const [points, window] = await Promise.all([operations.recoveryPoints(), operations.continuousWindow()]);
  return { points, window };
}

/** Which site serves the environment, how fresh its recovery points are, what is left of others, and which runs there were. */
export async function status(options: EnvironmentOptions): Promise<EnvironmentStatus> {
  const { project, front } = await open(options);
  return environmentStatus(options.environment, {
    front,
    configs: configFiles(project),
    store: await controlStoreOf(project, front),
  });
}

/**
 * Makes a folder ready for an environment: `Pulumi.yaml`, and the config of the environment. On the local platform (the
 * default) that is the commented example; of an environment that runs on AWS it is what Medplum's own configuration leads
 * to, read with the SDK's standard credentials. Nothing that is there is changed, neither in the folder nor in the account.
 * @throws OperatorError when the environment has a config already, its name does not do, or nothing can be read.
 */
export async function init(options: InitOptions): Promise<Initialised> {
  const directory = path.resolve(options.projectDirectory ?? process.cwd());
  return initialise(directory, options.environment, options.platform ?? { name: 'local' });
}

/** Gets the engine and its language host ready. @returns folders to put first on PATH for `pulumi up`. */
export async function prepareEngine(onProgress: (line: string) => void): Promise<readonly string[]> {
  const engine = await findEngine({ onProgress });
  return (await ensureLanguageHost(engine, { onProgress })).path;
}

function recoveryRequest(options: RecoverOptions, mode: 'recovery' | 'drill'): RunRequest {
  return {
    kind: 'new',
    mode,
    takesTraffic: mode === 'recovery',
    target: parseTarget(options.recoveryPoint ?? 'latest'),
    lostAt: options.lostAt ?? null,
    commitAfterSeconds: null,
  };
}

function moveRequest(options: MoveOptions, mode: RunMode): RunRequest {
  return {
    kind: 'new',
    mode,
    takesTraffic: true,
    target: { kind: 'latest' },
    lostAt: null,
    commitAfterSeconds: options.commitAfterSeconds ?? null,
  };
}

async function start(options: RunOptions, request: RunRequest, keep = true): Promise<RecoveryRun> {
  const { project, front } = await open(options);
  await writeMissingSettings(project);
  return startRecovery({
    world: await openWorld(project, front, options),
    environmentName: options.environment,
    request,
    takeOver: options.takeOver ?? false,
    keep,
    scenario: null,
    acceptUnfencedPrimary: options.acceptUnfencedPrimary ?? false,
    acceptedChecks: options.acceptChecks ?? [],
    acceptedRecord: options.acceptRecord ?? null,
    stallSeconds: options.stallAfterSeconds ?? null,
    reportsDirectory: options.reportsDirectory ?? path.join(project.directory, 'reports'),
    signal: options.signal ?? new AbortController().signal,
  });
}

interface ChangeSetup {
  readonly world: World;
  readonly environmentName: string;
  readonly takeOver: boolean;
  readonly emit: Emit;
}

async function change<Result>(
  options: Omit<ChangeOptions, 'environment'>,
  environmentName: string,
  run: (setup: ChangeSetup) => Promise<Result>
): Promise<Result> {
  const { project, front } = await open({ ...options, environment: environmentName });
  const world = await openWorld(project, front, options);
  return run({
    world,
    environmentName,
    takeOver: options.takeOver ?? false,
    emit: options.onEvent ?? createEventStream().emit,
  });
}

/** The environment of a run, found by its id. */
async function environmentOf(options: RunReference<EnvironmentOptions>): Promise<string> {
  const project = await openOwnProject(options.projectDirectory ?? process.cwd());
  const { header } = await findRun(options.id, configFiles(project), (front) => controlStoreOf(project, front));
  return header.environment;
}

async function open(options: EnvironmentOptions): Promise<{ project: Project; front: PlatformEnvironment }> {
  const project = await openOwnProject(options.projectDirectory ?? process.cwd());
  return { project, front: await openEnvironment(project, options.environment) };
}

async function openWorld(
  project: Project,
  front: PlatformEnvironment,
  options: Omit<EnvironmentOptions, 'environment'>
): Promise<World> {
  const engine = await findEngine({ onProgress: options.onProgress ?? (() => undefined), signal: options.signal });
  return realWorld(
    project,
    front,
    new EngineSession(engine, project, { ...engineEnvironment(), ...options.engineEnvironment })
  );
}
