import type { ActiveEndpoint } from '../../components/config';
import { OperatorError } from '../../components/errors';
import type { Emit } from '../events';
import { judged, type Check } from '../verification/check';
import { commitWindow } from './commit-window';
import { waitingTo } from './engine-progress';
import { requireOpen } from './find-run';
import { Journal, type JournalEntry, type RunHeader } from './journal';
import { withEnvironment, type Held } from './locked';
import { moveTraffic } from './move-traffic';
import type { StepResults } from './results';
import { servingSite, type ServingSite } from './serving-site';
import { startSite } from './start-site';
import type { World } from './world';

export interface RollbackSetup {
  readonly world: World;
  readonly id: string;
  readonly environmentName: string;
  readonly takeOver: boolean;
  /** Go back although writes were made on the new site, which are lost then. */
  readonly acceptLostWrites: boolean;
  readonly emit: Emit;
}

/** What a rollback works with. */
interface Rollback {
  readonly setup: RollbackSetup;
  readonly held: Held;
  readonly header: RunHeader;
  readonly journal: Journal;
  /** What the journal held when this began. */
  readonly entries: readonly JournalEntry[];
  readonly left: ServingSite;
  /** The site that the run moved to, and what is known of it. */
  readonly moved: ServingSite;
  readonly outputs: StepResults['recovery-stack']['outputs'];
  readonly newestWriteAt: string | null;
}

/**
 * Goes back after a planned move, within its window: the new site is stopped, the old one, which is as sound as it was
 * left, is started and found healthy, and then traffic goes back. May be called again after an interruption.
 * @throws OperatorError when the window is over, when there is nothing to go back to, and when clients wrote meanwhile.
 */
export async function rollBack(setup: RollbackSetup): Promise<Check[]> {
  const { world, id, environmentName, takeOver, emit } = setup;
  return withEnvironment(
    world,
    { environmentName, purpose: `rollback ${id}`, takeOver, emit, runId: id },
    async (held) => {
      const journal = new Journal(world.store, id);
      const entries = await journal.read();
      const header = requireOpen(id, entries);
      requireWindow(setup, held, { header, entries });
      await journal.append({ kind: 'rolling-back', at: world.clock.now().toISOString() });
      const rollback = await sitesOf(setup, held, { header, journal, entries });
      const writes = await stopNewSite(rollback);
      const endpoint = await goBack(rollback);
      await journal.append({ kind: 'over', at: world.clock.now().toISOString(), how: 'rolled-back' });
      const { name } = rollback.left.environment.config.traffic;
      return [
        judged(
          { id: 'writes-kept', title: 'Nothing that clients wrote is lost by going back' },
          writes === 0,
          writes === 0
            ? 'no write was made on the site that is left'
            : `${writes ?? 'an unknown number of'} write(s) are lost, as was accepted`
        ),
        judged(
          { id: 'rolled-back', title: 'The environment is served from where it was' },
          true,
          `${name} leads to ${endpoint.address} (${endpoint.site}) again; stack ${header.recoveryStack} is stopped and fenced`
        ),
      ];
    }
  );
}

function requireWindow(
  { world, id, environmentName }: RollbackSetup,
  { front }: Held,
  { header, entries }: { readonly header: RunHeader; readonly entries: readonly JournalEntry[] }
): void {
  const active = front.config.activeEndpoint;
  if (header.servingStack === environmentName && front.config.siteRemoved !== undefined) {
    throw new OperatorError(
      'bad-input',
      `The site that run "${id}" left (stack ${environmentName}) was removed at ${front.config.siteRemoved.at}: there is nothing to go back to.`,
      { hint: `The way back is a planned move: medplum-dr failback ${environmentName}.` }
    );
  }
  const window = commitWindow(header, entries, { now: world.clock.now(), active });
  const failback = `medplum-dr failback ${environmentName}`;
  switch (window.kind) {
    case 'open':
      return;
    case 'none':
      throw new OperatorError(
        'bad-input',
        `Run "${id}" has moved no traffic, or a later one moved it on: there is nothing to roll back.`,
        { hint: `To undo what it made: medplum-dr abort ${id}. medplum-dr status ${environmentName} shows who serves.` }
      );
    case 'nothing-to-go-back-to':
      throw new OperatorError('bad-input', `Run "${id}" recovered from a lost site: there is nothing to go back to.`, {
        hint: `Once that site is sound again: medplum-dr protect ${environmentName}, then ${failback}.`,
      });
    case 'committed':
      // One that was interrupted has stopped the new site: nobody would be served if it could not go on.
      if (entries.some((entry) => entry.kind === 'rolling-back')) {
        return;
      }
      throw new OperatorError('bad-input', `Run "${id}" is committed since ${window.since}.`, {
        hint: `The way back is a planned move: ${failback}.`,
      });
  }
}

