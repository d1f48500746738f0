import type { JournalEntry, RunHeader } from '../automation/recovery/journal';
import { abortRun } from '../automation/recovery/abort';
import { newRunId, startRecovery, type RunRequest } from '../automation/recovery/recover';
import type { RunMode } from '../automation/recovery/results';
import type { World } from '../automation/recovery/world';
import type { EventStream } from '../automation/events';
import { messageOf, OperatorError } from '../components/errors';
import type { DriverProcess } from './driver-process';
import { driverWorld } from './driver-world';
import { orderOf } from './mutations';
import type { Simulation } from './simulation';

/** How often an operator tries before it counts as a run that does not end. */
const ATTEMPTS = 25;
/** Attempts after which nothing goes wrong any more. */
const FAULTY_ATTEMPTS = 5;

/** How one command of the tool ended, as whoever gave it sees it. */
export type Outcome<Result> =
  | { readonly kind: 'ended'; readonly result: Result }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'killed' }
  /** It stood still, or its operator had no patience: another one is started although it may be alive. */
  | { readonly kind: 'given-up' };

/** How a run ended for good. */
export interface RunEnd {
  readonly kind: 'recovered' | 'undone' | 'rolled-back' | 'refused';
  readonly id: string;
}

interface CommandResult {
  readonly result: string;
  readonly error: OperatorError | null;
}

/** Told to nobody. */
const silent: EventStream = {
  emit: () => undefined,
  events: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) },
  end: () => undefined,
};

/** A person who gives the tool's commands until a run is over, and helps where the tool asks for it. */
export class Operator {
  readonly #simulation: Simulation;
  #takeOver = false;
  #acceptUnfenced = false;
  #acceptedRecord: string | null = null;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** Gives one command. Whoever is given up goes on in the background. */
  async command<Result>(
    give: (world: World, takeOver: boolean, driver: DriverProcess) => Promise<Result>
  ): Promise<Outcome<Result>> {
    const simulation = this.#simulation;
    const { universe, working } = simulation;
    const driver = simulation.newDriver();
    const world = driverWorld(universe, driver, (pid) => simulation.isAlive(pid));
    universe.trace.add('operator', `starts ${driver.name} on ${driver.host}${this.#takeOver ? ', takes over' : ''}`);
    working.add(driver);
    const ended = give(world, this.#takeOver, driver).then(
      (result): Outcome<Result> => ({ kind: 'ended', result }),
      (error: unknown): Outcome<Result> => ({ kind: 'failed', error })
    );
    void ended.then(() => simulation.ended.add(driver));
    const outcome = await Promise.race([
      ended,
      driver.death.then((): Outcome<Result> => ({ kind: 'killed' })),
      this.#patience(driver),
    ]);
    // What is alive and waited for by nobody may be taken over.
    working.delete(driver);
    this.#tell(driver, outcome);
    if (outcome.kind === 'given-up' && !simulation.holds(driver)) {
      // One that has begun nothing is simply stopped: it would begin when nobody expects it any more.
      driver.kill();
    }
    this.#takeOver = outcome.kind === 'killed' || outcome.kind === 'given-up';
    if (outcome.kind === 'failed' && isLocked(outcome.error)) {
      await simulation.sleep(10);
      this.#takeOver = working.size === 0;
    }
    return outcome;
  }

