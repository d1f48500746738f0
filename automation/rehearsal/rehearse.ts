import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../components/errors';
import { createEventStream, type EventStream } from '../events';
import { realWorld } from '../recovery/real-world';
import { newRunId, startRecovery, type RecoveryResult, type RecoveryRun } from '../recovery/recover';
import { openEnvironment, openOwnProject } from '../stacks/project';
import type { Check } from '../verification/check';
import { cleanUp } from './clean-up';
import type { ClientProcess } from './client-process';
import { DEFAULT_RESOURCES } from './data/load';
import type { RehearsalPrimary } from './environment';
import { badWrite } from './scenarios/bad-write';
import { corruptBackup } from './scenarios/corrupt-backup';
import { SCENARIOS, type Scenario, type ScenarioName } from './scenarios/scenario';
import { siteLoss } from './scenarios/site-loss';
import { narratorOf } from './narrator';
import { prepare } from './prepare';
import { clientSaw, startClient, writesRecorded } from './watching-client';
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
    const primary = await prepare({ ...settings, workspace, signal: rehearsal.signal, emit: stream.emit });
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
    world: await realWorld(workspace.project, primary.environment, primary.session),
    environmentName: REHEARSAL_ENVIRONMENT,
    request: {
      kind: 'new',
      id,
      mode: 'drill',
      takesTraffic: true,
      target: damage.target,
      lostAt: damage.lostAt,
      commitAfterSeconds: null,
    },
    takeOver: false,
    keep: settings.keep,
    scenario: scenario.name,
    acceptUnfencedPrimary: false,
    acceptedChecks: [],
    acceptedRecord: null,
    stallSeconds: null,
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
