interface Sleeper {
  readonly at: number;
  /** Of two that are due at one moment the one that slept first wakes first. */
  readonly order: number;
  readonly wake: () => void;
  over: boolean;
}

/** How a simulation came to its end: `stuck` when everybody waits for something that no sleeper brings. */
export type SchedulerEnd = 'done' | 'stuck' | 'out-of-time';

/**
 * Virtual time. It stands still while anything can run, and then jumps to the next sleeper: one at a time, in an order
 * that depends on nothing but what was asked for.
 */
export class Scheduler {
  #now: number;
  #order = 0;
  readonly #heap: Sleeper[] = [];

  /** @param start epoch milliseconds */
  constructor(start: number) {
    this.#now = start;
  }

  /** Epoch milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** Resolves after so many milliseconds; rejects with the signal's reason when that is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stop = (): void => {
        sleeper.over = true;
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, milliseconds),
        order: this.#order++,
        wake: () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        },
        over: false,
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.#push(sleeper);
    });
  }

  /** Lets time pass until `isDone`, asked whenever nothing can run, or until `limit` (epoch milliseconds). */
  async run(isDone: () => boolean, limit: number): Promise<SchedulerEnd> {
    for (;;) {
      // All that can go on does so in microtasks, before this.
      await new Promise(setImmediate);
      if (isDone()) {
        return 'done';
      }
      const next = this.#pop();
      if (next === undefined) {
        return 'stuck';
      }
      if (next.at > limit) {
        return 'out-of-time';
      }
      this.#now = next.at;
      next.wake();
    }
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#heap;
    let index = heap.push(sleeper) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, sleeper)) {
        break;
      }
      heap[index] = parent;
      index = above;
    }
    heap[index] = sleeper;
  }

  #pop(): Sleeper | undefined {
    for (;;) {
      const [first] = this.#heap;
      const last = this.#heap.pop();
      if (first !== undefined && last !== undefined && first !== last) {
        this.#sink(last);
      }
      if (first?.over !== true) {
        return first;
      }
    }
  }

  #sink(sleeper: Sleeper): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]];
      const isLeft = left !== undefined && (right === undefined || isBefore(left, right));
      const child = isLeft ? left : right;
      if (child === undefined || isBefore(sleeper, child)) {
        break;
      }
      heap[index] = child;
      index = 2 * index + (isLeft ? 1 : 2);
    }
    heap[index] = sleeper;
  }
}

function isBefore(one: Sleeper, other: Sleeper): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
