import { OperatorError } from '../../components/errors';
import type { Emit } from '../events';
import { waitingTo } from './engine-progress';
import { Journal } from './journal';
import { withEnvironment } from './locked';
import { protectSite } from './protect-site';
import type { Protection } from './results';
import { servingSite } from './serving-site';
import type { World } from './world';

export interface ProtectSetup {
  readonly world: World;
  readonly environmentName: string;
  readonly takeOver: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/**
 * Protects an environment that a recovery left unprotected: its backups and replication go to the site where the
 * environment stood before, which has to be sound again.
 * @throws OperatorError when the primary itself serves: its config says what protects it.
 */
export async function protectEnvironment(setup: ProtectSetup): Promise<Protection> {
  const { world, environmentName, takeOver, signal, emit } = setup;
  return withEnvironment(world, { environmentName, purpose: 'protect', takeOver, emit }, async (held) => {
    const active = held.front.config.activeEndpoint;
    const serving = await servingSite(held.world.configs, { environmentName, front: held.front });
    if (active === undefined || serving.stack === environmentName) {
      throw new OperatorError('bad-input', `Environment "${environmentName}" is served by its primary stack.`, {
        hint: 'Its own config protects it: medplum-dr:recoverySite, and pulumi up.',
      });
    }
    const journal = new Journal(world.store, active.recoveryId);
    const [first] = await journal.read();
    const otherStack = first?.kind === 'run' ? first.servingStack : environmentName;
    const { clock, configs, engine } = held.world;
    const context = {
      ...{ clock, configs, engine, emit },
      signal: AbortSignal.any([signal, held.lease.lost]),
      waiting: waitingTo(emit),
    };
    const protection = await protectSite(context, { stack: serving.stack, otherStack });
    await journal.append({ kind: 'protected', at: clock.now().toISOString(), protection });
    return protection;
  });
}
