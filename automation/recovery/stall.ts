import { OperatorError } from '../../components/errors';
import type { Emit } from '../events';
import type { Clock } from './clock';
import type { StepId } from './results';

/** How long a step that was asked to stop may take for it before it is left alone. */
const GRACE_MS = 60_000;
const LOOK_EVERY_MS = 1000;

export interface Watched {
  readonly step: StepId;
  readonly title: string;
  readonly budgetSeconds: number;
  /** A step that makes no progress for so long fails. */
  readonly stallSeconds: number;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Follows a step by the signs of progress that it gives. One that goes on is not stopped at its budget, which is told
 * once; one that gives no sign for a configured time is, with what it was waiting for.
 */
export class StallWatch {
  readonly #watched: Watched;
  readonly #stalled = new AbortController();
  readonly #over = new AbortController();
  readonly #began: number;
  #lastSign: number;
  #waitingFor = 'its first sign';

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#began = watched.clock.now().getTime();
    this.#lastSign = this.#began;
  }

  /** Aborted when the run is to stop, and when the step stalls. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#watched.signal, this.#stalled.signal]);
  }

  /** Something moved: a resource, a check, or what is waited for reads otherwise than before. */
  progress(waitingFor?: string): void {
    if (waitingFor === undefined || waitingFor !== this.#waitingFor) {
      this.#lastSign = this.#watched.clock.now().getTime();
    }
    this.#waitingFor = waitingFor ?? this.#waitingFor;
  }

  /** Runs the step under watch. @throws OperatorError when it stalls. */
  async run<Result>(step: () => Promise<Result>): Promise<Result> {
    const watching = this.#watch();
    try {
      return await Promise.race([step(), watching]);
    } catch (error) {
      throw this.#stalled.signal.aborted ? this.#stalled.signal.reason : error;
    } finally {
      this.#over.abort();
    }
  }

  /** Rejects when a step that stalled does not even stop; never resolves. */
  async #watch(): Promise<never> {
    const { clock, budgetSeconds, stallSeconds, emit, step, title } = this.#watched;
    let told = false;
    for (;;) {
      await this.#sleep(LOOK_EVERY_MS);
      const now = clock.now().getTime();
      if (!told && now - this.#began > budgetSeconds * 1000) {
        told = true;
        const text = `${title} is over its budget of ${budgetSeconds} s and goes on; it waits for ${this.#waitingFor}`;
        emit({ kind: 'over-budget', step, budgetSeconds, text });
      }
      if (now - this.#lastSign > stallSeconds * 1000) {
        const message = `${title} made no progress for ${stallSeconds} s while waiting for ${this.#waitingFor}.`;
        const hint =
          'Look at what it waited for, then resume the run. If it needs longer: medplum-dr:recovery.stallAfter, or --stall-after.';
        this.#stalled.abort(new OperatorError('recovery-failed', message, { hint }));
        await this.#sleep(GRACE_MS);
        throw this.#stalled.signal.reason;
      }
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    try {
      await this.#watched.clock.sleep(milliseconds, this.#over.signal);
    } catch {
      // The step is over: nothing is watched any more.
      await new Promise<never>(() => undefined);
    }
  }
}