async function sitesOf(
  setup: RollbackSetup,
  held: Held,
  { header, journal, entries }: Pick<Rollback, 'header' | 'journal' | 'entries'>
): Promise<Rollback> {
  const { environmentName, id } = setup;
  const results: Partial<StepResults> = {};
  for (const entry of entries) {
    if (entry.kind === 'step-done') {
      Object.assign(results, { [entry.step]: entry.result });
    }
  }
  const { health, 'recovery-stack': made } = results;
  if (health === undefined || made === undefined) {
    throw new Error(`the journal of ${id} has a cutover and not the steps before it`);
  }
  const site = (stack: string): Promise<ServingSite> =>
    servingSite(held.world.configs, { environmentName, front: held.front, stack });
  const [left, moved] = [await site(header.servingStack), await site(header.recoveryStack)];
  const { newestWriteAt } = health;
  return { setup, held, header, journal, entries, left, moved, outputs: made.outputs, newestWriteAt };
}

/**
 * Stops the new site from taking writes. Where clients wrote, nothing is stopped, or it is started again.
 * @returns the number of writes that are lost by going back; null when that is not known, as was accepted.
 */
async function stopNewSite(rollback: Rollback): Promise<number | null> {
  const { moved, held, setup, journal } = rollback;
  const operations = moved.environment.operations();
  if ((await operations.condition()).kind === 'fenced') {
    return countedBefore(rollback);
  }
  refuseWrites(rollback, await writesSince(rollback));
  await operations.stopApplication();
  // Writes may have come between the count and the stop: only this count is the last word.
  const writes = await writesSince(rollback);
  if (writes > 0 && !setup.acceptLostWrites) {
    await startSite({ world: held.world, emit: setup.emit }, moved);
  }
  refuseWrites(rollback, writes);
  await journal.append({ kind: 'writes-counted', at: held.world.clock.now().toISOString(), writes });
  const fenced = await operations.fence();
  if (fenced.state === 'still-writable') {
    throw new OperatorError('recovery-failed', `The new site still takes writes: ${fenced.detail}`, {
      hint: 'Stop it by hand and roll back again.',
    });
  }
  return writes;
}

/**
 * What an earlier attempt counted before it fenced the site. One that was fenced by something else (its own guard, a
 * person) cannot be asked any more.
 */
function countedBefore({ entries, setup, moved, header }: Rollback): number | null {
  const counted = entries.filter((entry) => entry.kind === 'writes-counted').at(-1);
  if (counted !== undefined || setup.acceptLostWrites) {
    return counted?.writes ?? null;
  }
  throw new OperatorError(
    'bad-input',
    `${moved.environment.site} is fenced, and nobody counted what clients wrote there since the cutover.`,
    {
      hint: `Start it again with an update of stack ${header.recoveryStack} and roll back anew, or fail back later. If losing its writes is the lesser evil: --accept-lost-writes.`,
    }
  );
}

async function writesSince({ moved, outputs, newestWriteAt, held }: Rollback): Promise<number> {
  const operations = moved.environment.operations();
  return held.world.verification.writesAfter(operations, outputs, newestWriteAt ?? new Date(0).toISOString());
}

function refuseWrites({ setup, header }: Rollback, writes: number): void {
  if (writes === 0 || setup.acceptLostWrites) {
    return;
  }
  throw new OperatorError(
    'bad-input',
    `${writes} write(s) were made on the new site since the cutover; going back would lose them.`,
    {
      hint: `Go back without loss: medplum-dr failback ${header.environment}. If losing them is the lesser evil: --accept-lost-writes.`,
    }
  );
}

/** Order as in a recovery: the old site is healthy before its name leads to it. */
async function goBack({ setup, held, header, left, moved }: Rollback): Promise<ActiveEndpoint> {
  const { environmentName, emit } = setup;
  const { world, lease, front } = held;
  const active = front.config.activeEndpoint;
  const generation = active?.generation ?? 0;
  await world.configs.write(left.stack, { startDespite: { generation } });
  const environment = await world.configs.open(left.stack);
  const { siteEndpoint } = await startSite({ world, emit }, { stack: left.stack, environment });
  const endpoint: ActiveEndpoint =
    active?.stack === left.stack
      ? active
      : {
          ...siteEndpoint,
          site: left.environment.site,
          stack: left.stack,
          recoveryId: header.id,
          generation: lease.number,
          since: world.clock.now().toISOString(),
          replaces: active?.address ?? null,
        };
  await moveTraffic(
    {
      ...{ environmentName, emit },
      ...{ environment, operations: environment.operations(), previous: active ?? null },
      ...{ configs: world.configs, engine: world.engine, clock: world.clock, store: world.store },
      signal: new AbortController().signal,
      waiting: waitingTo(emit),
    },
    endpoint
  );
  // From now on both configs say by themselves who serves.
  await world.configs.write(moved.stack, { activeEndpoint: endpoint });
  if (left.stack !== environmentName) {
    await world.configs.write(left.stack, { activeEndpoint: endpoint });
  }
  await world.configs.remove(left.stack, 'startDespite');
  return endpoint;
}
