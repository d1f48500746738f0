import { TRAFFIC_TYPE_SUFFIX } from '../../components/environment';
import { OperatorError } from '../../components/errors';
import type { Emit } from '../events';
import { judged, type Check } from '../verification/check';
import { commandProgress } from './engine-progress';
import { requireOpen } from './find-run';
import { Journal, type JournalEntry, type RunHeader } from './journal';
import { withEnvironment, type Held } from './locked';
import { writeEndpoint } from './move-traffic';
import { currentRecord } from './record';
import { isPlanned } from './results';
import { frontOutputsSchema } from './site-outputs';
import { servingSite, type ServingSite } from './serving-site';
import { requireOwnRecord, startSite } from './start-site';
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
      const aborted = abortedEarlier(setup, entries);
      if (aborted !== null) {
        return primaryOf(setup, held, await servingSite(held.world.configs, siteOf(setup, held, aborted)));
      }
      const header = requireOpen(id, entries);
      const serving = await servingSite(held.world.configs, siteOf(setup, held, header));
      await requireBeforeCutover(setup, held, { header, entries, serving });
      const checks = await undoRun({ world: held.world, serving, journal, emit: setup.emit }, header);
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

/** A recovery that was aborted and left its primary fenced: that can be started later too. */
function abortedEarlier({ startPrimary }: AbortSetup, entries: readonly JournalEntry[]): RunHeader | null {
  const [first] = entries;
  const isAborted = entries.some((entry) => entry.kind === 'over' && entry.how === 'aborted');
  return startPrimary && isAborted && first?.kind === 'run' && !isPlanned(first.mode) ? first : null;
}

function siteOf(
  { environmentName }: AbortSetup,
  { front }: Held,
  { servingStack }: RunHeader
): Parameters<typeof servingSite>[1] {
  return { environmentName, front, stack: servingStack };
}

/** Config may say that traffic moved when a driver was killed right before it did: then it is put back. */
async function requireBeforeCutover(
  { environmentName, id, emit }: AbortSetup,
  { world, front }: Held,
  { header, entries, serving }: { header: RunHeader; entries: readonly JournalEntry[]; serving: ServingSite }
): Promise<void> {
  const made = entries.find((entry) => entry.kind === 'step-done' && entry.step === 'recovery-stack');
  const started = entries.some((entry) => entry.kind === 'step-started' && entry.step === 'cutover');
  if (!header.takesTraffic || !started || made?.kind !== 'step-done') {
    return;
  }
  const { address } = made.result.outputs.siteEndpoint;
  const record = await currentRecord(serving.environment.operations());
  const { endpoint } = frontOutputsSchema.parse(await world.engine.outputs(environmentName));
  if (record !== address && endpoint?.address !== address) {
    if (front.config.activeEndpoint?.recoveryId === id) {
      await writeEndpoint({ configs: world.configs, environmentName }, header.previous);
    }
    await setBack(world, { environmentName, serving, emit });
    return;
  }
  const cutover = entries.find((entry) => entry.kind === 'step-done' && entry.step === 'cutover');
  throw new OperatorError(
    'bad-input',
    `Run "${id}" has moved traffic to ${address} (stack ${header.recoveryStack})${cutover === undefined ? '' : ` at ${cutover.at}`}: clients write there, and removing it would lose that.`,
    {
      hint: isPlanned(header.mode)
        ? `The way back: medplum-dr rollback ${id} while it can be rolled back, then medplum-dr failback ${environmentName}.`
        : `The way back, once ${front.site} is sound: medplum-dr protect ${environmentName}, then medplum-dr failback ${environmentName}.`,
    }
  );
}

/**
 * The engine of a driver that was taken over may be at work on the record yet, on another machine. An update waits for it
 * or is refused, and fails when the record was moved after all: the number of that cutover is the higher one.
 */
async function setBack(
  { engine }: World,
  { environmentName, serving, emit }: Pick<AbortSetup, 'environmentName' | 'emit'> & { readonly serving: ServingSite }
): Promise<void> {
  await requireOwnRecord({ engine }, { stack: environmentName, environment: serving.environment });
  await engine.update(environmentName, { ...commandProgress(emit), targetType: TRAFFIC_TYPE_SUFFIX });
}

async function primaryOf(
  { id, startPrimary, emit }: AbortSetup,
  { world }: Held,
  serving: ServingSite
): Promise<Check[]> {
  const { environment, stack } = serving;
  const condition = await environment.operations().condition();
  if (condition.kind !== 'fenced') {
    return [];
  }
  const check = { id: 'primary', title: `Site ${environment.site} after the abort` };
  if (!startPrimary) {
    const how = `To start it: medplum-dr abort ${id} --start-primary.`;
    emit({ kind: 'warning', text: `${environment.site} (stack ${stack}) was fenced by the run and stays so. ${how}` });
    return [judged(check, true, `${condition.detail}; it stays fenced. ${how}`)];
  }
  const { siteEndpoint } = await startSite({ world, emit }, serving);
  return [judged(check, true, `started again; it answers at ${siteEndpoint.address}:${siteEndpoint.port}`)];
}
