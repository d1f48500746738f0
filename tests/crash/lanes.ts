/** One case of the sweep, and how it went. */
export class SweepCase<World> {
  readonly name: string;
  readonly #run: (world: World, id: string) => Promise<void>;
  /** Settles when a lane has come to it. */
  readonly over: Promise<void>;
  #settle: (work: Promise<void>) => void = () => undefined;

  constructor(name: string, run: (world: World, id: string) => Promise<void>) {
    this.name = name;
    this.#run = run;
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
    // It may fail long before its test asks.
    this.over.catch(() => undefined);
  }

  /** @returns whether it went well. */
  async run(world: World, id: string): Promise<boolean> {
    const work = this.#run(world, id);
    this.#settle(work);
    return work.then(
      () => true,
      () => false
    );
  }

  /** Ends it without a run, as there was nothing to run it on. */
  fail(error: unknown): void {
    this.#settle(Promise.reject(error instanceof Error ? error : new Error(String(error))));
  }
}

/** A world that cases are run on, one after the other. */
export interface Lane<World extends { remove(): Promise<void> }> {
  readonly queue: SweepCase<World>[];
  readonly make: () => Promise<World>;
  readonly idOf: (sweepCase: SweepCase<World>) => string;
}

/** Takes cases from a queue that other lanes take from too, until none is left. After one that failed the world is a new one. */
export async function workThrough<World extends { remove(): Promise<void> }>(lane: Lane<World>): Promise<void> {
  const { queue, make, idOf } = lane;
  let world: World | null = null;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    try {
      world ??= await make();
    } catch (error) {
      next.fail(error);
      continue;
    }
    if (!(await next.run(world, idOf(next)))) {
      await world.remove();
      world = null;
    }
  }
  await world?.remove();
}
