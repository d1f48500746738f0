import { DriverProcess } from './driver-process';
import { faultsOf, type FaultPlan } from './faults';
import { Invariants } from './invariants';
import type { Mutation } from './mutations';
import { Random } from './random';
import { Scheduler } from './scheduler';
import { INVARIANTS, type Violation } from './sentences';
import { tellStory } from './story';
import { Trace } from './trace';
import { ADDRESS_OF } from './world/site';
import { Universe } from './world/universe';

const START = Date.parse('2026-11-24T03:00:00.000Z');
const LIMIT_MS = 6 * 3_600_000;

/** Writes from before the simulation. */
const FIRST_WRITES = 100;

/** Name of the environment, and of its primary stack. */
export const ENVIRONMENT = 'prod';

export interface SimulationOptions {
  readonly seed: number;
  readonly mutation?: Mutation;
  /** Keep every line of the trace, not just the last ones. */
  readonly wholeTrace?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  /** What the simulation was of, in words. */
  readonly story: readonly string[];
  readonly violations: readonly Violation[];
  /** Of all that happened: the same for the same seed, always. */
  readonly hash: string;
  readonly lines: readonly string[];
  /** Virtual seconds. */
  readonly seconds: number;
  readonly drivers: number;
}

/** One simulated world with its drivers and operators. */
export class Simulation {
  readonly environment = ENVIRONMENT;
  readonly universe: Universe;
  readonly drivers: DriverProcess[] = [];
  /** Drivers whose operator still waits for them. */
  readonly working = new Set<DriverProcess>();
  /** Drivers whose command came to its end. */
  readonly ended = new Set<DriverProcess>();
  readonly story: string[] = [];

  constructor({ seed, mutation, wholeTrace = false }: SimulationOptions) {
    const scheduler = new Scheduler(START);
    const trace = new Trace(() => scheduler.now, { all: wholeTrace });
    const parts = {
      scheduler,
      trace,
      random: new Random(seed),
      invariants: new Invariants(),
      mutation: mutation ?? null,
    };
    this.universe = new Universe(parts);
    this.#build();
  }

  /** An environment that stands at site-a, protected at site-b. */
  #build(): void {
    const { universe } = this;
    universe.configs.set(ENVIRONMENT, {
      ...{ platform: 'local', role: 'primary', objectives: { rto: '15m', rpo: '1m' } },
      application: { baseUrl: 'https://fhir.example.org/', version: '5.0.10', startTimeout: '40s' },
      traffic: { name: 'fhir.example.org', ttl: '5s' },
      recovery: { commitAfter: '3m', stallAfter: '2m' },
      ...{ site: 'site-a', recoverySite: 'site-b' },
    });
    const record = { address: ADDRESS_OF['site-a'], stack: ENVIRONMENT, generation: 0 };
    const made = new Set(['network', 'database', 'application']);
    universe.stacks.set(ENVIRONMENT, { name: ENVIRONMENT, made, record, lock: null });
    universe.record = record;
    const site = universe.makeSite(ENVIRONMENT, 'site-a', false);
    for (let id = 1; id <= FIRST_WRITES; id++) {
      const write = { id: -id, at: START - id };
      site.log.unshift(write);
      universe.acknowledged.unshift(write);
    }
    Object.assign(site, { database: 'running', application: true, protectedAt: 'site-b' });
  }

  sleep(seconds: number): Promise<void> {
    return this.universe.scheduler.sleep(seconds * 1000);
  }

  note(text: string): void {
    this.story.push(text);
    this.universe.trace.add('story', text);
  }

  /** A new driver's process, on this machine or another. */
  newDriver(): DriverProcess {
    const { universe } = this;
    const number = this.drivers.length + 1;
    const faults: FaultPlan = faultsOf(universe.random, () => universe.faultsActive);
    const driver = new DriverProcess({
      ...{ name: `driver-${number}`, pid: 1000 + number, universe, faults },
      host: universe.random.chance(0.7) ? 'drbox' : 'laptop',
    });
    this.drivers.push(driver);
    return driver;
  }

  /** Whether a driver holds the environment for sure: its first sign of life is there. */
  holds({ lease }: DriverProcess): boolean {
    return lease > 0 && this.universe.store.has(`locks/${this.environment}/${String(lease).padStart(8, '0')}.alive`);
  }

  isAlive(pid: number): boolean {
    return this.drivers.some((driver) => driver.pid === pid && driver.isAlive);
  }

  /** From now on nothing goes wrong; what was lost for a time is back. */
  stopFaults(): void {
    const { universe } = this;
    if (!universe.faultsActive) {
      return;
    }
    universe.trace.add('story', 'nothing goes wrong any more');
    universe.faultsActive = false;
    universe.lie = null;
    universe.staleUntil = 0;
    universe.shipping = true;
    universe.onTraffic = null;
    universe.setPlace('site-a', 'sound');
    universe.setPlace('site-b', 'sound');
  }
}

/** Runs the simulation of one seed. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  const { universe, drivers, story } = simulation;
  const { scheduler, trace, invariants } = universe;
  void universe.live();
  let over = false;
  let fault: unknown = null;
  tellStory(simulation)
    .catch((error: unknown) => {
      fault = error;
    })
    .finally(() => {
      over = true;
    });
  const end = await scheduler.run(() => over || invariants.violations.length > 0, START + LIMIT_MS);
  if (fault !== null) {
    throw fault instanceof Error ? fault : new Error(JSON.stringify(fault));
  }
  if (end !== 'done') {
    invariants.violate('ends', `${INVARIANTS.ends} This one went on for ${LIMIT_MS / 3_600_000} h: ${end}.`);
  }
  return {
    seed: options.seed,
    ...{ story, violations: invariants.violations, lines: trace.lines, hash: trace.digest() },
    ...{ seconds: (scheduler.now - START) / 1000, drivers: drivers.length },
  };
}
