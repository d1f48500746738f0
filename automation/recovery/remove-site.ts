import { OperatorError } from '../../components/errors';
import type { Emit } from '../events';
import { judged, type Check } from '../verification/check';
import { commitWindow } from './commit-window';
import { commandProgress } from './engine-progress';
import { Journal } from './journal';
import { withEnvironment, type Held } from './locked';
import { servingSite } from './serving-site';
import { currentRecord } from './record';
import type { World } from './world';

export interface RemoveSiteSetup {
  readonly world: World;
  readonly environmentName: string;
  /** The stack whose site is removed; the operator names it. */
  readonly stack: string;
  readonly takeOver: boolean;
  readonly emit: Emit;
}

/**
 * Removes the site of a stack that no longer serves, with its data and its copies at the other site. The front keeps its
 * traffic layer whatever becomes of the site that it once was.
 * @throws OperatorError for the stack that serves, and for one of another environment.
 */
export async function removeSite(setup: RemoveSiteSetup): Promise<Check> {
  const { world, environmentName, stack, takeOver, emit } = setup;
  return withEnvironment(
    world,
    { environmentName, purpose: `remove the site of ${stack}`, takeOver, emit },
    async (held) => {
      const { front } = held;
      const serving = await servingSite(held.world.configs, { environmentName, front });
      if (serving.stack === stack) {
        throw new OperatorError('bad-input', `Stack ${stack} serves environment "${environmentName}".`, {
          hint: 'It is not removed: it holds the data that clients write now.',
        });
      }
      await requireCommitted(setup, held);
      const environment = await held.world.configs.open(stack);
      const operations = environment.operations();
      const record = await currentRecord(operations);
      const before = await operations.remains();
      await (stack === environmentName ? removeFromFront(setup, held) : destroy(setup, held));
      await operations.removeRemains();
      const left = await operations.remains();
      const after = await currentRecord(operations);
      const good = left.length === 0 && after === record;
      return judged(
        { id: 'site-removed', title: `The site of ${stack} is gone, and nothing else` },
        good,
        good
          ? `removed: ${before.map(({ what }) => what).join('; ') || 'nothing was left'}`
          : `left: ${left.map(({ what }) => what).join('; ') || 'nothing'}; the name led to ${record ?? 'nothing'} and leads to ${after ?? 'nothing'}`
      );
    }
  );
}

/** While a move can be rolled back, the site that it left is what it would go back to. */
async function requireCommitted({ world, environmentName, stack }: RemoveSiteSetup, { front }: Held): Promise<void> {
  const active = front.config.activeEndpoint;
  if (active === undefined) {
    return;
  }
  const entries = await new Journal(world.store, active.recoveryId).read();
  const [header] = entries;
  if (header?.kind !== 'run' || header.servingStack !== stack) {
    return;
  }
  const window = commitWindow(header, entries, { now: world.clock.now(), active });
  if (window.kind === 'open') {
    throw new OperatorError(
      'bad-input',
      `The move of run "${header.id}" can be rolled back to stack ${stack} until ${window.until}.`,
      { hint: `Wait for it; then: medplum-dr remove-site ${environmentName} ${stack}.` }
    );
  }
}

async function destroy({ stack, emit }: RemoveSiteSetup, { world }: Held): Promise<void> {
  const { signal, onWaiting } = commandProgress(emit);
  await world.engine.destroy(stack, { signal, onWaiting });
}

/** The program then has no site any more, and the update removes what it had. */
async function removeFromFront({ stack, emit }: RemoveSiteSetup, { world }: Held): Promise<void> {
  await world.engine.unprotect(stack);
  await world.configs.write(stack, { siteRemoved: { at: world.clock.now().toISOString() } });
  await world.engine.update(stack, commandProgress(emit));
}
