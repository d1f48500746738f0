import path from 'node:path';
import { createEventStream, type RecoveryEvent } from '../../automation/events';
import { realWorld } from '../../automation/recovery/real-world';
import { startRecovery, type RecoveryResult, type RecoverySetup } from '../../automation/recovery/recover';
import type { World } from '../../automation/recovery/world';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { openEnvironment, type Project } from '../../automation/stacks/project';
import type { StackEngine } from '../../automation/stacks/stack-engine';
import type { RecoveryTarget } from '../../components/site-operations';

/** How a run is lied to, and what its operator asks for. */
export interface Lie {
  readonly id: string;
  /** Goes on with the run of that id. */
  readonly resume?: true;
  readonly target?: RecoveryTarget;
  readonly acceptedChecks?: readonly string[];
  readonly world?: (world: World) => World;
  readonly onMoment?: NonNullable<RecoverySetup['onMoment']>;
  readonly onEvent?: (event: RecoveryEvent) => void;
}

export interface Ran extends RecoveryResult {
  readonly warnings: readonly string[];
  /** Outcome of each check, the last word of each. */
  readonly checks: Readonly<Record<string, string>>;
}

/** What a driver needs of the environment. */
interface Place {
  readonly workspace: { readonly project: Project };
  readonly primary: { readonly session: StackEngine };
}

/**
 * Runs the driver in this process, with the real world but for the lie. A run whose update fails is to be run by
 * `recoverElsewhere`: the engine that goes away leaves rejections, which a test runner takes for its own.
 */
export async function recover({ workspace, primary }: Place, lie: Lie): Promise<Ran> {
  const real = await realWorld(workspace.project, await openEnvironment(workspace.project, NAME), primary.session);
  const { id, target = { kind: 'latest' } } = lie;
  const stream = createEventStream();
  const run = startRecovery({
    world: lie.world?.(real) ?? real,
    environmentName: NAME,
    request:
      lie.resume === true
        ? { kind: 'resume', id }
        : { kind: 'new', id, mode: 'recovery', takesTraffic: true, target, lostAt: null, commitAfterSeconds: 0 },
    takeOver: false,
    keep: false,
    scenario: null,
    acceptUnfencedPrimary: false,
    acceptedChecks: lie.acceptedChecks ?? [],
    acceptedRecord: null,
    stallSeconds: null,
    reportsDirectory: path.join(workspace.project.directory, 'reports'),
    signal: new AbortController().signal,
    stream,
    ...(lie.onMoment === undefined ? {} : { onMoment: lie.onMoment }),
  });
  const listening = (async () => {
    for await (const event of run.events) {
      lie.onEvent?.(event);
    }
  })();
  const result = await run.result.finally(() => {
    stream.end();
  });
  await listening;
  const { checks, warnings } = result.report;
  return { ...result, warnings, checks: Object.fromEntries(checks.map(({ id: check, status }) => [check, status])) };
}

/** All that an operator reads of a failure. */
export function told({ error }: Pick<Ran, 'error'>): string {
  return error === null ? '' : [error.message, ...error.problems, error.hint].join('\n');
}

/** The world, with verification that does something to the recovered site before it looks. */
export function beforeLooking(
  what: 'data' | 'api',
  meddle: (site: Parameters<World['verification']['data']>[0]) => Promise<void>
): (world: World) => World {
  return (world) => ({
    ...world,
    verification: {
      ...world.verification,
      data: async (site) => {
        await (what === 'data' ? meddle(site) : undefined);
        return world.verification.data(site);
      },
      api: async (site) => {
        await (what === 'api' ? meddle(site) : undefined);
        return world.verification.api(site);
      },
    },
  });
}
