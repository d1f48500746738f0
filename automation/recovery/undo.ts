import { OperatorError, messageOf } from '../../components/errors';
import type { Emit } from '../events';
import { judged, type Check } from '../verification/check';
import { commandProgress } from './engine-progress';
import type { Journal, RunHeader } from './journal';
import { isPlanned } from './results';
import type { ServingSite } from './serving-site';
import { startSite } from './start-site';
import type { World } from './world';

const gone = { id: 'run-removed', title: 'Everything that the run made is gone' };
const back = { id: 'site-back', title: 'The site that was stopped by plan serves again' };

export interface UndoContext {
  readonly world: World;
  readonly serving: ServingSite;
  readonly journal: Journal;
  readonly emit: Emit;
}

/**
 * Removes what a run made before any traffic went there, and starts the serving site again where the run had stopped it
 * by plan. May be called again. What did not go well is a failed check, so that the report still tells of the rest.
 */
export async function undoRun(context: UndoContext, header: RunHeader): Promise<Check[]> {
  // Whoever goes on from here must not take a site for stopped, or a stack for made, because a step once did it.
  await context.journal.append({ kind: 'undoing', at: context.world.clock.now().toISOString() });
  if (!isPlanned(header.mode)) {
    return [await removeStack(context, header)];
  }
  // Clients are without service: that comes first.
  const isBack = await bringBack(context);
  return [isBack, await removeStack(context, header)];
}

async function bringBack({ world, serving, emit }: UndoContext): Promise<Check> {
  try {
    const { siteEndpoint } = await startSite({ world, emit }, serving);
    return judged(back, true, `${serving.environment.site} answers at ${siteEndpoint.address}:${siteEndpoint.port}`);
  } catch (error) {
    return judged(back, false, `${serving.environment.site} does not serve: ${toldOf(error)}`);
  }
}

/** The recovery site must be as free afterwards as it was. */
async function removeStack({ world, serving, emit }: UndoContext, { recoveryStack }: RunHeader): Promise<Check> {
  try {
    // What ends a run early must not keep what it made from being removed.
    const { signal, onWaiting } = commandProgress(emit);
    await world.engine.destroy(recoveryStack, { signal, onWaiting });
  } catch (error) {
    return judged(gone, false, `stack ${recoveryStack} could not be removed: ${toldOf(error)}`);
  }
  const findings = await serving.environment.operations().preflight(recoveryStack);
  const failed = findings.flatMap((finding) => (finding.status === 'failed' ? [finding.evidence] : []));
  return judged(
    gone,
    failed.length === 0,
    failed.length === 0
      ? `stack ${recoveryStack} is destroyed, and the recovery site is as free as before`
      : `stack ${recoveryStack} is destroyed, but: ${failed.join(' ')}`
  );
}

function toldOf(error: unknown): string {
  return [messageOf(error), ...(error instanceof OperatorError ? error.problems : [])].join(' ');
}
