import { createHash } from 'node:crypto';

/** How many of the last lines are kept when not all are. */
const KEPT = 80;

/** What happened in a simulation, line by line. Two runs of one seed have the same hash. */
export class Trace {
  readonly #now: () => number;
  readonly #start: number;
  readonly #all: boolean;
  readonly #hash = createHash('sha256');
  #lines: string[] = [];

  constructor(now: () => number, { all }: { readonly all: boolean }) {
    this.#now = now;
    this.#start = now();
    this.#all = all;
  }

  add(who: string, what: string): void {
    const seconds = ((this.#now() - this.#start) / 1000).toFixed(3).padStart(9);
    const line = `${seconds} ${who.padEnd(9)} ${what}`;
    this.#hash.update(line);
    this.#lines.push(line);
    if (!this.#all && this.#lines.length > 2 * KEPT) {
      this.#lines = this.#lines.slice(-KEPT);
    }
  }

  get lines(): readonly string[] {
    return this.#all ? this.#lines : this.#lines.slice(-KEPT);
  }

  /** Ends the trace. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}
