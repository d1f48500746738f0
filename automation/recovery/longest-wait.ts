import type { Clock } from './clock';

/** Remembers which of a step's waits took longest. */
export class LongestWait {
  readonly #clock: Clock;
  readonly #totals = new Map<string, number>();
  #current: { what: string; since: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(what: string): void {
    this.#close();
    this.#current = { what, since: this.#clock.now().getTime() };
  }

  longest(): string | null {
    this.#close();
    const ranked = [...this.#totals].sort(([, a], [, b]) => b - a);
    return ranked[0]?.[0] ?? null;
  }

  #close(): void {
    if (this.#current !== null) {
      const { what, since } = this.#current;
      this.#totals.set(what, (this.#totals.get(what) ?? 0) + this.#clock.now().getTime() - since);
      this.#current = null;
    }
  }
}
