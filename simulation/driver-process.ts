import type { Clock } from '../automation/recovery/clock';
import type { StepMoment } from '../automation/recovery/run';
import type { StepId } from '../automation/recovery/results';
import type { FaultPlan } from './faults';
import type { EngineProcess, Universe } from './world/universe';

/** Thrown by calls as a system throws it. */
class SystemError extends Error {
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${code}: ${what}`);
    this.code = code;
  }
}

const STORE_LATENCY = { least: 1, most: 20 };

export interface DriverOptions {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly universe: Universe;
  readonly faults: FaultPlan;
}

/**
 * One driver as a process: whatever it asks of the world goes through `call`, and there it can be killed, paused, slowed
 * down or failed. What a killed one waits for never comes; so it runs no line more, as a process that is gone.
 */
export class DriverProcess {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly clock: Clock;
  /** Resolves when it is killed. */
  readonly death: Promise<'killed'>;
  /** Its lease's number, as it wrote it to the store; 0 before. */
  lease = 0;
  readonly engines = new Set<EngineProcess>();
  /** Whether a call to the control store failed: then it may not have been able to give its lock back. */
  lostStore = false;
  readonly #universe: Universe;
  readonly #faults: FaultPlan;
  #alive = true;
  #pausedUntil = 0;
  #calls = 0;
  #checks = 0;
  #die: (death: 'killed') => void = () => undefined;

  constructor({ name, host, pid, universe, faults }: DriverOptions) {
    this.name = name;
    this.host = host;
    this.pid = pid;
    this.#universe = universe;
    this.#faults = faults;
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
    const { scheduler } = universe;
    this.clock = {
      now: () => new Date(scheduler.now),
      sleep: async (milliseconds, signal) => {
        await this.goOn();
        await scheduler.sleep(milliseconds, signal);
        await this.goOn();
      },
    };
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  get isPaused(): boolean {
    return this.#pausedUntil > this.#universe.scheduler.now;
  }

  /** Ends it at once, as SIGKILL does; its engines with it, or not. */
  kill(): void {
    if (!this.#alive) {
      return;
    }
    const { random, trace } = this.#universe;
    this.#alive = false;
    const withEngines = random.chance(0.5);
    trace.add(this.name, withEngines ? 'killed, with its engine' : 'killed');
    for (const engine of this.engines) {
      engine.alive &&= !withEngines;
    }
    this.#die('killed');
  }

  /** Whether faults of the plan happen at a moment of a step. */
  moment(step: StepId, moment: StepMoment): void {
    const { killAt } = this.#faults;
    if (killAt?.kind === 'moment' && killAt.step === step && killAt.moment === moment && this.#faults.active()) {
      this.kill();
    }
  }

  /** Waits while it is paused; for ever once it is dead. */
  async goOn(): Promise<void> {
    while (this.#alive && this.isPaused) {
      await this.#universe.scheduler.sleep(this.#pausedUntil - this.#universe.scheduler.now);
    }
    if (!this.#alive) {
      await new Promise<never>(() => undefined);
    }
  }

  /** Something that only looks at the world. */
  async look<Result>(what: string, answer: () => Result | Promise<Result>): Promise<Result> {
    return this.#call(what, answer, { least: 5, most: 60 });
  }

  /** Something that changes the world. A pause begins before the driver made sure that it may, never right after. */
  async change<Result>(what: string, effect: () => Result | Promise<Result>): Promise<Result> {
    this.#universe.invariants.changeBegun(this.#universe, this, what);
    return this.#call(what, effect, { least: 5, most: 60 }, { isChange: true });
  }

  /** A call to the control store. */
  async store<Result>(what: string, effect: () => Result): Promise<Result> {
    return this.#call(what, effect, STORE_LATENCY, { isQuiet: true });
  }

  async #call<Result>(
    what: string,
    effect: () => Result | Promise<Result>,
    latency: { readonly least: number; readonly most: number },
    { isChange = false, isQuiet = false } = {}
  ): Promise<Result> {
    const { scheduler, random, trace } = this.#universe;
    const faults = this.#faults;
    const active = faults.active();
    const call = ++this.#calls;
    this.#checks += what.startsWith('list locks/') ? 1 : 0;
    if (active && !isChange && this.#pauses(call, what)) {
      this.#pausedUntil = scheduler.now + (faults.pauseAt?.milliseconds ?? 0);
      trace.add(this.name, `paused for ${Math.round((faults.pauseAt?.milliseconds ?? 0) / 1000)} s`);
    }
    if (!isChange) {
      await this.goOn();
    }
    const killed = active && faults.killAt?.kind === 'call' && faults.killAt.call === call ? faults.killAt : null;
    if (killed?.afterEffect === false) {
      this.kill();
      await this.goOn();
    }
    // What has to follow its check at once: see "What it does not show" in docs/reference/simulation.md.
    const isSlow =
      active && !isQuiet && !/config|ensure stack|^drain|^update prod$/.test(what) && random.chance(faults.slow);
    await scheduler.sleep(isSlow ? random.between(2000, 40_000) : random.between(latency.least, latency.most));
    // A request that is under way arrives, whatever became of who sent it.
    const failure = active ? this.#failure(what, isQuiet) : null;
    this.lostStore ||= failure !== null && isQuiet;
    if (failure !== null && !failure.afterEffect) {
      trace.add(this.name, `${what}: ${failure.code}`);
      await this.goOn();
      throw new SystemError(failure.code, what);
    }
    if (!isQuiet) {
      trace.add(this.name, what);
    }
    const result = await this.#outcome(effect);
    if (killed !== null) {
      this.kill();
    }
    // Between the answer that it holds the lock and the change no pause begins: that gap nothing but the record closes.
    if (!this.#alive || !what.startsWith('list locks/')) {
      await this.goOn();
    }
    if (failure !== null) {
      trace.add(this.name, `${what}: done, and the answer is lost`);
      throw new SystemError(failure.code, what);
    }
    return result;
  }

  #pauses(call: number, what: string): boolean {
    const { pauseAt } = this.#faults;
    switch (pauseAt?.kind) {
      case undefined:
        return false;
      case 'call':
        return pauseAt.number === call;
      case 'check':
        return pauseAt.number === this.#checks && what.startsWith('list locks/');
    }
  }

  /** A dead driver learns of failures as little as of anything else. */
  async #outcome<Result>(effect: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await effect();
    } catch (error) {
      await this.goOn();
      throw error;
    }
  }

  #failure(what: string, isQuiet: boolean): { readonly code: string; readonly afterEffect: boolean } | null {
    const { random } = this.#universe;
    const { broken, failing } = this.#faults;
    if (broken !== null && what.startsWith(broken)) {
      return { code: 'ECONNREFUSED', afterEffect: false };
    }
    if (!random.chance(isQuiet ? failing / 10 : failing)) {
      return null;
    }
    const code = random.pick(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EIO']);
    return { code, afterEffect: random.chance(0.3) };
  }
}
