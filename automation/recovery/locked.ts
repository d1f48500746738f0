import type { PlatformEnvironment } from '../../components/platform';
import { acquireLease, type Lease, type LeaseHolder } from '../control/lease';
import type { Emit } from '../events';
import { newerCutover, staleConfig } from './last-cutover';
import { guarded, type World } from './world';

export interface LockOptions {
  readonly environmentName: string;
  /** What the lock is for, told to whoever is refused. */
  readonly purpose: string;
  readonly takeOver: boolean;
  /** Id of the run that goes on, whose own cutover config may not have heard of yet. */
  readonly runId?: string;
}

/** A command that is no run, with somebody to tell of what goes on. */
export type LockedCommand = LockOptions & { readonly emit: Emit };

/** What holds while a driver has the environment. */
export interface Held {
  readonly lease: Lease;
  /** Changes are refused in it once another driver has taken over. */
  readonly world: World;
  /** The front's config as it was when the lock was taken: nobody else changes it now. */
  readonly front: PlatformEnvironment;
  /** In words, when the lock was another driver's; null else. */
  readonly takenOver: string | null;
}

/**
 * Takes an environment's lock. Its fencing number is higher than that of any driver before and than the last cutover's.
 * @throws OperatorError (`locked`) that says who holds it since when.
 */
export async function holdEnvironment(world: World, options: LockOptions): Promise<Held> {
  const { environmentName, purpose, takeOver } = options;
  const before = await world.configs.open(environmentName);
  const lease = await acquireLease({
    store: world.store,
    environment: environmentName,
    purpose,
    after: before.config.activeEndpoint?.generation ?? 0,
    takeOver,
    clock: world.clock,
    ...world.process,
  });
  const held = guarded(world, () => lease.check());
  try {
    await requireNewest(held, options);
    const { takenFrom } = lease;
    return {
      lease,
      world: held,
      front: await held.configs.open(environmentName),
      takenOver: takenFrom === null ? null : await takeOverFrom(takenFrom, held),
    };
  } catch (error) {
    await lease.release({ unused: true });
    throw error;
  }
}

/** A project folder on another machine may not know of the last cutover. One that goes on with that very run learns of it. */
async function requireNewest({ store, configs }: World, { environmentName, runId }: LockOptions): Promise<void> {
  const front = await configs.open(environmentName);
  const newer = await newerCutover(store, environmentName, front.config.activeEndpoint);
  if (newer === null) {
    return;
  }
  if (newer.recoveryId !== runId) {
    throw staleConfig(environmentName, newer);
  }
  await configs.write(environmentName, { activeEndpoint: newer });
}

/** A driver that is taken over while it lives changes nothing itself; an engine that it started would. */
async function takeOverFrom({ purpose, user, host, pid, since }: LeaseHolder, { engine }: World): Promise<string> {
  const engines = await engine.stopEnginesOf({ host, pid });
  const text = `The lock of another driver was taken over: ${purpose}, by ${user}@${host} (pid ${pid}) since ${since}`;
  return engines.length === 0 ? text : `${text}; its engine (pid ${engines.join(', ')}) was stopped`;
}

/** Runs with an environment's lock. @throws OperatorError (`locked`) when another driver has it. */
export async function withEnvironment<Result>(
  world: World,
  options: LockedCommand,
  run: (held: Held) => Promise<Result>
): Promise<Result> {
  const held = await holdEnvironment(world, options);
  if (held.takenOver !== null) {
    options.emit({ kind: 'warning', text: held.takenOver });
  }
  try {
    return await run(held);
  } finally {
    await held.lease.release();
  }
}