  /** Carries a run through: however often it takes, until it is over. */
  async carry(mode: RunMode): Promise<RunEnd> {
    const { universe } = this.#simulation;
    let id = this.#newId();
    let aborting = false;
    let refusals = 0;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (attempt > FAULTY_ATTEMPTS) {
        this.#simulation.stopFaults();
      }
      const begun = this.#journal(id).length > 0;
      const outcome: Outcome<CommandResult> =
        aborting && begun ? await this.#abort(id) : await this.#run(id, mode, begun);
      const entries = this.#journal(id);
      if (entries.some((entry) => entry.kind === 'over' || entry.kind === 'stack-removed')) {
        return { kind: mode === 'drill' && recovered(outcome) ? 'recovered' : 'undone', id };
      }
      if (recovered(outcome)) {
        return { kind: 'recovered', id };
      }
      if (outcome.kind === 'ended' && this.#isGoneBesideAnother(id, outcome.result.result)) {
        return { kind: 'undone', id };
      }
      if (entries.length === 0 && outcome.kind !== 'killed' && outcome.kind !== 'given-up') {
        refusals += isLocked('error' in outcome ? outcome.error : null) || universe.faultsActive ? 0 : 1;
        if (refusals === 3) {
          return { kind: 'refused', id };
        }
        await this.#simulation.sleep(universe.random.between(5, 30));
        id = this.#newId();
        continue;
      }
      aborting = entries.some((entry) => entry.kind === 'undoing') || this.#decide(outcome, aborting);
      this.#help(aborting);
    }
    universe.invariants.violate('same-end', `run ${id} (${mode}) is not over after ${ATTEMPTS} attempts`);
    return { kind: 'refused', id };
  }

  /** A run whose undoing cannot be proven by a free site, as another run serves there. */
  #isGoneBesideAnother(id: string, result: string): boolean {
    const { record, stacks } = this.#simulation.universe;
    const header = headerOf(this.#simulation, id);
    return (
      result.includes('is destroyed, but') &&
      record?.stack !== header?.servingStack &&
      !stacks.has(header?.recoveryStack ?? '')
    );
  }

  #run(id: string, mode: RunMode, begun: boolean): Promise<Outcome<CommandResult>> {
    const { universe } = this.#simulation;
    const request: RunRequest = begun
      ? { kind: 'resume', id }
      : {
          ...{ kind: 'new', id, mode, target: { kind: 'latest' }, lostAt: null, commitAfterSeconds: null },
          takesTraffic: mode !== 'drill' || universe.mutation === 'drill-takes-traffic',
        };
    return this.command(async (world, takeOver, driver) => {
      const run = startRecovery({
        ...{ world, environmentName: this.#simulation.environment, request, takeOver, keep: false, scenario: null },
        ...{ acceptUnfencedPrimary: this.#acceptUnfenced, acceptedChecks: [], acceptedRecord: this.#recordToAccept() },
        ...{ stallSeconds: null, reportsDirectory: '/reports', signal: new AbortController().signal, stream: silent },
        onMoment: (step, moment) => {
          driver.moment(step, moment);
        },
        order: orderOf(universe.mutation),
      });
      const { result, error } = await run.result;
      return { result, error };
    });
  }

  #abort(id: string): Promise<Outcome<CommandResult>> {
    return this.command(async (world, takeOver) => {
      const checks = await abortRun({
        ...{ world, id, environmentName: this.#simulation.environment, takeOver, emit: silent.emit },
        startPrimary: this.#simulation.universe.random.chance(0.5),
      });
      const failed = checks.filter((check) => check.status !== 'passed').map((check) => check.evidence);
      return { result: failed.length === 0 ? 'aborted' : failed.join('; '), error: null };
    });
  }

  /** Whether to abort from here. */
  #decide(outcome: Outcome<{ error: OperatorError | null }>, aborting: boolean): boolean {
    const { universe } = this.#simulation;
    const error = outcome.kind === 'failed' ? outcome.error : outcome.kind === 'ended' ? outcome.result.error : null;
    if (aborting) {
      // Refused: traffic was moved, so that there is nothing left but to go on.
      return !(error instanceof OperatorError && error.kind === 'bad-input');
    }
    if (error instanceof OperatorError && error.message.startsWith('Verification failed')) {
      universe.lie = null;
      return true;
    }
    // Another run has the place: one of the two has to give way.
    const isTaken = error instanceof OperatorError && error.message.includes('is taken by');
    return isTaken || universe.random.chance(0.15);
  }

  /** Leave is given for what the name leads to now, not for what it led to once. */
  #recordToAccept(): string | null {
    const address = this.#simulation.universe.record?.address ?? null;
    return address === this.#acceptedRecord ? address : null;
  }

  /** Sets the record back to where the tool had set it. */
  setRecordBack(): void {
    const { universe, environment } = this.#simulation;
    const { foreign, record } = universe;
    const own = universe.stacks.get(environment)?.record ?? null;
    if (foreign !== null && record === foreign && own !== null) {
      universe.foreign = null;
      universe.setRecord(own, 'somebody');
    }
  }

  /** What the tool asks a person for. */
  #help(aborting: boolean): void {
    if (aborting) {
      this.setRecordBack();
    }
    const { universe } = this.#simulation;
    const { foreign, random, invariants, stacks, trace } = universe;
    if (foreign !== null && universe.record === foreign && this.#acceptedRecord !== foreign.address) {
      trace.add('operator', `accepts that the record leads to ${foreign.address}`);
      this.#acceptedRecord = foreign.address;
      invariants.accepted.records.add(foreign.address);
    }
    for (const { name, lock } of stacks.values()) {
      if (lock !== null && !lock.alive && random.chance(0.7)) {
        trace.add('operator', `pulumi cancel on ${name}`);
        (stacks.get(name) ?? { lock: null }).lock = null;
      }
    }
  }

  /** Waits for a driver for as long as a person would. */
  async #patience(driver: DriverProcess): Promise<{ readonly kind: 'given-up' }> {
    const { universe } = this.#simulation;
    const isImpatient = universe.faultsActive && universe.random.chance(0.08);
    let left = isImpatient ? universe.random.between(1, 60) : 1800;
    for (;;) {
      const part = Math.min(left, universe.random.between(20, 120));
      await this.#simulation.sleep(part);
      left -= part;
      if (left <= 0 || driver.isPaused) {
        return { kind: 'given-up' };
      }
    }
  }

  #tell(driver: DriverProcess, outcome: Outcome<unknown>): void {
    const { trace, invariants } = this.#simulation.universe;
    const { error } = outcome.kind === 'failed' ? outcome : { error: null };
    const result = outcome.kind === 'ended' ? outcome.result : null;
    const said = result as { result?: string; error?: OperatorError | null } | null;
    const words = said?.error == null ? (said?.result ?? '') : [said.error.message, ...said.error.problems].join(' | ');
    trace.add('operator', `${driver.name} ${outcome.kind}: ${error === null ? words : messageOf(error)}`);
    if (error !== null && !(error instanceof OperatorError) && !(error instanceof Error && 'code' in error)) {
      invariants.violate(
        'failures-are-told',
        error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
      );
    }
  }

  #newId(): string {
    const { scheduler, random } = this.#simulation.universe;
    return newRunId(new Date(scheduler.now), () => random.next());
  }

  #journal(id: string): JournalEntry[] {
    return journalOf(this.#simulation, id);
  }
}

export function journalOf({ universe }: Simulation, id: string): JournalEntry[] {
  const keys = [...universe.store.keys()].filter((key) => key.startsWith(`recoveries/${id}/`)).sort();
  return keys.map((key) => JSON.parse(universe.store.get(key) ?? '') as JournalEntry);
}

export function headerOf(simulation: Simulation, id: string): RunHeader | null {
  const first = journalOf(simulation, id)[0];
  return first?.kind === 'run' ? first : null;
}

function recovered(outcome: Outcome<{ result: string }>): boolean {
  return outcome.kind === 'ended' && outcome.result.result === 'recovered';
}

function isLocked(error: unknown): boolean {
  return error instanceof OperatorError && error.kind === 'locked';
}
