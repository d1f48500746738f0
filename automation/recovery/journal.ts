import type { ActiveEndpoint } from '../../components/config';
import { OperatorError } from '../../components/errors';
import type { RecoveryTarget } from '../../components/site-operations';
import type { ControlStore } from '../control/store';
import type { Protection, RunMode, StepId, StepResults } from './results';

/** What a run was asked to do; the first entry of its journal. */
export interface RunHeader {
  readonly id: string;
  readonly mode: RunMode;
  readonly takesTraffic: boolean;
  readonly environment: string;
  /** The stack that served when the run began, and the endpoint in the front's config; null before any cutover. */
  readonly servingStack: string;
  readonly previous: ActiveEndpoint | null;
  readonly target: RecoveryTarget;
  readonly recoveryStack: string;
  readonly startedAt: string;
  readonly lostAt: string | null;
  /** Seconds after the cutover in which a planned move can be rolled back. */
  readonly commitAfterSeconds: number;
  readonly overrides: readonly string[];
}

export type JournalEntry =
  | ({ readonly kind: 'run' } & RunHeader)
  /** A driver began to work on the run: the first, or one that goes on with it. */
  | {
      readonly kind: 'driver';
      readonly at: string;
      readonly by: string;
      readonly fencingNumber: number;
      readonly overrides: readonly string[];
    }
  | { readonly kind: 'step-started'; readonly step: StepId; readonly at: string; readonly attempt: number }
  | { readonly [Id in StepId]: StepDone<Id> }[StepId]
  | { readonly kind: 'step-failed'; readonly step: StepId; readonly at: string; readonly message: string }
  | { readonly kind: 'stack-removed'; readonly at: string }
  | { readonly kind: 'protected'; readonly at: string; readonly protection: Protection }
  /** What the run made is being removed, and a site that it stopped started again: its steps are not to be trusted any more. */
  | { readonly kind: 'undoing'; readonly at: string }
  /** A rollback began within its window: it may be brought to its end after that. */
  | { readonly kind: 'rolling-back'; readonly at: string }
  /** The site that a rollback leaves takes no more writes; so many were made there since the cutover. */
  | { readonly kind: 'writes-counted'; readonly at: string; readonly writes: number }
  /** The run ended: what it made is removed, or traffic went back to where it came from. It cannot be gone on with. */
  | { readonly kind: 'over'; readonly at: string; readonly how: 'aborted' | 'rolled-back' }
  | { readonly kind: 'run-ended'; readonly at: string; readonly result: 'recovered' | 'failed' | 'cancelled' };

interface StepDone<Id extends StepId> {
  readonly kind: 'step-done';
  readonly step: Id;
  readonly at: string;
  readonly result: StepResults[Id];
}

/** Folder of all runs in the control store. */
export const RUNS = 'recoveries/';

/**
 * The journal of a run: an object for each entry, outside both sites and outside the engine's state, so that any machine
 * that reaches the store can go on from it. A step is written before and after it, durably, before the run goes on. An
 * entry is made under the next number and never replaced: of two drivers that write at once one is refused. Until
 * `begin` a new journal is only kept in memory, so that a run which finds that it cannot start leaves nothing behind.
 */
export class Journal {
  readonly #store: ControlStore;
  readonly #folder: string;
  readonly id: string;
  #next = 1;
  /** Entries that wait for the run to begin; null once it has. */
  #held: JournalEntry[] | null = [];

  constructor(store: ControlStore, id: string) {
    this.#store = store;
    this.id = id;
    this.#folder = `${RUNS}${id}/`;
  }

  /** Whether the run has begun to act, now or in an earlier driver. */
  get begun(): boolean {
    return this.#held === null;
  }

  /** Writes what was held, and from now on every entry at once. What could not be written is held on. */
  async begin(): Promise<void> {
    for (let entry = this.#held?.[0]; entry !== undefined; entry = this.#held?.[0]) {
      await this.#write(entry);
      this.#held?.shift();
    }
    this.#held = null;
  }

  /** @throws OperatorError (`locked`) when another driver wrote to this run meanwhile. */
  async append(entry: JournalEntry): Promise<void> {
    if (this.#held !== null) {
      this.#held.push(entry);
      return;
    }
    await this.#write(entry);
  }

  async #write(entry: JournalEntry): Promise<void> {
    const key = `${this.#folder}${String(this.#next).padStart(6, '0')}.json`;
    if (!(await this.#store.create(key, `${JSON.stringify(entry)}\n`))) {
      throw new OperatorError('locked', `Another driver writes to the journal of run ${this.id}.`, {
        hint: 'This one stops. medplum-dr status shows how far the other has come.',
      });
    }
    this.#next += 1;
  }

  /** All entries in the store, or what is held of a run that has not begun; new ones are appended after them. */
  async read(): Promise<JournalEntry[]> {
    const keys = await this.#store.list(this.#folder);
    const texts = await Promise.all(keys.map((key) => this.#store.read(key)));
    if (keys.length === 0) {
      return [...(this.#held ?? [])];
    }
    this.#held = null;
    this.#next = Number(/(\d+)\.json$/.exec(keys.at(-1) ?? '')?.[1]) + 1;
    return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as JournalEntry]));
  }
}
