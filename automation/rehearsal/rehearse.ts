import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../components/errors';
import { until } from '../../components/local/process/daemon';
import { findEngine } from '../engine';
import { createEventStream, type EventStream } from '../events';
import type { AfterSteps } from '../recovery/report-of';
import { newRunId, startRecovery, type RecoveryResult, type RecoveryRun } from '../recovery/recover';
import type { RunOutcome } from '../recovery/run';
import { openEnvironment, openOwnProject } from '../stacks/project';
import { backUp } from './back-up';
import type { Check } from '../verification/check';
import { cleanUp } from './clean-up';
import { ClientProcess } from './client-process';
import { findLostWrites } from './client/lost-writes';
import { DEFAULT_RESOURCES, loadResources } from './data/load';
import { bringUpPrimary, type RehearsalPrimary } from './environment';
import { badWrite } from './scenarios/bad-write';
import { corruptBackup } from './scenarios/corrupt-backup';
import { SCENARIOS, type Damage, type Scenario, type ScenarioName } from './scenarios/scenario';
import { siteLoss } from './scenarios/site-loss';
import { narratorOf } from './narrator';
import { makeWorkspace, REHEARSAL_ENVIRONMENT, type RehearsalWorkspace } from './workspace';

const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  'site-loss': siteLoss,
  'bad-write': badWrite,
  'corrupt-backup': corruptBackup,
};

const rehearsalSchema = z.object({
  scenario: z.enum(SCENARIOS).default('site-loss'),
  /** FHIR resources to fill the environment with. */
  resources: z.int().min(100).max(10_000_000).default(DEFAULT_RESOURCES),
  seed: z.int().min(0).default(1),
  /** Leave everything standing in the end. */
  keep: z.boolean().default(false),
});

export interface RehearsalOptions extends Partial<z.infer<typeof rehearsalSchema>> {
  /** Take application, objectives and backup settings from this environment; built-in ones when absent. */
  readonly environment?: string;
  /** Folder of the project; the workspace is made in its `.medplum-dr`, the report in its `reports`. */
  readonly projectDirectory?: string;
  readonly reportsDirectory?: string;
  readonly signal?: AbortSignal;
}

/**
 * Starts a rehearsal: an environment of its own on this machine is brought up, filled, broken as the scenario says
 * while a client writes, recovered by the same code as any other, and removed.
 * @throws OperatorError for bad input, before anything is made.
 */
export async function startRehearsal(options: RehearsalOptions): Promise<RecoveryRun> {
  const settings = rehearsalSchema.safeParse(options);
  if (!settings.success) {
    throw new OperatorError('bad-input', 'The drill cannot be run like this.', {
      hint: 'See medplum-dr drill --help.',
      problems: settings.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    });
  }
  const base = path.resolve(options.projectDirectory ?? process.cwd());
  const template =
    options.environment === undefined
      ? null
      : { project: await openOwnProject(base), environment: options.environment };
  if (template !== null) {
    await openEnvironment(template.project, template.environment);
  }
  const id = newRunId(new Date());
  const stream = createEventStream();
  const directory = path.join(base, '.medplum-dr', `drill-${id}`);
  await mkdir(directory, { recursive: true });
  const workspace = await makeWorkspace(directory, template);
  const result = rehearse({
    id,
    workspace,
    stream,
    settings: settings.data,
    reportsDirectory: options.reportsDirectory ?? path.join(base, 'reports'),
    signal: options.signal ?? new AbortController().signal,
  }).finally(() => {
    stream.end();
  });
  result.catch(() => undefined);
  return { id, events: stream.events, result };
}

/** Removes what a kept or killed rehearsal left. @throws OperatorError when the folder is not a rehearsal's. */
export async function removeRehearsal(directory: string): Promise<Check> {
  const full = path.resolve(directory);
  if (!/[/\\]drill-\d{8}-\d{6}-[0-9a-f]{4}$/.test(full)) {
    throw new OperatorError('bad-input', `${full} is not the folder of a drill.`, {
      hint: 'It is named like .medplum-dr/drill-20261124-031500-1a2b.',
    });
  }
  return cleanUp({ directory: full });
}

interface Rehearsal {
  readonly id: string;
  readonly workspace: RehearsalWorkspace;
  readonly stream: EventStream;
  readonly settings: z.infer<typeof rehearsalSchema>;
  readonly reportsDirectory: string;
  readonly signal: AbortSignal;
}

async function rehearse(rehearsal: Rehearsal): Promise<RecoveryResult> {
  const { workspace, settings, stream } = rehearsal;
  try {
    const primary = await prepare(rehearsal);
    const client = startClient(workspace, primary);
    try {
      return await strikeAndRecover(rehearsal, primary, client);
    } finally {
      await client.stop();
    }
  } catch (error) {
    // The recovery itself never throws: this is the environment that did not come up, or a fault.
    if (settings.keep) {
      stream.emit({ kind: 'warning', text: `Left standing, as asked: ${workspace.directory}` });
    } else {
      const check = await cleanUp(workspace);
      stream.emit({ kind: check.status === 'passed' ? 'note' : 'warning', text: `Clean-up: ${check.evidence}` });
    }
    if (rehearsal.signal.aborted) {
      const hint = settings.keep ? `Remove it: medplum-dr drill --remove ${workspace.directory}.` : 'Nothing is left.';
      throw new OperatorError('cancelled', 'Cancelled before the environment was lost.', { hint, cause: error });
    }
    throw error;
  }
}

