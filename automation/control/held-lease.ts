import { setTimeout as sleep } from 'node:timers/promises';
import { realClock, type Clock } from '../recovery/clock';
import type { Lease } from './lease';
import { holderOf, leaseKey, listLeases, readLease, type LeaseHolder, type SignOfLife } from './lease-records';
import { takenOver } from './lease-refusal';
import type { ControlStore } from './store';

/** Milliseconds between two signs of life. */
const BEAT = 5000;

export interface HeldLeaseOptions {
  readonly store: ControlStore;
  readonly environment: string;
  readonly number: number;
  readonly clock: Clock;
  readonly takenFrom: LeaseHolder | null;
  /** Whether the store held nothing of this environment before. */
  readonly firstOfAll: boolean;
}

/** A lease whose record is in the store. It gives signs of life from `start` to `release`. */
export class HeldLease implements Lease {
  readonly number: number;
  readonly takenFrom: LeaseHolder | null;
  readonly #options: HeldLeaseOptions;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  #beats: Promise<void> = Promise.resolve();

  constructor(options: HeldLeaseOptions) {
    this.#options = options;
    this.number = options.number;
    this.takenFrom = options.takenFrom;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async start(): Promise<void> {
    await this.#giveSignOfLife(0);
    this.#beats = this.#beat();
  }

  async check(): Promise<void> {
    this.lost.throwIfAborted();
    const { store, environment, number } = this.#options;
    const { newest } = await listLeases(store, environment);
    if (newest === number) {
      return;
    }
    const by = newest === null || newest < number ? null : await readLease(store, environment, newest);
    this.#lost.abort(takenOver(environment, by === null ? null : holderOf(by)));
    this.lost.throwIfAborted();
  }

  async release({ unused = false }: { readonly unused?: boolean } = {}): Promise<void> {
    if (this.#ended.signal.aborted) {
      return;
    }
    this.#ended.abort();
    await this.#beats;
    const { store, environment, number, firstOfAll } = this.#options;
    const { newest } = await listLeases(store, environment);
    if (newest !== number) {
      return;
    }
    if (unused && firstOfAll) {
      // The record last: until it is gone nobody takes this number.
      await store.remove(leaseKey(environment, number, 'alive'));
      await store.remove(leaseKey(environment, number, 'json'));
      return;
    }
    await store.create(leaseKey(environment, number, 'released'), '');
    await store.remove(leaseKey(environment, number, 'alive'));
  }

  async #giveSignOfLife(count: number): Promise<void> {
    const { store, environment, number, clock } = this.#options;
    const sign: SignOfLife = { count, at: clock.now().toISOString() };
    await store.replace(leaseKey(environment, number, 'alive'), JSON.stringify(sign));
  }

  async #beat(): Promise<void> {
    for (let count = 1; await this.#pause(); count++) {
      try {
        await this.check();
        await this.#giveSignOfLife(count);
      } catch {
        // A store that fails for a moment does not end a recovery: before a change, `check` tells of it.
        if (this.lost.aborted) {
          return;
        }
      }
    }
  }

  /** False when the lease was released, or time ended (a simulated driver that was killed). */
  async #pause(): Promise<boolean> {
    const { clock } = this.#options;
    const { signal } = this.#ended;
    try {
      // A real timer must not keep a process that is done; a simulated one decides itself.
      await (clock === realClock ? sleep(BEAT, undefined, { signal, ref: false }) : clock.sleep(BEAT, signal));
      return true;
    } catch {
      return false;
    }
  }
}
