import { OperatorError } from '../../components/errors';
import type { Emit } from '../events';
import { judged, type Check } from '../verification/check';
import { requireOpen } from './find-run';
import { Journal, type JournalEntry, type RunHeader } from './journal';
import { withEnvironment, type Held } from './locked';
import { writeEndpoint } from './move-traffic';
import { currentRecord } from './record';
import { isPlanned } from './results';
import { servingSite, type ServingSite } from './serving-site';
import { startSite } from './start-site';
import { undoRun } from './undo';
import type { World } from './world';

export interface AbortSetup {
  readonly world: World;
  readonly id: string;
  readonly environmentName: string;
  readonly takeOver: boolean;
  /** In a recovery of a site that could still be reached: start it again. A planned move always does. */
  readonly startPrimary: boolean;
  readonly emit: Emit;
}

/**
 * Ends a run before its cutover: removes just what it made, and proves it. A site that was stopped by plan serves again.
 * A primary that a recovery fenced stays fenced unless it is asked for: there was a reason to leave it.
 * @throws OperatorError after the cutover, with the way back.
 */
export async function abortRun(setup: AbortSetup): Promise<Check[]> {
  const { world, id, environmentName, takeOver, emit } = setup;
  return withEnvironment(
    world,
    { environmentName, purpose: `abort ${id}`, takeOver, emit, runId: id },
    async (held) => {
      const journal = new Journal(world.store, id);
      const entries = await journal.read();
      const header = requireOpen(id, entries);
      const serving = await servingSite(held.world.configs, {
        environmentName,
        front: held.front,
        stack: header.servingStack,
      });
      await requireBeforeCutover(setup, held, { header, entries, serving });
      const checks = await undoRun({ world: held.world, serving, emit: setup.emit }, header);
      if (!isPlanned(header.mode) && header.takesTraffic) {
        checks.push(...(await primaryOf(setup, held, serving)));
      }
      if (checks.every((check) => check.status === 'passed')) {
        await journal.append({ kind: 'over', at: world.clock.now().toISOString(), how: 'aborted' });
      }
      return checks;
    }
  );
}

/** Config may say that traffic moved when a driver was killed right before it did: then it is put back. */
async function requireBeforeCutover(
  { environmentName, id }: AbortSetup,
  { world, front }: Held,
  { header, entries, serving }: { header: RunHeader; entries: readonly JournalEntry[]; serving: ServingSite }
): Promise<void> {
  const active = front.config.activeEndpoint;
  if (active?.recoveryId !== id) {
    return;
  }
  const record = await currentRecord(serving.environment.operations());
  if (record !== active.address) {
    await writeEndpoint({ configs: world.configs, environmentName }, header.previous);
    return;
  }
  const cutover = entries.find((entry) => entry.kind === 'step-done' && entry.step === 'cutover');
  throw new OperatorError(
    'bad-input',
    `Run "${id}" has moved traffic to ${active.site} (${active.address}) at ${cutover?.at ?? active.since}: clients write there, and removing it would lose that.`,
    {
      hint: isPlanned(header.mode)
        ? `The way back: medplum-dr rollback ${id} while it can be rolled back, then medplum-dr failback ${environmentName}.`
        : `The way back, once ${front.site} is sound: medplum-dr protect ${environmentName}, then medplum-dr failback ${environmentName}.`,
    }
  );
}

async function primaryOf({ startPrimary, emit }: AbortSetup, { world }: Held, serving: ServingSite): Promise<Check[]> {
  const { environment, stack } = serving;
  const condition = await environment.operations().condition();
  if (condition.kind !== 'fenced') {
    return [];
  }
  const check = { id: 'primary', title: `Site ${environment.site} after the abort` };
  if (!startPrimary) {
    const how = `To start it: medplum-dr abort with --start-primary.`;
    emit({ kind: 'warning', text: `${environment.site} (stack ${stack}) was fenced by the run and stays so. ${how}` });
    return [judged(check, true, `${condition.detail}; it stays fenced. ${how}`)];
  }
  const { siteEndpoint } = await startSite({ world, emit }, serving);
  return [judged(check, true, `started again; it answers at ${siteEndpoint.address}:${siteEndpoint.port}`)];
}