/** The primary up, filled, and with a base backup that has all of it. */
async function prepare({ workspace, settings, signal, stream }: Rehearsal): Promise<RehearsalPrimary> {
  const narrator = narratorOf(stream.emit);
  const { note, activity, progress } = narrator;
  const engine = await findEngine({ onProgress: note, signal });
  activity(`Bringing up the primary site in ${workspace.directory}`);
  const primary = await bringUpPrimary(workspace, { engine, signal, narrator });
  if (primary.environment.isStandIn) {
    note('The application is the stand-in of this package, not a Medplum server');
  }
  activity(`Filling it with ${settings.resources} FHIR resources through its API`);
  const loaded = await loadResources({
    api: primary.api,
    count: settings.resources,
    seed: settings.seed,
    signal,
    onProgress: (done) => {
      progress(`resource ${done.loaded} of ${done.total}`);
    },
  });
  const rate = Math.round(loaded.total / loaded.seconds);
  note(
    `${loaded.total} resources of ${Object.keys(loaded.created).length} types loaded in ${loaded.seconds.toFixed(1)} s (${rate}/s)`
  );
  activity('Taking a base backup');
  note(`Base backup ${await backUp(workspace, primary)} taken and verified`);
  return primary;
}

function startClient(workspace: RehearsalWorkspace, primary: RehearsalPrimary): ClientProcess {
  const { traffic, application } = primary.environment.config;
  const { dns, port } = z
    .object({ dns: z.object({ address: z.string(), port: z.int() }), port: z.int() })
    .parse(traffic);
  return new ClientProcess(
    {
      name: traffic.name,
      dnsServer: dns,
      port,
      baseUrl: application.baseUrl,
      clientId: primary.credentials.clientId,
      journal: path.join(workspace.outside, 'client.jsonl'),
    },
    primary.credentials.clientSecret
  );
}

async function strikeAndRecover(
  rehearsal: Rehearsal,
  primary: RehearsalPrimary,
  client: ClientProcess
): Promise<RecoveryResult> {
  const { id, workspace, settings, reportsDirectory, signal, stream } = rehearsal;
  const scenario = scenarios[settings.scenario];
  const narrator = narratorOf(stream.emit);
  narrator.activity('A client writes through the environment’s name');
  await writesRecorded(primary, client, signal);
  narrator.note(`${scenario.title}: now`);
  const damage = await scenario.strike({ workspace, primary, client, signal, narrator });
  const run = startRecovery({
    id,
    project: workspace.project,
    environmentName: REHEARSAL_ENVIRONMENT,
    environment: primary.environment,
    session: primary.session,
    mode: 'drill',
    takesTraffic: true,
    keep: settings.keep,
    scenario: scenario.name,
    target: damage.target,
    resume: null,
    lostAt: damage.lostAt,
    acceptUnfencedPrimary: false,
    acceptedChecks: [],
    reportsDirectory,
    signal,
    stream,
    afterSteps: async (outcome) => {
      const after = await clientSaw(primary, client, damage, outcome);
      await client.stop();
      if (settings.keep) {
        return {
          ...after,
          leftBehind: [
            `everything, as asked: ${workspace.directory}; medplum-dr drill --remove ${workspace.directory}`,
          ],
        };
      }
      narrator.activity('Removing everything that the drill made');
      const check = await cleanUp(workspace);
      const checks = [...after.checks, check];
      return check.status === 'passed'
        ? { ...after, checks, removed: true }
        : {
            ...after,
            checks,
            leftBehind: [`${workspace.directory}: medplum-dr drill --remove ${workspace.directory}`],
          };
    },
  });
  return run.result;
}

/** Waits until the client's writes go on and a recovery point after the first of them is recorded. */
async function writesRecorded(primary: RehearsalPrimary, client: ClientProcess, signal: AbortSignal): Promise<void> {
  const wrote = await client.sees((seen) => seen.acknowledged.length >= 20, 60_000);
  const first = client.seen().acknowledged[0]?.at;
  const operations = primary.environment.operations();
  const recorded =
    wrote &&
    first !== undefined &&
    (await until(async () => {
      signal.throwIfAborted();
      const window = await operations.continuousWindow();
      return window !== null && window.to > first;
    }, 120_000));
  if (!recorded) {
    throw new OperatorError('recovery-failed', 'The client’s writes did not come to be protected within 3 minutes.', {
      hint: 'Run the drill again with --keep, and look at the logs in its folder.',
    });
  }
}

/** What the watching client saw, and which of its acknowledged writes the recovered database has. */
async function clientSaw(
  primary: RehearsalPrimary,
  client: ClientProcess,
  damage: Damage,
  outcome: RunOutcome
): Promise<AfterSteps> {
  const { results } = outcome;
  const outputs = results['recovery-stack']?.outputs;
  if (outcome.result !== 'recovered' || outputs === undefined) {
    return { client: null, checks: [], notes: [], leftBehind: [] };
  }
  const { address } = outputs.siteEndpoint;
  await client.sees((seen) => seen.addresses.at(-1)?.address === address, 60_000);
  const seen = client.seen();
  const database = await primary.environment.operations().connectDatabase(outputs);
  try {
    const before = seen.acknowledged.filter((write) => new Date(write.at) <= damage.lostAt);
    const since = seen.acknowledged.length - before.length;
    const lost = await findLostWrites(database, seen.acknowledged);
    const skipped = outputs.database.restoredFrom?.skipped ?? [];
    const { outage } = seen;
    return {
      client: {
        downtimeSeconds: outage.kind === 'over' ? outage.downtimeSeconds : null,
        firstGoodAnswerAt: outage.kind === 'over' ? outage.firstGoodAt : null,
        acknowledgedWrites: seen.acknowledged.length,
        acknowledgedWritesLost: lost.length,
      },
      checks: await damage.verify(
        database,
        skipped.map((backup) => backup.id)
      ),
      notes: [`The client had ${before.length} writes acknowledged before the loss and ${since} after it.`],
      leftBehind: [],
    };
  } finally {
    await database.end();
  }
}
