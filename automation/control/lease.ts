import type { Clock } from '../recovery/clock';
import { HeldLease } from './held-lease';
import {
  holderOf,
  leaseKey,
  leaseNumberOf,
  listLeases,
  readLease,
  readSignOfLife,
  type LeaseHolder,
  type LeaseRecord,
} from './lease-records';
import { heldByAnother } from './lease-refusal';
import { thisDriver, type DriverProcess, type ProcessIdentity } from './process-space';
import type { ControlStore } from './store';

export { leaseHolder, type LeaseHolder } from './lease-records';

/**
 * The right of one driver to change an environment. The store gives each number once; the newest number holds the
 * environment, and its holder asks before each change whether it still does. No clock is compared with another's.
 */
export interface Lease {
  /** Fencing number: grows with every driver that ever held the environment. */
  readonly number: number;
  /** Aborted (reason: OperatorError 'locked') when another driver took over. */
  readonly lost: AbortSignal;
  /** The holder that this lease was taken over from, when that was so; null else. */
  readonly takenFrom: LeaseHolder | null;
  /**
   * Asks the store; called right before every change.
   *
   * @throws OperatorError ('locked') when this lease is no longer the newest one; what the store throws when it fails.
   */
  check(): Promise<void>;
  /**
   * `unused`: the driver changed nothing, so its number is given back and nothing is left in the store; except that
   * where others held the environment before, a mark stays, so that no number of theirs is given again.
   */
  release(options?: { readonly unused?: boolean }): Promise<void>;
}

export interface AcquireOptions extends Partial<DriverProcess> {
  readonly store: ControlStore;
  readonly environment: string;
  /** What the driver is going to do, as words after "for": `recovery rec-1`. */
  readonly purpose: string;
  /** The number gets higher than this. */
  readonly after: number;
  /** Whether a holder that may be alive is taken over; a dead one of this machine always is. */
  readonly takeOver: boolean;
  readonly clock: Clock;
}

/** @throws OperatorError ('locked') that says who holds the environment and how to take it over. */
export async function acquireLease(options: AcquireOptions): Promise<Lease> {
  const { store, environment, after, clock, purpose } = options;
  const { identity, isAlive, space: ownSpace } = { ...thisDriver(), ...options };
  const space = await ownSpace();
  const mark = leaseKey(environment, after, 'skipped');
  let marked = false;
  let before = await listLeases(store, environment);
  // A take-over is of the holder that was there when it was asked for, or of one before it; not of one that was quicker.
  const takeOverUpTo = options.takeOver ? (before.held ?? 0) : 0;

  for (; ; before = await listLeases(store, environment)) {
    const holder = before.held === null ? null : await readLease(store, environment, before.held);
    if (holder === null && before.held !== null) {
      continue;
    }
    if (holder !== null && holder.number > takeOverUpTo && !isDead(holder, identity, space, isAlive)) {
      const lastSignOfLife = await readSignOfLife(store, environment, holder.number);
      throw heldByAnother(environment, holder, lastSignOfLife, whereabouts(holder, identity, space));
    }
    if (before.highest < after) {
      // Who does not know of `after` and takes a lower number at this moment finds the mark, or is found itself.
      marked = await store.create(mark, '');
      continue;
    }

    const number = before.highest + 1;
    const { user, host, pid } = identity;
    const since = clock.now().toISOString();
    const record: LeaseRecord = { number, user, host, pid, since, purpose, processSpace: space };
    const key = leaseKey(environment, number, 'json');
    if (!(await store.create(key, JSON.stringify(record)))) {
      continue;
    }
    const now = await listLeases(store, environment);
    if (now.keys.some((other) => other !== key && !before.keys.includes(other))) {
      // Another driver came between and may not have seen this record: one of the two sees the other for certain.
      await store.remove(key);
      continue;
    }
    const firstOfAll = before.keys.every((other) => marked && other === mark);
    const takenFrom = holder === null ? null : holderOf(holder);
    const lease = new HeldLease({ store, environment, number, clock, takenFrom, firstOfAll });
    try {
      await lease.start();
      for (const lower of now.keys.filter((other) => leaseNumberOf(other) < number)) {
        await store.remove(lower);
      }
    } catch (error) {
      // The store just failed: what it says to this is no news.
      await Promise.allSettled([lease.release()]);
      throw error;
    }
    return lease;
  }
}

function isDead(
  holder: LeaseRecord,
  identity: ProcessIdentity,
  space: string | null,
  isAlive: (pid: number) => boolean
): boolean {
  return holder.host === identity.host && holder.processSpace === space && !isAlive(holder.pid);
}

function whereabouts(holder: LeaseRecord, identity: ProcessIdentity, space: string | null): string | null {
  if (holder.host !== identity.host) {
    return null;
  }
  return holder.processSpace === space
    ? 'That process still runs on this machine.'
    : 'That is the name of this machine too, which was restarted since, or is another one or a container.';
}
